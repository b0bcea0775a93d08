"""A model's drafts held against the report: verdicts whose quotes stand in it, or that say they have none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from integration.canonical import Advisory, AdvisoryKind, Quote, Status, Verdict
from services.reading.answer import RemarkDraft, VerdictDraft
from services.reading.clean_text import CleanText
from services.reading.reader import Candidate

Locate = Callable[[str, str], Quote | None]
"""(text, quote) → the passage of the text that the quote copies, None when there is none."""

Supports = Callable[[Candidate, Status, tuple[Quote, ...]], bool]
"""Whether located quotes can carry this status of this candidate."""

UNSUPPORTED = "No passage of the report supports this."
LINE = 160
"""Characters of the one line a reviewer reads."""

_MESSAGES = {
    AdvisoryKind.CRITICAL_RESULT: "Critical result",
    AdvisoryKind.FOLLOW_UP: "Follow-up recommended",
    AdvisoryKind.DISCREPANCY: "Discrepancy",
    AdvisoryKind.INJECTION: "Text addressed to the reader of the report",
}


@dataclass(frozen=True)
class Ground:
    """One report to hold answers against.

    `original` is the text as received, `cleaned` what the model saw of it; `flagged` spans support nothing.
    """

    original: str
    cleaned: CleanText
    flagged: tuple[Quote, ...]
    locate: Locate
    supports: Supports

    def verdict(self, draft: VerdictDraft, candidate: Candidate) -> Verdict:
        """The draft with the quotes that stand in the report; unsupported when none carries its status."""
        quotes = self._quotes(draft.quotes)
        mentioned = draft.status is not Status.NOT_MENTIONED
        supported = bool(quotes) and self.supports(candidate, draft.status, quotes)
        return Verdict(
            finding=candidate.finding,
            status=draft.status,
            side=draft.side,
            change=draft.change,
            quotes=quotes,
            rationale=_line(quotes, supported) if mentioned else "",
            unsupported=mentioned and not supported,
        )

    def advisory(self, draft: RemarkDraft) -> Advisory | None:
        """The remark with its passage; None when its quote does not stand in the report."""
        quote = self._find(draft.quote)
        kind = AdvisoryKind(draft.kind)
        if quote is None or (kind is not AdvisoryKind.INJECTION and self._is_flagged(quote)):
            return None
        return Advisory(kind=kind, message=_MESSAGES[kind], quotes=(quote,), detail=draft.detail)

    def _quotes(self, texts: Iterable[str]) -> tuple[Quote, ...]:
        found = (self._find(text) for text in texts)
        unflagged = (quote for quote in found if quote is not None and not self._is_flagged(quote))
        return tuple(dict.fromkeys(unflagged))

    def _find(self, text: str) -> Quote | None:
        """Looked up in what the model saw, given as a slice of what was received."""
        seen = self.locate(self.cleaned.text, text) if text.strip() else None
        if seen is None or seen.start >= seen.end:
            return None
        start, end = self.cleaned.original_span(seen.start, seen.end)
        return Quote(text=self.original[start:end], start=start, end=end)

    def _is_flagged(self, quote: Quote) -> bool:
        return any(quote.start < span.end and span.start < quote.end for span in self.flagged)


def _line(quotes: tuple[Quote, ...], supported: bool) -> str:
    if not supported:
        return UNSUPPORTED
    line = " ".join(quotes[0].text.split())
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"
