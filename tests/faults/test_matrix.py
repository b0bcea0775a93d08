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
from sqlalchemy import text

from services.dispatch.queue import OTHERS
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
    """Waits for what must come, however slow the machine: two leases and their sweeps at the most."""
    deadline = time.monotonic() + (240 if FULL else 120)
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def test_01_workers_killed_at_random_points(rig: Rig, chance: random.Random) -> None:
    """The points are in the stream of reports, so that there is work under way however slow the machine."""
    reports = 5000 if FULL else 50
    with rig.row("1 kill -9 worker", retried=True) as row:
        row.feeding(reports, backlog=300)
        for point in sorted(chance.sample(range(reports), volume(100))):
            until_sent(row, point)
            time.sleep(chance.uniform(0, 0.5))
            rig.kill(chance.choice(WORKERS))


def until_sent(row: Row, count: int) -> None:
    """Returns when so many reports were sent. A backlog of reports that lost their workers holds sending up."""
    while row.sent < count and row.is_feeding:
        time.sleep(0.02)


def test_02_valkey_killed_without_aof(rig: Rig, chance: random.Random) -> None:
    with rig.row("2 kill -9 Valkey") as row:
        row.feeding(500 if FULL else 20, gap=0.1)
        for _ in range(volume(50)):
            time.sleep(chance.uniform(0.1, 0.6))
            rig.kill_valkey()
            time.sleep(chance.uniform(0, 3 if FULL else 0.5))
            rig.start_valkey()


def test_02_no_process_dies_with_the_broker(rig: Rig, chance: random.Random) -> None:
    """A version of the broker's client once left workers dead, or alive and deaf, in four kills of six."""
    before = {name: rig.pid(name) for name in (*WORKERS, "relay")}
    with rig.row("2b kill -9 Valkey, workers outlive it") as row:
        row.feeding(300 if FULL else 20, gap=0.1)
        for _ in range(volume(30)):
            rig.kill_valkey()
            time.sleep(chance.uniform(0.2, 4 if FULL else 0.5))
            rig.start_valkey()
            time.sleep(chance.uniform(0.5, 3 if FULL else 1))
    assert {name: rig.pid(name) for name in before} == before


def test_03_flushall_under_load(rig: Rig, chance: random.Random) -> None:
    """Each time with wake-ups in it: workers that take a while leave some there."""
    with rig.planted("worker", "long"), rig.planted("worker2", "long"), rig.row("3 FLUSHALL") as row:
        row.feeding(500 if FULL else 20, gap=0.05)
        for _ in range(volume(20)):
            time.sleep(chance.uniform(0.2, 0.8))
            until(lambda: flushed(rig, row))


def flushed(rig: Rig, row: Row) -> bool:
    """Empties the broker; whether there was a wake-up in it."""
    if not row.is_feeding:
        row.feeding(12)
    lay = rig.valkey().pipeline().llen(OTHERS).flushall().execute()[0]  # type: ignore[attr-defined]
    return bool(lay)


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
    """Stops a worker that has work under way, and has it still once nothing of it can be under way any more."""

    def is_stopped_at_work() -> bool:
        pid = rig.pid(name)
        if not row.is_feeding:
            row.feeding(12)
        if not rig.holds(pid):
            return False
        rig.kill(name, signal.SIGSTOP)
        # What was committed at that moment shows now.
        time.sleep(0.2)
        if not rig.holds(pid):
            rig.kill(name, signal.SIGCONT)
        return rig.holds(pid) > 0

    until(is_stopped_at_work)


def refused(rig: Rig, name: str) -> int:
    """Results a worker was not let write: under a lease it had lost, or in a transaction it had held up too long."""
    return sum(rig.log(name).count(f'"state": "{outcome}"') for outcome in ("stale", "database"))


def gave_up(rig: Rig, name: str, pid: int, refusals: int, lost: int) -> bool:
    """Whether every result of a worker was refused, or its watchdog ended it before it could try."""
    return rig.pid(name) != pid or refused(rig, name) >= refusals + lost


def test_06_workers_stopped_beyond_their_leases_write_nothing_when_they_go_on(rig: Rig) -> None:
    """Side by side, since each stop lasts a lease and a sweep: rounds of all workers there are."""
    rounds, beside = (5, 8) if FULL else (2, 0)
    stopped = stale = 0
    planted = rig.planted("worker", "long"), rig.planted("worker2", "long")
    with planted[0], planted[1], rig.more_workers(beside, "long") as more:
        names = [*WORKERS, *more]
        with rig.row("6 SIGSTOP workers", leases=0) as row:
            until(lambda: all(rig.lives(rig.pid(name)) for name in names))
            for _ in range(rounds):
                stale += stop_and_go(rig, row, names)
                stopped += len(names)
    rig.remarks.append(f"Row 6: {stopped} stops with work under way, {stale} results refused, none written.")


