"""A search among messages, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for. Empty strings and None do not filter; `before`: ids below it, for the next page.

    `query`: words that all stand somewhere in what a message names; with `texts` also in what it says. `echoes`: with
    our own messages come back.
    """

    query: str = ""
    state: str = ""
    door: str = ""
    sender: str = ""
    since: datetime | None = None
    until: datetime | None = None
    echoes: bool = False
    texts: bool = False
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A message without its bytes, and what of it matched the words: "control id", "patient's name"."""

    message: Message
    why: list[str]
