"""The review screen and what is done on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy import Connection

from services.actions import looks, reviewing
from services.actions.reviewing import Said
from services.domain.people import Person
from services.domain.reviews import PendingSignature
from services.store import reviews, signatures
from services.web.auth.session import Reader, Reviewer, Visit, needs_reauthentication
from services.web.context import Context, ask, of, transact
from services.web.pages.rendering import dates_of, page
from services.web.views.filters import Chosen, InAddress
from services.web.views.links import filled
from services.web.views.opening import InForm, act, following, load, looked_at, panel
from services.web.views.overtaken import overtaken
from services.web.views.quest import QUEST, is_sampled
from services.web.views.screen import Screen
from services.web.views.targets import target
from services.workflow.refusal import Refused

router = APIRouter()
Revision = Annotated[int, Form(ge=0)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A finding of the catalogues; `terms`: other names of it, in lower case; `sides`: whether it can have one."""

    name: str
    terms: tuple[str, ...]
    sides: bool


@router.get("/reports/{report_id}")
async def show(request: Request, visit: Reader, chosen: InAddress, report_id: int) -> Response:
    """A report with its first undecided finding. The page says afterwards that it is on the screen."""
    shown = await transact(request, looked_at, of(request), visit.person, report_id)
    return answer(request, visit, "review.html", shown, chosen)


@router.get("/reviews/{review_id}/standing")
async def standing(
    request: Request, visit: Reader, review_id: int, version: Annotated[int, Query(ge=1)], reading: str = ""
) -> dict[str, str]:
    """What happened to a report since a screen was made of this version and state of its reading; "" for nothing."""
    now = await ask(request, reviews.glance, visit.person.site, review_id)
    if now is None:
        raise Refused("unknown", "There is no such review.")
    return {"message": overtaken(now, visit.person.id, version, reading)}


@router.post("/reviews/{review_id}/opened", status_code=204)
async def opened(
    request: Request,
    visit: Reviewer,
    seen: InForm,
    review_id: int,
    suggestion_id: Annotated[int | None, Form()] = None,
) -> None:
    """The page has loaded: the report is claimed where it is free, and stands on its reviewer's screen from now on."""
    await transact(request, reviewing.begin, act(request, visit, review_id), seen, suggestion_id)


def answer(
    request: Request,
    visit: Visit,
    template: str,
    shown: Screen,
    chosen: Chosen,
    pending: Sequence[PendingSignature] = (),
) -> Response:
    """The screen or a part of it."""
    worklist = of(request).settings.worklist
    return page(
        request,
        visit,
        template,
        screen=shown,
        chosen=chosen,
        pending=pending,
        settle=worklist.settle,
        links=filled(worklist.links, shown.known),
        amendments=reviewing.AMENDMENTS,
        means=reviewing.MEANS,
        reasons=reviewing.REASONS,
        target=target(worklist),
        claim_seconds=worklist.claim,
        quest=QUEST,
        sampled=is_sampled(shown.row.id, worklist.rated_share),
    )


@router.post("/reviews/{review_id}/open")
async def open_suggestion(
    request: Request,
    visit: Reader,
    chosen: InAddress,
    review_id: int,
    suggestion_id: Annotated[int | None, Form()] = None,
    draft_id: Annotated[int | None, Form()] = None,
) -> Response:
    """Shows another finding, or with `draft_id` one that was added by hand."""
    who = visit.person
    shown = await transact(request, panel, of(request), who, review_id, suggestion_id, False, added=draft_id)
    return answer(request, visit, "_panel.html", shown, chosen)


