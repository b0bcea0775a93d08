"""The dry run of a replay, beside the event loop."""

from __future__ import annotations

import asyncio

from fastapi import Request

from integration.hl7v2.senders import SenderError
from services.actions import operating, replaying
from services.domain.quarantine import Outcome
from services.web.auth.session import Visit
from services.web.context import of, transact
from services.workflow.context import site
from services.workflow.refusal import Refused


async def tried(request: Request, visit: Visit, ids: list[int]) -> list[Outcome]:
    """What messages would become. Raises Refused where the sender maps cannot be used as they are."""
    rows = await transact(request, replaying.to_try, operating.Operator.of(visit.person), ids)
    try:
        maps = site(of(request).settings)
    except SenderError as fault:
        raise Refused("value", str(fault)) from None
    return await asyncio.to_thread(replaying.would_become, rows, maps)
