"""What always lies on a side takes that of what is told with it: "right port with a thrombus", "left mass, cysts"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integration.canonical import Side, Status
from services.reading.rules.exam import Exam
from services.reading.rules.mentions import Mention
from services.reading.rules.openings import OF_LIMBS
from services.reading.rules.targets import Target
from services.reading.rules.wordset import wordset

_TOLD = (Status.PRESENT, Status.UNCERTAIN)
# What joins a thing of its own.
_OWN = wordset("as well")
_PLURAL = re.compile(r"(?<!s)(?<!si)(?<!u)s\Z")
_TRUNK = wordset("chest abdomen spine head")


def with_lent_sides(own: Sequence[Mention], targets: Sequence[Target], before: Side | None) -> list[Mention]:
    """The mentions of one sentence; one without a side, of what always has one, with the one side told with it.

    `before`: the side told last, where one of a pair is told after the other; it holds where no mention has a side.
    """
    sided = [each for each in own if each.side and each.status in _TOLD]
    sides = {each.side for each in sided} or {before}
    side = sides.pop() if len(sides) == 1 else None
    if side is None:
        return [*own]
    first = min(sided, key=lambda each: each.first, default=None)
    return [each._replace(lent_side=side) if _lacks_side(each, first, targets) else each for each in own]


def _lacks_side(mention: Mention, sided: Mention | None, targets: Sequence[Target]) -> bool:
    """Whether it tells of what always has a side, names none, and is told with the `sided` one if there is any."""
    told = mention.side is None and mention.status in _TOLD and targets[mention.target].candidate.one_sided
    return told and (sided is None or _reaches(sided, mention))


def _reaches(sided: Mention, other: Mention) -> bool:
    """Whether the side of one is likely that of the other: of what follows; before it, of one thing told with it.

    "Scalp swelling WITH A FRACTURE OF THE LEFT temporal bone"; not "effusions with left atelectasis", "X as well as Y".
    """
    if sided.first <= other.first:
        return True
    tokens = other.sentence.tokens
    between = {token.text for token in tokens[other.last : sided.first]}
    return _PLURAL.search(tokens[other.last - 1].text) is None and between.isdisjoint(_OWN)


def lends_last(exam: Exam) -> bool:
    """Whether the exam is of breasts or limbs, which are told one after the other."""
    return not exam.covered.isdisjoint(OF_LIMBS) and exam.covered.isdisjoint(_TRUNK)
