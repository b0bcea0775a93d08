"""Where a sentence names a candidate, and what the sentence says of it."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from integration.canonical import Side, Status
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.exam import Exam
from services.reading.rules.fit import Place, answer, fit, may_fit, place_of
from services.reading.rules.heads import DEVICES
from services.reading.rules.laterality import side_of, sides_in
from services.reading.rules.modifiers import Kind
from services.reading.rules.scope import Parsed, Scope
from services.reading.rules.sentences import Sentence
from services.reading.rules.targets import Pattern, Target, Targets
from services.reading.rules.tokens import Token
from services.reading.rules.words import NOT_FOLLOWED, PREDICATES, SIDES
from services.reading.rules.wordset import wordset

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
_ANSWERS = (
    (Status.ABSENT, wordset("none no absent negative nil without")),
    (
        Status.PRESENT,
        wordset(
            """present yes positive mild moderate severe small large trace minimal stable unchanged left right bilateral
            tiny multiple"""
        ),
    ),
    (Status.UNCERTAIN, wordset("possible probable likely suspected equivocal questionable")),
)
_ANSWER_WORDS = 8
_QUALIFIERS = wordset(
    """large sizable sizeable significant acute displaced discrete new other additional focal recurrent residual
    drainable obstructing enlarging definite tension moderate high grade severe critical further measurable aggressive
    enhancing suspicious gross pathologically remaining otherwise"""
)
# "No other fracture" speaks of the rest and presupposes one.
_OF_THE_REST = wordset("other additional further elsewhere else")
_DONE = re.compile(
    r"\w+(?:otomy|ectomy|ostomy|plasty|desis)|surgery|fusion|repair|replacement|placement|graft|shunt|stent"
)


_INNER = wordset("within in of around involving to from surrounding along")
_KNOWN = wordset("the this these")
_BE = [["is"], ["are"], ["appears"], ["appear"], ["remains"]]


class Mention(NamedTuple):
    """One place that speaks of target `target`. Tokens [first, last) name it.

    `weak`: a denial of what is new only; `qualified`: the denial is of one kind, size or place only;
    `named`: by the noun of the candidate's own name, not by a sign of it; `off_side`: it speaks of the side the
    candidate does not name, and counts only against another mention.
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
    off_side: bool = False
    scope: Scope | None = None
    named: bool = True


def mentions(parsed: Parsed, targets: Targets, exam: Exam, topic: frozenset[str]) -> list[Mention]:
    """Every mention of a target in the sentence; `topic`: the organs its paragraph spoke of before."""
    tokens = parsed.sentence.tokens
    found: list[Mention] = []
    for at, token in enumerate(tokens):
        for word in token.canon:
            if word in targets.by_head and not _is_another_thing(tokens, at, word):
                found += _at_head(parsed, targets, at, targets.by_head[word], exam, topic)
    return found


def _is_another_thing(tokens: tuple[Token, ...], at: int, word: str) -> bool:
    blocked = NOT_FOLLOWED.get(word, frozenset())
    after = at + 2 if at + 2 < len(tokens) and tokens[at + 1].text in ("in", "of") else at + 1
    return after < len(tokens) and not blocked.isdisjoint(tokens[after].canon)


def _at_head(
    parsed: Parsed,
    targets: Targets,
    at: int,
    patterns: tuple[tuple[int, Pattern], ...],
    exam: Exam,
    topic: frozenset[str],
) -> list[Mention]:
    scope = parsed.deciding(at)
    if _presupposed(parsed, at, scope):
        return []
    place = place_of(parsed, at, topic)
    if scope is None and _is_normal(parsed, at, place):
        return []
    head = _Head(parsed, at, place, scope, exam)
    best: dict[int, Mention] = {}
    may_deny = scope is not None or at < parsed.sentence.label
    said = place.said | exam.covered
    for number, pattern in patterns:
        if number not in best and may_fit(pattern, said, denied=may_deny):
            mention = _read(head, number, targets.targets[number], pattern)
            if mention:
                best[number] = mention
    return list(best.values())


