"""An operator's action from a page or the API: one transaction, or a refusal that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from fastapi import Request
from sqlalchemy import Connection

from services.actions.operating import Operator
from services.web.auth.session import Visit
from services.web.context import transact
from services.workflow.refusal import Refused

P = ParamSpec("P")
Action = Callable[Concatenate[Connection, Operator, int, P], bool]


async def act(
    request: Request, visit: Visit, action: Action[P], number: int, *args: P.args, **kwargs: P.kwargs
) -> None:
    """Does it in the person's name. Raises Refused where it has changed meanwhile or is not of their site."""

    def work(connection: Connection) -> None:
        if not action(connection, Operator.of(visit.person), number, *args, **kwargs):
            raise Refused("stale", "That has changed meanwhile: look at the list again.")

    await transact(request, work)
