"""What is claimed once senders were lost: the suspects one by one, the others as ever, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, select, text

from services.domain.deliveries import Delivery
from services.settings import Queue
from services.store import deliveries
from services.store.tables import delivery, notice, report_version
from services.workflow.settling import given_up, postponed
from tests import seeding

QUEUE = Queue(backoff=0.001)
ENGINE = "engine:2575"


def put(connection: Connection, kind: str = "proposed", destination: str = "default") -> int:
    """A delivery of a report of its own."""
    seeding.put(connection, seeding.Exam())
    return put_later(connection, kind, destination)


def put_later(connection: Connection, kind: str = "proposed", destination: str = "default") -> int:
    """Another one of the newest report."""
    version = connection.execute(select(report_version).order_by(report_version.c.id.desc()).limit(1)).one()
    ids = {"report_id": version.report_id, "version_id": version.id}
    return deliveries.add(connection, kind=kind, destination=destination, **ids)


def claim(engine: Engine) -> list[Delivery]:
    with engine.begin() as connection:
        return deliveries.claim(connection, QUEUE, 8)


def lose(engine: Engine) -> None:
    """The leases of everybody run out."""
    with engine.begin() as connection:
        connection.execute(delivery.update().values(lease_until=text("lease_until - interval '1 d'")))


def sent(engine: Engine, rows: Sequence[Delivery]) -> None:
    with engine.begin() as connection:
        assert len(deliveries.close_sent(connection, rows)) == len(rows)


def states(engine: Engine) -> dict[int, str]:
    with engine.connect() as connection:
        return {row.id: row.state for row in connection.execute(select(delivery))}


@pytest.fixture
def eight(engine: Engine) -> list[int]:
    """Deliveries that were lost together."""
    with engine.begin() as connection:
        numbers = [put(connection) for _ in range(8)]
    assert [row.id for row in claim(engine)] == numbers
    lose(engine)
    return numbers


@pytest.mark.parametrize("limit", [1, 3])
def test_what_ends_its_sender_each_time_dies_and_what_was_beside_it_is_sent(
    engine: Engine, eight: list[int], limit: int
) -> None:
    queue, poison, lost = Queue(max_lost=limit), eight[2], 1
    while rows := claim(engine):
        (row,) = rows
        if ended := given_up(engine, rows, queue):
            assert (row.id, row.lost, ended) == (poison, limit + 1, ["dead"])
        elif row.id == poison:
            lost += 1
            lose(engine)
        else:
            assert row.lost == 1
            sent(engine, rows)
    assert lost == limit + 1
    assert states(engine) == {number: "dead" if number == poison else "sent" for number in eight}
    with engine.begin() as connection:
        (said,) = connection.execute(select(notice.c.message)).scalars()
        assert said.startswith(f"delivery {poison}: its lease ran out {lost} times in a row")
        assert deliveries.retry(connection, poison)
    assert [(row.id, row.lost) for row in claim(engine)] == [(poison, 0)]


def test_one_suspect_goes_at_a_time_and_what_was_never_lost_goes_beside_it(engine: Engine, eight: list[int]) -> None:
    with engine.begin() as connection:
        fresh = [put(connection) for _ in range(2)]
    with ThreadPoolExecutor(6) as pool:
        claims = [rows for rows in pool.map(lambda _: claim(engine), range(6)) if rows]
    suspects = [rows for rows in claims if rows[0].lost]
    assert [row.id for rows in suspects for row in rows] == eight[:1]
    assert sorted(row.id for rows in claims for row in rows if not row.lost) == fresh


def test_suspects_of_all_destinations_go_one_at_a_time(engine: Engine) -> None:
    with engine.begin() as connection:
        put(connection)
        put(connection, "webhook", "pager")
        put(connection, "oru", ENGINE)

    def turn() -> list[Delivery]:
        with engine.begin() as connection:
            rows = deliveries.claim(connection, QUEUE, 8) + deliveries.claim(connection, QUEUE, 8, webhook="pager")
            message = deliveries.claim_in_order(connection, QUEUE, ENGINE)
        return [*rows, message] if message else rows

    assert len(turn()) == 3
    lose(engine)
    for _ in range(3):
        (row,) = turn()
        assert turn() == []
        sent(engine, [row])
    assert set(states(engine).values()) == {"sent"}


def test_what_was_lost_more_often_waits_for_the_others(engine: Engine, eight: list[int]) -> None:
    (first,) = claim(engine)
    lose(engine)
    (second,) = claim(engine)
    assert (first.id, second.id) == (eight[0], eight[1])


def test_of_one_report_nothing_goes_before_its_suspect(engine: Engine) -> None:
    with engine.begin() as connection:
        number, later = put(connection), put_later(connection)
    claim(engine)
    lose(engine)
    for _ in range(2):
        (row,) = claim(engine)
        assert row.id == number
        assert claim(engine) == []
        lose(engine)
    (row,) = claim(engine)
    sent(engine, [row])
    assert [(each.id, each.lost) for each in claim(engine)] == [(later, 0)]


def test_what_comes_back_from_its_destination_is_no_suspect_any_more(engine: Engine, eight: list[int]) -> None:
    (row,) = claim(engine)
    assert postponed(engine, row, "away", QUEUE) == "postponed"
    with engine.begin() as connection:
        kept = connection.execute(select(delivery).where(delivery.c.id == row.id)).one()
        assert (kept.lost, kept.reason) == (0, "away")
        deliveries.give_back(connection, deliveries.claim(connection, QUEUE, 8))
        given = connection.execute(select(delivery).where(delivery.c.id == eight[1])).one()
    assert (given.lost, given.reason) == (1, "its lease ran out")


def test_a_message_that_ends_its_senders_says_that_later_ones_wait(engine: Engine) -> None:
    with engine.begin() as connection:
        number, _ = put(connection, "oru", ENGINE), put_later(connection, "oru", ENGINE)
        connection.execute(delivery.update().where(delivery.c.id == number).values(lost=QUEUE.max_lost + 1))
        row = deliveries.claim_in_order(connection, QUEUE, ENGINE)
    assert row
    assert given_up(engine, [row], QUEUE) == ["dead"]
    with engine.begin() as connection:
        (said,) = connection.execute(select(notice.c.message)).scalars()
        assert "later ones wait until it is retried or dismissed" in said
        assert deliveries.claim_in_order(connection, QUEUE, ENGINE) is None
