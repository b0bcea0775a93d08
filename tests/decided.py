"""Reports signed, read twice and read in the shadow, for tests of the figures made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from integration.canonical import Engine
from services.reading.catalogue import library
from services.store import people
from services.store.tables import analysis, review, second_answer, second_reading, suggestion
from tests import seeding
from tests.seeding import Exam, Said

LIBRARY = library.load()
MODEL = Engine(name="house", version="1", model="house-70b", catalogue="chest_xray", catalogue_version="1")


@dataclass(frozen=True)
class Decided:
    """One signed suggestion. `second`: what a blind second reader said; `shadow`: what the shadow engine said."""

    finding: str = "pneumonia"
    suggested: str = "present"
    state: str = "approved"
    status: str = ""
    reason: str = ""
    confidence: float | None = None
    second: str = ""
    shadow: str = ""
    days: float = 1
    conflict: str = ""
    unsupported: bool = False


def person(connection: Connection, name: str, roles: Sequence[str] = ("reviewer", "signer")) -> int:
    """An account."""
    row = people.put_account(
        connection, site="default", issuer="urn:test", subject=name, name=name, roles=roles,
        practitioner=f"Practitioner/{name}",
    )  # fmt: skip
    return int(row.id)


def put(connection: Connection, *decided: Decided, engine: Engine = MODEL, by: int | None = None) -> int:
    """A report with these suggestions, all of one age; its id."""
    says = tuple(Said(each.finding, "Right lower lobe", each.suggested, confidence=each.confidence) for each in decided)
    report_id = seeding.put(connection, Exam(says=says, engine=engine))
    when = datetime.now(UTC) - timedelta(days=decided[0].days)
    rows = connection.execute(select(suggestion).where(suggestion.c.report_id == report_id).order_by(suggestion.c.id))
    for row, each in zip(rows.mappings().all(), decided, strict=True):
        edited = {"suggested_status": each.suggested, "status": each.status} if each.state == "edited" else {}
        values = {"state": each.state, "reason": each.reason, "decided_at": when, "created_at": when, **edited}
        values |= {"unsupported": each.unsupported, "rules_status": each.conflict or each.suggested}
        connection.execute(update(suggestion).where(suggestion.c.id == row["id"]).values(**values))
    signed = {"state": "signed", "signed_at": when, "signed_by": by}
    signed |= {"opened_at": when - timedelta(seconds=20), "first_action_at": when - timedelta(seconds=15)}
    connection.execute(update(review).where(review.c.report_id == report_id).values(**signed))
    connection.execute(
        update(analysis).where(analysis.c.version_id == _version(connection, report_id)).values(
            created_at=when, verdicts=[_verdict(each.finding, each.suggested) for each in decided],
            usage={"seconds": 4.0, "answer_tokens": 150, "reasoning_tokens": 400},
        )
    )  # fmt: skip
    _read_twice(connection, report_id, decided)
    _shadow(connection, report_id, decided)
    return report_id


def _version(connection: Connection, report_id: int) -> int:
    return int(connection.execute(select(review.c.version_id).where(review.c.report_id == report_id)).scalar_one())


def _finding(finding: str) -> dict[str, Any]:
    candidate = LIBRARY.find(finding)
    assert candidate
    return candidate.finding.model_dump(mode="json")


def _verdict(finding: str, status: str) -> dict[str, Any]:
    return {"finding": _finding(finding), "status": status, "side": None}


def _read_twice(connection: Connection, report_id: int, decided: Sequence[Decided]) -> None:
    if not any(each.second for each in decided):
        return
    version = _version(connection, report_id)
    review_id = connection.execute(select(review.c.id).where(review.c.report_id == report_id)).scalar_one()
    values = {"review_id": review_id, "report_id": report_id, "version_id": version, "findings": []}
    done = {"state": "done", "finished_at": datetime.now(UTC)}
    reading = connection.execute(insert(second_reading).values(**values, **done).returning(second_reading.c.id))
    number = reading.scalar_one()
    for each in decided:
        if each.second:
            said = {"finding_id": each.finding, "finding": _finding(each.finding), "status": each.second}
            connection.execute(insert(second_answer).values(second_reading_id=number, suggested=True, **said))


def _shadow(connection: Connection, report_id: int, decided: Sequence[Decided]) -> None:
    verdicts = [_verdict(each.finding, each.shadow) for each in decided if each.shadow]
    if verdicts:
        seeding.put_analysis(
            connection, version_id=_version(connection, report_id), shadow=True, verdicts=verdicts,
            engine=MODEL.model_copy(update={"name": "second-house", "model": "house-8b"}).model_dump(mode="json"),
            usage={"seconds": 1.5, "answer_tokens": 140}, reasoning="SHADOW-REASONING",
        )  # fmt: skip
