"""Many mentions, one verdict: addendum over body, impression over findings, explicit over implied."""

from __future__ import annotations

from typing import NamedTuple

from integration.canonical import SectionKind, Side, Status
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.mentions import Mention
from services.reading.rules.silence import UNMENTIONED
from services.reading.rules.targets import Target, Targets
from services.reading.rules.words import OPPOSITES

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
# Findings that are only described: there whatever they turn out to be.
_LESIONS = frozenset({"lesion", "mass", "nodule", "focus"})
_SPEAKING = (Status.PRESENT, Status.ABSENT, Status.UNCERTAIN)


class Decision(NamedTuple):
    """The status of one target, the mentions it rests on, and the rule that decided."""

    status: Status
    mentions: tuple[Mention, ...] = ()
    rule: str = UNMENTIONED
    conflict: bool = False


def decide(targets: Targets, mentions: list[Mention]) -> list[Decision]:
    """One decision a target, in the catalogue's order."""
    by_target: list[list[Mention]] = [[] for _ in targets.targets]
    for mention in mentions:
        by_target[mention.target].append(mention)
    found = [_decide(target, group) for target, group in zip(targets.targets, by_target, strict=True)]
    return _with_parents(targets, found)


_SILENCE = Decision(Status.NOT_MENTIONED)


def _decide(target: Target, mentions: list[Mention]) -> Decision:
    if not mentions:
        return _SILENCE
    speaking = _whole([mention for mention in mentions if _speaks(mention)], target)
    if not any(not mention.off_side for mention in speaking):
        silent = [mention for mention in mentions if mention.status is Status.NOT_MENTIONED]
        return Decision(Status.NOT_MENTIONED, (), silent[0].rule if silent else UNMENTIONED)
    addendum = _here([mention for mention in speaking if mention.sentence.kind is SectionKind.ADDENDUM])
    if addendum:
        status, why = _within(addendum, target)
        return Decision(status, _of(addendum, status), f"addendum/{why}")
    return _across(target, speaking)


def _speaks(mention: Mention) -> bool:
    return mention.status in _SPEAKING and mention.sentence.kind not in SILENT


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
    hedged = {(m.sentence.number, m.first) for m in mentions if m.status is Status.UNCERTAIN}
    if hedged and not _LESIONS.isdisjoint(target.heads):
        asserted = {(m.sentence.number, m.first) for m in mentions if m.status is Status.PRESENT}
        return [
            mention
            for mention in mentions
            if mention.status is not Status.UNCERTAIN
            or not any(number == mention.sentence.number and first < mention.first for number, first in asserted)
        ]
    return [
        mention
        for mention in mentions
        if mention.status is not Status.PRESENT
        or mention.named
        or not any(number == mention.sentence.number and mention.first < first for number, first in hedged)
    ]


def _across(target: Target, mentions: list[Mention]) -> Decision:
    impression = [mention for mention in mentions if mention.sentence.kind is SectionKind.IMPRESSION]
    findings = [mention for mention in mentions if mention.sentence.kind is not SectionKind.IMPRESSION]
    if _sides_disagree(findings, impression):
        chosen = _of(findings, Status.PRESENT)[:1] + _of(impression, Status.PRESENT)[:1]
        status = Status.UNCERTAIN if target.side else Status.PRESENT
        return Decision(status, chosen, "conflict/side", conflict=True)
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
        if _contradict(findings, impression):
            chosen = _of(findings, first)[:1] + _of(impression, last)[:1]
            return Decision(Status.UNCERTAIN, chosen, "conflict/status", conflict=True)
        return Decision(Status.PRESENT, _of(both, Status.PRESENT), "asserted")
    if all(mention.weak or mention.rule == "normal" for mention in impression):
        return Decision(first, _of(findings, first), why)
    return Decision(last, _of(impression, last), rule)


def _contradict(findings: list[Mention], impression: list[Mention]) -> bool:
    """A plain denial in one part against a plain assertion in the other."""
    for denied, asserted in ((findings, impression), (impression, findings)):
        plain = [m for m in denied if m.status is Status.ABSENT and _is_plain(m)]
        if any(_same_place(one, other) for one in plain for other in asserted if other.status is Status.PRESENT):
            return not any(m.status is Status.PRESENT for m in denied)
    return False


def _is_plain(mention: Mention) -> bool:
    return not mention.weak and (mention.rule == "normal" or not mention.qualified)


def _same_place(denied: Mention, asserted: Mention) -> bool:
    """A normal statement of one part does not contradict a finding in another ("ascending", "descending")."""
    if denied.rule != "normal":
        return True
    parts = frozenset(OPPOSITES) | ANATOMY
    said = {word for token in asserted.sentence.tokens[asserted.first : asserted.last] for word in token.canon}
    normal = {word for token in denied.sentence.tokens for word in token.canon}
    return not (said & parts - normal)


def _sides_disagree(findings: list[Mention], impression: list[Mention]) -> bool:
    first, last = _sides(findings), _sides(impression)
    return bool(first and last) and {first, last} == {frozenset({Side.LEFT}), frozenset({Side.RIGHT})}


def _sides(mentions: list[Mention]) -> frozenset[Side]:
    return frozenset(m.side for m in mentions if m.side is not None and m.status is Status.PRESENT)


def _with_parents(targets: Targets, found: list[Decision]) -> list[Decision]:
    """A present child makes its unmentioned parent present; a denied parent denies its unmentioned children."""
    result = list(found)
    for at, parent in targets.parents:
        child, above = found[at], found[parent]
        if child.status in (Status.PRESENT, Status.UNCERTAIN) and _yields(above):
            result[parent] = child._replace(rule=f"child/{child.rule}")
        elif child.status is Status.NOT_MENTIONED and _denies_all(above):
            result[at] = above._replace(rule=f"parent/{above.rule}")
    return result


def _yields(decision: Decision) -> bool:
    return decision.status is Status.NOT_MENTIONED or (
        decision.status is Status.ABSENT and all(m.weak or m.rule == "normal" for m in decision.mentions)
    )


def _denies_all(decision: Decision) -> bool:
    return decision.status is Status.ABSENT and any(
        not mention.qualified and not mention.weak and mention.rule != "normal" for mention in decision.mentions
    )
