"""What a search of the list finds: words in names and numbers, or words of the reports' texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from sqlalchemy import (
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.sql.elements import ColumnElement

from services.store.rows import Values
from services.store.tables import report

# A search that finds more reports than this goes down the list: some of them will be at its top.
FEW = 2000

SITE = bindparam("site", type_=Text)
MOST_WORDS = 6
# Letters of a word that is looked for anywhere in names and in the text: the indexes hold groups of three, and of
# fewer letters most texts have some. What is shorter begins a word of a name.
SHORTEST = 3


def escaped(word: str) -> str:
    """A word for LIKE, itself and nothing else."""
    return re.sub(r"([/%_])", r"/\1", word)


def lengths(words: Sequence[str]) -> str:
    """A letter for each word: "s" for a short one, "l" for a long one."""
    return "".join("l" if len(word) >= SHORTEST else "s" for word in words)


def named(lengths: str) -> ColumnElement[bool]:
    """Every word is somewhere in the patient's name or number, the order's numbers or the exam, folded."""
    return and_(*[_holds(func.fold(bindparam(f"word_{at}", type_=Text)), each) for at, each in enumerate(lengths)])


def _holds(word: ColumnElement[str], length: str) -> ColumnElement[bool]:
    begins = ("%",) if length == "l" else ("", "% ")
    return or_(*[report.c.folded.like(literal(begin, Text) + word + "%", escape="/") for begin in begins])


@cache
def _by_name(lengths: str) -> Select[int]:
    return select(report.c.id).where(report.c.site_id == SITE, named(lengths)).limit(FEW + 1)


_BY_TEXT = text("""
    SELECT report_version.report_id AS id FROM report_version
    WHERE to_tsvector('simple'::regconfig, fold(left(report_version.text, 100000))) @@ to_tsquery('simple', :query)
        AND report_version.site_id = :site AND report_version.state IN ('current', 'superseding')
    LIMIT :few
""").columns(report.c.id)


def find(connection: Connection, words: Sequence[str], values: Values) -> list[int]:
    """Reports that a search finds by name, and where those are few, by the words of their text as well."""
    found = list(connection.execute(_by_name(lengths(words)), values).scalars())
    query = _query(words)
    if len(found) <= FEW and query:
        folded = connection.scalar(select(func.fold(query)))
        more = connection.execute(_BY_TEXT, {"query": folded, "site": values["site"], "few": FEW}).scalars()
        found = list(dict.fromkeys([*found, *more]))[:FEW]
    return found


def _query(words: Sequence[str]) -> str:
    """Every word begins a word of the text; "" where one is too short or none."""
    parts = [part for word in words for part in re.findall(r"\w+", word)]
    return " & ".join(f"{part}:*" for part in parts) if parts and all(len(part) >= SHORTEST for part in parts) else ""
