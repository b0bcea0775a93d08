"""A report's life on a real FHIR server, as the outbox carries it there."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select

from integration.canonical import Door
from integration.fhir.exchange import create, read, update
from integration.fhir.systems import Json
from services.store import deliveries, reports
from services.store.tables import delivery as outbox
from services.store.tables import fhir_resource, message, notice, report_source, report_version, suggestion
from services.workflow import delivery
from tests import seeding
from tests.integration.fhir.servers import Proxy, Sekmet
from tests.integration.sender.house import MakeHouse


def test_suggestions_arrive_preliminary_and_sign_makes_them_final_or_takes_them_back(house: MakeHouse) -> None:
    home = house()
    home.propose()
    assert home.send() == ["sent"]
    assert set(home.statuses().values()) == {"preliminary"}
    assert [task["status"] for task in home.on_server("Task")] == ["requested"]
    home.sign(pleural_effusion="hedged")
    assert home.send() == ["sent"]
    assert home.statuses() == {
        "Pneumonia": "final",
        "Pleural effusion": "entered-in-error",
        "Cardiomegaly": "final",
    }
    (task,) = home.on_server("Task")
    outcomes = {each["type"]["coding"][0]["code"]: each["type"].get("text") for each in task["output"]}
    assert task["status"] == "completed"
    assert outcomes == {"outcome-approved": None, "outcome-rejected": "hedged"}
    (because,) = home.on_server("Provenance")
    machine, signer = (agent["who"] for agent in because["agent"])
    assert machine["reference"].startswith("Device/") and signer["identifier"]["value"] == "ada"
    assert len(home.on_server("AuditEvent")) == 1


def test_amending_marks_what_changed_as_corrected_and_leaves_the_rest_alone(house: MakeHouse) -> None:
    home = house()
    home.propose()
    home.send()
    home.sign(pleural_effusion="hedged")
    home.send()
    before = {each["code"]["text"]: each["meta"]["versionId"] for each in home.on_server("Observation")}
    home.amend()
    home.sign()
    assert home.send() == ["sent"]
    assert home.statuses() == {"Pneumonia": "final", "Pleural effusion": "corrected", "Cardiomegaly": "final"}
    after = {each["code"]["text"]: each["meta"]["versionId"] for each in home.on_server("Observation")}
    assert after["Pneumonia"] == before["Pneumonia"]


def test_an_edit_in_the_ehr_is_shown_to_a_person_and_overwritten_only_when_they_say_so(
    house: MakeHouse, engine: Engine
) -> None:
    home = house()
    home.propose()
    home.send()
    ours = next(each for each in home.on_server("Observation") if each["code"]["text"] == "Pneumonia")
    home.client.run(update({**ours, "note": [{"text": "CANARY of the EHR"}]}, "1"))
    home.sign()
    assert home.send() == ["dead"]
    with engine.connect() as connection:
        told = connection.execute(select(notice.c.kind, notice.c.message)).one()
        (last,) = deliveries.in_states(connection, ["dead"])
        assert reports.review_of(connection, home.report_id).note.startswith("changed on the FHIR server")
    assert told.kind == "conflict"
    assert f"Observation/{ours['id']} version 2" in told.message
    assert "CANARY" not in told.message
    assert home.client.run(read(f"Observation/{ours['id']}"))["note"] == [{"text": "CANARY of the EHR"}]
    with engine.begin() as connection:
        assert deliveries.retry(connection, last.id)
    assert home.send() == ["sent"]
    assert set(home.statuses().values()) == {"final"}
    with engine.connect() as connection:
        assert reports.review_of(connection, home.report_id).note == ""


def test_a_server_that_asks_for_patience_gets_it(house: MakeHouse, fhir_server: Sekmet, engine: Engine) -> None:
    with Proxy(fhir_server.base_url, status=503, headers={"Retry-After": "900"}) as proxy:
        home = house(proxy.base_url)
        home.propose()
        assert home.send() == ["postponed"]
    with engine.connect() as connection:
        (row,) = deliveries.in_states(connection, ["pending"])
    assert (row.not_before - row.created_at).total_seconds() >= 900
    assert row.state == "pending"


def test_signed_findings_are_listed_in_the_ehr_s_own_report_only_when_asked_for(
    house: MakeHouse, engine: Engine
) -> None:
    home = house(result=True)
    who = home.client.run(create({"resourceType": "Patient"}))
    theirs: Json = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "XR"}}
    seen = home.client.run(create({"resourceType": "Observation", "status": "final", "code": {"text": "XR"}})).reference
    theirs |= {"subject": {"reference": who.reference}, "result": [{"reference": seen}]}
    filed = home.client.run(create(theirs))
    with engine.begin() as connection:
        version = reports.current_version(connection, home.report_id)
        assert version is not None
        said = {"door": "fhir", "body": b"", "bytes": 0, "sha256": "", "state": "done"}
        number = connection.execute(message.insert().values(said).returning(message.c.id)).scalar_one()
        connection.execute(
            report_source.insert().values(
                report_id=home.report_id,
                version_id=version.id,
                message_id=number,
                door=Door.FHIR.value,
                reference=filed.reference,
                reference_version=filed.version,
                record=version.record,
            )
        )
    home.propose()
    home.send()
    assert len(home.client.run(read(filed.reference))["result"]) == 1
    home.sign(pleural_effusion="hedged")
    assert home.send() == ["sent"]
    listed = {each["reference"] for each in home.client.run(read(filed.reference))["result"]}
    final = {f"Observation/{each['id']}" for each in home.on_server("Observation") if each["status"] == "final"}
    assert listed == final | {seen}


def test_a_report_no_resource_can_be_made_of_is_given_up_with_a_notice_and_stops_nothing(
    house: MakeHouse, engine: Engine
) -> None:
    home = house()
    home.propose()
    with engine.begin() as connection:
        connection.execute(suggestion.update().values(finding={"broken": "Cardiomegaly"}))
    assert home.send() == ["dead"]
    with engine.connect() as connection:
        (said,) = connection.execute(select(notice.c.message)).scalars()
    assert "ValidationError" in said and "Cardiomegaly" not in said


def propose_all(engine: Engine, reports_: int) -> None:
    with engine.begin() as connection:
        for row in connection.execute(select(report_version.c.id, report_version.c.report_id)).all()[:reports_]:
            ids = {"version_id": row.id, "report_id": row.report_id}
            deliveries.add(connection, kind="proposed", destination="default", **ids)


def test_what_shares_a_thread_with_one_that_finds_nobody_is_given_back_untried(
    house: MakeHouse, fhir_server: Sekmet, engine: Engine
) -> None:
    written: list[str] = []

    def lose(method: str, path: str) -> bool:
        written.extend([path] if method == "POST" else [])
        return method == "POST" and len(written) == 2

    with Proxy(fhir_server.base_url, lose=lose) as proxy:
        home = house(proxy.base_url)
        home.seed(seeding.Exam())
        home.seed(seeding.Exam())
        propose_all(engine, 3)
        assert home.send() == ["sent", "postponed", "returned"]
        with engine.connect() as connection:
            (left,) = deliveries.in_states(connection, ["pending"])[1:]
        assert (left.attempts, left.lease_until) == (0, None)
        assert home.send() == ["sent"]
        assert len(home.on_server("Observation")) == 9


def test_a_slow_server_is_told_nothing_that_was_decided_otherwise_meanwhile(
    house: MakeHouse, fhir_server: Sekmet, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two deliveries waits for the first, and its report is corrected while it waits."""
    monkeypatch.setattr(delivery, "FRESH_SECONDS", 0)

    def correct(method: str, path: str) -> bool:
        if method == "POST":
            with engine.begin() as connection:
                connection.execute(suggestion.update().values(state="withdrawn"))
        return False

    with Proxy(fhir_server.base_url, lose=correct) as proxy:
        home = house(proxy.base_url)
        home.seed(seeding.Exam())
        propose_all(engine, 2)
        assert home.send() == ["sent", "sent"]
        found = [each["status"] for each in home.on_server("Observation")]
    assert found == ["preliminary"] * 3


def test_a_server_that_does_not_say_what_it_can_do_costs_no_delivery(house: MakeHouse, fhir_server: Sekmet) -> None:
    with Proxy(fhir_server.base_url, refuse=lambda method, path: path.startswith("/metadata")) as proxy:
        home = house(proxy.base_url)
        home.propose()
        assert home.send() == ["postponed"]


def test_each_destination_is_told_by_what_was_written_there(house: MakeHouse, engine: Engine) -> None:
    """What waits under the name of an older server does not mix with the rest."""
    home = house()
    home.seed(seeding.Exam())
    propose_all(engine, 2)
    with engine.begin() as connection:
        first = select(func.min(outbox.c.id)).scalar_subquery()
        connection.execute(outbox.update().where(outbox.c.id == first).values(destination="another"))
    assert home.send() == ["sent", "sent"]
    with engine.connect() as connection:
        counted = select(fhir_resource.c.endpoint, func.count().label("written")).group_by(fhir_resource.c.endpoint)
        named = {row.endpoint: row.written for row in connection.execute(counted)}
    assert named["another"] == named["default"]
