"""The audit trail for auditors: searched, exported as CSV and as FHIR AuditEvent, and its chain verified."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from integration.canonical import Identifier
from integration.fhir.audit_trail import Trail, audit_event
from integration.fhir.systems import Systems
from services.actions import looks
from services.domain.audit_rows import AuditRow
from services.domain.people import Person
from services.store import audit
from services.store.audit import Wanted
from services.web.auth.session import Auditor
from services.web.context import of, transact
from services.web.pages.rendering import dates_of, page
from services.web.views import csv_text
from services.web.views.audit_labels import kind
from services.web.views.audit_search import InAddress, in_zone
from services.workflow.context import systems

PAGE = 100
EXPORT = 10_000
COLUMNS = ("id", "at", "actor", "name", "action", "entity", "report_id", "detail", "sequence", "hash")

router = APIRouter()


@router.get("/audit")
async def show(request: Request, visit: Auditor, wanted: InAddress) -> Response:
    """The newest rows that fit."""
    wanted = in_zone(wanted, dates_of(request, visit).tz)
    rows = await transact(request, looks.trail, visit.person, PAGE, wanted)
    older = request.url.include_query_params(before=rows[-1].id) if len(rows) == PAGE else None
    path = f"{older.path}?{older.query}" if older else ""
    return page(request, visit, "audit.html", rows=rows, older=path, query=request.query_params)


@router.get("/audit/verify")
async def verify(request: Request, visit: Auditor) -> Response:
    """Recomputes the chain."""
    return page(request, visit, "verified.html", result=await transact(request, looks.trail_verified, visit.person))


@router.get("/audit.csv")
async def as_csv(request: Request, visit: Auditor, wanted: InAddress) -> Response:
    """The rows that fit, as CSV."""
    wanted = in_zone(wanted, dates_of(request, visit).tz)
    rows = await transact(request, looks.trail_exported, visit.person, EXPORT, wanted)
    cells = [[json.dumps(row.detail) if name == "detail" else getattr(row, name) for name in COLUMNS] for row in rows]
    return csv_text.answer("audit", COLUMNS, cells)


@router.get("/audit.ndjson")
async def as_fhir(request: Request, visit: Auditor, wanted: InAddress) -> Response:
    """The rows that fit as FHIR AuditEvents, one a line."""
    wanted = in_zone(wanted, dates_of(request, visit).tz)
    lines = await transact(request, _as_events, visit.person, wanted, systems(of(request).settings))
    headers = {"Content-Disposition": 'attachment; filename="audit.ndjson"'}
    return Response("".join(f"{line}\n" for line in lines), media_type="application/fhir+ndjson", headers=headers)


def _as_events(connection: Connection, person: Person, wanted: Wanted, ours: Systems) -> list[str]:
    rows = looks.trail_exported(connection, person, EXPORT, wanted)
    patients = audit.patients(connection, {row.report_id for row in rows if row.report_id})
    return [json.dumps(audit_event(_trail(row, patients.get(row.report_id or 0)), ours)) for row in rows]


def _trail(row: AuditRow, patient: tuple[str, str] | None) -> Trail:
    return Trail(
        key=str(row.id),
        recorded=row.at,
        actor=row.actor,
        name=row.name,
        action=row.action,
        kind=kind(row.action),
        entity=row.entity,
        report=str(row.report_id or ""),
        digest=row.hash or "",
        patient=Identifier(value=patient[0], authority=patient[1]) if patient else None,
    )
