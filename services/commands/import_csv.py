"""`countersign dataset import-csv`: labels from a CSV with CheXpert's columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from integration.canonical import Status
from services.commands.progress import doing
from services.evaluation.chexpert import FINDINGS, NOT_MAPPED, Imported, read_csv, texts_in
from services.evaluation.dataset import DatasetError, Origin


def import_csv(
    source: Annotated[Path, typer.Argument(help="CSV with the 14 CheXpert columns: 1, 0, -1, blank")],
    out: Annotated[Path, typer.Option(help="data set to write; it must not exist")],
    origin: Annotated[Origin, typer.Option(help="whose text it is; only synthetic text may leave the house")],
    id_column: Annotated[str, typer.Option("--id", help="column of ids, if it has an unusual name")] = "",
    text_column: Annotated[str, typer.Option("--text", help="column of reports, if it has an unusual name")] = "",
    texts: Annotated[Path | None, typer.Option(help="folder of the reports, one ID.txt each")] = None,
) -> None:
    """Make a data set of a labelled CSV, and say what of it could not be used."""
    doing(f"reading {source}")
    try:
        found = read_csv(
            source,
            origin=origin,
            id_column=id_column,
            text_column=text_column,
            texts=texts_in(texts) if texts else None,
        )
        with out.open("x", encoding="utf-8") as file:
            file.writelines(item.model_dump_json(exclude_defaults=True) + "\n" for item in found.items)
    except FileExistsError:
        raise _refused(f"{out} exists: nothing is overwritten") from None
    except (DatasetError, OSError) as error:
        raise _refused(str(error)) from None
    _say(found, out)


def _say(found: Imported, out: Path) -> None:
    table = Table("Column", "Finding", *(status.value for status in Status))
    names = {title.casefold(): to for title, to in FINDINGS.items()}
    for title, counts in found.labels.items():
        table.add_row(title, names[title.strip().casefold()], *(str(counts[status]) for status in Status))
    Console().print(table)
    reasons = {title.casefold(): why for title, why in NOT_MAPPED.items()}
    for title, count in found.not_mapped.items():
        typer.echo(f"not mapped: {title} ({count} labels): {reasons[title.strip().casefold()]}")
    if found.unknown:
        typer.echo(f"columns not used: {', '.join(found.unknown)}")
    if found.without_text:
        typer.echo(f"left out: {found.without_text} rows without a text")
    typer.echo(f"{len(found.items)} reports in {out}")


def _refused(message: str) -> typer.Exit:
    typer.echo(f"countersign dataset import-csv: {message}", err=True)
    return typer.Exit(2)
