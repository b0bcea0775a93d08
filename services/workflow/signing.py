"""Sign, and taking a signature back while nothing has left the house.

A signature is pending until the site's undo window ends (`review.releases_at`); to all who read, the report is unsigned
until then. What follows once it stands is in services/workflow/releasing.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from services.domain.audit_actions import AuditAction
from services.domain.reviews import LockedReview
from services.settings import Settings
from services.store import advisories, audit, review_screen, reviews, signatures
from services.store.reviews import Standing
from services.workflow import advising, contradictions, model_hold, releasing, seeing, telling
from services.workflow.contradictions import Contradiction
from services.workflow.refusal import Refused
from services.workflow.releasing import Destinations
from services.workflow.review import Act, check_fit, found, note, stale
from services.workflow.seeing import NOTHING, Seen


@dataclass(frozen=True, slots=True)
class Terms:
    """What a site asks of a signature, and what follows from one. Seconds: `settle` before it, `undo` after it.

    `wait_for_model`: minutes from the arrival of a version that the model has not read yet.
    `destinations` are those of the deliveries it makes; a share of what is signed is read a second time.
    """

    destinations: Destinations = ()
    double_read_share: float = 0
    settle: float = 0
    undo: float = 0
    wait_for_model: float = 0
    parents: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, parents: Mapping[str, str]) -> Terms:
        """As the settings have them; `parents` as contradictions.parents_of gives them."""
        worklist = settings.worklist
        targets = releasing.destinations(settings)
        wait = settings.reading.wait_for_model
        return cls(targets, worklist.double_read_share, worklist.settle, worklist.undo, wait, parents)


def sign(
    connection: Connection, act: Act, terms: Terms, seen: Seen = NOTHING, acknowledged: frozenset[str] = frozenset()
) -> None:
    """Puts the person's signature under their drafts. Sent twice (a reply lost on the way), it is done once.

    `acknowledged`: codes of the contradictions and statements they were shown and sign all the same.

    Raises Refused and changes nothing: role, Practitioner, claim, revision; a model that is waited for; anything
    undecided, unopened, unseen, contradicting itself.
    """
    _check_signer(act)
    row = found(connection, act.person, act.review_id)
    if _done(act, row):
        return
    check_fit(act, row)
    seeing.note_seen(connection, act, seen)
    standing = reviews.standing(connection, row.id, row.version_id, act.person.id)
    check_decided(standing)
    seeing.check_seen(standing, row, terms.settle)
    hurried = model_hold.check(row, terms.wait_for_model, acknowledged)
    asked = _asked(connection, row, standing, terms)
    contradictions.check(asked, acknowledged)
    signatures.sign(connection, row.id, act.person.id, terms.undo)
    said = {"acknowledged": sorted(each.code for each in asked), "undo": terms.undo}
    note(connection, act.person, row, AuditAction.REVIEW_SIGN, **said, **({"without_model": True} if hurried else {}))
    if not terms.undo:
        releasing.release(connection, act.review_id, terms.destinations, terms.double_read_share)


def _asked(connection: Connection, row: LockedReview, standing: Standing, terms: Terms) -> list[Contradiction]:
    """What the signer has to say beside their drafts."""
    said = contradictions.said(standing.suggestions, standing.drafts)
    denied = review_screen.denied(connection, row.version_id) if any(each.added for each in said) else frozenset()
    found = contradictions.find(said, terms.parents, denied)
    return found + contradictions.statements(row.reading_state, said) + _untold(connection, row, standing)


def _untold(connection: Connection, row: LockedReview, standing: Standing) -> list[Contradiction]:
    said = advising.leaving(connection, row.version_id, row.key, row.content_hash)
    if not said:
        return []
    told, left_out = advisories.told(connection, row.report_id), advisories.left_out(connection, row.version_id)
    return telling.untold(said, told, left_out, standing.suggestions, standing.drafts)


def _check_signer(act: Act) -> None:
    if not act.person.may("signer"):
        raise Refused("role", "Your account may draft but not sign. Ask an administrator for the signer role.")
    if not act.person.practitioner:
        raise Refused("practitioner", "Your account is not linked to a FHIR Practitioner, so it cannot sign.")


def _done(act: Act, row: LockedReview) -> bool:
    signer = row.signature_by or (row.signed_by if row.state == "signed" else None)
    if signer is None:
        return False
    if signer == act.person.id and row.revision == act.revision + 1:
        return True
    raise stale()


def check_decided(standing: Standing) -> None:
    """Raises Refused where a suggestion is undecided, or was never open on the person's screen."""
    drafted = {each.suggestion_id for each in standing.drafts}
    ours = [each.id for each in standing.suggestions if each.origin == "ai"]
    undecided = sum(each not in drafted for each in ours)
    if undecided:
        raise Refused("undecided", f"{undecided} of {len(ours)} findings are not decided yet.")
    unopened = sum(each not in standing.opened for each in ours)
    if unopened:
        raise Refused("unopened", f"You have not opened {unopened} of {len(ours)} findings.")


def take_back(connection: Connection, act: Act) -> int:
    """The signer takes a signature back: the report is open to them again with their drafts; its id. Twice is once.

    Raises Refused where it has been released, or is another's.
    """
    row = found(connection, act.person, act.review_id)
    if row.signature_at is None:
        if row.state == "signed":
            raise Refused("closed", "This signature stands: amend the report to change it.")
        return row.report_id
    if row.signature_by != act.person.id:
        raise Refused("claimed", "Somebody else has just signed this report.")
    signatures.drop_signature(connection, row.id)
    reviews.claim(connection, row.id, act.person.id, act.claim)
    note(connection, act.person, row, AuditAction.REVIEW_TAKE_BACK)
    return row.report_id


def cancel(connection: Connection, report_id: int, reason: str) -> bool:
    """A correction or retraction within the undo window: the signature falls, the drafts stay. False where none is."""
    row = reviews.locked_of_report(connection, report_id)
    if row is None or row.signature_at is None:
        return False
    signatures.drop_signature(connection, row.id)
    audit.append(
        connection, site=row.site_id, actor="countersign", action=AuditAction.REVIEW_SIGNATURE_CANCELLED,
        entity=f"review/{row.id}", report_id=report_id, detail={"reason": reason},
    )  # fmt: skip
    return True


def release_due(connection: Connection, terms: Terms, most: int = 50) -> int:
    """Releases the signatures whose window has ended; how many were looked at."""
    due: Sequence[int] = signatures.due_signatures(connection, most)
    for review_id in due:
        releasing.release(connection, review_id, terms.destinations, terms.double_read_share)
    return len(due)
