"""Finding in a text what its record says of people: names however they are spelled, numbers however they are cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from integration.canonical import Identifier, Person, Record, Report
from services.evaluation.vocabulary import folded

NAME_PARTS = re.compile(r"[^\W\d_]+")
SHORTEST_NUMBER = 3
SEPARATORS = r"[\s./_-]{0,2}"


class Span(Record):
    """A stretch [start, end) of a text that names somebody, and what kind of thing it is."""

    start: int
    end: int
    kind: str


class Known(Record):
    """What is known of the people of a report: parts of names, and numbers given to them or to the exam."""

    patient: tuple[str, ...] = ()
    physicians: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    accessions: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


def known_of(record: Report) -> Known:
    """Everything a record holds that could stand in its text."""
    order, patient = record.order, record.patient
    return Known(
        patient=_parts(patient.family, patient.given),
        physicians=_parts(*_names(record.interpreter)),
        identifiers=_values((*patient.identifiers, record.interpreter.identifier if record.interpreter else None)),
        accessions=_values((order.accession, order.filler, order.placer)) + tuple(filter(None, (order.study_uid,))),
        places=tuple(filter(None, (record.source.facility,))),
    )


def _names(person: Person | None) -> tuple[str, ...]:
    return (person.family, person.given) if person else ()


def _parts(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for name in names for part in NAME_PARTS.findall(name) if len(part) > 1))


def _values(identifiers: Iterable[Identifier | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.value for each in identifiers if each and len(each.value) >= SHORTEST_NUMBER))


def spans(text: str, known: Known) -> Iterator[Span]:
    """Every place where the text repeats what is known; accents, case and line breaks inside do not hide it."""
    plain = folded(text)
    for kind, names in (("patient name", known.patient), ("physician name", known.physicians)):
        for name in names:
            yield from _found(name_pattern(name), plain, kind)
    for kind, numbers in (("identifier", known.identifiers), ("accession number", known.accessions)):
        for number in numbers:
            yield from _found(_number_pattern(number), plain, kind)
    for place in known.places:
        if len(place) > SHORTEST_NUMBER:
            yield from _found(re.compile(rf"(?<!\w){re.escape(folded(place))}(?!\w)"), plain, "institution")


def name_pattern(name: str) -> re.Pattern[str]:
    """A part of a name as a whole word; one of four letters or more may be broken over two lines."""
    letters = [re.escape(letter) for letter in folded(name)]
    between = r"(?:-?[ \t]*\r?\n[ \t]*)?" if len(letters) > 3 else ""
    return re.compile(rf"(?<![^\W\d_]){between.join(letters)}(?:['’]?s)?(?![^\W\d_])")


def _number_pattern(number: str) -> re.Pattern[str]:
    """A number with or without separators between its characters."""
    characters = [re.escape(folded(each)) for each in number if each.isalnum()]
    return re.compile(rf"(?<![^\W_]){SEPARATORS.join(characters)}(?![^\W_])")


def _found(pattern: re.Pattern[str], plain: str, kind: str) -> Iterator[Span]:
    for match in pattern.finditer(plain):
        if match.end() > match.start():
            yield Span(start=match.start(), end=match.end(), kind=kind)


def is_one_edit_away(first: str, second: str) -> bool:
    """Whether one typing error (a letter more, less, other, or two swapped) makes one word of the other."""
    if abs(len(first) - len(second)) > 1:
        return False
    start = next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(map(len, (first, second)))
    )
    a, b = first[start:], second[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
