"""Bringing the schema up to date. Safe to run twice, and by several at once."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from services.store.schema import is_later, revision

LOCK = 0x434F554E  # advisory lock key: one migration at a time


def config(connection: Connection | None = None) -> Config:
    """Alembic configuration with the package's chain."""
    result = Config()
    result.set_main_option("script_location", "services.store:migrations")
    result.attributes["connection"] = connection
    return result


def heads() -> tuple[str, ...]:
    """Head revisions of the chain; more than one is a mistake."""
    return tuple(ScriptDirectory.from_config(config()).get_heads())


def migrate(connection: Connection) -> str:
    """Upgrades to the head within the caller's transaction and returns its revision; a later schema is left alone."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if not is_later(connection):
        command.upgrade(config(connection), "head")
    return revision(connection) or ""
