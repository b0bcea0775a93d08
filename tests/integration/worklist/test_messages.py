"""Operators find a message, see what was not understood, and have it read again; a patient's words need a reader."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update

from integration.hl7v2.mllp import whole
from integration.hl7v2.report import read_reports
from integration.hl7v2.senders import SenderMap
from services.pipeline.placement import place
from services.pipeline.receive import Arrival
from services.settings import Settings
from services.store import inbox
from services.store.tables import account, audit, job, message
from tests.messages import oru
from tests.receiving import receive

REASON = "OBR-25 and OBX-11 of OBR 1: the sender's map does not say what this status means"


def put(engine: Engine, accession: str, **changes: object) -> int:
    """A message that was read, then changed; its id."""
    body = oru(accession, "Canarybird lungs.")
    (record,) = read_reports(body, "default", SenderMap()).reports
    with engine.begin() as connection:
        (received,) = receive(connection, [Arrival(whole(body))], Settings().mllp)
        place(connection, received.message_id, record, Settings())
        if changes:
            connection.execute(update(message).where(message.c.id == received.message_id).values(**changes))
    return received.message_id


def as_role(engine: Engine, *roles: str) -> None:
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=list(roles)))


def listed(page: str, *numbers: int) -> list[bool]:
    return [f'href="/messages/{number}"' in page for number in numbers]


def test_messages_are_found_by_control_id_accession_patient_state_and_time(
    reviewer: TestClient, engine: Engine
) -> None:
    old = put(engine, "A1", received_at=func.now() - timedelta(days=9), state="quarantined", reason=REASON)
    new = put(engine, "A2")
    with engine.connect() as connection:
        day = connection.scalar(
            select(func.to_char(func.timezone("UTC", func.now()) - timedelta(days=1), "YYYY-MM-DD"))
        )
    for search, found in {
        "": [True, True],
        "control_id=A2": [False, True],
        "accession=A1": [True, False],
        "patient=PA2": [False, True],
        "state=quarantined": [True, False],
        f"since={day}T00:00": [False, True],
        f"until={day}": [True, False],
        "accession=A1&patient=PA2": [False, False],
    }.items():
        assert listed(reviewer.get(f"/messages?{search}").text, old, new) == found, search


def test_who_may_read_reports_sees_the_segments_with_the_reason(reviewer: TestClient, engine: Engine) -> None:
    number = put(engine, "A1", state="quarantined", reason=REASON)
    page = reviewer.get(f"/messages/{number}").text
    assert "the sender&#39;s map does not say" in page
    assert "PID-5" in page and "TESTCASE^ANY" in page and "Canarybird lungs." in page
    with engine.connect() as connection:
        shown = connection.scalars(select(audit.c.entity).where(audit.c.action == "message.show")).all()
    assert shown == [f"message/{number}"]


def test_an_operator_alone_sees_what_a_sender_map_needs_and_no_patient(reviewer: TestClient, engine: Engine) -> None:
    number = put(engine, "A1", state="quarantined", reason=REASON)
    as_role(engine, "operator")
    page = reviewer.get(f"/messages/{number}").text
    assert "ORU^R01^ORU_R01" in page and "XR0001&amp;GDT^Report" in page and "OBR-25" in page
    assert "TESTCASE" not in page and "Canarybird" not in page and "PA1" not in page


def test_a_message_is_read_again_once_and_the_trail_says_who(reviewer: TestClient, engine: Engine) -> None:
    number = put(engine, "A1", state="quarantined", reason=REASON)
    assert reviewer.post(f"/messages/{number}/replay").headers["location"] == f"/messages/{number}"
    assert reviewer.post(f"/messages/{number}/replay").status_code == 409
    with engine.connect() as connection:
        assert inbox.get(connection, number)["state"] == "queued"
        assert connection.scalar(select(func.count()).where(job.c.message_id == number, job.c.kind == "intake")) == 2
        assert connection.scalar(select(func.count()).where(audit.c.action == "message.replay")) == 1


@pytest.mark.parametrize("role", ["reviewer", "signer", "auditor"])
def test_other_roles_neither_see_nor_replay_messages(reviewer: TestClient, engine: Engine, role: str) -> None:
    number = put(engine, "A1", state="quarantined")
    as_role(engine, role)
    assert reviewer.get(f"/messages/{number}").status_code == 403
    assert reviewer.post(f"/messages/{number}/replay").status_code == 403


def test_a_message_that_is_not_there_is_said_so(reviewer: TestClient) -> None:
    assert reviewer.get("/messages/999999").status_code == 404
