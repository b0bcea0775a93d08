"""The grade of a decision, and which parents stay behind their children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from integration.canonical import Side, Status
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.mentions import Mention
from services.reading.rules.resolve import CHILD_BY_SIGN, Decision
from services.reading.rules.targets import Target, Targets
from services.reading.rules.wordset import wordset

_SUGGESTED = (Status.PRESENT, Status.UNCERTAIN)
# Mentions looked at; a report that says one thing more often says it once more.
_MOST = 40
# Ways of a mention whose words stand together; grades that are told apart further.
_TOGETHER = frozenset({"phrase", "asserted"})
_DOUBTED = frozenset({"named-apart", "hedged"})
_BRIEF = 2
_SUSPICION = wordset("suspicious suspected suspect suspects suspicion concerning concern worrisome")


def grades_of(targets: Targets, decisions: Sequence[Decision], mentions: Sequence[Mention]) -> tuple[str, ...]:
    """The name of each decision's grade (`services/reading/grades.yaml`); "" where it suggests nothing.

    `mentions`: all of the report, in which a finding may be denied that is asserted elsewhere.
    """
    plain = [grade_of(each) if each.status in _SUGGESTED else "" for each in decisions]
    if _DOUBTED.isdisjoint(plain):
        return tuple(plain)
    denied = [each for each in mentions if each.status is Status.ABSENT]
    borrowed, doubtful = _borrowed(targets, decisions, plain, denied), _doubtful(targets, decisions, plain, denied)
    return tuple(
        "borrowed" if at in borrowed else "doubtful" if at in doubtful else grade for at, grade in enumerate(plain)
    )


def grade_of(decision: Decision) -> str:
    """The name of the decision's grade by itself, what else the report tells left aside."""
    rule = decision.rule.removeprefix("addendum/")
    if rule.startswith("child/") and not rule.startswith(CHILD_BY_SIGN):
        return "child"
    if rule.startswith("conflict/"):
        return "contradicted"
    if decision.mentions and all(mention.sign for mention in decision.mentions):
        return "sign"
    if decision.status is Status.UNCERTAIN:
        return "hedged"
    return _named(decision)


def _borrowed(
    targets: Targets, decisions: Sequence[Decision], plain: Sequence[str], denied: Sequence[Mention]
) -> frozenset[int]:
    """Numbers of what is told apart by another finding's words, or not by its own noun where a part of it is denied."""
    apart = [at for at, grade in enumerate(plain) if grade in _DOUBTED and _is_apart(decisions[at])]
    in_part = {each.target for each in denied if each.weak or each.qualified}
    named = (each.mentions[:_MOST] for each, grade in zip(decisions, plain, strict=True) if grade == "named")
    by_sentence: dict[int, list[Mention]] = {}
    for mention in chain.from_iterable(named):
        by_sentence.setdefault(mention.sentence.number, []).append(mention)
    return frozenset(
        at
        for at in apart
        if _names_another(targets, decisions[at], by_sentence)
        or (at in in_part and not any(each.named for each in decisions[at].mentions))
    )


def _doubtful(
    targets: Targets, decisions: Sequence[Decision], plain: Sequence[str], denied: Sequence[Mention]
) -> frozenset[int]:
    """Numbers of what is hedged in a word or two or denied elsewhere; nothing critical, and no suspicion."""
    at_all = {each.target for each in denied}
    return frozenset(
        at
        for at, grade in enumerate(plain)
        if grade == "hedged"
        and (at in at_all or _is_brief(decisions[at]))
        and not targets.targets[at].candidate.finding.critical
        and not any(map(_is_suspected, decisions[at].mentions))
    )


def _is_suspected(mention: Mention) -> bool:
    """ "SUSPICIOUS FOR a primary malignancy": somebody has to look, and more than "possible" or "versus" says."""
    return mention.scope is not None and not _SUSPICION.isdisjoint(mention.scope.hit.trigger.words)


