"""`countersign reviewers`: what reviewers make of suggestions, as a table or as CSV."""

from __future__ import annotations

import csv
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.commands.common import Data, database, settings
from services.figures import reviewers as figures
from services.figures.reviewers import Key, Tally
from services.store.charts import Span

SHORT = ("decided", "approved", "over", "added", "share", "low", "high", "s")
COLUMNS = ("decided", "approved", "overridden", "added", "acceptance", "low", "high", "seconds")


def reviewers(
    data: Data = None,
    days: Annotated[int, typer.Option(min=1, help="Decided within so many days.")] = 30,
    by: Annotated[str, typer.Option(help="Any of finding, engine, model, week; with commas.")] = "finding",
    finding: Annotated[str, typer.Option(help="Only this finding (catalogue id).")] = "",
    engine: Annotated[str, typer.Option(help="Only suggestions of this engine.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on the standard output.")] = False,
) -> None:
    """Acceptance with its 95 % interval, overrides, additions and time; kappa of blind double readings below."""
    groups = tuple(name for name in figures.GROUPS if name in by.split(","))
    if not groups:
        typer.echo(f"countersign reviewers: --by {by!r}: any of {', '.join(figures.GROUPS)}", err=True)
        raise typer.Exit(2)
    chosen = settings(data)
    span = Span(chosen.site, days, finding, engine)
    with database(data) as connection:
        tallies = figures.decided(connection, span, groups)
        kappas = figures.agreement(connection, span)
    rows = [(*key, *_row(tally)) for key, tally in tallies.items()]
    if as_csv:
        csv.writer(sys.stdout).writerows([(*groups, *COLUMNS), *rows])
        return
    _print(groups, rows)
    whole = kappas[0]
    if whole.cohen is not None:
        ends = f", 95 % interval {whole.interval[0]:.2f} to {whole.interval[1]:.2f}" if whole.interval else ""
        typer.echo(f"Cohen's kappa {whole.cohen:.2f} over {whole.pairs} findings read twice{ends}")


def _row(tally: Tally) -> tuple[str, ...]:
    low, high = tally.interval
    share = "" if tally.acceptance is None else f"{tally.acceptance:.3f}"
    seconds = "" if tally.typical_seconds is None else f"{tally.typical_seconds:.1f}"
    counts = (tally.decided, tally.approved, tally.overridden, tally.added)
    return (*map(str, counts), share, f"{low:.3f}", f"{high:.3f}", seconds)


def _print(groups: Key, rows: list[tuple[str, ...]]) -> None:
    table = Table(*groups, *SHORT)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
