"""Putting one record in its place: which version of its report counts now, and what follows from that.

contracts.md's rules: a correction leaves the old suggestions visible until the new reading is stored, stops a
delivery that has not gone out, reopens a signed review; a retraction sets signed Observations to
entered-in-error; a known order with another patient is held for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping

from integration.canonical import Report
from services.pipeline import states
from services.pipeline.versions import WITHDRAWN, Composed, compose, is_readable
from services.settings import Settings
from services.store import advisories, deliveries, first, jobs, notices, outgoing, reports, reviews
from services.store.jobs import NOW
from services.telemetry import traces

SHADOW_PRIORITY = 3


class Placed(NamedTuple):
    """A version that is to be read, the record it was made of, its report; `first`: that was not known before."""

    report: RowMapping
    version: RowMapping
    record: Report
    first: bool


Keep = Callable[[Connection, Placed], bool]
"""Stores the reading of a version where there is one already; False where not."""


def later(connection: Connection, placed: Placed) -> bool:
    """Nothing was read beforehand: every version gets a job."""
    return False


def place(connection: Connection, message_id: int, record: Report, settings: Settings, keep: Keep = later) -> None:
    """Takes one record into its report; the record has a key."""
    key = reports.key_of(record)
    if key is None:
        raise ValueError("a record without a report key cannot be placed")
    made = reports.make(connection, record, key)
    report = made or reports.lock(connection, record, key)
    if report["held"] or _is_another_patients(connection, report, record):
        reports.add_source(connection, report["id"], message_id, record)
    elif made and record.status not in WITHDRAWN:
        _begin(connection, report, message_id, record, settings, keep)
    else:
        reports.add_source(connection, report["id"], message_id, record)
        _go_on(connection, report, settings, keep)


def _begin(
    connection: Connection, report: RowMapping, message_id: int, record: Report, settings: Settings, keep: Keep
) -> None:
    """The first that is heard of a report: there is nothing to compose it from but this record."""
    stands = compose([record]).report
    version = first.begin(connection, report["id"], message_id, record, stands)
    if is_readable(stands, settings.reading.preliminary):
        _ask_for_reading(connection, Placed(report, version, stands, first=True), settings, keep, again=True)


def _go_on(connection: Connection, report: RowMapping, settings: Settings, keep: Keep) -> None:
    composed = compose(reports.records(connection, report["id"]))
    reports.show(connection, report["id"], composed.report)
    if composed.retracted:
        _retract(connection, report, composed, settings)
    else:
        _bring_up_to_date(connection, report, composed.report, settings, keep)


def release(connection: Connection, report_id: int, settings: Settings) -> bool:
    """A person lets a held report go on: with what its sources say, or, cancelled after a final text, as it stands.

    False where it is not held (any more).
    """
    report = _taken_off_hold(connection, report_id)
    if report is None:
        return False
    if report["held"] != states.CANCELLED_AFTER_FINAL:
        composed = compose(reports.records(connection, report_id))
        reports.show(connection, report_id, composed.report)
        _bring_up_to_date(connection, report, composed.report, settings, later)
    return True


def retract_held(connection: Connection, report_id: int, settings: Settings) -> bool:
    """A person decides that a held report does not count: what was made of it is taken back. False as above."""
    report = _taken_off_hold(connection, report_id)
    if report is None:
        return False
    _take_back(connection, report, compose(reports.records(connection, report_id)).report, settings)
    return True


def _taken_off_hold(connection: Connection, report_id: int) -> RowMapping | None:
    """The report as it was held, locked; its notices are seen to with it."""
    report = reports.lock_by_id(connection, report_id)
    if not report["held"]:
        return None
    reports.hold(connection, report_id, "")
    notices.clear_of_report(connection, report_id, "held")
    return report


def _is_another_patients(connection: Connection, report: RowMapping, record: Report) -> bool:
    """Not asked again once a person has let the report go on: it has a version then."""
    if not (report["order_known"] if "order_known" in report else _order_is_known(connection, report, record)):
        return False
    reports.hold(connection, report["id"], states.OTHER_PATIENT)
    notices.add(connection, "held", report["site_id"], report["id"], states.OTHER_PATIENT)
    return True


def _order_is_known(connection: Connection, report: RowMapping, record: Report) -> bool:
    placed = reports.current_version(connection, report["id"]) is not None
    return not placed and bool(reports.other_patients(connection, report["id"], record))


def _bring_up_to_date(
    connection: Connection, report: RowMapping, record: Report, settings: Settings, keep: Keep
) -> None:
    before = reports.current_version(connection, report["id"])
    same = before is not None and before["content_hash"] == record.content_hash
    state = before["state"] if same and before else "current"
    if before and not same:
        state = _supersede(connection, report, before)
    version = reports.put_version(connection, report["id"], record, state)
    reports.attach_sources(connection, report["id"], version["id"])
    if is_readable(record, settings.reading.preliminary):
        _ask_for_reading(connection, Placed(report, version, record, first=False), settings, keep, again=not same)


def _supersede(connection: Connection, report: RowMapping, before: RowMapping) -> str:
    """The older version steps back; its suggestions stay on screen, not signable, until the new are stored."""
    reports.set_version_state(connection, before["id"], "superseded")
    jobs.cancel_readings(connection, report["id"], keep=None)
    if deliveries.block(connection, report["id"], ("signed", "oru"), states.CORRECTED_BEFORE_DELIVERY):
        reports.set_review_state(connection, report["id"], "reopened", states.CORRECTED_BEFORE_DELIVERY)
    else:
        reports.bump_review(connection, report["id"], states.SUPERSEDED)
    return "superseding" if reports.has_suggestions(connection, report["id"]) else "current"


def _ask_for_reading(connection: Connection, placed: Placed, settings: Settings, keep: Keep, *, again: bool) -> None:
    """One reading a version, whatever number of sources and status changes; content that returns is read again."""
    engines = [(settings.reading.engine, False)]
    if settings.reading.shadow:
        engines.append((settings.reading.shadow, True))
    for engine, shadow in engines:
        asked = not again and jobs.has_reading(connection, placed.version["id"], shadow)
        if not asked and (shadow or not keep(connection, placed)):
            jobs.add(connection, **reading_job(placed, engine, shadow))


def reading_job(placed: Placed, engine: str, shadow: bool = False) -> dict[str, Any]:
    """The columns of the job that is a version's reading by an engine."""
    version, record = placed.version, placed.record
    return {
        "site_id": version["site_id"],
        "kind": "analysis",
        "version_id": version["id"],
        "engine": engine,
        "shadow": shadow,
        "priority": SHADOW_PRIORITY if shadow else int(record.order.priority),
        "sender": f"{record.source.application}^{record.source.facility}",
    }


