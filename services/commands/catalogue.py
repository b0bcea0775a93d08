"""`countersign catalogue`: whether the catalogues hold together, and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.reading.catalogue import CatalogueError, Library, load
from services.reading.catalogue.check import check as faults_of
from services.reading.catalogue.check import overview, table

app = typer.Typer(no_args_is_help=True, help="Findings the readers are asked about.")

Site = Annotated[Path | None, typer.Option("--site", help="folder of the site's own catalogue files")]


@app.command()
def check(site: Site = None) -> None:
    """Check ids, codes, parents and synonyms. Exit 1 with a line for each fault."""
    library = _loaded(site)
    faults = faults_of(library)
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise typer.Exit(1)
    findings = sum(1 for _ in library.candidates())
    typer.echo(f"{len(library.catalogues)} catalogues, {findings} findings, no faults")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="a catalogue's id; all catalogues without one")] = "",
    site: Site = None,
) -> None:
    """List the catalogues, or the findings of one. A code with ? is not verified."""
    library = _loaded(site)
    if not name:
        _print(("id", "version", "title", "findings", "verified SNOMED CT"), overview(library))
        return
    if name not in library.catalogues:
        typer.echo(f"no catalogue {name}; there are: {', '.join(library.catalogues)}", err=True)
        raise typer.Exit(2)
    _print(("id", "name", "parent", "marks", "codes"), table(library.catalogues[name]))


def _loaded(site: Path | None) -> Library:
    if site is not None and not site.is_dir():
        typer.echo(f"--site {site}: no such folder", err=True)
        raise typer.Exit(2)
    try:
        return load(site)
    except CatalogueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _print(head: tuple[str, ...], rows: list[tuple[str, str, str, str, str]]) -> None:
    shown = Table(*head, box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    # A pipe gets whole lines: there is no screen there whose width would matter.
    console = Console()
    Console(width=None if console.is_terminal else 250).print(shown)
