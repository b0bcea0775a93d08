"""The fault matrix of docs/reliability.md. After every row the ledger must balance: nothing lost, nothing twice."""

import base64
import contextlib
import os
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from services.store import audit, integrity
from tests.benchmarks.mllp import tree
from tests.faults.processes import POISON
from tests.faults.rig import FULL, Rig, Row, volume
from tests.messages import oru

SEED = int(os.environ.get("FAULTS_SEED", "1"))
SECONDS = float(os.environ.get("FAULTS_SECONDS", "1800" if FULL else "12"))
WORKERS = ("worker", "worker2")
UNDER_WAY = "SELECT count(*) FROM job WHERE state IN ('ready', 'leased', 'waiting')"
# The statement with which a listener stores frames is its backends' last.
LISTENERS = """
    SELECT array_agg(pid) FROM pg_stat_activity
    WHERE query LIKE '%OVERRIDING SYSTEM VALUE%' AND pid <> pg_backend_pid()
"""


@pytest.fixture
def chance() -> Iterator[random.Random]:
    yield random.Random(SEED)


def until(true: Callable[[], bool]) -> None:
    """Waits for what must come, however slow the machine."""
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_01_workers_killed_at_random_points(rig: Rig, chance: random.Random) -> None:
    with rig.row("1 kill -9 worker", retried=True) as row:
        row.feeding(5000 if FULL else 50, gap=0.05)
        for _ in range(volume(100)):
            time.sleep(chance.uniform(0.1, 6 if FULL else 0.8))
            rig.kill(chance.choice(WORKERS))


def test_02_valkey_killed_without_aof(rig: Rig, chance: random.Random) -> None:
    with rig.row("2 kill -9 Valkey") as row:
        row.feeding(500 if FULL else 20, gap=0.1)
        for _ in range(volume(50)):
            time.sleep(chance.uniform(0.1, 0.6))
            rig.kill_valkey()
            time.sleep(chance.uniform(0, 3 if FULL else 0.5))
            rig.start_valkey()


def test_03_flushall_under_load(rig: Rig, chance: random.Random) -> None:
    with rig.row("3 FLUSHALL") as row:
        row.feeding(500 if FULL else 20, gap=0.05)
        for _ in range(volume(20)):
            time.sleep(chance.uniform(0.2, 0.8))
            rig.valkey().flushall()


def test_04_postgresql_stopped_at_once_and_started(rig: Rig, chance: random.Random) -> None:
    with rig.row("4 PostgreSQL immediate stop") as row:
        row.feeding(500 if FULL else 20, gap=0.2)
        for _ in range(volume(20)):
            time.sleep(chance.uniform(0.5, 1.0))
            rig.stop_postgres_at_once()
            rig.start_postgres()
            time.sleep(1.5)


def test_05_listener_killed_between_commit_and_answer(rig: Rig) -> None:
    with rig.planted("listener", "die before answering"), rig.row("5 kill -9 listener") as row:
        row.feed(volume(200))
    repeats = rig.ask("SELECT count(*) FROM message WHERE duplicate_of IS NOT NULL AND control_id LIKE '5N%'")
    assert repeats >= volume(200)


def stop(rig: Rig, row: Row, name: str) -> None:
    """Stops a worker that has work under way."""

    def holds() -> bool:
        if not row.is_feeding:
            row.feeding(12)
        return rig.holds(rig.pid(name)) > 0

    until(holds)
    rig.kill(name, signal.SIGSTOP)


def refused(rig: Rig, name: str) -> int:
    """Results a worker was not let write: under a lease it had lost, or in a transaction it had held up too long."""
    return sum(rig.log(name).count(f'"state": "{outcome}"') for outcome in ("stale", "database"))


def gave_up(rig: Rig, name: str, pid: int, refusals: int, lost: int) -> bool:
    """Whether every result of a worker was refused, or its watchdog ended it before it could try."""
    return rig.pid(name) != pid or refused(rig, name) >= refusals + lost


def test_06_workers_stopped_beyond_their_leases_write_nothing_when_they_go_on(rig: Rig) -> None:
    slow = rig.planted("worker", "slow"), rig.planted("worker2", "slow")
    with slow[0], slow[1], rig.row("6 SIGSTOP both workers", bounded=False) as row:
        until(lambda: all(rig.lives(rig.pid(name)) for name in WORKERS))
        for _ in range(25 if FULL else 2):
            for name in WORKERS:
                stop(rig, row, name)
            until(lambda: all(rig.holds(rig.pid(name)) == 0 for name in WORKERS))
            before = {name: (rig.pid(name), refused(rig, name)) for name in WORKERS}
            lost = {name: rig.lost_by(rig.pid(name)) for name in WORKERS}
            for name in WORKERS:
                rig.kill(name, signal.SIGCONT)
            until(
                lambda before=before, lost=lost: all(gave_up(rig, name, *before[name], lost[name]) for name in WORKERS)
            )
            until(lambda: not row.is_feeding and rig.ask(UNDER_WAY) == 0)


def test_08_answers_of_the_fhir_server_lost_after_the_write(rig: Rig) -> None:
    left = iter(range(volume(100)))
    rig.sink.lose = lambda: next(left, None) is not None
    with rig.row("8 FHIR answer lost") as row:
        row.feed(volume(100))
    assert next(left, None) is None


