"""Many mentions, one verdict: addendum over body, impression over findings, explicit over implied."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import NamedTuple

from integration.canonical import SectionKind, Side, Status
from services.reading.rules.anatomy import ANATOMY, UNPAIRED, is_level, related
from services.reading.rules.diffuse import is_of_both_lungs
from services.reading.rules.heads import DEVICES, LESIONS
from services.reading.rules.mentions import NEAR, Mention
from services.reading.rules.side_conflicts import sides_disagree
from services.reading.rules.silence import UNMENTIONED
from services.reading.rules.targets import Target, Targets
from services.reading.rules.words import OPPOSITES
from services.reading.rules.wordset import wordset

SILENT = frozenset(
    {
        SectionKind.INDICATION,
        SectionKind.HISTORY,
        SectionKind.TECHNIQUE,
        SectionKind.COMPARISON,
        SectionKind.RECOMMENDATION,
        SectionKind.OTHER,
    }
)
_PARTS = wordset(
    """posterior anterior superior inferior upper lower middle proximal distal medial lateral stalk main
    common"""
)
# What is normal has no disease of either age.
_AGES = wordset("acute chronic old")
# The rule of a parent that only a sign of its child implies.
CHILD_BY_SIGN = "child/sign/"
# "No active disease" leaves what a disease left behind.
_SETTLED = wordset("granuloma calcify scar fibrosis fibrous old healed chronic stable unchanged")
# A choice between two names of one thing; what borrows a word from elsewhere in its clause is no name of its own.
_OWN_CHOICES = ("alternative/phrase", "alternative/exam")
_SPEAKING = (Status.PRESENT, Status.ABSENT, Status.UNCERTAIN)


class Decision(NamedTuple):
    """The status of one target, the mentions it rests on, and the rule that decided.

    `beside`: the sides said of it where it is told of otherwise, hedged or by a sign.
    """

    status: Status
    mentions: tuple[Mention, ...] = ()
    rule: str = UNMENTIONED
    conflict: bool = False
    beside: frozenset[Side] = frozenset()
    sides: frozenset[Side] = frozenset()


def decide(targets: Targets, mentions: list[Mention]) -> list[Decision]:
    """One decision a target, in the catalogue's order."""
    by_target: list[list[Mention]] = [[] for _ in targets.targets]
    for mention in mentions:
        by_target[mention.target].append(mention)
    # Of most candidates nothing is said at all.
    by_target = [_either_way(group) if group else group for group in by_target]
    found = [
        _told_beside(target, _decide(target, group), group) if group else _SILENCE
        for target, group in zip(targets.targets, by_target, strict=True)
    ]
    for parent in {parent for _, parent in targets.parents if found[parent].rule == "conflict/side"}:
        found[parent] = _without_children(targets, parent, by_target)
    return _with_parents(targets, found)


def _either_way(mentions: list[Mention]) -> list[Mention]:
    """Of "effusion or hemothorax" both are the same finding: it is there, whichever it is."""
    named = {(m.sentence.number, m.last) for m in mentions if m.rule in _OWN_CHOICES}
    choices = Counter(number for number, _ in named)
    return [
        m._replace(status=Status.PRESENT, rule="asserted/clause")
        if _is_choice(m) and choices[m.sentence.number] > 1
        else m
        for m in mentions
    ]


def _is_choice(mention: Mention) -> bool:
    return mention.rule.startswith("alternative")


def _told_beside(target: Target, decision: Decision, mentions: list[Mention]) -> Decision:
    """With the sides of what else asserts the same, where what decided names no place of its own.

    The impression often leaves out what the findings say.
    """
    if not decision.mentions:
        return decision
    known = (target.home | target.organs | {"lung", "breast", "lobe", "vessel"}) - UNPAIRED
    if any(word not in known and (word in ANATOMY or is_level(word)) for m in decision.mentions for word in _said(m)):
        return decision
    others = [each for each in mentions if each.side and _speaks(each) and each.status is not Status.ABSENT]
    if is_of_both_lungs(target.heads, target.organs):
        # What only may be edema lends no side to the edema of both lungs.
        others = [each for each in others if each.status is decision.status or each.side is Side.BILATERAL]
    told = frozenset(each.side for each in others if each.side)
    return decision._replace(beside=told) if told else decision


def _without_children(targets: Targets, parent: int, by_target: list[list[Mention]]) -> Decision:
    """The parent decided by what none of its children says: two kinds of it on two sides are no conflict."""
    said = tuple(each for at, above in targets.parents if above == parent for each in by_target[at])
    own = _of_its_own(tuple(by_target[parent]), said)
    return _decide(targets.targets[parent], [*own])


