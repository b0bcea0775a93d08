"""Reports as they stand in the database after a reading, for tests of what comes next. All people are fictional."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from integration.canonical import (
    Coding,
    Door,
    Engine,
    Identifier,
    Order,
    Patient,
    Priority,
    Quote,
    Report,
    ReportStatus,
    Sex,
    Side,
    Source,
    Status,
    Verdict,
    observation_identifier,
)
from services.domain.words import ReadingState
from services.reading.catalogue import library
from services.reading.reader import Reading
from services.settings import Settings
from services.store import readings, reports, reviews
from services.store.tables import analysis, review, suggestion
from services.workflow import analysis as analysing
from services.workflow.analysis import Made

NUMBERS = itertools.count(1)
LIBRARY = library.load()
ENGINE = Engine(name="rules", version="1", catalogue="chest_xray", catalogue_version="1")

CHEST = """EXAM: Chest, two views

INDICATION: Cough and fever for three days.

COMPARISON: None.

FINDINGS: There is a patchy opacity in the right lower lobe. A small right pleural effusion is present.
The heart is mildly enlarged. There is no pneumothorax. The bones are intact.

IMPRESSION:
1. Right lower lobe pneumonia.
2. Small right pleural effusion.
3. Mild cardiomegaly.
"""
NORMAL = """EXAM: Chest, two views

FINDINGS: The lungs are clear. The heart is of normal size. There is no pleural effusion or pneumothorax.

IMPRESSION: No acute cardiopulmonary abnormality.
"""


@dataclass(frozen=True)
class Said:
    """One suggestion: a catalogue id and the words of the report it rests on."""

    finding: str
    quote: str
    status: str = "present"
    side: Side | None = None
    rationale: str = ""
    conflict: bool = False
    unsupported: bool = False
    confidence: float | None = None
    calm: str = ""


PNEUMONIA = Said("pneumonia", "Right lower lobe pneumonia", side=Side.RIGHT, rationale="Named in the impression.")
EFFUSION = Said(
    "pleural_effusion", "Small right pleural effusion", side=Side.RIGHT, rationale="Named in the impression."
)
HEART = Said("cardiomegaly", "Mild cardiomegaly", rationale="The impression calls the heart enlarged.")
THREE = (PNEUMONIA, EFFUSION, HEART)


@dataclass(frozen=True)
class Exam:
    """One report to store, as the FHIR or HL7 door and a reading would have left it."""

    family: str = "Moreau"
    given: str = "Ines"
    text: str = CHEST
    says: tuple[Said, ...] = THREE
    procedure: str = "XR CHEST 2 VIEWS"
    modality: str = "DX"
    priority: Priority = Priority.ROUTINE
    patient_id: str = ""
    age: timedelta = timedelta(minutes=25)
    advisories: tuple[dict[str, Any], ...] = ()
    flagged: tuple[str, ...] = ()
    reasoning: str = ""
    site: str = "default"
    reading_state: str = ""
    engine: Engine = field(default=ENGINE)


def record(exam: Exam, number: int) -> Report:
    """The canonical report of an exam."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Report(
        site=exam.site,
        source=Source(door=Door.HL7, application="RIS", facility="NORTH", control_id=f"M{number}"),
        patient=Patient(
            identifiers=(Identifier(value=exam.patient_id or f"P{number:05d}", authority="NORTH"),),
            family=exam.family,
            given=exam.given,
            birth_date="1961-04-17",
            sex=Sex.FEMALE,
        ),
        order=Order(
            accession=Identifier(value=f"A{number:06d}"),
            procedure=Coding(code="36643-5", display=exam.procedure, system="LN"),
            modality=exam.modality,
            body_site="Chest",
            priority=exam.priority,
        ),
        status=ReportStatus.FINAL,
        text=exam.text,
        issued=now - exam.age,
        observed=now - exam.age - timedelta(minutes=40),
    )


def put_analysis(connection: Connection, **values: Any) -> int:
    """A reading as it is, without what it leads to; its id."""
    return int(connection.execute(insert(analysis).values(**values).returning(analysis.c.id)).scalar_one())


def put(connection: Connection, exam: Exam = Exam()) -> int:
    """Stores a report with its reading and review; the report's id."""
    said = record(exam, next(NUMBERS))
    key = reports.key_of(said) or ""
    report_id = reports.lock(connection, said, key).id
    version = reports.put_version(connection, report_id, said, "current")
    analysis_id = put_analysis(
        connection,
        version_id=version.id,
        engine=exam.engine.model_dump(mode="json"),
        verdicts=[],
        advisories=list(exam.advisories),
        flagged=[_quote(exam.text, words) for words in exam.flagged],
        reasoning=exam.reasoning,
    )
    ids = {"report_id": report_id, "version_id": version.id, "analysis_id": analysis_id}
    rows = [_row(exam, each, key, said.content_hash, at) | ids for at, each in enumerate(exam.says)]
    if rows:
        connection.execute(insert(suggestion), rows)
    how_far = exam.reading_state or ("read" if exam.says else "nothing_found")
    readings.set_state(connection, version.id, ReadingState(how_far))
    reports.open_review(connection, version, int(exam.priority))
    created = datetime.now(UTC) - exam.age
    connection.execute(update(review).where(review.c.report_id == report_id).values(created_at=created))
    reviews.count_flags(connection, report_id)
    return int(report_id)


def correct(connection: Connection, report_id: int, exam: Exam) -> int:
    """A correction of a stored report, as the worker would have read it; the new version's id."""
    current = reports.current_version(connection, report_id)
    assert current is not None
    reports.set_version_state(connection, current.id, "superseded")
    fresh = Report.model_validate({**current.record, "text": exam.text, "status": "corrected"})
    version = reports.put_version(connection, report_id, fresh, "current")
    said = Reading(engine=exam.engine, verdicts=tuple(_verdict(exam, each) for each in exam.says))
    analysing.show(connection, reports.by_id(connection, report_id), version, said, said, Settings(), Made())
    return version.id


def _verdict(exam: Exam, said: Said) -> Verdict:
    candidate = LIBRARY.find(said.finding)
    assert candidate is not None, said.finding
    quotes = () if said.unsupported else (Quote.model_validate(_quote(exam.text, said.quote)),)
    return Verdict(
        finding=candidate.finding,
        status=Status(said.status),
        side=said.side,
        quotes=quotes,
        unsupported=said.unsupported,
    )


def _row(exam: Exam, said: Said, key: str, content_hash: str, position: int) -> dict[str, Any]:
    candidate = LIBRARY.find(said.finding)
    assert candidate is not None, said.finding
    return {
        "site_id": exam.site,
        "identifier": observation_identifier(key, content_hash, candidate.finding.id, said.side),
        "finding_id": candidate.finding.id,
        "finding": candidate.finding.model_dump(mode="json"),
        "side": said.side,
        "status": said.status,
        "quotes": [] if said.unsupported else [_quote(exam.text, said.quote)],
        "rationale": said.rationale,
        "rules_status": "absent" if said.conflict else said.status,
        "critical": candidate.finding.critical and not said.calm,
        "conflict": said.conflict,
        "unsupported": said.unsupported,
        "confidence": said.confidence,
        "position": position,
    }


def _quote(text: str, words: str) -> dict[str, Any]:
    start = text.index(words)
    return Quote(text=words, start=start, end=start + len(words)).model_dump(mode="json")
