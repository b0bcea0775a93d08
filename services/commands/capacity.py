"""`countersign capacity`: how many model nodes a load needs, how long reports wait, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from integration.sglang.profiles import ProfileError
from services.capacity import demand as demands
from services.capacity import measured, pictures, published
from services.capacity.demand import TYPICAL, Demand, Tokens
from services.capacity.fitting import constants
from services.capacity.node import FAST, Band, CapacityError, Edge, Node, node_of
from services.capacity.plan import Plan, plan
from services.capacity.roofline import Roofline
from services.commands.common import AsJson, Data, database
from services.settings import Queue
from services.store import demand as store

Samples = tuple[Tokens, ...]


def capacity(
    profile: Annotated[str, typer.Option(help="Launch profile of a node.")] = "r1-8xh200",
    per_day: Annotated[float, typer.Option(help="Reports a day, over an assumed course of a day.")] = 2000,
    hour: Annotated[
        tuple[float, float, float] | None, typer.Option(help="Instead: STAT, urgent, routine of every hour.")
    ] = None,
    day: Annotated[Path | None, typer.Option(help="Instead: a JSON file with 24 hours.")] = None,
    observed: Annotated[int, typer.Option(help="Instead: the busiest of so many last days in the database.")] = 0,
    engine: Annotated[str, typer.Option(help="With --observed: whose tokens.")] = "",
    zone: Annotated[str, typer.Option(help="With --observed: time zone of the hours.")] = "UTC",
    senders: Annotated[int, typer.Option(min=1, help="Sending systems, of unequal size.")] = 1,
    tokens: Annotated[Path | None, typer.Option(help="JSON lines {input, cached, output}, a report each.")] = None,
    given: Annotated[
        int, typer.Option("--input", min=1, help="Without them: mean tokens of a report's prompts.")
    ] = TYPICAL.input,
    cached: Annotated[int, typer.Option(min=0, help="Of them from the prefix cache.")] = TYPICAL.cached,
    output: Annotated[int, typer.Option(min=1, help="Mean tokens of thinking and answer.")] = TYPICAL.output,
    measurement: Annotated[
        Path | None, typer.Option("--measured", help="A node's tokens a second, or what r1_layer.py printed.")
    ] = None,
    spare: Annotated[int, typer.Option(min=0, help="Nodes that stand by.")] = 1,
    price: Annotated[float | None, typer.Option(min=0, help="Of one node for one hour, in your currency.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same answer.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for plan.json and the pictures.")] = None,
    as_json: AsJson = False,
    check: Annotated[bool, typer.Option("--published", help="Only compare the planner with published runs.")] = False,
    data: Data = None,
) -> None:
    """Plan model nodes: arithmetic of one node, and a simulated day of the queue in front of them."""
    if check:
        typer.echo(published.markdown(), nl=False)
        return
    with _clear_errors():
        samples = demands.read_tokens(tokens) if tokens else _mean(given, cached, output, seed)
        if observed:
            load, samples = _observed(data, observed, engine, zone, None if tokens else samples)
        else:
            load = _load(day, hour, per_day, senders, seed)
        layer, node = _node(profile, samples, measurement)
        others = _others(node, samples)
        planned = plan(load, samples, node, Queue(), seed=seed, spare=spare, price=price, others=others)
    if out:
        _write(out, planned, node)
    if as_json:
        typer.echo(planned.model_dump_json(indent=2))
        return
    _print(planned, node)
    if layer and isinstance(node.steps, Band):
        _print_layer(layer, Roofline(constants(FAST)))


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except (CapacityError, ProfileError) as error:
        typer.echo(f"countersign capacity: {error}", err=True)
        raise typer.Exit(2) from None


def _mean(given: int, cached: int, output: int, seed: int) -> Samples:
    if cached > given:
        raise CapacityError(f"--cached {cached} is more than --input {given}: it is a part of it")
    return demands.spread(Tokens(input=given, cached=cached, output=output), seed)


def _load(day: Path | None, hour: demands.Hour | None, per_day: float, senders: int, seed: int) -> Demand:
    if day:
        return demands.read_demand(day)
    if (sum(hour) if hour else per_day) <= 0 or min(hour or (0,)) < 0:
        raise CapacityError("no reports: --per-day or --hour must be above zero")
    return demands.even(hour, senders, seed) if hour else demands.of_a_day(per_day, demands.SHARES, senders, seed)


def _observed(data: Path | None, days: int, engine: str, zone: str, without: Samples | None) -> tuple[Demand, Samples]:
    with database(data) as connection:
        hours = store.busiest_day(connection, days, zone)
        sizes = store.senders(connection, days)
        found = store.tokens(connection, engine, days) if engine else ()
    if not any(map(sum, hours)):
        raise CapacityError(f"no report came in during the last {days} days")
    if not found and engine:
        raise CapacityError(f"engine {engine!r} has read nothing during the last {days} days")
    read = tuple(Tokens(input=given, cached=cached, output=said) for given, cached, said in found)
    return Demand(hours=tuple(hours), senders=tuple(sizes) or (1.0,)), read or without or ()


def _node(profile: str, samples: Samples, file: Path | None) -> tuple[measured.LayerMeasurement | None, Node]:
    found = measured.read_measurement(file) if file else None
    context, own = demands.context(samples), demands.own(samples)
    if isinstance(found, measured.NodeMeasurement):
        return None, node_of(profile, context, own=own, rates=found.rates(), prefill=found.prefill)
    return found, node_of(profile, context, own=own)


def _others(node: Node, samples: Samples) -> dict[str, Node]:
    """The node at the other edges of its band; none where somebody measured it."""
    if not isinstance(node.steps, Band):
        return {}
    own = demands.own(samples)
    return {edge.value: node_of(node.name, node.context, own=own, edge=edge) for edge in (Edge.EXPECTED, Edge.HIGH)}


def _write(folder: Path, planned: Plan, node: Node) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(planned.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (folder / "day.svg").write_text(pictures.of_the_day(planned), encoding="utf-8")
    (folder / "answers.svg").write_text(pictures.of_the_answers(planned), encoding="utf-8")
    (folder / "node.svg").write_text(pictures.of_a_node(planned, node), encoding="utf-8")


def _print(planned: Plan, node: Node) -> None:
    source = "lower edge of published runs" if isinstance(node.steps, Band) else "your measurement"
    tokens, senders = planned.tokens, "one sender" if planned.senders == 1 else f"{planned.senders} senders"
    rows = {
        "reports": f"{planned.reports_a_day:,.0f} a day from {senders}, "
        f"{planned.busiest_hour_reports:,.0f} between {planned.busiest_hour} and {planned.busiest_hour + 1} o'clock",
        "tokens a report": f"{tokens.input:,} in ({tokens.cached:,} cached), {tokens.output:,} out",
        "one node": f"{planned.profile}: {planned.decode_alone:,.0f} tokens/s alone, {planned.decode_full:,.0f} with "
        f"{node.running} at once ({source})",
        "reports an hour a node": _band(planned),
        "nodes": f"{planned.nodes} and {planned.spare} spare, {planned.gpus} GPUs in all; "
        f"{planned.load:.0%} in use in the busiest hour{_fewer(planned)}",
        "worker slots": f"{planned.slots}",
    }
    if planned.cost_a_day is not None and planned.cost_per_1000 is not None:
        rows["cost"] = f"{planned.cost_a_day:,.2f} a day, {planned.cost_per_1000:,.2f} for 1,000 reports"
    console = Console()
    summary = Table(show_header=False, box=None)
    for name, value in rows.items():
        summary.add_row(name, value)
    console.print(summary, _waits(planned))


def _band(planned: Plan) -> str:
    if len(planned.band) == 1:
        return f"{planned.reports_an_hour_a_node:,.0f}"
    low, expected, high = (planned.band[name] for name in ("low", "expected", "high"))
    return f"{low:,.0f} to {high:,.0f}, {expected:,.0f} expected; planned with the least"


def _fewer(planned: Plan) -> str:
    fewer = planned.nodes_expected
    return f"; {fewer} would do at the speed that is expected" if fewer < planned.nodes else ""


def _waits(planned: Plan) -> Table:
    table = Table(title="seconds, simulated day", title_justify="left")
    for heading in ("priority", "reports", "wait: median", "95 %", "99 %", "read: median", "95 %", "99 %"):
        table.add_column(heading, justify="left" if heading == "priority" else "right")
    for name, one in planned.classes.items():
        both = (one.wait, one.turnaround)
        table.add_row(
            name,
            f"{one.wait.reports:,}",
            *(f"{value:.1f}" for each in both for value in (each.median, each.p95, each.p99)),
        )
    return table


def _print_layer(layer: measured.LayerMeasurement, steps: Roofline) -> None:
    table = Table(title=f"tokens/s of a node; layer measured on {layer.device}", title_justify="left")
    for heading in ("requests", "memory allows", "planned", "by the measured layer (upper bound)"):
        table.add_column(heading, justify="right")
    for one in measured.beside(layer, steps):
        table.add_row(str(one.batch), *(f"{value:,.0f}" for value in (one.bound, one.expected, one.measured)))
    Console().print(table)
