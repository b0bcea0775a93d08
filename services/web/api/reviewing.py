"""Reviewing as JSON: the same functions and the same rights as the pages, described by OpenAPI.

A session's cookie lets one in, as at the pages; a change then carries the session's token in `X-CSRF-Token`. So does
a bearer token of the identity provider (`Authorization: Bearer`), with the rights its person has at the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from sqlalchemy import Connection

from services.actions import looks, reviewing
from services.actions.rating import store_rating
from services.actions.reviewing import Said, Seen
from services.domain.screens import Prior
from services.store import review_list
from services.web import errors
from services.web.api import (
    auditing,
    contract,
    feeds,
    messages,
    models,
    operating,
    quarantine,
    reference,
    second_readings,
    tracing,
)
from services.web.api.contract import Operation, Page, precondition, whole
from services.web.auth.session import Reader, Reviewer, Visit, Visitor, needs_reauthentication
from services.web.auth.token_login import token_login
from services.web.context import of, transact
from services.web.fhir.bearer import Tokens
from services.web.preferring import Preferences, store_preferences
from services.web.views import listing
from services.web.views.filters import InAddress
from services.web.views.ids import Id
from services.web.views.opening import act, load, looked_at
from services.web.views.quest import is_sampled
from services.web.views.screen import Screen
from services.workflow.refusal import Refused

PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": models.Problem, "description": text}
    for code, text in {
        401: "No session, or it has ended.",
        403: "The role, the token or a Practitioner is missing.",
        404: "There is no such thing.",
        409: "It changed meanwhile; nothing was done.",
        422: "Not understood, or it may not stand; nothing was done.",
        503: "The database cannot be reached.",
    }.items()
}

router = APIRouter(responses=PROBLEMS, route_class=Operation)


def mount(app: FastAPI) -> None:
    """Adds /api/v1 with its description at /api/v1/openapi.json."""
    api = FastAPI(title="Countersign worklist", version="1", docs_url=None, redoc_url=None, description=__doc__ or "")
    api.state.context = app.state.context
    api.state.token_login = token_login(Tokens(app.state.context.settings.worklist))
    api.include_router(router)
    api.include_router(operating.router, responses=PROBLEMS)
    for part in (messages, auditing, second_readings, tracing, quarantine, feeds):
        api.include_router(part.router, responses=PROBLEMS)
    api.include_router(reference.router)
    errors.install(api)
    contract.keep(api)
    app.mount("/api/v1", api)


@router.get("/me")
async def me(visit: Visitor) -> models.Person:
    """Who you are."""
    person = visit.person
    return models.Person(
        name=person.name, site=person.site, roles=sorted(person.roles), practitioner=person.practitioner,
        csrf=visit.csrf, ends_in=int(visit.ends_in),
    )  # fmt: skip


@router.get("/reports")
async def reports(
    request: Request,
    visit: Reader,
    chosen: InAddress,
    after: listing.Place = None,
    before: listing.Place = None,
) -> models.Listed:
    """The worklist, a page at a time: `after` and `before` are `id`s of its last and first report."""
    found = await transact(request, listing.looked_at, visit.person, chosen, after, before)
    rows = [models.ListedReport.model_validate(row, from_attributes=True) for row in found.rows]
    return models.Listed(reports=rows, earlier=found.earlier, later=found.later, counts=found.around.counts)


@router.get("/reports/{report_id}")
async def report(request: Request, visit: Reader, report_id: Id) -> models.Review:
    """A report as it stands. It claims nothing: claim it, say that it is on your screen, then decide and sign."""
    rated = of(request).settings.worklist.rated_share
    return shown(await transact(request, looked_at, of(request), visit.person, report_id), rated)


def prior_of(screen: Screen, row: Prior) -> models.Prior:
    """One of the patient's other reports."""
    findings = [
        models.PriorFinding(name=each.finding["name"], status=each.status, side=each.side)
        for each in screen.prior_findings.get(row.report_id, [])
    ]
    return models.Prior.model_validate({**asdict(row), "findings": findings})


def shown(screen: Screen, rated_share: float) -> models.Review:
    """The review's record."""
    row = screen.row
    drafts = [item.draft for item in screen.items if item.draft is not None] + list(screen.additions)
    return models.Review(
        report_id=row.report_id, review_id=row.id, state=row.state, revision=row.revision,
        mine=screen.mine, claimer=row.claimer, claim_live=row.claim_live, text=row.text,
        releases_at=row.releases_at if row.signature_at else None,
        contradictions=[
            models.Contradiction.model_validate(asdict(each)) for each in (*screen.contradictions, *screen.statements)
        ],
        reading_state=row.reading_state, waits_for_model=screen.waits,
        report_status=row.report_status, version=row.number, advisories=list(screen.advisories),
        told=[models.Told.model_validate(each) for each in screen.told],
        engine=screen.engine, ratings=screen.ratings, rating_asked=is_sampled(row.id, rated_share),
        priors=[prior_of(screen, each) for each in screen.priors],
        changes=[models.Passage.model_validate(asdict(each)) for each in screen.changes],
        history=[models.Audited.model_validate(each, from_attributes=True) for each in screen.history],
        drafts=[models.Draft.model_validate(asdict(draft)) for draft in drafts],
        suggestions=[
            models.Suggested.model_validate(
                {**asdict(item.row), "name": item.name, "verified": item.verified, "opened": item.opened}
            )
            for item in screen.items
        ],
    )  # fmt: skip


