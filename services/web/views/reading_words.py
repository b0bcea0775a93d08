"""How far the reading of a report came, in a radiologist's words: four things that must not look alike."""

from __future__ import annotations

from services.domain.words import ReadingState

READING_WORDS: dict[ReadingState, str] = {
    ReadingState.PENDING: "being read",
    ReadingState.READ: "nothing suggested",
    ReadingState.NOTHING_FOUND: "nothing found",
    ReadingState.UNREAD: "not read",
    ReadingState.FAILED: "reading failed",
    ReadingState.TIMED_OUT: "model did not answer",
}
