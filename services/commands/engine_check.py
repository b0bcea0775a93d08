"""`countersign engine check`: what a model server is, whether it does what our calls need, and how fast."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from integration.sglang.client import ModelClient
from services.capacity.node import ROOFLINE, node_of
from services.engines import EngineError, EngineSpec, load_engines, spec_of
from services.reading.catalogue import load
from services.reading.reader import Question, ReadingError, Usage
from services.reading.rules.reader import RulesReader
from services.settings import SettingsError
from services.settings import load as load_settings
from services.workflow.engine_check import TEXT, Check, look, profile_of, try_out
from services.workflow.model_reader import ModelReader

app = typer.Typer(no_args_is_help=True, help="The model servers of engines.yaml.")
LEAST = 0.5
"""Of the planned rate: below it something is wrong with the server or with the plan."""


@app.callback()
def _group() -> None:
    """Keeps `check` a command of its own."""


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="a name of engines.yaml")],
    readings: Annotated[int, typer.Option(min=0, help="readings to measure its rate with; 0: none")] = 64,
    at_once: Annotated[int, typer.Option(min=1, help="readings under way at once")] = 16,
) -> None:
    """Say what a running server is, whether it works as its profile says, and its rate; exit 1 if anything is wrong."""
    try:
        spec = spec_of(name, load_engines(load_settings().config_dir))
        client = ModelClient(spec.endpoint())
    except (EngineError, SettingsError) as error:
        typer.echo(f"countersign engine check: {error}", err=True)
        raise typer.Exit(2) from None
    well = True
    for one in _checks(spec, client, readings, at_once):
        well = well and one.well
        typer.echo(f"{'ok  ' if one.well else 'BAD '} {one.what}: {one.says}")
    client.close()
    raise typer.Exit(0 if well else 1)


def _checks(spec: EngineSpec, client: ModelClient, readings: int, at_once: int) -> Iterator[Check]:
    seen = look(spec, client)
    yield from seen
    if seen[0].well:
        yield from try_out(spec, client)
        if readings:
            yield rate(spec, client, readings, at_once)


def rate(spec: EngineSpec, client: ModelClient, readings: int, at_once: int) -> Check:
    """Tokens and reports of whole readings of one report of our own, beside what is planned with as many at once."""
    reader = ModelReader(spec, client, RulesReader())
    question = Question(text=TEXT, catalogue=load().choose(modality="CR", body_part="CHEST"), modality="CR")
    started = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        usages = [one for one in pool.map(lambda _: _read(reader, question), range(readings)) if one]
    seconds = time.monotonic() - started
    if not usages:
        return Check("rate", False, f"none of {readings} readings came through")
    tokens = sum(one.reasoning_tokens + one.answer_tokens for one in usages) / seconds
    reports = 3600 * len(usages) / seconds
    says = f"{tokens:,.0f} tokens/s and {reports:,.0f} reports an hour with {at_once} at once"
    lost = "" if len(usages) == readings else f"; {readings - len(usages)} of {readings} failed"
    return _beside_the_plan(spec, tokens, at_once, usages, says + lost)


def _beside_the_plan(spec: EngineSpec, tokens: float, at_once: int, usages: list[Usage], says: str) -> Check:
    profile = profile_of(spec)
    if profile is None or profile.name not in ROOFLINE:
        return Check("rate", True, f"{says}; the planner has no figure for this server")
    context = sum(one.input_tokens + one.reasoning_tokens + one.answer_tokens for one in usages) / len(usages)
    planned = node_of(profile.name, context).decode(at_once)
    share = tokens / planned
    return Check("rate", share >= LEAST, f"{says}; planned are {planned:,.0f} tokens/s ({share:.0%})")


def _read(reader: ModelReader, question: Question) -> Usage | None:
    try:
        return reader.read(question).usage
    except ReadingError:
        return None
