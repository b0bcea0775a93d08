"""The quotes a verdict shows: at most 25 words, exact slices of the report."""

from __future__ import annotations

from itertools import islice

from integration.canonical import Change, Quote, SectionKind, Status
from services.reading.rules.mentions import Mention
from services.reading.rules.resolve import Decision
from services.reading.rules.tokens import Token

MAX_WORDS = 25
_CHANGES: dict[str, Change] = {
    "new": Change.NEW,
    "newly": Change.NEW,
    "increased": Change.INCREASED,
    "increasing": Change.INCREASED,
    "worsened": Change.INCREASED,
    "worsening": Change.INCREASED,
    "larger": Change.INCREASED,
    "enlarging": Change.INCREASED,
    "progressed": Change.INCREASED,
    "decreased": Change.DECREASED,
    "decreasing": Change.DECREASED,
    "improved": Change.DECREASED,
    "improving": Change.DECREASED,
    "smaller": Change.DECREASED,
    "resolving": Change.DECREASED,
    "unchanged": Change.UNCHANGED,
    "stable": Change.UNCHANGED,
    "persistent": Change.UNCHANGED,
    "persists": Change.UNCHANGED,
    "resolved": Change.RESOLVED,
}


def quotes(text: str, decision: Decision) -> tuple[Quote, ...]:
    """One or two quotes of a decision, in the order of the report, never the same words twice.

    The second is the other side of a contradiction, else where the report says the same again: in its impression what
    the findings decided, in the findings what the impression did.
    """
    spans = dict.fromkeys(_span(text, mention) for mention in _cited(decision))
    chosen = sorted(spans, key=lambda span: span[0])
    return tuple(Quote(text=text[start:end], start=start, end=end) for start, end in chosen)


def deciding(text: str, decision: Decision) -> tuple[int, int] | None:
    """Where the words stand that decided; None where nothing was said."""
    return _span(text, decision.mentions[0]) if decision.mentions else None


def _cited(decision: Decision) -> tuple[Mention, ...]:
    if decision.conflict or not decision.mentions:
        return decision.mentions[:2]
    first, *rest = decision.mentions
    other = {SectionKind.FINDINGS, SectionKind.IMPRESSION} - {first.sentence.kind}
    again = (each for each in rest if each.status is first.status and each.sentence.kind in other)
    return (first, *islice(again, 1))


def _span(text: str, mention: Mention) -> tuple[int, int]:
    tokens = mention.sentence.tokens
    first, last = _needed(mention)
    start, end = mention.sentence.start, mention.sentence.end
    if len(text[start:end].split()) > MAX_WORDS:
        first, last = _grown(text, tokens, first, last)
        start, end = tokens[first].start, tokens[last - 1].end
    return start, end


def _needed(mention: Mention) -> tuple[int, int]:
    """The tokens a quote must hold: the finding and the modifier that decided."""
    first, last = mention.first, mention.last
    if mention.scope:
        first, last = min(first, mention.scope.hit.start), max(last, mention.scope.hit.end)
    return first, last


def _grown(text: str, tokens: tuple[Token, ...], first: int, last: int) -> tuple[int, int]:
    """As many tokens around the needed ones as 25 words allow; too long a span loses its far end."""
    while last - first > 1 and _words(text, tokens, first, last) > MAX_WORDS:
        last -= 1
    while first > 0 and _words(text, tokens, first - 1, last) <= MAX_WORDS:
        first -= 1
    while last < len(tokens) and _words(text, tokens, first, last + 1) <= MAX_WORDS:
        last += 1
    return first, last


def _words(text: str, tokens: tuple[Token, ...], first: int, last: int) -> int:
    return len(text[tokens[first].start : tokens[last - 1].end].split())


def change_of(decision: Decision) -> Change | None:
    """How the deciding clause says the finding changed, the word nearest its name."""
    for mention in decision.mentions[:1]:
        start = max(0, mention.first - 8)
        near = sorted(
            (abs(at - mention.first), _CHANGES[token.text])
            for at, token in enumerate(mention.sentence.tokens[start : mention.last + 8], start)
            if token.text in _CHANGES
        )
        if near and (decision.status is not Status.ABSENT or near[0][1] is Change.RESOLVED):
            return near[0][1]
    return None
