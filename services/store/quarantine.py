"""The quarantine grouped by sender and reason, and replays of several of its messages."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, RowMapping, TextClause, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from integration.reasons import kind_of_reason
from services.domain.messages import Message
from services.domain.quarantine import Group, Replay, Replayed
from services.store.inbox import SUMMARY
from services.store.rows import every
from services.store.tables import message, replay
from services.store.tables.message import SHORT

DAYS = 14
MOST = 500
"""Messages of one group that are listed, or read again together."""

# By day, those before the fourteen days together. As two, for each goes by an index of its own.
_COUNTED = """
    SELECT application, facility, peer, reason,
           CASE WHEN received_at >= :since THEN (received_at AT TIME ZONE 'UTC')::date END AS day, count(*) AS count,
           min(received_at) AS first, max(received_at) AS last {more}
    FROM (
        SELECT * FROM message WHERE state = 'quarantined' AND {short}
        UNION ALL SELECT * FROM message WHERE state = 'quarantined' AND NOT {short}
    ) held
    WHERE site_id = :site GROUP BY 1, 2, 3, 4, 5
"""
_GROUPED = text(_COUNTED.format(short=SHORT, more=""))
_GROUPED_WITH_IDS = text(_COUNTED.format(short=SHORT, more=f", (array_agg(id ORDER BY id DESC))[1 : {MOST}] AS ids"))


def groups(connection: Connection, site: str) -> list[Group]:
    """Sender and kind of reason, the most frequent first."""
    made = [_group(names, rows) for names, rows in _counted(connection, site, _GROUPED).items()]
    return sorted(made, key=lambda each: (-each.count, each.sender, each.reason))


_LISTED = select(*SUMMARY).where(message.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))
_LISTED = _LISTED.order_by(message.c.id.desc())


def of_group(connection: Connection, site: str, key: str, limit: int = MOST) -> tuple[Group | None, list[Message]]:
    """A group and its newest messages, without their bytes; None where there is no such group any more."""
    found = {key_of(*names): (names, rows) for names, rows in _counted(connection, site, _GROUPED_WITH_IDS).items()}
    if key not in found:
        return None, []
    names, rows = found[key]
    newest = sorted((number for row in rows for number in row["ids"]), reverse=True)[:limit]
    return _group(names, rows), every(Message, connection.execute(_LISTED, {"ids": newest}))


def bodies(connection: Connection, site: str, ids: Sequence[int]) -> list[Message]:
    """Messages of a site with their bytes, in the order of arrival."""
    query = select(message).where(message.c.id.in_(ids), message.c.site_id == site).order_by(message.c.id)
    return every(Message, connection.execute(query))


def remember(connection: Connection, site: str, actor: str, rows: Iterable[Message]) -> int:
    """Stores which messages are read again together, and why they were held; its number."""
    held = [{"id": row.id, "reason": row.reason} for row in rows]
    statement = insert(replay).values(site_id=site, actor=actor, messages=held).returning(replay.c.id)
    return int(connection.execute(statement).scalar_one())


_NOW = text(
    """
    SELECT message.id AS message_id, was.reason AS before, message.state, message.reason,
           (SELECT count(DISTINCT report_id) FROM report_source WHERE message_id = message.id) AS reports
    FROM replay, jsonb_to_recordset(replay.messages) AS was (id bigint, reason text) JOIN message USING (id)
    WHERE replay.id = :id ORDER BY message.id
    """
)


def replayed(connection: Connection, site: str, number: int) -> Replay | None:
    """A replay and where its messages are now; None where there is none of that number at the site."""
    query = select(replay).where(replay.c.id == number, replay.c.site_id == site)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    known = {name: row[name] for name in ("id", "site_id", "actor", "created_at", "undone_at")}
    return Replay(**known, messages=every(Replayed, connection.execute(_NOW, {"id": number})))


_TAKE_BACK = text(
    """
    WITH was AS (
        SELECT was.id, was.reason FROM replay, jsonb_to_recordset(replay.messages) AS was (id bigint, reason text)
        WHERE replay.id = :id AND replay.site_id = :site
    ), given_up AS (
        UPDATE job SET state = 'cancelled', reason = 'the replay was taken back', finished_at = now()
        FROM was WHERE job.message_id = was.id AND job.kind = 'intake' AND job.state IN ('ready', 'waiting')
        RETURNING job.message_id
    )
    UPDATE message SET state = 'quarantined', reason = was.reason FROM was, given_up
    WHERE message.id = was.id AND given_up.message_id = was.id AND message.state = 'queued'
    """
)


def take_back(connection: Connection, site: str, number: int) -> int:
    """Puts what nobody has read yet back into quarantine with its reason; how many."""
    back = connection.execute(_TAKE_BACK, {"id": number, "site": site}).rowcount
    ours = (replay.c.id == number, replay.c.site_id == site, replay.c.undone_at.is_(None))
    connection.execute(update(replay).where(*ours).values(undone_at=text("now()")))
    return back


def _counted(connection: Connection, site: str, query: TextClause) -> dict[tuple[str, str], list[Any]]:
    """Rows of _COUNTED by sender and kind of reason."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    since = datetime.combine(_first_day(), time(), UTC)
    for row in connection.execute(query, {"site": site, "since": since}).mappings():
        found[_sender(row["application"], row["facility"], row["peer"]), kind_of_reason(row["reason"])].append(row)
    return found


def _group(names: tuple[str, str], rows: Sequence[Any]) -> Group:
    sender, reason = names
    return Group(
        key=key_of(sender, reason),
        sender=sender,
        reason=reason,
        count=sum(row["count"] for row in rows),
        first=min(row["first"] for row in rows),
        last=max(row["last"] for row in rows),
        days=_days(rows),
    )


def _days(rows: Sequence[RowMapping]) -> list[tuple[date, int]]:
    counted: dict[date | None, int] = defaultdict(int)
    for row in rows:
        counted[row["day"]] += row["count"]
    first = _first_day()
    return [(day, counted[day]) for day in (first + timedelta(days=later) for later in range(DAYS))]


def _first_day() -> date:
    return datetime.now(UTC).date() - timedelta(days=DAYS - 1)


def key_of(sender: str, reason: str) -> str:
    """What names the group of a sender and a kind of reason in addresses."""
    return hashlib.sha256(f"{sender}\n{reason}".encode()).hexdigest()[:16]


def _sender(application: str, facility: str, peer: str) -> str:
    return "^".join(part for part in (application, facility) if part) or peer
