"""What the review screen reads: the report as it stands, its versions, its patient's other reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, RowMapping, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from services.store.jobs import NOW
from services.store.tables import account, analysis, report, report_version, review, suggestion

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
_BY_REVIEW = _HEADER.where(review.c.id == bindparam("number"))


def header(connection: Connection, site: str, report_id: int) -> RowMapping | None:
    """A report with its review and the version under review; None where the site has no such review."""
    return connection.execute(_BY_REPORT, {"site": site, "number": report_id}).mappings().one_or_none()


def header_of_review(connection: Connection, site: str, review_id: int) -> RowMapping | None:
    """The same by the number of the review."""
    return connection.execute(_BY_REVIEW, {"site": site, "number": review_id}).mappings().one_or_none()


# What every candidate was given stays in the database: a screen shows what was suggested of it.
_READING = (
    select(*[column for column in analysis.c if column.name not in ("verdicts", "usage")])
    .where(analysis.c.version_id == bindparam("version"), analysis.c.shadow.is_(False))
    .order_by(analysis.c.id.desc())
    .limit(1)
)


def reading(connection: Connection, version_id: int) -> RowMapping | None:
    """The newest reading of a version that reviewers see, without its verdicts."""
    return connection.execute(_READING, {"version": version_id}).mappings().one_or_none()


def verdicts(connection: Connection, version_id: int) -> list[dict[str, Any]]:
    """What that reading said of every candidate; empty where there was none."""
    where = and_(analysis.c.version_id == version_id, analysis.c.shadow.is_(False))
    return connection.scalar(select(analysis.c.verdicts).where(where).order_by(analysis.c.id.desc()).limit(1)) or []


_VERSIONS = (
    select(report_version.c.number, report_version.c.text)
    .where(report_version.c.report_id == bindparam("report"))
    .order_by(report_version.c.number.desc())
    .limit(bindparam("most"))
)


def newest_texts(connection: Connection, report_id: int, most: int = 2) -> Sequence[RowMapping]:
    """The newest versions of a report, newest first: number, text."""
    return connection.execute(_VERSIONS, {"report": report_id, "most": most}).mappings().all()


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
        report.join(report_version, report_version.c.report_id == report.c.id).outerjoin(
            review, review.c.report_id == report.c.id
        )
    )
    .where(
        report.c.site_id == bindparam("site"),
        report.c.patient_id == bindparam("patient"),
        report.c.patient_authority == bindparam("authority"),
        report.c.id != bindparam("report"),
        report_version.c.state.in_(("current", "superseding")),
    )
    .order_by(func.coalesce(report.c.observed_at, report.c.created_at).desc())
    .limit(bindparam("most"))
)


def priors(connection: Connection, row: RowMapping, limit: int = 12) -> Sequence[RowMapping]:
    """Other reports of the same patient, newest exam first, with the text that counts and its review's state."""
    same = {"site": row["site_id"], "patient": row["patient_id"], "authority": row["patient_authority"]}
    found = connection.execute(_PRIORS, {**same, "report": row["report_id"], "most": limit})
    return found.mappings().all()


_SIGNED_FINDINGS = (
    select(suggestion.c.report_id, suggestion.c.finding, suggestion.c.status, suggestion.c.side)
    .where(
        suggestion.c.report_id == func.any(bindparam("reports", type_=ARRAY(BigInteger))),
        suggestion.c.state.in_(("approved", "edited")),
    )
    .order_by(suggestion.c.position)
)


def signed_findings(connection: Connection, report_ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """Final findings of these reports, what a prior was signed with: report_id, finding, status, side."""
    found: dict[int, list[RowMapping]] = {}
    if report_ids:
        for row in connection.execute(_SIGNED_FINDINGS, {"reports": list(report_ids)}).mappings():
            found.setdefault(row["report_id"], []).append(row)
    return found


def of_version(connection: Connection, version_id: int) -> Sequence[RowMapping]:
    """All suggestions of a version, withdrawn ones too, in catalogue order."""
    query = select(suggestion).where(suggestion.c.version_id == version_id)
    return connection.execute(query.order_by(suggestion.c.position, suggestion.c.id)).mappings().all()
