"""What a reviewer can do to a report, by page or API. Each is one transaction of its caller's, leaves its audit rows
and raises Refused where it may not be done; the steps of a report's life they take are in services/workflow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from services.actions.finding_form import claim_of
from services.domain.people import Person
from services.reading.catalogue.library import Library
from services.store import reviews, second_readings
from services.workflow import correcting, double_reading, drafting, review, seeing
from services.workflow.advising import leave_out
from services.workflow.bulk import approve as approve_together
from services.workflow.bulk import look as look_together
from services.workflow.bulk import offered as offered_together
from services.workflow.bulk import undo as undo_together
from services.workflow.double_reading import STATUSES
from services.workflow.double_reading import finish as finish_second
from services.workflow.double_reading import open_reading as open_second
from services.workflow.drafting import REASONS, Action, Decision, open_suggestion, undo
from services.workflow.refusal import Refused
from services.workflow.review import AMENDMENTS, Act, amend, check_revision, release
from services.workflow.seeing import NOTHING, Seen, see
from services.workflow.signing import sign, take_back
from services.workflow.telling import MEANS, Told, forget, tell

__all__ = [
    "AMENDMENTS",
    "MEANS",
    "REASONS",
    "STATUSES",
    "Act",
    "Action",
    "Said",
    "Seen",
    "Told",
    "accept",
    "amend",
    "answer_second",
    "approve_together",
    "begin",
    "check_revision",
    "decide",
    "finish_second",
    "forget",
    "keep",
    "leave_out",
    "look_together",
    "offered_together",
    "open_second",
    "open_suggestion",
    "release",
    "see",
    "sign",
    "take",
    "take_back",
    "tell",
    "undo",
    "undo_together",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What a reviewer typed into an edit or addition. `span`: the characters of the report marked as evidence."""

    finding: str
    status: str
    side: str = ""
    span: tuple[int, int] | None = None


def take(connection: Connection, act: Act, *, take_over: bool) -> None:
    """Claims a report, from another reviewer if need be. Raises Refused: claimed, where it is not to be taken over."""
    if not review.claim(connection, act.person, act.review_id, act.claim, take_over):
        raise Refused("claimed", "Somebody else has this report open.")


def begin(connection: Connection, act: Act, seen: Seen, current: int | None) -> None:
    """A report stands on a reviewer's screen: it is theirs where it is free, and the finding shown counts as opened.

    Raises Refused: claimed, where another has it open, and whatever else keeps it from being decided.
    """
    take(connection, act, take_over=False)
    if current is not None:
        open_suggestion(connection, act, current)
    seeing.see(connection, act, replace(seen, shown=True))


def keep(connection: Connection, act: Act) -> None:
    """Somebody is still there: their claim is renewed, if it is still theirs. Raises Refused: unknown."""
    row = review.found(connection, act.person, act.review_id)
    if row.state == "claimed" and row.claimed_by == act.person.id:
        reviews.claim(connection, act.review_id, act.person.id, act.claim)


def decide(
    connection: Connection, act: Act, library: Library, action: Action, suggestion_id: int | None,
    said: Said | None = None, reason: str = "", *, confirmed: bool = False, seen: Seen = NOTHING,
) -> None:  # fmt: skip
    """Drafts a decision; sent twice, it is one. `seen` is what the screen had shown by then."""
    if (said is not None) != (action in ("edit", "add")):
        raise Refused("value", "`said` belongs to edit and add, and to nothing else.")
    row = review.found(connection, act.person, act.review_id)
    claim = claim_of(connection, library, row, said.finding, said.status, said.side, said.span) if said else None
    target = None if action == "add" else suggestion_id
    decision = Decision(target, action, claim, reason if action != "edit" else "", confirmed)
    drafting.decide(connection, act, decision)
    seeing.note_seen(connection, act, seen)


def accept(connection: Connection, act: Act, seen: Seen = NOTHING) -> int:
    """Takes over every decision that a correction left standing on the same words; how many."""
    count = correcting.accept(connection, act)
    seeing.note_seen(connection, act, seen)
    return count


def answer_second(
    connection: Connection, person: Person, reading_id: int, claim: float, finding: str, status: str, side: str
) -> None:
    """Stores a second reader's answer on one of the findings they are asked about."""
    row = second_readings.locked(connection, person.site, reading_id)
    chosen = next((each for each in row.findings if each["id"] == finding), None) if row is not None else None
    if chosen is None:
        raise Refused("unknown", "That finding is not asked about here.")
    double_reading.answer(connection, person, reading_id, claim, chosen, status, side or None)
