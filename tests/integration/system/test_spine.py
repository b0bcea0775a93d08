"""From an interface engine or a FHIR server to preliminary Observations, through the running system."""

from sqlalchemy import select

from services.store.tables import message, report
from tests.messages import diagnostic_report, oru
from tests.system import System, eventually

AIAST = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "AIAST"}


def labels(resource: dict) -> list[tuple[str, str]]:
    return [(label["system"], label["code"]) for label in resource["meta"]["security"]]


async def test_a_report_over_mllp_becomes_preliminary_observations(system: System) -> None:
    (answer,) = await system.send(oru("SP1"))
    assert answer.code == "AA" and answer.control_id == "SP1"
    row = system.delivered("SP1")
    (effusion,) = system.observations(row.identifiers)
    assert effusion["status"] == "preliminary"
    assert (AIAST["system"], AIAST["code"]) in labels(effusion)
    assert effusion["code"]["text"] == "Pleural effusion"
    assert "right pleural effusion" in effusion["note"][0]["text"]
    assert effusion["device"]["reference"].startswith("Device/")


async def test_the_observation_points_at_the_report_its_patient_and_the_task(system: System) -> None:
    await system.send(oru("SP2"))
    row = system.delivered("SP2")
    (effusion,) = system.observations(row.identifiers)
    (written,) = system.search("DiagnosticReport", identifier="SP2")
    task = system.task(row)
    assert effusion["focus"] == [{"reference": f"DiagnosticReport/{written['id']}"}]
    assert effusion["subject"] == written["subject"] == task["for"]
    assert task["status"] == "requested"
    assert task["output"][0]["valueReference"]["reference"] == f"Observation/{effusion['id']}"
    assert "result" not in written


async def test_a_report_with_nothing_to_suggest_gets_its_task_all_the_same(system: System) -> None:
    await system.send(oru("SP3", "Blank template.", "Findings: ___"))
    row = system.delivered("SP3")
    assert row.identifiers == [] and row.review == "open"
    assert "nothing suggested" in system.task(row)["note"][0]["text"]


async def test_a_diagnostic_report_on_the_fhir_server_goes_the_same_way(system: System) -> None:
    system.create(diagnostic_report("SP4"))
    row = system.delivered("SP4")
    (effusion,) = system.observations(row.identifiers)
    (theirs,) = system.search("DiagnosticReport", identifier="SP4")
    assert effusion["focus"] == [{"reference": f"DiagnosticReport/{theirs['id']}"}]
    assert effusion["subject"] == theirs["subject"]


async def test_the_diagnostic_report_we_wrote_is_recognised_and_not_read_again(system: System) -> None:
    await system.send(oru("SP5"))
    system.delivered("SP5")
    (ours,) = system.search("DiagnosticReport", identifier="SP5")

    def heard() -> object:
        with system.database() as connection:
            where = message.c.resource == f"DiagnosticReport/{ours['id']}"
            return connection.execute(select(message.c.state, message.c.reason).where(where)).all()

    assert eventually(heard, 30, "our own report heard of") == [("ignored", "our own DiagnosticReport come back")]
    with system.database() as connection:
        assert len(connection.execute(select(report.c.id).where(report.c.accession == "SP5")).all()) == 1


async def test_the_same_exam_through_both_doors_is_one_report_and_one_review(system: System) -> None:
    await system.send(oru("SP6"))
    first = system.delivered("SP6")
    system.create(diagnostic_report("SP6"))

    def both() -> bool:
        with system.database() as connection:
            count = connection.execute(select(message.c.id).where(message.c.state == "done", message.c.door == "fhir"))
            return any(row for row in count) and system.report("SP6").task == first.task

    eventually(both, 30, "second source attached")
    with system.database() as connection:
        assert len(connection.execute(select(report.c.id).where(report.c.accession == "SP6")).all()) == 1
    assert len(system.observations(first.identifiers)) == 1


async def test_a_correction_withdraws_the_old_suggestions_and_writes_the_new(system: System) -> None:
    await system.send(oru("SP7"))
    before = system.delivered("SP7")
    corrected = oru("SP7", "There is a left pneumothorax.", control_id="SP7C", status="C", time="20260914120000")
    await system.send(corrected)
    after = eventually(
        lambda: (row := system.report("SP7")).task != before.task and row.sent and not row.unsent and row,
        60,
        "the correction read and delivered",
    )
    (old,) = eventually(
        lambda: [o for o in system.observations(before.identifiers) if o["status"] == "cancelled"],
        30,
        "old Observation cancelled",
    )
    assert old["code"]["text"] == "Pleural effusion"
    assert system.task(before)["status"] == "cancelled"
    names = {observation["code"]["text"] for observation in system.observations(after.identifiers)}
    assert names == {"Pneumothorax"}
    assert system.task(after)["status"] == "requested"


async def test_a_late_preliminary_never_replaces_a_final(system: System) -> None:
    await system.send(oru("SP8", time="20260914120000"))
    final = system.delivered("SP8")
    early = oru("SP8", "Wet read: large pneumothorax.", control_id="SP8P", status="P", time="20260914110000")
    await system.send(early)
    eventually(lambda: [m for m in system.messages() if m["control_id"] == "SP8P" and m["state"] == "done"], 30, "done")
    assert system.report("SP8").task == final.task


async def test_what_cannot_be_understood_is_acknowledged_and_quarantined_with_its_reason(system: System) -> None:
    (answer,) = await system.send(b"MSH|^~\\&|RIS|NORTHSIDE|CS|CS|2026||ORU^R01|SP9|P|2.5.1\rPID|1||P9\r")
    assert answer.code == "AA"
    found = eventually(
        lambda: [m for m in system.messages() if m["control_id"] == "SP9" and m["state"] == "quarantined"],
        30,
        "quarantined",
    )
    assert "OBR" in found[0]["reason"]


async def test_what_can_never_be_accepted_is_stored_and_refused(system: System) -> None:
    (answer,) = await system.send(b"MSH|^~\\&|RIS|NORTHSIDE|CS|CS|2026|||SP10|P|2.5.1\r")
    assert answer.code == "AR" and answer.control_id == "SP10"
    (row,) = [m for m in system.messages() if m["control_id"] == "SP10"]
    assert row["state"] == "rejected" and row["reason"]
