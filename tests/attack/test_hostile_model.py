"""A model server that answers so as to do harm costs a worker no more memory than its answers' bounds.

32 hostile answers side by side here, 128 in `make attack`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.settings import Database
from tests.hostile_server import KINDS, hostile
from tests.integration.dispatch.test_many_calls import at_work, failed, peak
from tests.system import eventually

CALLS = 128 if "ATTACK_SECONDS" in os.environ else 32
MEGABYTES = 400


@pytest.mark.timeout(900)
def test_hostile_answers_side_by_side_cost_a_worker_no_more_memory_than_their_bounds(
    engine: Engine, database: Database, tmp_path: Path
) -> None:
    """Floods, drops, bombs and depths, a few of each at once; every call ends as a failure that is told."""
    with (
        hostile(*KINDS) as server,
        at_work(engine, database, tmp_path, server.url, reports=CALLS, timeout=5) as worker,
    ):
        eventually(lambda: failed(engine) >= CALLS, 600, f"{CALLS} failures")
        print(f"{CALLS} hostile answers: the worker took {peak(worker)} MB at most")
        assert peak(worker) < MEGABYTES
