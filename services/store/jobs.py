"""Queries on jobs: published, claimed under a lease, finished, given up. Every deadline is the database's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, case, func, insert, literal, or_, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from services.settings import Queue
from services.store.tables import job, worker

NOW = func.now()
OPEN = ("ready", "waiting", "leased")


class StaleLease(Exception):
    """The lease under which a result was to be written is not ours any more."""


def ahead(seconds: float) -> ColumnElement[Any]:
    """The database's clock, some seconds on."""
    return NOW + timedelta(seconds=seconds)


def add(connection: Connection, **values: Any) -> int:
    """Inserts a ready job; its id."""
    return int(connection.execute(insert(job).values(**values).returning(job.c.id)).scalar_one())


def capacity(connection: Connection, queue: Queue) -> tuple[int, int]:
    """(room for STAT, room for others): how many more jobs to publish so that the broker stays shallow."""
    alive = worker.c.seen_at > ahead(-3 * queue.renew)
    slots = connection.scalar(select(func.coalesce(func.sum(worker.c.slots), 0)).where(alive)) or 0
    waiting = and_(job.c.state == "ready", job.c.published_at > ahead(-queue.lease))
    busy = connection.scalar(select(func.count()).where(or_(job.c.state == "leased", waiting))) or 0
    limit = round(slots * queue.depth)
    reserve = math.ceil(slots * queue.stat_reserve)
    return max(0, limit - busy), max(0, limit - reserve - busy)


def take_ready(connection: Connection, queue: Queue, room: int, others: int) -> Sequence[RowMapping]:
    """Marks the next jobs as published: (id, priority). STAT first, then each sender in turn.

    A job published a lease ago and never claimed is taken again: the broker lost it.
    """
    due = and_(
        job.c.state.in_(("ready", "waiting")),
        job.c.not_before <= NOW,
        or_(job.c.published_at.is_(None), job.c.published_at < ahead(-queue.lease)),
    )
    turn = func.row_number().over(partition_by=(job.c.priority, job.c.sender), order_by=job.c.id)
    ranked = select(job.c.id, job.c.priority, turn.label("turn")).where(due).subquery()
    order = (ranked.c.priority, ranked.c.turn, ranked.c.id)
    stat = select(ranked.c.id).where(ranked.c.priority == 0).order_by(*order).limit(room)
    rest = select(ranked.c.id).where(ranked.c.priority > 0).order_by(*order).limit(others)
    chosen = select(job.c.id).where(or_(job.c.id.in_(stat), job.c.id.in_(rest)), due).with_for_update(skip_locked=True)
    statement = (
        update(job)
        .where(job.c.id.in_(chosen))
        .values(state="ready", published_at=NOW)
        .returning(job.c.id, job.c.priority)
    )
    rows = connection.execute(statement).mappings().all()
    return sorted(rows, key=lambda row: (row["priority"], row["id"]))


def claim(connection: Connection, job_id: int, owner: str, queue: Queue) -> RowMapping | None:
    """Takes the lease of a ready job; None where somebody else has it, it is done, or it must wait."""
    statement = (
        update(job)
        .where(job.c.id == job_id, job.c.state.in_(("ready", "waiting")), job.c.not_before <= NOW)
        .values(
            state="leased",
            lease_epoch=job.c.lease_epoch + 1,
            lease_owner=owner,
            leased_at=NOW,
            lease_until=ahead(queue.lease),
        )
        .returning(*job.c)
    )
    return connection.execute(statement).mappings().one_or_none()


def renew(connection: Connection, owner: str, slots: int, queue: Queue) -> int:
    """Renews all leases of a worker, within their total lifetime, and says it is alive; how many it holds."""
    connection.execute(
        text(
            "INSERT INTO worker (id, slots) VALUES (:id, :slots) "
            "ON CONFLICT (id) DO UPDATE SET slots = excluded.slots, seen_at = now()"
        ),
        {"id": owner, "slots": slots},
    )
    young = job.c.leased_at > ahead(-queue.lease_total)
    statement = update(job).where(job.c.lease_owner == owner, job.c.state == "leased", young)
    return connection.execute(statement.values(lease_until=ahead(queue.lease))).rowcount


def leave(connection: Connection, owner: str) -> None:
    """A worker that stops gives its leases back at once and is counted no more."""
    values = {"state": "ready", "published_at": None, "lease_until": None}
    connection.execute(update(job).where(job.c.lease_owner == owner, job.c.state == "leased").values(**values))
    connection.execute(worker.delete().where(worker.c.id == owner))


