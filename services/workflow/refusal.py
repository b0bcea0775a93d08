"""Why a reviewer's action is not carried out; nothing has changed when one is raised."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "unknown", "stale", "claimed", "closed", "rereading", "held", "role", "practitioner",
    "unopened", "unsupported", "confirm", "undecided", "duplicate", "reason", "value", "reauthenticate",
    "seen", "unseen", "unsettled", "contradiction", "evidence", "unchanged", "waiting",
]  # fmt: skip


class Refused(Exception):
    """The message is for the reviewer's eyes and holds no patient's text."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
