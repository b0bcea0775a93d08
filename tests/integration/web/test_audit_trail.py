"""Who saw, did, exported, set or failed at what: nothing on the pages or the API is without its row."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update

from services.store import people, second_readings
from services.store.tables import account, audit, report
from tests import seeding
from tests.integration.web.conftest import look
from tests.seeding import Exam

EVERYTHING = ("reviewer", "signer", "operator", "auditor", "administrator")
# What is asked for, and the rows it must leave: action, entity, report.
LOOKS = {
    "/worklist": [("list.view", "worklist", None)],
    "/worklist?show=all&q=Canarybird": [("list.view", "worklist", None)],
    "/worklist.csv": [("export", "worklist", None)],
    "/reports/1": [("review.view", "review/1", 1), ("review.view_as_prior", "", 2)],
    "/reports/1/print": [("review.print", "review/1", 1)],
    "/reports/1/fhir": [("export", "fhir", 1)],
    "/bulk?finding=pneumonia": [("bulk.view", "", 2), ("bulk.view", "", 1)],
    "/second": [("list.view", "second readings", None)],
    "/messages?patient=P1": [("list.view", "messages", None)],
    "/jobs": [("list.view", "held reports", None)],
    "/charts/queue.csv": [("export", "charts/queue", None)],
    "/evaluation/reviewers/decisions.csv": [("export", "evaluation/reviewers/decisions", None)],
    "/audit": [("audit.view", "", None)],
    "/audit.csv": [("export", "audit", None)],
    "/audit.ndjson": [("export", "audit", None)],
    "/audit/verify": [("audit.verify", "", None)],
    "/fhir/DiagnosticReport": [("api.search", "DiagnosticReport", None)],
    "/api/v1/reports": [("list.view", "worklist", None)],
    "/api/v1/reports/1": [("review.view", "review/1", 1), ("review.view_as_prior", "", 2)],
    "/api/v1/charts/outcomes": [("export", "charts/outcomes", None)],
    "/api/v1/audit": [("export", "audit", None)],
    "/api/v1/messages": [("list.view", "messages", None)],
    "/api/v1/held": [("list.view", "held reports", None)],
    "/api/v1/second-readings": [("list.view", "second readings", None)],
}


@pytest.fixture
def everyone(reviewer: TestClient, engine: Engine) -> TestClient:
    """Somebody with every role; two reports of one patient, and one of another that is held."""
    with engine.begin() as connection:
        connection.execute(update(account).values(roles=list(EVERYTHING)))
        for days in (0, 400):
            seeding.put(connection, Exam(family="Canarybird", patient_id="P7", age=timedelta(days=days)))
        held = seeding.put(connection, Exam(says=()))
        connection.execute(update(report).where(report.c.id == held).values(held="another patient"))
    return reviewer


def rows(engine: Engine, since: int = 0) -> list[tuple[str, str, int | None]]:
    with engine.connect() as connection:
        columns = (audit.c.action, audit.c.entity, audit.c.report_id)
        query = select(*columns).where(audit.c.id > since).order_by(audit.c.id)
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def newest(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.max(audit.c.id))) or 0


def test_every_look_and_export_leaves_its_rows_and_none_names_a_patient(everyone: TestClient, engine: Engine) -> None:
    left = {}
    for path in LOOKS:
        before = newest(engine)
        assert everyone.get(path).status_code == 200
        left[path] = rows(engine, before)
    assert left == LOOKS
    with engine.connect() as connection:
        kept = json.dumps(connection.execute(select(audit.c.detail)).scalars().all())
    assert "Canarybird" not in kept
    assert "P7" not in kept


def test_a_list_that_refreshes_itself_is_no_second_look(everyone: TestClient, engine: Engine) -> None:
    before = newest(engine)
    assert everyone.get("/worklist", headers={"HX-Request": "true", "HX-Target": "list"}).status_code == 200
    assert rows(engine, before) == []


def test_a_prior_seen_beside_a_report_is_not_read_blind_afterwards(everyone: TestClient, engine: Engine) -> None:
    everyone.get("/reports/1")
    with engine.connect() as connection:
        actor = f"account/{connection.scalar(select(account.c.id))}"
        assert second_readings.has_seen(connection, 2, actor)


def test_settings_leave_their_rows(everyone: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        other = people.put_account(
            connection, site="default", issuer="urn:test", subject="b", name="B", roles=("reviewer",), practitioner=""
        ).id
    before = newest(engine)
    everyone.post("/preferences", data={"theme": "light"})
    everyone.post("/views", data={"name": "CT", "query": "modality=CT"})
    everyone.post("/views/1/drop")
    everyone.post(f"/people/{other}/active", data={"active": "false"})
    everyone.post(f"/people/{other}/active", data={"active": "true"})
    assert [action for action, _, _ in rows(engine, before)] == [
        "setting.preferences", "setting.view_saved", "setting.view_dropped", "setting.account_closed",
        "setting.account_opened",
    ]  # fmt: skip


def test_a_login_keeps_what_the_provider_said_and_a_refused_one_why(client: TestClient, engine: Engine) -> None:
    client.post("/login/demo")
    with engine.begin() as connection:
        connection.execute(update(account).values(active=False))
    assert client.post("/login/demo").status_code == 403
    with engine.connect() as connection:
        found = connection.execute(select(audit.c.actor, audit.c.action, audit.c.detail).order_by(audit.c.id)).all()
    assert [row.action for row in found] == ["login", "login.refused"]
    assert found[0].detail["roles"] == ["operator", "reviewer", "signer"]
    assert found[1].detail["reason"].startswith("This account is closed")
    assert found[0].actor == found[1].actor


def test_auditors_search_by_person_action_report_and_day(everyone: TestClient) -> None:
    look(everyone)
    everyone.get("/reports/3")
    for query, found in {
        "report=1": {"review.claim", "review.view"},
        "action=login": {"login"},
        "actor=nobody-of-that-name": set(),
        "actor=demo rev&action=review.v&report=2": {"review.view_as_prior"},
        "since=2999-01-01": set(),
        "until=2000-01-01": set(),
    }.items():
        assert {row["action"] for row in everyone.get(f"/api/v1/audit?{query}").json()["items"]} == found


def test_the_trail_leaves_as_audit_events_of_their_patients(everyone: TestClient) -> None:
    look(everyone)
    answer = everyone.get("/audit.ndjson?report=1")
    events = [json.loads(line) for line in answer.text.splitlines()]
    kinds = {event["subtype"][0]["code"]: (event["type"]["code"], event["action"]) for event in events}
    assert kinds == {"review.view": ("110110", "R"), "review.claim": ("110110", "U")}
    patient = events[0]["entity"][0]
    assert patient["what"]["identifier"]["value"] == "P7"
    assert (patient["type"]["code"], patient["role"]["code"]) == ("1", "1")
    assert "Canarybird" not in answer.text
    everyone.get("/worklist")
    [event] = [json.loads(line) for line in everyone.get("/audit.ndjson?action=list.view").text.splitlines()]
    assert (event["type"]["code"], event["action"], event["outcome"]) == ("110112", "E", "0")
