"""Queries on the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.domain.deliveries import Delivery, DeliveryCount, WaitingEvents
from services.domain.words import DeliveryState
from services.settings import Queue
from services.store.clock import NOW, scattered
from services.store.leases import Leases, pause
from services.store.rows import every, one_or_none
from services.store.tables import delivery

ORU = "oru"
WEBHOOK = "webhook"
SUSPECTS = 0x53555350  # advisory lock key
DELIVERIES = Leases(delivery, Delivery, held=DeliveryState.PENDING, free={"state": DeliveryState.PENDING})
# Spelled out: a plan made for any value could use no index of what is pending or was lost.
_PENDING = literal_column(f"'{DeliveryState.PENDING}'", Text)
_NONE = literal_column("0", Integer)
_LAPSED = DELIVERIES.lapsed()
_UNTRIED = and_(delivery.c.lost == _NONE, delivery.c.lease_until.is_(None))
_SUSPECT = or_(and_(delivery.c.lost > _NONE, delivery.c.lease_until.is_(None)), _LAPSED)
_COUNTED = {
    "attempts": delivery.c.attempts + 1,
    "lost": case((_LAPSED, delivery.c.lost + 1), else_=delivery.c.lost),
    "reason": case((_LAPSED, "its lease ran out"), else_=delivery.c.reason),
}


def add(connection: Connection, **values: object) -> int:
    """Puts a delivery in the outbox; its id."""
    return DELIVERIES.add(connection, **values)


def claim(connection: Connection, queue: Queue, limit: int, *, webhook: str = "") -> list[Delivery]:
    """Leases the next deliveries that are due: of one report and destination only the first that is pending.

    Those to FHIR servers, or the events for the `webhook` of that name.
    """
    earlier = delivery.alias("earlier")
    blocked = exists().where(
        earlier.c.report_id == delivery.c.report_id,
        earlier.c.destination == delivery.c.destination,
        earlier.c.state == "pending",
        _sent_by(earlier, webhook),
        earlier.c.id < delivery.c.id,
    )
    return _lease(connection, queue, and_(_sent_by(delivery, webhook), ~blocked), limit)


def _sent_by(table: FromClause, webhook: str) -> ColumnElement[bool]:
    """Deliveries to FHIR servers, or to one webhook; a webhook may be called as a FHIR endpoint is."""
    if webhook:
        return and_(table.c.kind == WEBHOOK, table.c.destination == webhook)
    return table.c.kind.not_in((ORU, WEBHOOK))


def claim_in_order(connection: Connection, queue: Queue, destination: str) -> Delivery | None:
    """Leases the next message to an interface engine, if it is due. One that was refused holds all later ones."""
    earlier = delivery.alias("earlier")
    blocked = exists().where(
        earlier.c.kind == ORU,
        earlier.c.destination == delivery.c.destination,
        earlier.c.state.in_(("pending", "dead")),
        earlier.c.id < delivery.c.id,
    )
    ours = and_(delivery.c.kind == ORU, delivery.c.destination == destination, ~blocked)
    return next(iter(_lease(connection, queue, ours, 1)), None)


def was_sent_before(connection: Connection, row: Delivery) -> bool:
    """Whether an earlier delivery of this kind told this destination of the same report."""
    earlier = and_(
        delivery.c.kind == row.kind,
        delivery.c.report_id == row.report_id,
        delivery.c.destination == row.destination,
        delivery.c.state == "sent",
        delivery.c.id < row.id,
    )
    return bool(connection.scalar(select(func.count()).where(earlier)))


def last_told(connection: Connection, report_id: int, destination: str) -> Delivery | None:
    """The newest message on a report that an interface engine has, or may have: one that was tried counts."""
    where = and_(
        delivery.c.kind == ORU,
        delivery.c.report_id == report_id,
        delivery.c.destination == destination,
        or_(delivery.c.state == "sent", delivery.c.attempts > 0),
    )
    newest = select(delivery).where(where).order_by(delivery.c.id.desc()).limit(1)
    return one_or_none(Delivery, connection.execute(newest))


def _lease(connection: Connection, queue: Queue, wanted: ColumnElement[bool], limit: int) -> list[Delivery]:
    """A lease that ran out is taken over here: it counts as an attempt and as lost, and no sweep need come first.

    What was lost once may have ended its sender, or was only beside what did. It is claimed by itself, and by one
    sender at a time, so that what is lost again is the culprit; what was lost more often waits for the others.
    """
    mine = and_(delivery.c.state == _PENDING, delivery.c.not_before <= NOW, wanted)
    if _may_try_suspect(connection):
        busy = delivery.alias("busy")
        tried = exists().where(busy.c.state == _PENDING, busy.c.lost > _NONE, busy.c.lease_until >= NOW)
        if suspect := _take(connection, queue, and_(mine, _SUSPECT, ~tried), 1):
            return suspect
    return _take(connection, queue, and_(mine, _UNTRIED), limit)


def _may_try_suspect(connection: Connection) -> bool:
    """Whether there is one, and this transaction the only one that looks for one (an advisory lock until it ends)."""
    some = exists().where(delivery.c.state == _PENDING, _SUSPECT)
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(SUSPECTS)).where(some)))


def _take(connection: Connection, queue: Queue, due: ColumnElement[bool], limit: int) -> list[Delivery]:
    # Of what was never lost in the order of ix_delivery_pending, so that a long queue is not read to its end for a few.
    first = select(delivery.c.id).where(due).order_by(delivery.c.lost, delivery.c.not_before, delivery.c.id)
    chosen = delivery.c.id.in_(first.limit(limit).with_for_update(skip_locked=True))
    statement = DELIVERIES.claim(chosen, **_COUNTED).returning(*delivery.c)
    claimed = every(Delivery, connection.execute(statement, {"lease": timedelta(seconds=queue.lease)}))
    return sorted(claimed, key=lambda row: row.id)


def renew(connection: Connection, rows: Sequence[Delivery], queue: Queue) -> int:
    """Holds the leases of deliveries that take long; of how many."""
    return DELIVERIES.renew(connection, DELIVERIES.of(rows), queue)


def give_back(connection: Connection, rows: Sequence[Delivery]) -> int:
    """Deliveries whose sender stops can go out again at once; a late answer to it is refused as stale. How many."""
    return DELIVERIES.give_back(connection, DELIVERIES.of(rows))


def give_back_untried(connection: Connection, rows: Sequence[Delivery]) -> None:
    """Leases that were not made use of: another go at these is no retry."""
    attempts = func.greatest(delivery.c.attempts - 1, 0)
    DELIVERIES.give_back(connection, DELIVERIES.of(rows), attempts=attempts)


def close_sent(connection: Connection, rows: Sequence[Delivery]) -> frozenset[int]:
    """Ends deliveries that were sent; the ids of those that were still ours, not blocked or taken over meanwhile."""
    sent = {"state": DeliveryState.SENT, "reason": "", "sent_at": NOW, "lease_until": None}
    closed = update(delivery).where(DELIVERIES.of(rows)).values(sent).returning(delivery.c.id)
    return frozenset(connection.execute(closed).scalars())


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


def close(connection: Connection, row: Delivery, state: str, reason: str = "") -> None:
    """Ends a delivery under our lease. Raises StaleLease where it was blocked or taken over meanwhile."""
    DELIVERIES.close(connection, row, state=state, reason=reason, sent_at=NOW if state == "sent" else None)


def postpone(connection: Connection, row: Delivery, reason: str, queue: Queue, asked: float = 0) -> None:
    """Tries again later, with back-off; not before `asked` seconds, where the server said so.

    Its sender has outlived it: what was lost before is not held against it.
    """
    later = scattered(pause(queue, row.attempts, min(asked, 3600)))
    DELIVERIES.close(connection, row, reason=reason, not_before=later, lost=0)


def block(connection: Connection, report_id: int, kinds: Sequence[str], reason: str) -> int:
    """Stops deliveries of a report that have not gone out; how many."""
    where = and_(delivery.c.report_id == report_id, delivery.c.state == "pending", delivery.c.kind.in_(kinds))
    return connection.execute(update(delivery).where(where).values(state="blocked", reason=reason)).rowcount


def retry(connection: Connection, delivery_id: int) -> bool:
    """An operator sends a dead or blocked delivery on its way again; what others changed is then overwritten."""
    detail = delivery.c.detail.op("||")(cast({"overwrite": True}, JSONB))
    fresh = {"attempts": 0, "lost": 0, "reason": "", "not_before": NOW, "detail": detail}
    return DELIVERIES.move(connection, delivery_id, ("dead", "blocked"), **fresh)


def dismiss(connection: Connection, delivery_id: int, reason: str) -> bool:
    """An operator lets a refused delivery go; later ones to that destination go on."""
    return DELIVERIES.move(connection, delivery_id, ("dead",), state="blocked", reason=reason)


def in_states(connection: Connection, states: Sequence[str]) -> list[Delivery]:
    """Deliveries in these states, in the order they go out."""
    query = select(delivery).where(delivery.c.state.in_(states)).order_by(delivery.c.id)
    return every(Delivery, connection.execute(query))


def waiting_events(connection: Connection) -> list[WaitingEvents]:
    """Per webhook what it has not taken: pending events, dead ones, the oldest pending."""
    pending, dead = delivery.c.state == "pending", delivery.c.state == "dead"
    oldest = func.extract("epoch", NOW - func.min(delivery.c.created_at).filter(pending))
    columns = (
        func.count().filter(pending).label("pending"),
        func.count().filter(dead).label("dead"),
        func.coalesce(oldest, 0).label("oldest"),
        func.coalesce(func.max(delivery.c.reason).filter(pending), "").label("reason"),
    )
    query = select(delivery.c.destination, *columns).where(delivery.c.kind == WEBHOOK, or_(pending, dead))
    return every(WaitingEvents, connection.execute(query.group_by(delivery.c.destination)))


# Each by the index of its state: what was sent is nearly all there is, and is not read.
_UNSENT = union_all(
    *(
        select(delivery.c.state, delivery.c.created_at).where(text(f"delivery.state = '{state}'"))
        for state in (DeliveryState.PENDING, DeliveryState.BLOCKED, DeliveryState.DEAD)
    )
).subquery()
_OLDEST = func.extract("epoch", NOW - func.min(_UNSENT.c.created_at)).label("oldest")
_COUNTS = select(_UNSENT.c.state, func.count().label("count"), _OLDEST).group_by(_UNSENT.c.state)


def counts(connection: Connection) -> list[DeliveryCount]:
    """Of what was not sent, per state: count, and the age in seconds of the oldest."""
    return every(DeliveryCount, connection.execute(_COUNTS))
