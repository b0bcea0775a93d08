"""The shadow reads behind the engine that is shown: later, in half of the slots, and for nobody to see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, func, select, update

from services.reading.catalogue import load as load_library
from services.reading.rules.reader import RulesReader
from services.settings import Queue, Reading, Settings
from services.store import jobs, wake_ups
from services.store.tables import analysis as analyses
from services.store.tables import delivery, job, message, review, suggestion
from services.workflow import analysis
from services.workflow.analysis import Readers
from services.workflow.placement import SHADOW_PRIORITY, place
from tests.seeding import Exam, record

SETTINGS = Settings(reading=Reading(engine="rules", shadow="second"))
QUEUE = Queue()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def add(connection: Connection, priority: int, count: int = 1) -> list[int]:
    shadow = priority == SHADOW_PRIORITY
    values = {"kind": "analysis", "engine": "x", "shadow": shadow, "priority": priority, "sender": "A"}
    return [jobs.add(connection, **values) for _ in range(count)]


def taken(connection: Connection, others: int = 16) -> list[int]:
    return [row.id for row in wake_ups.take_ready(connection, QUEUE, stat=16, others=others)]


def test_a_report_is_read_by_both_the_shadow_behind_every_priority(connection: Connection) -> None:
    values = {"door": "hl7", "bytes": 1, "sha256": "x", "state": "queued"}
    number = connection.execute(message.insert().values(**values).returning(message.c.id)).scalar_one()
    place(connection, number, record(Exam(), 1), SETTINGS)
    rows = connection.execute(select(job.c.engine, job.c.shadow, job.c.priority).order_by(job.c.id)).all()
    assert [tuple(row) for row in rows] == [("rules", False, 2), ("second", True, SHADOW_PRIORITY)]


def test_no_shadow_reading_is_handed_out_while_another_job_waits(connection: Connection) -> None:
    jobs.renew(connection, "worker", 8, QUEUE)
    shadows = add(connection, SHADOW_PRIORITY, 5)
    shown = [each for priority in (2, 1, 0, 2) for each in add(connection, priority)]
    assert set(taken(connection, others=3)) == set(shown)
    assert set(taken(connection)) <= set(shadows)


def test_the_shadow_has_half_of_the_slots_and_a_report_that_comes_then_finds_one(connection: Connection) -> None:
    jobs.renew(connection, "worker", 8, QUEUE)
    add(connection, SHADOW_PRIORITY, 20)
    first = taken(connection)
    assert len(first) == 4
    for each in first[:2]:
        assert jobs.claim(connection, each, "worker", QUEUE)
    assert taken(connection) == []
    routine = add(connection, 2)
    assert taken(connection) == routine
    connection.execute(update(job).where(job.c.id.in_(first)).values(state="done"))
    assert len(taken(connection)) == 4


def test_one_slot_is_enough_for_both(connection: Connection) -> None:
    jobs.renew(connection, "worker", 1, QUEUE)
    shadows = add(connection, SHADOW_PRIORITY, 2)
    assert taken(connection) == shadows[:1]


@pytest.mark.parametrize("shadow_first", [True, False])
def test_what_the_shadow_reads_is_kept_and_shown_to_nobody(connection: Connection, shadow_first: bool) -> None:
    rules = RulesReader()
    readers = Readers(load_library(), lambda name: rules, rules, SETTINGS)
    values = {"door": "hl7", "bytes": 1, "sha256": "x", "state": "queued"}
    number = connection.execute(message.insert().values(**values).returning(message.c.id)).scalar_one()
    place(connection, number, record(Exam(), 1), SETTINGS)
    for shadow in (shadow_first, not shadow_first):
        waiting = connection.execute(select(job.c.id).where(job.c.shadow.is_(shadow))).scalar_one()
        claimed = jobs.claim(connection, waiting, "worker", QUEUE)
        assert claimed
        asked = analysis.ask(connection, claimed, readers)
        assert asked
        analysis.store(connection, asked, *analysis.answer(asked, readers), SETTINGS)
        if shadow and shadow_first:
            for table in (suggestion, review, delivery):
                assert connection.scalar(select(func.count()).select_from(table)) == 0
    of_shadow = select(analyses.c.id).where(analyses.c.shadow)
    shown = set(connection.scalars(select(suggestion.c.analysis_id)))
    assert connection.scalar(of_shadow) not in shown and len(shown) == 1
