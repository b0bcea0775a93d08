"""What the running processes tell each other through the database."""

from sqlalchemy import Column, Integer, Table, Text

from services.domain.words import CircuitState
from services.store.tables.base import metadata, moment, one_of

# A worker process and its slots; the relay counts on those seen lately.
worker = Table(
    "worker",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slots", Integer, nullable=False),
    moment("seen_at", now=True),
)

# The breaker of an engine: open while its server is away.
circuit = Table(
    "circuit",
    metadata,
    Column("engine", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    moment("open_until"),
    moment("changed_at", now=True),
    one_of("state", CircuitState),
)
