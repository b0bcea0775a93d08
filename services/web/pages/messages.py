"""Messages for operators: searched, shown with their segments laid out, read again. What a patient's report says is
shown to those alone who may read reports.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from integration.hl7v2.layout import title
from services.actions import operating as actions
from services.actions.looks import message_opened
from services.actions.searching import searched
from services.domain.messages import Message
from services.domain.words import MessageState
from services.store import message_search, outcomes
from services.store.outcomes import Outcome
from services.web.acting import act
from services.web.auth.session import Operator
from services.web.context import transact
from services.web.pages.rendering import dates_of, page
from services.web.views.ids import MAX_ID, Id
from services.web.views.message_query import Asked, search_of
from services.web.views.message_view import MAY_READ, answer, fields, raw, side_by_side
from services.workflow.refusal import Refused

PAGE = 100

OtherId = Annotated[int, Query(alias="with", ge=1, le=MAX_ID)]

router = APIRouter()


@router.get("/messages")
async def messages(request: Request, visit: Operator, typed: Asked) -> Response:
    """Everything received, newest first. Times are in the reader's zone; `until` is not included."""
    wanted = search_of(typed, texts=visit.person.may(*MAY_READ), zone=dates_of(request, visit).tz)

    def work(connection: Connection) -> dict[str, Any]:
        found, following = searched(connection, visit.person, wanted, PAGE)
        waiting = message_search.waiting(connection, visit.person.site)
        return {"found": found, "next": following, "waiting": waiting}

    return page(request, visit, "messages.html", search=typed, STATES=MessageState, **await transact(request, work))


@router.get("/messages/{message_id}")
async def message(request: Request, visit: Operator, message_id: Id) -> Response:
    """One message with what became of it."""
    by = actions.Operator.of(visit.person)

    def work(connection: Connection) -> tuple[Message, Outcome]:
        return message_opened(connection, by, message_id), outcomes.of_message(connection, message_id)

    row, became = await transact(request, work)
    may_read = visit.person.may(*MAY_READ)
    values: dict[str, Any] = {"raw": raw(row) if may_read and row.body else "", "answer": answer(row), "became": became}
    return page(request, visit, "message.html", row=row, fields=fields(row, visit.person), title=title, **values)


@router.get("/messages/{message_id}/raw")
async def bytes_as_received(request: Request, visit: Operator, message_id: Id) -> Response:
    """The bytes as received, as a file, for those who may read reports."""
    if not visit.person.may(*MAY_READ):
        raise Refused("role", f"A message's bytes are for the role {' or '.join(MAY_READ)}.")
    row = await transact(request, message_opened, actions.Operator.of(visit.person), message_id)
    name = f"message-{row.id}.{'hl7' if row.door == 'hl7' else 'json'}"
    return Response(bytes(row.body or b""), media_type="application/octet-stream", headers=_as_file(name))


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


@router.get("/messages/{message_id}/beside/{other_id}")
async def beside(request: Request, visit: Operator, message_id: Id, other_id: Id) -> Response:
    """Two messages side by side, field by field."""
    by = actions.Operator.of(visit.person)

    def work(connection: Connection) -> tuple[Message, Message]:
        return message_opened(connection, by, message_id), message_opened(connection, by, other_id)

    left, right = await transact(request, work)
    rows = side_by_side(left, right, visit.person)
    return page(request, visit, "beside.html", left=left, right=right, rows=rows, title=title)


@router.get("/messages/{message_id}/beside")
async def beside_which(request: Request, visit: Operator, message_id: Id, other: OtherId) -> Response:
    """Leads to the comparison with the message of that number."""
    return RedirectResponse(f"/messages/{message_id}/beside/{other}", 303)


@router.post("/messages/{message_id}/replay")
async def replay(request: Request, visit: Operator, message_id: Id) -> Response:
    """Read again, as if it had just come in: after a sender's map was mended, say."""
    await act(request, visit, actions.replay_message, message_id)
    return RedirectResponse(f"/messages/{message_id}", 303)
