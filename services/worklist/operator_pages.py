"""What operators see: jobs, notices and held reports. No page of theirs shows a report's text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.pipeline import placement
from services.pipeline.refusal import Refused
from services.pipeline.waiting import why
from services.store import audit, deliveries, jobs, notices, operating, people
from services.worklist.api_operating import decided, done, held_reports
from services.worklist.context import of, transact
from services.worklist.pages import page
from services.worklist.session import Administrator, Operator, Visit

PAGE = 100
GIVEN_UP = "given up by an operator"

router = APIRouter()


@router.get("/jobs")
async def show_jobs(request: Request, visit: Operator, state: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Readings, deliveries and notices that want a person."""

    queue = of(request).settings.queue

    def work(connection: Connection) -> dict[str, Any]:
        slots = jobs.slots_alive(connection, queue)
        found = jobs.search(connection, state=state, limit=PAGE)
        return {
            "jobs": found,
            "why": {row["id"]: why(row, slots, queue.max_lost) for row in found},
            "counts": jobs.counts(connection),
            "deliveries": operating.stopped_deliveries(connection, PAGE),
            "delivery_counts": deliveries.counts(connection),
            "notices": notices.open_ones(connection, PAGE),
            "held": held_reports(connection, visit.person, PAGE),
        }

    return page(request, visit, "jobs.html", state=state, **await transact(request, work))


@router.post("/jobs/{job_id}/retry")
async def retry_job(request: Request, visit: Operator, job_id: int) -> Response:
    """On its way again."""
    return await _change(request, visit, "job.retry", f"job/{job_id}", lambda c: jobs.retry(c, job_id))


@router.post("/jobs/{job_id}/cancel")
async def cancel_job(request: Request, visit: Operator, job_id: int) -> Response:
    """Given up."""
    return await _change(request, visit, "job.cancel", f"job/{job_id}", lambda c: jobs.cancel(c, job_id, GIVEN_UP))


@router.post("/deliveries/{delivery_id}/retry")
async def retry_delivery(request: Request, visit: Operator, delivery_id: int) -> Response:
    """Sent again."""
    entity = f"delivery/{delivery_id}"
    return await _change(request, visit, "delivery.retry", entity, lambda c: deliveries.retry(c, delivery_id))


@router.post("/held/{report_id}/release")
async def release_held(request: Request, visit: Operator, report_id: int) -> Response:
    """The report goes on."""
    change = decided(request, visit, report_id, placement.release)
    return await _change(request, visit, "report.release", f"report/{report_id}", change)


@router.post("/held/{report_id}/retract")
async def retract_held(request: Request, visit: Operator, report_id: int) -> Response:
    """The report does not count."""
    change = decided(request, visit, report_id, placement.retract_held)
    return await _change(request, visit, "report.retract", f"report/{report_id}", change)


@router.post("/notices/{notice_id}/clear")
async def clear_notice(request: Request, visit: Operator, notice_id: int) -> Response:
    """Seen to."""
    entity, who = f"notice/{notice_id}", visit.person.actor
    return await _change(request, visit, "notice.clear", entity, lambda c: notices.clear(c, notice_id, who))


async def _change(
    request: Request, visit: Visit, action: str, entity: str, change: Callable[[Connection], bool]
) -> Response:
    await done(request, visit, action, entity, change)
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
    await transact(request, change_account, visit.person, account_id, active)
    return RedirectResponse("/people", 303)


def change_account(connection: Connection, person: people.Person, account_id: int, active: bool) -> None:
    """Closes or opens an account of the person's site, never their own. Raises Refused."""
    row = people.get_account(connection, account_id)
    if row is None or row["site_id"] != person.site:
        raise Refused("unknown", "There is no such account.")
    if account_id == person.id:
        raise Refused("value", "You cannot close your own account.")
    people.set_active(connection, account_id, active)
    action = "setting.account_opened" if active else "setting.account_closed"
    audit.append(connection, site=person.site, actor=person.actor, action=action, entity=f"account/{account_id}")
