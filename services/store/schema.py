"""Which schema the database has and which this version expects; asked by every process at its start.

Revisions are numbered and form one chain, so that the newest is known by the names of the files, without Alembic.
"""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection, inspect, text


def chain() -> tuple[str, ...]:
    """Revisions this version knows, oldest first."""
    names = (entry.name for entry in files("services.store.migrations.versions").iterdir())
    return tuple(sorted(name.split("_")[0] for name in names if name[:4].isdigit()))


def revision(connection: Connection) -> str | None:
    """The revision the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def is_later(connection: Connection) -> bool:
    """Whether a later version of ours migrated the database: its revision is not in our chain.

    The chain only expands until nothing needs the old shape, so the version before runs on such a schema: this
    is what makes a rollback possible.
    """
    at = revision(connection)
    return at is not None and at not in chain()


def is_current(connection: Connection) -> bool:
    """Whether the schema is the one this version expects, or a later one."""
    return revision(connection) == chain()[-1] or is_later(connection)
