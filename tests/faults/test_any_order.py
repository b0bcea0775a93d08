"""Processes that start before what they need: each waits, says so once, and goes on when it comes."""

import json
import time

from tests.faults.rig import NAMES, Rig
from tests.messages import oru
from tests.system import eventually

WAITING = [name for name in NAMES if name != "listener"]


def said(rig: Rig, name: str, since: int) -> list[str]:
    """What a process said it waits for."""
    lines = [line for line in rig.log(name)[since:].splitlines() if line.startswith("{")]
    return [one["reason"] for one in map(json.loads, lines) if one["event"] == "waiting"]


def refuses(rig: Rig) -> bool:
    try:
        with rig.peer() as peer:
            return b"MSA|AE|" in peer.ask(oru("0REFUSED"))
    except OSError:
        return False


def test_processes_before_the_database_and_the_database_before_the_broker(rig: Rig) -> None:
    with rig.row("0 started in any order") as row:
        before = {name: len(rig.log(name)) for name in NAMES}
        rig.stop_postgres_at_once()
        rig.kill_valkey()
        for name in NAMES:
            rig.kill(name)
        for name in WAITING:
            eventually(lambda name=name: said(rig, name, before[name]), 120, f"{name} says that it waits")
        eventually(lambda: refuses(rig), 120, "the listener answers AE")
        time.sleep(2.5)
        rig.start_postgres()
        for name in ("worker", "worker2"):
            eventually(lambda name=name: len(said(rig, name, before[name])) > 1, 120, f"{name} waits for the broker")
        rig.start_valkey()
        row.feed(3)
    for name in WAITING:
        reasons = said(rig, name, before[name])
        assert "PostgreSQL does not answer" in reasons[0]
        assert len(reasons) == len(set(reasons))
