"""The grade of a decision, and which parents stay behind their children."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from integration.canonical import Side, Status
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.mentions import Mention
from services.reading.rules.resolve import CHILD_BY_SIGN, Decision
from services.reading.rules.targets import Target, Targets

_SUGGESTED = (Status.PRESENT, Status.UNCERTAIN)
# Mentions looked at; a report that says one thing more often says it once more.
_MOST = 40


def grade_of(decision: Decision) -> str:
    """The name of the decision's grade (`services/reading/grades.yaml`)."""
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


def is_unassessed(decision: Decision) -> bool:
    """Whether it only names what could not be judged: "cardiomegaly CANNOT BE ASSESSED" suggests none."""
    return decision.rule.removeprefix("addendum/").startswith("unassessed")


def _named(decision: Decision) -> str:
    """By the best of its mentions: all its words in one phrase, or some said elsewhere."""
    ways = {mention.rule.rpartition("/")[2] for mention in decision.mentions if not mention.sign}
    return "named" if ways & {"phrase", "asserted"} or not ways else "named-apart"


def behind_children(targets: Targets, decisions: Sequence[Decision], holds: Callable[[str], bool]) -> frozenset[int]:
    """Numbers of the parents that say no more than a child of theirs: the same words, or a critical event again.

    `holds`: whether what is decided by a grade is shown; a child that is folded away hides no parent.
    """
    return frozenset(
        parent
        for parent in {parent for _, parent in targets.parents}
        if decisions[parent].status in _SUGGESTED and _is_said_by(targets, decisions, parent, holds)
    )


def _is_said_by(targets: Targets, decisions: Sequence[Decision], parent: int, holds: Callable[[str], bool]) -> bool:
    children = [decisions[at] for at, above in targets.parents if above == parent]
    least = (decisions[parent].status, Status.PRESENT)
    said = [child for child in children if child.status in least and child.mentions and holds(grade_of(child))]
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
