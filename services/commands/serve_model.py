"""`countersign serve-model`: SGLang started with a profile of integration/sglang/profiles."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

import integration
from integration.sglang.profiles import Profile, ProfileError, load_profiles, profile_named

REVISION = "REVISION"


class Form(StrEnum):
    """How --print writes the command."""

    SHELL = "shell"
    JSON = "json"


def serve_model(
    profile: Annotated[str, typer.Option(help="a name from --list")] = "r1-8xh200",
    revision: Annotated[str, typer.Option(help="commit of the weights; required for models of a hub")] = "",
    model_path: Annotated[str, typer.Option(help="folder of the weights, if they are already there")] = "",
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port")] = 30000,
    python: Annotated[str, typer.Option(help="the Python that has SGLang; this one if not given")] = "",
    show: Annotated[bool, typer.Option("--print", help="show the command and do not run it")] = False,
    form: Annotated[Form, typer.Option("--format", help="how --print writes it")] = Form.SHELL,
    listed: Annotated[bool, typer.Option("--list", help="list the profiles")] = False,
) -> None:
    """Start the model server with one of the launch profiles, or show how it would be started."""
    if listed:
        typer.echo("\n".join(f"{one.name:24} {one.title}" for one in load_profiles().values()))
        return
    try:
        chosen = profile_named(profile)
        if show and chosen.revision_required and not (revision or model_path):
            typer.echo(f"{REVISION}: the commit of {chosen.model} that you reviewed and stored", err=True)
            revision = REVISION
        arguments = chosen.arguments(model_path=model_path, revision=revision)
    except ProfileError as error:
        raise _refused(str(error)) from None
    command = [python or sys.executable, "-m", chosen.launcher, *arguments, "--host", host, "--port", str(port)]
    if show:
        typer.echo(_shown(chosen, command, form))
        return
    _run(chosen, command, python)


def _shown(profile: Profile, command: list[str], form: Form) -> str:
    settings = {name: str(choice.value) for name, choice in profile.environment.items()}
    if form is Form.JSON:
        return json.dumps({"environment": settings, "command": command}, indent=2)
    assignments = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
    return " ".join([*assignments, shlex.join(["python3", *command[1:]])])


def _run(profile: Profile, command: list[str], python: str) -> None:
    """Ends with the server's own exit status."""
    if not python and find_spec("sglang") is None:
        raise _refused(
            "SGLang is not installed here: `pip install --require-hashes -r requirements-serving.lock` on a GPU host, "
            "or name the Python that has it with --python"
        )
    try:
        status = subprocess.run(command, env=os.environ | environment(profile), check=False).returncode
    except KeyboardInterrupt:
        status = 130
    except OSError as error:
        raise _refused(f"{command[0]}: {error.strerror}") from None
    raise typer.Exit(status)


def environment(profile: Profile) -> dict[str, str]:
    """The profile's variables; a launcher of ours is also found by the Python that has SGLang."""
    settings = {name: str(choice.value) for name, choice in profile.environment.items()}
    if profile.launcher.startswith("integration."):
        house = Path(integration.__file__).parent
        settings["PYTHONPATH"] = os.pathsep.join([str(house / "sglang" / "tiny" / "stand_ins"), str(house.parent)])
    return settings


def _refused(message: str) -> typer.Exit:
    typer.echo(f"countersign serve-model: {message}", err=True)
    return typer.Exit(2)
