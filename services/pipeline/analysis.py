"""The third step: a version is read, the quotes are checked, and the suggestions stored with their delivery.

The reading itself holds no database connection. What it said is stored in one transaction under the job's
lease; a version that stopped being current meanwhile is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping

from integration.canonical import (
    Patient,
    Report,
    Status,
    Verdict,
    observation_identifier,
)
from services.pipeline import states
from services.pipeline.placement import deliver
from services.reading.agreement import Curve, curve_for
from services.reading.catalogue.library import Library
from services.reading.reader import Question, Reader, Reading
from services.reading.remarks import with_remarks
from services.settings import Settings
from services.store import calibrations, jobs, reports

# Only present against absent is a disagreement: the rules speak on about half of the labels.
POLAR = {Status.PRESENT, Status.ABSENT}


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

    job: RowMapping
    version: RowMapping
    question: Question


def ask(connection: Connection, job: RowMapping, readers: Readers) -> Asked | None:
    """The question for a job's version; None (and the job cancelled) where the version is not current."""
    version = reports.version(connection, job["version_id"])
    if version["state"] not in reports.CURRENT:
        reason = "the version is not current any more"
        jobs.finish(connection, job["id"], job["lease_epoch"], state="cancelled", reason=reason)
        return None
    return Asked(job, version, question(Report.model_validate(version["record"]), readers.library))


def question(report: Report, library: Library) -> Question:
    """What a reader is asked about a report; names and identifiers stay behind."""
    order = report.order
    catalogue = library.choose(
        procedure_code=order.procedure.code,
        procedure=order.procedure.display,
        modality=order.modality,
        body_part=order.body_site,
    )
    return Question(
        text=report.text,
        catalogue=catalogue,
        sections=report.sections,
        modality=order.modality,
        body_site=order.body_site,
        procedure=order.procedure.display,
        order_side=order.side,
        sex=report.patient.sex,
        age_years=_age(report.patient, report),
        priority=order.priority,
        site=report.site,
    )


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
    """The reading of the job's engine, the rules' remarks among its own, and that of the rules. Raises ReadingError."""
    reader = readers.reader(asked.job["engine"])
    reading = reader.read(asked.question)
    if reader is readers.rules:
        return reading, reading
    rules = readers.rules.read(asked.question)
    return with_remarks(reading, rules), rules


def store(connection: Connection, asked: Asked, reading: Reading, rules: Reading, settings: Settings) -> None:
    """Stores what was read and finishes the job. Raises StaleLease; the caller then rolls back."""
    report = reports.lock_by_id(connection, asked.version["report_id"])
    version = reports.version(connection, asked.version["id"])
    if version["state"] not in reports.CURRENT:
        reason = "the version was superseded while it was read"
        jobs.finish(connection, asked.job["id"], asked.job["lease_epoch"], state="cancelled", reason=reason)
        return
    facts = {"job_id": asked.job["id"], "shadow": asked.job["shadow"], "failed": asked.job["failed"]}
    analysis_id = keep(connection, version, reading, **facts)
    if not asked.job["shadow"]:
        suggest(connection, report, version, analysis_id, reading, rules, settings)
    jobs.finish(connection, asked.job["id"], asked.job["lease_epoch"])


def keep(connection: Connection, version: RowMapping, reading: Reading, **facts: Any) -> int:
    """Stores a reading of a version as it is; its id. `facts`: job_id, shadow, failed."""
    return reports.add_analysis(connection, **facts, **as_row(version, reading))


def as_row(version: RowMapping, reading: Reading) -> dict[str, Any]:
    """A reading of a version by column."""
    record = reading.model_dump(mode="json")
    columns = ("engine", "verdicts", "advisories", "flagged", "unread", "reasoning", "usage")
    return {"site_id": version["site_id"], "version_id": version["id"], **{name: record[name] for name in columns}}


def suggest(
    connection: Connection,
    report: RowMapping,
    version: RowMapping,
    analysis_id: int,
    reading: Reading,
    rules: Reading,
    settings: Settings,
) -> None:
    """New suggestions in, older ones out, the review opened, the deliveries queued: one transaction."""
    for older in reports.older_versions_showing(connection, report["id"], version["id"]):
        reports.withdraw_suggestions(connection, older, states.WITHDRAWN)
        deliver(connection, report, older, "withdrawn", settings)
    reports.set_version_state(connection, version["id"], "current")
    rows = suggested(connection, report, version, reading, rules, settings)
    reports.put_suggestions(connection, [row | {"analysis_id": analysis_id} for row in rows])
    reports.open_review(connection, version, report["priority"])
    reports.move_drafts(connection, report["id"], version["id"])
    deliver(connection, report, version["id"], "proposed", settings)


def suggested(
    connection: Connection,
    report: RowMapping,
    version: RowMapping,
    reading: Reading,
    rules: Reading,
    settings: Settings,
) -> list[dict[str, Any]]:
    """What a reading suggests, by column but for the reading's own id.

    The calibration in use gives each its agreement; what was suggested or decided before keeps its own.
    """
    checked = {_place(verdict): verdict.status for verdict in rules.verdicts}
    shown = [verdict for verdict in reading.verdicts if _is_suggested(verdict, settings)]
    rows = [_row(report, version, verdict, position, checked) for position, verdict in enumerate(shown)]
    voted = any(row["confidence"] is not None for row in rows)
    curves = calibrations.active(connection, version["site_id"], reading.engine.model_dump()) if voted else {}
    return [row | _agreement(row, curves) for row in rows]


def _agreement(row: Mapping[str, Any], curves: Mapping[str, Curve]) -> dict[str, Any]:
    """What a vote share is worth; nothing for a reading without votes, or without a curve."""
    curve = curve_for(curves, row["finding_id"])
    if curve is None or row["confidence"] is None:
        return {"agreement": None, "calibration_id": None}
    return {"agreement": curve.at(row["confidence"]), "calibration_id": curve.id}


def _is_suggested(verdict: Verdict, settings: Settings) -> bool:
    """Nothing is suggested of what is not mentioned; pertinent negatives are a setting."""
    wanted = {Status.PRESENT, Status.UNCERTAIN} | ({Status.ABSENT} if settings.writeback.absent else set())
    return verdict.status in wanted


def _place(verdict: Verdict) -> tuple[str, str]:
    return verdict.finding.id, verdict.side or ""


def _row(
    report: RowMapping,
    version: RowMapping,
    verdict: Verdict,
    position: int,
    checked: dict[tuple[str, str], Status],
) -> dict[str, Any]:
    identifier = observation_identifier(report["key"], version["content_hash"], verdict.finding.id, verdict.side)
    record = verdict.model_dump(mode="json")
    plain = ("finding", "side", "status", "change", "quotes", "rationale", "rule", "confidence", "conflict")
    rules_status = checked.get(_place(verdict)) or checked.get((verdict.finding.id, ""))
    return {
        "site_id": version["site_id"],
        "report_id": report["id"],
        "version_id": version["id"],
        "identifier": identifier,
        "finding_id": verdict.finding.id,
        "critical": verdict.finding.critical and verdict.status is Status.PRESENT,
        "unsupported": verdict.unsupported,
        "rules_status": rules_status.value if rules_status else None,
        "position": position,
        **{name: record[name] for name in plain},
        "conflict": verdict.conflict or {verdict.status, rules_status} == POLAR,
    }
