"""From the message to the FHIR server and on: sign, correct, sign again, take back. On real parts throughout."""

from __future__ import annotations

from sqlalchemy import Engine, select

from integration.canonical import Door, Finding, Identifier, Patient, ReportStatus, Side, Source, Status
from integration.fhir.exchange import create
from integration.fhir.systems import Json
from services.store import deliveries, reports
from services.store.tables import notice
from services.workflow import advising
from services.workflow.drafting import Claim
from tests.integration.sender.house import House, MakeHouse
from tests.messages import oru

COLLAPSED = ("There is a large left pneumothorax.", "Small right pleural effusion.", "CT in 3 months is recommended.")
CORRECTED = {"control_id": "2", "status": "C", "time": "20260914120000"}


def arrived(home: House, *lines: str) -> None:
    """Read, and shown to reviewers."""
    home.take(oru("A", *lines, control_id="1"))
    home.read()
    assert home.send() == ["sent"]


def states(home: House, resource_type: str) -> list[str]:
    return sorted(each["status"] for each in home.on_server(resource_type))


def proposals(home: House) -> list[Json]:
    return [each for each in home.on_server("ServiceRequest") if each["intent"] == "proposal"]


def test_remarks_leave_at_sign_and_rest_on_what_was_signed(empty: House) -> None:
    arrived(empty, *COLLAPSED)
    assert (empty.on_server("Flag"), proposals(empty)) == ([], [])
    empty.sign()
    assert empty.send() == ["sent"]
    (flag,), (proposed,) = empty.on_server("Flag"), proposals(empty)
    observed = {each["code"]["text"]: f"Observation/{each['id']}" for each in empty.on_server("Observation")}
    assert flag["extension"][0]["valueReference"]["reference"] == observed["Pneumothorax"]
    assert (flag["status"], proposed["status"]) == ("active", "draft")
    assert proposed["occurrenceTiming"]["code"]["text"] == "3 months"
    (report,) = empty.on_server("DiagnosticReport")
    assert proposed["reasonReference"] == [{"reference": f"DiagnosticReport/{report['id']}"}]
    (because,) = empty.on_server("Provenance")
    targets = {each["reference"] for each in because["target"]}
    assert {f"Flag/{flag['id']}", f"ServiceRequest/{proposed['id']}", *observed.values()} == targets


def test_a_critical_result_whose_finding_was_rejected_is_not_flagged(empty: House) -> None:
    arrived(empty, *COLLAPSED)
    empty.sign(pneumothorax="hedged")
    empty.send()
    assert empty.on_server("Flag") == []
    assert len(proposals(empty)) == 1


def test_a_remark_the_reviewer_leaves_out_stays_in_the_house(empty: House, engine: Engine) -> None:
    arrived(empty, *COLLAPSED)
    for name in remarks(empty):
        with engine.begin() as connection:
            advising.leave_out(connection, empty.claimed(), name)
    empty.sign()
    empty.send()
    assert (empty.on_server("Flag"), proposals(empty)) == ([], [])


def test_amending_can_take_a_remark_back_and_give_it_again(empty: House, engine: Engine) -> None:
    arrived(empty, *COLLAPSED)
    empty.sign()
    empty.send()
    for left_out, flagged, proposed in ((True, "inactive", "revoked"), (False, "active", "draft")):
        empty.amend()
        for name in remarks(empty):
            with engine.begin() as connection:
                advising.leave_out(connection, empty.act(), name, left_out=left_out)
        empty.sign()
        assert empty.send() == ["sent"]
        assert states(empty, "Flag") == [flagged]
        assert [each["status"] for each in proposals(empty)] == [proposed]


def test_a_discrepancy_becomes_a_note_of_the_task_at_sign(empty: House) -> None:
    arrived(empty, "FINDINGS: Large left pleural effusion.", "IMPRESSION: Large right pleural effusion.")
    assert "Discrepancy" not in notes(empty)
    empty.sign()
    empty.send()
    assert notes(empty).count("Discrepancy") == 1


