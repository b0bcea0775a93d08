"""`countersign schema`: the JSON Schema of a file a site writes, for its editor."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from services.schemas import text_of


class File(StrEnum):
    """A file with a schema."""

    SENDERS = "senders"
    ENGINES = "engines"


def schema(file: Annotated[File, typer.Argument(help="senders or engines", metavar="FILE")]) -> None:
    """Print the JSON Schema of senders.yaml or engines.yaml; editors complete and check with it.

    Example: countersign schema senders > senders.schema.json
    """
    typer.echo(text_of(file), nl=False)
