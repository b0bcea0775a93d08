"""A report as it comes onto somebody's screen: looked at, claimed, answered after a change."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Form, Request
from sqlalchemy import Connection

from services.actions import looks
from services.domain.people import Person
from services.domain.reviews import LockedReview
from services.store import exercises, openings, review_list, reviews
from services.web.auth.session import Visit
from services.web.context import Context, of
from services.web.views import screen
from services.web.views.filters import Chosen
from services.web.views.screen import Screen
from services.workflow import review
from services.workflow.refusal import Refused
from services.workflow.review import Act
from services.workflow.seeing import Seen


def act(request: Request, visit: Visit, review_id: int, revision: int = 0) -> Act:
    """Who does something to which review."""
    return Act(visit.person, review_id, revision, of(request).settings.worklist.claim)


async def seen_in_form(seen: Annotated[str, Form(max_length=4000)] = "") -> Seen:
    """Dependency: what a page has shown since it was opened, as `end,12,13`: the report's end, suggestions' words."""
    words = seen.split(",")
    return Seen(end="end" in words, evidence=frozenset(int(word) for word in words if word.isdigit()))


InForm = Annotated[Seen, Depends(seen_in_form)]


def looked_at(connection: Connection, context: Context, person: Person, report_id: int) -> Screen:
    """A report for its reader, and the row that they saw it; nothing is claimed. Raises Refused: unknown."""
    row = reviews.locked_of_report(connection, report_id)
    if row is None or row.site_id != person.site:
        raise Refused("unknown", "There is no report of that number to review.")
    return _shown_to(connection, context, person, row)


def _shown_to(connection: Connection, context: Context, person: Person, row: LockedReview) -> Screen:
    looks.report_viewed(connection, person, row)
    shown = load(connection, context, person, row.id)
    looks.priors_viewed(connection, person, [prior.report_id for prior in shown.priors])
    return shown


def load(
    connection: Connection,
    context: Context,
    person: Person,
    review_id: int,
    current: int | None = None,
    full: bool = True,
) -> Screen:
    """The screen alone. Raises Refused: unknown."""
    reading = context.settings.reading
    terms = (reading.grade_threshold, reading.wait_for_model)
    shown = screen.load(connection, person, review_id, context.parents, current, full, *terms)
    if shown is None:
        raise Refused("unknown", "There is no such review.")
    if context.settings.training and shown.row.state == "signed":
        return replace(shown, exercises=exercises.outcomes(connection, shown.row.report_id))
    return shown


def panel(
    connection: Connection,
    context: Context,
    person: Person,
    review_id: int,
    current: int | None,
    forward: bool,
    done: str = "",
    added: int | None = None,
) -> Screen:
    """The panel after a change, on the finding that counts as opened; `forward`: on the next undecided one.

    `done`: what a screen reader is told was done; `added`: the draft of an addition to stand on.
    """
    shown = replace(load(connection, context, person, review_id, current, full=False), done=done)
    known = {each.id for each in shown.additions}
    if forward and current is not None:
        shown = replace(shown, current=screen.next_open(shown.items, current))
    if added in known:
        return replace(shown, added=added)
    if shown.mine and shown.current is not None:
        openings.open_suggestion(connection, person.site, review_id, shown.current, person.id)
    return shown


def following(connection: Connection, context: Context, done: Act, chosen: Chosen, *, onward: bool) -> Screen | None:
    """Claims and shows the report that comes next under the list's filter; None where there is none.

    In the transaction of what was done, so that one commit is waited for.
    """
    wanted = chosen.filter(done.person)
    report_id = review_list.following(connection, wanted, done.person.id, done.review_id, onward)
    row = None if report_id is None else reviews.locked_of_report(connection, report_id)
    if row is None:
        return None
    review.claim_found(connection, done.person, row, done.claim)
    return _shown_to(connection, context, done.person, row)
