"""What a reviewer has had on the screen: the report, since when, to its end, the words a finding rests on.

Said by the page, and by a program in the same words; a signature rests on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from services.domain.reviews import LockedReview
from services.store import openings
from services.store.reviews import Standing
from services.workflow.refusal import Refused
from services.workflow.review import Act, check_fit, found


@dataclass(frozen=True, slots=True)
class Seen:
    """`shown`: the report came onto the screen just now; `evidence`: suggestions whose words were on it."""

    shown: bool = False
    end: bool = False
    evidence: frozenset[int] = frozenset()


NOTHING = Seen()


def see(connection: Connection, act: Act, seen: Seen) -> None:
    """Stores what was seen. Raises Refused where the report is not open to the person."""
    row = found(connection, act.person, act.review_id)
    check_fit(act, row, check_revision=False)
    if seen.shown:
        openings.show(connection, row.site_id, row.id, row.version_id, act.person.id)
    note_seen(connection, act, seen)


def note_seen(connection: Connection, act: Act, seen: Seen) -> None:
    """Stores what was seen of the report on the person's screen, whose standing the caller has checked."""
    if seen.end:
        openings.see_end(connection, act.review_id, act.person.id)
    if seen.evidence:
        openings.see_evidence(connection, act.review_id, act.person.id, sorted(seen.evidence))


def check_seen(standing: Standing, row: LockedReview, settle: float) -> None:
    """Raises Refused where the report was not on the person's screen to be signed: unseen, unsettled."""
    showing = standing.showing
    if showing is None or showing.version_id != row.version_id:
        raise Refused("stale", "This report is not on your screen as it stands now: look again.")
    if showing.seconds < settle:
        raise Refused("unsettled", f"A report stands on the screen for {settle:g} s before it can be signed.")
    unread = [each for each in standing.suggestions if each.origin == "ai" and each.id not in standing.evidence]
    if not showing.ended and (unread or not standing.suggestions):
        raise Refused("unseen", _unread(len(unread)))


def _unread(count: int) -> str:
    if not count:
        return "Look at the report to its end, then sign."
    return f"The words of {count} findings were not on your screen: look at them, or at the report to its end."
