"""The third step: a version is read, the quotes are checked, and the suggestions stored with their delivery.

The reading itself holds no database connection. What it said is stored in one transaction under the job's
lease; a version that stopped being current meanwhile is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection

from integration.canonical import Order, Patient, Report, Status
from services.domain.messages import ClaimedJob
from services.domain.reports import StoredReport, Suggestion, Version
from services.domain.words import STANDS, VERSION_COUNTS, DeliveryKind, JobState, ReadingState, ReviewState
from services.engines import RULES
from services.reading.catalogue.choice import Exam
from services.reading.catalogue.library import Library
from services.reading.reader import Question, Reader, Reading
from services.reading.remarks import with_remarks
from services.reading.rules.silence import LIMIT
from services.settings import Settings
from services.store import calibrations, jobs, moved_drafts, notices, openings, readings, reports, reviews
from services.store.rows import Values
from services.workflow import parents, states, suggesting
from services.workflow.outbox import deliver, to_deliver


@dataclass(frozen=True, slots=True)
class Readers:
    """What analysis needs: catalogues, a reader by engine name, the rules for the cross-check, settings."""

    library: Library
    reader: Callable[[str], Reader]
    rules: Reader
    settings: Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """A question made from a version, with the rows it came from."""

    job: ClaimedJob
    version: Version
    question: Question


@dataclass(frozen=True, slots=True)
class Made:
    """By which job a reading was made, None for one that is stored with its job; `failed`: tries before it."""

    job_id: int | None = None
    shadow: bool = False
    failed: int = 0


def ask(connection: Connection, job: ClaimedJob, readers: Readers) -> Asked | None:
    """The question for a job's version; None (and the job cancelled) where the version is not current."""
    version = reports.version(connection, job.reading_of)
    if version.state not in VERSION_COUNTS:
        reason = "the version is not current any more"
        jobs.finish(connection, job, state="cancelled", reason=reason)
        return None
    return Asked(job, version, question(Report.model_validate(version.record), readers.library))


def question(report: Report, library: Library) -> Question:
    """What a reader is asked about a report; names and identifiers stay behind."""
    order, exams = report.order, report.exams or (report.order,)
    catalogue = library.choose_for(_exam(each) for each in exams)
    return Question(
        text=report.text,
        catalogue=catalogue,
        sections=report.sections,
        modality=order.modality,
        body_site=order.body_site,
        procedure="; ".join(dict.fromkeys(each.procedure.display for each in exams)),
        order_side=order.side,
        sex=report.patient.sex,
        age_years=_age(report.patient, report),
        priority=order.priority,
        site=report.site,
    )


def _exam(order: Order) -> Exam:
    return Exam(order.procedure.code, order.procedure.display, order.modality, order.body_site)


def _age(patient: Patient, report: Report) -> int | None:
    when = report.observed or report.issued
    digits = patient.birth_date.replace("-", "")
    if when is None or len(digits) != 8 or not digits.isdigit():
        return None
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return when.year - born.year - ((when.month, when.day) < (born.month, born.day))


def answer(asked: Asked, readers: Readers) -> tuple[Reading, Reading]:
    """The reading of the job's engine, the rules' remarks among its own, and that of the rules. Raises ReadingError.

    Of a model's, a parent that says no more than its child is not shown.
    """
    reader = readers.reader(asked.job.engine)
    reading = reader.read(asked.question)
    if reader is readers.rules:
        return reading, reading
    rules = readers.rules.read(asked.question)
    above = {each.finding.id: each.parent for each in asked.question.catalogue.candidates if each.parent}
    return parents.folded(with_remarks(reading, rules), rules, above), rules


def store(connection: Connection, asked: Asked, reading: Reading, rules: Reading, settings: Settings) -> None:
    """Stores what was read and finishes the job. Raises StaleLease; the caller then rolls back."""
    job = asked.job
    report = reports.lock_by_id(connection, asked.version.report_id)
    version = reports.version(connection, asked.version.id)
    if version.state not in VERSION_COUNTS:
        reason = "the version was superseded while it was read"
        jobs.finish(connection, job, state=JobState.CANCELLED, reason=reason)
        return
    made = Made(job_id=job.id, shadow=job.shadow, failed=job.failed)
    if job.shadow:
        readings.put(connection, version, as_row(version, reading, made), None)
    else:
        _join(connection, report, version, reading, rules, settings, made)
    jobs.finish(connection, job)


