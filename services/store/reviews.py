"""Queries on reviews: who has them open, what is suggested and drafted, what stands when they are signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Interval,
    ScalarSelect,
    and_,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.sql.dml import ReturningInsert

from services.domain.reports import SignedElsewhere, Suggestion
from services.domain.reviews import Draft, Glance, LockedReview, ReviewCount, Showing
from services.domain.words import REVIEW_TO_DO
from services.store import openings, pipelined_queries
from services.store.clock import NOW
from services.store.rows import Values, every, one_or_none, record, records
from services.store.tables import account, draft, report, report_version, review, suggestion

claimer = account.alias("claimer")


_LOCKED = (
    select(
        *review.c,
        claimer.c.name.label("claimer"),
        and_(review.c.claimed_by.is_not(None), review.c.claimed_until > NOW).label("claim_live"),
        report_version.c.state.label("version_state"),
        func.extract("epoch", NOW - report_version.c.created_at).cast(Float).label("version_age"),
        report_version.c.content_hash,
        report_version.c.reading_state,
        report.c.held,
        report.c.key,
        report.c.processing,
    )
    .select_from(
        review.join(report, report.c.id == review.c.report_id)
        .join(report_version, report_version.c.id == review.c.version_id)
        .outerjoin(claimer, claimer.c.id == review.c.claimed_by)
    )
    .with_for_update(of=review)
)
_LOCKED_BY_ID = _LOCKED.where(review.c.id == bindparam("review"))
_LOCKED_OF_REPORT = _LOCKED.where(review.c.report_id == bindparam("report"))


_REPORT = select(report.c.id).where(report.c.id == bindparam("report")).with_for_update()
_REPORT_OF_REVIEW = (
    select(report.c.id)
    .where(report.c.id == select(review.c.report_id).where(review.c.id == bindparam("review")).scalar_subquery())
    .with_for_update()
)


def locked(connection: Connection, review_id: int) -> LockedReview | None:
    """A review with its report's and version's standing, locked until the transaction ends.

    The report is locked before it, as by all that changes a report: a correction and a signature wait for each other,
    and the second sees what the first has made of the review.
    Beside the review's columns: claimer (name, None where free), claim_live, version_state, held, key,
    content_hash and site of the report.
    """
    return _locked(connection, _REPORT_OF_REVIEW, _LOCKED_BY_ID, {"review": review_id})


def locked_of_report(connection: Connection, report_id: int) -> LockedReview | None:
    """The same for the review of a report."""
    return _locked(connection, _REPORT, _LOCKED_OF_REPORT, {"report": report_id})


def _locked(
    connection: Connection, report_first: pipelined_queries.Statement, then: pipelined_queries.Statement, values: Values
) -> LockedReview | None:
    _, rows = pipelined_queries.read(connection, (report_first, values), (then, values))
    return record(LockedReview, rows[0]) if rows else None


_signing = account.alias("signing")
_GLANCE = (
    select(
        review.c.state,
        review.c.version_id,
        report_version.c.state.label("version_state"),
        report_version.c.reading_state,
        review.c.claimed_by,
        claimer.c.name.label("claimer"),
        and_(review.c.claimed_by.is_not(None), review.c.claimed_until > NOW).label("claim_live"),
        func.coalesce(review.c.signature_by, case((review.c.state == "signed", review.c.signed_by))).label("signed_by"),
        _signing.c.name.label("signer"),
    )
    .select_from(
        review.join(report_version, report_version.c.id == review.c.version_id)
        .outerjoin(claimer, claimer.c.id == review.c.claimed_by)
        .outerjoin(_signing, _signing.c.id == func.coalesce(review.c.signature_by, review.c.signed_by))
    )
    .where(review.c.id == bindparam("review"), review.c.site_id == bindparam("site"))
)


def glance(connection: Connection, site: str, review_id: int) -> Glance | None:
    """How a review stands now, without locking it; None where the site has none of that number."""
    return one_or_none(Glance, connection.execute(_GLANCE, {"review": review_id, "site": site}))


_ID = select(review.c.id).where(review.c.report_id == bindparam("report"))


def id_of_report(connection: Connection, report_id: int) -> int | None:
    """The review of a report."""
    return connection.scalar(_ID, {"report": report_id})


def count_flags(connection: Connection, report_id: int) -> None:
    """Brings a review's counts in line with its version's suggestions; to be called when those change."""
    mine = and_(suggestion.c.version_id == review.c.version_id, suggestion.c.state != "withdrawn")

    def number(*condition: ColumnElement[bool]) -> ScalarSelect[int]:
        return select(func.count()).where(mine, *condition).scalar_subquery()

    values = {
        "suggestions": number(),
        "critical": number(suggestion.c.critical, suggestion.c.status == "present"),
        "conflicts": number(suggestion.c.conflict),
        "unsupported": number(suggestion.c.unsupported),
    }
    connection.execute(update(review).where(review.c.report_id == report_id).values(**values))


_CLAIM = (
    update(review)
    .where(review.c.id == bindparam("review"))
    .values(
        state="claimed",
        claimed_by=bindparam("account"),
        claimed_until=NOW + bindparam("lease", type_=Interval),
        opened_at=func.coalesce(review.c.opened_at, NOW),
    )
)
# A decision does all this to its review, so that it is written once.
_ACTED = _CLAIM.values(revision=review.c.revision + 1, first_action_at=func.coalesce(review.c.first_action_at, NOW))


def act(connection: Connection, review_id: int, account_id: int, seconds: float) -> None:
    """A decision was made: the claim is renewed, older revisions are stale, the time of the first one is kept."""
    connection.execute(_ACTED, _lease(review_id, account_id, seconds))


def claim(connection: Connection, review_id: int, account_id: int, seconds: float) -> None:
    """Gives a review to a person for some seconds; the caller has checked that they may have it."""
    connection.execute(_CLAIM, _lease(review_id, account_id, seconds))


def _lease(review_id: int, account_id: int, seconds: float) -> Values:
    return {"review": review_id, "account": account_id, "lease": timedelta(seconds=seconds)}


def release(connection: Connection, review_id: int) -> None:
    """Takes the claim off; a review that was signed before is reopened again, not open."""
    state = case((review.c.signed_at.is_not(None), "reopened"), else_="open")
    values = {"state": state, "claimed_by": None, "claimed_until": None}
    connection.execute(update(review).where(review.c.id == review_id, review.c.state == "claimed").values(**values))


ADVANCE = (
    update(review)
    .where(review.c.id == bindparam("review"))
    .values(revision=review.c.revision + 1)
    .returning(review.c.revision)
)


def advance(connection: Connection, review_id: int, **values: object) -> int:
    """Writes values and makes every older revision stale; the new revision."""
    statement = ADVANCE.values(**values) if values else ADVANCE
    return int(connection.execute(statement, {"review": review_id}).scalar_one())


def touch(connection: Connection, review_id: int, column: str) -> None:
    """Sets a time once: first_action_at, reasoning_opened_at."""
    where = and_(review.c.id == review_id, review.c[column].is_(None))
    connection.execute(update(review).where(where).values({column: NOW}))


_SUGGESTIONS = (
    select(suggestion)
    .where(suggestion.c.version_id == bindparam("version"), suggestion.c.state != "withdrawn")
    .order_by(suggestion.c.position, suggestion.c.id)
)


def suggestions(connection: Connection, version_id: int) -> list[Suggestion]:
    """What a version suggests, in catalogue order, withdrawn ones left out."""
    return every(Suggestion, connection.execute(_SUGGESTIONS, {"version": version_id}))


_SIGNED_ELSEWHERE = (
    select(suggestion.c.id, suggestion.c.version_id)
    .where(
        suggestion.c.report_id == bindparam("report"),
        suggestion.c.version_id != bindparam("version"),
        suggestion.c.state.in_(("approved", "edited")),
    )
    .order_by(suggestion.c.id)
)


def signed_elsewhere(connection: Connection, report_id: int, version_id: int) -> list[SignedElsewhere]:
    """Findings that stand signed under another version of the report: id, version_id."""
    known = {"report": report_id, "version": version_id}
    return every(SignedElsewhere, connection.execute(_SIGNED_ELSEWHERE, known))


def set_suggestion(connection: Connection, suggestion_id: int, **values: object) -> None:
    """Writes values of a suggestion."""
    connection.execute(update(suggestion).where(suggestion.c.id == suggestion_id).values(**values))


_SETTLED = (
    update(suggestion)
    .where(suggestion.c.id == bindparam("suggestion"))
    .values(
        state=bindparam("to"),
        reason=bindparam("why"),
        status=bindparam("says"),
        suggested_status=bindparam("said"),
        critical=bindparam("grave"),
        decided_by=bindparam("who"),
        decided_at=NOW,
    )
)


def settle(connection: Connection, who: str, outcomes: Sequence[tuple[int, str, Values]]) -> None:
    """Writes what became of suggestions: (id, state, {reason, status, suggested_status, critical, perhaps quotes})."""
    rows = [
        {"suggestion": number, "to": state, "why": values["reason"], "says": values["status"], "who": who}
        | {"said": values["suggested_status"], "grave": values["critical"]}
        for number, state, values in outcomes
    ]
    if rows:
        connection.execute(_SETTLED, rows)
    for number, _, values in outcomes:
        if "quotes" in values:
            set_suggestion(connection, number, quotes=values["quotes"])


def put_human(connection: Connection, **values: object) -> int:
    """A finding a person added, made or brought up to date; its id."""
    statement = pg_insert(suggestion).values(origin="human", **values)
    fresh = {name: statement.excluded[name] for name in values if name not in ("version_id", "identifier")}
    statement = statement.on_conflict_do_update(index_elements=["version_id", "identifier"], set_=fresh)
    return int(connection.execute(statement.returning(suggestion.c.id)).scalar_one())


_DRAFTS = (
    select(*draft.c, account.c.name)
    .join(account, account.c.id == draft.c.account_id)
    .where(draft.c.review_id == bindparam("review"))
    .order_by(draft.c.id)
)


def drafts(connection: Connection, review_id: int) -> list[Draft]:
    """All drafts of a review with the name of who decided, oldest first."""
    return every(Draft, connection.execute(_DRAFTS, {"review": review_id}))


def _put_draft() -> ReturningInsert[int]:
    statement = pg_insert(draft)
    fresh = {name: statement.excluded[name] for name in ("account_id", "action", "value", "reason_code", "opened_at")}
    statement = statement.on_conflict_do_update(
        index_elements=["review_id", "suggestion_id"], set_={**fresh, "decided_at": NOW, "carried": ""}
    )
    return statement.returning(draft.c.id)


_PUT_DRAFT = _put_draft()


def put_draft(connection: Connection, **values: object) -> int:
    """Stores a decision over an earlier one on the same suggestion; its id."""
    return int(connection.execute(_PUT_DRAFT, values).scalar_one())


def drop_draft(connection: Connection, review_id: int, draft_id: int) -> Draft | None:
    """Takes a decision back; what it was, None where it is gone already."""
    statement = delete(draft).where(draft.c.id == draft_id, draft.c.review_id == review_id)
    return one_or_none(Draft, connection.execute(statement.returning(*draft.c)))


@dataclass(frozen=True, slots=True)
class Standing:
    """What a decision or a signature rests on.

    `opened` is suggestion → when this person first had it open, `evidence` those whose words they saw, `showing` what
    is on their screen.
    """

    drafts: Sequence[Draft]
    suggestions: Sequence[Suggestion]
    opened: dict[int, datetime]
    evidence: frozenset[int]
    showing: Showing | None


def standing(connection: Connection, review_id: int, version_id: int, account_id: int) -> Standing:
    """All of it in one round trip."""
    values = {"review": review_id, "version": version_id, "account": account_id}
    asked = (_DRAFTS, _SUGGESTIONS, openings.OPENED, openings.SHOWING)
    drafts, suggested, seen, shown = pipelined_queries.read(connection, *[(each, values) for each in asked])
    return Standing(
        records(Draft, drafts),
        records(Suggestion, suggested),
        {each["suggestion_id"]: each["opened_at"] for each in seen},
        frozenset(each["suggestion_id"] for each in seen if each["evidence_at"]),
        next(iter(records(Showing, shown)), None),
    )


def waiting(connection: Connection) -> list[ReviewCount]:
    """Reviews to do by state and priority: count, and the age in seconds of the oldest."""
    oldest = func.extract("epoch", NOW - func.min(review.c.created_at)).label("oldest")
    query = select(review.c.state, review.c.priority, func.count().label("count"), oldest)
    query = query.where(review.c.state.in_(REVIEW_TO_DO), review.c.signature_at.is_(None))
    return every(ReviewCount, connection.execute(query.group_by(review.c.state, review.c.priority)))
