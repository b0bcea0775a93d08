"""A critical finding as it was found."""

from __future__ import annotations

from typing import NamedTuple

from integration.canonical import Verdict
from services.reading.reader import Candidate
from services.reading.rules.mentions import Mention


class Found(NamedTuple):
    """The verdict on a candidate, and the mentions it rests on, best first.

    `before`: where an addendum decides, what the report asserted before it.
    """

    verdict: Verdict
    candidate: Candidate
    mentions: tuple[Mention, ...]
    before: tuple[Mention, ...] = ()
