"""Reviewing as JSON: the same functions and the same rights as the pages, described by OpenAPI.

A session's cookie lets one in, as at the pages; a change then carries the session's token in `X-CSRF-Token`. So does
a bearer token of the identity provider (`Authorization: Bearer`), with the rights its person has at the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Query, Request
from sqlalchemy import Connection, RowMapping

from services.api.bearer import Tokens
from services.pipeline import advising, bulk, drafting, review, signing
from services.pipeline.drafting import Decision
from services.pipeline.refusal import Refused
from services.store import review_list, reviews
from services.worklist import api_auditing, api_messages, api_operating, api_second, errors, list_pages
from services.worklist import api_models as models
from services.worklist.claims import claim_of
from services.worklist.context import of, transact
from services.worklist.filters import InAddress
from services.worklist.preference_pages import store_preferences
from services.worklist.quest import is_sampled
from services.worklist.rating_pages import store_rating
from services.worklist.review_pages import act, load, needs_reauthentication, opened
from services.worklist.screen import Screen
from services.worklist.session import Reader, Reviewer, Visit, Visitor
from services.worklist.token_login import token_login

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
Id = Annotated[int, Path(ge=1, le=models.MAX_ID)]

router = APIRouter(responses=PROBLEMS)


def mount(app: FastAPI) -> None:
    """Adds /api/v1 with its description at /api/v1/openapi.json."""
    api = FastAPI(title="Countersign worklist", version="1", docs_url=None, redoc_url=None, description=__doc__ or "")
    api.state.context = app.state.context
    api.state.token_login = token_login(Tokens(app.state.context.settings.worklist))
    api.include_router(router)
    api.include_router(api_operating.router, responses=PROBLEMS)
    for part in (api_messages, api_auditing, api_second):
        api.include_router(part.router, responses=PROBLEMS)
    errors.install(api)
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
    after: list_pages.Place = None,
    before: list_pages.Place = None,
) -> models.Listed:
    """The worklist, a page at a time: `after` and `before` are `id`s of its last and first report."""
    found = await transact(request, list_pages.looked_at, visit.person, chosen, after, before)
    rows = [models.ListedReport.model_validate(dict(row)) for row in found["rows"]]
    return models.Listed(reports=rows, earlier=found["earlier"], later=found["later"], counts=found["counts"])


@router.get("/reports/{report_id}")
async def report(request: Request, visit: Reader, report_id: Id) -> models.Review:
    """Opens a report, and claims it where it is free and you review. Its current finding counts as opened."""
    seconds = of(request).settings.worklist.claim
    rated = of(request).settings.worklist.rated_share
    return shown(await transact(request, opened, visit.person, report_id, seconds), rated)


def prior_of(screen: Screen, row: RowMapping) -> models.Prior:
    """One of the patient's other reports."""
    findings = [
        models.PriorFinding(name=each["finding"]["name"], status=each["status"], side=each["side"])
        for each in screen.prior_findings.get(row["report_id"], [])
    ]
    return models.Prior.model_validate({**row, "findings": findings})


def shown(screen: Screen, rated_share: float) -> models.Review:
    """The review's record."""
    row = screen.row
    drafts = [item.draft for item in screen.items if item.draft is not None] + list(screen.additions)
    return models.Review(
        report_id=row["report_id"], review_id=row["id"], state=row["state"], revision=row["revision"],
        mine=screen.mine, claimer=row["claimer"], claim_live=bool(row["claim_live"]), text=row["text"],
        report_status=row["report_status"], version=row["number"], advisories=list(screen.advisories),
        engine=screen.engine, ratings=screen.ratings, rating_asked=is_sampled(row["id"], rated_share),
        priors=[prior_of(screen, each) for each in screen.priors],
        changes=[models.Passage.model_validate(asdict(each)) for each in screen.changes],
        history=[models.Audited.model_validate(dict(each)) for each in screen.history],
        drafts=[models.Draft.model_validate(dict(draft)) for draft in drafts],
        suggestions=[
            models.Suggested.model_validate(
                {**item.row, "name": item.name, "verified": item.verified, "opened": item.opened}
            )
            for item in screen.items
        ],
    )  # fmt: skip


async def change(request: Request, visit: Visit, review_id: int, work: Callable[[Connection], object]) -> models.Review:
    """Does something to a review in one transaction, and shows what came of it."""

    def both(connection: Connection) -> Screen:
        work(connection)
        return load(connection, visit.person, review_id)

    return shown(await transact(request, both), of(request).settings.worklist.rated_share)


@router.post("/reviews/{review_id}/claim")
async def claim(request: Request, visit: Reviewer, review_id: Id, body: models.Claiming) -> models.Review:
    """Takes the report; 409 where another has it open and it is not to be taken over."""
    seconds = of(request).settings.worklist.claim

    def work(connection: Connection) -> None:
        if not review.claim(connection, visit.person, review_id, seconds, body.take_over):
            raise Refused("claimed", "Somebody else has this report open.")

    return await change(request, visit, review_id, work)


@router.post("/reviews/{review_id}/release")
async def release(request: Request, visit: Reviewer, review_id: Id) -> models.Review:
    """Gives the report back."""
    return await change(request, visit, review_id, lambda c: review.release(c, visit.person, review_id))