class _Head:
    """A head noun in its sentence, with what is said there of whatever it turns out to name.

    `qualifying`: the words before it from its noun phrase or denial on.
    """

    __slots__ = ("_side", "at", "exam", "parsed", "place", "qualifying", "rule", "scope", "status")

    def __init__(self, parsed: Parsed, at: int, place: Place, scope: Scope | None, exam: Exam) -> None:
        self.parsed, self.at, self.place, self.scope, self.exam = parsed, at, place, scope, exam
        self.status, self.rule = _judge(parsed, at, scope)
        start = min(place.first, scope.hit.start) if scope and scope.hit.trigger.forward else place.first
        self.qualifying = frozenset([token.text for token in parsed.sentence.tokens[start:at]])
        self._side: Side | Literal[""] | None = ""

    def aside(self, words: frozenset[str]) -> _Head:
        """The same head without the modifiers that are words of the finding's own name."""
        return _Head(self.parsed, self.at, self.place, self.parsed.deciding(self.at, words), self.exam)

    @property
    def side(self) -> Side | None:
        """The side said of it, the exam's not counted."""
        if self._side == "":
            side = side_of(self.parsed, self.at, (self.place.first, self.place.last))
            labelled = self.at < self.parsed.sentence.label
            self._side = (sides_in(answer(self.parsed)) or side) if labelled else side
        return self._side

    @property
    def of_the_rest(self) -> bool:
        """Whether only something further is denied."""
        if self.scope is None:
            return False
        words = self.parsed.sentence.tokens[self.scope.hit.start : self.at + _ANSWER_WORDS]
        return not _OF_THE_REST.isdisjoint([token.text for token in words])


def _presupposed(parsed: Parsed, at: int, scope: Scope | None) -> bool:
    """ "No hemorrhage within the lesion" denies no lesion."""
    if scope is None or scope.kind is not Kind.NEGATED or not scope.hit.trigger.forward:
        return False
    texts = [token.text for token in parsed.sentence.tokens[scope.start : at]]
    return any(texts[number] in _INNER and texts[number + 1] in _KNOWN for number in range(1, len(texts) - 1))


def _is_normal(parsed: Parsed, at: int, place: Place) -> bool:
    """ "Normal follicles", "enhance normally", "the signal is normal": what is called normal is no finding."""
    tokens = parsed.sentence.tokens
    if not DEVICES.isdisjoint(tokens[at].canon):
        return False
    before = {token.text for token in tokens[place.first : at]}
    after = [token.text for token in tokens[at + 1 : at + 4]]
    return "normal" in before or after[:1] == ["normally"] or (after[:1] in _BE and "normal" in after[1:2])


def _read(head: _Head, number: int, target: Target, pattern: Pattern) -> Mention | None:
    """What the head says of target `number` by this wording, if it is one of it."""
    if head.scope and not pattern.needs.isdisjoint(head.scope.hit.trigger.words):
        head = head.aside(pattern.needs | {pattern.head})
    scope = head.scope
    if scope is None and not pattern.needs.isdisjoint(PREDICATES) and not pattern.needs.isdisjoint(_denied_near(head)):
        return None
    how = fit(pattern, target, head.place, head.exam, denied=head.status is Status.ABSENT)
    status = _turned(pattern, head.status) if how else None
    if status is None or (how == "general" and (_is_weak(head) or (scope and scope.kind is not Kind.NEGATED))):
        return None
    return _sided(_mention(head, number, target, status, f"{head.rule}/{how}", pattern.head in target.heads), target)


def _denied_near(head: _Head) -> frozenset[str]:
    """The words of its clause that are denied: "the ventricles are NOT ENLARGED" asserts nothing of them."""
    scopes = [scope for scope in head.parsed.scopes if scope.kind is Kind.NEGATED]
    if not scopes:
        return frozenset()
    clause = head.parsed.clause_of(head.at)
    tokens = head.parsed.sentence.tokens
    denied, said = set[str](), set[str]()
    for at in range(clause.start, clause.end):
        (denied if any(scope.start <= at < scope.end for scope in scopes) else said).update(tokens[at].canon)
    return frozenset(denied - said)


