"""The JSON API beside reviewing: views, audit, charts, messages, jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, ParamSpec

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import Connection

from services.actions import accounts, looks
from services.actions import operating as actions
from services.actions.looks import exported, held_reports
from services.domain.words import JobState
from services.store import jobs, people
from services.web.acting import Action, act
from services.web.api import models
from services.web.api.contract import Operation, Page, paged, whole
from services.web.auth.session import Auditor, Operator, Reader, Visit, Visitor
from services.web.context import of, transact
from services.web.preferring import save_view
from services.web.views.audit_search import InAddress as InAddressOfTrail
from services.web.views.charted import InAddress
from services.web.views.charting import CHARTS, Chart
from services.web.views.ids import Id

P = ParamSpec("P")
Limit = Annotated[int, Query(ge=1, le=1000)]
Before = Annotated[int | None, Query(ge=1, le=models.MAX_ID)]
Name = Literal["queue", "turnaround", "reviewing", "outcomes", "agreement", "disagreement"]

router = APIRouter(route_class=Operation)


class Job(BaseModel):
    """A reading, done or to be done. `age` in seconds."""

    id: int
    kind: str
    state: str
    priority: int
    engine: str
    lost: int
    failed: int
    reason: str
    age: float


class HeldReport(BaseModel):
    """A report a person must decide on; `held` says why."""

    id: int
    patient_id: str
    accession: str
    filler: str
    held: str
    created_at: datetime


@router.get("/views")
async def views(request: Request, visit: Reader) -> Page[models.SavedView]:
    """Your saved views."""
    rows = await transact(request, people.views, visit.person.id)
    return whole([models.SavedView(id=row.id, name=row.name, query=row.query) for row in rows])


@router.post("/views")
async def save(request: Request, visit: Reader, body: models.View) -> models.Done:
    """Saves a view over one of the same name."""
    await transact(request, save_view, visit.person, body.name, body.query)
    return models.Done()


@router.delete("/views/{view_id}")
async def drop(request: Request, visit: Reader, view_id: Id) -> models.Done:
    """Forgets a view; one that is not there is no error."""
    await transact(request, accounts.drop_view, visit.person, view_id)
    return models.Done()


@router.get("/charts/{name}")
async def chart(request: Request, visit: Visitor, name: Name, span: InAddress) -> models.Figures:
    """One chart's table."""

    def work(connection: Connection) -> Chart:
        made = CHARTS[name](connection, span)
        exported(connection, visit.person, f"charts/{name}", len(made.rows))
        return made

    made = await transact(request, work)
    rows = [list(row) for row in made.rows]
    return models.Figures(title=made.title, description=made.description, columns=list(made.columns), rows=rows)


@router.get("/audit")
async def trail(request: Request, visit: Auditor, wanted: InAddressOfTrail, limit: Limit = 100) -> Page[models.Audited]:
    """Rows of the audit trail, newest first; `before` goes further back."""
    rows = await transact(request, looks.trail_exported, visit.person, limit, wanted)
    items = [models.Audited.model_validate(row, from_attributes=True) for row in rows]
    return paged(items, limit, wanted.before)


@router.get("/jobs")
async def listed_jobs(
    request: Request,
    visit: Operator,
    state: Annotated[JobState | Literal[""], Query()] = "",
    limit: Limit = 100,
    before: Before = None,
) -> Page[Job]:
    """Readings, newest first."""
    site = visit.person.site
    rows = await transact(request, jobs.search, site=site, state=state, before=before, limit=limit)
    items = [Job.model_validate(row, from_attributes=True) for row in rows]
    return paged(items, limit, before)


@router.post("/jobs/{job_id}/retry")
async def retry_job(request: Request, visit: Operator, job_id: Id) -> models.Done:
    """On its way again; 409 where it is not dead, waiting or cancelled."""
    return await done(request, visit, actions.retry_job, job_id)


@router.post("/deliveries/{delivery_id}/retry")
async def retry_delivery(request: Request, visit: Operator, delivery_id: Id) -> models.Done:
    """Sent again; 409 where it is not dead or blocked."""
    return await done(request, visit, actions.retry_delivery, delivery_id)


@router.get("/held")
async def held(request: Request, visit: Operator, limit: Limit = 100, before: Before = None) -> Page[HeldReport]:
    """Reports that wait for a person to decide, newest first."""
    rows = await transact(request, held_reports, visit.person, limit, before)
    return paged([HeldReport.model_validate(row, from_attributes=True) for row in rows], limit, before)


@router.post("/held/{report_id}/release")
async def release_held(request: Request, visit: Operator, report_id: Id) -> models.Done:
    """Lets a held report go on with what its sources say; 409 where it is not held."""
    return await done(request, visit, actions.release_report, report_id, of(request).settings)


@router.post("/held/{report_id}/retract")
async def retract_held(request: Request, visit: Operator, report_id: Id) -> models.Done:
    """Takes a held report back, as if its source had; 409 where it is not held."""
    return await done(request, visit, actions.retract_report, report_id, of(request).settings)


@router.post("/notices/{notice_id}/clear")
async def clear(request: Request, visit: Operator, notice_id: Id) -> models.Done:
    """Seen to; 409 where it was cleared before."""
    return await done(request, visit, actions.clear_notice, notice_id)


async def done(
    request: Request, visit: Visit, action: Action[P], number: int, *args: P.args, **kwargs: P.kwargs
) -> models.Done:
    """An operator's action, answered."""
    await act(request, visit, action, number, *args, **kwargs)
    return models.Done()
