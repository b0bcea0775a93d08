"""How long those values may be that reports are found by: an index entry of PostgreSQL holds no more than 2,704 bytes.

Longer ones are no numbers and no names, but fields that came into the wrong place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from integration.canonical import Identifier, Order, Patient

NUMBER = 255
NAME = 200
CODE = 64


class TooLong(NamedTuple):
    """A value that no index holds: what it is, its place, its length and the longest that is taken, in characters."""

    name: str
    place: str
    length: int
    most: int

    @property
    def found(self) -> str:
        """What is there, told by its shape."""
        return f"{self.length} characters"

    @property
    def setting(self) -> str:
        """The sender's setting that says where such a number stands, "" where there is none."""
        return self.name if self.name in ("patient", "accession", "filler") else ""

    @property
    def expected(self) -> str:
        """What is taken."""
        return f"{self.most} at most"


def too_long(patient: Patient, order: Order, places: Mapping[str, str]) -> TooLong | None:
    """The first value that is too long. `places`: patient, name, accession, filler, modality → where each stands."""
    found = (TooLong(name, places[name], len(value), most) for name, value, most in _values(patient, order))
    return next((each for each in found if each.length > each.most), None)


def is_too_long(identifier: Identifier) -> bool:
    """Whether a number or its authority is longer than any."""
    return max(len(identifier.value), len(identifier.authority)) > NUMBER


def _values(patient: Patient, order: Order) -> Iterator[tuple[str, str, int]]:
    numbers = [("patient", each) for each in patient.identifiers]
    numbers += [(name, each) for name, each in (("accession", order.accession), ("filler", order.filler)) if each]
    for name, identifier in numbers:
        yield name, identifier.value, NUMBER
        yield name, identifier.authority, NUMBER
    yield "name", patient.family, NAME
    yield "name", patient.given, NAME
    yield "modality", order.modality, CODE
