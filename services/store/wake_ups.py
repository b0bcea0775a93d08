"""Wake-ups: which jobs are published to the broker next, and what of it nobody followed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, false, func, or_, select, text, update

from services.domain.messages import WakeUp
from services.settings import Queue
from services.store.clock import ahead
from services.store.rows import every
from services.store.tables import circuit, job

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
# The state is spelled out for the sake of the partial index.
_IS_SILENT = text("""
    SELECT EXISTS (SELECT FROM job WHERE state = 'ready' AND published_at < now() - make_interval(secs => :seconds))
""")
_SILENCE = text("""
    SELECT extract(epoch FROM now() - published_at)::float FROM job WHERE state = 'ready' AND published_at IS NOT NULL
    ORDER BY published_at DESC OFFSET :lying LIMIT 1
""")


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
) -> list[WakeUp]:
    """Marks the next jobs as published: (id, priority). STAT first, then each sender in turn.

    Readings in the shadow come last, and have at most half of the slots: a report that comes while they run finds one.
    A job published `silence` seconds ago (a lease if left out) and never claimed is taken again: the broker lost it. A
    job on its last chance (one more lost worker and it is dead) runs while no other such job does, so that it cannot
    take the blame for what another one does to their worker.
    """
    values = {"stat": stat, "others": others, "silence": silence or queue.lease, "last": max(1, queue.max_lost - 1)}
    values["alive"] = 3 * queue.renew
    rows = every(WakeUp, connection.execute(_TAKE_READY, values))
    return sorted(rows, key=lambda row: (row.priority, row.id))


def unpublish(connection: Connection, ids: Sequence[int]) -> None:
    """Jobs whose wake-up did not reach the broker are to be published again; one that is claimed was heard of."""
    statement = update(job).where(job.c.id.in_(ids), job.c.state == "ready")
    connection.execute(statement.values(published_at=None))


def take_probe(connection: Connection, engine: str) -> list[WakeUp]:
    """Marks one reading as published, to find out whether its engine is back: (id, priority)."""
    return every(WakeUp, connection.execute(_TAKE_PROBE, {"engine": engine}))


def unheard(connection: Connection, seconds: float) -> int:
    """Jobs that were published and due all that time, and that nobody has claimed."""
    published = and_(job.c.state == "ready", job.c.published_at.is_not(None), job.c.not_before < ahead(-seconds))
    return connection.scalar(select(func.count()).where(published)) or 0


def is_silent(connection: Connection, seconds: float) -> bool:
    """Whether a job was published that long ago and nobody has claimed it: it lies in the broker, or was lost there."""
    return bool(connection.scalar(_IS_SILENT, {"seconds": seconds}))


def silence(connection: Connection, lying: int) -> float | None:
    """Seconds since the newest wake-up was published that cannot be among the `lying` ones the broker holds.

    The broker hands out the oldest first and forgets all or nothing: what it holds is what was published last. None
    where it holds as many as there are jobs published and not claimed.
    """
    seconds: float | None = connection.scalar(_SILENCE, {"lying": lying})
    return seconds


def forgotten(connection: Connection, queue: Queue, seconds: float) -> int:
    """Jobs due for that long and not handed out although there is room for them: no relay is at work."""
    stat, others = capacity(connection, queue)
    urgencies = [job.c.priority == 0] * bool(stat) + [job.c.priority.between(1, LAST_SHOWN)] * bool(others)
    due = and_(job.c.state.in_(("ready", "waiting")), job.c.not_before < ahead(-seconds), job.c.published_at.is_(None))
    is_up = job.c.engine.not_in(select(circuit.c.engine).where(circuit.c.state != "closed"))
    # Jobs on their last chance wait for each other.
    where = and_(due, is_up, job.c.lost < max(1, queue.max_lost - 1), or_(false(), *urgencies))
    return connection.scalar(select(func.count()).select_from(job).where(where)) or 0
