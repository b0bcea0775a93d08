"""Messages found by anything they name: substrings, without case or accents, newest first, and why each was found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    TextClause,
    and_,
    func,
    literal_column,
    null,
    select,
    text,
    true,
)

from services.domain.message_search import Found, Search
from services.domain.messages import Message
from services.store import message_list
from services.store.inbox import SUMMARY
from services.store.rows import record
from services.store.tables import message, report_source
from services.store.tables import message_search as search
from services.store.tables.message import ECHO, REFUSED

WHAT = {
    "c": "control id",
    "s": "sender",
    "p": "address",
    "t": "type",
    "r": "resource",
    "o": "reason",
    "n": "patient's name",
    "i": "patient's identifier",
    "a": "order number",
    "e": "exam",
}
REPORT_TEXT, OWN_TEXT = "text of its report", "text"
MOST_WORDS = 6
FEW = 1000
"""Reports by their words that are looked at: a word that more of them have narrows nothing."""
MARK = "\x1f"
"""Between a line's letter and its words; nobody looks for it, since to Python it is a blank."""
# A stretch of time is looked for by its ids; not by an index of its own beside that.
_received = message.c.received_at + literal_column("interval '0'")
_SLACK = 1000  # ids are given a moment before their time; so many may lie across a bound
# Of what fits a search so many times as many are looked up as a page has: some lie outside its hours.
_SPARE = 20
_LAST_ID = 2**63 - 1
_SHORTEST = 3  # letters of a word that trigrams can find
# So many of the newest are looked through one by one: of each kind, before the index is asked (of our own come back, of
# which there may be as many as of all others, once more); of all, for words too short for it, and no further.
_WINDOW, _ECHO_WINDOW, _SHORT_WINDOW = 400, 1500, 30_000
# Of what was taken in so many of the newest; and if one in _SCARCE of what is asked for was among them, so many.
_STRETCH, _LONG_STRETCH, _SCARCE = 2_000, 50_000, 20
# With the words in sight PostgreSQL knows how often they occur, and whether the index or the newest come first.
# A search is too short for workers beside it.
_PLANNED = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), "
    "set_config('max_parallel_workers_per_gather', '0', true)"
)
# Written out, as the indexes on part of the table have them.
_NEVER_TAKEN_IN = text("message.state IN ('rejected', 'ignored')")
_ECHOES, _REFUSALS = text(f"message.reason LIKE '{ECHO}'"), text(f"message.reason NOT LIKE '{ECHO}'")
_TO_BE_TAKEN_IN = text("message.state IN ('received', 'queued')")
_NOT_TAKEN_IN = text("message.state IN ('received', 'queued', 'rejected', 'ignored')")
_HAS_TEXT = text("message_search.text <> ''")
_REFUSED: ColumnElement[str] = literal_column(f"fold({REFUSED})")

_PUT = text(
    r"""
    INSERT INTO message_search (message_id, site_id, received_at, words, text)
    SELECT id, site_id, received_at, fold(E'\n' || concat_ws(E'\n',
        E'c\x1f' || nullif(control_id, ''), E's\x1f' || application || '^' || facility,
        E'p\x1f' || nullif(peer, ''), E't\x1f' || nullif(message_type, ''), E'r\x1f' || nullif(resource, ''),
        E'o\x1f' || nullif(reason, ''), nullif(CAST(:words AS text), ''))), fold(:text)
    FROM message WHERE id = :message
    ON CONFLICT (message_id) DO UPDATE SET site_id = excluded.site_id, words = excluded.words, text = excluded.text
    """
)
_OWN: ColumnElement[str] = literal_column(
    r"fold(concat_ws(E'\n', E'c\x1f' || control_id, E's\x1f' || application || '^' || facility, "
    r"E't\x1f' || message_type, E'r\x1f' || resource, E'o\x1f' || reason))"
)


def put(connection: Connection, message_id: int, words: Iterable[tuple[str, str]], own_text: str) -> None:
    """Writes what a message is found by, in the place of what was written before."""
    lines = "\n".join(f"{letter}{MARK}{' '.join(said.split())}" for letter, said in words)
    values = {"words": lines.replace("\0", ""), "text": own_text.replace("\0", "")}
    connection.execute(_PUT, {"message": message_id, **values})