def stop_and_go(rig: Rig, row: Row, names: list[str]) -> int:
    """Stops workers until all they held has gone back, and lets them go on; how many results they held."""
    for name in names:
        stop(rig, row, name)
    until(lambda: all(rig.holds(rig.pid(name)) == 0 for name in names))
    before = {name: (rig.pid(name), refused(rig, name)) for name in names}
    lost = {name: rig.lost_by(rig.pid(name)) for name in names}
    assert all(lost.values()), lost
    for name in names:
        rig.kill(name, signal.SIGCONT)
    until(lambda: all(gave_up(rig, name, *before[name], lost[name]) for name in names))
    until(lambda: not row.is_feeding and rig.ask(UNDER_WAY) == 0)
    return sum(lost.values())


def test_08_answers_of_the_fhir_server_lost_after_the_write(rig: Rig) -> None:
    left = iter(range(volume(100)))
    rig.sink.lose = lambda: next(left, None) is not None
    with rig.row("8 FHIR answer lost") as row:
        row.feed(volume(100))
    assert next(left, None) is None


def test_10_a_report_that_kills_who_reads_it_is_given_up_and_its_neighbours_are_read(rig: Rig) -> None:
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
        row.feeding(500 if FULL else 30, gap=0.2, backlog=100)
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


def test_13_a_listeners_files_that_cannot_grow_are_answered_ae_and_what_was_stored_stays(rig: Rig) -> None:
    positive = 0
    with rig.row("13b file size limit") as row:
        for number in range(5 if FULL else 1):
            row.feed(1)
            # Those the listener has, and those it will get.
            limit([rig.postmaster, *rig.ask(LISTENERS)], 17 << 20)
            answers = large_messages(rig, f"13FULL{number}")
            limit(tree(rig.postmaster), resource.RLIM_INFINITY)
            assert b"MSA|AE|" in answers[-1]
            stored = rig.ask(f"SELECT count(*) FROM message WHERE control_id LIKE '13FULL{number}-%'")
            assert stored == sum(b"MSA|AA|" in answer for answer in answers)
            positive += stored
            row.feed(3)
    assert positive


def large_messages(rig: Rig, control_id: str) -> list[bytes]:
    """Their answers, up to the first AE."""
    answers: list[bytes] = []
    with rig.peer() as peer:
        while len(answers) < 30 and not (answers and b"MSA|AE|" in answers[-1]):
            body = oru(f"{control_id}-{len(answers)}").replace(b"ORU^R01", b"ADT^A01")
            answers.append(peer.ask(body + filler()))
    return answers


def filler() -> bytes:
    """A segment that does not compress."""
    return b"ZZZ|" + base64.b64encode(os.urandom(500_000)) + b"\r"


def test_14_stat_starts_at_the_next_free_slot(rig: Rig, chance: random.Random) -> None:
    """Each STAT report by itself, behind a queue that was there before any worker was.

    Who starts after the relay's next look and before the STAT report has overtaken it: no more than there are slots.
    """
    looked = rig.queue.relay + 0.3
    overtaken = f"""
        SELECT count(*), coalesce(extract(epoch FROM max(stat.leased_at - stat.created_at)), 0),
            coalesce(max((SELECT count(*) FROM job AS routine WHERE routine.priority = 2
                AND routine.leased_at > stat.created_at + interval '{looked} s'
                AND routine.leased_at < stat.leased_at)), 0)
        FROM job AS stat WHERE stat.priority = 0 AND stat.state = 'done'
    """
    with (
        rig.planted("worker", "slow"),
        rig.planted("worker2", "slow"),
        rig.row("14 STAT behind routine", leases=0) as row,
    ):
        with rig.away(*WORKERS):
            row.feed(5000 if FULL else 100)
        for _ in range(volume(50)):
            time.sleep(chance.uniform(0.1, 1.0))
            row.send(priority="S")
        waiting = rig.standing().jobs
    with rig.engine.connect() as connection:
        done, slowest, overtakers = connection.execute(text(overtaken)).one()
    rig.remarks.append(
        f"Row 14: {waiting} jobs still waited after the last STAT report; its two steps started after {slowest:.1f} s "
        f"at the latest, and {overtakers} routine jobs at most started meanwhile."
    )
    slots = 8
    assert waiting > volume(50)
    assert done >= 2 * volume(50)
    assert overtakers <= slots


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
    with rig.row(f"15 random, seed {SEED}, {SECONDS:.0f} s", retried=True, leases=2) as row:
        deadline = time.monotonic() + SECONDS
        row.feeding(int(SECONDS * 10), gap=0.4, backlog=100, until=deadline)
        while time.monotonic() < deadline:
            time.sleep(chance.uniform(1, 8) if FULL else chance.uniform(0.3, 1.5))
            chance.choice(faults)()


def test_the_database_is_whole_after_all_of_it(rig: Rig) -> None:
    with rig.engine.begin() as connection:
        audit.seal(connection)
        assert [check for check in integrity.examine(connection) if check.wrong] == []
    assert rig.ask(UNDER_WAY) == 0
