"""The simulated queue: against theory where there is one, and by the rules where there is none."""

from __future__ import annotations

import random
import sys
from statistics import fmean

import pytest

from services.capacity.demand import Arrival, Tokens, arrivals, even, of_a_day, spread
from services.capacity.node import CapacityError, Node, Rates, node_of
from services.capacity.plan import classes, house_of, nodes_needed, plan
from services.capacity.simulation import House, Read, simulate
from services.settings import Queue

QUICK = Queue(relay=0.01, stat_reserve=0)
MEAN = Tokens(input=1500, cached=800, output=800)
SAMPLES = spread(MEAN, seed=1)


def report(number: int, at: float, *, priority: int = 2, sender: str = "A", output: int = 100) -> Arrival:
    return Arrival(number, at, priority, sender, Tokens(input=0, output=output))


def steady(rate: float, running: int = 1000) -> Node:
    """A node that gives `rate` tokens a second however many requests share them."""
    return Node("steady", 8, running, Rates({1: rate, running: rate}), 1000, 1e9)


def test_processor_sharing_takes_as_long_as_theory_says() -> None:
    """M/M/1 processor sharing: E[T] = E[S] / (1 - load) (Kleinrock, Queueing Systems II, 4.4)."""
    chance, at, come = random.Random(5), 0.0, []
    for number in range(20_000):
        at += chance.expovariate(0.7)
        come.append(report(number, at, output=max(1, round(chance.expovariate(1 / 1000)))))
    reads = simulate(House(steady(1000), 1, 1, 1000), QUICK, come)
    assert fmean(read.turnaround for read in reads) == pytest.approx(1 / (1 - 0.7), rel=0.1)


def test_a_report_alone_takes_its_prompt_and_then_its_tokens() -> None:
    node = node_of("r1-8xh200", 1900)
    (read,) = simulate(house_of(node, 1, QUICK), QUICK, [Arrival(0, 0.0, 2, "A", MEAN)])
    assert read.turnaround == pytest.approx(node.alone(MEAN.uncached, MEAN.output), abs=0.02)


def test_a_full_node_reads_as_many_reports_as_the_arithmetic_says() -> None:
    node = node_of("r1-8xh200", 1900)
    come = [Arrival(number, 0.0, 2, "A", MEAN) for number in range(node.running * 20)]
    reads = simulate(house_of(node, 1, QUICK), QUICK, come)
    hour = 3600 * len(come) / max(read.ended for read in reads)
    assert hour == pytest.approx(node.reports_an_hour(MEAN.uncached, MEAN.output), rel=0.03)


def test_every_report_is_read_once_and_none_before_it_came() -> None:
    come = list(arrivals(even((20, 60, 320), 5, seed=3), SAMPLES, range(2), seed=3))
    reads = simulate(house_of(node_of("r1-8xh200", 1900), 1, Queue()), Queue(), come)
    assert [read.arrival.number for read in reads] == [one.number for one in come]
    assert all(read.arrival.at <= read.started <= read.ended for read in reads)


def test_stat_starts_at_the_next_look_however_many_wait() -> None:
    flood = [report(number, 0.0) for number in range(500)]
    stat = report(500, 5.0, priority=0)
    reads = simulate(House(steady(50, running=10), 1, 1, 10), Queue(), [*flood, stat])
    assert reads[-1].wait <= Queue().relay
    assert fmean(read.wait for read in reads[:-1]) > 100


def test_one_senders_flood_does_not_hold_another_back() -> None:
    flood = [report(number, 0.0) for number in range(500)]
    late = report(500, 5.0, sender="B")
    reads = simulate(House(steady(50, running=10), 1, 1, 10), Queue(), [*flood, late])
    before = sum(read.started < reads[-1].started for read in reads)
    assert before < 60, "what was published before it came, and no more"


def test_the_same_seed_gives_the_same_plan() -> None:
    def once(seed: int) -> str:
        node = node_of("r1-8xh200", 1900)
        return plan(of_a_day(2000, (0.05, 0.15, 0.8), 3, seed), SAMPLES, node, Queue(), seed=seed).model_dump_json()

    assert once(7) == once(7) != once(8)


def test_more_reports_need_more_nodes_and_each_plan_keeps_its_targets() -> None:
    node = node_of("r1-8xh200", 1900)
    load = even((500, 1500, 8_000), 20, seed=1)
    nodes = nodes_needed(load, SAMPLES, node, Queue(), seed=1)
    assert nodes >= load.peak / node.reports_an_hour(MEAN.uncached, MEAN.output) > nodes - 2
    come = list(arrivals(load, SAMPLES, range(1), seed=2))
    found = classes(simulate(house_of(node, nodes, Queue()), Queue(), come))
    assert found["stat"].wait.p99 <= 120
    assert found["routine"].wait.p95 <= 1800


def test_waits_are_of_the_reports_they_are_said_to_be_of() -> None:
    reads = [Read(report(number, 0.0, priority=number % 2), started=number, ended=100) for number in range(101)]
    found = classes(reads)
    assert set(found) == {"stat", "urgent"}
    assert (found["stat"].wait.median, found["stat"].wait.longest) == (50, 100)
    assert found["stat"].turnaround.median == 100


def test_without_simpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simpy", None)
    with pytest.raises(CapacityError, match=r"pip install 'countersign\[evaluation\]'"):
        simulate(House(steady(1), 1, 1, 1), QUICK, [report(0, 0.0)])
