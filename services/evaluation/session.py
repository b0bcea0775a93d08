"""An evaluation from labelled reports to the files a person opens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.engines import EngineSpec
from services.evaluation.answer_cache import Kept
from services.evaluation.contestants import Contestant, lineup
from services.evaluation.dataset import Labelled, Origin
from services.evaluation.errors_file import write_errors
from services.evaluation.report.markdown import markdown
from services.evaluation.report.page import page
from services.evaluation.report.terminal import show
from services.evaluation.result import Result, result_of
from services.evaluation.run import run
from services.reading.catalogue import Library


@dataclass(frozen=True)
class Session:
    """What holds for every data set of one command. `workers`: reports asked at once of a model; `repeats`: how often
    each is asked.
    """

    engines: dict[str, EngineSpec]
    names: Sequence[str]
    library: Library
    per_call: int
    votes: int
    workers: int
    seed: int
    resamples: int
    repeats: int = 1

    def evaluate(self, name: str, items: Sequence[Labelled], folder: Path | None) -> Result:
        """Every engine asked about every report; the result shown, and written where there is a folder.

        Raises EngineError before anybody is asked, KeptError where the folder cannot be used.
        """
        contestants = lineup(
            self.names,
            self.engines,
            synthetic=all(item.origin is Origin.SYNTHETIC for item in items),
            library=self.library,
            per_call=self.per_call,
            votes=self.votes,
            workers=self.workers,
        )
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        with Kept(folder) as kept, _each_warning_once(), _progress(contestants, self.repeats * len(items)) as done:
            runs = [run(items, contestants, self.library, kept, done, repeat) for repeat in range(self.repeats)]
        answers = runs[0]
        result = result_of(name, items, contestants, runs, seed=self.seed, resamples=self.resamples)
        show(result, Console())
        if folder:
            _write(folder, result)
            if not result.data.frozen:
                write_errors(folder / "errors.csv", items, answers)
        return result


@contextmanager
def _each_warning_once() -> Iterator[None]:
    """What a reader warns of, once an engine and not once a report: figures differ, the words do not."""
    seen: set[object] = set()

    def is_new(record: logging.LogRecord) -> bool:
        about = (record.msg, record.args[0] if isinstance(record.args, tuple) and record.args else None)
        is_first = about not in seen
        seen.add(about)
        return is_first

    logger = logging.getLogger("services.workflow.model_reader")
    logger.addFilter(is_new)
    try:
        yield
    finally:
        logger.removeFilter(is_new)


def _write(folder: Path, result: Result) -> None:
    (folder / "results.json").write_text(result.model_dump_json(indent=1) + "\n", "utf-8")
    (folder / "report.md").write_text(markdown(result), "utf-8")
    (folder / "report.html").write_text(page(result), "utf-8")


@contextmanager
def _progress(contestants: Sequence[Contestant], reports: int) -> Iterator[Callable[[str], None]]:
    """A bar for each engine on stderr; what is called with an engine's name moves its bar by one."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {each.name: progress.add_task(each.name, total=reports) for each in contestants}
        yield lambda name: progress.advance(bars[name])