def _join(
    connection: Connection,
    report: StoredReport,
    version: Version,
    reading: Reading,
    rules: Reading,
    settings: Settings,
    made: Made,
) -> None:
    """A reading that comes after its report was put in place: the rules' own, or a model's beside it."""
    if reading is not rules and not readings.is_shown(connection, version.id):
        show(connection, report, version, rules, rules, settings, made)
    review = reports.review_of(connection, report.id)
    if review and review.version_id == version.id and review.state is ReviewState.SIGNED:
        _after_sign(connection, report, version, reading, made)
    else:
        show(connection, report, version, reading, rules, settings, made)


def _after_sign(connection: Connection, report: StoredReport, version: Version, reading: Reading, made: Made) -> None:
    """What comes after the signature is kept and reopens nothing; a critical finding nobody signed is told of."""
    readings.put(connection, version, as_row(version, reading, made), None)
    readings.set_state(connection, version.id, ReadingState.READ)
    signed = {each.finding_id for each in reports.suggestions(connection, version.id) if each.state in STANDS}
    late = [each for each in reading.verdicts if each.finding.critical and each.status is Status.PRESENT]
    if any(each.finding.id not in signed for each in late):
        notices.add(connection, "late reading", report.site_id, report.id, states.CRITICAL_AFTER_SIGN)


def show(
    connection: Connection,
    report: StoredReport,
    version: Version,
    reading: Reading,
    rules: Reading,
    settings: Settings,
    made: Made,
    *,
    first: bool = False,
    job: Values | None = None,
) -> None:
    """New suggestions in, older ones out, the review opened, the deliveries queued: one transaction.

    `first`: this is the first version anybody read of the report. `job`: a row to be stored as done with it.
    """
    if not first:
        _withdraw_older(connection, report, version, settings)
    before = [] if first or reading is rules else reviews.suggestions(connection, version.id)
    suggested = _suggested(connection, report, version, before, reading, rules, settings)
    outcome = readings.Outcome(
        state=_state(reading, rules, suggested, settings),
        suggestions=suggested,
        deliveries=to_deliver(report, version.id, DeliveryKind.PROPOSED, settings),
        priority=report.priority,
        first=first,
    )
    readings.put(connection, version, as_row(version, reading, made), outcome, job)
    if not first:
        openings.disarm(connection, report.id)
        moved_drafts.move_drafts(connection, report.id, version.id)


def _withdraw_older(connection: Connection, report: StoredReport, version: Version, settings: Settings) -> None:
    for older in reports.older_versions_showing(connection, report.id, version.id):
        reports.withdraw_suggestions(connection, older, states.WITHDRAWN)
        deliver(connection, report, older, DeliveryKind.WITHDRAWN, settings)


def _suggested(
    connection: Connection,
    report: StoredReport,
    version: Version,
    before: Sequence[Suggestion],
    reading: Reading,
    rules: Reading,
    settings: Settings,
) -> list[suggesting.Row]:
    """The rows to be stored; the calibration in use gives each with votes its agreement."""
    voted = any(verdict.confidence is not None for verdict in reading.verdicts)
    curves = calibrations.active(connection, version.site_id, reading.engine.model_dump()) if voted else {}
    fresh = suggesting.rows(report, version, reading, rules, settings, curves)
    if not before:
        return fresh
    return suggesting.joined(fresh, before, readings.drafted(connection, version.id), reading)


def _state(reading: Reading, rules: Reading, suggested: Sequence[object], settings: Settings) -> ReadingState:
    """How far the version's reading is with this one stored."""
    if reading is rules and settings.reading.engine != RULES:
        return ReadingState.PENDING
    if reading.unread and rules.unread:
        stopped = any(verdict.rule == LIMIT for verdict in rules.verdicts)
        return ReadingState.FAILED if stopped else ReadingState.UNREAD
    return ReadingState.READ if suggested else ReadingState.NOTHING_FOUND


def as_row(version: Version, reading: Reading, made: Made) -> Values:
    """A reading of a version by column."""
    record = reading.model_dump(mode="json")
    columns = ("engine", "verdicts", "advisories", "flagged", "unread", "reasoning", "usage")
    of = {"site_id": version.site_id, "version_id": version.id}
    return {**of, **asdict(made), **{name: record[name] for name in columns}}
