"""Characters that no text in a database may hold, whatever a sender spells."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with U+FFFD for NUL, which PDF text layers are full of, and for halves of surrogate pairs.

    Its length stays, so that positions in it do.
    """
    return _UNSTORABLE.sub("\ufffd", text)
