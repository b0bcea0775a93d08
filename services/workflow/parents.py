"""A parent that a model names in the words of its child asks for no decision of its own.

"The heart is enlarged" is cardiomegaly, and an enlarged cardiomediastinum too: the reviewer decides the finding that
says more, once. What the parent says beyond its children (other words, a side, a critical event) stays a suggestion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integration.canonical import Side, Status, Verdict
from services.reading.reader import Reading, ancestors

_ASSERTED = (Status.PRESENT, Status.UNCERTAIN)


def folded(reading: Reading, rules: Reading, parents: Mapping[str, str]) -> Reading:
    """The model's reading without the parents that say no more than a child which it or the rules suggest.

    `parents`: finding → the less specific one it implies. Such a verdict stays in the reading, and is not shown.
    """
    suggested = [each for each in (*reading.verdicts, *rules.verdicts) if each.shown and each.status in _ASSERTED]
    apart = {each.finding.id for each in rules.verdicts if each.shown and each.status in _ASSERTED}
    hidden = {
        each.finding.id
        for each in reading.verdicts
        if each.status in _ASSERTED
        and each.finding.id not in apart
        and _says_no_more(
            each, [child for child in suggested if each.finding.id in ancestors(child.finding.id, parents)]
        )
    }
    return reading.model_copy(update={"verdicts": tuple(_shown(each, hidden) for each in reading.verdicts)})


def _shown(verdict: Verdict, hidden: set[str]) -> Verdict:
    return verdict.model_copy(update={"shown": False}) if verdict.finding.id in hidden else verdict


def _says_no_more(parent: Verdict, children: Sequence[Verdict]) -> bool:
    """Whether its children say at least as much: as surely, as gravely, of the same side, in the same words."""
    sure = [each for each in children if each.status in (Status.PRESENT, parent.status)]
    grave = not parent.finding.critical or any(each.finding.critical for each in sure)
    sides = {each.side for each in sure}
    sided = parent.side is None or parent.side in sides or Side.BILATERAL in sides
    quotes = [quote for each in sure for quote in each.quotes]
    words = bool(parent.quotes) and all(
        any(quote.start < other.end and other.start < quote.end for other in quotes) for quote in parent.quotes
    )
    return grave and sided and words
