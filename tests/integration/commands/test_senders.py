"""A changed file of sender maps is tried on the messages that are here before it is put in place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from services.settings import Database
from services.store.tables import message
from tests.integration.commands.test_messages import Operator
from tests.integration.workflow.test_intake import store, work
from tests.messages import oru

PSCRIB = b"|PSCRIB"


@pytest.fixture
def operator(database: Database, monkeypatch: pytest.MonkeyPatch) -> Operator:
    return Operator(database, monkeypatch)


def unknown_status(accession: str) -> bytes:
    return oru(accession).replace(b"||DX|F", b"||DX" + PSCRIB)


def test_what_a_setting_would_accept_is_said_and_nothing_is_changed(
    operator: Operator, engine: Engine, tmp_path: Path
) -> None:
    held = store(
        engine, unknown_status("A1"), unknown_status("A2"), oru("A3").replace(b"PID|1||PA3^^^NORTHSIDE^MR", b"PID|1||")
    )
    store(engine, oru("A4"), b"MSH|^~\\&|RIS|NORTHSIDE|||2026||ADT^A40|M1|P|2.5\rPID|1||2^^^H\rMRG|1^^^H\r")
    work(engine)
    (most, other) = json.loads(operator.run("quarantine", "--by-reason", "--json"))
    assert (most["count"], most["ids"], other["count"]) == (2, held[:2], 1)
    assert most["reason"].startswith("OBR-25: found a word of n letters") and "`status`" in most["reason"]
    file = tmp_path / "senders.yaml"
    file.write_text("senders:\n  - application: RIS\n    status: {PSCRIB: preliminary}\n")
    said = operator.run("senders", "try", str(file)).decode()
    assert "3 in quarantine: 2 would be read" in said and "1 still: PID-3" in said
    assert "1 that were read: 0 would be read otherwise, 0 not any more" in said
    with engine.connect() as connection:
        states = connection.scalars(select(message.c.state).order_by(message.c.id)).all()
    assert states == ["quarantined"] * 3 + ["done"] * 2


def test_a_map_that_would_lose_or_change_what_is_read_is_named(
    operator: Operator, engine: Engine, tmp_path: Path
) -> None:
    (lost,) = store(engine, oru("A1"))
    (changed,) = store(engine, oru("A2").replace(b"|RIS|", b"|OTHER|"))
    work(engine)
    file = tmp_path / "senders.yaml"
    file.write_text(
        "senders:\n  - {application: RIS, patient: [PID-4]}\n  - {application: OTHER, status: {F: preliminary}}\n"
    )
    said = operator.run("senders", "try", str(file), status=1).decode()
    assert f"not any more: {lost}: PID-3" in said and f"otherwise: {changed}" in said


def test_a_file_that_cannot_be_used_is_refused_with_its_line(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "senders.yaml"
    file.write_text("senders:\n  - {zone: Nowhere}\n")
    assert operator.run("senders", "try", str(file), status=2) == b""
    assert operator.run("senders", "try", str(tmp_path / "none.yaml"), status=2) == b""
