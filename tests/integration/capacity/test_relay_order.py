"""The simulator and the database hand out the same jobs in the same order."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from services.capacity.relay_order import STAT, Ready, kept, room
from services.dispatch.reserve import kept_for_stat
from services.settings import Queue
from services.store import jobs, wake_ups

# What happens between two looks of the relay: jobs come (priority, sender), and some of those out are finished.
JOB = st.tuples(st.integers(0, 2), st.sampled_from("ABCD"))
BEAT = st.tuples(st.lists(JOB, max_size=25), st.integers(0, 12))
BEATS = st.lists(BEAT, min_size=1, max_size=6)
WORKERS = st.lists(st.integers(1, 8), min_size=1, max_size=4)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORKERS, st.floats(0, 0.5), st.sampled_from([1.0, 1.5, 2.0]), BEATS)
def test_both_publish_the_same_jobs_in_the_same_order(
    engine: Engine,
    workers: list[int],
    reserve: float,
    depth: float,
    beats: list[tuple[list[tuple[int, str]], int]],
) -> None:
    queue = Queue(stat_reserve=reserve, depth=depth)
    with engine.connect() as connection:
        for number, slots in enumerate(workers):
            jobs.renew(connection, f"worker {number}", slots, queue)
        ready, out = Ready(), list[tuple[int, int]]()
        slots, shared = sum(workers), sum(one - kept(one, reserve) for one in workers)
        for come, finished in beats:
            for priority, sender in come:
                ready.add(jobs.add(connection, kind="analysis", priority=priority, sender=sender), priority, sender)
            stat = sum(priority == STAT for priority, _ in out)
            ours = room(queue, slots, shared, stat, len(out) - stat)
            assert wake_ups.capacity(connection, queue) == ours
            taken = ready.take(*ours)
            assert [(row.priority, row.id) for row in wake_ups.take_ready(connection, queue, *ours)] == taken
            out += taken
            _finish(connection, [job for _, job in out[:finished]])
            out = out[finished:]
        connection.rollback()


def _finish(connection: Connection, done: list[int]) -> None:
    connection.execute(text("UPDATE job SET state = 'done' WHERE id = ANY(:done)"), {"done": done})


@given(st.integers(1, 512), st.floats(0, 0.99))
def test_as_many_slots_are_kept_for_stat_as_a_worker_keeps(slots: int, share: float) -> None:
    assert kept(slots, share) == kept_for_stat(Queue(concurrency=slots, stat_reserve=share))
