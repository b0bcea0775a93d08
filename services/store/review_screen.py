"""What the review screen reads: the report as it stands, its versions, its patient's other reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, func, select

from services.store import audit, together
from services.store.jobs import NOW
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


# Statements of the hot path are made once: building one and its cache key costs more than running it.
_HEADER = (
    select(
        *[column for column in review.c if column.name not in ("site_id", "report_id", "priority")],
        *[column for column in report.c if column.name not in ("id", "created_at")],
        review.c.report_id,
        report_version.c.text,
        # The record without its text, which is the column beside it.
        report_version.c.record.op("-")("text").label("record"),
        report_version.c.number,
        report_version.c.status.label("report_status"),
        report_version.c.state.label("version_state"),
        report_version.c.content_hash,
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


def header(connection: Connection, site: str, report_id: int) -> RowMapping | None:
    """A report with its review and the version under review; None where the site has no such review."""
    return connection.execute(_BY_REPORT, {"site": site, "number": report_id}).mappings().one_or_none()


# What every candidate was given stays in the database: a screen shows what was suggested of it.
_READING = (
    select(*[column for column in analysis.c if column.name not in ("verdicts", "usage")])
    .where(analysis.c.shadow.is_(False))
    .order_by(analysis.c.id.desc())
    .limit(1)
)
_READING_OF_VERSION = _READING.where(analysis.c.version_id == bindparam("version"))


def reading(connection: Connection, version_id: int) -> RowMapping | None:
    """The newest reading of a version that reviewers see, without its verdicts."""
    return connection.execute(_READING_OF_VERSION, {"version": version_id}).mappings().one_or_none()


def verdicts(connection: Connection, version_id: int) -> list[dict[str, Any]]:
    """What that reading said of every candidate; empty where there was none."""
    where = and_(analysis.c.version_id == version_id, analysis.c.shadow.is_(False))
    return connection.scalar(select(analysis.c.verdicts).where(where).order_by(analysis.c.id.desc()).limit(1)) or []


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
    .where(_this.c.id == _REPORT, report_version.c.state.in_(("current", "superseding")))
    .order_by(func.coalesce(report.c.observed_at, report.c.created_at).desc())
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
_PANEL = {
    "header": _HEADER.where(review.c.id == bindparam("review")),
    "drafts": _DRAFTS,
    "opened": _OPENED,
    "suggestions": _SUGGESTIONS,
    "reading": _READING.where(analysis.c.version_id == _VERSION),
    "left_out": _LEFT_OUT,
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

    header: RowMapping
    drafts: Sequence[RowMapping]
    opened: Sequence[RowMapping]
    suggestions: Sequence[RowMapping]
    reading: RowMapping | None
    left_out: Sequence[RowMapping]
    ratings: Sequence[RowMapping]
    priors: Sequence[RowMapping] = ()
    prior_findings: Sequence[RowMapping] = ()
    texts: Sequence[RowMapping] = ()
    history: Sequence[RowMapping] = ()


def find(connection: Connection, site: str, review_id: int, account_id: int, *, beside: bool) -> Found | None:
    """The screen of a review for a person; None where the site has no such review."""
    wanted = {**_PANEL, **_BESIDE} if beside else _PANEL
    values = {"site": site, "review": review_id, "account": account_id}
    rows = together.read(connection, *[(statement, values) for statement in wanted.values()])
    found: dict[str, Any] = dict(zip(wanted, rows, strict=True))
    if not found["header"]:
        return None
    return Found(**{**found, "header": found["header"][0], "reading": next(iter(found["reading"]), None)})
