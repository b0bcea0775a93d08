"""What comes in, drawn and read from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.capacity.demand import (
    DAY,
    Tokens,
    arrivals,
    context,
    mean_of,
    of_a_day,
    read_demand,
    read_tokens,
    spread,
)
from services.capacity.measured import LayerMeasurement, NodeMeasurement, read_measurement
from services.capacity.node import CapacityError

COUNTS = st.integers(0, 10_000)


def test_the_assumed_day_is_a_whole_one() -> None:
    assert sum(DAY) == pytest.approx(1)


@given(COUNTS, COUNTS, st.integers(1, 10_000))
def test_spread_lengths_keep_their_mean(uncached: int, cached: int, output: int) -> None:
    mean = Tokens(input=uncached + cached, cached=cached, output=output)
    found = mean_of(spread(mean, seed=1))
    assert found.uncached == pytest.approx(mean.uncached, abs=1)
    assert found.output == pytest.approx(mean.output, rel=0.01, abs=1)
    assert context([mean]) == max(1, mean.input + output / 2)


def test_as_many_reports_come_as_were_said_by_hour_priority_and_sender() -> None:
    demand = of_a_day(50_000, (0.1, 0.2, 0.7), 3, seed=1)
    come = list(arrivals(demand, [Tokens(input=1, output=1)], range(24), seed=1))
    assert len(come) == pytest.approx(50_000, rel=0.02)
    assert sum(one.priority == 0 for one in come) == pytest.approx(5_000, rel=0.05)
    assert sum(int(one.at // 3600) == demand.busiest for one in come) == pytest.approx(demand.peak, rel=0.05)
    share = demand.senders[1] / sum(demand.senders)
    assert sum(one.sender == "site-2" for one in come) == pytest.approx(share * 50_000, rel=0.05)
    assert [one.at for one in come] == sorted(one.at for one in come)


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused_by_its_name(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    for read in (read_tokens, read_demand, read_measurement):
        try:
            read(path)
        except CapacityError as error:
            assert "any.json" in str(error)


def test_measured_tokens_are_read_line_by_line_and_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tokens.jsonl"
    path.write_text('{"input": 1500, "cached": 800, "output": 640}\n\n{"input": 1300, "output": 20}\n')
    assert [one.uncached for one in read_tokens(path)] == [700, 1300]
    path.write_text('{"input": 1500, "output": 640}\n{"input": -1, "output": 640}\n')
    with pytest.raises(CapacityError, match=r"tokens.jsonl, line 2: input: .*greater than or equal to 0"):
        read_tokens(path)


def test_a_measured_day_has_24_hours_and_reports(tmp_path: Path) -> None:
    path = tmp_path / "day.json"
    path.write_text(json.dumps({"hours": [[1, 2, 3]] * 24, "senders": [3, 1]}))
    assert (read_demand(path).per_day, read_demand(path).peak) == (144, 6)
    for wrong in ({"hours": [[1, 2, 3]] * 23}, {"hours": [[0, 0, 0]] * 24}, {"hours": [[1, 2, -1]] * 24}):
        path.write_text(json.dumps(wrong))
        with pytest.raises(CapacityError, match=r"day\.json: hours|day\.json: Value error"):
            read_demand(path)


def test_a_file_of_measurements_says_itself_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    path.write_text(json.dumps({"source": "bench_serving, 3 May", "decode": {"1": 60, "128": 2400}, "prefill": 16000}))
    node = read_measurement(path)
    assert isinstance(node, NodeMeasurement) and node.rates().step(1, 0) == pytest.approx(1 / 60)
    part = {"seconds": 1e-3, "bandwidth_share": 0.5, "flop_share": 0.1}
    batch = {"batch": 8, "context": 1800, "attention": part, "mixture": part}
    path.write_text(json.dumps({"device": "H200", "torch": "2.13.0", "batches": [batch]}))
    assert isinstance(read_measurement(path), LayerMeasurement)
