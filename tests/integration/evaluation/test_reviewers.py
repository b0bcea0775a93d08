"""Figures from reviewers, drift, calibration and the shadow, where the right answer can be counted by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, select

from integration.canonical import Engine as Reader
from integration.canonical import Quote, Status, Verdict
from services.domain.messages import Job
from services.domain.reports import Suggestion
from services.evaluation import calibration
from services.figures import drift, reviewers, shadow
from services.reading.reader import Reading
from services.settings import Settings
from services.store import calibrations, jobs, reports
from services.store.charts import Span
from services.store.rows import one
from services.store.tables import analysis as analysis_table
from services.store.tables import job, notice, report_version, suggestion
from services.workflow import analysis
from services.workflow.analysis import Made
from services.workflow.dead_letters import bury
from tests import seeding
from tests.decided import MODEL, Decided, put

SPAN = Span("default", 30)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def test_acceptance_and_overrides_by_direction_are_what_was_signed(connection: Connection) -> None:
    for each in (
        Decided(),
        Decided(),
        Decided(state="edited", status="uncertain"),
        Decided(state="rejected", reason="negated"),
        Decided("cardiomegaly"),
    ):
        put(connection, each)
    found = reviewers.decided(connection, SPAN, ("finding", "engine", "model"))
    pneumonia = found["pneumonia", "house", "house-70b"]
    assert (pneumonia.decided, pneumonia.approved, pneumonia.acceptance) == (4, 2, 0.5)
    assert dict(pneumonia.directions) == {("present", "uncertain"): 1, ("present", "rejected: negated"): 1}
    assert found["cardiomegaly", "house", "house-70b"].acceptance == 1
    assert reviewers.decided(connection, Span("default", 30, engine="rules"), ("finding",)) == {}
    assert len(reviewers.decided(connection, SPAN, ("week",))) in (1, 2)


def test_kappa_is_of_reports_read_twice_only(connection: Connection) -> None:
    for state, second, count in (
        ("approved", "present", 8), ("approved", "absent", 2), ("rejected", "absent", 8), ("rejected", "present", 2),
    ):  # fmt: skip
        for _ in range(count):
            put(connection, Decided(state=state, reason="negated" if state == "rejected" else "", second=second))
    put(connection, Decided(state="rejected", reason="negated"))
    whole, pneumonia = reviewers.agreement(connection, SPAN)
    assert (whole.pairs, whole.agreed) == (20, 16)
    assert whole.cohen == pytest.approx(0.6) and whole.fleiss == pytest.approx(0.6)
    assert whole.interval and whole.interval[0] < 0.6 < whole.interval[1]
    assert pneumonia.finding == "pneumonia" and pneumonia.pairs == 20
    assert reviewers.agreement(connection, Span("default", 30, engine="rules"))[0].pairs == 0


def test_drift_is_alarmed_where_it_is_real_and_not_where_counts_are_small(connection: Connection) -> None:
    for at in range(20):
        put(connection, Decided(state="rejected" if at % 10 == 0 else "approved", reason="negated", days=15))
    for _ in range(10):
        put(connection, Decided(state="rejected", reason="negated", days=2))
    for days, count in ((15, 12), (2, 3)):
        for _ in range(count):
            put(
                connection,
                Decided("cardiomegaly", state="rejected" if days == 2 else "approved", reason="hedged", days=days),
            )
    rates = {(each.place.rate, each.place.finding_id): each for each in drift.measure(connection, "default")}
    assert rates["override", "pneumonia"].alarm
    assert rates["override", "pneumonia"].now.share == 1 and rates["override", "pneumonia"].before.share == 0.1
    assert not rates["override", "cardiomegaly"].alarm
    assert not any(each.alarm for (rate, _), each in rates.items() if rate != "override")


def test_every_rate_of_drift_is_seen(connection: Connection) -> None:
    for days, bad in ((15, False), (2, True)):
        for _ in range(12):
            uncertain = Decided("pneumonia", "uncertain" if bad else "present", days=days)
            denied = Decided("cardiomegaly", conflict="absent" if bad else "")
            put(connection, uncertain, denied, Decided("pleural_effusion", unsupported=bad))
    rates = {(each.place.rate, each.place.finding_id) for each in drift.measure(connection, "default") if each.alarm}
    expected = {("uncertain", "pneumonia"), ("disagreement", "cardiomegaly"), ("unsupported", "pleural_effusion")}
    assert expected <= rates


def test_answers_that_could_not_be_used_are_a_rate_of_the_engine(connection: Connection) -> None:
    for days, failed in ((15, 0), (2, 3)):
        for _ in range(10):
            number = put(connection, Decided(days=days))
            version = select(report_version.c.id).where(report_version.c.report_id == number)
            table = analysis_table
            connection.execute(table.update().where(table.c.version_id.in_(version)).values(failed=failed))
    rates = {each.place.rate: each for each in drift.measure(connection, "default") if not each.place.finding_id}
    assert rates["unusable"].alarm and (rates["unusable"].now.hits, rates["unusable"].now.count) == (30, 40)


def test_an_engine_without_a_change_raises_no_alarm(connection: Connection) -> None:
    chance = random.Random(3)
    for at in range(30):
        state = "rejected" if chance.random() < 0.2 else "approved"
        put(connection, Decided(state=state, reason="negated", days=2 if at % 4 == 0 else 15))
    assert not [each for each in drift.measure(connection, "default") if each.alarm]


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty pairs make a curve: what is tested is what becomes of it."""
    monkeypatch.setattr(calibration, "FEWEST_PAIRS", 30)


