"""What the rules read is read in the job that took it in; what came of it is what two jobs would have made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Connection, Engine, Table, select, update

from integration.hl7v2.mllp import whole
from services.dispatch.lease_keeper import Lessee
from services.reading.reader import Question, Reading
from services.reading.rules.reader import RulesReader
from services.settings import Fhir, Settings
from services.store.tables import analysis, delivery, job, message, report_source, report_version, review, suggestion
from services.workflow.context import site
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from services.workflow.run import Runner
from tests.messages import oru
from tests.receiving import receive

SETTINGS = Settings(fhir=Fhir(url=AnyHttpUrl("http://fhir.test/")))
TEXT = ("Small right pleural effusion. No pneumothorax.",)
CORRECTED = {"status": "C", "time": "20260914120000"}
# What is of the moment, and the identity that counts what came before.
PASSING = {"id", "created_at", "started_at", "leased_at", "finished_at", "not_before", "received_at", "published_at"}
PASSING |= {"usage", "lease_owner", "job_id"}


class House:
    """A worker's runner on a database, and messages for it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.runner = Runner(engine, Lessee(engine, SETTINGS.queue), site(SETTINGS), readers(SETTINGS))

    def receives(self, body: bytes, **of_the_job: Any) -> int:
        """A message; its job's number."""
        with self.engine.begin() as connection:
            receive(connection, [Arrival(whole(body))], SETTINGS.mllp)
            number = connection.scalars(select(job.c.id).order_by(job.c.id.desc()).limit(1)).one()
            if of_the_job:
                connection.execute(update(job).where(job.c.id == number).values(**of_the_job))
            return int(number)

    def works(self) -> int:
        """Does what is ready, job by job; how many."""
        count = 0
        while ready := self.rows(job, job.c.state == "ready"):
            self.runner.run(ready[0]["id"])
            count += 1
        return count

    def rows(self, table: Table, *where: Any) -> Sequence[Any]:
        with self.engine.connect() as connection:
            return connection.execute(select(table).where(*where).order_by(table.c.id)).mappings().all()

    def said(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that came of the messages."""
        tables = (analysis, delivery, report_source, report_version, review, suggestion)
        return {table.name: [_lasting(row) for row in self.rows(table)] for table in tables}


def _lasting(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in PASSING}


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine)


def test_a_message_is_taken_in_and_read_in_one_go(house: House) -> None:
    house.receives(oru("A", *TEXT))
    assert house.works() == 1
    assert [(row["kind"], row["state"]) for row in house.rows(job)] == [("intake", "done"), ("analysis", "done")]
    (opened,) = house.rows(review)
    assert (opened["state"], opened["suggestions"]) == ("open", len(house.rows(suggestion))) == ("open", 1)
    assert [(row["kind"], row["state"]) for row in house.rows(delivery)] == [("proposed", "pending")]


@pytest.mark.parametrize("tried", ["lost", "failed"])
def test_what_comes_of_it_is_what_two_jobs_make_of_it(house: House, tried: str) -> None:
    house.receives(oru("A", *TEXT, control_id="1"))
    house.receives(oru("A", "No effusion.", control_id="2", **CORRECTED))
    assert house.works() == 2
    at_once = house.said()
    empty(house.engine)
    house.receives(oru("A", *TEXT, control_id="1"), **{tried: 1})
    assert house.works() == 2
    house.receives(oru("A", "No effusion.", control_id="2", **CORRECTED), **{tried: 1})
    assert house.works() == 2
    assert house.said() == at_once


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        names = ", ".join(table.name for table in (message, job, review, suggestion, analysis, delivery))
        connection.exec_driver_sql(f"TRUNCATE {names}, report, report_source, report_version RESTART IDENTITY CASCADE")


def test_text_that_returns_is_read_again_and_what_stood_between_is_withdrawn(house: House) -> None:
    for number, text in enumerate((TEXT, ("Left pneumothorax.",), TEXT), start=1):
        house.receives(oru("A", *text, control_id=str(number), status="C", time=f"202609141{number}0000"))
        assert house.works() == 1
    states = [(row["number"], row["state"]) for row in house.rows(report_version)]
    assert states == [(1, "current"), (2, "superseded")]
    assert [row["state"] for row in house.rows(suggestion)] == ["proposed", "withdrawn"]


def test_a_preliminary_report_is_stored_and_its_final_text_read(house: House) -> None:
    house.receives(oru("A", "Heart enlarged?", control_id="1", status="P"))
    house.works()
    assert not house.rows(analysis)
    house.receives(oru("A", *TEXT, control_id="2", priority="S", time="20260914120000"))
    assert house.works() == 1
    assert [(row["state"], row["priority"]) for row in house.rows(review)] == [("open", 0)]


def test_a_report_the_rules_cannot_read_is_taken_in_and_its_reading_counts_for_itself(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: RulesReader, question: Question) -> Reading:
        raise ZeroDivisionError

    monkeypatch.setattr(RulesReader, "read", fails)
    number = house.receives(oru("A", *TEXT))
    house.works()
    assert [(row["state"], row["failed"]) for row in house.rows(job)] == [("waiting", 1)]
    with house.engine.begin() as connection:
        due(connection)
    house.runner.run(number)
    assert [row["state"] for row in house.rows(report_version)] == ["current"]
    house.works()
    assert [(row["kind"], row["state"]) for row in house.rows(job)] == [("intake", "done"), ("analysis", "waiting")]


def due(connection: Connection) -> None:
    connection.execute(update(job).values(not_before=job.c.created_at))


def test_nothing_is_written_under_a_lease_that_was_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    number, read = house.receives(oru("A", *TEXT)), RulesReader.read

    def slowly(self: RulesReader, question: Question) -> Reading:
        with house.engine.begin() as connection:
            connection.execute(update(job).where(job.c.id == number).values(lease_epoch=2))
        return read(self, question)

    monkeypatch.setattr(RulesReader, "read", slowly)
    house.runner.run(number)
    assert [(row["state"], row["lease_epoch"]) for row in house.rows(job)] == [("leased", 2)]
    assert not any(house.said().values())
