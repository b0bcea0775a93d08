"""`countersign evaluate`: engines against labelled reports.

What needs numpy and scipy is imported when a command runs: the image does without them, and so does --help.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from services.commands.engine import named
from services.engines import RULES, EngineError, load_engines, read_engines, with_budgets
from services.evaluation.dataset import Origin
from services.evaluation.dataset import load as load_dataset
from services.evaluation.errors import EvaluationError
from services.reading.catalogue import CatalogueError, Library
from services.reading.catalogue import load as load_library
from services.reading.reader import ReadingError
from services.reading.rules.reader import RulesReader
from services.settings import SettingsError, load
from services.workflow.context import in_folder

if TYPE_CHECKING:
    from services.evaluation.result import Result
    from services.evaluation.session import Session
    from services.evaluation.whole_dataset import WholeReport

BLOCKED = 1
"""Exit status when a gate is not held."""
_GATE = "a file of bounds, or `release`; status 1 if they do not hold"

app = typer.Typer(help="Score engines on labelled reports, and compare two such results.")


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    data: Annotated[list[str] | None, typer.Option(help="dev, frozen, … or a JSON-lines file; may be repeated")] = None,
    engines: Annotated[Path | None, typer.Option(help="YAML file of engines; left out: engines.yaml")] = None,
    engine: Annotated[list[str] | None, typer.Option(help="only these; left out: rules and all of --engines")] = None,
    out: Annotated[Path | None, typer.Option(help="folder for report.html, report.md, results.json, answers")] = None,
    gate: Annotated[str, typer.Option(help=_GATE)] = "",
    workers: Annotated[int, typer.Option(min=1, help="reports asked at once of a model")] = 4,
    seed: Annotated[int, typer.Option(help="of the resampling")] = 1,
    resamples: Annotated[int, typer.Option(min=100, help="for the intervals")] = 2000,
    repeats: Annotated[int, typer.Option(min=1, help="how often each model is asked the same")] = 1,
    budget: Annotated[
        list[int] | None, typer.Option(min=0, help="each model once with this thinking budget; may be repeated")
    ] = None,
) -> None:
    """Score engines on labelled reports: F1 with intervals, flips, costs. Run again, it goes on where it stopped."""
    if context.invoked_subcommand:
        return
    with _clear_errors():
        from services.evaluation.gate import breaches, read_gate

        bounds = read_gate(gate) if gate else None
        session = _session(engines, engine, workers, seed, resamples, repeats, budget or [])
        results = _evaluated(session, data or ["dev"], out)
        _say_incomplete(results, out)
        if bounds:
            _hold([each for result in results for engine in result.engines for each in breaches(bounds, engine)])


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="results.json of the release before")],
    after: Annotated[Path, typer.Argument(help="results.json of the candidate")],
    engine: Annotated[str, typer.Option(help="only this one; left out: all that stand in both")] = "",
    gate: Annotated[str, typer.Option(help=_GATE)] = "",
) -> None:
    """Say what got worse from one result to another, on the labels both have."""
    with _clear_errors():
        from services.evaluation import compare as comparing
        from services.evaluation.gate import Gate, breaches_against, read_gate
        from services.evaluation.report.terminal import show_comparison
        from services.evaluation.result import read_result

        bounds = read_gate(gate) if gate else Gate()
        found = comparing.compare(read_result(before), read_result(after), engine)
        for each in found:
            show_comparison(each, Console())
        if gate:
            _hold([breach for each in found for breach in breaches_against(bounds, each)])


@app.command()
def whole(
    data: Annotated[
        list[str], typer.Argument(help="whole_dev, whole_dev2, whole_frozen … or JSON-lines files of that form")
    ],
    engine: Annotated[str, typer.Option(help="rules, or a name of engines.yaml")] = RULES,
    merged: Annotated[bool, typer.Option("--merged", help="a model and the rules together, as in production")] = False,
    answers: Annotated[Path | None, typer.Option(help="score this output of `countersign read`, ask nobody")] = None,
    errors: Annotated[bool, typer.Option("--errors", help="list every mistake; not of a frozen set")] = False,
    out: Annotated[Path | None, typer.Option(help="JSON file of the figures")] = None,
    seed: Annotated[int, typer.Option(help="of the resampling")] = 1,
    resamples: Annotated[int, typer.Option(min=100, help="for the intervals")] = 2000,
) -> None:
    """Score what a reviewer is shown: production's question over the whole catalogue, against all it should find."""
    with _clear_errors():
        from services.evaluation import whole as scoring
        from services.evaluation.report.terminal import show_mistakes, show_tables
        from services.evaluation.whole_dataset import is_frozen_whole, load_whole

        frozen = [name for name in data if is_frozen_whole(name)]
        if errors and frozen:
            _end(f"{', '.join(frozen)}: frozen, its mistakes are never listed")
        reports = [report for name in data for report in load_whole(name)]
        library = load_library(in_folder(load(), "catalogue"))
        said = (
            scoring.read_answers(answers, reports) if answers else _asked_whole(reports, engine, library, merged=merged)
        )
        counted = scoring.tallies(reports, said, library)
        found = scoring.scores(reports, counted, resamples=resamples, seed=seed)
        names = ", ".join(Path(name).stem for name in data)
        show_tables([scoring.table(names, reports, found)], Console())
        if errors:
            show_mistakes(scoring.mistakes(reports, counted), Console())
        if out:
            out.write_text(json.dumps(scoring.as_json(found), indent=1) + "\n")


