"""Filling a training instance: exercises stored as readings, and what reviewers made of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import Connection

from integration.canonical import (
    Coding,
    Door,
    Engine,
    Identifier,
    Order,
    Patient,
    Report,
    ReportStatus,
    Source,
)
from services.domain.audit_actions import AuditAction
from services.evaluation.dataset import Labelled, Origin
from services.evaluation.exercises import Planned, plan
from services.reading.catalogue import Library
from services.reading.reader import Reading
from services.reading.rules.reader import RulesReader
from services.settings import Settings
from services.store import audit, exercises, purpose, reports
from services.workflow import analysis
from services.workflow.analysis import Made

ENGINE = "exercise"


class TrainingError(Exception):
    """The exercises cannot be stored; the message says what to change."""


def seed(
    connection: Connection, items: Sequence[Labelled], library: Library, settings: Settings, *, wrong: float, start: int
) -> int:
    """Stores exercises made of labelled reports; how many suggestions or omissions are wrong.

    `wrong`: the share of reports with a wrong one; `start` seeds the choice. Raises TrainingError.
    """
    if purpose.of(connection) != "training":
        raise TrainingError("this is no training instance: start its worklist with COUNTERSIGN_TRAINING=true first")
    if any(item.origin is Origin.CLINICAL for item in items):
        raise TrainingError(
            "the data set has reports of `origin: clinical`: only synthetic or de-identified ones train"
        )
    chance = random.Random(start)  # noqa: S311 - the same exercises for the same seed
    taken = sum(row.count for row in exercises.planted(connection, settings.site))
    planned = [(item, plan(item, library, chance, wrong)) for item in items]
    for number, (item, exercise) in enumerate((each for each in planned if each[1]), start=taken + 1):
        _store(connection, item, exercise, number, library, settings)
    wrong_ones = sum(each.kind != "correct" for _, exercise in planned for each in exercise)
    detail, actor = {"reports": len(items), "wrong": wrong_ones}, "countersign training"
    audit.append(connection, site=settings.site, actor=actor, action=AuditAction.TRAINING_SEED, detail=detail)
    return wrong_ones


def _store(
    connection: Connection,
    item: Labelled,
    planned: Sequence[Planned],
    number: int,
    library: Library,
    settings: Settings,
) -> None:
    record = _record(item, number, settings.site)
    key = reports.key_of(record) or ""
    report = reports.lock(connection, record, key)
    version_row = reports.put_version(connection, report.id, record, "current")
    question = analysis.question(record, library)
    rules = RulesReader().read(question)
    verdicts = tuple(each.verdict for each in planned if each.verdict)
    made = Engine(name=ENGINE, version=version("countersign"), catalogue=question.catalogue.id)
    reading = Reading(engine=made, verdicts=verdicts)
    analysis.show(connection, report, version_row, reading, rules, settings, Made(), first=True)
    stored = {row.finding_id: row.id for row in reports.suggestions(connection, version_row.id)}
    exercises.put(connection, [_row(each, report.id, stored, settings.site) for each in planned])


def _row(planned: Planned, report_id: int, stored: dict[str, int], site: str) -> dict[str, Any]:
    finding = planned.candidate.finding.id
    return {
        "site_id": site,
        "report_id": report_id,
        "suggestion_id": stored.get(finding) if planned.verdict else None,
        "finding_id": finding,
        "kind": planned.kind,
        "truth": {"status": planned.truth.status.value, "side": planned.side},
    }


def _record(item: Labelled, number: int, site: str) -> Report:
    """The report as a message would have brought it, of a patient who is an exercise."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Report(
        site=site,
        source=Source(door=Door.HL7, application=ENGINE),
        patient=Patient(
            identifiers=(Identifier(value=f"EX{number:05d}", authority="TRAINING"),),
            family="Exercise",
            given=str(number),
        ),
        order=Order(
            accession=Identifier(value=f"EX{number:05d}"),
            procedure=Coding(display=f"{item.modality} {item.body_part}".strip() or "Exercise"),
            modality=item.modality,
            body_site=item.body_part,
        ),
        status=ReportStatus.FINAL,
        text=item.text,
        issued=now,
        observed=now,
    )
