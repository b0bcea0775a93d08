"""The lease machine: what holds for jobs holds for deliveries, each test run against both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, func, select, text

from services.domain.deliveries import Delivery
from services.domain.messages import Job
from services.settings import Queue
from services.store import deliveries, inbox, jobs
from services.store.leases import Leases, StaleLease, pause
from services.store.tables import delivery, job, message, notice, report_version, review
from services.workflow.dead_letters import bury, bury_delivery
from tests import seeding

QUEUE = Queue(concurrency=10, lease=60, renew=20, sweep=10)
TOLD = (job, delivery, message, notice, review)
"""All that the end of a job or delivery may write to."""
Row = Any
Write = Callable[[Connection, Row], object]


@dataclass(frozen=True)
class Kind:
    """One kind of work.

    `take_back`: what becomes of lapsed leases; `ends`: all that ends a lease, a dead letter first.
    """

    machine: Leases[Any]
    put: Callable[[Connection], int]
    claim: Callable[[Connection, int, str], Row | None]
    renew: Callable[[Connection, Row], int]
    give_back: Callable[[Connection, Row], int]
    take_back: Callable[[Connection], list[int]]
    retry: Callable[[Connection, int], bool]
    ends: Sequence[Write]

    @property
    def table(self) -> Table:
        return self.machine.table

    def row(self, connection: Connection, number: int) -> Any:
        return connection.execute(select(self.table).where(self.table.c.id == number)).one()


def put_job(connection: Connection) -> int:
    said = {"door": "hl7", "body": b"MSH|", "bytes": 4, "sha256": "", "state": "queued"}
    number = connection.execute(message.insert().values(said).returning(message.c.id)).scalar_one()
    return jobs.add(connection, kind="intake", message_id=number)


def put_delivery(connection: Connection) -> int:
    seeding.put(connection, seeding.Exam())
    version = connection.execute(select(report_version).order_by(report_version.c.id.desc()).limit(1)).one()
    ids = {"report_id": version.report_id, "version_id": version.id}
    return deliveries.add(connection, kind="proposed", destination="default", **ids)


def claim_delivery(connection: Connection, number: int, owner: str) -> Delivery | None:
    return next((row for row in deliveries.claim(connection, QUEUE, 8) if row.id == number), None)


def take_over(connection: Connection) -> list[int]:
    """A delivery whose lease ran out is counted by the next claim."""
    rows = deliveries.claim(connection, QUEUE, 8)
    deliveries.give_back(connection, rows)
    return [row.id for row in rows]


def close_all(connection: Connection, row: Delivery) -> None:
    if not deliveries.close_sent(connection, [row]):
        raise StaleLease


def dead_job(connection: Connection, row: Job) -> None:
    jobs.fail(connection, row, "no good", QUEUE, final=True)
    bury(connection, row, "no good")


JOBS = Kind(
    jobs.JOBS,
    put_job,
    lambda connection, number, owner: jobs.claim(connection, number, owner, QUEUE),
    lambda connection, row: jobs.renew(connection, row.lease_owner, 1, QUEUE),
    lambda connection, row: jobs.give_back(connection, row.lease_owner, [row.id]),
    lambda connection: [row.id for row in jobs.sweep(connection, QUEUE)],
    jobs.retry,
    (
        dead_job,
        jobs.finish,
        lambda connection, row: jobs.finish_intake(connection, row, "done", "", ["a note"]),
        lambda connection, row: jobs.fail(connection, row, "late", QUEUE),
        lambda connection, row: jobs.wait(connection, row, "late", 1),
        lambda connection, row: jobs.postpone(connection, row, "late", 1),
    ),
)
DELIVERIES = Kind(
    deliveries.DELIVERIES,
    put_delivery,
    claim_delivery,
    lambda connection, row: deliveries.renew(connection, [row], QUEUE),
    lambda connection, row: deliveries.give_back(connection, [row]),
    take_over,
    deliveries.retry,
    (
        lambda connection, row: bury_delivery(connection, row, "refused", note="look at it"),
        lambda connection, row: deliveries.close(connection, row, "sent"),
        close_all,
        lambda connection, row: deliveries.postpone(connection, row, "late", QUEUE),
    ),
)


@pytest.fixture(params=[JOBS, DELIVERIES], ids=["jobs", "deliveries"])
def kind(request: pytest.FixtureRequest) -> Kind:
    made: Kind = request.param
    return made


@pytest.fixture
def number(engine: Engine, kind: Kind) -> int:
    with engine.begin() as connection:
        return kind.put(connection)


def claimed(engine: Engine, kind: Kind, number: int, owner: str = "one") -> Row:
    with engine.begin() as connection:
        return kind.claim(connection, number, owner)


def pass_time(engine: Engine, kind: Kind, seconds: float) -> None:
    """Moves every deadline of the table into the past by as much."""
    columns = {name for name in ("not_before", "leased_at", "lease_until") if name in kind.table.c}
    with engine.begin() as connection:
        for name in columns:
            moved = kind.table.c[name] - text(f"make_interval(secs => {seconds})")
            connection.execute(kind.table.update().values({name: moved}))


def standing(engine: Engine) -> list[list[Any]]:
    with engine.connect() as connection:
        return [list(connection.execute(select(table).order_by(table.c.id))) for table in TOLD]


@contextmanager
def refused(engine: Engine) -> Iterator[Connection]:
    with pytest.raises(StaleLease), engine.begin() as connection:
        yield connection


def test_of_many_that_claim_at_once_one_gets_the_lease(engine: Engine, kind: Kind, number: int) -> None:
    with ThreadPoolExecutor(6) as pool:
        rows = list(pool.map(lambda each: claimed(engine, kind, number, str(each)), range(6)))
    assert [row.lease_epoch for row in rows if row] == [1]


def test_what_somebody_has_locked_holds_nobody_up(engine: Engine, kind: Kind, number: int) -> None:
    """A process that was stopped in the middle keeps its row's lock: another's claim and sweep go on without it."""
    with engine.begin() as connection:
        other = kind.put(connection)
    for each in (number, other):
        claimed(engine, kind, each)
    pass_time(engine, kind, QUEUE.lease + 1)
    with engine.begin() as stopped, engine.begin() as going:
        stopped.execute(select(kind.table.c.id).where(kind.table.c.id == number).with_for_update())
        assert kind.take_back(going) == [other]
    with engine.begin() as later:
        assert kind.take_back(later) == [number]


def test_a_holder_whose_lease_was_taken_over_writes_nothing(engine: Engine, kind: Kind, number: int) -> None:
    late = claimed(engine, kind, number)
    pass_time(engine, kind, QUEUE.lease + 1)
    with engine.begin() as connection:
        kind.take_back(connection)
    held = claimed(engine, kind, number, "two")
    assert held
    before = standing(engine)
    for write in kind.ends:
        with refused(engine) as connection:
            write(connection, late)
    with engine.begin() as connection:
        assert not kind.renew(connection, late) and not kind.give_back(connection, late)
    assert standing(engine) == before
    with engine.begin() as connection:
        kind.ends[1](connection, held)


def test_every_end_ends_the_lease(engine: Engine, kind: Kind) -> None:
    for write in kind.ends:
        with engine.begin() as connection:
            number = kind.put(connection)
        row = claimed(engine, kind, number)
        with engine.begin() as connection:
            write(connection, row)
            assert kind.row(connection, number).lease_until is None
        with refused(engine) as connection:
            write(connection, row)


def test_a_lease_that_is_renewed_does_not_lapse(engine: Engine, kind: Kind, number: int) -> None:
    row = claimed(engine, kind, number)
    for _ in range(5):
        pass_time(engine, kind, QUEUE.renew)
        with engine.begin() as connection:
            assert kind.renew(connection, row) == 1
            assert kind.take_back(connection) == []


def test_a_lease_that_lapses_is_counted_and_taken_by_another(engine: Engine, kind: Kind, number: int) -> None:
    claimed(engine, kind, number)
    assert claimed(engine, kind, number, "two") is None
    with engine.connect() as connection:
        before = kind.row(connection, number).lost
    pass_time(engine, kind, QUEUE.lease + 1)
    with engine.begin() as connection:
        assert kind.take_back(connection) == [number]
        assert kind.row(connection, number).lost == before + 1


def test_what_is_given_back_can_be_claimed_at_once_and_counts_for_nothing(
    engine: Engine, kind: Kind, number: int
) -> None:
    row = claimed(engine, kind, number)
    with engine.begin() as connection:
        before = kind.row(connection, number).lost
        assert kind.give_back(connection, row) == 1
        assert kind.row(connection, number).lost == before
    with refused(engine) as connection:
        kind.ends[1](connection, row)
    again = claimed(engine, kind, number, "two")
    assert again.lease_epoch > row.lease_epoch


def test_a_dead_letter_stays_until_an_operator_sends_it_on_its_way_again(
    engine: Engine, kind: Kind, number: int
) -> None:
    row = claimed(engine, kind, number)
    with engine.begin() as connection:
        kind.ends[0](connection, row)
    pass_time(engine, kind, 100_000)
    assert claimed(engine, kind, number) is None
    with engine.begin() as connection:
        assert kind.row(connection, number).state == "dead"
        assert kind.retry(connection, number)
        assert not kind.retry(connection, number)
    again = claimed(engine, kind, number, "two")
    assert again.lost == 0
    with engine.begin() as connection:
        kind.ends[1](connection, again)


def test_what_fails_waits_twice_as_long_each_time_up_to_a_limit(engine: Engine, kind: Kind, number: int) -> None:
    assert [pause(Queue(backoff=5, backoff_max=60), failures) for failures in (1, 2, 3, 4, 5, 1000)] == [
        5,
        10,
        20,
        40,
        60,
        60,
    ]
    waits = []
    for _ in range(QUEUE.max_failed - 1):
        row = claimed(engine, kind, number)
        with engine.begin() as connection:
            later = kind.ends[3](connection, row)
            until = kind.table.c.not_before - func.now()
            waits.append(connection.scalar(select(func.extract("epoch", until))))
            assert later in (None, "waiting")
        assert claimed(engine, kind, number) is None
        pass_time(engine, kind, 10_000)
    expected = [pause(QUEUE, failures) for failures in range(1, QUEUE.max_failed)]
    assert all(least <= float(found) <= 1.25 * least for least, found in zip(expected, waits, strict=True))


def test_a_delivery_that_was_not_tried_is_no_retry(engine: Engine) -> None:
    with engine.begin() as connection:
        number = put_delivery(connection)
    row = claimed(engine, DELIVERIES, number)
    with engine.begin() as connection:
        deliveries.give_back_untried(connection, [row])
        assert DELIVERIES.row(connection, number).attempts == 0
    with refused(engine) as connection:
        deliveries.close(connection, row, "sent")


def test_a_message_is_done_with_the_job_that_took_it_in(engine: Engine) -> None:
    with engine.begin() as connection:
        number = put_job(connection)
    row = claimed(engine, JOBS, number)
    with engine.begin() as connection:
        jobs.finish_intake(connection, row, "ignored", "no report", ["not read: PV1"])
    with engine.connect() as connection:
        taken = inbox.get(connection, row.intake_of)
        assert (taken.state, taken.reason, taken.notes) == ("ignored", "no report", ["not read: PV1"])
        assert JOBS.row(connection, number).state == "done"


def test_a_delivery_that_was_blocked_and_retried_meanwhile_is_not_its_old_holders(engine: Engine) -> None:
    with engine.begin() as connection:
        number = put_delivery(connection)
    late = claimed(engine, DELIVERIES, number)
    with engine.begin() as connection:
        assert deliveries.block(connection, late.report_id, ["proposed"], "taken back") == 1
        assert deliveries.retry(connection, number)
    for write in DELIVERIES.ends:
        with refused(engine) as connection:
            write(connection, late)
    assert claimed(engine, DELIVERIES, number, "two").lease_epoch > late.lease_epoch
