"""What one report version should look like on a FHIR server (docs/fhir.md).

Derived from the rows alone, so that a retry says the same. The shapes are those of integration/fhir; which
status each Observation has is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection, RowMapping

from integration.canonical import Engine, Finding, Quote, Report, Suggestion, Verdict, sha256
from integration.fhir.audit_event import Signing, audit_event
from integration.fhir.device import device
from integration.fhir.diagnostic_report import diagnostic_report
from integration.fhir.elements import literal
from integration.fhir.observation import Links, observation
from integration.fhir.patient import patient
from integration.fhir.provenance import provenance
from integration.fhir.service_request import service_request
from integration.fhir.systems import Json, Systems
from integration.fhir.task import Outcome, Output, Review, TaskStatus, task
from integration.fhir.wanted import Wanted, foreign, owned
from services.pipeline import advisory_resources, states
from services.settings import Writeback
from services.store import outgoing
from services.store.outgoing import Named


@dataclass(frozen=True)
class Rows:
    """The rows a version's resources are made from; read in one transaction.

    `review` is that of this very version; `note` is what the report's review says, whichever version it is about.
    """

    kind: str
    report: Named
    version: Named
    review: Named | None
    analysis: Named | None
    suggestions: Sequence[RowMapping]
    source: Named | None
    practitioner: str
    advisories: Sequence[RowMapping] = ()
    note: str = ""

    @cached_property
    def record(self) -> Report:
        """The canonical report of the version."""
        return Report.model_validate(self.version["record"])

    @cached_property
    def engine(self) -> Engine | None:
        """Who read the version, None before anybody has."""
        return Engine.model_validate(self.analysis["engine"]) if self.analysis else None

    @property
    def signed(self) -> bool:
        """Whether what is delivered is what a radiologist signed."""
        return self.kind in ("signed", "retracted")

    @property
    def retracted(self) -> bool:
        """Whether the source took the report back."""
        return self.kind == "retracted" or bool(self.version["state"] == "retracted")

    @property
    def older(self) -> bool:
        """Whether another version of the report counts."""
        return bool(self.version["state"] == "superseded")


def collect(connection: Connection, kind: str, version_id: int) -> Rows:
    """Reads the rows of a version. Raises KeyError for one there is not."""
    (rows,) = collect_all(connection, [(kind, version_id)])
    return rows


def collect_all(connection: Connection, asked: Sequence[tuple[str, int]]) -> list[Rows]:
    """Reads the rows of several (kind, version) at once, in this order. Raises KeyError."""
    versions = list({version for _, version in asked})
    heads = outgoing.heads(connection, versions)
    suggestions = outgoing.suggestions(connection, versions)
    advisories = outgoing.advisories(connection, [version for kind, version in asked if kind != "proposed"])
    return [
        _rows(kind, heads[version], suggestions.get(version, []), advisories.get(version, []))
        for kind, version in asked
    ]


def _rows(kind: str, head: RowMapping, suggestions: list[RowMapping], advisories: list[RowMapping]) -> Rows:
    reviewed = {"state": head["review_state"], "signed_at": head["signed_at"], "signed_by": head["signed_by"]}
    return Rows(
        kind=kind,
        report={"id": head["report_id"], "key": head["key"]},
        version=head,
        review=reviewed if head["reviewed"] == head["id"] else None,
        analysis={"engine": head["engine"], "created_at": head["read_at"]} if head["analysis_id"] else None,
        suggestions=suggestions,
        source=head if head["reference"] is not None else None,
        practitioner=head["practitioner"] or "",
        advisories=[] if kind == "proposed" else advisories,
        note=head["note"] or "",
    )


def wanted(rows: Rows, systems: Systems, writeback: Writeback) -> list[Wanted]:
    """Every resource the server should hold for this version."""
    context, subject, report = _context(rows, systems)
    engine = owned(device(rows.engine, systems), systems) if rows.engine else None
    performer = literal(rows.practitioner) if rows.practitioner and rows.signed else None
    links = Links(subject, report, performer, engine.reference if engine else None)
    observations = {row["id"]: _observation(row, rows, links, systems, writeback) for row in rows.suggestions}
    remarked = _advisories(rows, observations, links, systems, writeback)
    result = [*context, *([engine] if engine else []), *observations.values(), *remarked]
    result += _provenances(rows, observations, remarked, links, systems)
    result.append(_task(rows, observations, links, systems, writeback))
    if rows.kind in ("withdrawn", "retracted"):
        return [replace(item, taken_back=True) for item in result]
    return result + _audit(rows, observations, subject, report, systems)


def _advisories(
    rows: Rows, observations: dict[int, Wanted], links: Links, systems: Systems, writeback: Writeback
) -> list[Wanted]:
    if not writeback.advisories:
        return []
    return advisory_resources.made(
        rows.advisories, rows.suggestions, observations, links.subject, links.report, systems, retracted=rows.retracted
    )


def _audit(rows: Rows, observations: dict[int, Wanted], subject: Json, report: Json, systems: Systems) -> list[Wanted]:
    """Who signed, for servers that take AuditEvents; one for each Sign."""
    if rows.kind != "signed" or not rows.review or not rows.review["signed_at"] or not rows.practitioner:
        return []
    signed_at: datetime = rows.review["signed_at"]
    key = sha256(rows.report["key"], rows.version["content_hash"], signed_at.isoformat())
    seen = tuple(each.reference for each in observations.values())
    signing = Signing(key, signed_at, literal(rows.practitioner), subject, report, seen)
    return [owned(audit_event(signing, systems), systems)]


def _context(rows: Rows, systems: Systems) -> tuple[list[Wanted], Json, Json]:
    """Patient, order and report: the server's own where it sent the report, else found or made by identifier."""
    record = rows.record
    if rows.source:
        return [], literal(record.patient.reference), literal(rows.source["reference"])
    key = rows.report["key"]
    who = foreign(patient(record.patient, systems))
    order = owned(service_request(key, record, who.reference, systems), systems)
    report = owned(diagnostic_report(key, record, who.reference, order.reference, systems), systems)
    # An older version is told of what was read from it, and never writes its text over that of a newer one.
    ours = [replace(each, owned=not rows.older) for each in (order, report)]
    return [who, *ours], who.reference, report.reference


