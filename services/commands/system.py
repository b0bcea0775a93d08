"""The whole system on embedded defaults: `up`, and `demo` with samples."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.commands.common import clear_errors
from services.demo import Watch, send_samples
from services.embedded.instance import usable
from services.up import Running
from services.up import up as start

DEMO_FOLDER = Path(".countersign")
DEMO_PORTS = {"mllp": 2575, "http": 8080, "fhir": 8090}

Port = Annotated[int, typer.Option(min=0, max=65535, help="TCP port on loopback; 0: any free one.")]


def up(
    data: Annotated[Path, typer.Option("--data", help="Folder for everything this instance keeps.")],
    mllp_port: Port = 0,
    http_port: Port = 0,
    fhir_port: Port = 0,
    demo_login: Annotated[bool, typer.Option(help="A fictional reviewer may log in without a password.")] = False,
    training: Annotated[bool, typer.Option(help="Exercises only: the worklist, no door in or out.")] = False,
) -> None:
    """Run the whole system in the foreground; prints `ready` when all of it is healthy."""
    ports = {"mllp": mllp_port, "http": http_port, "fhir": fhir_port}
    with clear_errors():
        asyncio.run(_up(data.absolute(), ports, demo_login=demo_login, training=training))


async def _up(folder: Path, ports: dict[str, int], **options: bool) -> None:
    _cancel_on_signals()
    with contextlib.suppress(asyncio.CancelledError):
        running = await start(folder, ports, _progress, **options)
        try:
            typer.echo("ready")
            _print_addresses(running)
            await asyncio.Event().wait()
        finally:
            await running.supervisor.stop()


def demo(once: Annotated[bool, typer.Option("--once", help="Exit when every sample is through.")] = False) -> None:
    """Run the whole system, send a dozen sample reports through it, and say what became of them."""
    folder = Path(tempfile.mkdtemp(prefix="countersign-demo-")) if once else DEMO_FOLDER.absolute()
    try:
        with clear_errors():
            missing = asyncio.run(_demo(folder, once))
    finally:
        if once:
            shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(1 if missing else 0)


async def _demo(folder: Path, once: bool) -> list[str]:
    """What is missing at the end; when stopped by a signal before that, everything."""
    _cancel_on_signals()
    missing = ["stopped before the samples were through"]
    with contextlib.suppress(asyncio.CancelledError):
        running = await start(folder, {} if once else usable(DEMO_PORTS), _progress, demo_login=True)
        try:
            watch = Watch(running, await send_samples(running, _progress))
            missing = await watch.until_done()
            Console(width=120).print(watch.table())
            for line in missing:
                typer.echo(f"missing: {line}", err=True)
            if not once:
                _print_addresses(running)
                await asyncio.Event().wait()
        finally:
            _progress("stopping")
            await running.supervisor.stop()
    return missing


def _print_addresses(running: Running) -> None:
    instance = running.instance
    typer.echo(f"Worklist      http://127.0.0.1:{instance.ports['http']}   {_login(running)}")
    if instance.fhir_url:
        typer.echo(
            f"FHIR server   {instance.fhir_url}   (read it with `countersign fhir Task --data {running.folder}`)"
        )
    if not instance.training:
        typer.echo(f"HL7 over MLLP 127.0.0.1:{instance.ports['mllp']}")
    typer.echo(f"Data          {running.folder}")
    typer.echo("Ctrl-C stops everything; the data stay.")


def _login(running: Running) -> str:
    if running.instance.demo_login:
        return "(log in as Demo Reviewer)"
    if running.settings.worklist.oidc.issuer:
        return "(log in at your identity provider)"
    return f"(make a login with `countersign admin create NAME --data {running.folder}`)"


def _cancel_on_signals() -> None:
    """SIGINT and SIGTERM end what is under way, once; the way out then takes the time it takes."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def tell() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: None)
        if task:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, tell)


def _progress(line: str) -> None:
    typer.echo(f"· {line}", err=True)