@router.post("/reviews/{review_id}/suggestions/{suggestion_id}/open")
async def open_suggestion(request: Request, visit: Reviewer, review_id: Id, suggestion_id: Id) -> models.Review:
    """Says that a finding is on your screen; one never opened cannot be decided."""
    doing = act(request, visit, review_id)
    return await change(request, visit, review_id, lambda c: drafting.open_suggestion(c, doing, suggestion_id))


@router.post("/reviews/{review_id}/decisions")
async def decide(request: Request, visit: Reviewer, review_id: Id, body: models.Decided) -> models.Review:
    """Drafts a decision. Sent twice, it is one."""
    doing = act(request, visit, review_id, body.revision)

    def work(connection: Connection) -> None:
        row = review.found(connection, visit.person, review_id)
        said = body.said
        evidence = said.evidence if said else None
        span = (evidence.start, evidence.end) if evidence else None
        library = of(request).library
        claimed = claim_of(connection, library, row, said.finding, said.status, said.side or "", span) if said else None
        if (claimed is not None) != (body.action in ("edit", "add")):
            raise Refused("value", "`said` belongs to edit and add, and to nothing else.")
        target = None if body.action == "add" else body.suggestion_id
        reason = body.reason if body.action == "reject" else ""
        drafting.decide(connection, doing, Decision(target, body.action, claimed, reason, body.confirmed))

    return await change(request, visit, review_id, work)


@router.delete("/reviews/{review_id}/drafts/{draft_id}")
async def undo(request: Request, visit: Reviewer, review_id: Id, draft_id: Id) -> models.Review:
    """Takes a draft back."""
    doing = act(request, visit, review_id)
    return await change(request, visit, review_id, lambda c: drafting.undo(c, doing, draft_id))


@router.post("/reviews/{review_id}/sign")
async def sign(request: Request, visit: Reviewer, review_id: Id, body: models.Revised) -> models.Review:
    """Makes the drafts final. Sent twice, it is done once."""
    settings = of(request).settings
    needs_reauthentication(settings, visit)
    doing, targets = act(request, visit, review_id, body.revision), signing.destinations(settings)
    share = settings.worklist.double_read_share
    return await change(request, visit, review_id, lambda c: signing.sign(c, doing, targets, share))


@router.post("/reviews/{review_id}/amend")
async def amend(request: Request, visit: Reviewer, review_id: Id, body: models.Revised) -> models.Review:
    """Opens a signed report again."""
    doing = act(request, visit, review_id, body.revision)
    return await change(request, visit, review_id, lambda c: review.amend(c, doing))


@router.post("/reviews/{review_id}/advisories")
async def advisory(request: Request, visit: Reviewer, review_id: Id, body: models.LeftOut) -> models.Review:
    """Leaves an advisory out of what Sign sends, or puts it back."""
    doing = act(request, visit, review_id)

    def work(connection: Connection) -> None:
        advising.leave_out(connection, doing, body.identifier, left_out=body.left_out)

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
) -> list[models.Offered]:
    """Low-risk suggestions of one finding that may be approved together, with the words they rest on."""
    rows = await transact(request, bulk.look, visit.person, finding)
    return [models.Offered.model_validate(dict(row)) for row in rows]


@router.post("/bulk")
async def approve_together(request: Request, visit: Reviewer, body: models.Chosen) -> models.Drafts:
    """Approves the chosen ones that are still offered, as drafts; each report is still opened and signed by itself."""
    seconds = of(request).settings.worklist.claim
    made = await transact(request, bulk.approve, visit.person, body.finding, frozenset(body.chosen), seconds)
    return models.Drafts(drafts=made)


@router.post("/bulk/undo")
async def undo_together(request: Request, visit: Reviewer, body: models.Drafts) -> models.Done:
    """Takes your own drafts among these back."""
    await transact(request, bulk.undo, visit.person, body.drafts, of(request).settings.worklist.claim)
    return models.Done()


@router.post("/reviews/{review_id}/reasoning")
async def reasoning(request: Request, visit: Reader, review_id: Id) -> models.Done:
    """Says that the reasoning was looked at."""

    def work(connection: Connection) -> None:
        row = review.found(connection, visit.person, review_id)
        reviews.touch(connection, review_id, "reasoning_opened_at")
        review.note(connection, visit.person, row, "review.reasoning")

    await transact(request, work)
    return models.Done()


@router.post("/reviews/{review_id}/ratings")
async def rate(request: Request, visit: Reviewer, review_id: Id, body: models.Rated) -> models.Done:
    """Stores one item of the QUEST form."""
    await transact(request, store_rating, visit.person, review_id, body.item, body.value)
    return models.Done()


@router.get("/findings")
async def findings(request: Request, visit: Reader, q: Annotated[str, Query(max_length=100)] = "") -> list[str]:
    """What a finding can be added or edited to."""
    wanted = q.lower().strip()
    names = (candidate.finding.name for candidate in of(request).library.candidates())
    return sorted(name for name in names if wanted in name.lower())


@router.get("/preferences")
async def preferences(visit: Visitor) -> models.Preferences:
    """Your theme and keys."""
    return models.Preferences.model_validate(visit.preferences)


@router.put("/preferences")
async def set_preferences(request: Request, visit: Visitor, body: models.Preferences) -> models.Preferences:
    """Stores them. 422 where two commands share a key."""
    await transact(request, store_preferences, visit, body.theme, body.keys_off, body.keys)
    return body
