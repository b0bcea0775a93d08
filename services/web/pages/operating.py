"""What operators see: jobs, notices and held reports. No page of theirs shows a report's text."""

from __future__ import annotations

from typing import Annotated, Any, ParamSpec

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.actions import accounts
from services.actions import operating as actions
from services.actions.looks import held_reports
from services.store import deliveries, jobs, notices, operating, people
from services.web.acting import Action, act
from services.web.auth.session import Administrator, Operator, Visit
from services.web.context import of, transact
from services.web.pages.rendering import page
from services.web.views.ids import MAX_ID
from services.workflow.waiting import why

PAGE = 100
Number = Annotated[int | None, Query(ge=1, le=MAX_ID)]

P = ParamSpec("P")

router = APIRouter()


@router.get("/jobs")
async def show_jobs(
    request: Request,
    visit: Operator,
    state: Annotated[str, Query(max_length=20)] = "",
    job: Number = None,
    delivery: Number = None,
) -> Response:
    """Readings, deliveries and notices that want a person; with `job` or `delivery` that one, whatever its state."""

    queue = of(request).settings.queue

    def work(connection: Connection) -> dict[str, Any]:
        slots = jobs.slots_alive(connection, queue)
        one = None if job is None else [job]
        found = jobs.search(connection, site=visit.person.site, state=state, ids=one, limit=PAGE)
        return {
            "jobs": found,
            "why": {row.id: why(row, slots, queue.max_lost) for row in found},
            "counts": jobs.counts(connection),
            "deliveries": operating.stopped_deliveries(connection, visit.person.site, PAGE, delivery),
            "delivery_counts": deliveries.counts(connection),
            "notices": notices.open_ones(connection, visit.person.site, PAGE),
            "held": held_reports(connection, visit.person, PAGE),
        }

    return page(request, visit, "jobs.html", state=state, **await transact(request, work))


@router.post("/jobs/{job_id}/retry")
async def retry_job(request: Request, visit: Operator, job_id: int) -> Response:
    """On its way again."""
    return await _change(request, visit, actions.retry_job, job_id)


@router.post("/jobs/{job_id}/cancel")
async def cancel_job(request: Request, visit: Operator, job_id: int) -> Response:
    """Given up."""
    return await _change(request, visit, actions.cancel_job, job_id)


@router.post("/deliveries/{delivery_id}/retry")
async def retry_delivery(request: Request, visit: Operator, delivery_id: int) -> Response:
    """Sent again."""
    return await _change(request, visit, actions.retry_delivery, delivery_id)


@router.post("/held/{report_id}/release")
async def release_held(request: Request, visit: Operator, report_id: int) -> Response:
    """The report goes on."""
    return await _change(request, visit, actions.release_report, report_id, of(request).settings)


@router.post("/held/{report_id}/retract")
async def retract_held(request: Request, visit: Operator, report_id: int) -> Response:
    """The report does not count."""
    return await _change(request, visit, actions.retract_report, report_id, of(request).settings)


@router.post("/notices/{notice_id}/clear")
async def clear_notice(request: Request, visit: Operator, notice_id: int) -> Response:
    """Seen to."""
    return await _change(request, visit, actions.clear_notice, notice_id)


async def _change(
    request: Request, visit: Visit, action: Action[P], number: int, *args: P.args, **kwargs: P.kwargs
) -> Response:
    await act(request, visit, action, number, *args, **kwargs)
    return RedirectResponse("/jobs", 303)


@router.get("/people")
async def show_people(request: Request, visit: Administrator) -> Response:
    """Who has logged in, with which roles."""
    rows = await transact(request, people.accounts, visit.person.site)
    return page(request, visit, "people.html", rows=rows)


@router.post("/people/{account_id}/active")
async def set_active(
    request: Request, visit: Administrator, account_id: int, active: Annotated[bool, Form()]
) -> Response:
    """Shuts an account out or lets it in again; its sessions end at once."""
    await transact(request, accounts.set_active, visit.person, account_id, active)
    return RedirectResponse("/people", 303)
