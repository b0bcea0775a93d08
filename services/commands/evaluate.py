"""`countersign evaluate`: engines against labelled reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.engines import RULES, EngineError, EngineSpec, load_engines, read_engines
from services.evaluation.dataset import DatasetError, Labelled, Origin, is_frozen
from services.evaluation.dataset import load as load_dataset
from services.pipeline.context import in_folder
from services.reading.catalogue import CatalogueError
from services.reading.catalogue import load as load_library
from services.settings import Settings, SettingsError, load

try:
    from services.evaluation.compare import compare as compare_results
    from services.evaluation.errors_file import write_errors
    from services.evaluation.gate import Gate, GateError, breaches, breaches_against, read_gate
    from services.evaluation.kept import Kept, KeptError
    from services.evaluation.lineup import Contestant, lineup
    from services.evaluation.report.markdown import markdown
    from services.evaluation.report.page import page
    from services.evaluation.report.tables import compared
    from services.evaluation.report.terminal import show, show_tables
    from services.evaluation.result import Result, ResultError, read_result, result_of
    from services.evaluation.run import run
except ModuleNotFoundError as error:
    if error.name not in ("numpy", "scipy"):
        raise
    typer.echo("countersign evaluate: numpy and scipy are missing: pip install 'countersign[evaluation]'", err=True)
    raise SystemExit(2) from None

BLOCKED = 1
"""Exit status when a gate is not held."""

app = typer.Typer(help="Score engines on labelled reports, and compare two such results.")


@dataclass(frozen=True)
class Wanted:
    """What the command line asked for."""

    engines: dict[str, EngineSpec]
    names: list[str]
    settings: Settings
    workers: int
    seed: int
    resamples: int


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    data: Annotated[list[str] | None, typer.Option(help="dev, frozen, … or a JSON-lines file with labels")] = None,
    engines: Annotated[Path | None, typer.Option(help="YAML file of engines; left out: engines.yaml")] = None,
    engine: Annotated[list[str] | None, typer.Option(help="only these; left out: rules and all of --engines")] = None,
    out: Annotated[Path | None, typer.Option(help="folder for report.html, report.md, results.json, answers")] = None,
    gate: Annotated[str, typer.Option(help="a file of bounds, or `release`; status 1 if they do not hold")] = "",
    workers: Annotated[int, typer.Option(min=1, help="reports asked at once of a model")] = 4,
    seed: Annotated[int, typer.Option(help="of the resampling")] = 1,
    resamples: Annotated[int, typer.Option(min=100, help="for the intervals")] = 2000,
) -> None:
    """Score engines on labelled reports: F1 with intervals, flips, costs; run again to go on after a stop."""
    if context.invoked_subcommand:
        return
    with _clear_errors():
        bounds = read_gate(gate) if gate else None
        wanted = _wanted(engines, engine, workers, seed, resamples)
        sets = {name: load_dataset(name) for name in data or ["dev"]}
        if len({_short(name) for name in sets}) < len(sets):
            _end("two data sets have the same name")
        results = [_evaluated(name, items, wanted, out, len(sets) > 1) for name, items in sets.items()]
    _end_incomplete(results, out)
    if bounds:
        _hold([each for result in results for engine in result.engines for each in breaches(bounds, engine)])


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="results.json of the release before")],
    after: Annotated[Path, typer.Argument(help="results.json of the candidate")],
    engine: Annotated[str, typer.Option(help="only this one; left out: all that stand in both")] = "",
    gate: Annotated[str, typer.Option(help="a file of bounds, or `release`; status 1 if they do not hold")] = "",
) -> None:
    """Say what got worse from one result to another, on the labels both have."""
    console = Console()
    blocked: list[str] = []
    with _clear_errors():
        bounds = read_gate(gate) if gate else Gate()
        for each in compare_results(read_result(before), read_result(after), engine):
            for name, (old, new) in each.versions.items():
                console.print(f"{name}: {old or '–'} → {new or '–'}", markup=False, highlight=False)
            show_tables(compared(each), console)
            if not each.worse:
                console.print("Nothing got worse.")
            blocked += breaches_against(bounds, each)
    if gate:
        _hold(blocked)


@app.command()
def baseline(result: Annotated[Path, typer.Argument(help="a results.json")]) -> None:
    """Print a result without its groups: small enough to keep, whole enough for compare."""
    with _clear_errors():
        kept = read_result(result)
    groups = {"findings", "tags", "catalogues"}
    typer.echo(kept.model_dump_json(exclude={"engines": {"__all__": groups}}))


def _wanted(file: Path | None, names: list[str] | None, workers: int, seed: int, resamples: int) -> Wanted:
    settings = load()
    engines = read_engines(file) if file else load_engines(settings.config_dir)
    everyone = [RULES, *engines] if file else [RULES]
    return Wanted(engines, names or everyone, settings, workers, seed, resamples)


def _evaluated(name: str, items: list[Labelled], wanted: Wanted, out: Path | None, several: bool) -> Result:
    """One data set, asked, scored, shown and written."""
    reading = wanted.settings.reading
    contestants = lineup(
        wanted.names,
        wanted.engines,
        synthetic=all(item.origin is Origin.SYNTHETIC for item in items),
        per_call=reading.candidates_per_call,
        votes=reading.votes,
        workers=wanted.workers,
    )
    folder = _folder(out, _short(name) if several else "")
    library = load_library(in_folder(wanted.settings, "catalogue"))
    with Kept(folder) as kept, _progress(contestants, len(items)) as done:
        answers = run(items, contestants, library, kept, done)
    result = result_of(_short(name), items, contestants, answers, seed=wanted.seed, resamples=wanted.resamples)
    show(result, Console())
    if folder:
        _write(folder, result)
        if not result.data.frozen:
            write_errors(folder / "errors.csv", items, answers)
    return result


def _folder(out: Path | None, name: str) -> Path | None:
    if out is None:
        return None
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(folder: Path, result: Result) -> None:
    (folder / "results.json").write_text(result.model_dump_json(indent=1) + "\n", "utf-8")
    (folder / "report.md").write_text(markdown(result), "utf-8")
    (folder / "report.html").write_text(page(result), "utf-8")
    typer.echo(f"report.html, report.md and results.json are in {folder}", err=True)


@contextmanager
def _progress(contestants: Sequence[Contestant], reports: int) -> Iterator[Callable[[str], None]]:
    """A bar for each engine on stderr; what is called with an engine's name moves its bar by one."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {each.name: progress.add_task(each.name, total=reports) for each in contestants}
        yield lambda name: progress.advance(bars[name])


def _short(name: str) -> str:
    return Path(name).stem if not is_frozen(name) else name


def _end_incomplete(results: Sequence[Result], out: Path | None) -> None:
    for result in results:
        for engine in result.engines:
            if not engine.complete:
                again = "the same command asks them again" if out else "with --out, a second run asks only these"
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
    except (DatasetError, EngineError, CatalogueError, SettingsError, KeptError, ResultError, GateError) as error:
        _end(str(error))
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}")


def _end(message: str) -> NoReturn:
    typer.echo(f"countersign evaluate: {message}", err=True)
    raise typer.Exit(2)