@router.post("/reviews/{review_id}/decide")
async def decide(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    seen: InForm,
    review_id: int,
    revision: Revision,
    action: Annotated[reviewing.Action, Form()],
    suggestion_id: Annotated[int | None, Form()] = None,
    reason: Annotated[str, Form(max_length=40)] = "",
    confirmed: Annotated[bool, Form()] = False,
    finding: Annotated[str, Form(max_length=200)] = "",
    status: Annotated[str, Form(max_length=20)] = "",
    side: Annotated[str, Form(max_length=20)] = "",
    start: Annotated[int | None, Form(ge=0)] = None,
    end: Annotated[int | None, Form(ge=0)] = None,
) -> Response:
    """Drafts a decision and goes on to the next finding."""
    span = (start, end) if start is not None and end is not None else None
    said = Said(finding, status, side, span) if action in ("edit", "add") else None

    def work(connection: Connection) -> Screen:
        doing, library = act(request, visit, review_id, revision), of(request).library
        reviewing.decide(
            connection, doing, library, action, suggestion_id, said, reason, confirmed=confirmed, seen=seen
        )
        return after(connection, of(request), visit.person, review_id, action, suggestion_id)

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/accept")
async def accept(
    request: Request, visit: Reviewer, chosen: InAddress, seen: InForm, review_id: int, revision: Revision
) -> Response:
    """Takes over every decision that a correction left standing on the same words."""

    def work(connection: Connection) -> Screen:
        doing = act(request, visit, review_id, revision)
        count = reviewing.accept(connection, doing, seen)
        return panel(connection, of(request), visit.person, review_id, None, False, f"Accepted {count}")

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/told")
async def told(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    review_id: int,
    at: Annotated[str, Form(max_length=40)],
    person: Annotated[str, Form(max_length=120)] = "",
    means: Annotated[str, Form(max_length=20)] = "",
    read_back: Annotated[bool, Form()] = False,
    suggestion_id: Annotated[int | None, Form()] = None,
) -> Response:
    """Records who was told of a critical result."""
    context = of(request)
    said = reviewing.Told(person, dates_of(request, visit).read(at), means, read_back)

    def work(connection: Connection) -> Screen:
        reviewing.tell(connection, act(request, visit, review_id), said, context.terms.destinations)
        return panel(connection, context, visit.person, review_id, suggestion_id, False, "Recorded who was told")

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/told/forget")
async def forget(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    review_id: int,
    suggestion_id: Annotated[int | None, Form()] = None,
) -> Response:
    """Takes back who was told, before Sign."""

    def work(connection: Connection) -> Screen:
        reviewing.forget(connection, act(request, visit, review_id))
        return panel(connection, of(request), visit.person, review_id, suggestion_id, False, "Undone")

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)


DONE = {"approve": "Approved", "edit": "Edited", "reject": "Rejected", "add": "Added"}


def after(
    connection: Connection, context: Context, person: Person, review_id: int, action: reviewing.Action, at: int | None
) -> Screen:
    """The panel after a decision: on the next undecided finding, or on what was just added."""
    added = None
    if action == "add":
        added = max((each.id for each in reviews.drafts(connection, review_id) if each.action == "add"), default=None)
    return panel(connection, context, person, review_id, at, True, DONE[action], added)


@router.post("/reviews/{review_id}/undo")
async def undo(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    review_id: int,
    draft_id: Annotated[int, Form()],
    suggestion_id: Annotated[int | None, Form()] = None,
) -> Response:
    """Takes a draft back."""

    def work(connection: Connection) -> Screen:
        reviewing.undo(connection, act(request, visit, review_id), draft_id)
        return panel(connection, of(request), visit.person, review_id, suggestion_id, False, "Undone")

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/sign")
async def sign(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    seen: InForm,
    review_id: int,
    revision: Revision,
    acknowledged: Annotated[list[str], Form(max_length=60)] = [],  # noqa: B006
) -> Response:
    """Puts a signature under the drafts and the next report on the screen."""
    context = of(request)
    needs_reauthentication(context.settings, visit)
    doing = act(request, visit, review_id, revision)

    def work(connection: Connection) -> tuple[Screen | None, Sequence[PendingSignature]]:
        reviewing.sign(connection, doing, context.terms, seen, frozenset(acknowledged))
        shown = following(connection, context, doing, chosen, onward=False)
        return shown, signatures.pending_signatures(connection, visit.person.id)

    shown, pending = await transact(request, work)
    return gone_on(request, visit, chosen, shown, "signed", pending)


