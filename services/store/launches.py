"""Which reports a launch from an EHR may mean: those of its patient, or of the orders it names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, or_, select

from services.domain.words import ReviewState
from services.store.rows import every
from services.store.tables import report, review


@dataclass(frozen=True, slots=True)
class Meant:
    """A report a launch may mean."""

    report_id: int
    patient_id: str
    patient_authority: str
    accession: str
    filler: str
    state: ReviewState


COLUMNS = (
    report.c.id.label("report_id"),
    report.c.patient_id,
    report.c.patient_authority,
    report.c.accession,
    report.c.filler,
    review.c.state,
)


def of_patients(connection: Connection, site: str, numbers: Collection[str]) -> list[Meant]:
    """Reports under review of whoever has one of these numbers, newest first; the caller looks at the authority."""
    return _found(connection, site, report.c.patient_id.in_(numbers))


def of_orders(connection: Connection, site: str, numbers: Collection[str]) -> list[Meant]:
    """Reports under review with one of these accession or filler numbers, newest first."""
    return _found(connection, site, or_(report.c.accession.in_(numbers), report.c.filler.in_(numbers)))


def _found(connection: Connection, site: str, where: ColumnElement[bool]) -> list[Meant]:
    query = select(*COLUMNS).join_from(report, review, review.c.report_id == report.c.id)
    query = query.where(report.c.site_id == site, where)
    return every(Meant, connection.execute(query.order_by(report.c.id.desc()).limit(100)))
