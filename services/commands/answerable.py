"""Who answers for a command: an administrator by name, whose account the audit trail then shows."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from services.domain.people import Person
from services.settings import Settings
from services.store import signed_reports

ROLE = "administrator"
By = Annotated[str, typer.Option(help="Name or login subject of the administrator who answers for this.")]


def administrator(connection: Connection, chosen: Settings, name: str) -> Person:
    """The one active administrator of that name. Ends the command where there is none, or several."""
    found = [each.person for each in signed_reports.named(connection, chosen.site, name)]
    allowed = [person for person in found if person.may(ROLE)]
    if len(allowed) != 1:
        why = "names several people" if allowed else f"is nobody with the role {ROLE}"
        where = f"at site {chosen.site!r}; the worklist's page People lists who there is"
        typer.echo(f"countersign: --by {name!r} {why} {where}", err=True)
        raise typer.Exit(2)
    return allowed[0]
