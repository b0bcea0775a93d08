"""Wake-ups that nobody followed: published and not claimed, or due and never published."""

from __future__ import annotations

from sqlalchemy import Connection, and_, false, func, or_, select, text

from services.settings import Queue
from services.store.jobs import LAST_SHOWN, ahead, capacity
from services.store.tables import circuit, job

# The state is spelled out for the sake of the partial index.
_IS_SILENT = text("""
    SELECT EXISTS (SELECT FROM job WHERE state = 'ready' AND published_at < now() - make_interval(secs => :seconds))
""")
_SILENCE = text("""
    SELECT extract(epoch FROM now() - published_at)::float FROM job WHERE state = 'ready' AND published_at IS NOT NULL
    ORDER BY published_at DESC OFFSET :lying LIMIT 1
""")


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