@router.post("/reviews/{review_id}/take-back")
async def take_back(request: Request, visit: Reviewer, chosen: InAddress, review_id: int) -> Response:
    """Takes a signature back within the undo window, and the report onto the screen again."""
    report_id = await transact(request, reviewing.take_back, act(request, visit, review_id))
    return Response(status_code=204, headers={"HX-Redirect": chosen.link(f"/reports/{report_id}")})


@router.post("/reviews/{review_id}/skip")
async def skip(request: Request, visit: Reviewer, chosen: InAddress, review_id: int) -> Response:
    """Gives the claim back and goes on to the next report."""
    doing = act(request, visit, review_id)

    def work(connection: Connection) -> tuple[Screen | None, Sequence[PendingSignature]]:
        reviewing.release(connection, visit.person, review_id)
        shown = following(connection, of(request), doing, chosen, onward=True)
        return shown, signatures.pending_signatures(connection, visit.person.id)

    shown, pending = await transact(request, work)
    return gone_on(request, visit, chosen, shown, "skipped", pending)


def gone_on(
    request: Request,
    visit: Visit,
    chosen: Chosen,
    shown: Screen | None,
    done: str,
    pending: Sequence[PendingSignature],
) -> Response:
    """The next report in the place of the one before; the list where there is none."""
    if shown is None:
        return Response(status_code=204, headers={"HX-Redirect": chosen.link("/worklist")})
    result = answer(request, visit, "_next.html", shown, chosen, pending)
    result.headers["HX-Retarget"] = "#main"
    result.headers["HX-Reswap"] = "outerHTML"
    result.headers["HX-Push-Url"] = chosen.link(f"/reports/{shown.row.report_id}")
    result.headers["X-Countersign-Done"] = done
    return result


@router.post("/reviews/{review_id}/claim")
async def claim(request: Request, visit: Reviewer, chosen: InAddress, review_id: int) -> Response:
    """Takes a report, also from somebody who has it open; they find out at their next decision."""

    def work(connection: Connection) -> Screen:
        reviewing.take(connection, act(request, visit, review_id), take_over=True)
        return load(connection, of(request), visit.person, review_id)

    return answer(request, visit, "_main.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/advisory")
async def advisory(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    review_id: int,
    identifier: Annotated[str, Form(max_length=64)],
    left_out: Annotated[bool, Form()],
) -> Response:
    """Leaves an advisory out of what Sign sends, or puts it back."""

    def work(connection: Connection) -> Screen:
        reviewing.leave_out(connection, act(request, visit, review_id), identifier, left_out=left_out)
        return load(connection, of(request), visit.person, review_id)

    return answer(request, visit, "_main.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/amend")
async def amend(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    review_id: int,
    revision: Revision,
    reason: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Opens a signed report again, for a reason."""

    def work(connection: Connection) -> Screen:
        reviewing.amend(connection, act(request, visit, review_id, revision), reason)
        return load(connection, of(request), visit.person, review_id)

    return answer(request, visit, "_main.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/reasoning", status_code=204)
async def reasoning(request: Request, visit: Reader, review_id: int) -> None:
    """Notes that the reasoning was looked at."""
    await transact(request, looks.reasoning_read, visit.person, review_id)


@router.post("/reviews/{review_id}/heartbeat", status_code=204)
async def heartbeat(request: Request, visit: Reviewer, review_id: int) -> None:
    """Somebody is still there: the claim is renewed, if it is still theirs."""
    await transact(request, reviewing.keep, act(request, visit, review_id))


@router.get("/findings")
async def findings(request: Request, visit: Reader) -> list[Choice]:
    """What a finding can be added or edited to, by its name or another one of it."""
    known = (Choice(each.finding.name, each.synonyms, each.sides) for each in of(request).library.candidates())
    return sorted(known, key=lambda each: each.name)
