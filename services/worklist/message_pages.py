"""Messages for operators: searched, shown with their segments laid out, read again. What a patient's report says is
shown to those alone who may read reports.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import NoResultFound

from integration.canonical import Door
from integration.hl7v2.layout import lay_out
from services.pipeline.refusal import Refused
from services.store import audit, inbox
from services.store.people import Person
from services.worklist.api_models import MAX_ID
from services.worklist.api_operating import done
from services.worklist.context import transact
from services.worklist.looking import listed
from services.worklist.pages import page
from services.worklist.session import Operator, Visit

PAGE = 100
MAY_READ = ("reviewer", "signer", "auditor", "administrator")
# What an operator needs to mend a sender's map; no patient is named there.
PLAIN = frozenset({"OBR-4", "OBR-24", "OBR-25", "OBX-1", "OBX-2", "OBX-3", "OBX-11", "TXA-1", "TXA-2", "TXA-17"})
_MOMENT = r"^(\d{4}-\d\d-\d\d(T\d\d:\d\d)?)?$"

Id = Annotated[int, Path(ge=1, le=MAX_ID)]

router = APIRouter()


def wanted(
    state: Annotated[str, Query(max_length=20)] = "",
    control_id: Annotated[str, Query(max_length=200)] = "",
    accession: Annotated[str, Query(max_length=200)] = "",
    patient: Annotated[str, Query(max_length=200)] = "",
    since: Annotated[str, Query(pattern=_MOMENT)] = "",
    until: Annotated[str, Query(pattern=_MOMENT)] = "",
) -> dict[str, Any]:
    """Dependency: the search of the address, as it was typed."""
    return {
        "state": state,
        "control_id": control_id.strip(),
        "accession": accession.strip(),
        "patient": patient.strip(),
        "since": since,
        "until": until,
    }


@router.get("/messages")
async def messages(
    request: Request,
    visit: Operator,
    search: Annotated[dict[str, Any], Depends(wanted)],
    number: Annotated[int, Query(alias="page", ge=1)] = 1,
) -> Response:
    """Everything received, newest first. Times are UTC; `until` is not included."""
    exact = search | {name: _moment(search[name]) for name in ("since", "until")}

    def work(connection: Connection) -> dict[str, Any]:
        start = (number - 1) * PAGE
        found = inbox.search(connection, **exact, parts=True, limit=PAGE + 1, offset=start)[::-1]
        listed(connection, visit.person, "messages", len(found[:PAGE]), **chosen_of(search))
        return {"rows": found[:PAGE], "more": len(found) > PAGE, "counts": inbox.counts(connection)}

    return page(request, visit, "messages.html", search=search, number=number, **await transact(request, work))


def chosen_of(search: dict[str, Any]) -> dict[str, object]:
    """What the trail keeps of a search: which fields, and of those that may name a patient no more than that."""
    private = ("control_id", "accession", "patient")
    return {name: True if name in private else value for name, value in search.items() if value}


@router.get("/messages/{message_id}")
async def message(request: Request, visit: Operator, message_id: Id) -> Response:
    """One message with what became of it."""
    row = await transact(request, looked_into, visit.person, message_id)
    return page(request, visit, "message.html", row=row, places=list(places(row, visit)))


def looked_into(connection: Connection, person: Person, message_id: int) -> RowMapping:
    """A message, with the row of this person's look at it. Raises Refused."""
    try:
        row = inbox.get(connection, message_id)
    except NoResultFound:
        raise Refused("unknown", "There is no such message.") from None
    audit.append(
        connection, site=person.site, actor=person.actor, action="message.show", entity=f"message/{message_id}"
    )
    return row


@router.post("/messages/{message_id}/replay")
async def replay(request: Request, visit: Operator, message_id: Id) -> Response:
    """Read again, as if it had just come in: after a sender's map was mended, say."""
    entity = f"message/{message_id}"
    await done(request, visit, "message.replay", entity, lambda c: inbox.requeue(c, message_id))
    return RedirectResponse(f"/messages/{message_id}", 303)


def places(row: RowMapping, visit: Visit) -> Iterator[tuple[str, str]]:
    """(place, words); of a patient's fields their length alone, where the person may not read reports."""
    open_to_all = visit.person.may(*MAY_READ)
    for place, words in _laid_out(row):
        plain = open_to_all or place in PLAIN or place.startswith("MSH-")
        yield place, words if plain else f"… {len(words)} characters"


def _laid_out(row: RowMapping) -> Iterator[tuple[str, str]]:
    body = bytes(row["body"] or b"")
    if not body:
        return iter((("–", "its bytes were purged" if row["bytes"] else "no bytes"),))
    if row["door"] == Door.HL7.value:
        return lay_out(body)
    lines = json.dumps(json.loads(body), indent=1, ensure_ascii=False).splitlines()
    return ((f"line {number}", line) for number, line in enumerate(lines, 1))


def _moment(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC) if value else None
    except ValueError:
        return None
