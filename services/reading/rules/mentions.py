"""Where a sentence names a candidate, and what the sentence says of it."""

from __future__ import annotations

from typing import NamedTuple

from integration.canonical import Side, Status
from services.reading.rules.clauses import FINITE
from services.reading.rules.laterality import side_of
from services.reading.rules.modifiers import Kind
from services.reading.rules.scope import Parsed, Scope
from services.reading.rules.sentences import Sentence
from services.reading.rules.targets import Pattern, Targets
from services.reading.rules.tokens import Token
from services.reading.rules.words import ANATOMY, GENERIC_HEADS, NOT_FOLLOWED, OPPOSITES
from services.reading.rules.wordset import wordset

_PLACES = wordset("""of in within at involving along through on to from overlying near throughout about at""")
_LEFT_BOUNDS = wordset(""", ; : ( ) no without with but which that there and or of in at to for on from by""")
_RIGHT_BOUNDS = wordset(", ; : . no without with but which that there however is")
_WEAK = wordset("new other additional further otherwise remaining")
_QUALIFIERS = wordset(
    """large sizable sizeable significant acute displaced discrete new other additional focal recurrent residual
    drainable obstructing enlarging definite tension moderate high grade severe critical further measurable
    aggressive enhancing suspicious gross pathologically remaining otherwise"""
)
_STATUS = {
    Kind.NEGATED: Status.ABSENT,
    Kind.RESOLVED: Status.ABSENT,
    Kind.UNCERTAIN: Status.UNCERTAIN,
    Kind.VERSUS: Status.UNCERTAIN,
    Kind.UNASSESSED: Status.UNCERTAIN,
    Kind.HYPOTHETICAL: Status.NOT_MENTIONED,
    Kind.HISTORY: Status.NOT_MENTIONED,
    Kind.OTHER_PERSON: Status.NOT_MENTIONED,
    Kind.PRIOR: Status.NOT_MENTIONED,
}
_ANSWERS = {
    "none": Status.ABSENT,
    "no": Status.ABSENT,
    "absent": Status.ABSENT,
    "negative": Status.ABSENT,
    "nil": Status.ABSENT,
    "present": Status.PRESENT,
    "yes": Status.PRESENT,
    "positive": Status.PRESENT,
    "mild": Status.PRESENT,
    "moderate": Status.PRESENT,
    "severe": Status.PRESENT,
    "small": Status.PRESENT,
    "large": Status.PRESENT,
    "trace": Status.PRESENT,
    "minimal": Status.PRESENT,
    "possible": Status.UNCERTAIN,
    "probable": Status.UNCERTAIN,
    "likely": Status.UNCERTAIN,
    "suspected": Status.UNCERTAIN,
    "equivocal": Status.UNCERTAIN,
    "stable": Status.PRESENT,
    "unchanged": Status.PRESENT,
    "left": Status.PRESENT,
    "right": Status.PRESENT,
    "bilateral": Status.PRESENT,
}


class Mention(NamedTuple):
    """One place that speaks of target `target`. Tokens [first, last) name it.

    `weak`: "no new ...", or a normal statement; `qualified`: the denial is of one kind, size or place only.
    """

    target: int
    status: Status
    sentence: Sentence
    first: int
    last: int
    rule: str
    side: Side | None = None
    weak: bool = False
    qualified: bool = False
    scope: Scope | None = None


def mentions(parsed: Parsed, targets: Targets) -> list[Mention]:
    """Every mention of a target in the sentence."""
    tokens = parsed.sentence.tokens
    found: list[Mention] = []
    for at, token in enumerate(tokens):
        for word in token.canon:
            if word in targets.by_head and not _is_another_thing(tokens, at, word):
                found += _at_head(parsed, targets, at, targets.by_head[word])
    return found


def _is_another_thing(tokens: tuple[Token, ...], at: int, word: str) -> bool:
    blocked = NOT_FOLLOWED.get(word)
    return bool(blocked) and at + 1 < len(tokens) and bool(blocked & set(tokens[at + 1].canon))  # type: ignore[operator]


def _at_head(parsed: Parsed, targets: Targets, at: int, patterns: tuple[tuple[int, Pattern], ...]) -> list[Mention]:
    window = noun_phrase(parsed, at)
    tokens = parsed.sentence.tokens
    local = {word for token in tokens[window[0] : window[1]] for word in token.canon}
    scope = parsed.deciding(at)
    status, rule = _judge(parsed, at, scope)
    best: dict[int, Mention] = {}
    for number, pattern in patterns:
        if number in best and not best[number].qualified:
            continue
        fit = _fits(parsed, at, local, pattern, status)
        if fit and not (pattern.denied_only and status is not Status.ABSENT):
            best[number] = _mention(parsed, number, at, window, status, rule + fit, scope)
    return [mention for number, mention in best.items() if _on_side(mention, targets.targets[number].side)]