def _is_apart(decision: Decision) -> bool:
    """Whether no mention of it stands in one phrase."""
    return bool(decision.mentions) and not any(_way(each) in _TOGETHER for each in decision.mentions if not each.sign)


def _is_brief(decision: Decision) -> bool:
    """Whether it is told once, in a word or two: mostly one of several possibilities."""
    return len(decision.mentions) == 1 and decision.mentions[0].last - decision.mentions[0].first <= _BRIEF


def _names_another(targets: Targets, decision: Decision, named: Mapping[int, Sequence[Mention]]) -> bool:
    """Whether all that an assertion rests on are words that name another finding, neither parent nor child.

    `named`: the mentions of what is named, by the number of their sentence.
    """
    if decision.status is not Status.PRESENT or len(decision.mentions) != 1:
        return False
    own = decision.mentions[0]
    kin = {own.target} | {other for pair in targets.parents if own.target in pair for other in pair}
    return any(each.target not in kin and _overlap(own, each) for each in named.get(own.sentence.number, ()))


def is_unassessed(decision: Decision) -> bool:
    """Whether it only names what could not be judged: "cardiomegaly CANNOT BE ASSESSED" suggests none."""
    return decision.rule.removeprefix("addendum/").startswith("unassessed")


def _named(decision: Decision) -> str:
    """By the best of its mentions: all its words in one phrase, or some said elsewhere."""
    ways = {_way(mention) for mention in decision.mentions if not mention.sign}
    return "named" if ways & _TOGETHER or not ways else "named-apart"


def _way(mention: Mention) -> str:
    """How its words were found together: "phrase", "clause", "exam"."""
    return mention.rule.rpartition("/")[2]


def behind_children(targets: Targets, decisions: Sequence[Decision], holds: Sequence[bool]) -> frozenset[int]:
    """Numbers of the parents that say no more than a child of theirs: the same words, or a critical event again.

    `holds`: whether the grade of each is shown; a child that is folded away hides no parent.
    """
    return frozenset(
        parent
        for parent in {parent for _, parent in targets.parents}
        if decisions[parent].status in _SUGGESTED and _is_said_by(targets, decisions, parent, holds)
    )


def _is_said_by(targets: Targets, decisions: Sequence[Decision], parent: int, holds: Sequence[bool]) -> bool:
    children = [decisions[at] for at, above in targets.parents if above == parent and holds[at]]
    least = (decisions[parent].status, Status.PRESENT)
    said = [child for child in children if child.status in least and child.mentions]
    if not said:
        return False
    own = decisions[parent]
    if own.rule.startswith("child/"):
        return True
    above = targets.targets[parent]
    by_sentence: dict[int, list[Mention]] = {}
    for mention in (each for child in said for each in child.mentions):
        by_sentence.setdefault(mention.sentence.number, []).append(mention)
    known = above.candidate.finding.critical and any(child.status is Status.PRESENT for child in said)
    return all(
        any(_overlap(mention, each) for each in by_sentence.get(mention.sentence.number, ()))
        or (known and _says_no_more(mention, by_sentence, above))
        for mention in own.mentions[:_MOST]
    )


def _overlap(one: Mention, other: Mention) -> bool:
    return one.first < other.last and other.first < one.last


def _says_no_more(mention: Mention, children: dict[int, list[Mention]], parent: Target) -> bool:
    """Whether a general mention names no place and no side that a child's does not name."""
    mentions = [each for found in children.values() for each in found][:_MOST]
    places = _places(mention) - parent.organs - parent.home
    known = frozenset[str]().union(*map(_places, mentions))
    sides = {each.side for each in mentions}
    return places <= known and (mention.side is None or mention.side in sides or Side.BILATERAL in sides)


def _places(mention: Mention) -> frozenset[str]:
    tokens = mention.sentence.tokens[mention.first : mention.last]
    return frozenset(word for token in tokens for word in token.canon if word in ANATOMY)
