"""Two results of one data set: what changed between them, and what got worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from integration.canonical import Record, Status
from services.evaluation.figures import Figures, figures, weights
from services.evaluation.labels import STATUSES, Labels
from services.evaluation.pairs import Paired, paired
from services.evaluation.result import LETTERS, EngineResult, ReportLabels, Result, ResultError

BEFORE, AFTER = "before", "after"
POLAR = {STATUSES.index(Status.PRESENT), STATUSES.index(Status.ABSENT)}


class Moved(Record):
    """A group of labels and what became of it: `fixed` were wrong and are right, `broken` the reverse.

    `kind`: finding, catalogue or tag. `new_flips`: present said for absent or the reverse, and not before.
    """

    kind: str
    name: str
    labels: int
    fixed: int
    broken: int
    new_flips: int


class Comparison(Record):
    """An engine of one result against an engine of another, on the labels both have.

    `versions`: what differs, as (before, after). `left_out`: labels that only one result has, or that were
    relabelled or whose report's text changed. `worse`: every group with a label that was right and is not, however
    many were fixed beside it.
    """

    before: str
    after: str
    versions: dict[str, tuple[str, str]]
    reports: int
    left_out: int
    complete: bool
    figures_before: Figures
    figures_after: Figures
    difference: Paired
    worse: tuple[Moved, ...]
    better: tuple[Moved, ...]


def compare(before: Result, after: Result, engine: str = "") -> list[Comparison]:
    """`after` against `before`, engine by engine of the same name, or the two there are when each has one.

    Raises ResultError when there is nothing to compare.
    """
    pairs = _engines(before, after, engine)
    if not pairs:
        raise ResultError("no engine stands in both results; name one with --engine")
    return [_compared(before, after, a, b) for a, b in pairs]


def _engines(before: Result, after: Result, engine: str) -> list[tuple[EngineResult, EngineResult]]:
    old, new = ({each.name: each for each in result.engines} for result in (before, after))
    if not engine and len(old) == len(new) == 1:
        return [(before.engines[0], after.engines[0])]
    names = [engine] if engine else list(old)
    return [(old[name], new[name]) for name in names if name in old and name in new]


class _Row(NamedTuple):
    finding: str
    gold: str
    before: str
    after: str


def _compared(before: Result, after: Result, a: EngineResult, b: EngineResult) -> Comparison:
    rows = {each.id: (each, _rows(each, old, a.name, b.name)) for old, each in _shared(before, after)}
    shared = [(report, own) for report, own in rows.values() if own]
    if not shared:
        raise ResultError("the two results share no label: they are of different data sets")
    labels = _labels(shared)
    drawn = weights(len(shared), after.resamples, after.seed)
    moved = list(_moved(labels))
    return Comparison(
        before=a.name,
        after=b.name,
        versions=_versions(a, b),
        reports=len(shared),
        left_out=_union(before, after) - len(labels.gold),
        complete=a.complete and b.complete,
        figures_before=figures(labels.counts(BEFORE), drawn),
        figures_after=figures(labels.counts(AFTER), drawn),
        difference=paired(labels, BEFORE, AFTER, drawn),
        worse=_sorted(each for each in moved if each.broken or each.new_flips),
        better=_sorted(each for each in moved if not (each.broken or each.new_flips)),
    )


def _shared(before: Result, after: Result) -> Iterator[tuple[ReportLabels, ReportLabels]]:
    old = {each.id: each for each in before.labels}
    return ((old[each.id], each) for each in after.labels if each.id in old)


def _rows(new: ReportLabels, old: ReportLabels, a: str, b: str) -> list[_Row]:
    """The labels both have under the same gold."""
    was = {name: (gold, said) for name, gold, said in zip(old.findings, old.gold, old.said[a], strict=True)}
    return [
        _Row(name, gold, was[name][1], said)
        for name, gold, said in zip(new.findings, new.gold, new.said[b], strict=True)
        if name in was and was[name][0] == gold
    ]


def _union(before: Result, after: Result) -> int:
    names = {(each.id, name) for result in (before, after) for each in result.labels for name in each.findings}
    return len(names)


def _labels(shared: Sequence[tuple[ReportLabels, list[_Row]]]) -> Labels:
    rows = [(index, row) for index, (_, own) in enumerate(shared) for row in own]
    said = {BEFORE: [row.before for _, row in rows], AFTER: [row.after for _, row in rows]}
    return Labels(
        ids=tuple(report.id for report, _ in shared),
        report=np.array([index for index, _ in rows], np.int64),
        gold=np.array([LETTERS.index(row.gold) for _, row in rows], np.int64),
        findings=tuple(row.finding for _, row in rows),
        catalogues=tuple(report.catalogue for report, _ in shared),
        tags=tuple(report.tags for report, _ in shared),
        said={name: np.array([LETTERS.index(each.lower()) for each in own], np.int64) for name, own in said.items()},
        unsupported={name: np.array([each.isupper() for each in own], bool) for name, own in said.items()},
    )


def _versions(a: EngineResult, b: EngineResult) -> dict[str, tuple[str, str]]:
    old, new = a.versions.model_dump(mode="json"), b.versions.model_dump(mode="json")
    return {name: (str(old[name]), str(new[name])) for name in old if old[name] != new[name]}


def _moved(labels: Labels) -> Iterator[Moved]:
    """Every group with what was fixed and broken in it."""
    was, now = labels.right(BEFORE), labels.right(AFTER)
    total, fixed, broken, flips = (Counter[tuple[str, str]]() for _ in range(4))
    for label, groups in enumerate(_groups(labels)):
        for group in groups:
            total[group] += 1
            fixed[group] += bool(now[label] and not was[label])
            broken[group] += bool(was[label] and not now[label])
            flips[group] += _is_new_flip(labels, label)
    for kind, name in total:
        group = (kind, name)
        moved = Moved(
            kind=kind,
            name=name,
            labels=total[group],
            fixed=fixed[group],
            broken=broken[group],
            new_flips=flips[group],
        )
        if moved.fixed or moved.broken or moved.new_flips:
            yield moved


def _groups(labels: Labels) -> Iterator[list[tuple[str, str]]]:
    for label, finding in enumerate(labels.findings):
        report = labels.report[label]
        tags = [("tag", tag) for tag in labels.tags[report]]
        yield [("finding", finding), ("catalogue", labels.catalogues[report]), *tags]


def _is_new_flip(labels: Labels, label: int) -> bool:
    gold, was, now = (int(each[label]) for each in (labels.gold, labels.said[BEFORE], labels.said[AFTER]))
    return {gold, now} == POLAR and {gold, was} != POLAR


def _sorted(groups: Iterator[Moved]) -> tuple[Moved, ...]:
    kinds = ("finding", "catalogue", "tag")
    return tuple(sorted(groups, key=lambda each: (kinds.index(each.kind), -each.broken, -each.fixed, each.name)))
