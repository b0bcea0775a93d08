"""Device, Provenance, Task and the resources of HL7-fed reports."""

import base64

from integration.canonical import Engine
from integration.fhir.device import device
from integration.fhir.systems import AIAST, Systems, device_identifier, is_ours
from tests.fhir_examples import ENGINE, SYSTEMS, TEXT, resources

EXAMPLES = resources()


def test_another_version_of_prompt_or_catalogue_is_another_device() -> None:
    other = ENGINE.model_copy(update={"catalogue_version": "2"})
    assert device_identifier(other) != device_identifier(ENGINE)
    assert device_identifier(Engine(**ENGINE.model_dump())) == device_identifier(ENGINE)


def test_only_a_model_is_called_a_large_language_model() -> None:
    assert "extension" not in device(ENGINE, SYSTEMS)
    assert "Large-Language-Models" in str(EXAMPLES["Device, a language model"]["extension"])


def test_provenance_names_the_machine_as_author_and_the_reader_as_verifier() -> None:
    roles = [agent["type"]["coding"][0]["code"] for agent in EXAMPLES["Provenance"]["agent"]]
    assert roles == ["author", "verifier"]
    assert EXAMPLES["Provenance"]["reason"] == [{"coding": [AIAST]}]


def test_provenance_points_at_the_version_of_the_report_that_was_read() -> None:
    assert "/_history/" in EXAMPLES["Provenance"]["entity"][0]["what"]["reference"]


def test_a_task_has_one_output_per_observation_with_its_outcome() -> None:
    output = EXAMPLES["Task"]["output"]
    assert [entry["type"]["coding"][0]["code"] for entry in output] == ["outcome-approved"]
    assert output[0]["valueReference"] == {"reference": "Observation/5"}


def test_the_report_s_text_travels_as_one_plain_attachment_and_never_with_results() -> None:
    found = EXAMPLES["DiagnosticReport"]
    assert base64.b64decode(found["presentedForm"][0]["data"]).decode() == TEXT
    assert "result" not in found


def test_order_numbers_carry_their_types() -> None:
    typed = {
        each["type"]["coding"][0]["code"]: each["value"]
        for each in EXAMPLES["DiagnosticReport"]["identifier"]
        if "type" in each
    }
    assert typed == {"FILL": "F-100", "ACSN": "ACC-100", "PLAC": "P-100"}


def test_a_patient_identifier_has_the_system_the_site_gave_its_authority() -> None:
    assert EXAMPLES["Patient"]["identifier"][0]["system"] == "https://hospital.example.org/mrn"


def test_what_we_wrote_is_recognised_and_what_others_wrote_is_not() -> None:
    assert all(is_ours(resource, SYSTEMS) for resource in EXAMPLES.values())
    assert not is_ours({"resourceType": "DiagnosticReport", "meta": {"source": "https://ris"}}, SYSTEMS)


def test_our_echo_is_recognised_after_a_server_appended_its_request_id() -> None:
    assert is_ours({"meta": {"source": f"{SYSTEMS.source}#a1b2"}}, SYSTEMS)


def test_our_echo_is_recognised_by_identifier_after_a_server_dropped_the_source() -> None:
    kept = {"identifier": EXAMPLES["DiagnosticReport"]["identifier"]}
    assert is_ours(kept, SYSTEMS)


def test_an_authority_survives_the_way_out_and_back() -> None:
    plain = Systems("urn:countersign")
    for authority in ("HOSP", "https://hospital.example.org/mrn", "urn:oid:1.2.840.1"):
        assert plain.authority(plain.authority_uri(authority)) == authority
