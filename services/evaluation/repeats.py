"""An engine asked the same several times: how far its scores move when nothing else does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from integration.canonical import Record
from services.evaluation.answers import Answered
from services.evaluation.dataset import Labelled
from services.evaluation.figures import scores
from services.evaluation.labels import labels_of


class Repeat(Record):
    """One time of asking. `changed`: share of the labels that were answered otherwise than the first time."""

    accuracy: float
    macro_f1: float
    changed: float


def repeats_of(items: Sequence[Labelled], runs: Sequence[Mapping[str, Sequence[Answered]]]) -> dict[str, list[Repeat]]:
    """By engine, every time of asking, the first one first. `runs`: answers by engine, in the order of the reports."""
    labels = [labels_of(items, run) for run in runs]
    first = labels[0].said
    found: dict[str, list[Repeat]] = {name: [] for name in first}
    for each in labels:
        for name, said in each.said.items():
            point = scores(each.counts(name).sum(0))
            changed = float(np.mean(said != first[name]))
            found[name].append(
                Repeat(accuracy=float(point.accuracy), macro_f1=float(point.macro_f1), changed=round(changed, 6))
            )
    return found
