"""What the throughput table says of memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.benchmarks.throughput import Run, growth, memory_of, report


def test_growth_is_the_slope_in_kb_a_thousand_reports() -> None:
    assert growth([(0, 100.0), (1000, 101.0), (2000, 102.0)]) == pytest.approx(1000)
    assert growth([(0, 100.0), (1000, 101.0)]) is None


def test_memory_is_compared_from_a_tenth_of_the_reports_on() -> None:
    samples = [(count / 10, count, {"worker": 50.0 if count < 100 else 140.0}) for count in range(0, 1001, 50)]
    page = report(Run(1000, seconds=100.0, written=1000, cpu={"worker": 10.0}, samples=samples))
    assert "**10.0 reports/s**; 10.0 ms of CPU a report" in page
    assert "| worker | 10.00 | 140 | 140 | +0 |" in page


def test_pages_that_are_shared_count_once() -> None:
    code = "import os, signal; kept = bytearray(50_000_000); os.fork() and print('two', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as two:
        assert two.stdout
        two.stdout.readline()
        assert 50 < memory_of(two.pid) < 90
        os.killpg(two.pid, signal.SIGKILL)