def notes(home: House) -> list[str]:
    """What the notes of the only Task are about."""
    (task,) = home.on_server("Task")
    return [each["text"].partition(":")[0] for each in task.get("note", [])]


def test_signing_the_correction_cancels_what_was_signed_and_leaves_what_was_rejected_alone(empty: House) -> None:
    arrived(empty, *COLLAPSED)
    empty.sign(pleural_effusion="hedged")
    empty.send()
    empty.take(oru("A", "There is a small right pneumothorax.", **CORRECTED))
    assert empty.statuses()["Pneumothorax"] == "final"
    empty.read()
    assert set(empty.send()) <= {"sent"}
    empty.sign()
    while empty.send():
        pass
    assert states(empty, "Observation") == ["cancelled", "entered-in-error", "final"]
    assert states(empty, "Task") == ["cancelled", "completed"]
    assert states(empty, "Flag") == ["active", "inactive"]
    assert [each["status"] for each in proposals(empty)] == ["revoked"]
    assert len(empty.on_server("Provenance")) == 2


def test_a_correction_after_sign_follows_what_was_signed_and_takes_its_place_once_signed(empty: House) -> None:
    arrived(empty, *COLLAPSED)
    empty.sign()
    empty.take(oru("A", "There is a small right pneumothorax.", **CORRECTED))
    assert empty.send() == ["sent"]
    assert states(empty, "Observation") == ["final", "final"]
    empty.read()
    empty.sign()
    while empty.send():
        pass
    assert states(empty, "Observation") == ["cancelled", "cancelled", "final"]
    assert states(empty, "Flag") == ["active", "inactive"]
    assert [each["status"] for each in proposals(empty)] == ["revoked"]


def test_a_report_taken_back_after_sign_takes_everything_signed_with_it(empty: House, engine: Engine) -> None:
    arrived(empty, *COLLAPSED)
    empty.sign()
    empty.send()
    empty.take(oru("A", control_id="2", time="20260914120000"), status=ReportStatus.ENTERED_IN_ERROR, text="")
    assert empty.send() == ["sent"]
    for resource_type in ("Observation", "Flag"):
        assert set(states(empty, resource_type)) == {"entered-in-error"}
    assert [each["status"] for each in proposals(empty)] == ["entered-in-error"]
    assert states(empty, "Task") == ["cancelled"]
    with engine.connect() as connection:
        assert list(connection.execute(select(notice.c.kind)).scalars()) == ["retracted"]


def test_a_finding_added_by_hand_bears_neither_the_machine_nor_its_label(empty: House) -> None:
    arrived(empty, "Small right pleural effusion.")
    finding = Finding(id="rib_fracture", name="Rib fracture")
    empty.add(Claim(finding=finding, status=Status.PRESENT, side=Side.LEFT))
    empty.sign()
    empty.send()
    by_hand = next(each for each in empty.on_server("Observation") if each["code"]["text"] == "Rib fracture")
    assert "device" not in by_hand and "security" not in by_hand["meta"]
    because = next(each for each in empty.on_server("Provenance") if "security" not in each["meta"])
    assert because["target"] == [{"reference": f"Observation/{by_hand['id']}"}]
    assert because["agent"][0]["who"] == {"type": "Practitioner", "identifier": {"value": "ada"}}
    (task,) = empty.on_server("Task")
    assert {each["type"]["coding"][0]["code"] for each in task["output"]} == {"outcome-approved", "outcome-added"}


def test_a_known_order_with_another_patient_writes_nothing(empty: House, engine: Engine) -> None:
    arrived(empty, "Small right pleural effusion.")
    empty.take(oru("A", "Left pneumothorax.", control_id="2", patient="SOMEBODY", time="20260914120000"))
    empty.read()
    assert empty.send() == []
    assert states(empty, "Observation") == ["preliminary"]
    with engine.connect() as connection:
        assert len(deliveries.in_states(connection, ["sent", "pending"])) == 1


