"""How an engine's answers compare with the labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from integration.canonical import Record, Status
from services.evaluation.batch import answer
from services.evaluation.dataset import Labelled
from services.reading.catalogue import Library
from services.reading.reader import Reader

SCORED = (Status.PRESENT, Status.ABSENT, Status.UNCERTAIN)


class Pair(Record):
    """One label beside one answer. `candidate` as the data set names it; `exact`: every quote stands in the text."""

    report: str
    catalogue: str
    candidate: str
    gold: Status
    said: Status
    evidence: tuple[str, ...] = ()
    exact: bool = True


class StatusScore(Record):
    """Precision, recall and F1 of one status, each in [0, 1]; `labels`: how often the gold has it."""

    labels: int
    precision: float
    recall: float
    f1: float


class Score(Record):
    """An engine against a data set.

    `macro_f1`: mean F1 over present, absent and uncertain. `polarity_flips`: present said for absent or absent
    for present. `invented`: something said of a finding the report does not mention. `missed`: the reverse.
    `inexact_quotes`: quotes that are no slice of their report.
    """

    reports: int
    labels: int
    macro_f1: float
    accuracy: float
    polarity_flips: int
    invented: int
    missed: int
    inexact_quotes: int
    statuses: dict[Status, StatusScore]


def pairs(items: Iterable[Labelled], reader: Reader, library: Library) -> list[Pair]:
    """Every label beside the reader's answer."""
    return [pair for item in items for pair in _pairs(item, answer(item.asked(), reader, library))]


def _pairs(item: Labelled, answered: dict[str, list[dict[str, object]]]) -> Iterable[Pair]:
    for candidate, found in zip(item.candidates, answered["findings"], strict=True):
        evidence = tuple(map(str, found["evidence"]))  # type: ignore[call-overload]
        yield Pair(
            report=item.id,
            catalogue=item.catalogue,
            candidate=candidate,
            gold=item.gold[candidate].status,
            said=Status(str(found["status"])),
            evidence=evidence,
            exact=all(quote in item.text for quote in evidence),
        )


def score(found: Sequence[Pair]) -> Score:
    """The figures over any selection of pairs."""
    table = Counter((pair.gold, pair.said) for pair in found)
    statuses = {status: _status(table, status) for status in SCORED}
    silent = Status.NOT_MENTIONED
    return Score(
        reports=len({pair.report for pair in found}),
        labels=len(found),
        macro_f1=sum(each.f1 for each in statuses.values()) / len(SCORED),
        accuracy=_ratio(sum(table[status, status] for status in Status), len(found)),
        polarity_flips=table[Status.PRESENT, Status.ABSENT] + table[Status.ABSENT, Status.PRESENT],
        invented=sum(table[silent, status] for status in SCORED),
        missed=sum(table[status, silent] for status in SCORED),
        inexact_quotes=sum(not pair.exact for pair in found),
        statuses=statuses,
    )


def by_catalogue(found: Sequence[Pair]) -> dict[str, Score]:
    """The figures of each catalogue, in order of first appearance."""
    groups: dict[str, list[Pair]] = {}
    for pair in found:
        groups.setdefault(pair.catalogue, []).append(pair)
    return {catalogue: score(group) for catalogue, group in groups.items()}


def _status(table: Counter[tuple[Status, Status]], status: Status) -> StatusScore:
    right = table[status, status]
    labels = sum(count for (gold, _), count in table.items() if gold is status)
    said = sum(count for (_, answer), count in table.items() if answer is status)
    precision, recall = _ratio(right, said), _ratio(right, labels)
    return StatusScore(
        labels=labels, precision=precision, recall=recall, f1=_ratio(2 * precision * recall, precision + recall)
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
