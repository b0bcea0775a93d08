"""What stands beside a report's text and is not read: said with the message by place, and on the report in full."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """`message` names place and fault and holds no patient's text; `content` is what stands there."""

    message: str
    content: str = ""

    @property
    def whole(self) -> str:
        """For the eyes of those who may read the report."""
        return f"{self.message}: {self.content}" if self.content else self.message
