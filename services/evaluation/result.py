"""The result of an evaluation: what results.json holds, and everything the other forms are made from.

No word of a report and no name a house gives it stands in a result: it can be sent where reports cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationError

from integration.canonical import Record
from services.engines import About
from services.evaluation.answers import Answered
from services.evaluation.contestants import Contestant, Versions
from services.evaluation.costs import Costs, costs
from services.evaluation.dataset import Labelled, Origin, digest, is_frozen
from services.evaluation.errors import EvaluationError
from services.evaluation.figures import Figures, figures, weights
from services.evaluation.labels import Floats, Ints, Labels, labels_of, report_id
from services.evaluation.pairs import Paired, all_pairs
from services.evaluation.repeats import Repeat, repeats_of
from services.reading.reader import Failing

FORMAT = 1
LETTERS = "paun-"
"""One letter a label, in the order of STATUSES; "-": the report has no answer. Capital: unsupported."""


class ResultError(EvaluationError):
    """A file is no result of an evaluation; says which and why."""


class Dataset(Record):
    """Which reports. `digest` names their content; `origins` counts them."""

    name: str
    digest: str
    reports: int
    labels: int
    origins: dict[Origin, int]
    frozen: bool = False


class Group(Record):
    """The figures of some of the labels: those of one finding, one tag or one catalogue."""

    name: str
    figures: Figures


class EngineResult(Record):
    """One engine. `complete`: no report is missing because the engine was away. Kept baselines have no groups.

    Scores are of the first time of asking; `repeats`: of every time, where there was more than one.
    """

    name: str
    versions: Versions
    about: About
    figures: Figures
    findings: tuple[Group, ...] = ()
    tags: tuple[Group, ...] = ()
    catalogues: tuple[Group, ...] = ()
    costs: Costs
    repeats: tuple[Repeat, ...] = ()
    complete: bool
    first_asked: str
    last_asked: str


class ReportLabels(Record):
    """One report's labels: `gold` and what each engine said, a letter a finding, in the order of `findings`."""

    id: str
    catalogue: str
    tags: tuple[str, ...]
    findings: tuple[str, ...]
    gold: str
    said: dict[str, str]


class Result(Record):
    """A whole evaluation: one data set, several engines."""

    format: Literal[1] = 1
    data: Dataset
    seed: int
    resamples: int
    engines: tuple[EngineResult, ...]
    pairs: tuple[Paired, ...]
    labels: tuple[ReportLabels, ...]


def result_of(
    name: str,
    items: Sequence[Labelled],
    contestants: Sequence[Contestant],
    runs: Sequence[Mapping[str, Sequence[Answered]]],
    *,
    seed: int = 1,
    resamples: int = 2000,
) -> Result:
    """Scores of every engine's answers, which are in the order of the reports. The same input, the same result.

    `runs`: the answers of each time of asking.
    """
    answers = runs[0]
    labels = labels_of(items, answers)
    repeats = repeats_of(items, runs) if len(runs) > 1 else {}
    drawn = weights(len(items), resamples, seed)
    return Result(
        data=_dataset(name, items),
        seed=seed,
        resamples=resamples,
        engines=tuple(
            _engine(each, labels, answers[each.name], drawn, repeats.get(each.name, ())) for each in contestants
        ),
        pairs=all_pairs(labels, drawn),
        labels=tuple(_report_labels(items, labels)),
    )


def read_result(path: Path) -> Result:
    """A results.json. Raises ResultError."""
    try:
        return Result.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ResultError(f"{path}: no results.json of this version: {where}: {first['msg']}") from None


def _dataset(name: str, items: Sequence[Labelled]) -> Dataset:
    return Dataset(
        name=name,
        digest=digest(items),
        reports=len(items),
        labels=sum(len(item.candidates) for item in items),
        origins={origin: n for origin in Origin if (n := sum(item.origin is origin for item in items))},
        frozen=is_frozen(name),
    )


def _engine(
    contestant: Contestant,
    labels: Labels,
    answers: Sequence[Answered],
    drawn: Floats,
    repeats: Sequence[Repeat] = (),
) -> EngineResult:
    name = contestant.name
    asked = sorted(answer.at for answer in answers)
    return EngineResult(
        name=name,
        versions=contestant.versions,
        about=contestant.about,
        figures=figures(labels.counts(name), drawn),
        findings=_groups(labels, name, drawn, [(each,) for each in labels.findings]),
        tags=_groups(labels, name, drawn, [labels.tags[report] for report in labels.report]),
        catalogues=_groups(labels, name, drawn, [(labels.catalogues[report],) for report in labels.report]),
        costs=costs(answers, contestant.about, contestant.workers),
        repeats=tuple(repeats),
        complete=all(answer.failure is not Failing.AWAY for answer in answers),
        first_asked=asked[0].isoformat(timespec="seconds"),
        last_asked=asked[-1].isoformat(timespec="seconds"),
    )


def _groups(labels: Labels, engine: str, drawn: Floats, names: Sequence[Sequence[str]]) -> tuple[Group, ...]:
    """Groups of labels by the names each label has, those with most labels first."""
    members: dict[str, list[int]] = {}
    for label, own in enumerate(names):
        for name in own:
            members.setdefault(name, []).append(label)
    found = []
    for name, indices in sorted(members.items(), key=lambda each: (-len(each[1]), each[0])):
        chosen = np.zeros(len(labels.gold), bool)
        chosen[indices] = True
        found.append(Group(name=name, figures=figures(labels.counts(engine, chosen), drawn)))
    return tuple(found)


def _report_labels(items: Sequence[Labelled], labels: Labels) -> Iterator[ReportLabels]:
    for index, item in enumerate(items):
        own = np.flatnonzero(labels.report == index)
        yield ReportLabels(
            id=report_id(item),
            catalogue=item.catalogue,
            tags=item.tags,
            findings=item.candidates,
            gold="".join(LETTERS[code] for code in labels.gold[own]),
            said={engine: _letters(labels, engine, own) for engine in labels.said},
        )


def _letters(labels: Labels, engine: str, own: Ints) -> str:
    codes = zip(labels.said[engine][own], labels.unsupported[engine][own], strict=True)
    return "".join(LETTERS[code].upper() if bare else LETTERS[code] for code, bare in codes)
