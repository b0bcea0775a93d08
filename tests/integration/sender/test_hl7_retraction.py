"""A report that is taken back takes the findings with it that an interface engine was told of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from services.settings import Database, Writeback
from services.store import deliveries
from services.workflow.hl7_delivery import EngineLink, send_findings
from tests.integration.sender.house import House
from tests.interface_engine import HANG_UP, InterfaceEngine
from tests.messages import oru

EFFUSION = "There is a small right pleural effusion."


@pytest.fixture
def receiver() -> Iterator[InterfaceEngine]:
    with InterfaceEngine() as engine:
        yield engine


@pytest.fixture
def home(engine: Engine, database: Database, receiver: InterfaceEngine) -> House:
    """A signed report; its findings wait in the outbox. No FHIR server is asked."""
    made = House(engine, database, "http://127.0.0.1:9", Writeback(oru=receiver.address))
    made.take(oru("A", EFFUSION, control_id="1"))
    made.read()
    made.sign()
    return made


def deliver(home: House, receiver: InterfaceEngine) -> list[str]:
    """What became of the next message to the engine; [] when none is due."""
    with home.engine.begin() as connection:
        row = deliveries.claim_in_order(connection, home.settings.queue, receiver.address)
    if row is None:
        return []
    with EngineLink(receiver.address, within=5) as link:
        return [send_findings(home.engine, row, link, home.settings)]


def taken_back(home: House, control_id: str = "9") -> None:
    """The radiology system says that the report was an error: OBR-25 and every OBX-11 are D."""
    home.take(oru("A", EFFUSION, control_id=control_id, status="D", time=f"2026091412000{control_id}"))


def fields(body: bytes, segment: str) -> list[list[str]]:
    return [line.split("|") for line in body.decode().split("\r") if line.startswith(segment)]


def test_findings_the_engine_has_are_taken_back_there(home: House, receiver: InterfaceEngine) -> None:
    assert deliver(home, receiver) == ["sent"]
    taken_back(home)
    assert deliver(home, receiver) == ["sent"]
    told, withdrawn = receiver.received
    assert {obx[11] for obx in fields(told, "OBX")} == {"F"}
    assert {obx[11] for obx in fields(withdrawn, "OBX")} == {"W"}
    assert [obx[3] for obx in fields(withdrawn, "OBX")] == [obx[3] for obx in fields(told, "OBX")]
    (first,), (second,) = fields(told, "OBR"), fields(withdrawn, "OBR")
    assert second[3] == first[3] and second[25] == "C"
    assert fields(told, "MSH")[0][9] != fields(withdrawn, "MSH")[0][9]


def test_what_never_left_is_not_taken_back(home: House, receiver: InterfaceEngine) -> None:
    taken_back(home)
    assert deliver(home, receiver) == [] and receiver.received == []


def test_a_message_whose_answer_was_lost_counts_as_told(home: House, receiver: InterfaceEngine) -> None:
    receiver.answers.append(HANG_UP)
    assert deliver(home, receiver) == ["postponed"]
    taken_back(home)
    assert deliver(home, receiver) == ["sent"]
    assert {obx[11] for obx in fields(receiver.received[-1], "OBX")} == {"W"}


def test_it_is_taken_back_once_however_often_the_source_says_so(home: House, receiver: InterfaceEngine) -> None:
    deliver(home, receiver)
    taken_back(home, "8")
    taken_back(home, "9")
    assert [deliver(home, receiver), deliver(home, receiver)] == [["sent"], []]


def test_after_a_correction_nobody_signed_the_older_findings_are_taken_back(
    home: House, receiver: InterfaceEngine
) -> None:
    deliver(home, receiver)
    home.take(oru("A", "No effusion.", control_id="2", status="C", time="20260914113000"))
    taken_back(home)
    assert deliver(home, receiver) == ["sent"]
    assert {obx[11] for obx in fields(receiver.received[-1], "OBX")} == {"W"}