_SILENCE = Decision(Status.NOT_MENTIONED)


def _decide(target: Target, mentions: list[Mention]) -> Decision:
    every = [mention for mention in _outweighed(mentions, target) if _speaks(mention)]
    speaking = _whole(_unsigned(every, target), target)
    if not any(not mention.off_side for mention in speaking):
        silent = [mention for mention in mentions if mention.status is Status.NOT_MENTIONED]
        return Decision(Status.NOT_MENTIONED, (), silent[0].rule if silent else UNMENTIONED)
    addendum = _here([mention for mention in speaking if mention.sentence.kind is SectionKind.ADDENDUM])
    addendum = [each for each in addendum if not _is_of_another(each, speaking)]
    if addendum:
        status, why = _within(addendum, target)
        return Decision(status, _of(addendum, status), f"addendum/{why}")
    return _across(target, speaking, every)


def _is_of_another(denied: Mention, mentions: list[Mention]) -> bool:
    """Whether an addendum's denial is of a place that no assertion names: "no acetabular fracture" leaves the hip's."""
    place = _said(denied) & ANATOMY
    asserted = [_said(each) & ANATOMY for each in mentions if each.status is Status.PRESENT]
    named = [each for each in asserted if each]
    elsewhere = bool(named) and len(named) == len(asserted) and not any(related(place, each) for each in named)
    return denied.status is Status.ABSENT and bool(place) and elsewhere


def _outweighed(mentions: list[Mention], target: Target) -> list[Mention]:
    """Without general denials ("no fracture") where something like the candidate is asserted in its very place.

    A kind of what is asked by a name of no catalogue is so much like it: "old Colles fracture. No acute fracture."
    """
    if not any(mention.rule == NEAR or _is_kind(mention, target) for mention in mentions):
        return mentions
    return [mention for mention in mentions if not mention.rule.endswith("/general")]


def _is_kind(mention: Mention, target: Target) -> bool:
    return mention.sign and mention.status is Status.PRESENT and not target.candidate.definition


def _speaks(mention: Mention) -> bool:
    return mention.status in _SPEAKING and mention.sentence.kind not in SILENT


def _unsigned(mentions: list[Mention], target: Target) -> list[Mention]:
    """A sign supports its finding only where nothing names or denies it; a lesion stays one whatever it may be."""
    named = [mention for mention in mentions if not mention.sign]
    if not any(not m.off_side and m.rule != "normal" and not _is_of_other_side(m, mentions) for m in named):
        return mentions
    if LESIONS.isdisjoint(target.heads):
        return named
    hedged = {mention.sentence.number for mention in named if mention.status is Status.UNCERTAIN}
    asserted = any(mention.status is Status.PRESENT for mention in named)
    kept = [m for m in mentions if m.sign and m.lesion and m.sentence.number in hedged and (asserted or _enhances(m))]
    return [m for m in mentions if not m.sign or m in kept]


def _enhances(mention: Mention) -> bool:
    """Whether it is a lesion whatever its hedged name: what takes up contrast is more than a dark place."""
    return "enhance" in _said(mention)


def _is_of_other_side(denied: Mention, mentions: list[Mention]) -> bool:
    """Whether a denial is of one side and a sign of the other: "clot in the left artery. RIGHT lung EMBOLI FREE"."""
    one = denied.status is Status.ABSENT and denied.side in (Side.LEFT, Side.RIGHT)
    return one and any(m.sign and m.status is Status.PRESENT and m.side not in (None, denied.side) for m in mentions)


def _here(mentions: list[Mention]) -> list[Mention]:
    return [mention for mention in mentions if not mention.off_side]


def _whole(mentions: list[Mention], target: Target) -> list[Mention]:
    """Without the normal statements of one side, where the candidate is of either and the other is not normal."""
    if target.side is not None:
        return mentions
    sides = {mention.side for mention in mentions if mention.rule == "normal"}
    if None in sides or Side.BILATERAL in sides or sides >= {Side.LEFT, Side.RIGHT}:
        return mentions
    return [mention for mention in mentions if mention.rule != "normal"]


def _of(mentions: list[Mention], status: Status) -> tuple[Mention, ...]:
    """The mentions that carry the status, explicit ones first."""
    chosen = [mention for mention in mentions if mention.status is status]
    return tuple(sorted(chosen, key=lambda mention: mention.rule == "normal"))


def _within(mentions: list[Mention], target: Target) -> tuple[Status, str]:
    """Inside one section an assertion beats a hedge beats a denial; the denial is then of another kind or place."""
    firm = [mention for mention in mentions if not mention.weak and mention.rule != "normal"] or mentions
    firm = _by_name(_concluded(firm, target))
    for status in (Status.PRESENT, Status.UNCERTAIN, Status.ABSENT):
        chosen = [mention for mention in firm if mention.status is status]
        if chosen:
            return status, chosen[0].rule
    return Status.NOT_MENTIONED, UNMENTIONED


