"""`countersign training`: exercises for a training instance, and who caught the wrong ones."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.commands.common import Data, database, settings
from services.evaluation.dataset import DatasetError
from services.evaluation.dataset import load as load_dataset
from services.evaluation.training import TrainingError
from services.evaluation.training import seed as plant
from services.figures.caught import caught
from services.reading.catalogue import load as load_library
from services.store import exercises
from services.workflow.context import in_folder

app = typer.Typer(no_args_is_help=True, help="Exercises for a training instance.")


@app.command()
def seed(
    data: Data = None,
    dataset: Annotated[str, typer.Option(help="dev, or a file of labelled reports.")] = "dev",
    reports: Annotated[int, typer.Option(min=1, help="At most so many reports.")] = 50,
    wrong: Annotated[float, typer.Option(min=0, max=1, help="Share of reports with one wrong suggestion.")] = 0.3,
    start: Annotated[int, typer.Option("--seed", help="Chooses which; the same seed, the same exercises.")] = 1,
) -> None:
    """Store labelled reports as exercises; some of their suggestions are known to be wrong."""
    chosen = settings(data)
    try:
        items = load_dataset(dataset)[:reports]
        with database(data) as connection:
            library = load_library(in_folder(chosen, "catalogue"))
            planted = plant(connection, items, library, chosen, wrong=wrong, start=start)
    except (DatasetError, TrainingError) as error:
        typer.echo(f"countersign training: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{len(items)} reports, {planted} of them with something wrong")


@app.command()
def results(
    data: Data = None,
    by: Annotated[str, typer.Option(help="reader, finding_id, or nothing.")] = "",
) -> None:
    """Say how many wrong suggestions were caught and right ones approved, with 95 % intervals."""
    chosen = settings(data)
    with database(data) as connection:
        rows = exercises.results(connection, chosen.site)
    named = (by,) if by in ("reader", "finding_id") else ()
    table = Table("Kind", "Who or what", "Decided rightly", "Of", "95 % interval")
    for each in caught(rows, *named):
        low, high = each.interval
        table.add_row(
            each.kind,
            each.reader or each.finding_id or "all",
            str(each.right),
            str(each.count),
            f"{low:.0%}–{high:.0%}",
        )
    Console().print(table)
