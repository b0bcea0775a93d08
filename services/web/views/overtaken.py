"""What happened to a report while it stood on somebody's screen, in a sentence."""

from __future__ import annotations

from services.domain.reviews import Glance
from services.domain.words import ReviewState, VersionState


def overtaken(now: Glance, person_id: int, version_id: int, reading_state: str) -> str:
    """ "" where the screen still shows how things stand. `version_id`, `reading_state`: what it was made of."""
    if now.state is ReviewState.CANCELLED or now.version_state is VersionState.RETRACTED:
        return "The source has taken this report back."
    if now.version_id != version_id or now.version_state is not VersionState.CURRENT:
        return "This report was corrected while you had it open. Your drafts are kept."
    if now.signed_by not in (None, person_id):
        return f"{now.signer} has signed this report."
    if now.claim_live and now.claimed_by not in (None, person_id):
        return f"This report is now open by {now.claimer}. Your drafts are kept."
    if now.reading_state != reading_state:
        return "Another reading of this report has come in: look at it before you sign."
    return ""
