"""What the review screen reads: the report as it stands, its versions, its patient's other reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Float, FromClause, RowMapping, and_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSONPATH

from services.domain.audit_rows import AuditRow
from services.domain.reports import Json, Suggestion
from services.domain.reviews import Draft
from services.domain.screens import Prior, PriorFinding, ShownReading, UnderReview
from services.store import advisories, audit, earlier_suggestions, pipelined_queries
from services.store.clock import NOW
from services.store.rows import one_or_none, record, records
from services.store.tables import (
    account,
    advisory,
    analysis,
    draft,
    opening,
    rating,
    report,
    report_version,
    review,
    suggestion,
)

claimer = account.alias("claimer")
signer = account.alias("signer")


_OF_REVIEW = (
    "id", "report_id", "version_id", "state", "revision", "note", "claimed_by", "first_action_at",
    "reasoning_opened_at", "signed_at", "signature_at", "signature_by", "releases_at", "created_at",
)  # fmt: skip
_OF_REPORT = (
    "site_id", "key", "patient_id", "patient_authority", "patient_name", "accession", "filler", "procedure", "modality",
    "body_site", "priority", "held", "processing", "observed_at",
)  # fmt: skip
# Statements of the hot path are made once: building one and its cache key costs more than running it.
_HEADER = (
    select(
        *[review.c[name] for name in _OF_REVIEW],
        *[report.c[name] for name in _OF_REPORT],
        report_version.c.text,
        # The record without its text, which is the column beside it.
        report_version.c.record.op("-")("text").label("record"),
        report_version.c.number,
        report_version.c.status.label("report_status"),
        report_version.c.state.label("version_state"),
        func.extract("epoch", NOW - report_version.c.created_at).cast(Float).label("version_age"),
        report_version.c.content_hash,
        report_version.c.reading_state,
        report_version.c.issued_at,
        claimer.c.name.label("claimer"),
        signer.c.name.label("signer"),
        signer.c.practitioner.label("signer_practitioner"),
        and_(review.c.claimed_by.is_not(None), review.c.claimed_until > NOW).label("claim_live"),
        func.extract("epoch", func.coalesce(review.c.signed_at, NOW) - review.c.created_at).label("waiting"),
    )
    .select_from(
        review.join(report, report.c.id == review.c.report_id)
        .join(report_version, report_version.c.id == review.c.version_id)
        .outerjoin(claimer, claimer.c.id == review.c.claimed_by)
        .outerjoin(signer, signer.c.id == review.c.signed_by)
    )
    .where(review.c.site_id == bindparam("site"))
)
_BY_REPORT = _HEADER.where(review.c.report_id == bindparam("number"))


def header(connection: Connection, site: str, report_id: int) -> UnderReview | None:
    """A report with its review and the version under review; None where the site has no such review."""
    return one_or_none(UnderReview, connection.execute(_BY_REPORT, {"site": site, "number": report_id}))


# What every candidate was given stays in the database: a screen shows what was suggested of it.
_READING = (
    select(*[column for column in analysis.c if column.name not in ("site_id", "shadow", "verdicts", "usage")])
    .where(analysis.c.shadow.is_(False))
    .order_by(analysis.c.id.desc())
    .limit(1)
)
_READING_OF_VERSION = _READING.where(analysis.c.version_id == bindparam("version"))


def reading(connection: Connection, version_id: int) -> ShownReading | None:
    """The newest reading of a version that reviewers see, without its verdicts."""
    return one_or_none(ShownReading, connection.execute(_READING_OF_VERSION, {"version": version_id}))


def verdicts(connection: Connection, version_id: int) -> list[Json]:
    """What that reading said of every candidate; empty where there was none."""
    where = and_(analysis.c.version_id == version_id, analysis.c.shadow.is_(False))
    return connection.scalar(select(analysis.c.verdicts).where(where).order_by(analysis.c.id.desc()).limit(1)) or []


def denied(connection: Connection, version_id: int) -> frozenset[str]:
    """Findings of which that reading says that the report denies them."""
    said = verdicts(connection, version_id)
    return frozenset(each["finding"]["id"] for each in said if each["status"] == "absent")


_VERSION = select(review.c.version_id).where(review.c.id == bindparam("review")).scalar_subquery()
_REPORT = select(review.c.report_id).where(review.c.id == bindparam("review")).scalar_subquery()
_DRAFTS = (
    select(*draft.c, account.c.name)
    .join(account, account.c.id == draft.c.account_id)
    .where(draft.c.review_id == bindparam("review"))
    .order_by(draft.c.id)
)
_OPENED = select(opening.c.suggestion_id, opening.c.opened_at).where(
    opening.c.review_id == bindparam("review"), opening.c.account_id == bindparam("account")
)
_SUGGESTIONS = (
    select(suggestion)
    .where(suggestion.c.version_id == _VERSION, suggestion.c.state != "withdrawn")
    .order_by(suggestion.c.position, suggestion.c.id)
)
_LEFT_OUT = select(advisory.c.identifier).where(advisory.c.version_id == _VERSION, advisory.c.left_out)
_RATINGS = select(rating.c.item, rating.c.value).where(
    rating.c.review_id == bindparam("review"), rating.c.account_id == bindparam("account")
)
_TEXTS = (
    select(report_version.c.number, report_version.c.text)
    .where(report_version.c.report_id == _REPORT)
    .order_by(report_version.c.number.desc())
    .limit(2)
)
_this = report.alias("this")
_SAME_PATIENT = and_(
    report.c.site_id == _this.c.site_id,
    report.c.patient_id == _this.c.patient_id,
    report.c.patient_authority == _this.c.patient_authority,
    report.c.id != _this.c.id,
)
_MOST_PRIORS = 12


def _when(of: FromClause) -> ColumnElement[datetime]:
    return func.coalesce(of.c.observed_at, of.c.created_at)


_PRIORS = (
    select(
        report.c.id.label("report_id"),
        report.c.procedure,
        report.c.modality,
        report.c.observed_at,
        report.c.created_at,
        report_version.c.text,
        review.c.state,
    )
    .select_from(
        _this.join(report, _SAME_PATIENT)
        .join(report_version, report_version.c.report_id == report.c.id)
        .outerjoin(review, review.c.report_id == report.c.id)
    )
    .where(_this.c.id == _REPORT, _when(report) < _when(_this), report_version.c.state.in_(("current", "superseding")))
    .order_by(_when(report).desc())
    .limit(_MOST_PRIORS)
)
_PRIOR_FINDINGS = (
    select(suggestion.c.report_id, suggestion.c.finding, suggestion.c.status, suggestion.c.side)
    .where(
        suggestion.c.report_id.in_(_PRIORS.with_only_columns(report.c.id)),
        suggestion.c.state.in_(("approved", "edited")),
    )
    .order_by(suggestion.c.position)
)
# What the rules said and is no suggestion: folded away, for its grade is not right often enough, or a child says it.
_NOT_SHOWN = cast("$[*] ? (@.shown == false)", JSONPATH)
_FOLDED = (
    select(func.jsonb_path_query_array(analysis.c.verdicts, _NOT_SHOWN).label("verdicts"))
    .where(analysis.c.version_id == _VERSION, analysis.c.engine["name"].astext == "rules")
    .where(analysis.c.shadow.is_(False))
    .order_by(analysis.c.id.desc())
    .limit(1)
)
_PANEL = {
    "header": _HEADER.where(review.c.id == bindparam("review")),
    "drafts": _DRAFTS,
    "opened": _OPENED,
    "suggestions": _SUGGESTIONS,
    "older": earlier_suggestions.before(_REPORT, _VERSION),
    "reading": _READING.where(analysis.c.version_id == _VERSION),
    "folded": _FOLDED,
    "left_out": _LEFT_OUT,
    "told": advisories.told_of(_REPORT),
    "ratings": _RATINGS,
}
_BESIDE = {
    "priors": _PRIORS,
    "prior_findings": _PRIOR_FINDINGS,
    "texts": _TEXTS,
    "history": audit.history_of(_REPORT),
}


@dataclass(frozen=True, slots=True)
class Found:
    """Everything one screen shows, read in one round trip. Without what stands beside the panel, that is empty.

    `texts` are the two newest versions, newest first; `priors` the patient's other reports, newest exam first, with
    the text that counts and their review's state; `prior_findings` what those were signed with.
    """

    header: UnderReview
    drafts: Sequence[Draft]
    opened: frozenset[int]
    suggestions: Sequence[Suggestion]
    older: Sequence[Suggestion]
    reading: ShownReading | None
    folded: Sequence[Json]
    left_out: frozenset[str]
    told: dict[str, list[Json]]
    ratings: dict[str, int]
    priors: Sequence[Prior] = ()
    prior_findings: Sequence[PriorFinding] = ()
    texts: Sequence[str] = ()
    history: Sequence[AuditRow] = ()


def find(connection: Connection, site: str, review_id: int, account_id: int, *, beside: bool) -> Found | None:
    """The screen of a review for a person; None where the site has no such review."""
    wanted = {**_PANEL, **_BESIDE} if beside else _PANEL
    values = {"site": site, "review": review_id, "account": account_id}
    rows = pipelined_queries.read(connection, *[(statement, values) for statement in wanted.values()])
    found = defaultdict(list, zip(wanted, rows, strict=True))
    return _made(found) if found["header"] else None


def _made(found: Mapping[str, Sequence[RowMapping]]) -> Found:
    return Found(
        header=record(UnderReview, found["header"][0]),
        drafts=records(Draft, found["drafts"]),
        opened=frozenset(each["suggestion_id"] for each in found["opened"]),
        suggestions=records(Suggestion, found["suggestions"]),
        older=records(Suggestion, found["older"]),
        reading=next(iter(records(ShownReading, found["reading"])), None),
        folded=found["folded"][0]["verdicts"] if found["folded"] else [],
        left_out=frozenset(each["identifier"] for each in found["left_out"]),
        told={each["message"]: each["told"] for each in found["told"]},
        ratings={each["item"]: each["value"] for each in found["ratings"]},
        priors=records(Prior, found["priors"]),
        prior_findings=records(PriorFinding, found["prior_findings"]),
        texts=[each["text"] for each in found["texts"]],
        history=records(AuditRow, found["history"]),
    )
