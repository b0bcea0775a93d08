"""Queries behind the read API: suggestions and versions by patient, code, state and time, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from services.store.rows import every
from services.store.tables import advisory, analysis, notice, report, report_version, review, suggestion


def _moved() -> ColumnElement[datetime]:
    """When something last happened to a report: a reading, a Sign, a retraction. What stands no more stopped then."""
    other, sign = report_version.alias("other"), review.alias("sign")
    readings = select(func.max(analysis.c.created_at)).join(other, other.c.id == analysis.c.version_id)
    retractions = select(func.max(notice.c.created_at)).where(notice.c.kind == "retracted")
    released = func.greatest(sign.c.signed_at, case((sign.c.signature_at.is_(None), sign.c.releases_at)))
    happened = (
        readings.where(other.c.report_id == report_version.c.report_id, analysis.c.shadow.is_(False)),
        retractions.where(notice.c.report_id == report_version.c.report_id),
        select(released).where(sign.c.report_id == report_version.c.report_id),
    )
    return func.greatest(*(each.correlate(report_version).scalar_subquery() for each in happened))


MOVED = _moved()
IS_OVER = report_version.c.state.in_(("superseded", "retracted"))
TAKEN_BACK = or_(suggestion.c.state == "withdrawn", report_version.c.state == "retracted")
CHANGED = func.greatest(suggestion.c.created_at, suggestion.c.decided_at, case((TAKEN_BACK, MOVED)))
# What is signed is seen once it is released.
RELEASED = case((review.c.signature_at.is_(None), review.c.releases_at))
VERSION_CHANGED = func.greatest(report_version.c.created_at, review.c.signed_at, RELEASED, case((IS_OVER, MOVED)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; empty fields ask for nothing. Times are aware, bounds inclusive unless `before`.

    `patient`: (authority or None for any, id); `subject`: the Patient reference of the source; `codes`:
    (system or None, code) of which one must fit; `states`: suggestion states; `focus`: a report key, or the
    source's DiagnosticReport reference; `key`: a report key, or the identifier of an advisory; `after`: the last
    row id of the page before.
    """

    site: str
    identifier: str = ""
    patient: tuple[str | None, str] | None = None
    subject: str = ""
    codes: tuple[tuple[str | None, str], ...] = ()
    states: tuple[str, ...] = ()
    focus: str = ""
    since: datetime | None = None
    before: datetime | None = None
    version_id: int | None = None
    key: str = ""
    after: int = 0


@dataclass(frozen=True, slots=True)
class Fitting:
    """A suggestion that fits, and the version it is of."""

    id: int
    version_id: int
    identifier: str


def suggestions(connection: Connection, asked: Asked, limit: int) -> list[Fitting]:
    """What fits, in the order it was made."""
    where = [*_about(asked), suggestion.c.id > asked.after, *_between(CHANGED, asked)]
    if asked.identifier:
        where.append(suggestion.c.identifier == asked.identifier)
    if asked.states:
        where.append(suggestion.c.state.in_(asked.states))
    if asked.codes:
        where.append(or_(*(_has_code(system, code) for system, code in asked.codes)))
    columns = (suggestion.c.id, suggestion.c.version_id, suggestion.c.identifier)
    joined = suggestion.join(report_version, report_version.c.id == suggestion.c.version_id)
    query = select(*columns).select_from(joined.join(report, report.c.id == report_version.c.report_id))
    return every(Fitting, connection.execute(query.where(*where).order_by(suggestion.c.id).limit(limit)))


def versions(connection: Connection, asked: Asked, limit: int, *, current: bool = False) -> list[int]:
    """id of the versions that fit and were read or counted once; `current`: of each report the one that counts."""
    where = [*_about(asked), report_version.c.id > asked.after, *_between(VERSION_CHANGED, asked)]
    if current:
        where.append(report_version.c.state != "superseded")
    joined = report_version.join(report, report.c.id == report_version.c.report_id)
    joined = joined.outerjoin(review, review.c.version_id == report_version.c.id)
    query = select(report_version.c.id).select_from(joined).where(*where)
    return list(connection.execute(query.order_by(report_version.c.id).limit(limit)).scalars())


def moved(connection: Connection, version_ids: Sequence[int]) -> dict[int, datetime]:
    """By version: when something last happened to its report."""
    query = select(report_version.c.id, MOVED.label("moved")).where(report_version.c.id.in_(version_ids))
    return {row.id: row.moved for row in connection.execute(query) if row.moved}


def newest_of_engines(connection: Connection, site: str) -> list[int]:
    """For every engine, with its versions, the newest version of a report of a site that reviewers saw a reading of."""
    query = select(func.max(analysis.c.version_id)).where(analysis.c.shadow.is_(False))
    query = query.join(report_version, report_version.c.id == analysis.c.version_id)
    query = query.join(report, report.c.id == report_version.c.report_id).where(report.c.site_id == site)
    return list(connection.execute(query.group_by(analysis.c.engine)).scalars())


def _about(asked: Asked) -> list[ColumnElement[bool]]:
    where = [report.c.site_id == asked.site]
    if asked.patient:
        authority, number = asked.patient
        where.append(report.c.patient_id == number)
        where += [report.c.patient_authority == authority] if authority is not None else []
    if asked.subject:
        where.append(report_version.c.record["patient"]["reference"].astext == asked.subject)
    if asked.focus:
        source = report_version.c.record["source"]["reference"].astext
        where.append(or_(report.c.key == asked.focus, source == asked.focus))
    if asked.version_id is not None:
        where.append(report_version.c.id == asked.version_id)
    if asked.key:
        advised = select(advisory.c.version_id).where(advisory.c.identifier == asked.key)
        where.append(or_(report.c.key == asked.key, report_version.c.id.in_(advised)))
    return where


def _between(changed: ColumnElement[datetime], asked: Asked) -> list[ColumnElement[bool]]:
    since = [changed >= asked.since] if asked.since else []
    return since + ([changed < asked.before] if asked.before else [])


def _has_code(system: str | None, code: str) -> ColumnElement[bool]:
    wanted = {"code": code} if system is None else {"code": code, "system": system}
    coded = suggestion.c.finding.cast(JSONB).contains({"codes": [wanted]})
    return or_(coded, suggestion.c.finding_id == code) if system is None else and_(coded)
