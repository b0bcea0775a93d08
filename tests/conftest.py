"""What tests of every folder share: a real PostgreSQL, one migrated database a test."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from integration.hl7v2.senders import Senders
from services.embedded import postgres
from services.settings import Database, Mllp
from services.store.engine import connect
from services.store.migrate import migrate
from tests.listening import Listen, Running
from tests.ports import free_port

# How long one example takes says more of the machine than of the code. The same examples in every run, so that what is
# red is the change's; others by --hypothesis-profile default.
settings.register_profile("countersign", deadline=None, derandomize=True)
settings.load_profile("countersign")

PASSWORD = "test only"
SHARED_MEMORY = Path("/dev/shm")
ROOM = 3 << 30
COUNTER = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests go last: once Playwright has opened its event loop, no asynchronous test can run in this thread."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Database]:
    """A PostgreSQL server for the session; its database `template_countersign` is migrated."""
    with tempfile.TemporaryDirectory(prefix="countersign-pg-", dir=_fast_folder()) as folder:
        yield from _serve(Path(folder))


def _fast_folder() -> Path | None:
    """Memory where there is enough of it: making and dropping a database a test is then three times as fast.

    What must survive a kill or a full disk is proved on a disk by tests that start a PostgreSQL of their own.
    """
    if not os.access(SHARED_MEMORY, os.W_OK) or shutil.disk_usage(SHARED_MEMORY).free < ROOM:
        return None
    return SHARED_MEMORY


def _serve(folder: Path) -> Iterator[Database]:
    placement = postgres.prepare(folder / "data", PASSWORD)
    port = free_port()
    process = subprocess.Popen(
        postgres.command(placement, port),
        user=placement.user,
        env=postgres.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Database(port=port, password=SecretStr(PASSWORD), name="postgres")
    try:
        _make_template(server)
        yield server
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def database(cluster: Database) -> Iterator[Database]:
    """Settings of a fresh, migrated database."""
    name = f"test_{next(COUNTER)}"
    _administer(cluster, f"CREATE DATABASE {name} TEMPLATE template_countersign")
    yield cluster.model_copy(update={"name": name})
    _administer(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """A synchronous engine on a fresh, migrated database."""
    engine = connect(database)
    yield engine
    engine.dispose()


def _make_template(server: Database) -> None:
    _wait(server)
    _administer(server, "CREATE DATABASE template_countersign")
    engine = connect(server.model_copy(update={"name": "template_countersign"}))
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()


def _wait(server: Database) -> None:
    for _ in range(100):
        try:
            return _administer(server, "SELECT 1")
        except OperationalError:
            time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not start")


def _administer(server: Database, statement: str) -> None:
    engine = create_engine(server.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def listen(database: Database) -> Iterator[Listen]:
    """Starts listeners; keyword arguments are settings of Mllp."""
    running: list[Running] = []

    def start(*, senders: Senders | None = None, on: Database | None = None, **settings: object) -> Running:
        mllp = Mllp.model_validate({"port": free_port(), "drain_timeout": 5, **settings})
        running.append(Running(on or database, mllp, senders or Senders()))
        return running[-1]

    yield start
    for one in running:
        one.stop()
