"""An operator finds a message, sees why it was not read, and reads it again."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, select, update
from typer.testing import CliRunner

from integration.hl7v2.mllp import whole
from integration.hl7v2.report import read_reports
from integration.hl7v2.senders import SenderMap
from services.cli import build
from services.settings import Database, Mllp, Settings
from services.store import inbox
from services.store.tables import audit, job, message
from services.workflow.placement import place
from services.workflow.receive import Arrival
from tests.databases import environment
from tests.messages import oru
from tests.receiving import receive

BODY = b"MSH|^~\\&|RIS|HOSP|||20260102||ORU^R01|Q1|P|2.5\rPID|1||42^^^HOSP\rZZZ|own \\T\\ way\r"


class Operator:
    """The command line on a test's database."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in environment(database).items():
            monkeypatch.setenv(name, value)

    def run(self, *words: str, status: int = 0) -> bytes:
        result = CliRunner().invoke(build(), list(words))
        assert result.exit_code == status, result.output
        return result.stdout_bytes


@pytest.fixture
def operator(database: Database, monkeypatch: pytest.MonkeyPatch) -> Operator:
    return Operator(database, monkeypatch)


@pytest.fixture
def quarantined(engine: Engine) -> int:
    """A message that was not understood."""
    with engine.begin() as connection:
        (received,) = receive(connection, [Arrival(whole(BODY))], Mllp())
        values = {"state": "quarantined", "reason": "OBR: the message has no observation request"}
        connection.execute(update(message).where(message.c.id == received.message_id).values(**values))
        connection.execute(update(job).values(state="done"))
    return received.message_id


def test_the_quarantine_lists_it_with_its_reason(operator: Operator, quarantined: int) -> None:
    (row,) = json.loads(operator.run("quarantine", "--json"))
    assert (row["id"], row["control_id"], row["reason"]) == (
        quarantined, "Q1", "OBR: the message has no observation request",
    )  # fmt: skip


def test_its_segments_are_laid_out_and_its_bytes_come_back_unchanged(
    operator: Operator, quarantined: int, engine: Engine
) -> None:
    shown = operator.run("message", str(quarantined)).decode()
    assert "PID-3    42^^^HOSP" in shown and "ZZZ-1    own \\T\\ way" in shown
    assert "reason: OBR: the message has no observation request" in shown
    assert operator.run("message", str(quarantined), "--raw") == BODY
    with engine.connect() as connection:
        assert connection.execute(select(audit.c.action)).scalars().all() == ["message.show", "message.show"]


def test_replayed_it_is_queued_once_more(operator: Operator, quarantined: int, engine: Engine) -> None:
    assert operator.run("replay", str(quarantined)) == b"1 of 1 queued again\n"
    with engine.connect() as connection:
        assert connection.execute(select(message.c.state, message.c.reason)).one() == ("queued", "")
        assert connection.execute(select(job.c.state).order_by(job.c.id)).scalars().all() == ["done", "ready"]
    operator.run("replay", str(quarantined), "999", status=1)


def test_what_is_quarantined_is_found_by_any_number_in_it(operator: Operator, quarantined: int) -> None:
    for words, found in ((["--patient", "42"], [quarantined]), (["--accession", "Q1"], [quarantined])):
        listed = json.loads(operator.run("messages", "--json", *words))
        assert [row["id"] for row in listed] == found, words
    assert json.loads(operator.run("messages", "--json", "--patient", "43")) == []


def test_the_table_shows_the_messages_of_a_batch_and_a_control_id_used_again(
    operator: Operator, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with engine.begin() as connection:
        bodies = (BODY, BODY.replace(b"own", b"new"), BODY.replace(b"Q1", b"P1") + BODY.replace(b"Q1", b"P2"))
        receive(connection, [Arrival(whole(body)) for body in bodies], Mllp())
        batch = connection.execute(select(message).where(message.c.control_id == "P1")).mappings().one()
        inbox.add(connection, [inbox.part_of(batch, 1, BODY, None)])
    lines = operator.run("messages").decode().splitlines()
    assert [line for line in lines if "control id used before for other content" in line and "Q1" in line]
    assert [line for line in lines if "└" in line and "queued" in line]


def test_a_message_whose_bytes_were_purged_still_says_what_it_was(
    operator: Operator, quarantined: int, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(update(message).values(body=None, truncated=True))
    shown = operator.run("message", str(quarantined)).decode()
    assert "control_id: Q1" in shown and "its bytes were purged" in shown


def test_a_message_nobody_has_is_said_in_one_line(operator: Operator) -> None:
    operator.run("message", "7", status=1)


def test_messages_are_found_by_time_and_the_newest_come_with_a_limit(operator: Operator, engine: Engine) -> None:
    with engine.begin() as connection:
        receive(connection, [Arrival(whole(BODY.replace(b"Q1", b"N%d" % number))) for number in range(5)], Mllp())
    ids = [row["control_id"] for row in json.loads(operator.run("messages", "--json", "--limit", "2"))]
    assert ids == ["N3", "N4"]
    assert json.loads(operator.run("messages", "--json", "--until", "2020-01-01")) == []
    assert json.loads(operator.run("messages", "--json", "--accession", "none")) == []


def test_messages_are_found_by_control_id_state_accession_and_patient(
    operator: Operator, quarantined: int, engine: Engine
) -> None:
    body = oru("A7", control_id="C7")
    (record,) = read_reports(body, "default", SenderMap()).reports
    with engine.begin() as connection:
        (received,) = receive(connection, [Arrival(whole(body))], Mllp())
        place(connection, received.message_id, record, Settings())
    for words, found in (
        (["--control-id", "Q1"], [quarantined]),
        (["--state", "quarantined"], [quarantined]),
        (["--accession", "A7"], [received.message_id]),
        (["--patient", "PA7"], [received.message_id]),
        (["--control-id", "Q1", "--accession", "A7"], []),
    ):
        listed = json.loads(operator.run("messages", "--json", *words))
        assert [row["id"] for row in listed] == found, words
