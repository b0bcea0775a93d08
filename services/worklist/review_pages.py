"""The review screen and what is done on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy import Connection

from services.pipeline import advising, drafting, review, signing
from services.pipeline.drafting import REASONS, Claim, Decision
from services.pipeline.refusal import Refused
from services.pipeline.review import Act
from services.settings import Settings
from services.store import review_list, reviews
from services.store.people import Person
from services.store.tables.review import OPEN
from services.worklist import screen
from services.worklist.claims import claim_of
from services.worklist.context import of, transact
from services.worklist.filters import Chosen, InAddress
from services.worklist.list_pages import target
from services.worklist.pages import page
from services.worklist.quest import QUEST, is_sampled
from services.worklist.screen import Screen
from services.worklist.session import REAUTHENTICATION_SECONDS, Reader, Reviewer, Visit

router = APIRouter()
Revision = Annotated[int, Form(ge=0)]


def act(request: Request, visit: Visit, review_id: int, revision: int = 0) -> Act:
    """Who does something to which review."""
    return Act(visit.person, review_id, revision, of(request).settings.worklist.claim)


@router.get("/reports/{report_id}")
async def show(request: Request, visit: Reader, chosen: InAddress, report_id: int) -> Response:
    """Opens a report: claims it where it is free, shows the first undecided finding."""
    seconds = of(request).settings.worklist.claim
    shown = await transact(request, opened, visit.person, report_id, seconds)
    return answer(request, visit, "review.html", shown, chosen)


def opened(connection: Connection, person: Person, report_id: int, seconds: float) -> Screen:
    """Claims a report for its reader if it is free, and notes that they saw it. Raises Refused: unknown."""
    row = reviews.locked_of_report(connection, report_id)
    if row is None or row["site_id"] != person.site:
        raise Refused("unknown", "There is no report of that number to review.")
    if person.may("reviewer", "signer") and row["state"] in OPEN:
        review.claim_found(connection, person, row, seconds)
    review.note(connection, person, row, "review.view")
    shown = load(connection, person, row["id"])
    review.note_priors(connection, person, [prior["report_id"] for prior in shown.priors])
    return shown


def load(
    connection: Connection, person: Person, review_id: int, current: int | None = None, full: bool = True
) -> Screen:
    """The screen; the finding shown on it counts as opened by its reviewer. Raises Refused: unknown."""
    shown = found_screen(connection, person, review_id, current, full)
    note_opened(connection, shown)
    return shown


def found_screen(connection: Connection, person: Person, review_id: int, current: int | None, full: bool) -> Screen:
    """The screen alone. Raises Refused: unknown."""
    shown = screen.load(connection, person, review_id, current, full)
    if shown is None:
        raise Refused("unknown", "There is no such review.")
    return shown


def note_opened(connection: Connection, shown: Screen) -> None:
    """What stands open on a reviewer's screen counts as opened by them."""
    if shown.mine and shown.current is not None:
        row, person = shown.row, shown.person
        reviews.open_suggestion(connection, person.site, row["id"], shown.current, person.id)


def answer(request: Request, visit: Visit, template: str, shown: Screen, chosen: Chosen) -> Response:
    """The screen or a part of it."""
    worklist = of(request).settings.worklist
    return page(
        request,
        visit,
        template,
        screen=shown,
        chosen=chosen,
        reasons=REASONS,
        target=target(worklist),
        claim_seconds=worklist.claim,
        quest=QUEST,
        sampled=is_sampled(shown.row["id"], worklist.rated_share),
    )


def panel(connection: Connection, person: Person, review_id: int, current: int | None, forward: bool) -> Screen:
    """The panel after a change; `forward` goes on to the next undecided finding."""
    shown = found_screen(connection, person, review_id, current, full=False)
    if forward and current is not None:
        shown = replace(shown, current=screen.next_open(shown.items, current))
    note_opened(connection, shown)
    return shown


@router.post("/reviews/{review_id}/open")
async def open_suggestion(
    request: Request, visit: Reader, chosen: InAddress, review_id: int, suggestion_id: Annotated[int, Form()]
) -> Response:
    """Shows another finding."""
    shown = await transact(request, panel, visit.person, review_id, suggestion_id, False)
    return answer(request, visit, "_panel.html", shown, chosen)


@router.post("/reviews/{review_id}/decide")
async def decide(
    request: Request,
    visit: Reviewer,
    chosen: InAddress,
    review_id: int,
    revision: Revision,
    action: Annotated[drafting.Action, Form()],
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
    said = action in ("edit", "add")

    def said_of(connection: Connection) -> Claim:
        row = review.found(connection, visit.person, review_id)
        span = (start, end) if start is not None and end is not None else None
        return claim_of(connection, of(request).library, row, finding, status, side, span)

    def work(connection: Connection) -> Screen:
        claim = said_of(connection) if said else None
        decision = Decision(suggestion_id, action, claim, reason if action == "reject" else "", confirmed)
        drafting.decide(connection, act(request, visit, review_id, revision), decision)
        return panel(connection, visit.person, review_id, suggestion_id, True)

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)


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
        drafting.undo(connection, act(request, visit, review_id), draft_id)
        return panel(connection, visit.person, review_id, suggestion_id, False)

    return answer(request, visit, "_panel.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/sign")
