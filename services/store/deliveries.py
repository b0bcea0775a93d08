"""Queries on the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.settings import Queue
from services.store.jobs import NOW, StaleLease, ahead
from services.store.tables import delivery

ORU = "oru"


_ADD = insert(delivery).returning(delivery.c.id)


def add(connection: Connection, **values: Any) -> int:
    """Puts a delivery in the outbox; its id."""
    return int(connection.execute(_ADD, values).scalar_one())


def claim(connection: Connection, queue: Queue, limit: int) -> Sequence[RowMapping]:
    """Leases the next FHIR deliveries that are due: of one report and destination only the first that is pending."""
    earlier = delivery.alias("earlier")
    blocked = exists().where(
        earlier.c.report_id == delivery.c.report_id,
        earlier.c.destination == delivery.c.destination,
        earlier.c.state == "pending",
        earlier.c.id < delivery.c.id,
    )
    free = func.coalesce(delivery.c.lease_until, delivery.c.created_at) <= NOW
    due = and_(delivery.c.state == "pending", delivery.c.kind != ORU, delivery.c.not_before <= NOW, free, ~blocked)
    return _lease(connection, queue, due, limit)


def claim_in_order(connection: Connection, queue: Queue, destination: str) -> RowMapping | None:
    """Leases the next message to an interface engine, if it is due. One that was refused holds all later ones."""
    earlier = delivery.alias("earlier")
    blocked = exists().where(
        earlier.c.kind == ORU,
        earlier.c.destination == delivery.c.destination,
        earlier.c.state.in_(("pending", "dead")),
        earlier.c.id < delivery.c.id,
    )
    free = func.coalesce(delivery.c.lease_until, delivery.c.created_at) <= NOW
    ours = and_(delivery.c.kind == ORU, delivery.c.destination == destination, delivery.c.state == "pending")
    leased = _lease(connection, queue, and_(ours, delivery.c.not_before <= NOW, free, ~blocked), 1)
    return leased[0] if leased else None


def was_sent_before(connection: Connection, row: RowMapping) -> bool:
    """Whether an earlier delivery of this kind told this destination of the same report."""
    earlier = and_(
        delivery.c.kind == row["kind"],
        delivery.c.report_id == row["report_id"],
        delivery.c.destination == row["destination"],
        delivery.c.state == "sent",
        delivery.c.id < row["id"],
    )
    return bool(connection.scalar(select(func.count()).where(earlier)))


def last_told(connection: Connection, report_id: int, destination: str) -> RowMapping | None:
    """The newest message on a report that an interface engine has, or may have: one that was tried counts."""
    where = and_(
        delivery.c.kind == ORU,
        delivery.c.report_id == report_id,
        delivery.c.destination == destination,
        or_(delivery.c.state == "sent", delivery.c.attempts > 0),
    )
    newest = select(delivery).where(where).order_by(delivery.c.id.desc()).limit(1)
    return connection.execute(newest).mappings().one_or_none()


def _lease(connection: Connection, queue: Queue, due: ColumnElement[bool], limit: int) -> Sequence[RowMapping]:
    # In the order of ix_delivery_pending, so that a long queue is not read to its end for a few.
    first = select(delivery.c.id).where(due).order_by(delivery.c.not_before, delivery.c.id)
    chosen = first.limit(limit).with_for_update(skip_locked=True)
    statement = (
        update(delivery)
        .where(delivery.c.id.in_(chosen))
        .values(
            lease_epoch=delivery.c.lease_epoch + 1, lease_until=ahead(queue.lease), attempts=delivery.c.attempts + 1
        )
        .returning(*delivery.c)
    )
    return sorted(connection.execute(statement).mappings().all(), key=lambda row: int(row["id"]))


def renew(connection: Connection, rows: Sequence[RowMapping], queue: Queue) -> None:
    """Holds the leases of deliveries that take long."""
    connection.execute(update(delivery).where(_leased(rows)).values(lease_until=ahead(queue.lease)))


def give_back(connection: Connection, rows: Sequence[RowMapping]) -> None:
    """Deliveries whose sender stops can go out again at once; a late answer to it is refused as stale."""
    freed = {"lease_until": None, "lease_epoch": delivery.c.lease_epoch + 1}
    connection.execute(update(delivery).where(_leased(rows)).values(**freed))


def _leased(rows: Sequence[RowMapping]) -> ColumnElement[bool]:
    leases = [(row["id"], row["lease_epoch"]) for row in rows]
    held = tuple_(delivery.c.id, delivery.c.lease_epoch).in_(leases)
    return and_(held, delivery.c.state == "pending", delivery.c.lease_until.is_not(None))


def give_back_untried(connection: Connection, rows: Sequence[RowMapping]) -> None:
    """Leases that were not made use of: another go at these is no retry."""
    freed = {"lease_until": None, "attempts": func.greatest(delivery.c.attempts - 1, 0)}
    connection.execute(update(delivery).where(_leased(rows)).values(**freed))


def close_sent(connection: Connection, rows: Sequence[RowMapping]) -> frozenset[int]:
    """Ends deliveries that were sent; the ids of those that were still ours, not blocked or taken over meanwhile."""
    leases = {"ids": [row["id"] for row in rows], "epochs": [row["lease_epoch"] for row in rows]}
    return frozenset(connection.execute(_CLOSE_SENT, leases).scalars())


_CLOSE_SENT = text(
    """
    UPDATE delivery SET state = 'sent', reason = '', sent_at = now(), lease_until = NULL
    FROM unnest(CAST(:ids AS bigint[]), CAST(:epochs AS integer[])) AS mine (id, epoch)
    WHERE delivery.id = mine.id AND lease_epoch = mine.epoch AND state = 'pending'
    RETURNING delivery.id
    """
)


def amended(connection: Connection, ids: Sequence[int]) -> frozenset[int]:
    """Those of these deliveries of a Sign before which an earlier Sign of the version reached the destination."""
    earlier = delivery.alias("earlier")
    before = exists().where(
        earlier.c.report_id == delivery.c.report_id,
        earlier.c.version_id == delivery.c.version_id,
        earlier.c.destination == delivery.c.destination,
        earlier.c.kind == "signed",
        earlier.c.state == "sent",
        earlier.c.id < delivery.c.id,
    )
    query = select(delivery.c.id).where(delivery.c.id.in_(ids), delivery.c.kind == "signed", before)
    return frozenset(connection.execute(query).scalars()) if ids else frozenset()


def close(connection: Connection, row: RowMapping, state: str, reason: str = "") -> None:
    """Ends a delivery under our lease. Raises StaleLease where it was blocked or taken over meanwhile."""
    _write(connection, row, state=state, reason=reason, sent_at=NOW if state == "sent" else None, lease_until=None)


def postpone(connection: Connection, row: RowMapping, reason: str, queue: Queue, asked: float = 0) -> None:
    """Tries again later, with back-off; not before `asked` seconds, where the server said so."""
    pause = max(min(queue.backoff * 2 ** min(row["attempts"] - 1, 16), queue.backoff_max), min(asked, 3600))
    later = ahead(pause) + func.random() * timedelta(seconds=pause / 4)
    _write(connection, row, reason=reason, not_before=later, lease_until=None)


def _write(connection: Connection, row: RowMapping, **values: Any) -> None:
    mine = and_(delivery.c.id == row["id"], delivery.c.lease_epoch == row["lease_epoch"], delivery.c.state == "pending")
    if connection.execute(update(delivery).where(mine).values(**values)).rowcount != 1:
        raise StaleLease(f"delivery {row['id']}")


def block(connection: Connection, report_id: int, kinds: Sequence[str], reason: str) -> int:
    """Stops deliveries of a report that have not gone out; how many."""
    where = and_(delivery.c.report_id == report_id, delivery.c.state == "pending", delivery.c.kind.in_(kinds))
    return connection.execute(update(delivery).where(where).values(state="blocked", reason=reason)).rowcount


def retry(connection: Connection, delivery_id: int) -> bool:
    """An operator sends a dead or blocked delivery on its way again; what others changed is then overwritten."""
    statement = update(delivery).where(delivery.c.id == delivery_id, delivery.c.state.in_(("dead", "blocked")))
    detail = delivery.c.detail.op("||")(cast({"overwrite": True}, JSONB))
    fresh = {"state": "pending", "attempts": 0, "reason": "", "not_before": NOW, "detail": detail}
    return connection.execute(statement.values(**fresh)).rowcount == 1


def dismiss(connection: Connection, delivery_id: int, reason: str) -> bool:
    """An operator lets a refused delivery go; later ones to that destination go on."""
    statement = update(delivery).where(delivery.c.id == delivery_id, delivery.c.state == "dead")
    return connection.execute(statement.values(state="blocked", reason=reason)).rowcount == 1


def in_states(connection: Connection, states: Sequence[str]) -> Sequence[RowMapping]:
    """Deliveries in these states, in the order they go out."""
    query = select(delivery).where(delivery.c.state.in_(states)).order_by(delivery.c.id)
    return connection.execute(query).mappings().all()


def counts(connection: Connection) -> Sequence[RowMapping]:
    """Per state: count, and the age in seconds of the oldest."""
    oldest = func.extract("epoch", NOW - func.min(delivery.c.created_at)).label("oldest")
    query = select(delivery.c.state, func.count().label("count"), oldest).group_by(delivery.c.state)
    return connection.execute(query).mappings().all()