def find(connection: Connection, site: str, wanted: Search, limit: int) -> list[Found]:
    """The newest messages of a site that fit."""
    connection.execute(_PLANNED)
    words = _folded(connection, wanted.query.split()[:MOST_WORDS])
    sender = _folded(connection, [wanted.sender] if wanted.sender else [])
    ids = _ids(connection, wanted)
    if not words:
        return _asked(connection, _listed(connection, site, wanted, sender, ids, limit), words)
    short = all(len(each) < _SHORTEST for each in (*words, *sender))
    place = _Place(site, wanted, words, sender, ids, limit)
    rows: dict[int, Found] = {}
    for found in _among_the_newest(connection, place) if short else _by_index(connection, place):
        rows.setdefault(found.message.id, found)
    if wanted.texts and len(rows) < limit:
        for found in _by_report(connection, site, words, and_(place.within, *_from(sender)), limit):
            rows.setdefault(found.message.id, found)
    return sorted(rows.values(), key=lambda each: -each.message.id)[:limit]


def _listed(
    connection: Connection, site: str, wanted: Search, sender: Sequence[str], ids: tuple[int, int], limit: int
) -> Select[Any]:
    fits = _at(site, wanted)
    names = message_list.senders(connection, site, sender[0]) if sender else []
    if len(names) > message_list.MOST_SENDERS:
        return message_list.newest(wanted, None, and_(fits, *_from(sender)), ids, limit)
    return message_list.newest(wanted, names if sender else None, fits, ids, limit)


