"""`countersign admin`: accounts of people whom no identity provider knows."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from services.actions import accounts
from services.commands.common import Data, database
from services.commands.common import settings as chosen
from services.domain.words import Role
from services.store import passwords
from services.workflow.refusal import Refused

SHORTEST = 12

app = typer.Typer(no_args_is_help=True, help="Accounts with a password, for a house without an identity provider.")
Login = Annotated[str, typer.Argument(help="Name to log in with.")]
PasswordFile = Annotated[Path | None, typer.Option(help="File with the password, - for stdin; else it is asked for.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password up and print it, once.")]


@app.command()
def create(
    login: Login,
    name: Annotated[str, typer.Option(help="Name as others read it; the login name if left out.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(help=f"Of {', '.join(Role)}; several times for several. Left out: all of them.")
    ] = None,
    practitioner: Annotated[
        str | None,
        typer.Option(help="FHIR Practitioner reference a signature is made with; Practitioner/LOGIN if left out."),
    ] = None,
    password_file: PasswordFile = None,
    generate: Generate = False,
    data: Data = None,
) -> None:
    """Make an account that logs in with a password; one that is there gets new name, roles and password."""
    roles = _roles(role)
    password = _password(password_file, generate)
    digest = passwords.digest_of(password)
    site = chosen(data).site
    doctor = f"Practitioner/{login}" if practitioner is None else practitioner
    with database(data) as connection:
        accounts.create(connection, site, login, name=name or login, roles=roles, practitioner=doctor, digest=digest)
    typer.echo(f"{login} may log in as {', '.join(roles)}" + (f" with the password {password}" if generate else ""))


@app.command()
def password(login: Login, password_file: PasswordFile = None, generate: Generate = False, data: Data = None) -> None:
    """Set an account's password anew; it may try again at once."""
    fresh = _password(password_file, generate)
    with database(data) as connection:
        try:
            accounts.set_password(connection, login, passwords.digest_of(fresh))
        except Refused as refused:
            typer.echo(f"countersign: {refused.message}", err=True)
            raise typer.Exit(1) from None
    typer.echo(f"{login} has a new password" + (f": {fresh}" if generate else ""))


def _roles(asked: list[str] | None) -> list[str]:
    unknown = sorted(set(asked or ()) - set(Role))
    if unknown:
        raise typer.BadParameter(f"no role {', '.join(unknown)}: there are {', '.join(Role)}", param_hint="--role")
    return [each for each in Role if not asked or each in asked]


def _password(file: Path | None, generate: bool) -> str:
    """The password to be; ends the command with one line where it is too short."""
    if generate:
        return secrets.token_urlsafe(12)
    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else _read(file)
        given = text.rstrip("\r\n")
    else:
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(given) < SHORTEST:
        raise typer.BadParameter(f"at least {SHORTEST} characters, not {len(given)}", param_hint="password")
    return given


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"cannot be read: {error}", param_hint="--password-file") from None