@app.command()
def grades(
    data: Annotated[list[str], typer.Argument(help="sets labelled for the whole catalogue, not tuned on")],
    source: Annotated[str, typer.Option(help="what the reports are, for the file")] = "",
) -> None:
    """Count how often each grade of the rules was right, in the form of `services/reading/grades.yaml`."""
    with _clear_errors():
        from services.evaluation.grade_counts import as_yaml, counted
        from services.evaluation.whole_dataset import load_whole

        reports = [report for name in data for report in load_whole(name)]
        library = load_library(in_folder(load(), "catalogue"))
        found = counted(reports, _asked_whole(reports, RULES, library, merged=False))
        typer.echo(as_yaml(source or f"{len(reports)} reports of {', '.join(data)}", found))


def _asked_whole(
    reports: Sequence[WholeReport], engine: str, library: Library, *, merged: bool
) -> list[dict[str, Any]]:
    from services.evaluation.whole import ask

    reader = named(engine, synthetic=all(report.origin is Origin.SYNTHETIC for report in reports))
    return ask(reports, reader, library, RulesReader() if merged else None)


@app.command()
def baseline(result: Annotated[Path, typer.Argument(help="a results.json")]) -> None:
    """Print a result without its groups: small enough to keep, whole enough for compare."""
    with _clear_errors():
        from services.evaluation.result import read_result

        groups = {"findings", "tags", "catalogues"}
        typer.echo(read_result(result).model_dump_json(exclude={"engines": {"__all__": groups}}))


@app.command()
def table(
    result: Annotated[Path, typer.Argument(help="a results.json")],
    quest: Annotated[Path | None, typer.Option(help="CSV of the table QUEST of the page Evaluation")] = None,
    margin: Annotated[float, typer.Option(min=0, max=1, help="of accuracy, chosen before you look")] = 0.02,
) -> None:
    """Print models side by side in Markdown: what is published of each, what was measured here, what to decide."""
    with _clear_errors():
        from services.evaluation.deciding import decisions
        from services.evaluation.quest_file import read_quest
        from services.evaluation.report import markdown
        from services.evaluation.report.model_table import models
        from services.evaluation.result import read_result

        found = read_result(result)
        typer.echo(markdown.table(models(found, read_quest(quest) if quest else None)))
        for said in decisions(found, margin):
            typer.echo(f"\n{said}")


def _session(
    file: Path | None,
    names: list[str] | None,
    workers: int,
    seed: int,
    resamples: int,
    repeats: int,
    budgets: Sequence[int],
) -> Session:
    from services.evaluation.session import Session

    settings = load()
    known = read_engines(file) if file else load_engines(settings.config_dir)
    engines, names = with_budgets(known, names or ([RULES, *known] if file else [RULES]), budgets)
    return Session(
        engines=engines,
        names=names,
        repeats=repeats,
        library=load_library(in_folder(settings, "catalogue")),
        per_call=settings.reading.candidates_per_call,
        votes=settings.reading.votes,
        workers=workers,
        seed=seed,
        resamples=resamples,
    )


def _evaluated(session: Session, data: Sequence[str], out: Path | None) -> list[Result]:
    """Each data set; with several, each in a folder of its own. All are read before any engine is asked."""
    sets = {Path(name).stem: load_dataset(name) for name in data}
    if len(sets) < len(data):
        _end("two data sets have the same name")
    results = []
    for name, items in sets.items():
        folder = out / name if out and len(sets) > 1 else out
        results.append(session.evaluate(name, items, folder))
        if folder:
            typer.echo(f"report.html, report.md and results.json are in {folder}", err=True)
    return results


def _say_incomplete(results: Sequence[Result], out: Path | None) -> None:
    again = "the same command asks them again" if out else "with --out, a second run asks only these"
    for result in results:
        for engine in result.engines:
            if not engine.complete:
                typer.echo(f"{engine.name}: {engine.costs.failures['away']} reports got no answer; {again}", err=True)


def _hold(blocked: Sequence[str]) -> None:
    for each in blocked:
        typer.echo(f"blocked: {each}", err=True)
    if blocked:
        raise typer.Exit(BLOCKED)
    typer.echo("the gate holds", err=True)


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except (EvaluationError, EngineError, CatalogueError, ReadingError, SettingsError) as error:
        _end(str(error))
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}")
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "scipy"):
            raise
        _end(
            "numpy and scipy are missing: in a checkout `make setup`, else pip install 'countersign[evaluation]'; the "
            "image leaves them out"
        )


def _end(message: str) -> NoReturn:
    typer.echo(f"countersign evaluate: {message}", err=True)
    raise typer.Exit(2)
