"""Bringing the schema up to date. Safe to run twice, and by several at once."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

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


def revision(connection: Connection) -> str | None:
    """The revision the database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def is_later(connection: Connection) -> bool:
    """Whether a later version of ours migrated the database: its revision is not in our chain.

    The chain only expands until nothing needs the old shape, so the version before runs on such a schema: this
    is what makes a rollback possible.
    """
    at = revision(connection)
    chain = ScriptDirectory.from_config(config())
    return at is not None and at not in {script.revision for script in chain.walk_revisions()}


def is_current(connection: Connection) -> bool:
    """Whether the schema is the one this version expects, or a later one."""
    return revision(connection) in heads() or is_later(connection)


def migrate(connection: Connection) -> str:
    """Upgrades to the head within the caller's transaction and returns its revision; a later schema is left alone."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if not is_later(connection):
        command.upgrade(config(connection), "head")
    return revision(connection) or ""
