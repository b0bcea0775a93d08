"""Which job goes out next, and what becomes of one whose worker or engine is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from services.settings import Queue
from services.store import circuits, jobs, wake_ups

QUEUE = Queue(concurrency=10, lease=60, renew=20, sweep=10)
PLENTY = 100


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One transaction on a fresh database; its clock stands still."""
    with engine.begin() as connection:
        yield connection


def add(connection: Connection, number: int = 1, **values: Any) -> list[int]:
    defaults = {"kind": "intake", "priority": 2, "sender": "A"}
    return [jobs.add(connection, **{**defaults, **values}) for _ in range(number)]


def published(connection: Connection, stat: int = PLENTY, others: int = PLENTY, queue: Queue = QUEUE) -> list[int]:
    return [row.id for row in wake_ups.take_ready(connection, queue, stat, others)]


def claim(connection: Connection, job_id: int, owner: str = "one") -> Any:
    return jobs.claim(connection, job_id, owner, QUEUE)


def pass_time(connection: Connection, seconds: float) -> None:
    """Moves every deadline into the past by as much."""
    columns = ("not_before", "published_at", "leased_at", "lease_until")
    moved = ", ".join(f"{name} = {name} - make_interval(secs => {seconds})" for name in columns)
    connection.execute(text(f"UPDATE job SET {moved}"))
    connection.execute(text(f"UPDATE worker SET seen_at = seen_at - make_interval(secs => {seconds})"))
    connection.execute(text(f"UPDATE circuit SET open_until = open_until - make_interval(secs => {seconds})"))


def state(connection: Connection, job_id: int) -> Any:
    return jobs.search(connection, ids=[job_id])[0]


def test_stat_goes_first_and_then_each_sender_in_turn(connection: Connection) -> None:
    flood, other, stat = add(connection, 5), add(connection, 2, sender="B"), add(connection, 1, priority=0)
    assert set(published(connection, others=4)) == {*stat, *flood[:2], *other}


def test_a_flood_of_one_sender_does_not_hold_another_back(connection: Connection) -> None:
    add(connection, 500)
    (late,) = add(connection, sender="B")
    assert late in published(connection, others=2)


def test_a_wake_up_the_broker_lost_is_sent_again_after_a_lease(connection: Connection) -> None:
    (job,) = add(connection)
    assert published(connection) == [job]
    assert published(connection) == []
    pass_time(connection, QUEUE.lease + 1)
    assert published(connection) == [job]


def test_leases_are_renewed_but_not_beyond_their_total_lifetime(connection: Connection) -> None:
    (job,) = add(connection)
    claim(connection, job)
    for _ in range(10):
        pass_time(connection, QUEUE.renew)
        assert jobs.renew(connection, "one", 10, QUEUE) == 1
        assert jobs.sweep(connection, QUEUE) == []
    pass_time(connection, QUEUE.lease_total)
    assert jobs.renew(connection, "one", 10, QUEUE) == 0
    assert len(jobs.sweep(connection, QUEUE)) == 1


def test_three_lost_workers_make_a_dead_letter(connection: Connection) -> None:
    (job,) = add(connection)
    for _ in range(QUEUE.max_lost):
        claim(connection, job)
        pass_time(connection, QUEUE.lease + 1)
        jobs.sweep(connection, QUEUE)
    row = state(connection, job)
    assert (row.state, row.lost, row.failed) == ("dead", 3, 0)


def test_five_failures_make_a_dead_letter_each_after_a_longer_pause(connection: Connection) -> None:
    (job,) = add(connection)
    waits = []
    for _ in range(QUEUE.max_failed):
        pass_time(connection, 10_000)
        jobs.fail(connection, claim(connection, job), "no good", QUEUE)
        waits.append(state(connection, job).wait)
    row = state(connection, job)
    assert (row.state, row.lost, row.failed) == ("dead", 0, 5)
    assert waits == sorted(waits)


def test_an_outage_moves_neither_counter(connection: Connection) -> None:
    (job,) = add(connection)
    for _ in range(10):
        jobs.postpone(connection, claim(connection, job), "away", 30)
        pass_time(connection, 60)
    row = state(connection, job)
    assert (row.state, row.lost, row.failed) == ("waiting", 0, 0)


