"""Putting one record in its place: which version of its report counts now, and what follows from that.

contracts.md's rules: a correction leaves the old suggestions visible until the new reading is stored, stops a
delivery that has not gone out, reopens a signed review; a retraction sets signed Observations to
entered-in-error; a known order with another patient is held for a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection

from integration.canonical import Report
from services.domain.reports import StoredReport, Version
from services.domain.words import DeliveryKind
from services.engines import RULES
from services.reading.reader import Reading
from services.settings import Settings
from services.store import advisories, deliveries, jobs, notices, other_patients, outgoing, patients, reports, reviews
from services.store.clock import NOW
from services.store.rows import Values
from services.telemetry import traces
from services.workflow import analysis, signing, states
from services.workflow.analysis import Made
from services.workflow.outbox import deliver
from services.workflow.read_at_intake import NOTHING, Beforehand
from services.workflow.versions import WITHDRAWN, Composed, compose, is_readable

SHADOW_PRIORITY = 3


class Placed(NamedTuple):
    """A version that is to be read, the record it was made of, its report; `first`: that was not known before."""

    report: StoredReport
    version: Version
    record: Report
    first: bool


def place(
    connection: Connection, message_id: int, record: Report, settings: Settings, read: Beforehand = NOTHING
) -> Reading | None:
    """Takes one record into its report; the record has a key. The reading made beforehand that found its version."""
    key = reports.key_of(record)
    if key is None:
        raise ValueError("a record without a report key cannot be placed")
    made = reports.make(connection, record, key)
    known = _known_otherwise(connection, made, record) if made else None
    if made and known:
        reports.forget(connection, made.id)
        made = None
    report = made or known or reports.lock(connection, record, key)
    reports.add_aliases(connection, report.id, record)
    return _place(connection, message_id, report, record, settings, read, new=made is not None)


def _known_otherwise(connection: Connection, made: StoredReport, record: Report) -> StoredReport | None:
    """The report a record belongs to under another key: that of a linked exam, or of another number of the patient."""
    found = made.alias_of
    if found is None and made.order_known:
        found = other_patients.same_patient(connection, other_patients.of_order(connection, made.id, record), record)
    return reports.lock_by_id(connection, found) if found else None


def _place(
    connection: Connection,
    message_id: int,
    report: StoredReport,
    record: Report,
    settings: Settings,
    read: Beforehand,
    *,
    new: bool,
) -> Reading | None:
    if report.held or _is_another_patients(connection, report, record):
        reports.add_source(connection, report.id, message_id, record)
    elif new and record.status not in WITHDRAWN:
        return _begin(connection, report, message_id, record, settings, read)
    else:
        reports.add_source(connection, report.id, message_id, record)
        return _go_on(connection, report, settings, read)
    return None


def _begin(
    connection: Connection, report: StoredReport, message_id: int, record: Report, settings: Settings, read: Beforehand
) -> Reading | None:
    """The first that is heard of a report: there is nothing to compose it from but this record."""
    stands = patients.named(connection, compose([record]).report)
    if stands.patient != record.patient:
        report = reports.show(connection, report.id, stands)
    version = reports.first_version(connection, report.id, message_id, record, stands)
    if is_readable(stands, settings.reading.preliminary):
        return _ask_for_reading(connection, Placed(report, version, stands, first=True), settings, read, again=True)
    return None


def _go_on(connection: Connection, report: StoredReport, settings: Settings, read: Beforehand) -> Reading | None:
    composed = compose(reports.records(connection, report.id))
    composed = replace(composed, report=patients.named(connection, composed.report))
    report = reports.show(connection, report.id, composed.report)
    if not composed.retracted:
        return _bring_up_to_date(connection, report, composed.report, settings, read)
    _retract(connection, report, composed, settings)
    return None


def join(connection: Connection, held: StoredReport, report_id: int, settings: Settings) -> None:
    """A report that was held because its order was known with another patient is that order's after all."""
    report = reports.lock_by_id(connection, report_id)
    reports.move_sources(connection, held.id, report_id)
    notices.clear_of_report(connection, held.id, "held")
    reports.hold(connection, held.id, states.JOINED)
    _go_on(connection, report, settings, NOTHING)


def release(connection: Connection, report_id: int, settings: Settings) -> bool:
    """A person lets a held report go on: with what its sources say, or, cancelled after a final text, as it stands.

    False where it is not held (any more).
    """
    report = _taken_off_hold(connection, report_id)
    if report is None:
        return False
    if report.held != states.CANCELLED_AFTER_FINAL:
        record = patients.named(connection, compose(reports.records(connection, report_id)).report)
        report = reports.show(connection, report_id, record)
        _bring_up_to_date(connection, report, record, settings, NOTHING)
    return True


def retract_held(connection: Connection, report_id: int, settings: Settings) -> bool:
    """A person decides that a held report does not count: what was made of it is taken back. False as above."""
    report = _taken_off_hold(connection, report_id)
    if report is None:
        return False
    _take_back(connection, report, compose(reports.records(connection, report_id)).report, settings)
    return True


def _taken_off_hold(connection: Connection, report_id: int) -> StoredReport | None:
    """The report as it was held, locked; its notices are seen to with it."""
    report = reports.lock_by_id(connection, report_id)
    if report.held in ("", states.JOINED):
        return None
    reports.hold(connection, report_id, "")
    notices.clear_of_report(connection, report_id, "held")
    return report


def _is_another_patients(connection: Connection, report: StoredReport, record: Report) -> bool:
    """Not asked again once a person has let the report go on: it has a version then."""
    if not (_order_is_known(connection, report, record) if report.order_known is None else report.order_known):
        return False
    reports.hold(connection, report.id, states.OTHER_PATIENT)
    notices.add(connection, "held", report.site_id, report.id, states.OTHER_PATIENT)
    return True