def overconfident(connection: Connection, count: int = 30) -> None:
    """Votes of 2/3 and 1, where second readers agree with 40 % and 80 %."""
    for at in range(count):
        share, agreed = (2 / 3, at % 10 < 4) if at % 2 else (1.0, at % 10 < 8)
        put(connection, Decided(confidence=share, second="present" if agreed else "absent"))


@pytest.mark.usefixtures("few_are_enough")
def test_agreement_is_fitted_on_blind_second_readings_and_beats_the_vote_share(connection: Connection) -> None:
    overconfident(connection)
    fitted, left = calibration.fit(connection, "default", 365)
    assert {each.finding_id for each in fitted} == {"", "pneumonia"} and left == []
    curve = fitted[0]
    assert curve.brier[curve.method] < curve.brier["vote share"]
    assert [each["count"] for each in curve.bins] == [15, 15] and curve.pairs == 30


def test_too_few_second_readings_make_no_curve(connection: Connection) -> None:
    overconfident(connection, 20)
    fitted, left = calibration.fit(connection, "default", 365)
    assert fitted == [] and all("20 pairs" in each.reason for each in left)


@pytest.mark.usefixtures("few_are_enough")
def test_a_curve_applies_to_new_suggestions_and_never_to_what_stands(connection: Connection) -> None:
    overconfident(connection)
    proposed = seeding.put(connection)
    fitted, _ = calibration.fit(connection, "default", 365)
    before = _agreements(connection)
    rows = [{**curve.model_dump(mode="json"), "created_by": "account/1"} for curve in fitted]
    assert calibrations.put(connection, "default", rows) == 1
    assert _agreements(connection) == before and set(before.values()) == {None}
    new = _read(connection, confidence=2 / 3)
    assert new.agreement == pytest.approx(0.4, abs=0.05) and new.calibration_id
    assert _read(connection, confidence=None).agreement is None
    assert calibrations.put(connection, "default", rows) == 2
    again = connection.execute(select(suggestion).where(suggestion.c.id == new.id)).mappings().one()
    assert (again["agreement"], again["calibration_id"]) == (new.agreement, new.calibration_id)
    assert calibrations.retire(connection, "default", "house", "house-70b") == 2
    assert _read(connection, confidence=2 / 3).agreement is None
    assert proposed


def _agreements(connection: Connection) -> dict[int, float | None]:
    rows = connection.execute(select(suggestion.c.id, suggestion.c.agreement)).all()
    return {row.id: row.agreement for row in rows}


def _read(connection: Connection, confidence: float | None, rules: Status = Status.PRESENT) -> Suggestion:
    """One suggestion as the pipeline stores it."""
    report_id = seeding.put(connection, seeding.Exam(says=()))
    report = reports.lock_by_id(connection, report_id)
    version = reports.current_version(connection, report_id)
    candidate = seeding.LIBRARY.find("pneumonia")
    assert version and candidate
    at = seeding.CHEST.index("Right lower lobe pneumonia")
    quote = Quote(text="Right lower lobe pneumonia", start=at, end=at + 26)
    verdict = Verdict(finding=candidate.finding, status=Status.PRESENT, quotes=(quote,), confidence=confidence)
    reading = Reading(engine=Reader.model_validate(MODEL), verdicts=(verdict,))
    checked = Reading(
        engine=Reader(name="rules", version="1"), verdicts=(verdict.model_copy(update={"status": rules}),)
    )
    analysis.show(connection, report, version, reading, checked, Settings(), Made())
    return reports.suggestions(connection, version.id)[0]


@pytest.mark.parametrize(("rules", "flagged"), [("present", False), ("absent", True), ("not_mentioned", True)])
def test_a_models_word_that_the_rules_deny_is_flagged(connection: Connection, rules: str, flagged: bool) -> None:
    assert _read(connection, None, Status(rules)).conflict is flagged


def test_the_shadow_is_weighed_against_the_decisions(connection: Connection) -> None:
    for state, reason, other, count in (
        ("approved", "", "present", 10), ("approved", "", "absent", 1), ("rejected", "negated", "absent", 8),
        ("rejected", "not_relevant", "absent", 5),
    ):  # fmt: skip
        for _ in range(count):
            put(connection, Decided(state=state, reason=reason, shadow=other))
    put(connection, Decided())
    found = shadow.compare(connection, "default", "second-house")
    whole = found.findings["pneumonia"]
    assert (found.reports, whole.decisions) == (24, 19)
    assert (whole.shown.right, whole.other.right) == (11, 18)
    assert (whole.shown.flips, whole.other.flips) == (8, 1)
    assert (whole.only_shown, whole.only_shadow) == (1, 8)
    assert whole.p == pytest.approx(0.0390625)
    assert found.shown == {"house": 24} and found.findings[""].other.typical() == (1.5, 140)


def test_shadow_assertions_nobody_was_asked_about_are_counted_apart(connection: Connection) -> None:
    number = put(connection, Decided(shadow="present"))
    row = connection.execute(select(suggestion.c.id).where(suggestion.c.report_id == number)).scalar_one()
    connection.execute(suggestion.delete().where(suggestion.c.id == row))
    found = shadow.compare(connection, "default", "second-house").findings[""]
    assert (found.decisions, found.unreviewed) == (0, 1)


def test_a_shadow_reading_that_fails_for_good_troubles_no_reviewer(connection: Connection) -> None:
    number = seeding.put(connection)
    version = reports.current_version(connection, number)
    assert version
    for shadow_job in (True, False):
        job_id = jobs.add(connection, kind="analysis", version_id=version.id, engine="x", shadow=shadow_job)
        row = one(Job, connection.execute(select(job).where(job.c.id == job_id)))
        bury(connection, row, "unusable answer")
        told = list(connection.scalars(select(notice.c.report_id)))
        assert told == ([] if shadow_job else [number])