def _retract(connection: Connection, report: RowMapping, composed: Composed, settings: Settings) -> None:
    """The source took the report back. A cancellation after a final text is for a person to decide."""
    if composed.report.status == "cancelled" and composed.had_final:
        reports.hold(connection, report["id"], states.CANCELLED_AFTER_FINAL)
        notices.add(connection, "held", report["site_id"], report["id"], states.CANCELLED_AFTER_FINAL)
        return
    _take_back(connection, report, composed.report, settings)


def _take_back(connection: Connection, report: RowMapping, record: Report, settings: Settings) -> None:
    before = reports.current_version(connection, report["id"])
    version = reports.put_version(connection, report["id"], record, "retracted")
    reports.attach_sources(connection, report["id"], version["id"])
    jobs.cancel_readings(connection, report["id"], keep=None)
    deliveries.block(connection, report["id"], ("proposed", "signed", "oru"), states.RETRACTED)
    shown = outgoing.shown(connection, report["id"]) if before else []
    if shown:
        reports.set_review_state(connection, report["id"], "cancelled", states.RETRACTED)
        notices.add(connection, "retracted", report["site_id"], report["id"], states.RETRACTED)
        _take_back_older(connection, report["id"], version["id"])
    for version_id in shown:
        reports.withdraw_suggestions(connection, version_id, states.RETRACTED)
        deliver(connection, report, version_id, "retracted", settings)
    _take_back_from_engine(connection, report, settings)


def _take_back_older(connection: Connection, report_id: int, version_id: int) -> None:
    """What was signed before a correction nobody has signed yet falls with the report."""
    for each in reviews.signed_elsewhere(connection, report_id, version_id):
        reviews.set_suggestion(connection, each["id"], state="withdrawn", reason=states.RETRACTED, decided_at=NOW)
    for older in advisories.signed_elsewhere(connection, report_id, version_id):
        advisories.withdraw(connection, older)


def _take_back_from_engine(connection: Connection, report: RowMapping, settings: Settings) -> None:
    """The interface engine that was told of signed findings, or may have been, is told that they do not stand."""
    told = deliveries.last_told(connection, report["id"], settings.writeback.oru)
    if told is None or told["detail"].get("retracted"):
        return
    deliveries.add(
        connection,
        site_id=report["site_id"],
        kind=deliveries.ORU,
        report_id=report["id"],
        version_id=told["version_id"],
        destination=told["destination"],
        detail={"retracted": True},
        trace=traces.here(),
    )


def deliver(connection: Connection, report: RowMapping, version_id: int, kind: str, settings: Settings) -> None:
    """Puts a delivery to the FHIR server in the outbox, where there is one."""
    for row in to_deliver(report, version_id, kind, settings):
        deliveries.add(connection, **row)


def to_deliver(report: RowMapping, version_id: int, kind: str, settings: Settings) -> list[dict[str, Any]]:
    """The row of a delivery to the FHIR server, where there is one."""
    unsigned = kind in ("proposed", "withdrawn")
    if settings.fhir.url is None or (unsigned and settings.writeback.preliminary == "none"):
        return []
    row = {
        "site_id": report["site_id"],
        "kind": kind,
        "report_id": report["id"],
        "version_id": version_id,
        "destination": settings.fhir.name,
        "trace": traces.here(),
    }
    return [row]
