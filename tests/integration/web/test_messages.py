"""Operators find a message, see what was not understood, and have it read again; a patient's words need a reader."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update

from integration.hl7v2.mllp import whole
from integration.hl7v2.report import read_reports
from integration.hl7v2.search_words import words_of
from integration.hl7v2.senders import SenderMap
from services.settings import Settings
from services.store import inbox, message_search
from services.store.tables import account, audit, job, message
from services.workflow.placement import place
from services.workflow.receive import Arrival
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
        message_search.put(connection, received.message_id, words_of(body), "")
        if changes:
            connection.execute(update(message).where(message.c.id == received.message_id).values(**changes))
    return received.message_id


def as_role(engine: Engine, *roles: str) -> None:
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=list(roles)))


def listed(page: str, *numbers: int) -> list[bool]:
    return [f'href="/messages/{number}"' in page for number in numbers]


def test_messages_are_found_by_words_sender_state_and_time(reviewer: TestClient, engine: Engine) -> None:
    old = put(engine, "A1", received_at=func.now() - timedelta(days=9), state="quarantined", reason=REASON)
    new = put(engine, "A2")
    with engine.connect() as connection:
        day = connection.scalar(
            select(func.to_char(func.timezone("UTC", func.now()) - timedelta(days=1), "YYYY-MM-DD"))
        )
    for search, found in {
        "": [True, True],
        "q=a2": [False, True],
        "q=PA2": [False, True],
        "sender=ris": [True, True],
        "state=quarantined": [True, False],
        f"since={day}T00:00": [False, True],
        f"until={day}": [True, False],
        "q=A1+PA2": [False, False],
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
        assert inbox.get(connection, number).state == "queued"
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


def test_a_message_has_the_names_of_the_standard_its_bytes_its_answer_and_what_it_became(
    reviewer: TestClient, engine: Engine
) -> None:
    number = put(engine, "A1")
    page = reviewer.get(f"/messages/{number}").text
    assert "Patient Identifier List" in page and "OBX 1 · Observation/result" in page
    with engine.connect() as connection:
        kept = inbox.get(connection, number)
    assert 'id="raw"' in page and "MSA|AA|A1" in page
    assert f'href="/trace?id=message/{number}"' in page
    assert 'href="/trace?id=report/1"' in page and 'href="/trace?id=job/' in page
    assert reviewer.get(f"/messages/{number}/raw").content == kept.body


def test_the_list_says_why_and_goes_on_where_it_ended(
    reviewer: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [put(engine, f"A{n}") for n in range(1, 4)]
    page = reviewer.get("/messages?q=pa2").text
    assert "patient&#39;s identifier" in page
    api = reviewer.get("/api/v1/messages?q=a&limit=2").json()
    assert [each["id"] for each in api["items"]] == numbers[:0:-1]
    rest = reviewer.get(f"/api/v1/messages?q=a&limit=2&before={api['next']}").json()
    assert [each["id"] for each in rest["items"]] == numbers[:1] and rest["next"] is None
    monkeypatch.setattr("services.web.pages.messages.PAGE", 2)
    page = reviewer.get("/messages?q=a").text
    link = page.split('class="paging"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert listed(reviewer.get(link).text, *numbers) == [True, False, False]


def test_the_trail_keeps_that_words_were_looked_for_and_not_which(reviewer: TestClient, engine: Engine) -> None:
    reviewer.get("/messages?q=Canarybird&state=done")
    with engine.connect() as connection:
        (detail,) = connection.scalars(select(audit.c.detail).where(audit.c.action == "list.view"))
    assert detail == {"rows": 0, "query": True, "state": "done"}


def test_two_messages_are_compared_side_by_side(reviewer: TestClient, engine: Engine) -> None:
    one, two = put(engine, "A1"), put(engine, "A2")
    assert reviewer.get(f"/messages/{one}/beside?with={two}").headers["location"] == f"/messages/{one}/beside/{two}"
    page = reviewer.get(f"/messages/{one}/beside/{two}").text
    assert "PA1" in page and "PA2" in page and 'class="differs"' in page
    assert "say the same in every field" in reviewer.get(f"/messages/{one}/beside/{one}").text
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(audit.c.action == "message.show")) == 4


def test_an_operator_alone_gets_neither_bytes_nor_a_patients_words_beside(reviewer: TestClient, engine: Engine) -> None:
    one, two = put(engine, "A1"), put(engine, "A2")
    as_role(engine, "operator")
    assert reviewer.get(f"/messages/{one}/raw").status_code == 403
    page = reviewer.get(f"/messages/{one}/beside/{two}").text
    assert "PA1" not in page and "Canarybird" not in page
    assert "fields differ" in page and "characters (other ones)" in page
    shown = reviewer.get(f"/api/v1/messages/{one}").json()
    assert "PA1" not in str(shown) and {each["name"] for each in shown["content"]} >= {"Patient Identifier List"}


@pytest.mark.parametrize("path", ["", "/raw", "/beside/{ours}", "/replay"])
def test_a_message_of_another_site_is_not_there(reviewer: TestClient, engine: Engine, path: str) -> None:
    ours, theirs = put(engine, "A1"), put(engine, "A2", site_id="north")
    where = f"/messages/{theirs}{path.format(ours=ours)}"
    answer = reviewer.post(where) if path == "/replay" else reviewer.get(where)
    assert answer.status_code in (404, 409) and "PA2" not in answer.text
