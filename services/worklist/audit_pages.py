"""The audit trail for auditors: searched, exported as CSV and as FHIR AuditEvent, and its chain verified."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection, RowMapping

from integration.canonical import Identifier
from integration.fhir.audit_trail import Trail, audit_event
from integration.fhir.systems import Systems
from services.pipeline.context import systems
from services.store import audit
from services.store.people import Person
from services.worklist import csv_text
from services.worklist.context import of, transact
from services.worklist.exports import exported
from services.worklist.pages import page
from services.worklist.session import Auditor

PAGE = 100
EXPORT = 10_000
UTC = ZoneInfo("UTC")
COLUMNS = ("id", "at", "actor", "name", "action", "entity", "report_id", "detail", "sequence", "hash")

router = APIRouter()


def wanted(
    actor: Annotated[str, Query(max_length=100)] = "",
    action: Annotated[str, Query(max_length=50)] = "",
    report: Annotated[str, Query(pattern=r"^\d{0,18}$")] = "",
    since: Annotated[str, Query(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    until: Annotated[str, Query(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> dict[str, Any]:
    """Dependency: the search of the address. Days are UTC; `until` is included."""
    return {
        "actor": actor,
        "action": action,
        "report_id": int(report) if report else None,
        "since": _day(since),
        "until": _day(until, 1),
        "before": before,
    }


def _day(value: str, later: int = 0) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(value) + timedelta(days=later), time(), UTC) if value else None
    except (ValueError, OverflowError):
        return None


Wanted = Annotated[dict[str, Any], Depends(wanted)]


@router.get("/audit")
async def show(request: Request, visit: Auditor, wanted: Wanted) -> Response:
    """The newest rows that fit."""

    def work(connection: Connection) -> Sequence[RowMapping]:
        rows = audit.search(connection, visit.person.site, **wanted, limit=PAGE)
        detail = {"rows": len(rows), "report": wanted["report_id"], "action": wanted["action"]}
        detail = {name: value for name, value in detail.items() if value}
        audit.append(connection, site=visit.person.site, actor=visit.person.actor, action="audit.view", detail=detail)
        return rows

    rows = await transact(request, work)
    older = request.url.include_query_params(before=rows[-1]["id"]) if len(rows) == PAGE else None
    path = f"{older.path}?{older.query}" if older else ""
    return page(request, visit, "audit.html", rows=rows, older=path, query=request.query_params)


@router.get("/audit/verify")
async def verify(request: Request, visit: Auditor) -> Response:
    """Recomputes the chain."""
    return page(request, visit, "verified.html", result=await transact(request, recomputed, visit.person))


def recomputed(connection: Connection, person: Person) -> audit.Verified:
    """The chain recomputed, and who asked for it."""
    audit.append(connection, site=person.site, actor=person.actor, action="audit.verify")
    return audit.verify(connection)


@router.get("/audit.csv")
async def as_csv(request: Request, visit: Auditor, wanted: Wanted) -> Response:
    """The rows that fit, as CSV."""
    rows = await transact(request, _export, visit.person, wanted)
    cells = [[json.dumps(row[name]) if name == "detail" else row[name] for name in COLUMNS] for row in rows]
    return csv_text.answer("audit", COLUMNS, cells)


@router.get("/audit.ndjson")
async def as_fhir(request: Request, visit: Auditor, wanted: Wanted) -> Response:
    """The rows that fit as FHIR AuditEvents, one a line."""
    lines = await transact(request, _as_events, visit.person, wanted, systems(of(request).settings))
    headers = {"Content-Disposition": 'attachment; filename="audit.ndjson"'}
    return Response("".join(f"{line}\n" for line in lines), media_type="application/fhir+ndjson", headers=headers)


def _export(connection: Connection, person: Person, wanted: dict[str, Any]) -> Sequence[RowMapping]:
    rows = audit.search(connection, person.site, **wanted, limit=EXPORT)
    exported(connection, person, "audit", len(rows))
    return rows


def _as_events(connection: Connection, person: Person, wanted: dict[str, Any], ours: Systems) -> list[str]:
    rows = _export(connection, person, wanted)
    patients = audit.patients(connection, {row["report_id"] for row in rows if row["report_id"]})
    return [json.dumps(audit_event(_trail(row, patients.get(row["report_id"])), ours)) for row in rows]


def _trail(row: RowMapping, patient: tuple[str, str] | None) -> Trail:
    return Trail(
        key=str(row["id"]),
        recorded=row["at"],
        actor=row["actor"],
        name=row["name"],
        action=row["action"],
        entity=row["entity"],
        report=str(row["report_id"] or ""),
        digest=row["hash"] or "",
        patient=Identifier(value=patient[0], authority=patient[1]) if patient else None,
    )
