"""Queries on jobs: published, claimed under a lease, finished, given up. Every deadline is the database's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    Interval,
    RowMapping,
    Text,
    and_,
    any_,
    bindparam,
    case,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from services.settings import Queue
from services.store.tables import circuit, job, message, worker

NOW = func.now()
SWEEPER = 0x53574550  # advisory lock key
LAST_SHOWN = 2  # integration.canonical.Priority ends here; behind it are readings in the shadow


# Of every (priority, sender) lane the next few jobs, so that a beat costs the same whatever the backlog.
_DUE = "state IN ('ready', 'waiting') AND not_before <= now() AND (published_at IS NULL OR published_at < {lost})"
_WAITING = _DUE.format(lost="now() - make_interval(secs => :silence)")
_PUBLISHED = "state = 'ready' AND published_at >= now() - make_interval(secs => :silence)"
_ENGINE_IS_UP = "engine NOT IN (SELECT engine FROM circuit WHERE state <> 'closed')"
_TAKE_READY = text(f"""
    WITH RECURSIVE lane AS (
        (SELECT priority, sender FROM job WHERE state IN ('ready', 'waiting') ORDER BY priority, sender LIMIT 1)
        UNION ALL
        SELECT later.priority, later.sender FROM lane CROSS JOIN LATERAL (
            SELECT priority, sender FROM job
            WHERE state IN ('ready', 'waiting') AND (priority, sender) > (lane.priority, lane.sender)
            ORDER BY priority, sender LIMIT 1
        ) AS later
    ), ranked AS (
        SELECT due.id, lane.priority,
            row_number() OVER (PARTITION BY lane.priority, lane.sender ORDER BY due.id) AS turn
        FROM lane CROSS JOIN LATERAL (
            SELECT id FROM job
            WHERE priority = lane.priority AND sender = lane.sender AND {_WAITING} AND lost < :last AND {_ENGINE_IS_UP}
            ORDER BY id LIMIT CASE WHEN lane.priority = 0 THEN :stat ELSE :others END
        ) AS due
    ), shadows AS (
        SELECT id FROM ranked WHERE priority > {LAST_SHOWN} ORDER BY turn, id LIMIT (
            SELECT greatest(0, greatest(1, coalesce(sum(slots), 0) / 2)
                - (SELECT count(*) FROM job WHERE priority > {LAST_SHOWN} AND state = 'leased')
                - (SELECT count(*) FROM job WHERE priority > {LAST_SHOWN} AND {_PUBLISHED})
            ) FROM worker WHERE seen_at > now() - make_interval(secs => :alive)
        )
    ), chosen AS (
        (SELECT id FROM ranked WHERE priority = 0 ORDER BY turn, id LIMIT :stat)
        UNION ALL
        (SELECT id FROM ranked WHERE priority > 0 AND (priority <= {LAST_SHOWN} OR id IN (SELECT id FROM shadows))
            ORDER BY priority, turn, id LIMIT :others)
        UNION ALL
        (SELECT id FROM job WHERE {_WAITING} AND lost > 0 AND lost >= :last AND {_ENGINE_IS_UP} AND :others > 0
            AND NOT EXISTS (
                SELECT FROM job AS running WHERE running.lost > 0 AND running.lost >= :last AND (
                    running.state = 'leased'
                    OR running.state = 'ready' AND running.published_at >= now() - make_interval(secs => :silence)
                )
            )
            ORDER BY priority, id LIMIT 1)
    ), free AS (
        SELECT id FROM job WHERE id IN (SELECT id FROM chosen) AND {_WAITING} FOR UPDATE SKIP LOCKED
    )
    UPDATE job SET state = 'ready', published_at = now() FROM free WHERE job.id = free.id
    RETURNING job.id, job.priority
