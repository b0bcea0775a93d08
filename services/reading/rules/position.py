"""Where a device lies: "PICC satisfactorily sited" denies a malpositioned PICC, a tip in a bronchus asserts one."""

from __future__ import annotations

from integration.canonical import Status
from services.reading.lexicon import lexicon
from services.reading.rules.mentions import Mention
from services.reading.rules.modifiers import Kind
from services.reading.rules.scope import Parsed
from services.reading.rules.targets import Target, Targets
from services.reading.rules.tokens import words_of

Phrase = frozenset[str]


def _phrases(name: str) -> tuple[Phrase, ...]:
    listed = lexicon("positions")[name]
    return tuple(frozenset(part for word in words_of(text) for part in word.canon) for text in listed)


_RIGHT, _WRONG = _phrases("right"), _phrases("wrong")
# Devices by a word of theirs, and the places wrong for these alone.
_DEVICES = tuple(
    (frozenset().union(*_phrases(kind)), frozenset().union(*_phrases(f"wrong for {kind}"))) for kind in ("gut", "vein")
)


def position_mentions(parsed: Parsed, targets: Targets) -> list[Mention]:
    """What the sentence says of where devices lie, for the targets that ask it."""
    if not targets.positions:
        return []
    said = frozenset(word for token in parsed.sentence.tokens for word in token.canon) | parsed.sentence.context
    return [
        Mention(number, status, parsed.sentence, 0, len(parsed.sentence.tokens), "position")
        for number, devices in targets.positions
        if any(map(said.issuperset, devices)) and (status := _status(parsed, targets.targets[number], said))
    ]


def _status(parsed: Parsed, target: Target, said: frozenset[str]) -> Status | None:
    if any(scope.kind in (Kind.HYPOTHETICAL, Kind.RESOLVED) and scope.start == 0 for scope in parsed.scopes):
        return None
    wrong = next((phrase for phrase in _WRONG if phrase <= said), None)
    if wrong is not None or _is_elsewhere(target, said):
        return Status.ABSENT if _is_denied(parsed, wrong or said) else Status.PRESENT
    right = next((phrase for phrase in _RIGHT if phrase <= said), None)
    if right is None:
        return None
    return Status.PRESENT if _is_denied(parsed, right) else Status.ABSENT


def _is_denied(parsed: Parsed, phrase: Phrase) -> bool:
    """Whether a denial reaches a word of the phrase: "satisfactory alignment, no loosening" denies no alignment."""
    tokens = parsed.sentence.tokens
    return any(
        not phrase.isdisjoint(word for token in tokens[scope.start : scope.end] for word in token.canon)
        for scope in parsed.scopes
        if scope.kind is Kind.NEGATED
    )


def _is_elsewhere(target: Target, said: frozenset[str]) -> bool:
    """Whether it lies in a place wrong for its kind; the cavoatrial junction is no atrium."""
    words = {word for pattern in target.patterns for word in (pattern.head, *pattern.needs)}
    wrong = next((places for devices, places in _DEVICES if not words.isdisjoint(devices)), frozenset())
    return not said.isdisjoint(wrong) and "junction" not in said
