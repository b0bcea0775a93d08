"""What one report version should look like on a FHIR server (docs/fhir.md).

Derived from the rows alone, so that a retry says the same. The shapes are those of integration/fhir; which
status each Observation has is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from integration import canonical
from integration.canonical import Engine, Finding, Quote, Report, Verdict, sha256
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
from services.domain.reports import StoredAdvisory, Suggestion, VersionHead
from services.domain.words import NOT_READ, ReviewState, VersionState
from services.settings import Writeback
from services.store import outgoing
from services.workflow import advisory_resources, states


@dataclass(frozen=True)
class Rows:
    """The rows a version's resources are made from; read in one transaction.

    What is said of the review is said of that of this very version; `note` is what the report's review says,
    whichever version it is about.
    """

    kind: str
    version: VersionHead
    suggestions: Sequence[Suggestion]
    advisories: Sequence[StoredAdvisory] = ()
    engines: Mapping[int, Json] = field(default_factory=dict)

    @cached_property
    def record(self) -> Report:
        """The canonical report of the version."""
        return Report.model_validate(self.version.record)

    @cached_property
    def engine(self) -> Engine | None:
        """Who read the version, None before anybody has."""
        return Engine.model_validate(self.version.engine) if self.version.analysis_id else None

    @cached_property
    def readers(self) -> dict[int, Engine]:
        """Who made each reading that suggestions come from."""
        used = {row.analysis_id for row in self.suggestions}
        return {number: Engine.model_validate(said) for number, said in self.engines.items() if number in used}

    @property
    def review_state(self) -> ReviewState | None:
        """Where the review of this version stands, None where there is none."""
        return self.version.review_state if self.version.reviewed == self.version.id else None

    @property
    def signed_at(self) -> datetime | None:
        """When this version was signed."""
        return self.version.signed_at if self.review_state else None

    @property
    def practitioner(self) -> str:
        """The signer of the report, "" where nobody signed."""
        return self.version.practitioner or ""

    @property
    def note(self) -> str:
        """What the report's review says to its reviewers."""
        return self.version.note or ""

    @property
    def signed(self) -> bool:
        """Whether what is delivered is what a radiologist signed."""
        return self.kind in ("signed", "retracted")

    @property
    def retracted(self) -> bool:
        """Whether the source took the report back."""
        return self.kind == "retracted" or self.version.state is VersionState.RETRACTED

    @property
    def older(self) -> bool:
        """Whether another version of the report counts."""
        return self.version.state is VersionState.SUPERSEDED


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
    engines = outgoing.engines(connection, versions)
    return [
        Rows(
            kind,
            heads[version],
            suggestions.get(version, []),
            [] if kind == "proposed" else advisories.get(version, []),
            engines.get(version, {}),
        )
        for kind, version in asked
    ]


def wanted(rows: Rows, systems: Systems, writeback: Writeback) -> list[Wanted]:
    """Every resource the server should hold for this version."""
    context, subject, report = _context(rows, systems)
    engines = {number: owned(device(engine, systems), systems) for number, engine in rows.readers.items()}
    if rows.engine and rows.version.analysis_id not in engines:
        engines[rows.version.analysis_id or 0] = owned(device(rows.engine, systems), systems)
    performer = literal(rows.practitioner) if rows.practitioner and rows.signed else None
    links = Links(subject, report, performer)
    observations = {
        row.id: _observation(row, rows, _by(row, links, engines), systems, writeback) for row in rows.suggestions
    }
    advised = _advisories(rows, observations, links, systems, writeback)
    made_by = list({each.key: each for each in engines.values()}.values())
    result = [*context, *made_by, *observations.values(), *advised]
    result += _provenances(rows, observations, advised, links, made_by, systems)
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
    signed_at = rows.signed_at
    if rows.kind != "signed" or signed_at is None or not rows.practitioner:
        return []
    key = sha256(rows.version.key, rows.version.content_hash, signed_at.isoformat())
    seen = tuple(each.reference for each in observations.values())
    signing = Signing(key, signed_at, literal(rows.practitioner), subject, report, seen)
    return [owned(audit_event(signing, systems), systems)]


def _context(rows: Rows, systems: Systems) -> tuple[list[Wanted], Json, Json]:
    """Patient, order and report: the server's own where it sent the report, else found or made by identifier."""
    record = rows.record
    if rows.version.reference is not None:
        return [], literal(record.patient.reference), literal(rows.version.reference)
    key = rows.version.key
    who = foreign(patient(record.patient, systems))
    order = owned(service_request(key, record, who.reference, systems), systems)
    report = owned(diagnostic_report(key, record, who.reference, order.reference, systems), systems)
    # An older version is told of what was read from it, and never writes its text over that of a newer one.
    ours = [replace(each, owned=not rows.older) for each in (order, report)]
    return [who, *ours], who.reference, report.reference