def waiting(connection: Connection, site: str) -> dict[str, int]:
    """How many messages of a site wait or want a person, by state."""
    states = text("message.state IN ('received', 'queued', 'quarantined')")
    query = select(message.c.state, func.count()).where(message.c.site_id == site, states).group_by(message.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class _Place:
    """What is looked for, folded, and where: ids from and before."""

    site: str
    wanted: Search
    words: Sequence[str]
    sender: Sequence[str]
    ids: tuple[int, int]
    limit: int

    @property
    def fits(self) -> ColumnElement[bool]:
        """What messages must be, but for the bounds of ids."""
        return _fits(self.site, self.wanted)

    @property
    def within(self) -> ColumnElement[bool]:
        """With the bounds of ids."""
        return and_(self.fits, message.c.id >= self.ids[0], message.c.id < self.ids[1])


def _by_index(connection: Connection, place: _Place) -> Iterable[Found]:
    """What was taken in, what has yet to be, what never is, and the texts of the quarantine."""
    yield from _by_words(connection, place)
    others = _of(_OWN).where(place.within, *_from(place.sender), *_like(_REFUSED, place.words)).limit(place.limit)
    yield from _asked(connection, others.where(_TO_BE_TAKEN_IN), place.words)
    yield from _never_taken_in(connection, place)
    if place.wanted.texts:
        yield from _in_quarantine(connection, place)


def _by_words(connection: Connection, place: _Place) -> list[Found]:
    """What was taken in: what many have is among the newest; of what few have, or had, the index gives every one."""
    said = search.c.words
    order: ColumnElement[int] = search.c.message_id
    if not (place.wanted.state or place.wanted.door):
        found = _lately(connection, place)
        if len(found) >= place.limit:
            return found
        # A sum: in the order of ids themselves PostgreSQL would walk to what many have, however long ago that was.
        order = order + 0
    asked = _taken_in(place, said, *_like(said, place.words), *_by(said, place), order=order)
    return _asked(connection, asked, place.words)


def _lately(connection: Connection, place: _Place) -> list[Found]:
    """What the newest that were taken in hold: of few, and if some fit, of more."""
    found = _walked(connection, place, _STRETCH)
    if place.limit > len(found) >= place.limit / _SCARCE:
        rest = replace(place, ids=(place.ids[0], found[-1].message.id), limit=place.limit - len(found))
        found += _walked(connection, rest, _LONG_STRETCH)
    return found


def _walked(connection: Connection, place: _Place, stretch: int) -> list[Found]:
    """Those that fit among so many of the newest: of all sites, as one may have too few to end at."""
    within = (search.c.message_id >= place.ids[0], search.c.message_id < place.ids[1])
    walked = select(search.c.message_id, search.c.words).where(*within)
    newest = walked.order_by(search.c.message_id.desc()).limit(stretch).subquery("newest")
    said = newest.c.words
    asked = _of(said, newest.join(message, message.c.id == newest.c.message_id), newest.c.message_id)
    fit = asked.where(place.fits, *_like(said, place.words), *_by(said, place)).limit(place.limit)
    return _asked(connection, fit, place.words)


def _among_the_newest(connection: Connection, place: _Place) -> Iterable[Found]:
    """What is too short for the index, one by one. Columns that are not those of an index keep PostgreSQL from going
    through the whole of it."""
    bound = _newest(connection) - _SHORT_WINDOW
    said, written = search.c.words.concat(""), search.c.text.concat("")
    lately = (search.c.message_id > bound, *_by(said, place))
    taken_in = _taken_in(place, search.c.words, *lately, *_like(said, place.words))
    yield from _asked(connection, taken_in, place.words)
    others = _of(_OWN).where(place.within, message.c.id > bound, _NOT_TAKEN_IN, *_from(place.sender)).limit(place.limit)
    yield from _asked(connection, others.where(*_like(_REFUSED.concat(""), place.words)), place.words)
    if place.wanted.texts:
        held = _taken_in(place, null(), *lately, _HAS_TEXT, *_like(written, place.words))
        yield from _asked(connection, held, place.words)


def _taken_in(
    place: _Place,
    said: ColumnElement[Any],
    *conditions: ColumnElement[bool] | TextClause,
    order: ColumnElement[int] = search.c.message_id,
) -> Select[Any]:
    """Of those the newest, in the order of message_search; of many that fit there, only the newest are looked up."""
    within = (search.c.site_id == place.site, *conditions)
    within += (search.c.message_id >= place.ids[0], search.c.message_id < place.ids[1])
    chosen = select(search.c.message_id, order.label("order"), said.label("words")).where(*within)
    if not (place.wanted.state or place.wanted.door):
        chosen = chosen.order_by(order.desc()).limit(_SPARE * place.limit)
    newest = chosen.subquery("newest")
    both = newest.join(message, message.c.id == newest.c.message_id)
    return _of(newest.c.words, both, newest.c.order).where(place.fits).limit(place.limit)


def _by(said: ColumnElement[str], place: _Place) -> list[ColumnElement[bool]]:
    """From the sender, by what a message is found by."""
    return [said.like(f"%\ns{MARK}{_escaped(each)}%", escape="/") for each in place.sender]


def _never_taken_in(connection: Connection, place: _Place) -> list[Found]:
    """What was refused or ignored at the door."""
    kinds = message_list.kinds(place.wanted, ("rejected", "ignored"))
    for window in (_WINDOW, _ECHO_WINDOW) if "echo" in kinds else (_WINDOW,):
        found = _among_newest(connection, place, kinds, window, _like(_REFUSED, place.words), _OWN)
        if found is not None:
            return found
    found = []
    asked = _of(_OWN).where(place.within, *_from(place.sender), *_like(_REFUSED, [*place.words, *place.sender]))
    for part in (_REFUSALS, _ECHOES) if "echo" in kinds else (_REFUSALS,):
        found += _asked(connection, asked.where(_NEVER_TAKEN_IN, part).limit(place.limit), place.words)
    return found


def _in_quarantine(connection: Connection, place: _Place) -> list[Found]:
    """By what messages in quarantine say."""
    kinds = message_list.kinds(place.wanted, ("quarantined",))
    found = _among_newest(connection, place, kinds, _WINDOW, _like(search.c.text, place.words), null())
    if found is not None:
        return found
    by = _by(search.c.words.concat(""), place)
    held = _taken_in(place, null(), _HAS_TEXT, *_like(search.c.text, place.words), *by)
    return _asked(connection, held, place.words)


def _among_newest(
    connection: Connection,
    place: _Place,
    kinds: Sequence[str],
    window: int,
    like: Sequence[ColumnElement[bool]],
    words: ColumnElement[str] | ColumnElement[None],
) -> list[Found] | None:
    """What the newest of each kind hold: all that is asked for, else None. What many hold is found there, and by the
    index PostgreSQL would fetch every one of them."""
    if not kinds:
        return []
    among = (list(product(kinds, message_list.doors(place.wanted))), message.c.door, _at(place.site, place.wanted))
    first = connection.execute(message_list.begins(*among, place.ids, window)).scalar_one()
    chosen, newest = message_list.walked(*among, (first or place.ids[0], place.ids[1]), window)
    beside = chosen.join(newest, true()).outerjoin(search, search.c.message_id == newest.c.id)
    asked: Select[Any] = select(*newest.c, words.label("words")).select_from(beside).where(*like, *_from(place.sender))
    found = _asked(connection, asked.order_by(newest.c.id.desc()).limit(place.limit), place.words)
    return found if first is None or len(found) >= place.limit else None


def _newest(connection: Connection) -> int:
    return connection.scalar(select(func.max(message.c.id))) or 0


def _from(sender: Sequence[str]) -> list[ColumnElement[bool]]:
    return [message_list.SENDER.like(f"{_escaped(each)}%", escape="/") for each in sender]


def _of(words: ColumnElement[Any], tables: Any = message, order: ColumnElement[int] = message.c.id) -> Select[Any]:
    return select(*SUMMARY, words.label("words")).select_from(tables).order_by(order.desc())


def _like(column: ColumnElement[str], words: Sequence[str]) -> list[ColumnElement[bool]]:
    return [column.like(f"%{_escaped(word)}%", escape="/") for word in words]


def _fits(site: str, wanted: Search) -> ColumnElement[bool]:
    said = [message.c[name] == getattr(wanted, name) for name in ("state", "door") if getattr(wanted, name)]
    if not wanted.echoes:
        said.append(message.c.reason.not_like(ECHO))
    return and_(_at(site, wanted), *said)


def _at(site: str, wanted: Search) -> ColumnElement[bool]:
    """Of a site and a stretch of time: what lists by kind have to be told."""
    said = [message.c.site_id == site]
    if wanted.since:
        said.append(_received >= wanted.since)
    if wanted.until:
        said.append(_received < wanted.until)
    return and_(*said)


def _ids(connection: Connection, wanted: Search) -> tuple[int, int]:
    """A stretch of time is one of ids as well, in whose order messages are walked: its first, and the first after."""
    first, after = 0, _LAST_ID if wanted.before is None else wanted.before
    if wanted.since:
        found = _first_at(connection, wanted.since)
        first = 0 if found is None else found - _SLACK
    if wanted.until and (found := _first_at(connection, wanted.until)) is not None:
        after = min(after, found + _SLACK)
    return first, after


def _first_at(connection: Connection, at: datetime) -> int | None:
    query = select(message.c.id).where(message.c.received_at >= at).order_by(message.c.received_at).limit(1)
    return connection.scalar(query)


_BY_TEXT = text(
    """
    SELECT report_id FROM report_version
    WHERE to_tsvector('simple'::regconfig, fold(left(report_version.text, 100000))) @@ to_tsquery('simple', :query)
        AND report_version.site_id = :site LIMIT :few
    """
)


def _by_report(
    connection: Connection, site: str, words: Sequence[str], fits: ColumnElement[bool], limit: int
) -> Iterable[Found]:
    """Every word begins a word of a report's text; none where one is too short for that."""
    parts = [part for word in words for part in re.findall(r"\w+", word)]
    if not parts or any(len(part) < _SHORTEST for part in parts):
        return []
    query = " & ".join(f"{part}:*" for part in parts)
    reports = list(connection.execute(_BY_TEXT, {"query": query, "site": site, "few": FEW}).scalars())
    told = select(report_source.c.message_id).where(report_source.c.report_id.in_(reports))
    return _asked(connection, _of(null()).where(fits, message.c.id.in_(told)).limit(limit), words, REPORT_TEXT)


def _asked(
    connection: Connection, statement: Select[Any], words: Sequence[str], otherwise: str = OWN_TEXT
) -> list[Found]:
    found = []
    for row in connection.execute(statement).mappings():
        said = str(row["words"]).splitlines() if row["words"] is not None else []
        matched = [WHAT.get(line[:1], "") for line in said if any(word in line[2:] for word in words)]
        why = list(dict.fromkeys(matched)) or ([otherwise] if words else [])
        own = {name: value for name, value in row.items() if name != "words"}
        found.append(Found(record(Message, own), why))  # type: ignore[arg-type]
    return found


def _folded(connection: Connection, words: Sequence[str]) -> list[str]:
    """As the index has them."""
    given = text(
        "SELECT fold(word) FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS given (word, at) ORDER BY at"
    )
    asked = {"words": [word.replace("\0", "") for word in words]}
    return list(connection.execute(given, asked).scalars()) if words else []


def _escaped(word: str) -> str:
    return re.sub(r"([/%_])", r"/\1", word)
