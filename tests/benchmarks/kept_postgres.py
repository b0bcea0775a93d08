"""A PostgreSQL of a benchmark's own, in a folder that may be kept: what was filled once is there at the next run."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from services.embedded import postgres
from services.settings import Database
from services.store.engine import connect
from services.store.migrate import migrate
from tests.ports import free_port

PASSWORD = "benchmark"


@contextmanager
def database(folder: Path, name: str) -> Iterator[Database]:
    """A migrated database of that name in a server whose data is in `folder`."""
    placement = postgres.prepare(folder / "data", PASSWORD)
    port = free_port()
    process = subprocess.Popen(postgres.command(placement, port), user=placement.user, env=postgres.environment())
    server = Database(port=port, password=SecretStr(PASSWORD), name="postgres", pool_size=10)
    try:
        yield _migrated(server, name)
    finally:
        # "Fast": whoever is connected still is sent away. The last checkpoint may take its time on a busy disk.
        process.send_signal(signal.SIGINT)
        process.wait(300)


def vacuum(engine: Engine) -> None:
    """What autovacuum would have done by now."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))


def _migrated(server: Database, name: str) -> Database:
    admin = create_engine(server.url(), isolation_level="AUTOCOMMIT")
    _wait(admin)
    with admin.connect() as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
            connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    made = server.model_copy(update={"name": name})
    engine = connect(made)
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()
    return made


def _wait(admin: Engine) -> None:
    for _ in range(300):
        try:
            admin.connect().close()
            return
        except OperationalError:
            time.sleep(0.2)
    raise AssertionError("PostgreSQL did not start")