def _order_is_known(connection: Connection, report: StoredReport, record: Report) -> bool:
    placed = reports.current_version(connection, report.id) is not None
    return not placed and bool(other_patients.of_order(connection, report.id, record))


def _bring_up_to_date(
    connection: Connection, report: StoredReport, record: Report, settings: Settings, read: Beforehand
) -> Reading | None:
    before = reports.current_version(connection, report.id)
    same = before is not None and before.content_hash == record.content_hash
    state = before.state if same and before else "current"
    if before and not same:
        state = _supersede(connection, report, before)
    version = reports.put_version(connection, report.id, record, state)
    reports.attach_sources(connection, report.id, version.id)
    if is_readable(record, settings.reading.preliminary):
        return _ask_for_reading(
            connection, Placed(report, version, record, first=False), settings, read, again=not same
        )
    return None


def _supersede(connection: Connection, report: StoredReport, before: Version) -> str:
    """The older version steps back; its suggestions stay on screen, not signable, until the new are stored.

    What was signed of it goes out as it was signed, and the correction follows it: whoever signed was told so.
    """
    reports.set_version_state(connection, before.id, "superseded")
    jobs.cancel_readings(connection, report.id, keep=None)
    signing.cancel(connection, report.id, states.SUPERSEDED)
    reports.bump_review(connection, report.id, states.SUPERSEDED)
    return "superseding" if reports.has_suggestions(connection, report.id) else "current"


def _ask_for_reading(
    connection: Connection, placed: Placed, settings: Settings, read: Beforehand, *, again: bool
) -> Reading | None:
    """One reading an engine and version, whatever number of sources and status changes; content that returns is read
    again. That of the rules is stored at once where it was made beforehand: which that was.
    """
    kept = None
    for engine, shadow in _engines(settings):
        if not again and jobs.has_reading(connection, placed.version.id, engine, shadow):
            continue
        reading = read.of(placed.record) if (engine, shadow) == (RULES, False) else None
        if reading:
            job = reading_job(placed, RULES) | {"lease_owner": read.owner}
            analysis.show(
                connection,
                placed.report,
                placed.version,
                reading,
                reading,
                settings,
                Made(),
                first=placed.first,
                job=job,
            )
            kept = reading
        else:
            jobs.add(connection, **reading_job(placed, engine, shadow))
    return kept


def _engines(settings: Settings) -> Iterator[tuple[str, bool]]:
    """Who reads a version, and whether in the shadow: the rules always, and first."""
    yield RULES, False
    if settings.reading.engine != RULES:
        yield settings.reading.engine, False
    if settings.reading.shadow:
        yield settings.reading.shadow, True


def reading_job(placed: Placed, engine: str, shadow: bool = False) -> Values:
    """The columns of the job that is a version's reading by an engine."""
    version, record = placed.version, placed.record
    return {
        "site_id": version.site_id,
        "kind": "analysis",
        "version_id": version.id,
        "engine": engine,
        "shadow": shadow,
        "priority": SHADOW_PRIORITY if shadow else int(record.order.priority),
        "sender": f"{record.source.application}^{record.source.facility}",
    }


def _retract(connection: Connection, report: StoredReport, composed: Composed, settings: Settings) -> None:
    """The source took the report back. A cancellation after a final text is for a person to decide."""
    if composed.report.status == "cancelled" and composed.had_final:
        reports.hold(connection, report.id, states.CANCELLED_AFTER_FINAL)
        notices.add(connection, "held", report.site_id, report.id, states.CANCELLED_AFTER_FINAL)
        return
    _take_back(connection, report, composed.report, settings)


def _take_back(connection: Connection, report: StoredReport, record: Report, settings: Settings) -> None:
    before = reports.current_version(connection, report.id)
    version = reports.put_version(connection, report.id, record, "retracted")
    reports.attach_sources(connection, report.id, version.id)
    jobs.cancel_readings(connection, report.id, keep=None)
    signing.cancel(connection, report.id, states.RETRACTED)
    deliveries.block(connection, report.id, ("proposed", "signed", "oru"), states.RETRACTED)
    shown = outgoing.shown(connection, report.id) if before else []
    if shown:
        reports.set_review_state(connection, report.id, "cancelled", states.RETRACTED)
        notices.add(connection, "retracted", report.site_id, report.id, states.RETRACTED)
        _take_back_older(connection, report.id, version.id)
    for version_id in shown:
        reports.withdraw_suggestions(connection, version_id, states.RETRACTED)
        deliver(connection, report, version_id, DeliveryKind.RETRACTED, settings)
    _take_back_from_engine(connection, report, settings)


def _take_back_older(connection: Connection, report_id: int, version_id: int) -> None:
    """What was signed before a correction nobody has signed yet falls with the report."""
    for each in reviews.signed_elsewhere(connection, report_id, version_id):
        reviews.set_suggestion(connection, each.id, state="withdrawn", reason=states.RETRACTED, decided_at=NOW)
    for older in advisories.signed_elsewhere(connection, report_id, version_id):
        advisories.withdraw(connection, older)


def _take_back_from_engine(connection: Connection, report: StoredReport, settings: Settings) -> None:
    """The interface engine that was told of signed findings, or may have been, is told that they do not stand."""
    told = deliveries.last_told(connection, report.id, settings.writeback.oru)
    if told is None or told.detail.get("retracted"):
        return
    deliveries.add(
        connection,
        site_id=report.site_id,
        kind=deliveries.ORU,
        report_id=report.id,
        version_id=told.version_id,
        destination=told.destination,
        detail={"retracted": True},
        trace=traces.here(),
    )
