"""`countersign fhir`: what the FHIR server holds, read with the rights of this installation."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from integration.fhir.errors import FhirError
from integration.fhir.exchange import read
from integration.fhir.smart import SmartKeyError
from services.commands.common import Data, settings
from services.workflow.context import fhir_client


def fhir(
    path: Annotated[str, typer.Argument(help="Below the base URL: Observation?status=final, Patient/1, metadata.")],
    data: Data = None,
) -> None:
    """Read from the FHIR server as the processes do, with their token, key and certificates; JSON on stdout."""
    chosen = settings(data).fhir
    try:
        client = fhir_client(chosen)
        try:
            found = client.run(read(path))
        finally:
            client.close()
    except (FhirError, SmartKeyError, ValueError, OSError) as error:
        typer.echo(f"countersign fhir: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