def _observation(row: Suggestion, rows: Rows, links: Links, systems: Systems, writeback: Writeback) -> Wanted:
    engine = (rows.readers.get(row.analysis_id or 0) or rows.engine) if row.origin == "ai" else None
    suggestion = canonical.Suggestion(identifier=row.identifier, verdict=_verdict(row, writeback), engine=engine)
    resource = observation(suggestion, rows.record, links, _status(row, rows, writeback), systems)
    return replace(owned(resource, systems), taken_back=row.state in ("rejected", "withdrawn"))


def _by(row: Suggestion, links: Links, engines: Mapping[int, Wanted]) -> Links:
    """The Device of the reading a suggestion came from; of one whose reading is not known, the newest."""
    engine = engines.get(row.analysis_id or 0) or next(reversed(list(engines.values())), None)
    return replace(links, device=engine.reference if engine else None)


def _verdict(row: Suggestion, writeback: Writeback) -> Verdict:
    finding = Finding.model_validate(row.finding)
    if not writeback.unverified_codes:
        finding = finding.model_copy(update={"codes": tuple(code for code in finding.codes if code.verified)})
    quotes = tuple(Quote.model_validate(quote) for quote in row.quotes)
    return Verdict(finding=finding, status=row.status, side=row.side, change=row.change, quotes=quotes)


def _status(row: Suggestion, rows: Rows, writeback: Writeback) -> str:
    """Observation.status: preliminary until signed, whatever drafts say."""
    state = row.state
    if state == "withdrawn":
        return "entered-in-error" if row.reason == states.RETRACTED else writeback.withdrawn
    if rows.kind == "proposed" or state == "proposed":
        return "preliminary"
    if state == "rejected":
        return writeback.rejected
    return "entered-in-error" if rows.retracted else "final"


def _provenances(
    rows: Rows,
    observations: dict[int, Wanted],
    advised: list[Wanted],
    links: Links,
    engines: Sequence[Wanted],
    systems: Systems,
) -> list[Wanted]:
    """One for what the engine asserted, findings and advisories; one for what the signer added by hand."""
    made: list[Wanted] = []
    for by_machine in (True, False):
        mine = [row for row in rows.suggestions if (row.origin == "ai") is by_machine]
        targets = [observations[row.id].reference for row in mine]
        targets += [each.reference for each in advised] if by_machine else []
        by_hand = [links.performer] if links.performer else []
        authors = [each.reference for each in engines] if by_machine else by_hand
        recorded = _recorded(rows, by_machine)
        if targets and authors and recorded:
            key = f"{rows.version.key[:32]}-{rows.version.content_hash[:24]}-{'ai' if by_machine else 'by-hand'}"
            resource = provenance(
                key, targets, _versioned(rows, links.report), recorded, systems,
                authors=authors, by_machine=by_machine, verifier=links.performer,
            )  # fmt: skip
            made.append(owned(resource, systems))
    return made


def _recorded(rows: Rows, by_machine: bool) -> datetime | None:
    if by_machine:
        return rows.version.read_at
    return rows.signed_at


def _versioned(rows: Rows, report: Json) -> Json:
    if version := rows.version.reference_version:
        # Said twice, for HAPI drops the version from a reference.
        return literal(f"{rows.version.reference}/_history/{version}", f"version {version}")
    return report


def _task(rows: Rows, observations: dict[int, Wanted], links: Links, systems: Systems, writeback: Writeback) -> Wanted:
    status = _task_status(rows)
    began = rows.version.read_at or rows.version.created_at
    signed = rows.signed_at if status is TaskStatus.COMPLETED else None
    review = Review(
        key=f"{rows.version.key}-{rows.version.content_hash}",
        status=status,
        report=links.report,
        subject=links.subject,
        authored=began,
        modified=signed or began,
        priority=rows.record.order.priority,
        owner=links.performer if status is TaskStatus.COMPLETED else None,
        outputs=[_output(row, observations[row.id], rows) for row in rows.suggestions],
        notes=_notes(rows, writeback),
    )
    return owned(task(review, systems), systems)


def _task_status(rows: Rows) -> TaskStatus:
    if rows.retracted or rows.older:
        return TaskStatus.CANCELLED
    if rows.signed and rows.review_state is ReviewState.SIGNED:
        return TaskStatus.COMPLETED
    return TaskStatus.REQUESTED


def _output(row: Suggestion, written: Wanted, rows: Rows) -> Output:
    if row.origin == "human":
        outcome = Outcome.ADDED
    else:
        decided = rows.kind != "proposed" or row.state == "withdrawn"
        outcome = Outcome(row.state) if decided else Outcome.PROPOSED
    return Output(written.reference, outcome, row.reason if outcome is Outcome.REJECTED else "")


def _notes(rows: Rows, writeback: Writeback) -> list[str]:
    said = advisory_resources.texts(rows.advisories) if writeback.advisories and not rows.retracted else []
    return said if rows.suggestions else [_nothing(rows), *said]


def _nothing(rows: Rows) -> str:
    """Nothing found, nothing read and a reading that failed are told apart."""
    engine = rows.engine.name if rows.engine else "nobody"
    state = rows.version.reading_state
    if state in NOT_READ:
        return f"not read ({state.replace('_', ' ')}); nothing may be concluded"
    return f"nothing suggested; read by {engine}"
