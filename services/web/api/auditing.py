"""The JSON API of auditors and administrators: the chain, the people; and the tables of the evaluated."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import Connection

from services.actions import accounts as doors
from services.actions.looks import exported, trail_verified
from services.store import people
from services.web.api import models
from services.web.api.contract import Operation, Page, whole
from services.web.auth.session import Administrator, Auditor, Visitor
from services.web.context import of, transact
from services.web.views import evaluated
from services.web.views.charting import Chart
from services.web.views.ids import Id

router = APIRouter(route_class=Operation)


class Verified(BaseModel):
    """What recomputing the chain found: rows that hold, rows not sealed yet, and the first that does not hold."""

    sealed: int
    unsealed: int
    broken_row: int | None
    reason: str


class Account(BaseModel):
    """Somebody who has logged in."""

    id: int
    name: str
    roles: list[str]
    practitioner: str
    active: bool


class Active(BaseModel):
    """Whether an account may log in; closing it ends its sessions."""

    active: bool


@router.get("/audit/verification")
async def verification(request: Request, visit: Auditor) -> Verified:
    """Recomputes the whole chain of the audit trail."""
    found = await transact(request, trail_verified, visit.person)
    broken = found.broken
    return Verified(
        sealed=found.sealed,
        unsealed=found.unsealed,
        broken_row=broken.audit_id if broken else None,
        reason=broken.reason if broken else "",
    )


@router.get("/people")
async def accounts(request: Request, visit: Administrator) -> Page[Account]:
    """Who has logged in at your site, by name."""
    rows = await transact(request, people.accounts, visit.person.site)
    return whole([Account.model_validate(row, from_attributes=True) for row in rows])


@router.put("/people/{account_id}")
async def set_active(request: Request, visit: Administrator, account_id: Id, body: Active) -> models.Done:
    """Closes an account, which ends its sessions, or opens it again."""
    await transact(request, doors.set_active, visit.person, account_id, body.active)
    return models.Done()


@router.get("/evaluation/{name}")
async def tables(
    request: Request, visit: Visitor, name: evaluated.Name, chosen: evaluated.InAddress
) -> Page[models.Figures]:
    """The tables of a page of the evaluation: reviewers, drift, agreement, shadow."""
    build = evaluated.build_of(request, visit, name)
    shadow = of(request).settings.reading.shadow

    def work(connection: Connection) -> list[Chart]:
        made = evaluated.values(connection, chosen, name, build, shadow).charts
        exported(connection, visit.person, f"evaluation/{name}", sum(len(each.rows) for each in made))
        return made

    made = [
        models.Figures(
            title=each.title,
            description=each.description,
            columns=list(each.columns),
            rows=[list(r) for r in each.rows],
        )
        for each in await transact(request, work)
    ]
    return whole(made)
