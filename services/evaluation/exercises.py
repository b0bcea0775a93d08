"""Exercises for reviewers: labelled reports with suggestions of which some are known to be wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from integration.canonical import Quote, Record, Side, Status, Verdict
from services.evaluation.dataset import Gold, Labelled
from services.reading.catalogue import Library
from services.reading.reader import Candidate

SHOWN = (Status.PRESENT, Status.UNCERTAIN)
OTHER_SIDE = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
RATIONALE = {
    Status.PRESENT: "The report asserts it.",
    Status.UNCERTAIN: "The report leaves it open.",
}


class Planned(Record):
    """One exercise. `verdict`: what is suggested, None for a finding left out. `kind` as the table's CHECK."""

    kind: str
    candidate: Candidate
    truth: Gold
    side: Side | None = None
    verdict: Verdict | None = None


def plan(item: Labelled, library: Library, chance: random.Random, wrong_share: float) -> list[Planned]:
    """The exercises of one report: right ones, and with a chance of `wrong_share` one of them wrong."""
    known = _known(item, library)
    order = {candidate.finding.id: place for place, (candidate, _) in enumerate(known)}
    right = [_right(item, *each) for each in known if each[1].status in SHOWN]
    if chance.random() >= wrong_share:
        return right
    ways: dict[str, list[list[Planned]]] = {}
    for kind, exercises in _ways(item, known, right):
        ways.setdefault(kind, []).append(exercises)
    # The kind first, so that a report with many denials is not always wrong about one of them.
    chosen = chance.choice(ways[chance.choice(sorted(ways))]) if ways else right
    # In the order of the catalogue: nothing in its place tells which one is wrong.
    return sorted(chosen, key=lambda each: order[each.candidate.finding.id])


def _known(item: Labelled, library: Library) -> list[tuple[Candidate, Gold]]:
    """Labels of catalogue findings with a quote to show."""
    found = ((library.find(name), item.gold[name]) for name in item.candidates if name not in item.names)
    return [(candidate, gold) for candidate, gold in found if candidate and gold.quotes]


def _ways(
    item: Labelled, known: Sequence[tuple[Candidate, Gold]], right: Sequence[Planned]
) -> Iterator[tuple[str, list[Planned]]]:
    """Each way in which one suggestion of this report can be wrong: its kind, and the report's exercises then."""
    for candidate, gold in known:
        if gold.status is Status.ABSENT:
            yield "wrong_status", [*right, _said(item, candidate, gold, Status.PRESENT, "wrong_status")]
    for at, each in enumerate(right):
        others = [*right[:at], *right[at + 1 :]]
        for wrong in _wrong(item, each):
            yield wrong.kind, [*others, wrong]


def _wrong(item: Labelled, right: Planned) -> Iterator[Planned]:
    """What can be made of a right suggestion."""
    if right.truth.status is Status.UNCERTAIN:
        yield _said(item, right.candidate, right.truth, Status.PRESENT, "wrong_status")
    if right.verdict and right.side in OTHER_SIDE:
        turned = right.verdict.model_copy(update={"side": OTHER_SIDE[right.side]})
        yield right.model_copy(update={"kind": "wrong_side", "verdict": turned})
    if right.truth.status is Status.PRESENT:
        yield right.model_copy(update={"kind": "omitted", "verdict": None})


def _right(item: Labelled, candidate: Candidate, gold: Gold) -> Planned:
    return _said(item, candidate, gold, gold.status, "correct")


def _said(item: Labelled, candidate: Candidate, gold: Gold, status: Status, kind: str) -> Planned:
    side = _side(candidate, gold)
    verdict = Verdict(
        finding=candidate.finding, status=status, side=side, quotes=_quotes(item, gold), rationale=RATIONALE[status]
    )
    return Planned(kind=kind, candidate=candidate, truth=gold, side=side, verdict=verdict)


def _side(candidate: Candidate, gold: Gold) -> Side | None:
    """The side its quote names, where it names one."""
    said = {side for side in Side if any(side.value in quote.lower().split() for quote in gold.quotes)}
    return said.pop() if candidate.sides and len(said) == 1 else None


def _quotes(item: Labelled, gold: Gold) -> tuple[Quote, ...]:
    starts = ((quote, item.text.find(quote)) for quote in gold.quotes)
    return tuple(Quote(text=quote, start=at, end=at + len(quote)) for quote, at in starts if at >= 0)