""")  # noqa: S608
_TAKE_PROBE = text("""
    WITH free AS (
        SELECT id FROM job
        WHERE kind = 'analysis' AND engine = :engine AND state IN ('ready', 'waiting')
        ORDER BY priority, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE job SET state = 'ready', published_at = now(), not_before = least(not_before, now())
    FROM free WHERE job.id = free.id RETURNING job.id, job.priority
""")
_CAPACITY = text("""
    WITH alive AS (
        SELECT slots, least(slots - 1, ceil(slots * CAST(:share AS numeric))) AS kept
        FROM worker WHERE seen_at > now() - make_interval(secs => :alive)
    ), busy AS (
        SELECT priority FROM job WHERE state = 'leased'
        UNION ALL
        SELECT priority FROM job WHERE state = 'ready' AND published_at > now() - make_interval(secs => :silence)
    )
    SELECT (SELECT coalesce(sum(slots), 0) FROM alive)::int AS slots,
        (SELECT coalesce(sum(slots - kept), 0) FROM alive)::int AS shared,
        count(*) FILTER (WHERE priority = 0) AS stat, count(*) FILTER (WHERE priority > 0) AS others
    FROM busy
""")


class StaleLease(Exception):
    """The lease under which a result was to be written is not ours any more."""


def ahead(seconds: float) -> ColumnElement[Any]:
    """The database's clock, some seconds on."""
    return NOW + timedelta(seconds=seconds)


_ADD = insert(job).returning(job.c.id)
_ADD_DONE = insert(job).values(state="done", lease_epoch=1, leased_at=NOW, finished_at=NOW).returning(job.c.id)


def add(connection: Connection, **values: Any) -> int:
    """Inserts a ready job; its id."""
    return int(connection.execute(_ADD, values).scalar_one())


def add_done(connection: Connection, **values: Any) -> int:
    """Inserts a job that its `lease_owner` has done in the same go as another; its id."""
    return int(connection.execute(_ADD_DONE, values).scalar_one())


def capacity(connection: Connection, queue: Queue, silence: float | None = None) -> tuple[int, int]:
    """(room for STAT, room for others): how many more jobs to publish so that the broker stays shallow.

    Others are given no room in the slots kept for STAT; STAT is held back by nothing but STAT. `silence`: seconds after
    which a wake-up that no claim has followed counts as lost; a lease if left out.
    """
    values = {"alive": 3 * queue.renew, "silence": silence or queue.lease, "share": queue.stat_reserve}
    found = connection.execute(_CAPACITY, values).one()
    depth = queue.depth
    return max(0, round(found.slots * depth) - found.stat), max(0, round(found.shared * depth) - found.others)


def take_ready(
    connection: Connection, queue: Queue, stat: int, others: int, silence: float | None = None
) -> Sequence[RowMapping]:
    """Marks the next jobs as published: (id, priority). STAT first, then each sender in turn.

    Readings in the shadow come last, and have at most half of the slots: a report that comes while they run finds one.
    A job published `silence` seconds ago (a lease if left out) and never claimed is taken again: the broker lost it. A
    job on its last chance (one more lost worker and it is dead) runs while no other such job does, so that it cannot
    take the blame for what another one does to their worker.
    """
    values = {"stat": stat, "others": others, "silence": silence or queue.lease, "last": max(1, queue.max_lost - 1)}
    values["alive"] = 3 * queue.renew
    rows = connection.execute(_TAKE_READY, values).mappings().all()
    return sorted(rows, key=lambda row: (row["priority"], row["id"]))


def unpublish(connection: Connection, ids: Sequence[int]) -> None:
    """Jobs whose wake-up did not reach the broker are to be published again; one that is claimed was heard of."""
    statement = update(job).where(job.c.id.in_(ids), job.c.state == "ready")
    connection.execute(statement.values(published_at=None))


def take_probe(connection: Connection, engine: str) -> Sequence[RowMapping]:
    """Marks one reading as published, to find out whether its engine is back: (id, priority)."""
    return connection.execute(_TAKE_PROBE, {"engine": engine}).mappings().all()


_LEASED = (
    update(job)
    .where(
        job.c.id == bindparam("wanted"),
        # One parameter: with these states spelled out the planner could take the lanes' index, and read all of it.
        job.c.state == any_(bindparam("claimable", type_=ARRAY(Text))),
        job.c.not_before <= NOW,
    )
    .values(
        state="leased",
        lease_epoch=job.c.lease_epoch + 1,
        lease_owner=bindparam("owner"),
        leased_at=NOW,
        lease_until=NOW + bindparam("lease", type_=Interval),
    )
    .returning(*job.c)
    .cte("leased")
)
_CONTENT = [message.c[name] for name in ("door", "peer", "application", "facility", "part", "body")]
_CLAIM = select(_LEASED, *_CONTENT).select_from(_LEASED.outerjoin(message, message.c.id == _LEASED.c.message_id))


def claim(connection: Connection, job_id: int, owner: str, queue: Queue) -> RowMapping | None:
    """Takes the lease of a ready job; None where somebody else has it, it is done, or it must wait.

    The job's columns, and its message's: door, peer, application, facility, part, body.
    """
    lease = timedelta(seconds=queue.lease)
    values = {"wanted": job_id, "claimable": ["ready", "waiting"], "owner": owner, "lease": lease}
    return connection.execute(_CLAIM, values).mappings().one_or_none()


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


def give_back(connection: Connection, owner: str, ids: Sequence[int] | None = None) -> int:
    """Jobs a worker has leased (all of them without `ids`) are ready again, neither counter moved; how many."""
    mine = and_(job.c.lease_owner == owner, job.c.state == "leased")
    if ids is not None:
        mine = and_(mine, job.c.id.in_(ids))
    values = {"state": "ready", "published_at": None, "lease_until": None}
    return connection.execute(update(job).where(mine).values(**values)).rowcount


def leave(connection: Connection, owner: str) -> None:
    """A worker that stops gives its leases back at once and is counted no more."""
    give_back(connection, owner)
    connection.execute(worker.delete().where(worker.c.id == owner))


def forget_workers(connection: Connection, queue: Queue) -> None:
    """Workers that went without leaving, and long ago, are no more in the list."""
    connection.execute(worker.delete().where(worker.c.seen_at < ahead(-10 * queue.lease)))


def may_sweep(connection: Connection) -> bool:
    """Whether this transaction is the one sweeper of the moment (an advisory lock until it ends)."""
    return bool(connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SWEEPER}))


