"""The JSON API beside reviewing: views, audit, charts, messages, jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection, RowMapping

from services.pipeline import placement
from services.pipeline.refusal import Refused
from services.settings import Settings
from services.store import audit, deliveries, inbox, jobs, notices, operating, people, reports
from services.worklist import api_models as models
from services.worklist.audit_pages import Wanted
from services.worklist.chart_pages import InAddress
from services.worklist.charting import CHARTS, Chart
from services.worklist.context import of, transact
from services.worklist.exports import exported
from services.worklist.looking import listed
from services.worklist.session import Auditor, Operator, Reader, Visit, Visitor
from services.worklist.view_pages import drop_view, save_view

Id = Annotated[int, Path(ge=1, le=models.MAX_ID)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Name = Literal["queue", "turnaround", "reviewing", "outcomes", "agreement", "disagreement"]

router = APIRouter()


@router.get("/views")
async def views(request: Request, visit: Reader) -> list[models.SavedView]:
    """Your saved views."""
    rows = await transact(request, people.views, visit.person.id)
    return [models.SavedView(id=row["id"], name=row["name"], query=row["query"]) for row in rows]


@router.post("/views")
async def save(request: Request, visit: Reader, body: models.View) -> models.Done:
    """Saves a view over one of the same name."""
    await transact(request, save_view, visit, body.name, body.query)
    return models.Done()


@router.delete("/views/{view_id}")
async def drop(request: Request, visit: Reader, view_id: Id) -> models.Done:
    """Forgets a view; one that is not there is no error."""
    await transact(request, drop_view, visit, view_id)
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
async def trail(request: Request, visit: Auditor, wanted: Wanted, limit: Limit = 100) -> list[models.Audited]:
    """Rows of the audit trail, newest first; `before` goes further back."""

    def work(connection: Connection) -> list[Any]:
        rows = audit.search(connection, visit.person.site, **wanted, limit=limit)
        exported(connection, visit.person, "audit", len(rows))
        return list(rows)

    return [models.Audited.model_validate(dict(row)) for row in await transact(request, work)]


@router.get("/messages")
async def messages(
    request: Request,
    visit: Operator,
    state: Annotated[str, Query(max_length=20, pattern=r"^[a-z]*$")] = "",
    limit: Limit = 100,
) -> list[models.ReceivedMessage]:
    """What came in, newest first."""

    def work(connection: Connection) -> list[Any]:
        rows = inbox.search(connection, state=state, parts=True, limit=limit)
        listed(connection, visit.person, "messages", len(rows), state=state)
        return [models.ReceivedMessage.model_validate(dict(row)) for row in reversed(rows)]

    return await transact(request, work)


@router.get("/jobs")
async def listed_jobs(
    request: Request,
    visit: Operator,
    state: Annotated[str, Query(max_length=20, pattern=r"^[a-z]*$")] = "",
    limit: Limit = 100,
) -> list[models.Job]:
    """Readings, newest first."""
    rows = await transact(request, jobs.search, state=state, limit=limit)
    return [models.Job.model_validate(dict(row)) for row in rows]


@router.post("/jobs/{job_id}/retry")
async def retry_job(request: Request, visit: Operator, job_id: Id) -> models.Done:
    """On its way again; 409 where it is not dead, waiting or cancelled."""
    return await done(request, visit, "job.retry", f"job/{job_id}", lambda c: jobs.retry(c, job_id))


@router.post("/deliveries/{delivery_id}/retry")
async def retry_delivery(request: Request, visit: Operator, delivery_id: Id) -> models.Done:
    """Sent again; 409 where it is not dead or blocked."""
    entity = f"delivery/{delivery_id}"
    return await done(request, visit, "delivery.retry", entity, lambda c: deliveries.retry(c, delivery_id))


@router.get("/held")
async def held(request: Request, visit: Operator, limit: Limit = 100) -> list[models.HeldReport]:
    """Reports that wait for a person to decide, newest first."""
    rows = await transact(request, held_reports, visit.person, limit)
    return [models.HeldReport.model_validate(dict(row)) for row in rows]


def held_reports(connection: Connection, person: people.Person, limit: int) -> Sequence[RowMapping]:
    """Held reports, which name patients, with the row of this person's look at them where there are any."""
    rows = operating.held_reports(connection, person.site, limit)
    if rows:
        listed(connection, person, "held reports", len(rows))
    return rows


@router.post("/held/{report_id}/release")
async def release_held(request: Request, visit: Operator, report_id: Id) -> models.Done:
    """Lets a held report go on with what its sources say; 409 where it is not held."""
    change = decided(request, visit, report_id, placement.release)
    return await done(request, visit, "report.release", f"report/{report_id}", change)


@router.post("/held/{report_id}/retract")
async def retract_held(request: Request, visit: Operator, report_id: Id) -> models.Done:
    """Takes a held report back, as if its source had; 409 where it is not held."""
    change = decided(request, visit, report_id, placement.retract_held)
    return await done(request, visit, "report.retract", f"report/{report_id}", change)


@router.post("/notices/{notice_id}/clear")
async def clear(request: Request, visit: Operator, notice_id: Id) -> models.Done:
    """Seen to; 409 where it was cleared before."""
    who = visit.person.actor
    return await done(request, visit, "notice.clear", f"notice/{notice_id}", lambda c: notices.clear(c, notice_id, who))


def decided(
    request: Request, visit: Visit, report_id: int, change: Callable[[Connection, int, Settings], bool]
) -> Callable[[Connection], bool]:
    """An operator's decision on a held report of their site."""
    settings = of(request).settings

    def work(connection: Connection) -> bool:
        return reports.is_of_site(connection, report_id, visit.person.site) and change(connection, report_id, settings)

    return work


async def done(
    request: Request, visit: Visit, action: str, entity: str, change: Callable[[Connection], bool]
) -> models.Done:
    """Makes an operator's change with its audit row. Raises Refused where it has changed meanwhile."""

    def work(connection: Connection) -> None:
        if not change(connection):
            raise Refused("stale", "That has changed meanwhile: look at the list again.")
        audit.append(connection, site=visit.person.site, actor=visit.person.actor, action=action, entity=entity)

    await transact(request, work)
    return models.Done()
