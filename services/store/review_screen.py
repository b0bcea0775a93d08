"""What the review screen reads: the report as it stands, its versions, its patient's other reports."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, and_, func, select

from services.store.jobs import NOW
from services.store.tables import account, analysis, report, report_version, review, suggestion

claimer = account.alias("claimer")
signer = account.alias("signer")


def header(connection: Connection, site: str, report_id: int) -> RowMapping | None:
    """A report with its review and the version under review; None where the site has no such review.

    Prefixed columns keep the three apart: the review's own names, version_*, and the report's names.
    """
    columns = (
        *[column for column in review.c if column.name not in ("site_id", "report_id", "priority")],
        *[column for column in report.c if column.name not in ("id", "created_at")],
        review.c.report_id,
        report_version.c.text,
        report_version.c.record,
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
    tables = (
        review.join(report, report.c.id == review.c.report_id)
        .join(report_version, report_version.c.id == review.c.version_id)
        .outerjoin(claimer, claimer.c.id == review.c.claimed_by)
        .outerjoin(signer, signer.c.id == review.c.signed_by)
    )
    where = and_(review.c.report_id == report_id, review.c.site_id == site)
    return connection.execute(select(*columns).select_from(tables).where(where)).mappings().one_or_none()


def reading(connection: Connection, version_id: int) -> RowMapping | None:
    """The newest reading of a version that reviewers see."""
    where = and_(analysis.c.version_id == version_id, analysis.c.shadow.is_(False))
    query = select(analysis).where(where).order_by(analysis.c.id.desc()).limit(1)
    return connection.execute(query).mappings().one_or_none()


def versions(connection: Connection, report_id: int) -> Sequence[RowMapping]:
    """All versions of a report with their text, newest first."""
    query = select(report_version).where(report_version.c.report_id == report_id)
    return connection.execute(query.order_by(report_version.c.number.desc())).mappings().all()


def priors(connection: Connection, row: RowMapping, limit: int = 12) -> Sequence[RowMapping]:
    """Other reports of the same patient, newest exam first, with the text that counts and its review's state."""
    same = and_(
        report.c.site_id == row["site_id"],
        report.c.patient_id == row["patient_id"],
        report.c.patient_authority == row["patient_authority"],
        report.c.id != row["report_id"],
        report_version.c.state.in_(("current", "superseding")),
    )
    columns = (
        report.c.id.label("report_id"),
        report.c.procedure,
        report.c.modality,
        report.c.observed_at,
        report.c.created_at,
        report_version.c.text,
        review.c.state,
    )
    tables = report.join(report_version, report_version.c.report_id == report.c.id).outerjoin(
        review, review.c.report_id == report.c.id
    )
    newest = func.coalesce(report.c.observed_at, report.c.created_at).desc()
    return (
        connection.execute(select(*columns).select_from(tables).where(same).order_by(newest).limit(limit))
        .mappings()
        .all()
    )


def signed_findings(connection: Connection, report_ids: Sequence[int]) -> dict[int, list[RowMapping]]:
    """Final findings of these reports: what a prior was signed with."""
    query = select(suggestion).where(
        suggestion.c.report_id.in_(report_ids), suggestion.c.state.in_(("approved", "edited"))
    )
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query.order_by(suggestion.c.position)).mappings():
        found.setdefault(row["report_id"], []).append(row)
    return found


def of_version(connection: Connection, version_id: int) -> Sequence[RowMapping]:
    """All suggestions of a version, withdrawn ones too, in catalogue order."""
    query = select(suggestion).where(suggestion.c.version_id == version_id)
    return connection.execute(query.order_by(suggestion.c.position, suggestion.c.id)).mappings().all()
