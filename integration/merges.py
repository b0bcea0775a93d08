"""Which patients' numbers are one from now on, or are not any more, whoever says so.

Identifiers are paired by who assigned them: of one authority one number survives. What cannot be paired is left to a
person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from integration.canonical import Identifier, Record


class Merge(Record):
    """`prior` is `surviving` from now on; `undone`: it is not any more. `said_at`: when its source says it happened."""

    prior: Identifier
    surviving: Identifier
    undone: bool = False
    said_at: datetime | None = None


class Merges(NamedTuple):
    """What a message or resource says of identifiers; else why it is `ignored` or `quarantined`.

    `all_of` is the resource whose merges these are all: others that it told of are undone.
    """

    merges: tuple[Merge, ...] = ()
    ignored: str = ""
    quarantined: str = ""
    all_of: str = ""
    said_at: datetime | None = None


def pairs(prior: Sequence[Identifier], surviving: Sequence[Identifier]) -> Iterator[tuple[Identifier, Identifier]]:
    """Numbers of one authority, and of one type where an authority gives several."""
    for each in prior:
        same = [other for other in surviving if other.authority == each.authority]
        typed = [other for other in same if other.type == each.type] or same
        if len(typed) == 1:
            yield _bare(each), _bare(typed[0])


def _bare(identifier: Identifier) -> Identifier:
    return Identifier(value=identifier.value, authority=identifier.authority)
