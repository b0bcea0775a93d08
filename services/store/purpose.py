"""Whether a database holds patients' reports or exercises; decided once, by whoever starts on it first."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, text

Purpose = Literal["live", "training"]

# A database with reports or messages in it is a live one, whether or not it was ever marked.
_MARK = text("""
    INSERT INTO instance (purpose)
    SELECT CASE WHEN CAST(:wanted AS text) = 'training'
        AND NOT EXISTS (SELECT FROM report) AND NOT EXISTS (SELECT FROM message) THEN 'training' ELSE 'live' END
    ON CONFLICT (id) DO NOTHING
""")


class PurposeError(Exception):
    """A process was started on a database of the other kind; the message says what to change."""


def of(connection: Connection) -> Purpose | None:
    """What the database is for; None where nothing has started on it yet."""
    found: Purpose | None = connection.scalar(text("SELECT purpose FROM instance"))
    return found


def claim(connection: Connection, *, training: bool) -> None:
    """Marks a database nobody has used, and holds every other to its mark. Raises PurposeError."""
    found = of(connection)
    if found is None:
        connection.execute(_MARK, {"wanted": "training" if training else "live"})
        found = of(connection)
    if training and found == "live":
        raise PurposeError(
            "COUNTERSIGN_TRAINING is on, and this database is one of patients' reports: give the training instance "
            "an empty database of its own (COUNTERSIGN_DATABASE__NAME)"
        )
    if not training and found == "training":
        raise PurposeError(
            "this is the database of a training instance: point COUNTERSIGN_DATABASE__NAME at the live one, or say "
            "COUNTERSIGN_TRAINING=true for the worklist of the training instance"
        )