def _mention(
    parsed: Parsed, number: int, at: int, window: tuple[int, int], status: Status, rule: str, scope: Scope | None
) -> Mention:
    sentence = parsed.sentence
    words = {token.text for token in sentence.tokens[window[0] : at]}
    if scope and scope.hit.trigger.forward:
        words |= {token.text for token in sentence.tokens[scope.hit.start : at]}
    weak = status is Status.ABSENT and bool(words & _WEAK)
    side = side_of(parsed, at, window)
    qualified = bool(words & _QUALIFIERS) or bool(sentence.context & ANATOMY) or side is not None
    return Mention(number, status, sentence, window[0], max(window[1], at + 1), rule, side, weak, qualified, scope)


def _on_side(mention: Mention, needed: Side | None) -> bool:
    """A candidate that names a side needs it; a denial without a side denies both."""
    if needed is None or mention.side is needed or mention.side is Side.BILATERAL:
        return True
    if mention.side is None:
        return mention.status is Status.ABSENT
    return False


def _judge(parsed: Parsed, at: int, scope: Scope | None) -> tuple[Status, str]:
    if at < parsed.sentence.label:
        return _answer(parsed, scope)
    if scope is None:
        return (Status.UNCERTAIN, "alternative") if _is_alternative(parsed, at) else (Status.PRESENT, "asserted")
    return _STATUS[scope.kind], scope.kind.value


def _answer(parsed: Parsed, scope: Scope | None) -> tuple[Status, str]:
    """A label that names the finding is answered by the first word after it: "Pneumothorax: none"."""
    tokens = parsed.sentence.tokens
    answer = tokens[parsed.sentence.label].text if parsed.sentence.label < len(tokens) else ""
    if scope is not None and scope.hit.start >= parsed.sentence.label:
        return _STATUS[scope.kind], f"label-{scope.kind.value}"
    short = len(tokens) - parsed.sentence.label <= 8
    status = _ANSWERS.get(answer, Status.NOT_MENTIONED)
    if answer == "no" and not short:
        status = Status.NOT_MENTIONED
    return status, "label-answer"


def _is_alternative(parsed: Parsed, at: int) -> bool:
    """ "Atelectasis or consolidation", asserted, is a choice between two."""
    tokens = parsed.sentence.tokens
    if at + 1 < len(tokens) and tokens[at + 1].text == "or":
        return True
    return any(tokens[before].text == "or" for before in range(max(0, at - 2), at))


def noun_phrase(parsed: Parsed, at: int) -> tuple[int, int]:
    """Tokens [first, last) of the noun phrase around head `at`, with the places named after it."""
    clause = parsed.clause_of(at)
    tokens = parsed.sentence.tokens
    first = at
    while first > clause.start and not _bounds_left(tokens, first - 1):
        first -= 1
    last = at + 1
    placed = False
    while last < clause.end and last - at < 10:
        word = tokens[last].text
        if word in FINITE or word in _RIGHT_BOUNDS or (word in ("and", "or") and not placed):
            break
        placed = placed or word in _PLACES
        last += 1
    return first, last


def _bounds_left(tokens: tuple[Token, ...], at: int) -> bool:
    """A comma, "and" or "or" inside "pleural or pericardial effusion" joins adjectives and does not end it."""
    word = tokens[at].text
    if word in (",", "and", "or"):
        before, after = tokens[at - 1] if at else None, tokens[at + 1]
        return not (before and set(before.canon) & ANATOMY and set(after.canon) & ANATOMY)
    return word in FINITE or word in _LEFT_BOUNDS


def _fits(parsed: Parsed, at: int, local: set[str], pattern: Pattern, status: Status) -> str:
    """How the pattern is satisfied at this head: "" (not at all), "/phrase", "/clause" or "/general"."""
    if any(OPPOSITES[kind] & local for kind in pattern.types):
        return ""
    missing = pattern.needs - local
    if not missing:
        return "/phrase"
    places = local & ANATOMY - pattern.needs - {pattern.head}
    if places:
        return ""
    sentence = parsed.sentence
    clause = parsed.clause_of(at)
    around = {word for token in sentence.tokens[clause.start : at + 4] for word in token.canon} | sentence.context
    if missing <= around:
        return "/clause"
    if status is Status.ABSENT and pattern.head in GENERIC_HEADS and not sentence.context & ANATOMY - pattern.needs:
        return "/general"
    return ""
