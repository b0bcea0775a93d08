"""Which text of a report counts, from everything its sources said, whatever order they arrived in.

Order of versions: status rank (preliminary < partial < final < corrected = amended), then OBR-22 / `issued`,
MSH-7, MSH-10, content hash. Arrival time never decides. An addendum is appended to the latest body, never put
in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from integration.canonical import Order, Report, ReportStatus, Section, SectionKind

BEGINNING = datetime.min.replace(tzinfo=UTC)
WITHDRAWN = (ReportStatus.CANCELLED, ReportStatus.ENTERED_IN_ERROR)
READABLE = (ReportStatus.FINAL, ReportStatus.APPENDED, ReportStatus.AMENDED, ReportStatus.CORRECTED)
EARLY = (ReportStatus.PRELIMINARY, ReportStatus.PARTIAL)
ADDENDUM_HEADING = "ADDENDUM:\n"

OrderKey = tuple[int, datetime, datetime, str, str, str]


@dataclass(frozen=True, slots=True)
class Composed:
    """The report as it stands. `retracted`: its source took it back; `had_final`: a final text was there before."""

    report: Report
    retracted: bool = False
    had_final: bool = False


def order_key(report: Report) -> OrderKey:
    """Sorts what sources said into the order of versions; total, so that ties cannot depend on arrival."""
    return (
        report.status_rank,
        report.issued or BEGINNING,
        report.message_time or BEGINNING,
        report.source.control_id or report.source.version,
        report.content_hash,
        # The hash folds white space; what is left of a tie must not depend on arrival either.
        report.model_dump_json(),
    )


def compose(records: Iterable[Report]) -> Composed:
    """The current state from all records of one report, one at least."""
    ordered = sorted(records, key=order_key)
    if not ordered:
        raise ValueError("a report has at least one record")
    newest = ordered[-1]
    standing = [record for record in ordered if record.status not in WITHDRAWN]
    had_final = any(record.status in READABLE for record in standing)
    report = _with_addenda(standing) if standing else newest
    if newest.status in WITHDRAWN:
        return Composed(report.model_copy(update={"status": newest.status}), retracted=True, had_final=had_final)
    return Composed(report, had_final=had_final)


def is_readable(report: Report, preliminary: bool) -> bool:
    """Whether a version is to be read by an engine; preliminary ones by setting only."""
    return bool(report.text.strip()) and (report.status in READABLE or (preliminary and report.status in EARLY))


def _with_addenda(standing: Sequence[Report]) -> Report:
    bodies = [record for record in standing if not record.addendum_only]
    addenda = [record for record in standing if record.addendum_only]
    if not bodies:
        return _joined(addenda[0], addenda[1:], standing)
    return _joined(bodies[-1], addenda, standing)


def _joined(body: Report, addenda: Sequence[Report], standing: Sequence[Report]) -> Report:
    """The body with its addenda behind it, each text once, under the newest record's status and times."""
    newest = standing[-1]
    text, sections = body.text, list(body.sections)
    for addendum in addenda:
        if addendum.text.strip() in text:
            continue
        start = len(text.rstrip()) + 2
        text = f"{text.rstrip()}\n\n{ADDENDUM_HEADING}{addendum.text}"
        sections.append(Section(kind=SectionKind.ADDENDUM, start=start, end=len(text)))
    return newest.model_copy(
        update={
            "text": text,
            "sections": tuple(sections),
            "addendum_only": False,
            "patient": body.patient,
            "order": body.order,
            "exams": body.exams or _exams_of(body, standing),
            "notes": tuple(dict.fromkeys(note for each in (body, *addenda, newest) for note in each.notes)),
        }
    )


def _exams_of(body: Report, others: Iterable[Report]) -> tuple[Order, ...]:
    """A text that came under the number of one of several linked exams is of all of them."""
    number = body.order.accession
    found = (each.exams for each in others if number and number in [exam.accession for exam in each.exams])
    return next(found, ())
