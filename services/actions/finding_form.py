"""What a reviewer typed into an edit or addition, made into a record; the catalogue says what there is."""

from __future__ import annotations

from sqlalchemy import Connection

from integration.canonical import Quote, Side, Status
from services.domain.reviews import LockedReview
from services.reading.catalogue.library import Library
from services.store import reports
from services.workflow.drafting import Claim
from services.workflow.refusal import Refused


def claim_of(
    connection: Connection,
    library: Library,
    review: LockedReview,
    finding: str,
    status: str,
    side: str,
    span: tuple[int, int] | None,
) -> Claim:
    """The claim. `span` are the characters of the report marked as evidence. Raises Refused: value."""
    candidate = library.find(finding) if finding.strip() else None
    if candidate is None:
        raise Refused("value", "Choose a finding from the catalogue.")
    if status not in (Status.PRESENT, Status.ABSENT, Status.UNCERTAIN):
        raise Refused("value", "Choose present, absent or uncertain.")
    if side and side not in tuple(Side):
        raise Refused("value", "Choose left, right, bilateral or no side.")
    if side and not candidate.sides:
        raise Refused("value", f"{candidate.finding.name} has no side.")
    quotes = (_quote(connection, review.version_id, *span),) if span else ()
    return Claim.model_validate(
        {"finding": candidate.finding, "status": status, "side": side or None, "quotes": quotes}
    )


def _quote(connection: Connection, version_id: int, start: int, end: int) -> Quote:
    text = reports.version(connection, version_id).text
    if not start < end <= len(text) or not text[start:end].strip():
        raise Refused("value", "Mark the evidence in the report's text.")
    return Quote(text=text[start:end], start=start, end=end)
