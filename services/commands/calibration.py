"""`countersign calibration`: fit agreement on blind second readings, list versions, take one out of use."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from services.commands.answerable import By, administrator
from services.commands.common import Data, database, settings
from services.evaluation.calibration import CalibrationError, adopt
from services.evaluation.calibration import fit as fitted
from services.evaluation.calibration import retire as retired
from services.store import calibrations

app = typer.Typer(no_args_is_help=True, help="Agreement: what a vote share is worth.")


@app.command()
def fit(
    by: By,
    data: Data = None,
    days: Annotated[int, typer.Option(min=1, help="Second readings finished within so many days.")] = 365,
) -> None:
    """Fit a new version and apply it to suggestions made from now on; what is decided keeps its figure."""
    chosen = settings(data)
    with database(data) as connection:
        person = administrator(connection, chosen, by)
        try:
            curves, left = fitted(connection, chosen.site, days)
        except CalibrationError as error:
            _end(str(error))
        for each in left:
            typer.echo(f"no curve for {each.engine} {each.finding_id or 'all findings'}: {each.reason}", err=True)
        if not curves:
            _end("nothing was fitted, and nothing is changed: more double readings are needed")
        version = adopt(connection, person, curves, days)
    typer.echo(f"version {version}: {len(curves)} curves, in use for new suggestions")


@app.command("list")
def list_versions(data: Data = None) -> None:
    """List every curve: version, engine, finding, method, pairs, Brier score and that of the vote share, in use."""
    with database(data) as connection:
        rows = calibrations.all_of_them(connection, settings(data).site)
    table = Table("No.", "Engine", "Finding", "Method", "Pairs", "Brier", "Unfitted", "In use")
    for row in rows:
        brier = row.brier
        scores = (f"{brier[row.method]:.4f}", f"{brier['vote share']:.4f}")
        used = "no" if row.retired_at else "yes"
        finding = row.finding_id or "all others"
        table.add_row(str(row.version), row.engine, finding, row.method, str(row.pairs), *scores, used)
    Console().print(table)


@app.command()
def retire(
    engine: Annotated[str, typer.Option(help="Engine whose curves go out of use.")],
    by: By,
    data: Data = None,
    model: Annotated[str, typer.Option(help="Its model, as the list of versions names it.")] = "",
) -> None:
    """Take an engine's curves out of use: new suggestions show the vote share alone."""
    chosen = settings(data)
    with database(data) as connection:
        person = administrator(connection, chosen, by)
        count = retired(connection, person, engine, model)
    typer.echo(f"{count} curves taken out of use")


def _end(message: str) -> NoReturn:
    typer.echo(f"countersign calibration: {message}", err=True)
    raise typer.Exit(2)
