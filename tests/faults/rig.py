"""Everything a row of the fault matrix needs: real PostgreSQL, Valkey and processes, a sink, a feeder, the judge."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import psycopg
import redis
from pydantic import SecretStr
from sqlalchemy import text

from services.embedded import postgres, valkey
from services.settings import Database, load
from services.store import jobs
from services.store.engine import connect
from services.store.migrate import migrate
from tests.faults.ledger import Ledger, Verdict
from tests.faults.processes import context, run
from tests.faults.proxy import Proxy
from tests.faults.queries import RECOVERIES, STANDING, STORED
from tests.faults.row import Row
from tests.faults.sink import Sink
from tests.listening import Peer
from tests.ports import free_port

SECRET = "test-only"
NAMES = ("listener", "relay", "worker", "worker2", "sender")
FULL = os.environ.get("FAULTS") == "full"
# Beats, processor time, and the start of a relay that was itself killed, on top of one lease and one sweep, seconds.
GRACE = 10.0
QUICK = {"LEASE": "6", "RENEW": "1", "SWEEP": "0.5", "RELAY": "0.1", "BACKOFF": "0.5", "PROGRESS_TIMEOUT": "8"}


class Standing(NamedTuple):
    """What waits, and how often something went wrong with it: it changes whenever anything moves."""

    jobs: int
    deliveries: int
    lost: int
    failed: int
    dead: int
    done: int

    @property
    def under_way(self) -> int:
        return self.jobs + self.deliveries


def volume(full: int) -> int:
    """A tenth, unless the full matrix was asked for."""
    return full if FULL else max(2, full // 10)


class Rig:
    """A running system; processes that die are started again."""

    def __init__(self, folder: Path, disk: Path | None = None) -> None:
        """`disk`: where PostgreSQL keeps its data, if not in the folder."""
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._disk = disk or folder
        self.verdicts: dict[str, Verdict] = {}
        self.remarks: list[str] = []
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.sink = Sink()
        self._context = context()
        self._planted: dict[str, tuple[str, ...]] = {}
        self._children: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._keeping = True
        self._more: dict[str, str] = {}
        self.start_postgres()
        self.start_valkey()
        self.broker = Proxy(self._valkey_port)
        self._mllp = free_port()
        self.queue = load(self.settings()).queue
        # A lost wake-up and then a lost lease, back to back; on a busy machine no less than a minute.
        self.patience = max(60.0, 2 * self.queue.lease + self.queue.sweep + GRACE)
        self._wait(self._migrate)
        self.engine = connect(self.database)
        self.health = {name: free_port() for name in NAMES}
        for name in NAMES:
            self._start(name)
        threading.Thread(target=self._keep, daemon=True).start()
        for name in NAMES:
            self._until_ready(name)

    # PostgreSQL and Valkey

    def start_postgres(self) -> None:
        if not hasattr(self, "_placement"):
            self._placement = postgres.prepare(self._disk / "postgres", SECRET)
            self.database = Database(port=free_port(), password=SecretStr(SECRET), name="countersign")
        self._postgres = subprocess.Popen(
            postgres.command(self._placement, self.database.port),
            user=self._placement.user,
            env=postgres.environment(),
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "postgres.log").open("ab"),
        )

    @property
    def postmaster(self) -> int:
        """The process id of PostgreSQL's first process."""
        return self._postgres.pid

    def stop_postgres_at_once(self) -> None:
        """`immediate`: as a crash does it."""
        self._postgres.send_signal(signal.SIGQUIT)
        self._postgres.wait(20)

    def revive_postgres(self) -> None:
        """What a supervisor does with a server that gave up, or could not be started again."""
        while True:
            if self._postgres.poll() is not None:
                self.start_postgres()
            with contextlib.suppress(psycopg.OperationalError):
                return psycopg.connect(self._dsn("countersign")).close()
            time.sleep(0.2)

    def start_valkey(self) -> None:
        """Without AOF: what it held is gone."""
        if not hasattr(self, "_valkey_port"):
            self._valkey_port = free_port()
        argv = valkey.command(self.folder / "valkey", self._valkey_port, SECRET)
        config = Path(argv[1])
        config.write_text(config.read_text().replace("appendonly yes", "appendonly no"))
        self._valkey = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill_valkey(self) -> None:
        self._valkey.kill()
        self._valkey.wait(20)

    def valkey(self) -> redis.Redis:
        return redis.Redis(port=self._valkey_port, password=SECRET)

    def administer(self, *statements: str) -> None:
        with psycopg.connect(self._dsn("countersign"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, query: str) -> Any:
        """One value."""
        with self.engine.connect() as connection:
            return connection.execute(text(query)).scalar()

    def standing(self) -> Standing:
        """Cheap enough to be asked all the time. Raises SQLAlchemyError while the database is away."""
        with self.engine.connect() as connection:
            return Standing(*connection.execute(STANDING).one())

    def holds(self, pid: int) -> int:
        """How many leases the worker with that process id has."""
        return int(self.ask(f"SELECT count(*) FROM job WHERE state = 'leased' AND lease_owner LIKE '%-{pid}-%'"))

    def lost_by(self, pid: int) -> int:
        """How many jobs were taken from that worker and not given to another yet."""
        ours = f"lease_owner LIKE '%-{pid}-%' AND lost > 0"
        return int(self.ask(f"SELECT count(*) FROM job WHERE state = 'ready' AND {ours}"))

    def lives(self, pid: int) -> bool:
        """Whether the worker with that process id has said so."""
        return bool(self.ask(f"SELECT count(*) FROM worker WHERE id LIKE '%-{pid}-%'"))

    def _dsn(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.database.port} user=countersign password='{SECRET}' dbname={name}"

    def _migrate(self) -> None:
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE countersign")
        engine = connect(self.database)
        with engine.begin() as transaction:
            migrate(transaction)
            transaction.execute(text(RECOVERIES.format(lease=self.queue.lease)))
        engine.dispose()

    # Our processes

    def settings(self) -> dict[str, str]:
        quick = {} if FULL else {f"COUNTERSIGN_QUEUE__{name}": value for name, value in QUICK.items()}
        return {
            **quick,
            "COUNTERSIGN_QUEUE__CONCURRENCY": "4",
            "COUNTERSIGN_DATABASE__PORT": str(self.database.port),
            "COUNTERSIGN_DATABASE__PASSWORD": SECRET,
            "COUNTERSIGN_BROKER__PORT": str(self.broker.port),
            "COUNTERSIGN_BROKER__PASSWORD": SECRET,
            "COUNTERSIGN_MLLP__PORT": str(self._mllp),
            "COUNTERSIGN_FHIR__URL": self.sink.url,
            **self._more,
        }

    def pid(self, name: str) -> int:
        return int(self._children[name].pid)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Signals a process; if it ends, it is started again."""
        with self._lock, contextlib.suppress(ProcessLookupError):
            os.kill(self.pid(name), number)

    @contextlib.contextmanager
    def planted(self, name: str, *points: str) -> Iterator[None]:
        """A process with crash points in it, for the length of the block."""
        self._replace(name, points)
        try:
            yield
        finally:
            self._replace(name, ())

    @contextlib.contextmanager
    def configured(self, **settings: str) -> Iterator[None]:
        """All processes, started anew with further settings, for the length of the block."""
        self._more = {f"COUNTERSIGN_{name}": value for name, value in settings.items()}
        for name in NAMES:
            self._replace(name, ())
        for name in NAMES:
            self._until_ready(name)
        try:
            yield
        finally:
            self._more = {}
            for name in NAMES:
                self._replace(name, ())

    def _replace(self, name: str, points: tuple[str, ...]) -> None:
        """When it returns, the process of that name is another one."""
        with self._lock:
            self._planted[name] = points
            self._children[name].kill()
            self._children[name].join(20)
            self._start(name)

    @contextlib.contextmanager
    def away(self, *names: str) -> Iterator[None]:
        """Processes that are stopped in good order, and not there for the length of the block."""
        with self._lock:
            gone = [self._children.pop(name) for name in names]
        for child in gone:
            child.terminate()
            child.join(40)
        try:
            yield
        finally:
            for name in names:
                self._start(name)

    @contextlib.contextmanager
    def more_workers(self, count: int, *points: str) -> Iterator[list[str]]:
        """So many workers beside the two, with crash points, for the length of the block; their names."""
        names = [f"worker{number}" for number in range(3, 3 + count)]
        for name in names:
            self._planted[name] = points
            self.health[name] = free_port()
            self._start(name)
        try:
            yield names
        finally:
            with self._lock:
                gone = [self._children.pop(name) for name in names]
            for child in gone:
                child.terminate()
                child.join(40)

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _start(self, name: str) -> None:
        log = str(self.folder / f"{name}.log")
        settings = {**self.settings(), "COUNTERSIGN_HEALTH__PORT": str(self.health[name])}
        arguments = (name.rstrip("0123456789"), settings, log, self._planted.get(name, ()))
        child = self._context.Process(target=run, args=arguments, daemon=True, name=name)
        child.start()
        self._children[name] = child

    def _keep(self) -> None:
        while self._keeping:
            with self._lock:
                for name, child in list(self._children.items()):
                    if self._keeping and child.exitcode is not None:
                        self._start(name)
            time.sleep(0.1)

    def stop(self) -> None:
        with self._lock:
            self._keeping = False
        for child in self._children.values():
            child.kill()
            child.join(10)
        self.engine.dispose()
        self.broker.stop()
        self.sink.stop()
        self.kill_valkey()
        self._postgres.send_signal(signal.SIGQUIT)
        self._postgres.wait(20)

    def _wait(self, work: Any) -> None:
        for _ in range(200):
            try:
                return work()
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start")

    def _until_ready(self, name: str) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urlopen(f"http://127.0.0.1:{self.health[name]}/ready", timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"{name} did not become ready: {self.log(name)[-500:]}")

    # Sending and judging

    @contextlib.contextmanager
    def row(self, name: str, *, dead: int = 0, retried: bool = False, leases: int = 1) -> Iterator[Row]:
        """A row of the matrix: after the block everything acknowledged must have been delivered once.

        `retried`: kills may hit one report three times by chance; then an operator sends its dead letter on.
        `leases`: within so many leases and sweeps things are recovered, where somebody is there to do it: two where
        those who recover are hit in their turn, 0 where nobody is left.
        """
        row = Row(self, name)
        yield row
        self.verdicts[name] = row.settle(dead, retried=retried)
        if FULL and leases:
            bound = leases * (self.queue.lease + self.queue.sweep) + GRACE
            assert self.verdicts[name].recovery <= bound, (self.verdicts[name], row.recoveries())

    def retry_dead_letters(self) -> None:
        """`countersign jobs retry` for each of them."""
        with self.engine.begin() as connection:
            for row in jobs.search(connection, state="dead"):
                jobs.retry(connection, row.id)

    def recovered(self) -> int:
        """How many recoveries there were so far."""
        return int(self.ask("SELECT coalesce(max(id), 0) FROM recovery"))

    def verdict(self, name: str, since: int) -> Verdict:
        """What the ledger says of a row; `since`: the number of recoveries before it."""
        with self.engine.connect() as connection:
            stored = [tuple(one) for one in connection.execute(STORED)]
        worst = max(self.recoveries(since).values(), default=0.0)
        return self.ledger.judge(name, stored, self.sink.observations(), worst)  # type: ignore[arg-type]

    def recoveries(self, since: int) -> dict[str, float]:
        """The longest of each kind, seconds."""
        longest = text(f"SELECT what, max(seconds) FROM recovery WHERE id > {since} GROUP BY what")
        with self.engine.connect() as connection:
            return {what: float(seconds) for what, seconds in connection.execute(longest)}

    def peer(self) -> contextlib.AbstractContextManager[Peer]:
        """A connection to the listener."""
        return _peer(self._mllp)


@contextlib.contextmanager
def _peer(port: int) -> Iterator[Peer]:
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=10) as channel:
        yield Peer(channel)
