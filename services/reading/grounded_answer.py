"""A model's drafts held against the report: verdicts whose quotes stand in it, or that say they have none."""

from __future__ import annotations

from dataclasses import dataclass

from integration.canonical import Advisory, AdvisoryKind, Quote, Status, Verdict
from services.reading.answer import RemarkDraft, VerdictDraft
from services.reading.answer_schema import Discrepancy
from services.reading.clean_text import clean_text
from services.reading.grounding import ground, locate
from services.reading.injection import flag
from services.reading.reader import Candidate, Question
from services.reading.rules.follow_up import modality_of

UNSUPPORTED = "No passage of the report supports this."
LINE = 160
"""Characters of the one line a reviewer reads."""


_DISAGREES = {
    Discrepancy.LATERALITY: "The sides disagree",
    Discrepancy.FINDINGS_IMPRESSION: "Findings and impression disagree",
    Discrepancy.SEX: "Does not fit the patient's sex",
    Discrepancy.AGE: "Does not fit the patient's age",
    Discrepancy.ORDER: "Does not fit the order",
    Discrepancy.INCOMPLETE: "The report is incomplete",
}


@dataclass(frozen=True)
class Ground:
    """One report to hold answers against."""

    question: Question

    def verdict(self, draft: VerdictDraft, candidate: Candidate) -> Verdict:
        """The draft with the quotes that stand in the report and carry its status; unsupported without any."""
        mentioned = draft.status is not Status.NOT_MENTIONED
        said = [self._as_received(quote) for quote in draft.quotes]
        quotes = ground(said, self.question, candidate, draft.status) if mentioned else ()
        return Verdict(
            finding=candidate.finding,
            status=draft.status,
            side=draft.side,
            change=draft.change,
            quotes=quotes,
            rationale=_line(quotes) if mentioned else "",
            unsupported=mentioned and not quotes,
        )

    def advisory(self, draft: RemarkDraft) -> Advisory | None:
        """The remark with its passage; None when its quote does not stand in the report, or speaks to us."""
        quote = locate(self.question.text, self._as_received(draft.quote))
        kind = AdvisoryKind(draft.kind)
        if quote is None or (kind is not AdvisoryKind.INJECTION and self._is_flagged(quote)):
            return None
        detail = _in_quote(draft.detail, quote) if kind is AdvisoryKind.FOLLOW_UP else draft.detail
        return Advisory(kind=kind, message=_message(kind, detail), quotes=(quote,), detail=detail)

    def _as_received(self, quote: str) -> str:
        """The model saw the cleaned text: its quote in the words of the original."""
        cleaned = clean_text(self.question.text)
        seen = locate(cleaned.text, quote)
        if seen is None:
            return quote
        start, end = cleaned.original_span(seen.start, seen.end)
        return self.question.text[start:end]

    def _is_flagged(self, quote: Quote) -> bool:
        spans = flag(self.question.text)
        return any(quote.start < span.end and span.start < quote.end for span in spans)


def _line(quotes: tuple[Quote, ...]) -> str:
    if not quotes:
        return UNSUPPORTED
    line = " ".join(quotes[0].text.split())
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"


def _in_quote(detail: dict[str, str], quote: Quote) -> dict[str, str]:
    """Modality and interval as far as the quoted passage words them, the modality by its short name if it has one."""
    said = {name: words if locate(quote.text, words) else "" for name, words in detail.items()}
    modality = said.get("modality", "")
    return said | {"modality": modality_of(modality) or modality}


def _message(kind: AdvisoryKind, detail: dict[str, str]) -> str:
    match kind:
        case AdvisoryKind.CRITICAL_RESULT:
            told = (
                "by the model's word communicated" if detail["communicated"] == "yes" else "no communication recorded"
            )
            return f"Critical result ({told})"
        case AdvisoryKind.FOLLOW_UP:
            asked = " ".join(said for said in detail.values() if said)
            return f"Follow-up: {asked}" if asked else "Follow-up recommended"
        case AdvisoryKind.DISCREPANCY:
            return _DISAGREES[Discrepancy(detail["type"])]
        case _:
            return "Text addressed to the reader of the report"