def _by_name(mentions: list[Mention]) -> list[Mention]:
    """A denial of the finding by its name outweighs a sign of it nearby: "prominent ventricles. No hydrocephalus"."""
    if any(mention.named and mention.status is not Status.ABSENT for mention in mentions):
        return mentions
    denied = any(mention.named and not mention.qualified and mention.rule.startswith("negated") for mention in mentions)
    return [mention for mention in mentions if mention.status is Status.ABSENT] if denied else mentions


def _concluded(mentions: list[Mention], target: Target) -> list[Mention]:
    """Of a sign and the hedged diagnosis after it in one sentence, the diagnosis; a lesion asserted stays one."""
    hedged = {m.sentence.number: m.first for m in mentions if m.status is Status.UNCERTAIN}
    if not hedged:
        return mentions
    if LESIONS.isdisjoint(target.heads):
        return [m for m in mentions if m.named or m.status is not Status.PRESENT or not _is_later(hedged, m)]
    asserted = {m.sentence.number: m.first for m in reversed(mentions) if m.status is Status.PRESENT}
    return [
        m for m in mentions if m.status is not Status.UNCERTAIN or asserted.get(m.sentence.number, m.first) >= m.first
    ]


def _is_later(places: dict[int, int], mention: Mention) -> bool:
    """Whether the mention's sentence has one of the places after it."""
    return places.get(mention.sentence.number, -1) > mention.first


def _across(target: Target, mentions: list[Mention], every: list[Mention]) -> Decision:
    """From findings and impression; `every`: the mentions with those that only support the finding."""
    impression = [mention for mention in mentions if mention.sentence.kind is SectionKind.IMPRESSION]
    findings = [mention for mention in mentions if mention.sentence.kind is not SectionKind.IMPRESSION]
    if target.candidate.sides and DEVICES.isdisjoint(target.heads) and sides_disagree(every):
        chosen = _of(findings, Status.PRESENT)[:1] + _of(impression, Status.PRESENT)[:1]
        return Decision(Status.UNCERTAIN, chosen, "conflict/side", conflict=True)
    findings, impression = _here(findings), _here(impression)
    if not impression or not findings:
        status, rule = _within(findings or impression, target)
        return Decision(status, _of(findings or impression, status), rule)
    return _findings_and_impression(target, findings, impression)


def _findings_and_impression(target: Target, findings: list[Mention], impression: list[Mention]) -> Decision:
    first, why = _within(findings, target)
    last, rule = _within(impression, target)
    both = findings + impression
    if first is last:
        return Decision(first, _of(both, first), rule)
    if {first, last} == {Status.PRESENT, Status.ABSENT}:
        if _contradict(target, findings, impression):
            chosen = _of(findings, first)[:1] + _of(impression, last)[:1]
            return Decision(Status.UNCERTAIN, chosen, "conflict/status", conflict=True)
        return Decision(Status.PRESENT, _of(both, Status.PRESENT), "asserted")
    if all(mention.weak or mention.rule == "normal" for mention in impression):
        return Decision(first, _of(findings, first), why)
    of_nature = _is_of_nature(target, findings, impression) or _is_of_other_name(target, findings, impression)
    if first is Status.PRESENT and last is Status.UNCERTAIN and of_nature:
        return Decision(first, _of(findings, first), why)
    return Decision(last, _of(impression, last), rule)


def _is_of_nature(target: Target, findings: list[Mention], impression: list[Mention]) -> bool:
    """Whether a lesion that the findings assert is hedged only in what it is: "lesions. ... PROBABLE HEMANGIOMAS"."""
    if LESIONS.isdisjoint(target.heads) or not any(mention.lesion for mention in findings):
        return False
    return all(LESIONS.isdisjoint(_said(mention)) for mention in impression)


def _is_of_other_name(target: Target, findings: list[Mention], impression: list[Mention]) -> bool:
    """Whether another of its own names is hedged than was asserted: "fibrosis. ... POSSIBLE ARACHNOIDITIS"."""
    asserted = [_said(mention) & target.heads for mention in findings if mention.status is Status.PRESENT]
    hedged = frozenset[str]().union(*(_said(mention) & target.heads for mention in impression))
    return bool(hedged) and any(named and named.isdisjoint(hedged) for named in asserted)