def sweep(connection: Connection, queue: Queue) -> Sequence[RowMapping]:
    """Expired leases go back to ready, or to the dead letters after too many lost workers."""
    lost = job.c.lost + 1
    dead = lost >= queue.max_lost
    statement = (
        update(job)
        .where(job.c.state == "leased", job.c.lease_until < NOW)
        .values(
            lost=lost,
            state=case((dead, "dead"), else_="ready"),
            reason=case((dead, f"{queue.max_lost} workers were lost while they had it"), else_="its worker was lost"),
            published_at=None,
            finished_at=case((dead, NOW), else_=None),
        )
        .returning(*job.c)
    )
    return connection.execute(statement).mappings().all()


def finish(connection: Connection, job_id: int, epoch: int, *, state: str = "done", reason: str = "") -> None:
    """Ends a job under our lease. Raises StaleLease where it is not ours any more; the caller rolls back."""
    _close(connection, job_id, epoch, state=state, reason=reason, finished_at=NOW)


def fail(connection: Connection, row: RowMapping, reason: str, queue: Queue) -> str:
    """Counts a failure: the state it leads to, `waiting` or `dead`."""
    failed = row["failed"] + 1
    state = "dead" if failed >= queue.max_failed else "waiting"
    pause = min(queue.backoff * 2 ** (failed - 1), queue.backoff_max)
    _close(
        connection,
        row["id"],
        row["lease_epoch"],
        state=state,
        reason=reason,
        failed=failed,
        not_before=ahead(pause) + func.random() * timedelta(seconds=pause / 2),
        finished_at=NOW if state == "dead" else None,
    )
    return state


def postpone(connection: Connection, row: RowMapping, reason: str, seconds: float) -> None:
    """Waits for something that is not the job's fault; neither counter moves."""
    _close(connection, row["id"], row["lease_epoch"], state="waiting", reason=reason, not_before=ahead(seconds))


def _close(connection: Connection, job_id: int, epoch: int, **values: Any) -> None:
    statement = update(job).where(job.c.id == job_id, job.c.lease_epoch == epoch, job.c.state == "leased")
    done = connection.execute(statement.values(published_at=None, lease_until=None, **values))
    if done.rowcount != 1:
        raise StaleLease(f"job {job_id} epoch {epoch}")


def has_reading(connection: Connection, version_id: int, shadow: bool) -> bool:
    """Whether a reading of the version is on its way or was given up on."""
    where = and_(job.c.version_id == version_id, job.c.shadow.is_(shadow), job.c.state != "cancelled")
    return bool(connection.scalar(select(func.count()).where(where)))


def cancel_readings(connection: Connection, report_id: int, keep: int | None) -> None:
    """Readings of a report's other versions, not begun, are of no use any more."""
    connection.execute(
        text(
            "UPDATE job SET state = 'cancelled', reason = 'another version became current', finished_at = now() "
            "WHERE kind = 'analysis' AND state IN ('ready', 'waiting') AND version_id IN "
            "(SELECT id FROM report_version WHERE report_id = :report AND id IS DISTINCT FROM :keep)"
        ),
        {"report": report_id, "keep": keep},
    )


def retry(connection: Connection, job_id: int) -> bool:
    """An operator sends a dead, waiting or cancelled job on its way again, counters at zero."""
    statement = update(job).where(job.c.id == job_id, job.c.state.in_(("dead", "waiting", "cancelled")))
    fresh = {"state": "ready", "lost": 0, "failed": 0, "reason": "", "published_at": None, "finished_at": None}
    return connection.execute(statement.values(not_before=NOW, **fresh)).rowcount == 1


def cancel(connection: Connection, job_id: int, reason: str) -> bool:
    """An operator gives a job up."""
    statement = update(job).where(job.c.id == job_id, job.c.state.in_(("ready", "waiting", "dead")))
    return connection.execute(statement.values(state="cancelled", reason=reason, finished_at=NOW)).rowcount == 1


def search(connection: Connection, *, state: str = "", limit: int = 200) -> Sequence[RowMapping]:
    """Jobs, newest first, with their age in seconds."""
    age = func.extract("epoch", NOW - job.c.created_at).label("age")
    query = select(*job.c, age).order_by(job.c.id.desc()).limit(limit)
    return connection.execute(query.where(job.c.state == state) if state else query).mappings().all()


def counts(connection: Connection) -> Sequence[RowMapping]:
    """Per state and priority: count, and the age in seconds of the oldest."""
    oldest = func.extract("epoch", NOW - func.min(job.c.created_at)).label("oldest")
    query = select(job.c.state, job.c.priority, func.count().label("count"), oldest)
    return connection.execute(query.group_by(job.c.state, job.c.priority)).mappings().all()


def unfinished(connection: Connection) -> int:
    """How many jobs have not ended."""
    return connection.scalar(select(func.count()).where(job.c.state.in_(OPEN), job.c.shadow == literal(False))) or 0
