"""The JSON API of auditors and administrators: the chain, the people; and the tables of the evaluation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from sqlalchemy import Connection

from services.store import people
from services.worklist import api_models as models
from services.worklist import evaluation_pages as evaluation
from services.worklist.audit_pages import recomputed
from services.worklist.charting import Chart
from services.worklist.context import of, transact
from services.worklist.exports import exported
from services.worklist.operator_pages import change_account
from services.worklist.session import Administrator, Auditor, Visitor

Id = Annotated[int, Path(ge=1, le=models.MAX_ID)]

router = APIRouter()


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
    found = await transact(request, recomputed, visit.person)
    broken = found.broken
    return Verified(
        sealed=found.sealed,
        unsealed=found.unsealed,
        broken_row=broken.audit_id if broken else None,
        reason=broken.reason if broken else "",
    )


@router.get("/people")
async def accounts(request: Request, visit: Administrator) -> list[Account]:
    """Who has logged in at your site, by name."""
    rows = await transact(request, people.accounts, visit.person.site)
    return [Account.model_validate(dict(row)) for row in rows]


@router.put("/people/{account_id}")
async def set_active(request: Request, visit: Administrator, account_id: Id, body: Active) -> models.Done:
    """Closes an account, which ends its sessions, or opens it again."""
    await transact(request, change_account, visit.person, account_id, body.active)
    return models.Done()


@router.get("/evaluation/{name}")
async def tables(
    request: Request, visit: Visitor, name: evaluation.Name, chosen: evaluation.InAddress
) -> list[models.Figures]:
    """The tables of a page of the evaluation: reviewers, drift, agreement, shadow."""
    build = evaluation.build_of(request, visit, name)
    shadow = of(request).settings.reading.shadow

    def work(connection: Connection) -> list[Chart]:
        made: list[Chart] = evaluation.values(connection, chosen, name, build, shadow)["charts"]
        exported(connection, visit.person, f"evaluation/{name}", sum(len(each.rows) for each in made))
        return made

    return [
        models.Figures(
            title=each.title,
            description=each.description,
            columns=list(each.columns),
            rows=[list(r) for r in each.rows],
        )
        for each in await transact(request, work)
    ]
