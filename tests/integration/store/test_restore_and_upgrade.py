"""What the handbook promises of backup, restore and upgrade, done with PostgreSQL's own programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, create_engine, func, select, text

from integration.hl7v2.mllp import whole
from services.dispatch.lease_keeper import Lessee
from services.domain.audit_actions import AuditAction
from services.embedded import postgres
from services.settings import Database, Settings
from services.store import audit, integrity
from services.store.engine import connect
from services.store.migrate import config, migrate
from services.store.schema import chain, revision
from services.store.tables import job, message, metadata
from services.workflow.context import site
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from services.workflow.run import Runner
from tests.databases import fresh_database
from tests.messages import oru
from tests.receiving import receive

SETTINGS = Settings()


def take(connection: Connection, *names: str) -> None:
    """Messages as the listener stores them."""
    receive(connection, [Arrival(whole(oru(name))) for name in names], SETTINGS.mllp)


def work(engine: Engine) -> None:
    """Every job that is ready, done by a worker."""
    runner = Runner(engine, Lessee(engine, SETTINGS.queue), site(SETTINGS), readers(SETTINGS))
    ready = select(job.c.id).where(job.c.state == "ready").order_by(job.c.id).limit(1)
    while number := _first(engine, ready):
        runner.run(number)


def _first(engine: Engine, query: object) -> int | None:
    with engine.connect() as connection:
        found: int | None = connection.scalar(query)  # type: ignore[call-overload]
        return found


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


def broken(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return [check.what for check in integrity.examine(connection) if check.wrong]


def run(program: str, database: Database, *options: str) -> None:
    """One of PostgreSQL's programs against a database."""
    where = ["-h", database.host, "-p", str(database.port), "-U", database.user]
    secret = {"PGPASSWORD": database.password.get_secret_value(), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [str(postgres.programs() / "bin" / program), *where, *options],
        env=secret,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def on(database: Database) -> Iterator[Engine]:
    engine = connect(database)
    try:
        yield engine
    finally:
        engine.dispose()


def recreate(cluster: Database, name: str) -> None:
    server = create_engine(cluster.url(), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    server.dispose()


def test_a_dump_restored_into_an_empty_database_is_whole_and_goes_on(cluster: Database, tmp_path: Path) -> None:
    dump = tmp_path / "countersign.dump"
    with fresh_database(cluster) as database:
        with on(database) as engine:
            with engine.begin() as connection:
                take(connection, "M1", "M2")
            work(engine)
            with engine.begin() as connection:
                take(connection, "M3")
                audit.append(connection, site="default", actor="test", action=AuditAction.REVIEW_SIGN)
                audit.seal(connection)
            before = rows(engine)
        run("pg_dump", database, "--format=custom", f"--file={dump}", database.name)
        recreate(cluster, database.name)
        run("pg_restore", database, "--exit-on-error", f"--dbname={database.name}", str(dump))
        with on(database) as engine:
            with engine.begin() as connection:
                assert migrate(connection) == chain()[-1]
            assert rows(engine) == before
            assert before["message"] == 3 and before["suggestion"] > 0
            assert broken(engine) == []
            work(engine)
            assert rows(engine)["report"] == before["report"] + 1


@pytest.mark.parametrize("since", ["0002", "0005"])
def test_a_message_that_waits_survives_an_upgrade_and_is_read_after_it(cluster: Database, since: str) -> None:
    with fresh_database(cluster) as database:
        recreate(cluster, database.name)
        with on(database) as engine:
            with engine.begin() as connection:
                command.upgrade(config(connection), since)
            with engine.begin() as connection:
                take(connection, "M1")
                body = connection.scalar(select(message.c.body))
                assert revision(connection) == since
            assert broken(engine) == ["schema"]
            with engine.begin() as connection:
                assert migrate(connection) == chain()[-1]
                assert connection.scalar(select(message.c.body)) == body
            assert broken(engine) == []
            work(engine)
            assert rows(engine)["analysis"] == 1