def sweep(connection: Connection, queue: Queue) -> Sequence[RowMapping]:
    """Expired leases go back to ready, or to the dead letters after too many lost workers.

    A row that a stopped worker has locked is left for the next sweep, so that it holds nobody up.
    """
    lost = job.c.lost + 1
    dead = lost >= queue.max_lost
    expired = select(job.c.id).where(job.c.state == "leased", job.c.lease_until < NOW).with_for_update(skip_locked=True)
    statement = (
        update(job)
        .where(job.c.id.in_(expired))
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


_MINE = and_(job.c.id == bindparam("mine"), job.c.lease_epoch == bindparam("epoch"), job.c.state == "leased")
_FINISH = (
    update(job)
    .where(_MINE)
    .values(state=bindparam("ended"), reason=bindparam("because"), published_at=None, lease_until=None, finished_at=NOW)
)


def finish(connection: Connection, job_id: int, epoch: int, *, state: str = "done", reason: str = "") -> None:
    """Ends a job under our lease. Raises StaleLease where it is not ours any more; the caller rolls back."""
    values = {"mine": job_id, "epoch": epoch, "ended": state, "because": reason}
    _must_be_mine(connection.execute(_FINISH, values), job_id, epoch)


_FINISH_INTAKE = text("""
    WITH finished AS (
        UPDATE job SET state = 'done', reason = '', published_at = NULL, lease_until = NULL, finished_at = now()
        WHERE id = :mine AND lease_epoch = :epoch AND state = 'leased' RETURNING message_id
    )
    UPDATE message SET state = :state, reason = :reason FROM finished WHERE message.id = finished.message_id
""").bindparams(bindparam("state", type_=Text), bindparam("reason", type_=Text))


def finish_intake(connection: Connection, job_id: int, epoch: int, state: str, reason: str) -> None:
    """Ends a job, and with it the way of its message, which is left in `state`. Raises StaleLease as above."""
    values = {"mine": job_id, "epoch": epoch, "state": state, "reason": reason}
    _must_be_mine(connection.execute(_FINISH_INTAKE, values), job_id, epoch)


def fail(connection: Connection, row: RowMapping, reason: str, queue: Queue, *, final: bool = False) -> str:
    """Counts a failure: the state it leads to, `waiting` or `dead`. `final`: trying again changes nothing."""
    failed = row["failed"] + 1
    state = "dead" if final or failed >= queue.max_failed else "waiting"
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
    later = ahead(seconds) + func.random() * timedelta(seconds=seconds / 4)
    _close(connection, row["id"], row["lease_epoch"], state="waiting", reason=reason, not_before=later)


def _close(connection: Connection, job_id: int, epoch: int, **values: Any) -> None:
    statement = update(job).where(_MINE).values(published_at=None, lease_until=None, **values)
    _must_be_mine(connection.execute(statement, {"mine": job_id, "epoch": epoch}), job_id, epoch)


def _must_be_mine(done: CursorResult[Any], job_id: int, epoch: int) -> None:
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
    done = connection.execute(statement.values(not_before=NOW, **fresh)).rowcount == 1
    if done:
        _move_message(connection, job_id, "quarantined", "queued", "")
    return done


def cancel(connection: Connection, job_id: int, reason: str) -> bool:
    """An operator gives a job up; a message that was to be taken in is quarantined, so that it is not forgotten."""
    statement = update(job).where(job.c.id == job_id, job.c.state.in_(("ready", "waiting", "dead")))
    done = connection.execute(statement.values(state="cancelled", reason=reason, finished_at=NOW)).rowcount == 1
    if done:
        _move_message(connection, job_id, "queued", "quarantined", reason)
    return done


def _move_message(connection: Connection, job_id: int, before: str, after: str, reason: str) -> None:
    of_job = select(job.c.message_id).where(job.c.id == job_id, job.c.kind == "intake").scalar_subquery()
    statement = update(message).where(message.c.id == of_job, message.c.state == before)
    connection.execute(statement.values(state=after, reason=reason))


def search(
    connection: Connection, *, state: str = "", ids: Sequence[int] | None = None, limit: int = 200
) -> Sequence[RowMapping]:
    """Jobs, newest first, with their age in seconds, whether they are due, and their engine's circuit."""
    age = func.extract("epoch", NOW - job.c.created_at).label("age")
    wait = func.extract("epoch", job.c.not_before - NOW).label("wait")
    held = circuit.c.state.label("circuit")
    joined = job.outerjoin(circuit, and_(circuit.c.engine == job.c.engine, job.c.kind == "analysis"))
    query = select(*job.c, age, wait, held).select_from(joined).order_by(job.c.id.desc()).limit(limit)
    if ids is not None:
        query = query.where(job.c.id.in_(ids))
    return connection.execute(query.where(job.c.state == state) if state else query).mappings().all()


def slots_alive(connection: Connection, queue: Queue) -> int:
    """Slots of all workers seen lately."""
    alive = worker.c.seen_at > ahead(-3 * queue.renew)
    return connection.scalar(select(func.coalesce(func.sum(worker.c.slots), 0)).where(alive)) or 0


def counts(connection: Connection) -> Sequence[RowMapping]:
    """Per state and priority: count, and the age in seconds of the oldest."""
    oldest = func.extract("epoch", NOW - func.min(job.c.created_at)).label("oldest")
    query = select(job.c.state, job.c.priority, func.count().label("count"), oldest)
    return connection.execute(query.group_by(job.c.state, job.c.priority)).mappings().all()
