"""Writes the figures of docs/operations/sizing.md: the planner's, beside published ones.

Run without arguments to rewrite them, with --check to fail when one is stale. The national plan is read from
docs/benchmarks/capacity/plan.json, which `countersign capacity --per-day 300000 --senders 200 --out
docs/benchmarks/capacity` writes.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path

from integration.sglang.profiles import load_profiles
from services.capacity import published
from services.capacity.demand import TYPICAL, Tokens, context, own
from services.capacity.fitting import constants
from services.capacity.node import FAST, ROOFLINE, Edge, Node, gpus, node_of, running_at_once, slots_for
from services.capacity.plan import Plan
from services.capacity.roofline import Roofline
from services.settings import Queue

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/operations/sizing.md"
PLAN = ROOT / "docs/benchmarks/capacity/plan.json"
# Tokens of a median answer without thinking (demand.TYPICAL); reports of the busiest of 300,000 a day.
ANSWER, COUNTRY = 597, 25_500
PART = re.compile(r"(<!-- (\w+): written by scripts/sizing_page\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def node(edge: Edge = Edge.LOW, tokens: Tokens = TYPICAL, name: str = "r1-8xh200") -> Node:
    return node_of(name, context([tokens]), own=own([tokens]), edge=edge)


def rates() -> str:
    """Step by step what a node gives, and what memory alone would allow."""
    low, expected, high = map(node, Edge)
    roof = Roofline(constants(FAST))
    head = (
        "| Requests at once | Tokens/s the memory allows | Tokens/s planned | expected | at most |\n"
        "|---|---|---|---|---|\n"
    )
    return head + "".join(
        f"| {batch} | {batch / roof.bound(batch, low.context):,.0f} | {low.decode(batch):,.0f} | "
        f"{expected.decode(batch):,.0f} | {high.decode(batch):,.0f} |\n"
        for batch in (1, 8, 32, 64, 128, low.running)
    )


def reports() -> str:
    """Reports an hour of one node by output and cached prompt."""
    head = (
        "| Thinking of a report, tokens | Output in all | At once | Reports an hour planned | expected | at most | "
        "Nodes for a country's busiest hour |\n|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(_reports(thinking) for thinking in (0, 512, 1000, 2048, 4096))


def _reports(thinking: int) -> str:
    tokens = TYPICAL.model_copy(update={"output": ANSWER + thinking})
    each = [node(edge, tokens).reports_an_hour(tokens.uncached, tokens.output) for edge in Edge]
    speeds = " | ".join(f"{value:,.0f}" for value in each)
    needed = math.ceil(COUNTRY / each[0])
    return f"| {thinking:,} | {tokens.output:,} | {node(tokens=tokens).running} | {speeds} | {needed} |\n"


def nodes() -> str:
    """Each profile's node: requests at once, worker slots, reports an hour."""
    head = (
        "| Profile | GPUs | Requests at once | Worker slots a node | Reports an hour a node |\n|---|---|---|---|---|\n"
    )
    real = [one for one in load_profiles().values() if one.revision_required]
    return head + "".join(
        f"| `{one.name}` | {gpus(one)} | {running_at_once(one)} | "
        f"{slots_for(running_at_once(one), Queue().stat_reserve)} | {_hourly(one.name)} |\n"
        for one in real
    )


def _hourly(name: str) -> str:
    if name not in ROOFLINE:
        return "no published figure: measure it"
    low, _, high = (node(edge, name=name).reports_an_hour(TYPICAL.uncached, TYPICAL.output) for edge in Edge)
    return f"{low:,.0f} to {high:,.0f}"


def national() -> str:
    """The plan kept under docs/benchmarks."""
    plan = Plan.model_validate_json(PLAN.read_text(encoding="utf-8"))
    head = (
        f"{plan.reports_a_day:,.0f} reports a day from {plan.senders} senders, {plan.busiest_hour_reports:,.0f} in the "
        f"busiest hour: **{plan.nodes} nodes and {plan.spare} spare**, {plan.load:.0%} in use in that hour, "
        f"{plan.slots} worker slots (seed {plan.seed}); {plan.nodes_expected} nodes would do at the speed that is "
        "expected.\n\n"
        "| Priority | Reports | Wait for a slot, 99 % | Until its suggestions: half | 95 % | 99 % |\n"
        "|---|---|---|---|---|---|\n"
    )
    return head + "".join(
        f"| {name} | {one.wait.reports:,} | {one.wait.p99:.1f} s | {one.turnaround.median:.0f} s | "
        f"{one.turnaround.p95:.0f} s | {one.turnaround.p99:.0f} s |\n"
        for name, one in plan.classes.items()
    )


PARTS: dict[str, Callable[[], str]] = {
    "published": published.markdown,
    "rates": rates,
    "reports": reports,
    "nodes": nodes,
    "national": national,
}


def page(text: str) -> str:
    """The page with its figures made anew."""
    return PART.sub(lambda found: found[1] + PARTS[found[2]]() + found[3], text)


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = page(text)
    if text != wanted and "--check" in sys.argv:
        raise SystemExit(f"stale: {PAGE}; run python scripts/sizing_page.py")
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