def remarks(home: House) -> list[str]:
    """Identifiers of the remarks that can leave."""
    with home.engine.connect() as connection:
        report = reports.by_id(connection, home.report_id)
        version = reports.current_version(connection, home.report_id)
        assert version is not None
        return list(advising.leaving(connection, version.id, report.key, version.content_hash))


def test_a_report_taken_back_takes_back_what_was_signed_before_its_correction_too(empty: House) -> None:
    arrived(empty, *COLLAPSED)
    empty.sign()
    empty.send()
    empty.take(oru("A", "There is a small right pneumothorax.", **CORRECTED))
    empty.read()
    while empty.send():
        pass
    assert states(empty, "Observation") == ["final", "final", "preliminary"]
    take_back(empty)
    for resource_type in ("Observation", "Flag"):
        assert set(states(empty, resource_type)) == {"entered-in-error"}
    assert set(states(empty, "Task")) == {"cancelled"}


def test_a_report_taken_back_before_its_correction_was_read_leaves_nothing_standing(empty: House) -> None:
    arrived(empty, *COLLAPSED)
    empty.take(oru("A", "There is a small right pneumothorax.", **CORRECTED))
    take_back(empty)
    assert set(states(empty, "Observation")) == {"entered-in-error"}
    assert states(empty, "Task") == ["cancelled"]


def test_an_ehr_that_takes_signed_findings_only_never_hears_of_the_others(house: MakeHouse) -> None:
    home = house(preliminary="none")
    home.sign(pleural_effusion="hedged")
    assert home.send() == ["sent"]
    assert home.statuses() == {"Pneumonia": "final", "Cardiomegaly": "final"}
    (task,) = home.on_server("Task")
    rejected = next(each for each in task["output"] if each["type"]["coding"][0]["code"] == "outcome-rejected")
    assert "reference" not in rejected["valueReference"] and rejected["valueReference"]["identifier"]["value"]


def test_what_was_never_told_is_not_told_to_take_it_back(empty: House) -> None:
    empty.take(oru("A", *COLLAPSED, control_id="1"))
    empty.read()
    take_back(empty)
    for resource_type in ("Observation", "Task", "DiagnosticReport", "Provenance"):
        assert empty.on_server(resource_type) == []


def test_the_report_on_the_server_never_goes_back_to_an_older_text(empty: House) -> None:
    arrived(empty, *COLLAPSED)
    empty.sign()
    empty.send()
    empty.take(oru("A", "There is a small right pneumothorax.", **CORRECTED))
    empty.read()
    empty.sign()
    while empty.send():
        pass
    (report,) = empty.on_server("DiagnosticReport")
    assert report["meta"]["versionId"] == "2"


def read_twice(empty: House) -> tuple[str, list[Json]]:
    """A report of the EHR's own and, for each reading of its two versions, what its Provenance says was read."""
    who = empty.client.run(create({"resourceType": "Patient"}))
    filed = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "XR"}}
    theirs = empty.client.run(create({**filed, "subject": {"reference": who.reference}})).reference

    def said(version: str) -> dict[str, object]:
        source = Source(door=Door.FHIR, reference=theirs, version=version)
        return {"source": source, "patient": Patient(identifiers=(Identifier(value="P"),), reference=who.reference)}

    empty.take(oru("A", *COLLAPSED, control_id="1"), **said("1"))
    empty.read()
    empty.send()
    empty.take(oru("A", "There is a small right pneumothorax.", **CORRECTED), **said("2"))
    empty.read()
    while empty.send():
        pass
    return theirs, [each["entity"][0]["what"] for each in empty.on_server("Provenance")]


def test_provenance_names_the_version_of_the_report_its_findings_were_read_from(empty: House) -> None:
    theirs, read_from = read_twice(empty)
    assert {each["reference"] for each in read_from} == {f"{theirs}/_history/1", f"{theirs}/_history/2"}
    assert {each["display"] for each in read_from} == {"version 1", "version 2"}


def take_back(home: House) -> None:
    """The source says that the report was entered in error, and all of that goes out."""
    home.take(oru("A", control_id="3", time="20260914130000"), status=ReportStatus.ENTERED_IN_ERROR, text="")
    while home.send():
        pass
