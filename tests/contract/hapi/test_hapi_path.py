"""The whole path with HAPI FHIR as the EHR: heard of by its Subscription, written, signed, corrected, taken back."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import Engine
from sqlalchemy import update as change

from integration.fhir.errors import Conflict
from integration.fhir.exchange import delete, search_all, update
from services.processes.subscriber.notifications import PATH
from services.store.tables import account
from tests.integration.sender.house import House, MakeHouse
from tests.integration.sender.test_deliveries import (  # noqa: F401
    test_amending_marks_what_changed_as_corrected_and_leaves_the_rest_alone,
    test_an_edit_in_the_ehr_is_shown_to_a_person_and_overwritten_only_when_they_say_so,
    test_signed_findings_are_listed_in_the_ehr_s_own_report_only_when_asked_for,
    test_suggestions_arrive_preliminary_and_sign_makes_them_final_or_takes_them_back,
)
from tests.integration.sender.test_lifecycle import (  # noqa: F401
    read_twice,
    test_a_correction_after_sign_follows_what_was_signed_and_takes_its_place_once_signed,
    test_a_discrepancy_becomes_a_note_of_the_task_at_sign,
    test_a_finding_added_by_hand_bears_neither_the_machine_nor_its_label,
    test_a_known_order_with_another_patient_writes_nothing,
    test_a_report_taken_back_after_sign_takes_everything_signed_with_it,
    test_a_report_taken_back_before_its_correction_was_read_leaves_nothing_standing,
    test_a_report_taken_back_takes_back_what_was_signed_before_its_correction_too,
    test_amending_can_take_a_remark_back_and_give_it_again,
    test_an_ehr_that_takes_signed_findings_only_never_hears_of_the_others,
    test_remarks_leave_at_sign_and_rest_on_what_was_signed,
    test_signing_the_correction_cancels_what_was_signed_and_leaves_what_was_rejected_alone,
    test_the_report_on_the_server_never_goes_back_to_an_older_text,
    test_what_was_never_told_is_not_told_to_take_it_back,
)
from tests.integration.system.test_spine import (  # noqa: F401
    test_a_correction_withdraws_the_old_suggestions_and_writes_the_new,
    test_a_diagnostic_report_on_the_fhir_server_goes_the_same_way,
    test_a_report_over_mllp_becomes_preliminary_observations,
    test_a_report_with_nothing_to_suggest_gets_its_task_all_the_same,
    test_the_diagnostic_report_we_wrote_is_recognised_and_not_read_again,
    test_the_observation_points_at_the_report_its_patient_and_the_task,
    test_the_same_exam_through_both_doors_is_one_report_and_one_review,
)
from tests.messages import diagnostic_report
from tests.system import System, eventually


def ours(system: System) -> list[dict]:
    endpoint = f"http://127.0.0.1:{system.instance.ports['notify']}{PATH}"
    found = system.fhir.run(search_all("Subscription", [("_count", "100")]))
    return [each for each in found if each["channel"]["endpoint"] == endpoint]


def test_there_is_one_subscription_and_hapi_made_it_active(system: System) -> None:
    (subscription,) = eventually(
        lambda: [each for each in ours(system) if each["status"] == "active"], 60, "an active Subscription"
    )
    assert subscription["channel"]["type"] == "rest-hook"


def test_a_report_corrected_in_hapi_is_read_again(system: System) -> None:
    system.create(diagnostic_report("HP1"))
    before = system.delivered("HP1")
    (theirs,) = system.search("DiagnosticReport", identifier="HP1")
    corrected = next(
        entry["resource"]
        for entry in diagnostic_report("HP1", "There is a left pneumothorax.", status="corrected")["entry"]
        if entry["resource"]["resourceType"] == "DiagnosticReport"
    )
    system.update({**corrected, "id": theirs["id"], "subject": theirs["subject"]})
    after = eventually(
        lambda: (row := system.report("HP1")).task != before.task and row.sent and not row.unsent and row,
        60,
        "the correction read and delivered",
    )
    (old,) = system.observations(before.identifiers)
    (new,) = system.observations(after.identifiers)
    assert (old["status"], new["status"], new["code"]["text"]) == ("cancelled", "preliminary", "Pneumothorax")


def test_a_report_hapi_says_was_entered_in_error_takes_its_suggestions_back(system: System) -> None:
    system.create(diagnostic_report("HP2"))
    row = system.delivered("HP2")
    (theirs,) = system.search("DiagnosticReport", identifier="HP2")
    system.update({**theirs, "status": "entered-in-error"})
    eventually(
        lambda: {each["status"] for each in system.observations(row.identifiers)} == {"entered-in-error"},
        60,
        "taken back",
    )


def test_a_report_our_observations_point_at_cannot_be_deleted_from_hapi(system: System) -> None:
    system.create(diagnostic_report("HP3"))
    system.delivered("HP3")
    (theirs,) = system.search("DiagnosticReport", identifier="HP3")
    with pytest.raises(Conflict):
        system.fhir.run(delete(f"DiagnosticReport/{theirs['id']}"))


def test_the_version_that_was_read_is_named_though_hapi_drops_it_from_the_reference(empty: House) -> None:
    theirs, read_from = read_twice(empty)
    assert {each["reference"] for each in read_from} == {theirs}
    assert {each["display"] for each in read_from} == {"version 1", "version 2"}


def performers(home: House) -> list[dict]:
    home.propose()
    home.sign()
    while home.send():
        pass
    final = [each for each in home.on_server("Observation") if each["status"] == "final"]
    assert final
    return [who for each in final for who in each["performer"]]


def test_a_signer_hapi_does_not_know_is_named(house: MakeHouse) -> None:
    assert {str(each) for each in performers(house())} == {"{'type': 'Practitioner', 'identifier': {'value': 'ada'}}"}


def test_a_signer_hapi_knows_is_pointed_at(house: MakeHouse, engine: Engine) -> None:
    home = house()
    known = home.client.run(update({"resourceType": "Practitioner", "id": f"p-{uuid.uuid4()}"})).reference
    with engine.begin() as connection:
        connection.execute(change(account).values(practitioner=known))
    assert {each["reference"] for each in performers(home)} == {known}
