"""Queries on jobs: claimed under a lease, finished, given up. Every deadline is the database's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Text, and_, any_, bindparam, case, func, not_, select, text, true, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from services.domain.messages import ClaimedJob, Job, JobCount, JobStanding
from services.domain.words import JobState
from services.settings import Queue
from services.store.clock import NOW, ahead, scattered
from services.store.leases import Leases, pause
from services.store.rows import every, one_or_none
from services.store.tables import circuit, job, message, worker

SWEEPER = 0x53574550  # advisory lock key
JOBS = Leases(job, Job, held=JobState.LEASED, free={"state": JobState.READY, "published_at": None})
CLAIMABLE = [JobState.READY, JobState.WAITING]


def add(connection: Connection, **values: object) -> int:
    """Inserts a ready job; its id."""
    return JOBS.add(connection, **values)


# One parameter: with these states spelled out the planner could take the lanes' index, and read all of it.
_DUE = and_(
    job.c.id == bindparam("wanted"),
    job.c.state == any_(bindparam("claimable", type_=ARRAY(Text))),
    job.c.not_before <= NOW,
)
_LEASED = JOBS.claim(_DUE, lease_owner=bindparam("owner"), leased_at=NOW).returning(*job.c).cte("leased")
_SENDER = [func.coalesce(message.c[name], "").label(name) for name in ("door", "peer", "application", "facility")]
_CONTENT = [*_SENDER, message.c.part, func.coalesce(message.c.body, b"").label("body")]
_CLAIM = select(_LEASED, *_CONTENT).select_from(_LEASED.outerjoin(message, message.c.id == _LEASED.c.message_id))


def claim(connection: Connection, job_id: int, owner: str, queue: Queue) -> ClaimedJob | None:
    """Takes the lease of a ready job; None where somebody else has it, it is done, or it must wait.

    The job's columns, and its message's: door, peer, application, facility, part, body.
    """
    lease = timedelta(seconds=queue.lease)
    values = {"wanted": job_id, "claimable": CLAIMABLE, "owner": owner, "lease": lease}
    return one_or_none(ClaimedJob, connection.execute(_CLAIM, values))


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
    return JOBS.renew(connection, and_(_of_owner(owner), young), queue)


def _of_owner(owner: str) -> ColumnElement[bool]:
    return and_(job.c.lease_owner == owner, job.c.state == JOBS.held)


def give_back(connection: Connection, owner: str, ids: Sequence[int] | None = None) -> int:
    """Jobs a worker has leased (all of them without `ids`) are ready again, neither counter moved; how many."""
    mine = _of_owner(owner)
    return JOBS.give_back(connection, mine if ids is None else and_(mine, job.c.id.in_(ids)))


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


def sweep(connection: Connection, queue: Queue) -> list[Job]:
    """Expired leases go back to ready, or to the dead letters after too many lost workers."""
    lost = job.c.lost + 1
    dead = lost >= queue.max_lost
    return JOBS.sweep(
        connection,
        lost=lost,
        state=case((dead, JobState.DEAD), else_=JobState.READY),
        reason=case((dead, f"{queue.max_lost} workers were lost while they had it"), else_="its worker was lost"),
        finished_at=case((dead, NOW), else_=None),
    )


_FINISH = JOBS.closing(state=bindparam("ended"), reason=bindparam("because"), finished_at=NOW)


def finish(connection: Connection, row: Job, *, state: str = JobState.DONE, reason: str = "") -> None:
    """Ends a job under our lease. Raises StaleLease where it is not ours any more; the caller rolls back."""
    values = {"mine": row.id, "epoch": row.lease_epoch, "ended": state, "because": reason}
    JOBS.check(connection.execute(_FINISH, values).rowcount, row)


_FINISHED = JOBS.closing(state=JobState.DONE, reason="", finished_at=NOW).returning(job.c.message_id).cte("finished")
_FINISH_INTAKE = (
    update(message)
    .where(message.c.id == _FINISHED.c.message_id)
    .values(state=bindparam("left"), reason=bindparam("because"), notes=bindparam("noted"))
)


def finish_intake(connection: Connection, row: Job, state: str, reason: str, notes: Sequence[str] = ()) -> None:
    """Ends a job, and with it the way of its message, which is left in `state`. Raises StaleLease as above."""
    values = {"mine": row.id, "epoch": row.lease_epoch, "left": state, "because": reason, "noted": list(notes)}
    JOBS.check(connection.execute(_FINISH_INTAKE, values).rowcount, row)


def fail(connection: Connection, row: Job, reason: str, queue: Queue, *, final: bool = False) -> JobState:
    """Counts a failure: the state it leads to, `waiting` or `dead`. `final`: trying again changes nothing."""
    failed = row.failed + 1
    dead = final or failed >= queue.max_failed
    state = JobState.DEAD if dead else JobState.WAITING
    later, ended = scattered(pause(queue, failed)), NOW if dead else None
    JOBS.close(connection, row, state=state, reason=reason, failed=failed, not_before=later, finished_at=ended)
    return state


def wait(connection: Connection, row: Job, reason: str, seconds: float) -> None:
    """Waits for something that others bring, to the second; neither counter moves."""
    JOBS.close(connection, row, state=JobState.WAITING, reason=reason, not_before=ahead(seconds))


def postpone(connection: Connection, row: Job, reason: str, seconds: float) -> None:
    """Waits for something that is not the job's fault; neither counter moves."""
    JOBS.close(connection, row, state=JobState.WAITING, reason=reason, not_before=scattered(seconds))


