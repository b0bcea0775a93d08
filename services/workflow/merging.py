"""A patient merge: reports go on under the surviving number, whether they came before it or come after it.

A report's key stays what it was when it was placed; a merge is an alias that is looked up, and can be undone. What was
signed is delivered again, so that it names the surviving patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from integration.canonical import Identifier
from integration.merges import Merge, Merges
from services.domain.audit_actions import AuditAction
from services.domain.words import DeliveryKind, MessageState
from services.settings import Settings
from services.store import audit, other_patients, patients, reports
from services.workflow import placement, states
from services.workflow.outbox import deliver
from services.workflow.versions import compose

MERGED = "the patient's numbers were merged"
UNDONE = "a merge of the patient's numbers was undone"
CONTRADICTS = "MRG-1: found a number that stands for a third one, expected one that stands for itself or that of PID-3"
NOTHING_NEW = "these numbers were merged, or apart, before"


def follow(
    connection: Connection, site: str, message_id: int, told: Merges, settings: Settings
) -> tuple[MessageState, str]:
    """Takes merges in, or back: the message's state, and what there is to say of it.

    All of them are checked before the first is taken in; one that contradicts another that stands is left to a person.
    """
    patients.lock(connection, site)
    merges = [*_no_longer(connection, site, told), *told.merges]
    if any(patients.contradicts(connection, site, each.prior, each.surviving) for each in merges if not each.undone):
        return MessageState.QUARANTINED, CONTRADICTS
    done = False
    for each in merges:
        before = patients.alike(connection, site, (each.prior.authority, each.prior.value))
        if each.undone:
            changed = patients.end(connection, site, message_id, each)
        else:
            changed = patients.merge(connection, site, message_id, each)
        if changed:
            done = True
            after = patients.alike(connection, site, (each.surviving.authority, each.surviving.value))
            found = patients.reports_of(connection, site, before | after)
            for report_id in found:
                _rename(connection, report_id, message_id, UNDONE if each.undone else MERGED, settings)
            for report_id in () if each.undone else found:
                _join_if_held(connection, report_id, found, settings)
    return MessageState.DONE, "" if done else NOTHING_NEW


def _no_longer(connection: Connection, site: str, told: Merges) -> Iterator[Merge]:
    """Merges that a resource told of before and does not any more: FHIR has no word for undoing one."""
    now = {tuple((end.authority, end.value) for end in (each.prior, each.surviving)) for each in told.merges}
    for pair in patients.told_by(connection, site, told.all_of) if told.all_of else ():
        if pair not in now:
            prior, surviving = (Identifier(authority=authority, value=value) for authority, value in pair)
            yield Merge(prior=prior, surviving=surviving, undone=True, said_at=told.said_at)


def _join_if_held(connection: Connection, report_id: int, alike: Sequence[int], settings: Settings) -> None:
    """A report held for its order's other patient, who is the same now, goes into the report of that order."""
    held = reports.by_id(connection, report_id)
    if held.held != states.OTHER_PATIENT or reports.current_version(connection, report_id) is not None:
        return
    said = reports.records(connection, report_id)
    of_order = other_patients.of_order(connection, report_id, said[0]) if said else ()
    others = [each for each in of_order if each in alike]
    if len(others) == 1:
        placement.join(connection, held, others[0], settings)


def _rename(connection: Connection, report_id: int, message_id: int, why: str, settings: Settings) -> None:
    """Shows a report under the number that stands for its patient's now; nothing is read anew."""
    before = reports.lock_by_id(connection, report_id)
    record = patients.named(connection, compose(reports.records(connection, report_id)).report)
    after = reports.show(connection, report_id, record)
    if (after.patient_authority, after.patient_id) == (before.patient_authority, before.patient_id):
        return
    version = reports.current_version(connection, report_id)
    if version is not None:
        reports.put_version(connection, report_id, record, version.state)
    reports.bump_review(connection, report_id, why)
    action = AuditAction.REPORT_UNMERGE if why == UNDONE else AuditAction.REPORT_MERGE
    actor = f"message {message_id}"
    audit.append(connection, site=after.site_id, actor=actor, action=action, report_id=report_id)
    signed = reports.review_of(connection, report_id)
    if version is not None and signed is not None and signed.signed_at is not None:
        deliver(connection, after, signed.version_id, DeliveryKind.SIGNED, settings)
