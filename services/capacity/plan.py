"""How many nodes: enough for the busiest hour, then one more until the waiting times of the simulation are met."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import count
from statistics import quantiles

from integration.canonical import Priority, Record
from services.capacity.demand import Demand, Tokens, arrivals, mean_of
from services.capacity.node import Node, slots_for
from services.capacity.simulation import House, Read, simulate
from services.settings import Queue

# The alerts CountersignStatWaiting and CountersignQueueOld start here.
STAT_WAIT, ROUTINE_WAIT = 120.0, 1800.0
# Hours simulated to find the number of nodes: the two before the busiest fill the queue as the day does.
BEFORE, AFTER = 2, 1


class Waits(Record):
    """Seconds: half, 95 and 99 of a hundred reports, and the longest."""

    reports: int
    median: float
    p95: float
    p99: float
    longest: float


class Class(Record):
    """One priority: until a slot took the report, and until its suggestions were there."""

    wait: Waits
    turnaround: Waits


class Hourly(Record):
    """One hour: reports, 95th percentile of the turnaround by priority (seconds), share of the nodes in use."""

    hour: int
    reports: int
    turnaround: dict[str, float]
    load: float


class Plan(Record):
    """The answer. `nodes` meets the targets; `spare` more of them stand by; cost is per `currency`, None unpriced.

    Everything is of the lower edge of a node's speed. `band`: reports an hour of one node at its edges;
    `nodes_expected`: how many would do at the speed that is expected.
    """

    profile: str
    seed: int
    reports_a_day: float
    busiest_hour: int
    busiest_hour_reports: float
    senders: int
    tokens: Tokens
    decode_alone: float
    decode_full: float
    prefill: float
    reports_an_hour_a_node: float
    band: dict[str, float]
    nodes: int
    nodes_expected: int
    spare: int
    gpus: int
    slots: int
    load: float
    classes: dict[str, Class]
    hours: list[Hourly]
    cost_a_day: float | None = None
    cost_per_1000: float | None = None


def plan(
    demand: Demand,
    samples: Sequence[Tokens],
    node: Node,
    queue: Queue,
    *,
    seed: int,
    spare: int = 1,
    price: float | None = None,
    others: Mapping[str, Node] | None = None,
) -> Plan:
    """The plan for a day of this demand. `price`: of one node for one hour. `others`: the node at its other edges."""
    nodes = nodes_needed(demand, samples, node, queue, seed)
    reads = simulate(house_of(node, nodes, queue), queue, list(arrivals(demand, samples, range(24), seed)))
    mean = mean_of(samples)
    each = node.reports_an_hour(mean.uncached, mean.output)
    edges = {"low": node, **(others or {})}
    hopeful = edges.get("expected")
    paid = None if price is None else price * 24 * (nodes + spare)
    return Plan(
        profile=node.name,
        seed=seed,
        reports_a_day=demand.per_day,
        busiest_hour=demand.busiest,
        busiest_hour_reports=demand.peak,
        senders=len(demand.senders),
        tokens=mean,
        decode_alone=node.decode(1),
        decode_full=node.full,
        prefill=node.prefill,
        reports_an_hour_a_node=each,
        band={name: one.reports_an_hour(mean.uncached, mean.output) for name, one in edges.items()},
        nodes=nodes,
        nodes_expected=nodes_needed(demand, samples, hopeful, queue, seed) if hopeful else nodes,
        spare=spare,
        gpus=(nodes + spare) * node.gpus,
        slots=nodes * slots_for(node.running, queue.stat_reserve),
        load=demand.peak / (nodes * each),
        classes=classes(reads),
        hours=[_hour(hour, reads, nodes * each) for hour in range(24)],
        cost_a_day=paid,
        cost_per_1000=None if paid is None else 1000 * paid / demand.per_day,
    )


def nodes_needed(demand: Demand, samples: Sequence[Tokens], node: Node, queue: Queue, seed: int) -> int:
    """The fewest nodes that keep both targets through the busiest hour."""
    mean = mean_of(samples)
    least = max(1, math.ceil(demand.peak / node.reports_an_hour(mean.uncached, mean.output)))
    hours = [(demand.busiest + at) % 24 for at in range(-BEFORE, AFTER + 1)]
    come = list(arrivals(demand, samples, hours, seed))
    return next(nodes for nodes in count(least) if meets(simulate(house_of(node, nodes, queue), queue, come)))


def house_of(node: Node, nodes: int, queue: Queue) -> House:
    """One worker a node, with as many slots as fill it."""
    return House(node, nodes, nodes, slots_for(node.running, queue.stat_reserve))


def meets(reads: Sequence[Read]) -> bool:
    """Whether 99 of a hundred STAT reports and 95 of a hundred others are begun in time."""
    found = classes(reads)
    limits = {
        Priority.STAT: ("p99", STAT_WAIT),
        Priority.URGENT: ("p95", ROUTINE_WAIT),
        Priority.ROUTINE: ("p95", ROUTINE_WAIT),
    }
    return all(
        getattr(found[priority.name.lower()].wait, name) <= limit
        for priority, (name, limit) in limits.items()
        if priority.name.lower() in found
    )


def classes(reads: Sequence[Read]) -> dict[str, Class]:
    """By priority, those that had any."""
    by_name = {
        priority.name.lower(): [read for read in reads if read.arrival.priority == priority] for priority in Priority
    }
    return {
        name: Class(wait=_waits([one.wait for one in some]), turnaround=_waits([one.turnaround for one in some]))
        for name, some in by_name.items()
        if some
    }


def _waits(seconds: Sequence[float]) -> Waits:
    if len(seconds) == 1:
        return Waits(reports=1, median=seconds[0], p95=seconds[0], p99=seconds[0], longest=seconds[0])
    cuts = quantiles(seconds, n=100, method="inclusive")
    return Waits(reports=len(seconds), median=cuts[49], p95=cuts[94], p99=cuts[98], longest=max(seconds))


def _hour(hour: int, reads: Sequence[Read], capacity: float) -> Hourly:
    some = [read for read in reads if int(read.arrival.at // 3600) == hour]
    turnaround = {name: one.turnaround.p95 for name, one in classes(some).items()}
    return Hourly(hour=hour, reports=len(some), turnaround=turnaround, load=len(some) / capacity)