def has_reading(connection: Connection, version_id: int, engine: str, shadow: bool) -> bool:
    """Whether a reading of the version by an engine was made, is on its way or was given up on."""
    asked = and_(job.c.engine == engine, job.c.shadow.is_(shadow))
    where = and_(job.c.version_id == version_id, asked, job.c.state != "cancelled")
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
    fresh = {"lost": 0, "failed": 0, "reason": "", "not_before": NOW, "finished_at": None}
    done = JOBS.move(connection, job_id, ("dead", "waiting", "cancelled"), **fresh)
    if done:
        _move_message(connection, job_id, "quarantined", "queued", "")
    return done


def cancel(connection: Connection, job_id: int, reason: str) -> bool:
    """An operator gives a job up; a message that was to be taken in is quarantined, so that it is not forgotten."""
    given_up = {"state": JobState.CANCELLED, "reason": reason, "finished_at": NOW}
    done = JOBS.move(connection, job_id, ("ready", "waiting", "dead"), **given_up)
    if done:
        _move_message(connection, job_id, "queued", "quarantined", reason)
    return done


def _move_message(connection: Connection, job_id: int, before: str, after: str, reason: str) -> None:
    of_job = select(job.c.message_id).where(job.c.id == job_id, job.c.kind == "intake").scalar_subquery()
    statement = update(message).where(message.c.id == of_job, message.c.state == before)
    connection.execute(statement.values(state=after, reason=reason))


def search(
    connection: Connection,
    *,
    site: str = "",
    state: str = "",
    ids: Sequence[int] | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[JobStanding]:
    """Jobs, newest first, with their age in seconds, whether they are due, and their engine's circuit."""
    age = func.extract("epoch", NOW - job.c.created_at).label("age")
    wait = func.extract("epoch", job.c.not_before - NOW).label("wait")
    held = circuit.c.state.label("circuit")
    joined = job.outerjoin(circuit, and_(circuit.c.engine == job.c.engine, job.c.kind == "analysis"))
    query = select(*job.c, age, wait, held).select_from(joined).order_by(job.c.id.desc()).limit(limit)
    if ids is not None:
        query = query.where(job.c.id.in_(ids))
    if before is not None:
        query = query.where(job.c.id < before)
    if site:
        query = query.where(job.c.site_id == site)
    return every(JobStanding, connection.execute(query.where(job.c.state == state) if state else query))


def slots_alive(connection: Connection, queue: Queue) -> int:
    """Slots of all workers seen lately."""
    alive = worker.c.seen_at > ahead(-3 * queue.renew)
    return connection.scalar(select(func.coalesce(func.sum(worker.c.slots), 0)).where(alive)) or 0


# Each by the index of its state: what is done is nearly all there is, and is not read.
_COUNTED = union_all(
    *(
        select(job.c.state, job.c.priority, job.c.created_at).where(text(f"job.state = '{state}'"), condition)
        for state, condition in (
            (JobState.READY, true()),
            (JobState.WAITING, not_(and_(job.c.kind == "intake", job.c.failed == 0, job.c.lost == 0))),
            (JobState.LEASED, true()),
            (JobState.DEAD, true()),
        )
    )
).subquery()
_OLDEST = func.extract("epoch", NOW - func.min(_COUNTED.c.created_at)).label("oldest")
_COUNTS = select(_COUNTED.c.state, _COUNTED.c.priority, func.count().label("count"), _OLDEST)
_COUNTS = _COUNTS.group_by(_COUNTED.c.state, _COUNTED.c.priority)


def counts(connection: Connection) -> list[JobCount]:
    """Of what is not over, per state and priority: count, and the age in seconds of the oldest.

    A message in parts that waits for the rest is nobody's backlog: it is left out.
    """
    return every(JobCount, connection.execute(_COUNTS))
