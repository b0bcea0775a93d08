"""Double reading: a share of signed reports is read again by somebody blind to the engine and to the first reader.

open → claimed → done. The second reader sees the text and a list of findings and says of each what the report says.
What comes of it is compared (agreement between readers, calibration); it changes nothing that was signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.domain.reports import Json
from services.domain.reviews import LockedReview, SecondReading
from services.store import audit, review_screen, reviews, second_readings
from services.workflow.refusal import Refused

STATUSES = ("present", "absent", "uncertain", "not_mentioned")


def is_sampled(version_id: int, share: float) -> bool:
    """Whether a version is among the share that is read twice; the same at every Sign, and not to be guessed at."""
    return _rank("double", version_id) < share * 2**32


def _rank(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:4], "big")


def ask_for(connection: Connection, review: LockedReview) -> None:
    """Puts a report that is being signed into the queue, in the transaction of its signature."""
    shown = reviews.suggestions(connection, review.version_id)
    suggested = [row.finding for row in shown if row.origin == "ai"]
    others = [verdict["finding"] for verdict in review_screen.verdicts(connection, review.version_id)]
    second_readings.add(
        connection,
        site_id=review.site_id,
        review_id=review.id,
        report_id=review.report_id,
        version_id=review.version_id,
        findings=asked(suggested, others, review.version_id),
    )


def asked(suggested: Sequence[Json], others: Sequence[Json], seed: int) -> list[Json]:
    """The suggested findings mixed with as many others, by name; one at least, so that no list is empty."""
    chosen = {each["id"]: each for each in suggested}
    spare = {each["id"]: each for each in others if each["id"] not in chosen}
    drawn = sorted(spare, key=lambda key: _rank("other", seed, key))[: max(1, len(chosen))]
    return sorted([*chosen.values(), *(spare[key] for key in drawn)], key=lambda each: str(each["name"]).lower())


def open_reading(connection: Connection, person: Person, reading_id: int, claim: float) -> SecondReading:
    """Opens a second reading for a person; the row as it stood before.

    Raises Refused: unknown, role, claimed, closed (done, or the report has changed since), seen (not blind any more).
    """
    row = second_readings.locked(connection, person.site, reading_id)
    if row is None:
        raise Refused("unknown", "There is no such second reading.")
    if not person.may("reviewer", "signer"):
        raise Refused("role", "Only a reviewer or signer can read a report a second time.")
    if row.state == "done" or not row.stands:
        raise Refused("closed", "This report does not need a second reading any more.")
    if row.claim_live and row.claimed_by != person.id:
        raise Refused("claimed", "Somebody else is reading this report.")
    if row.signed_by == person.id or second_readings.has_seen(connection, row.report_id, person.actor):
        raise Refused("seen", "You have seen what was signed here, so a second reading of yours would not be blind.")
    second_readings.claim(connection, reading_id, person.id, claim)
    if row.claimed_by != person.id:
        note(connection, person, row, AuditAction.SECOND_READING_OPEN)
    return row


def answer(
    connection: Connection, person: Person, reading_id: int, claim: float, finding: Json, status: str,
    side: str | None,
) -> None:  # fmt: skip
    """Stores what the reader says of one finding, over what they said of it before. Raises Refused as opening does."""
    row = open_reading(connection, person, reading_id, claim)
    if status not in STATUSES:
        raise Refused("value", "Choose present, absent, uncertain or not mentioned.")
    if side not in (None, "left", "right", "bilateral"):
        raise Refused("value", "Choose left, right, bilateral or no side.")
    suggested = {each.finding_id for each in reviews.suggestions(connection, row.version_id)}
    second_readings.put_answer(
        connection,
        site_id=row.site_id,
        second_reading_id=reading_id,
        finding_id=finding["id"],
        finding=dict(finding),
        status=status,
        side=side if status in ("present", "uncertain") else None,
        suggested=finding["id"] in suggested,
    )


def finish(connection: Connection, person: Person, reading_id: int, claim: float) -> None:
    """Closes the reading. Raises Refused: undecided, where a finding has no answer; and as opening does."""
    row = open_reading(connection, person, reading_id, claim)
    missing = {each["id"] for each in row.findings} - second_readings.answers(connection, reading_id).keys()
    if missing:
        raise Refused("undecided", f"{len(missing)} of {len(row.findings)} findings have no answer yet.")
    second_readings.finish(connection, reading_id, person.id)
    note(connection, person, row, AuditAction.SECOND_READING_FINISH)


def note(connection: Connection, person: Person, row: SecondReading, action: AuditAction) -> None:
    """The audit row of a step."""
    audit.append(
        connection,
        site=row.site_id,
        actor=person.actor,
        action=action,
        entity=f"second_reading/{row.id}",
        report_id=row.report_id,
    )