async def change(
    request: Request, visit: Visit, review_id: int, work: Callable[[Connection], object], *, compares: bool = False
) -> models.Review:
    """Does something to a review in one transaction, at the revision of If-Match if there is one; what came of it.

    `compares`: the work compares the revision itself, since what is sent twice is done once.
    """
    condition = 0 if compares else precondition(request)

    def both(connection: Connection) -> Screen:
        if condition:
            reviewing.check_revision(connection, visit.person, review_id, condition)
        work(connection)
        return load(connection, of(request), visit.person, review_id)

    return shown(await transact(request, both), of(request).settings.worklist.rated_share)


def revision_of(request: Request, body: models.Revised) -> int:
    """The revision somebody decided on, by If-Match or in the body. Raises Refused where the two differ."""
    condition = precondition(request)
    if condition and body.revision and condition != body.revision:
        raise Refused("stale", "If-Match and `revision` name different states of this review: send one of them.")
    return condition or body.revision


@router.post("/reviews/{review_id}/claim")
async def claim(request: Request, visit: Reviewer, review_id: Id, body: models.Claiming) -> models.Review:
    """Takes the report; 409 where another has it open and it is not to be taken over."""
    doing = act(request, visit, review_id)
    work = partial(reviewing.take, act=doing, take_over=body.take_over)
    return await change(request, visit, review_id, work)


@router.post("/reviews/{review_id}/release")
async def release(request: Request, visit: Reviewer, review_id: Id) -> models.Review:
    """Gives the report back."""
    return await change(request, visit, review_id, lambda c: reviewing.release(c, visit.person, review_id))


@router.post("/reviews/{review_id}/seen")
async def see(request: Request, visit: Reviewer, review_id: Id, body: models.Seen) -> models.Review:
    """Says what was on your screen. A report can be signed once it was shown, a moment before, to its end or with the
    words of every finding."""
    doing, seen = act(request, visit, review_id), Seen(body.shown, body.end, frozenset(body.evidence))
    return await change(request, visit, review_id, lambda c: reviewing.see(c, doing, seen))


@router.post("/reviews/{review_id}/suggestions/{suggestion_id}/open")
async def open_suggestion(request: Request, visit: Reviewer, review_id: Id, suggestion_id: Id) -> models.Review:
    """Says that a finding is on your screen; one never opened cannot be decided."""
    doing = act(request, visit, review_id)
    return await change(request, visit, review_id, lambda c: reviewing.open_suggestion(c, doing, suggestion_id))


@router.post("/reviews/{review_id}/decisions")
async def decide(request: Request, visit: Reviewer, review_id: Id, body: models.Decided) -> models.Review:
    """Drafts a decision. Sent twice, it is one."""
    doing, said = act(request, visit, review_id, revision_of(request, body)), body.said
    span = (said.evidence.start, said.evidence.end) if said and said.evidence else None
    typed = Said(said.finding, said.status, said.side or "", span) if said else None
    work = partial(
        reviewing.decide, act=doing, library=of(request).library, action=body.action, suggestion_id=body.suggestion_id,
        said=typed, reason=body.reason, confirmed=body.confirmed,
    )  # fmt: skip
    return await change(request, visit, review_id, work, compares=True)


@router.post("/reviews/{review_id}/accept")
async def accept(request: Request, visit: Reviewer, review_id: Id, body: models.Revised) -> models.Review:
    """Takes over, as seen by you, every decision that a correction left standing on the same words."""
    doing = act(request, visit, review_id, revision_of(request, body))
    return await change(request, visit, review_id, lambda c: reviewing.accept(c, doing), compares=True)


@router.post("/reviews/{review_id}/told")
async def told(request: Request, visit: Reviewer, review_id: Id, body: models.Told) -> models.Review:
    """Records who was told of the critical results; what is signed already is sent again with it."""
    doing, targets = act(request, visit, review_id), of(request).terms.destinations
    said = reviewing.Told(body.person, body.at, body.means, body.read_back)
    return await change(request, visit, review_id, lambda c: reviewing.tell(c, doing, said, targets))


@router.delete("/reviews/{review_id}/told")
async def forget(request: Request, visit: Reviewer, review_id: Id) -> models.Review:
    """Takes back who was told, before Sign."""
    doing = act(request, visit, review_id)
    return await change(request, visit, review_id, lambda c: reviewing.forget(c, doing))