def _turned(pattern: Pattern, status: Status) -> Status | None:
    """The status under the pattern's mode; None where the pattern does not count."""
    if pattern.mode == "plain" or status is Status.NOT_MENTIONED:
        return status
    if pattern.mode == "opposite":
        return Status.ABSENT if status is Status.PRESENT else None
    if status is not Status.ABSENT:
        return None
    return Status.PRESENT if pattern.mode == "flipped" else Status.ABSENT


def _mention(head: _Head, number: int, target: Target, status: Status, rule: str, named: bool) -> Mention:
    sentence, side = head.parsed.sentence, head.side
    if status is Status.ABSENT and head.of_the_rest:
        status, rule = Status.NOT_MENTIONED, "of-the-rest"
    kinds = head.qualifying & _QUALIFIERS
    return Mention(
        number,
        status,
        sentence,
        head.place.first,
        max(head.place.last, head.at + 1),
        rule,
        side or head.exam.side,
        _is_weak(head),
        bool(kinds and kinds - target.types) or side is not None or not ANATOMY.isdisjoint(sentence.context),
        False,
        head.scope,
        named,
    )


def _is_weak(head: _Head) -> bool:
    return (head.status is Status.ABSENT and "new" in head.qualifying) or (
        head.scope is not None and head.scope.kind is Kind.UNASSESSED
    )


def _sided(mention: Mention, target: Target) -> Mention | None:
    """A candidate that names a side needs it; a denial without a side denies both."""
    needed = target.side
    if needed is None or mention.side is needed or mention.side is Side.BILATERAL:
        return mention
    if mention.side is None:
        return mention if mention.status is Status.ABSENT else None
    return mention._replace(off_side=True)


def _judge(parsed: Parsed, at: int, scope: Scope | None) -> tuple[Status, str]:
    if at < parsed.sentence.label:
        return _answer(parsed, scope)
    if scope is None:
        return (Status.UNCERTAIN, "alternative") if _is_alternative(parsed, at) else (Status.PRESENT, "asserted")
    if scope.kind is Kind.HISTORY and _is_done(parsed, at, scope):
        return Status.PRESENT, "procedure"
    return _STATUS[scope.kind], scope.kind.value


def _is_done(parsed: Parsed, at: int, scope: Scope) -> bool:
    """ "Status post craniotomy" asserts the craniotomy."""
    after = scope.hit.trigger.words[0] in ("status", "s/p")
    return after and _DONE.fullmatch(parsed.sentence.tokens[at].text) is not None


def _answer(parsed: Parsed, scope: Scope | None) -> tuple[Status, str]:
    """A label that names the finding is answered by the first word after it: "Pneumothorax: none"."""
    tokens, label = parsed.sentence.tokens, parsed.sentence.label
    if scope is not None and scope.hit.start >= label:
        return _STATUS[scope.kind], f"label-{scope.kind.value}"
    first = tokens[label].text if label < len(tokens) else ""
    if first == "no" and len(tokens) - label > _ANSWER_WORDS:
        return Status.NOT_MENTIONED, "label"
    known = next((status for status, words in _ANSWERS if first in words), None)
    told = label < len(tokens) and (first[0].isdigit() or first in SIDES or bool(ANATOMY & set(tokens[label].canon)))
    return known or (Status.PRESENT if told else Status.NOT_MENTIONED), "label"


def _is_alternative(parsed: Parsed, at: int) -> bool:
    """ "Atelectasis or consolidation", asserted, is a choice between two."""
    tokens = parsed.sentence.tokens
    if at + 1 < len(tokens) and tokens[at + 1].text == "or":
        return True
    return any(tokens[before].text == "or" for before in range(max(0, at - 2), at))
