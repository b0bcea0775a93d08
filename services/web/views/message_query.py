"""The search among messages as the address has it, for page and API alike."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Annotated, Literal, TypedDict

from fastapi import Depends, Query

from services.domain.message_search import Search
from services.domain.words import MessageState
from services.web.views.ids import MAX_ID

_MOMENT = r"^(\d{4}-\d\d-\d\d(T\d\d:\d\d)?)?$"


class Typed(TypedDict):
    """What the address asks for, as it was typed."""

    q: str
    state: str
    door: str
    sender: str
    since: str
    until: str
    echoes: bool
    before: int | None


def asked(
    q: Annotated[
        str, Query(max_length=200, description="words that all stand somewhere in what a message names or says")
    ] = "",
    state: Annotated[MessageState | Literal[""], Query()] = "",
    door: Annotated[Literal["", "hl7", "fhir"], Query()] = "",
    sender: Annotated[str, Query(max_length=200, description="MSH-3^MSH-4, from its beginning")] = "",
    since: Annotated[str, Query(pattern=_MOMENT, description="received at or after, UTC")] = "",
    until: Annotated[str, Query(pattern=_MOMENT, description="received before, UTC")] = "",
    echoes: Annotated[bool, Query(description="with our own messages come back")] = False,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID, description="`next` of the page before")] = None,
) -> Typed:
    """Dependency: what the address asks for, as it was typed."""
    return {
        "q": q.strip(),
        "state": state,
        "door": door,
        "sender": sender.strip(),
        "since": since,
        "until": until,
        "echoes": echoes,
        "before": before,
    }


Asked = Annotated[Typed, Depends(asked)]


def search_of(typed: Typed, *, texts: bool, zone: tzinfo = UTC) -> Search:
    """The search itself; `texts`: whether who asks may read what messages say; `zone`: that of the times asked for."""
    since, until = _moment(typed["since"], zone), _moment(typed["until"], zone)
    return Search(
        query=typed["q"],
        texts=texts,
        since=since,
        until=until,
        state=typed["state"],
        door=typed["door"],
        sender=typed["sender"],
        echoes=typed["echoes"],
        before=typed["before"],
    )


def _moment(value: str, zone: tzinfo) -> datetime | None:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=zone) if value else None
    except ValueError:
        return None
