"""Rows of an answer as records: the one place where columns become fields, and words of a state its enum."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints

from sqlalchemy import Result, RowMapping

T = TypeVar("T")
Values = dict[str, object]
"""What is to be written, by column."""


def record(kind: type[T], row: RowMapping) -> T:
    """A row as a record whose fields are its columns. Raises TypeError where they are not."""
    values = dict(row)
    for name, words in _worded(cast(Hashable, kind)):
        if values[name] is not None:
            values[name] = words(values[name])
    return kind(**values)


@cache
def _worded(kind: Hashable) -> tuple[tuple[str, type[StrEnum]], ...]:
    """Fields of a record whose values are words of an enum."""
    return tuple(_words_of(kind))


def _words_of(kind: Hashable) -> Iterator[tuple[str, type[StrEnum]]]:
    hints = get_type_hints(kind)
    for each in fields(cast(Any, kind)):
        for hint in get_args(hints[each.name]) or (hints[each.name],):
            if isinstance(hint, type) and issubclass(hint, StrEnum):
                yield each.name, hint


def records(kind: type[T], rows: Iterable[RowMapping]) -> list[T]:
    """The same for several."""
    return [record(kind, row) for row in rows]


def every(kind: type[T], answer: Result[Any]) -> list[T]:
    """All rows of an answer."""
    return records(kind, answer.mappings())


def one(kind: type[T], answer: Result[Any]) -> T:
    """The one row of an answer. Raises NoResultFound."""
    return record(kind, answer.mappings().one())


def one_or_none(kind: type[T], answer: Result[Any]) -> T | None:
    """The one row of an answer, None where there is none."""
    row = answer.mappings().one_or_none()
    return None if row is None else record(kind, row)
