"""Labels beside answers as arrays, so that every figure is one sum and every resample one product of matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integration.canonical import Status, sha256
from services.evaluation.answers import Answered
from services.evaluation.dataset import Labelled

STATUSES = (Status.PRESENT, Status.ABSENT, Status.UNCERTAIN, Status.NOT_MENTIONED)
FAILED = len(STATUSES)
"""What was said where there is no answer."""
CELLS = len(STATUSES) * (FAILED + 1)
UNSUPPORTED = CELLS
WIDTH = CELLS + 1

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """All labels of a set in a row, report by report. Arrays of one length: `report` (index into `ids`), `gold`,
    and `said` and `unsupported` by engine; codes as in STATUSES and FAILED.

    `ids` name reports by a digest: no name a house gives its reports stands in a result.
    """

    ids: tuple[str, ...]
    report: Ints
    gold: Ints
    findings: tuple[str, ...]
    catalogues: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]
    said: Mapping[str, Ints]
    unsupported: Mapping[str, NDArray[np.bool_]]

    def counts(self, engine: str, chosen: NDArray[np.bool_] | None = None) -> Ints:
        """(reports, WIDTH): how often gold met what was said in each report, then its unsupported labels."""
        where = np.ones(len(self.gold), bool) if chosen is None else chosen
        table = np.zeros((len(self.ids), WIDTH), np.int64)
        cell = self.gold * (FAILED + 1) + self.said[engine]
        np.add.at(table, (self.report[where], cell[where]), 1)
        np.add.at(table[:, UNSUPPORTED], self.report[where], self.unsupported[engine][where].astype(np.int64))
        return table

    def right(self, engine: str) -> NDArray[np.bool_]:
        """Which labels the engine got right."""
        return np.asarray(self.said[engine] == self.gold)


def report_id(item: Labelled) -> str:
    """12 hexadecimal digits of what a report is called and says."""
    return sha256(item.id, item.text)[:12]


def labels_of(items: Sequence[Labelled], answers: Mapping[str, Sequence[Answered]]) -> Labels:
    """The labels of a set beside each engine's answers, which are in the order of the reports."""
    rows = [(index, candidate) for index, item in enumerate(items) for candidate in item.candidates]
    return Labels(
        ids=tuple(map(report_id, items)),
        report=np.array([index for index, _ in rows], np.int64),
        gold=np.array([STATUSES.index(items[index].gold[name].status) for index, name in rows], np.int64),
        findings=tuple(name for _, name in rows),
        catalogues=tuple(item.catalogue for item in items),
        tags=tuple(item.tags for item in items),
        said={e: np.array([_code(given[i], name) for i, name in rows], np.int64) for e, given in answers.items()},
        unsupported={e: np.array([_bare(given[i], name) for i, name in rows], bool) for e, given in answers.items()},
    )


def _code(answer: Answered, candidate: str) -> int:
    return FAILED if answer.failure else STATUSES.index(answer.said[candidate].status)


def _bare(answer: Answered, candidate: str) -> bool:
    return not answer.failure and answer.said[candidate].unsupported