def test_10_a_report_that_kills_its_worker_is_a_dead_letter_and_its_neighbours_are_read(rig: Rig) -> None:
    with (
        rig.planted("worker", "poison"),
        rig.planted("worker2", "poison"),
        rig.row("10 poison", dead=3 if FULL else 1) as row,
    ):
        row.feed(5)
        for _ in range(3 if FULL else 1):
            row.send(f"There is {POISON} in this report.")
        row.feed(15)


def test_11_the_broker_goes_silent_with_its_connections_open(rig: Rig) -> None:
    with rig.row("11 Valkey half-open") as row:
        row.feed(3)
        for _ in range(20 if FULL else 1):
            rig.broker.half_open()
            row.feed(3)


def test_12_a_rolling_restart_under_load_counts_as_no_loss(rig: Rig) -> None:
    before = rig.ask("SELECT coalesce(sum(lost), 0) FROM job")
    with rig.row("12 SIGTERM rolling restart") as row:
        row.feeding(500 if FULL else 30, gap=0.2)
        for _ in range(volume(20)):
            for name in (*WORKERS, "relay", "sender", "listener"):
                rig.kill(name, signal.SIGTERM)
                time.sleep(0.5)
    assert rig.ask("SELECT coalesce(sum(lost), 0) FROM job") == before


def test_13_a_database_that_cannot_be_written_to_is_answered_ae(rig: Rig) -> None:
    with rig.row("13 read-only database") as row:
        for number in range(5 if FULL else 1):
            row.feed(3)
            try:
                rig.administer("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
                time.sleep(0.5)
                with rig.peer() as peer:
                    assert b"MSA|AE|" in peer.ask(oru(f"13READONLY{number}"))
            finally:
                rig.administer(
                    "SET default_transaction_read_only = off",
                    "ALTER SYSTEM RESET default_transaction_read_only",
                    "SELECT pg_reload_conf()",
                )
            row.feed(3)


def limit(processes: list[int], size: int) -> None:
    """No file of these processes, and of those they start, may grow beyond so many bytes."""
    for process in processes:
        # One that has ended meanwhile needs no limit.
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_13_a_full_disk_is_answered_ae_and_what_was_stored_stays(rig: Rig) -> None:
    with rig.row("13b disk full") as row:
        row.feed(1)
        answers = []
        # Those the listener has, and those it will get.
        limit([rig.postmaster, *rig.ask(LISTENERS)], 17 << 20)
        with rig.peer() as peer:
            for number in range(30):
                filler = base64.b64encode(os.urandom(700_000)).decode()
                answers.append(
                    peer.ask(oru(f"13FULL{number}").replace(b"ORU^R01", b"ADT^A01") + b"ZZZ|" + filler.encode())
                )
                if b"MSA|AE|" in answers[-1]:
                    break
        limit(tree(rig.postmaster), resource.RLIM_INFINITY)
        assert b"MSA|AE|" in answers[-1]
        stored = rig.ask("SELECT count(*) FROM message WHERE control_id LIKE '13FULL%'")
        assert stored == sum(b"MSA|AA|" in answer for answer in answers) > 0
        row.feed(3)


def test_14_stat_starts_at_the_next_free_slot(rig: Rig) -> None:
    overtaken = """
        SELECT max((SELECT count(*) FROM job AS routine WHERE routine.priority = 2 AND routine.kind = 'analysis'
            AND routine.leased_at > stat.created_at + interval '0.3 s' AND routine.leased_at < stat.leased_at))
        FROM job AS stat WHERE stat.priority = 0
    """
    with rig.planted("worker", "slow"), rig.planted("worker2", "slow"), rig.row("14 STAT behind routine") as row:
        row.feed(5000 if FULL else 60)
        for _ in range(volume(50)):
            row.send(priority="S")
    slots = 8
    assert rig.ask("SELECT count(*) FROM job WHERE priority = 0 AND state = 'done'") >= 2 * volume(50)
    assert rig.ask(overtaken) <= slots


def test_15_everything_at_random(rig: Rig, chance: random.Random) -> None:
    """Replayable by FAULTS_SEED."""

    def restart_valkey() -> None:
        rig.kill_valkey()
        rig.start_valkey()

    def restart_postgres() -> None:
        rig.stop_postgres_at_once()
        rig.start_postgres()
        time.sleep(1.5)

    faults = [
        *(lambda name=name: rig.kill(name) for name in (*WORKERS, "relay", "sender", "listener")),
        *(lambda name=name: rig.kill(name, signal.SIGTERM) for name in WORKERS),
        restart_valkey,
        lambda: rig.valkey().flushall(),
        rig.broker.cut,
        restart_postgres,
    ]
    with rig.row(f"15 random, seed {SEED}, {SECONDS:.0f} s", retried=True) as row:
        row.feeding(int(SECONDS * 2), gap=0.4)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            time.sleep(chance.uniform(1, 8) if FULL else chance.uniform(0.3, 1.5))
            chance.choice(faults)()


def test_the_database_is_whole_after_all_of_it(rig: Rig) -> None:
    with rig.engine.begin() as connection:
        audit.seal(connection)
        assert [check for check in integrity.examine(connection) if check.wrong] == []
    assert rig.ask(UNDER_WAY) == 0