@router.delete("/reviews/{review_id}/drafts/{draft_id}")
async def undo(request: Request, visit: Reviewer, review_id: Id, draft_id: Id) -> models.Review:
    """Takes a draft back."""
    doing = act(request, visit, review_id)
    return await change(request, visit, review_id, lambda c: reviewing.undo(c, doing, draft_id))


@router.post("/reviews/{review_id}/sign")
async def sign(request: Request, visit: Reviewer, review_id: Id, body: models.Signing) -> models.Review:
    """Puts your signature under the drafts; it can be taken back until `releases_at`. Sent twice, it is done once."""
    context = of(request)
    needs_reauthentication(context.settings, visit)
    doing, known = act(request, visit, review_id, revision_of(request, body)), frozenset(body.acknowledged)
    work = partial(reviewing.sign, act=doing, terms=context.terms, acknowledged=known)
    return await change(request, visit, review_id, work, compares=True)


@router.post("/reviews/{review_id}/take-back")
async def take_back(request: Request, visit: Reviewer, review_id: Id) -> models.Review:
    """Takes your signature back before it is released."""
    doing = act(request, visit, review_id)
    return await change(request, visit, review_id, lambda c: reviewing.take_back(c, doing))


@router.post("/reviews/{review_id}/amend")
async def amend(request: Request, visit: Reviewer, review_id: Id, body: models.Amending) -> models.Review:
    """Opens a signed report again, for a reason."""
    doing = act(request, visit, review_id, revision_of(request, body))
    work = partial(reviewing.amend, act=doing, reason=body.reason)
    return await change(request, visit, review_id, work, compares=True)


@router.post("/reviews/{review_id}/advisories")
async def advisory(request: Request, visit: Reviewer, review_id: Id, body: models.LeftOut) -> models.Review:
    """Leaves an advisory out of what Sign sends, or puts it back."""
    doing = act(request, visit, review_id)

    def work(connection: Connection) -> None:
        reviewing.leave_out(connection, doing, body.identifier, left_out=body.left_out)

    return await change(request, visit, review_id, work)


@router.get("/reviews/{review_id}/next")
async def following(
    request: Request, visit: Reviewer, chosen: InAddress, review_id: Id, onward: bool = False
) -> models.Following:
    """Which report comes next: the most urgent, or with `onward` the one further down; null where there is none."""
    wanted, who = chosen.filter(visit.person), visit.person.id
    return models.Following(report_id=await transact(request, review_list.following, wanted, who, review_id, onward))


@router.get("/bulk")
async def offered(
    request: Request, visit: Reviewer, finding: Annotated[str, Query(max_length=100)]
) -> Page[models.Offered]:
    """Low-risk suggestions of one finding that may be approved together, with the words they rest on."""
    rows = await transact(request, reviewing.look_together, visit.person, finding)
    return whole([models.Offered.model_validate(row, from_attributes=True) for row in rows])


@router.post("/bulk")
async def approve_together(request: Request, visit: Reviewer, body: models.Chosen) -> models.Drafts:
    """Approves the chosen ones that are still offered, as drafts; each report is still opened and signed by itself."""
    seconds, chosen = of(request).settings.worklist.claim, frozenset(body.chosen)
    made = await transact(request, reviewing.approve_together, visit.person, body.finding, chosen, seconds)
    return models.Drafts(drafts=made)


@router.post("/bulk/undo")
async def undo_together(request: Request, visit: Reviewer, body: models.Drafts) -> models.Done:
    """Takes your own drafts among these back."""
    await transact(request, reviewing.undo_together, visit.person, body.drafts, of(request).settings.worklist.claim)
    return models.Done()


@router.post("/reviews/{review_id}/reasoning")
async def reasoning(request: Request, visit: Reader, review_id: Id) -> models.Done:
    """Says that the reasoning was looked at."""
    await transact(request, looks.reasoning_read, visit.person, review_id)
    return models.Done()


@router.post("/reviews/{review_id}/ratings")
async def rate(request: Request, visit: Reviewer, review_id: Id, body: models.Rated) -> models.Done:
    """Stores one item of the QUEST form."""
    await transact(request, store_rating, visit.person, review_id, body.item, body.value)
    return models.Done()


@router.get("/findings")
async def findings(
    request: Request, visit: Reader, q: Annotated[str, Query(max_length=100)] = ""
) -> Page[models.Named]:
    """What a finding can be added or edited to, by name."""
    wanted = q.lower().strip()
    found = (candidate.finding for candidate in of(request).library.candidates())
    named = [models.Named(id=each.id, name=each.name) for each in found if wanted in each.name.lower()]
    return whole(sorted(named, key=lambda each: each.name))


@router.get("/preferences")
async def preferences(visit: Visitor) -> models.Preferences:
    """Your theme, keys, time zone and sound."""
    return models.Preferences.model_validate(visit.preferences)


@router.put("/preferences")
async def set_preferences(request: Request, visit: Visitor, body: models.Preferences) -> models.Preferences:
    """Stores them. 422 where two commands share a key, or there is no such time zone."""
    await transact(request, store_preferences, visit.person, Preferences(**body.model_dump()))
    return body
