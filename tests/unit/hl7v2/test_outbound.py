"""What goes back to the engine: valid by hl7apy, ours by every identifier, the evidence word for word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hypothesis import given
from hypothesis import strategies as st

from integration.canonical import (
    Code,
    Door,
    Engine,
    Finding,
    Identifier,
    Order,
    Patient,
    Person,
    Quote,
    Report,
    ReportStatus,
    Side,
    Source,
    Status,
    Suggestion,
    Verdict,
)
from integration.hl7v2.charset import decode
from integration.hl7v2.msh import read_header
from integration.hl7v2.outbound import Envelope, InvalidMessage, Signature, SignedFinding, build_oru
from integration.hl7v2.segments import Segment, read_segments

RULES = Engine(name="rules", version="1")
SNOMED = "http://snomed.info/sct"
EFFUSION = Finding(
    id="pleural_effusion",
    name="Pleural effusion",
    codes=(Code(system=SNOMED, code="60046008", display="Pleural effusion", verified=True),),
)
SIGNATURE = Signature(
    signer=Person(identifier=Identifier(value="7"), family="REYES", given="ADA"),
    signed_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)
ENVELOPE = Envelope(application="COUNTERSIGN", facility="NORTH", control_id="CS1")


def report(**order: Identifier) -> Report:
    given = order or {"filler": Identifier(value="F-1", authority="RIS"), "placer": Identifier(value="P-1")}
    return Report(
        site="default",
        source=Source(door=Door.HL7),
        patient=Patient(identifiers=(Identifier(value="42", authority="urn:oid:1.2.3", type="MR"),), family="DOE"),
        order=Order(**given),
        status=ReportStatus.FINAL,
        text="x",
    )


def signed(
    finding: Finding = EFFUSION,
    status: Status = Status.PRESENT,
    side: Side | None = None,
    quote: str = "Small effusion.",
    engine: Engine | None = RULES,
    result_status: str = "F",
) -> SignedFinding:
    quotes = (Quote(text=quote, start=0, end=len(quote)),)
    verdict = Verdict(finding=finding, status=status, side=side, quotes=quotes)
    return SignedFinding(
        suggestion=Suggestion(identifier="s", verdict=verdict, engine=engine), result_status=result_status
    )


def segments(body: bytes) -> list[Segment]:
    header = read_header(body)
    assert header is not None
    return read_segments(decode(body, header.charset), header)


def build(*findings: SignedFinding, about: Report | None = None, amended: bool = False) -> list[Segment]:
    return segments(build_oru(about or report(), findings, SIGNATURE, ENVELOPE, amended=amended))


def test_the_message_passes_the_strict_parser_of_hl7apy() -> None:
    body = build_oru(report(), [signed(side=Side.LEFT), signed(status=Status.UNCERTAIN)], SIGNATURE, ENVELOPE)
    message = parse_message(body.decode(), validation_level=VALIDATION_LEVEL.STRICT)
    assert message.validate() and message.name == "ORU_R01"


def test_a_finding_is_an_obx_with_code_status_flag_and_who_answers_for_it() -> None:
    (obx,) = [segment for segment in build(signed()) if segment.name == "OBX"]
    assert (obx.value(2), obx.value(3), obx.value(3, 3), obx.value(5), obx.value(8), obx.value(11)) == (
        "CWE", "60046008", "SCT", "52101004", "A", "F",
    )  # fmt: skip
    assert obx.value(16, 2) == "REYES" and obx.value(18) == "rules"


def test_a_side_is_an_obx_of_the_same_sub_id() -> None:
    finding, side = [segment for segment in build(signed(side=Side.LEFT)) if segment.name == "OBX"]
    assert finding.value(4) == side.value(4) and side.value(5, 2) == "Left"


def test_an_unverified_code_is_not_sent() -> None:
    unsure = Finding(id="x", name="X", codes=(Code(system=SNOMED, code="1", verified=False),))
    (obx,) = [segment for segment in build(signed(unsure)) if segment.name == "OBX"]
    assert (obx.value(3), obx.value(3, 3)) == ("x", "99COUNTERSIGN")


def test_it_cannot_pass_for_the_radiologists_report() -> None:
    found = build(signed(), amended=True)
    orc, obr = (next(segment for segment in found if segment.name == name) for name in ("ORC", "OBR"))
    assert obr.value(3) != "F-1" and obr.value(3, 2) == "99COUNTERSIGN" and obr.value(4, 3) == "99COUNTERSIGN"
    assert obr.raw(29) == orc.raw(8) == "P-1^F-1&RIS"
    assert obr.value(25) == "C" and found[0].value(3) == "COUNTERSIGN"
    first = next(segment for segment in build(signed()) if segment.name == "OBR")
    assert first.value(25) == "F" and first.value(3) == obr.value(3)


def test_a_finding_that_was_taken_back_says_so() -> None:
    (obx,) = [segment for segment in build(signed(result_status="W")) if segment.name == "OBX"]
    assert obx.value(11) == "W"


def test_no_findings_are_said_in_words() -> None:
    found = build()
    assert [segment.value(3) for segment in found if segment.name == "NTE"] == [
        "No findings were signed for this report."
    ]


def test_a_finding_added_by_hand_names_no_engine() -> None:
    found = build(signed(engine=None))
    assert all(segment.value(18) == "" for segment in found if segment.name == "OBX")
    assert not any("Suggested by" in segment.text(3) for segment in found if segment.name == "NTE")


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=60)


@given(TEXT)
def test_evidence_survives_the_wire_word_for_word(quote: str) -> None:
    notes = [segment.text(3) for segment in build(signed(quote=f"x{quote}x")) if segment.name == "NTE"]
    assert notes[0].split() == f"Evidence: x{quote}x".split()


def test_what_cannot_be_said_fails_without_quoting_the_report() -> None:
    with pytest.raises(InvalidMessage, match="OBX-5"):
        build(signed(status=Status.NOT_MENTIONED))
    nobody = report().model_copy(update={"patient": Patient()})
    with pytest.raises(InvalidMessage):
        build(signed(), about=nobody)