def test_jobs_on_their_last_chance_run_one_at_a_time(connection: Connection) -> None:
    suspects, fresh = add(connection, 5, lost=2), add(connection, 3)
    first, *others = published(connection)
    assert first in suspects and set(others) == set(fresh)
    claimed = claim(connection, first)
    assert published(connection) == []
    jobs.finish(connection, claimed)
    assert published(connection) == [suspects[1]]


def test_a_worker_that_leaves_gives_its_leases_back_uncounted(connection: Connection) -> None:
    (job,) = add(connection)
    jobs.renew(connection, "one", 10, QUEUE)
    claim(connection, job)
    jobs.leave(connection, "one")
    row = state(connection, job)
    assert (row.state, row.lost) == ("ready", 0)
    assert jobs.slots_alive(connection, QUEUE) == 0


def test_nothing_is_published_while_no_worker_lives(connection: Connection) -> None:
    add(connection, 3)
    assert wake_ups.capacity(connection, QUEUE) == (0, 0)
    jobs.renew(connection, "one", 10, QUEUE)
    assert wake_ups.capacity(connection, QUEUE) == (20, 18)
    pass_time(connection, 4 * QUEUE.renew)
    assert wake_ups.capacity(connection, QUEUE) == (0, 0)


def test_the_broker_stays_shallow_and_stat_is_held_back_by_nothing_but_stat(connection: Connection) -> None:
    jobs.renew(connection, "one", 10, QUEUE)
    add(connection, 500)
    published(connection, *wake_ups.capacity(connection, QUEUE))
    assert wake_ups.capacity(connection, QUEUE) == (20, 0)
    stat = add(connection, 3, priority=0)
    assert published(connection, *wake_ups.capacity(connection, QUEUE)) == stat


def reading(connection: Connection, number: int = 1) -> list[int]:
    return add(connection, number, kind="analysis", engine="r1")


def open_circuit(connection: Connection) -> None:
    for _ in range(QUEUE.circuit_failures):
        circuits.failed(connection, "r1", QUEUE)


def test_five_outages_in_a_row_open_the_circuit_and_readings_stay_while_messages_go(connection: Connection) -> None:
    readings, messages = reading(connection, 3), add(connection)
    assert [circuits.failed(connection, "r1", QUEUE) for _ in range(5)] == [False] * 4 + [True]
    assert published(connection) == messages
    assert all(state(connection, job).circuit == "open" for job in readings)


def test_an_answer_in_between_starts_the_count_again(connection: Connection) -> None:
    for _ in range(4):
        circuits.failed(connection, "r1", QUEUE)
    assert circuits.answered(connection, "r1")
    assert not circuits.answered(connection, "r1")
    assert not circuits.failed(connection, "r1", QUEUE)


def test_after_the_pause_one_reading_goes_out_to_find_out(connection: Connection) -> None:
    readings = reading(connection, 3)
    open_circuit(connection)
    assert circuits.probe(connection, QUEUE) == []
    pass_time(connection, QUEUE.circuit_pause + 1)
    assert circuits.probe(connection, QUEUE) == ["r1"]
    assert [row.id for row in wake_ups.take_probe(connection, "r1")] == readings[:1]
    assert circuits.probe(connection, QUEUE) == []
    assert published(connection) == []


def test_a_probe_that_fails_opens_it_again_and_one_that_answers_closes_it(connection: Connection) -> None:
    readings = reading(connection, 3)
    open_circuit(connection)
    pass_time(connection, QUEUE.circuit_pause + 1)
    circuits.probe(connection, QUEUE)
    circuits.failed(connection, "r1", QUEUE)
    assert circuits.all_of_them(connection)[0].state == "open"
    pass_time(connection, QUEUE.circuit_pause + 1)
    assert circuits.probe(connection, QUEUE) == ["r1"]
    circuits.answered(connection, "r1")
    assert published(connection) == readings


def test_work_that_was_published_long_ago_and_never_claimed_is_unheard(connection: Connection) -> None:
    add(connection)
    published(connection)
    assert wake_ups.unheard(connection, 120) == 0
    pass_time(connection, 121)
    assert wake_ups.unheard(connection, 120) == 1
