"""A process that makes no progress says so on /progress and ends, to be started again; one that only waits does not."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request

from sqlalchemy import Engine, text

from services.dispatch.lease_keeper import Lessee
from services.dispatch.queue import make_app, publish
from services.dispatch.watchdog import Watchdog
from services.processes.relay.main import Relay
from services.settings import Broker, Health, Queue, Settings
from services.store import jobs, wake_ups
from services.telemetry.health import Probes, serve
from tests.ports import free_port
from tests.system import eventually

QUEUE = Queue(concurrency=2, progress_timeout=2)
NOBODY = Broker(port=9)
STUCK = "import os, time; from services.process import Process; from services.settings import Settings\n"
STUCK += "Process('test', Settings()).exit_when_stuck(lambda: 'it has stopped beating'); time.sleep(60)"


def status(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()


def test_the_probe_answers_503_with_the_reason() -> None:
    probes, port, reason = Probes(), free_port(), [""]
    probes.progress_when(lambda: reason[0])
    serve(probes, Health(port=port))
    assert status(port, "/progress") == (200, "ok")
    reason[0] = "nothing was claimed"
    assert status(port, "/progress") == (503, "nothing was claimed")
    assert status(port, "/live") == (200, "ok")


def test_a_process_that_is_stuck_ends_with_70_and_says_why() -> None:
    ended = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 70
    assert "it has stopped beating" in ended.stderr


def watchdog(engine: Engine, broker: Broker, *, silent: bool = True) -> tuple[Lessee, Watchdog]:
    """A worker's watchdog; `silent`: nothing was claimed for longer than it has patience."""
    lessee = Lessee(engine, QUEUE)
    if silent:
        lessee.heard_at -= 2 * QUEUE.progress_timeout
    return lessee, Watchdog(lessee, engine, Settings(broker=broker, queue=QUEUE), lambda reason: None)


def unheard_job(engine: Engine) -> int:
    """A job that was published long ago and that nobody claimed."""
    with engine.begin() as connection:
        number = jobs.add(connection, kind="intake")
        wake_ups.take_ready(connection, QUEUE, 1, 1)
        past = "now() - interval '10 s'"
        connection.execute(text(f"UPDATE job SET published_at = {past}, not_before = {past}"))
        return number


def test_ready_work_free_slots_and_nothing_claimed_is_no_progress(engine: Engine) -> None:
    lessee, dog = watchdog(engine, NOBODY)
    assert dog.look() == ""
    number = unheard_job(engine)
    assert dog.look() == "work is ready, slots are free, and nothing was claimed"
    assert lessee.claim(number)
    assert dog.look() == ""


def test_a_worker_whose_slots_are_full_makes_progress(engine: Engine) -> None:
    lessee, dog = watchdog(engine, NOBODY, silent=False)
    for _ in range(QUEUE.concurrency):
        lessee.claim(unheard_job(engine))
    unheard_job(engine)
    lessee.heard_at -= 2 * QUEUE.progress_timeout
    assert dog.look() == ""


def test_a_wake_up_that_lies_in_the_broker_is_not_heard(engine: Engine, broker: Broker) -> None:
    _, dog = watchdog(engine, broker)
    app = make_app(broker)
    eventually(lambda: _published(app) or None, 20, "a wake-up in the broker")
    said = "wake-ups wait in the broker and do not reach this worker"
    assert eventually(lambda: dog.look() or None, 20, "the watchdog's word") == said


def _published(app: object) -> bool:
    try:
        publish(app, 1, priority=2)  # type: ignore[arg-type]
    except Exception:
        return False
    return True


def test_a_relay_that_stops_beating_is_stuck_and_one_that_beats_is_not(engine: Engine) -> None:
    relay = Relay(engine, NOBODY, Queue(progress_timeout=0.2))
    assert relay.stuck() == ""
    time.sleep(0.3)
    assert relay.stuck() == "the relay has stopped beating"


def test_what_did_not_reach_the_broker_is_published_again_by_the_next_beat(engine: Engine, broker: Broker) -> None:
    """It is marked as published before it is; the mark goes where the broker is away."""
    with engine.begin() as connection:
        number = jobs.add(connection, kind="intake")
        jobs.renew(connection, "somebody", QUEUE.concurrency, QUEUE)
    away, there = (Relay(engine, where, QUEUE) for where in (NOBODY, broker))
    assert [away._beat() for _ in range(2)] == [0, 0]
    assert eventually(there._beat, 20, "a beat with a broker") == 1
    with engine.connect() as connection:
        assert jobs.search(connection, ids=[number])[0].published_at
