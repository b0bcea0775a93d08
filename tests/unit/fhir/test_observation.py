"""What a suggestion becomes."""

import json

import pytest

from integration.canonical import Code, Finding, Side, Status, Suggestion, Verdict
from integration.fhir.elements import literal
from integration.fhir.observation import LATERALITY, PRESENCE, SIDES, Links, finding_code, observation
from integration.fhir.systems import AIAST, Json
from tests.fhir_examples import SYSTEMS, report, resources, suggestion

LINKS = Links(literal("Patient/1"), literal("DiagnosticReport/3"), literal("Practitioner/7"), literal("Device/4"))


def built(given: Suggestion, status: str = "final") -> Json:
    return observation(given, report(), LINKS, status, SYSTEMS)


def says(status: Status) -> Suggestion:
    finding = Finding(id="x", name="X")
    return Suggestion(identifier="i", verdict=Verdict(finding=finding, status=status), engine=None)


def test_a_machine_s_finding_carries_the_device_and_the_label_even_when_final() -> None:
    found = built(suggestion())
    assert found["meta"]["security"] == [AIAST]
    assert found["device"] == {"reference": "Device/4"}


def test_a_finding_added_by_hand_carries_neither_device_nor_label() -> None:
    found = built(suggestion(None))
    assert "security" not in found["meta"]
    assert "device" not in found


def test_the_identifier_is_the_suggestion_s() -> None:
    assert built(suggestion())["identifier"] == [{"system": SYSTEMS.observation, "value": suggestion().identifier}]


@pytest.mark.parametrize(
    ("status", "code", "interpretation"),
    [(Status.PRESENT, "52101004", "POS"), (Status.ABSENT, "2667000", "NEG"), (Status.UNCERTAIN, "82334004", "IND")],
)
def test_what_the_report_says_is_the_value_and_the_interpretation(
    status: Status, code: str, interpretation: str
) -> None:
    found = built(says(status))
    assert found["valueCodeableConcept"]["coding"][0]["code"] == code
    assert found["interpretation"][0]["coding"][0]["code"] == interpretation


def test_nothing_is_written_for_a_finding_the_report_does_not_mention() -> None:
    with pytest.raises(ValueError, match="not_mentioned"):
        built(says(Status.NOT_MENTIONED))


def test_a_status_outside_the_value_set_is_refused() -> None:
    with pytest.raises(ValueError, match="bogus"):
        built(suggestion(), "bogus")


def test_the_evidence_is_in_the_note_and_the_report_is_the_focus() -> None:
    found = built(suggestion())
    assert found["note"] == [{"text": suggestion().verdict.quotes[0].text}]
    assert found["focus"] == [{"reference": "DiagnosticReport/3"}]


def test_verified_codes_come_first_and_our_own_id_is_always_there() -> None:
    doubted = Code(system="http://radlex.org", code="RID1")
    sure = Code(system="http://snomed.info/sct", code="60046008", verified=True)
    coding = finding_code(Finding(id="x", name="X", codes=(doubted, sure)), SYSTEMS)["coding"]
    assert [each["code"] for each in coding] == ["60046008", "RID1", "x"]


@pytest.mark.parametrize("code", [c["code"] for c in (*PRESENCE.values(), *SIDES.values(), LATERALITY)])
def test_every_snomed_code_we_write_has_a_valid_check_digit(code: str) -> None:
    assert verhoeff(code)


@pytest.mark.parametrize("name", resources())
def test_no_example_holds_an_empty_element(name: str) -> None:
    text = json.dumps(resources()[name])
    assert not any(empty in text for empty in ('""', "[]", "{}", "null"))


def test_a_side_is_a_laterality_component() -> None:
    component = built(suggestion())["component"][0]
    assert component["valueCodeableConcept"]["coding"][0] == SIDES[Side.LEFT]


def verhoeff(number: str) -> bool:
    """Verhoeff's dihedral check (SNOMED CT identifiers, TIG §5.6): the digits' product is the identity."""
    total = 0
    for position, digit in enumerate(reversed(number)):
        total = dihedral(total, permuted(int(digit), position))
    return total == 0


def permuted(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit


def dihedral(left: int, right: int) -> int:
    """The group of the pentagon: 0-4 rotations, 5-9 reflections."""
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right - 5) % 5 + 5
    return (left - 5 - right) % 5 + 5 if right < 5 else (left - right) % 5
