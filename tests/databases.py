"""Databases beside the one each test gets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from services.settings import Database

NUMBERS = itertools.count(1)


def environment(database: Database) -> dict[str, str]:
    """The variables that name a database to a process or a command."""
    told = {"HOST": database.host, "PORT": str(database.port), "NAME": database.name, "USER": database.user}
    told["PASSWORD"] = database.password.get_secret_value()
    return {f"COUNTERSIGN_DATABASE__{name}": value for name, value in told.items()}


@contextmanager
def fresh_database(cluster: Database) -> Iterator[Database]:
    """A migrated database for as long as the caller likes."""
    name = f"shared_{next(NUMBERS)}"
    server = create_engine(cluster.url(), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_countersign"))
    yield cluster.model_copy(update={"name": name})
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()