def _contradict(target: Target, findings: list[Mention], impression: list[Mention]) -> bool:
    """A plain denial in one part against a plain assertion of the same thing in the other."""
    for denied, asserted in ((findings, impression), (impression, findings)):
        no, yes = _of(denied, Status.ABSENT), _of(asserted, Status.PRESENT)
        if any(_denies(one, other, target) for one in no for other in yes):
            return not any(m.status is Status.PRESENT for m in denied)
    return False


def _denies(denied: Mention, asserted: Mention, target: Target) -> bool:
    if _is_of_acute(denied, target) and "acute" in _said(asserted):
        return True
    if "active" in _said(denied) and not _SETTLED.isdisjoint(_said(asserted)):
        return False
    return _is_plain(denied, target) and _same_thing(denied, asserted)


def _is_plain(mention: Mention, target: Target) -> bool:
    """Whether a denial is of the whole finding; a normal statement is where it is of the organ the name says."""
    if mention.weak:
        return False
    if mention.rule == "normal":
        own = target.organs or target.home or frozenset(chain.from_iterable(each.subject for each in target.normals))
        return not own.isdisjoint(_said(mention))
    return not mention.qualified


def _is_of_acute(mention: Mention, target: Target) -> bool:
    """Whether it denies the finding as far as it is acute, and says no more: "no acute fracture"."""
    said = _said(mention)
    return "acute" in said and not mention.weak and mention.rule != "normal" and said - {"acute"} <= target.heads


def _same_thing(denied: Mention, asserted: Mention) -> bool:
    """Whether both may speak of one thing: nothing says that they are in two places or of two ages."""
    said, other = _said(denied), _said(asserted)
    if denied.rule == "normal":
        # "The posterior bright spot is preserved": a part or a side that is normal leaves the rest.
        if {denied.side, asserted.side} == {Side.LEFT, Side.RIGHT}:
            return False
        return not (other & (frozenset(OPPOSITES) - _AGES | ANATOMY) - said) and not said & _PARTS - other
    return "new" not in other and not any(OPPOSITES[word] & other for word in said & OPPOSITES.keys())


def _said(mention: Mention) -> frozenset[str]:
    """The canonical words of the mention; of a normal statement those of its sentence."""
    tokens = mention.sentence.tokens
    own = tokens if mention.rule == "normal" else tokens[mention.first : mention.last]
    return frozenset(word for token in own for word in token.canon)


def _with_parents(targets: Targets, found: list[Decision]) -> list[Decision]:
    """A present child makes its unmentioned parent present; a denied parent denies its unmentioned children."""
    result = list(found)
    for at, parent in targets.parents:
        child, above = found[at], result[parent]
        if child.status in (Status.PRESENT, Status.UNCERTAIN) and _yields(above):
            implied = CHILD_BY_SIGN if _is_only_sign(targets.targets[at], child) else "child/"
            result[parent] = child._replace(rule=f"{implied}{child.rule}")
        elif child.status is above.status and child.status in (Status.PRESENT, Status.UNCERTAIN):
            own = _of_its_own(above.mentions, child.mentions)
            # A healing fracture is one of the fractures; a rib's is told by itself.
            kind = _is_kind_of(targets.targets[at], targets.targets[parent])
            sides = frozenset(each.side for each in above.mentions if each.side and kind)
            result[parent] = above._replace(mentions=own, sides=above.sides | sides)
        elif child.status is Status.NOT_MENTIONED and _denies_all(above):
            result[at] = above._replace(rule=f"parent/{above.rule}")
    return result


def _is_only_sign(target: Target, child: Decision) -> bool:
    """Whether the child is told by signs of it alone; a drain told by its kind is a device all the same."""
    return DEVICES.isdisjoint(target.heads) and all(mention.sign for mention in child.mentions)


def _is_kind_of(child: Target, parent: Target) -> bool:
    """Whether the child's name adds a kind or an age to the parent's, no place."""
    return child.organs <= parent.organs and not child.heads.isdisjoint(parent.heads)


def _of_its_own(above: tuple[Mention, ...], child: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """A parent's mentions without those that are its child's; all where it has no other."""
    known = {(each.sentence.number, at) for each in child if _speaks(each) for at in range(each.first, each.last)}
    own = tuple(
        each for each in above if known.isdisjoint((each.sentence.number, at) for at in range(each.first, each.last))
    )
    return own or above


def _yields(decision: Decision) -> bool:
    return decision.status is Status.NOT_MENTIONED or (
        decision.status is Status.ABSENT and all(m.weak or m.rule == "normal" for m in decision.mentions)
    )


def _denies_all(decision: Decision) -> bool:
    return decision.status is Status.ABSENT and any(
        not mention.qualified and not mention.weak and mention.rule != "normal" for mention in decision.mentions
    )