def _observation(row: RowMapping, rows: Rows, links: Links, systems: Systems, writeback: Writeback) -> Wanted:
    engine = rows.engine if row["origin"] == "ai" else None
    suggestion = Suggestion(identifier=row["identifier"], verdict=_verdict(row, writeback), engine=engine)
    resource = observation(suggestion, rows.record, links, _status(row, rows, writeback), systems)
    return replace(owned(resource, systems), taken_back=row["state"] in ("rejected", "withdrawn"))


def _verdict(row: RowMapping, writeback: Writeback) -> Verdict:
    finding = Finding.model_validate(row["finding"])
    if not writeback.unverified_codes:
        finding = finding.model_copy(update={"codes": tuple(code for code in finding.codes if code.verified)})
    quotes = tuple(Quote.model_validate(quote) for quote in row["quotes"])
    return Verdict(finding=finding, status=row["status"], side=row["side"], change=row["change"], quotes=quotes)


def _status(row: RowMapping, rows: Rows, writeback: Writeback) -> str:
    """Observation.status: preliminary until signed, whatever drafts say."""
    state = row["state"]
    if state == "withdrawn":
        return "entered-in-error" if row["reason"] == states.RETRACTED else writeback.withdrawn
    if rows.kind == "proposed" or state == "proposed":
        return "preliminary"
    if state == "rejected":
        return writeback.rejected
    return "entered-in-error" if rows.retracted else "final"


def _provenances(
    rows: Rows, observations: dict[int, Wanted], remarked: list[Wanted], links: Links, systems: Systems
) -> list[Wanted]:
    """One for what the engine asserted, findings and advisories; one for what the signer added by hand."""
    made: list[Wanted] = []
    for by_machine in (True, False):
        mine = [row for row in rows.suggestions if (row["origin"] == "ai") is by_machine]
        targets = [observations[row["id"]].reference for row in mine]
        targets += [each.reference for each in remarked] if by_machine else []
        author = links.device if by_machine else links.performer
        recorded = _recorded(rows, by_machine)
        if targets and author and recorded:
            key = f"{rows.report['key'][:32]}-{rows.version['content_hash'][:24]}-{'ai' if by_machine else 'by-hand'}"
            resource = provenance(
                key, targets, _versioned(rows, links.report), recorded, systems,
                author=author, by_machine=by_machine, verifier=links.performer,
            )  # fmt: skip
            made.append(owned(resource, systems))
    return made


def _recorded(rows: Rows, by_machine: bool) -> datetime | None:
    if by_machine:
        return rows.analysis["created_at"] if rows.analysis else None
    return rows.review["signed_at"] if rows.review else None


def _versioned(rows: Rows, report: Json) -> Json:
    if rows.source and rows.source["reference_version"]:
        return literal(f"{rows.source['reference']}/_history/{rows.source['reference_version']}")
    return report


def _task(rows: Rows, observations: dict[int, Wanted], links: Links, systems: Systems, writeback: Writeback) -> Wanted:
    status = _task_status(rows)
    began = rows.analysis["created_at"] if rows.analysis else rows.version["created_at"]
    signed = rows.review["signed_at"] if rows.review and status is TaskStatus.COMPLETED else None
    review = Review(
        key=f"{rows.report['key']}-{rows.version['content_hash']}",
        status=status,
        report=links.report,
        subject=links.subject,
        authored=began,
        modified=signed or began,
        priority=rows.record.order.priority,
        owner=links.performer if status is TaskStatus.COMPLETED else None,
        outputs=[_output(row, observations[row["id"]], rows) for row in rows.suggestions],
        notes=_notes(rows, writeback),
    )
    return owned(task(review, systems), systems)


def _task_status(rows: Rows) -> TaskStatus:
    if rows.retracted or rows.older:
        return TaskStatus.CANCELLED
    if rows.signed and rows.review and rows.review["state"] == "signed":
        return TaskStatus.COMPLETED
    return TaskStatus.REQUESTED


def _output(row: RowMapping, written: Wanted, rows: Rows) -> Output:
    if row["origin"] == "human":
        outcome = Outcome.ADDED
    else:
        decided = rows.kind != "proposed" or row["state"] == "withdrawn"
        outcome = Outcome(row["state"]) if decided else Outcome.PROPOSED
    return Output(written.reference, outcome, row["reason"] if outcome is Outcome.REJECTED else "")


def _notes(rows: Rows, writeback: Writeback) -> list[str]:
    said = advisory_resources.remarks(rows.advisories) if writeback.advisories and not rows.retracted else []
    return said if rows.suggestions else [_nothing(rows), *said]


def _nothing(rows: Rows) -> str:
    engine = rows.analysis["engine"]["name"] if rows.analysis else "nobody"
    return f"nothing suggested; read by {engine}"
