"""`countersign send`: messages to a listener, one or a flood of them."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from pathlib import Path
from typing import Annotated

import typer

from integration.hl7v2.campaign import Outcome, Plan, Summary, run
from integration.hl7v2.client import Unreachable, tls_context
from integration.hl7v2.message_files import Outgoing, read_messages
from services import samples


def send(
    files: Annotated[
        list[Path] | None, typer.Argument(help="One raw message or batch a file, or MLLP frames", metavar="FILE…")
    ] = None,
    *,
    to: Annotated[str, typer.Option(help="host:port of the listener", metavar="HOST:PORT")],
    with_samples: Annotated[bool, typer.Option("--samples", help="the fictional reports that come with it")] = False,
    connections: Annotated[int, typer.Option(help="connections side by side", min=1, max=1024)] = 1,
    rate: Annotated[float, typer.Option(help="messages a second; 0: as fast as answers come", min=0)] = 0,
    repeat: Annotated[int, typer.Option(help="how often each message is sent", min=1)] = 1,
    seconds: Annotated[float, typer.Option(help="go on for so long, whatever --repeat says", min=0)] = 0,
    retries: Annotated[int, typer.Option(help="tries more after AE, CE or no answer, a second apart", min=0)] = 0,
    timeout: Annotated[float, typer.Option(help="seconds to wait for an answer", min=0.1)] = 30,
    fresh_control_ids: Annotated[
        bool, typer.Option("--fresh-control-ids", help="give each message an MSH-10 of its own: no repeats")
    ] = False,
    carriage_returns: Annotated[
        bool, typer.Option("--carriage-returns", help="turn LF and CRLF into CR; else sent byte for byte")
    ] = False,
    ca: Annotated[Path | None, typer.Option(help="use TLS and trust this CA, PEM")] = None,
    certificate: Annotated[Path | None, typer.Option(help="client certificate with key, PEM: mutual TLS")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the summary as JSON")] = False,
) -> None:
    """Send HL7 v2 messages over MLLP, wait for each answer, and sum up, after Ctrl-C too.

    Exit status 1 if any was not accepted, 130 after Ctrl-C.
    """
    host, port = _address(to)
    plan = Plan(
        host=host,
        port=port,
        connections=connections,
        rate=rate,
        repeat=repeat,
        seconds=seconds,
        retries=retries,
        timeout=timeout,
        fresh_control_ids=fresh_control_ids,
        tls=_tls(ca, certificate),
    )
    messages = [Outgoing(*each) for each in samples.hl7()] if with_samples else []
    messages += _read(files or [], carriage_returns)
    if not messages:
        raise _refused("nothing to send: name files, or say --samples")
    try:
        summary = asyncio.run(run(plan, messages, _Progress().tell))
    except Unreachable as fault:
        raise _refused(str(fault), status=1) from None
    typer.echo(_as_json(summary) if as_json else _as_text(summary))
    if summary.interrupted:
        raise typer.Exit(130)
    if summary.accepted < summary.total:
        raise typer.Exit(1)


def _read(files: list[Path], carriage_returns: bool) -> list[Outgoing]:
    try:
        return list(read_messages(files, carriage_returns=carriage_returns))
    except OSError as error:
        raise _refused(f"{error.filename}: {error.strerror}") from None


def _address(to: str) -> tuple[str, int]:
    host, _, port = to.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise _refused(f"--to {to}: write it as host:port, like 127.0.0.1:2575")
    return host.strip("[]"), int(port)


def _tls(ca: Path | None, certificate: Path | None) -> ssl.SSLContext | None:
    try:
        return tls_context(ca, certificate)
    except (OSError, ssl.SSLError) as error:
        raise _refused(f"{ca or certificate}: cannot be used for TLS: {error}") from None


class _Progress:
    """On stderr: now and then how far it is, and what was not taken, up to a number a person can read."""

    most = 50
    every = 5.0

    def __init__(self) -> None:
        self._count = 0
        self._sent = self._sent_before = 0
        self._said = time.monotonic()

    def tell(self, outcome: Outcome) -> None:
        """Hears of each message."""
        self._sent += 1
        if (passed := time.monotonic() - self._said) >= self.every:
            rate = (self._sent - self._sent_before) / passed
            typer.echo(f"{self._sent} sent, {rate:.0f}/s, {self._count} not accepted", err=True)
            self._said, self._sent_before = time.monotonic(), self._sent
        if outcome.accepted:
            return
        self._count += 1
        if self._count <= self.most:
            typer.echo(f"{outcome.name}: {outcome.code}{': ' if outcome.text else ''}{outcome.text}", err=True)
        elif self._count == self.most + 1:
            typer.echo("… further ones are only counted", err=True)


def _as_text(summary: Summary) -> str:
    codes = ", ".join(f"{code} {count}" for code, count in sorted(summary.codes.items()))
    return (
        f"{summary.total} sent in {summary.seconds:.2f} s ({summary.rate:.0f}/s): {codes or 'nothing'}; "
        f"round trip p50 {summary.percentile(0.5) * 1000:.1f} ms, p99 {summary.percentile(0.99) * 1000:.1f} ms, "
        f"longest {summary.percentile(1) * 1000:.1f} ms"
    )


def _as_json(summary: Summary) -> str:
    return json.dumps(
        {
            "sent": summary.total,
            "accepted": summary.accepted,
            "codes": dict(summary.codes),
            "seconds": round(summary.seconds, 3),
            "per_second": round(summary.rate, 1),
            "p50_ms": round(summary.percentile(0.5) * 1000, 2),
            "p99_ms": round(summary.percentile(0.99) * 1000, 2),
            "longest_ms": round(summary.percentile(1) * 1000, 2),
        }
    )


def _refused(message: str, *, status: int = 2) -> typer.Exit:
    typer.echo(f"countersign send: {message}", err=True)
    return typer.Exit(status)
