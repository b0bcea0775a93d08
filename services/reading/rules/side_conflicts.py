"""Whether findings and impression tell one finding on different sides."""

from __future__ import annotations

from integration.canonical import SectionKind, Side, Status
from services.reading.rules.mentions import Mention


def sides_disagree(mentions: list[Mention]) -> bool:
    """Whether findings and impression each name one side, and not the same."""
    return _name_two(mentions) and _name_two(_named_or_signs(mentions))


def _name_two(mentions: list[Mention]) -> bool:
    impression = _sides([each for each in mentions if each.sentence.kind is SectionKind.IMPRESSION])
    findings = _sides([each for each in mentions if each.sentence.kind is not SectionKind.IMPRESSION])
    return {findings, impression} == {frozenset({Side.LEFT}), frozenset({Side.RIGHT})}


def _named_or_signs(mentions: list[Mention]) -> list[Mention]:
    """Of each part those that name the finding, else its signs: beside the name these may be another's."""
    parts = [
        [each for each in mentions if (each.sentence.kind is SectionKind.IMPRESSION) is last] for last in (False, True)
    ]
    return [each for part in parts for each in [m for m in part if not m.sign and _is_present(m)] or part]


def _is_present(mention: Mention) -> bool:
    return mention.status is Status.PRESENT


def _sides(mentions: list[Mention]) -> frozenset[Side]:
    """The sides asserted; where none is named, that of the exam."""
    return frozenset(m.side for m in mentions if m.side is not None and m.status is Status.PRESENT)
