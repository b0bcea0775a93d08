"""The current version of a report, from everything its sources said."""

from datetime import UTC, datetime
from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from integration.canonical import Door, Identifier, Order, Patient, Report, ReportStatus, Source
from services.workflow.versions import compose, is_readable


def record(
    text: str, status: ReportStatus = ReportStatus.FINAL, minute: int = 0, control_id: str = "", addendum: bool = False
) -> Report:
    return Report(
        site="default",
        source=Source(door=Door.HL7, control_id=control_id or text),
        patient=Patient(identifiers=(Identifier(value="1", authority="H"),)),
        order=Order(accession=Identifier(value="A1")),
        status=status,
        text=text,
        issued=datetime(2026, 1, 1, 10, minute, tzinfo=UTC),
        addendum_only=addendum,
    )


PRELIMINARY = record("wet read", ReportStatus.PRELIMINARY, 1)
FINAL = record("final text", ReportStatus.FINAL, 5)
CORRECTED = record("corrected text", ReportStatus.CORRECTED, 10)
ADDENDUM = record("seen again", ReportStatus.APPENDED, 20, addendum=True)


def test_preliminary_final_corrected_and_addendum_in_any_order_give_the_same_report() -> None:
    results = {
        compose(order).report.model_dump_json() for order in permutations((PRELIMINARY, FINAL, CORRECTED, ADDENDUM))
    }
    assert len(results) == 1
    text = compose([PRELIMINARY, FINAL, CORRECTED, ADDENDUM]).report.text
    assert text == "corrected text\n\nADDENDUM:\nseen again"


def test_a_late_preliminary_never_replaces_a_final() -> None:
    late = record("late wet read", ReportStatus.PRELIMINARY, 59)
    assert compose([FINAL, late]).report.text == "final text"


def test_an_addendum_that_comes_before_its_body_waits_for_it() -> None:
    assert compose([ADDENDUM]).report.text == "seen again"
    assert compose([ADDENDUM, FINAL]).report.text.startswith("final text")


def test_an_addendum_whose_text_is_in_the_body_already_is_not_repeated() -> None:
    whole = record("final text. seen again", ReportStatus.CORRECTED, 30)
    assert compose([ADDENDUM, whole]).report.text == "final text. seen again"


def test_a_retraction_keeps_the_text_and_says_whether_there_was_a_final() -> None:
    error = record("", ReportStatus.ENTERED_IN_ERROR, 40)
    composed = compose([FINAL, error])
    assert composed.retracted and composed.had_final
    assert composed.report.text == "final text"
    assert not compose([record("", ReportStatus.CANCELLED, 1)]).had_final


def test_preliminary_reports_are_read_by_setting_only() -> None:
    assert not is_readable(PRELIMINARY, preliminary=False)
    assert is_readable(PRELIMINARY, preliminary=True)
    assert is_readable(FINAL, preliminary=False)
    assert not is_readable(record("   "), preliminary=True)


records = st.builds(
    record,
    text=st.text(alphabet="abc ", max_size=8),
    status=st.sampled_from(list(ReportStatus)),
    minute=st.integers(0, 3),
    control_id=st.sampled_from(["1", "2"]),
    addendum=st.booleans(),
)


@given(st.lists(records, min_size=1, max_size=5), st.randoms())
def test_the_order_of_arrival_decides_nothing(arrived: list[Report], random: Random) -> None:
    shuffled = list(arrived)
    random.shuffle(shuffled)
    assert compose(shuffled) == compose(arrived)


@given(st.lists(records, min_size=1, max_size=5))
def test_sections_of_addenda_point_at_their_text(arrived: list[Report]) -> None:
    report = compose(arrived).report
    assert all(0 <= section.start <= section.end <= len(report.text) for section in report.sections)
