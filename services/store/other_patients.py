"""Reports of the same order under other patients, and which of these is the same person."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    Connection,
    literal,
    select,
)

from integration.canonical import Report
from services.store import patients
from services.store.reports import is_of_order, number_of
from services.store.tables import (
    report,
    report_source,
)


def of_order(connection: Connection, report_id: int, record: Report) -> Sequence[int]:
    """Reports of the same order that name another patient."""
    accession, filler = (number_of(each) for each in (record.order.accession, record.order.filler))
    order = "accession" if accession else "filler"
    same = is_of_order(report, order, literal(accession or filler), literal(filler))
    query = select(report.c.id).where(report.c.site_id == record.site, report.c.id != report_id, same)
    alike = query.where(report.c.held == "", report.c.processing == record.processing.value)
    return list(connection.execute(alike).scalars())


def same_patient(connection: Connection, others: Sequence[int], record: Report) -> int | None:
    """Of reports of one order the one that names this patient by another of its identifiers; None where none does."""
    wanted = _persons(record.patient.model_dump(mode="json")["identifiers"])
    for number in tuple(wanted):
        wanted |= patients.alike(connection, record.site, number)
    told = select(report_source.c.report_id, report_source.c.record["patient"]["identifiers"])
    for report_id, identifiers in connection.execute(told.where(report_source.c.report_id.in_(others))):
        if wanted & _persons(identifiers):
            return int(report_id)
    return None


# Numbers of visits and accounts (HL7 table 0203) are not a person's.
_NOT_OF_A_PERSON = frozenset({"AN", "VN", "ANC", "ANON", "AM"})


def _persons(identifiers: Sequence[dict[str, str]]) -> set[tuple[str, str]]:
    return {(each["authority"], each["value"]) for each in identifiers if each["type"] not in _NOT_OF_A_PERSON}