async def sign(request: Request, visit: Reviewer, chosen: InAddress, review_id: int, revision: Revision) -> Response:
    """Makes the drafts final and puts the next report on the screen."""
    settings = of(request).settings
    needs_reauthentication(settings, visit)
    doing, targets = act(request, visit, review_id, revision), signing.destinations(settings)

    def work(connection: Connection) -> Screen | None:
        signing.sign(connection, doing, targets, settings.worklist.double_read_share)
        return following(connection, doing, chosen, onward=False)

    return gone_on(request, visit, chosen, await transact(request, work), "signed")


def needs_reauthentication(settings: Settings, visit: Visit) -> None:
    """Raises Refused where the site asks signers to say again who they are, and they have not just now."""
    if settings.worklist.reauthenticate and visit.authenticated_ago > REAUTHENTICATION_SECONDS:
        raise Refused("reauthenticate", "Confirm who you are to sign. Your drafts are kept.")


@router.post("/reviews/{review_id}/skip")
async def skip(request: Request, visit: Reviewer, chosen: InAddress, review_id: int) -> Response:
    """Gives the claim back and goes on to the next report."""
    doing = act(request, visit, review_id)

    def work(connection: Connection) -> Screen | None:
        review.release(connection, visit.person, review_id)
        return following(connection, doing, chosen, onward=True)

    return gone_on(request, visit, chosen, await transact(request, work), "skipped")


def following(connection: Connection, done: Act, chosen: Chosen, *, onward: bool) -> Screen | None:
    """Opens the report that comes next under the list's filter; None where there is none.

    In the transaction of what was done, so that one commit is waited for.
    """
    wanted = chosen.filter(done.person)
    report_id = review_list.following(connection, wanted, done.person.id, done.review_id, onward)
    return None if report_id is None else opened(connection, done.person, report_id, done.claim)


def gone_on(request: Request, visit: Visit, chosen: Chosen, shown: Screen | None, done: str) -> Response:
    """The next report in the place of the one before; the list where there is none."""
    if shown is None:
        return Response(status_code=204, headers={"HX-Redirect": chosen.link("/worklist")})
    result = answer(request, visit, "_main.html", shown, chosen)
    result.headers["HX-Retarget"] = "#main"
    result.headers["HX-Reswap"] = "outerHTML"
    result.headers["HX-Push-Url"] = chosen.link(f"/reports/{shown.row['report_id']}")
    result.headers["X-Countersign-Done"] = done
    return result


@router.post("/reviews/{review_id}/claim")
async def claim(request: Request, visit: Reviewer, chosen: InAddress, review_id: int) -> Response:
    """Takes a report, also from somebody who has it open; they find out at their next decision."""

    def work(connection: Connection) -> Screen:
        seconds = of(request).settings.worklist.claim
        review.claim(connection, visit.person, review_id, seconds, take_over=True)
        return load(connection, visit.person, review_id)

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
    """Leaves a remark out of what Sign sends, or puts it back."""

    def work(connection: Connection) -> Screen:
        advising.leave_out(connection, act(request, visit, review_id), identifier, left_out=left_out)
        return load(connection, visit.person, review_id)

    return answer(request, visit, "_main.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/amend")
async def amend(request: Request, visit: Reviewer, chosen: InAddress, review_id: int, revision: Revision) -> Response:
    """Opens a signed report again."""

    def work(connection: Connection) -> Screen:
        review.amend(connection, act(request, visit, review_id, revision))
        return load(connection, visit.person, review_id)

    return answer(request, visit, "_main.html", await transact(request, work), chosen)


@router.post("/reviews/{review_id}/reasoning", status_code=204)
async def reasoning(request: Request, visit: Reader, review_id: int) -> None:
    """Notes that the reasoning was looked at."""

    def work(connection: Connection) -> None:
        row = review.found(connection, visit.person, review_id)
        reviews.touch(connection, review_id, "reasoning_opened_at")
        review.note(connection, visit.person, row, "review.reasoning")

    await transact(request, work)


@router.post("/reviews/{review_id}/heartbeat", status_code=204)
async def heartbeat(request: Request, visit: Reviewer, review_id: int) -> None:
    """Somebody is still there: the claim is renewed, if it is still theirs."""

    def work(connection: Connection) -> None:
        row = review.found(connection, visit.person, review_id)
        if row["state"] == "claimed" and row["claimed_by"] == visit.person.id:
            reviews.claim(connection, review_id, visit.person.id, of(request).settings.worklist.claim)

    await transact(request, work)


@router.get("/findings")
async def findings(request: Request, visit: Reader, q: Annotated[str, Query(max_length=100)] = "") -> list[str]:
    """Names from the catalogues that a finding can be added or edited to."""
    wanted = q.lower().strip()
    names = (candidate.finding.name for candidate in of(request).library.candidates())
    return sorted(name for name in names if wanted in name.lower())
