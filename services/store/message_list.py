"""The newest messages by state, door and sender: each kind's newest by its index, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    func,
    literal_column,
    null,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration.canonical import Door
from services.domain.message_search import Search
from services.domain.words import MessageState
from services.store.inbox import SUMMARY
from services.store.tables import message
from services.store.tables.message import SENDER as SENDER_SQL
from services.store.tables.message import SHOWN

MOST_SENDERS = 100
"""Senders of one beginning whose newest are put together; of more the list is walked."""
# As the indexes have them.
SENDER: ColumnElement[str] = literal_column(f'({SENDER_SQL} COLLATE "C")', Text)
_LAST_FIRST: ColumnElement[int] = literal_column("(- message.id)", BigInteger)
_SHOWN: ColumnElement[str] = literal_column(f"({SHOWN})", Text)
# One step of the index for each sender: a DISTINCT would read every message.
_SENDERS = text(f"""
    WITH RECURSIVE found AS (
        (SELECT {SENDER} AS name FROM message WHERE site_id = :site AND {SENDER} >= :begins ORDER BY {SENDER} LIMIT 1)
        UNION ALL
        SELECT (SELECT {SENDER} FROM message WHERE site_id = :site AND {SENDER} > found.name ORDER BY {SENDER} LIMIT 1)
        FROM found WHERE starts_with(found.name, :begins)
    )
    SELECT name FROM found WHERE starts_with(name, :begins) LIMIT :most
""")  # noqa: S608


def newest(
    wanted: Search, senders: Sequence[str] | None, fits: ColumnElement[bool], ids: tuple[int, int], limit: int
) -> Select[Any]:
    """The newest that fit, by kind: a state, with our own come back as a state of theirs, beside a sender or a door.

    `ids`: the first that may be among them, and the first after them.
    """
    pairs = product(kinds(wanted), doors(wanted) if senders is None else senders)
    if senders is not None and wanted.door:
        fits = and_(fits, message.c.door == wanted.door)
    chosen, found = walked(pairs, message.c.door if senders is None else SENDER, fits, ids, limit)
    asked = select(*found.c, null().label("words")).select_from(chosen.join(found, true()))
    return asked.order_by(found.c.id.desc()).limit(limit)


def kinds(wanted: Search, states: Sequence[str] = tuple(MessageState)) -> list[str]:
    """Those of some states that a search asks for; our own come back are ignored ones."""
    chosen = [state for state in states if wanted.state in ("", state)]
    return [*chosen, *(["echo"] if wanted.echoes and MessageState.IGNORED in chosen else [])]


def doors(wanted: Search) -> list[str]:
    """Those that a search asks for."""
    return [wanted.door] if wanted.door else [*Door]


def walked(
    pairs: Iterable[tuple[str, str]],
    beside: ColumnElement[str],
    fits: ColumnElement[bool],
    ids: tuple[int, int],
    limit: int,
) -> tuple[FromClause, FromClause]:
    """For each pair of a kind and what `beside` is, its newest: what to join, and the messages beside it."""
    chosen, within = _of_each(pairs, beside, fits, ids, SUMMARY)
    return chosen, within.limit(limit).lateral("found")


def begins(
    pairs: Iterable[tuple[str, str]],
    beside: ColumnElement[str],
    fits: ColumnElement[bool],
    ids: tuple[int, int],
    window: int,
) -> Select[int | None]:
    """From which id on the newest `window` of each pair are all there are; None where that is so of every id."""
    chosen, within = _of_each(pairs, beside, fits, ids, [message.c.id])
    last = within.offset(window).limit(1).lateral("last")
    return select(func.max(last.c.id) + 1).select_from(chosen.join(last, true()))


def _of_each(
    pairs: Iterable[tuple[str, str]],
    beside: ColumnElement[str],
    fits: ColumnElement[bool],
    ids: tuple[int, int],
    columns: Sequence[ColumnElement[Any]],
) -> tuple[FromClause, Select[Any]]:
    both = list(pairs)
    named = [cast([str(pair[at]) for pair in both], ARRAY(Text)) for at in (0, 1)]
    chosen = func.unnest(*named).table_valued("kind", "beside", name="chosen").render_derived()
    each = select(*columns).where(fits, chosen.c.kind == _SHOWN, chosen.c.beside == beside)
    return chosen, each.where(_LAST_FIRST.between(1 - ids[1], -ids[0])).order_by(_LAST_FIRST)


def senders(connection: Connection, site: str, begins: str) -> list[str]:
    """Folded names of a site's senders with that beginning; at most MOST_SENDERS + 1."""
    values = {"site": site, "begins": begins, "most": MOST_SENDERS + 1}
    return list(connection.execute(_SENDERS, values).scalars())
