"""Alembic environment; the connection comes from services.store.migrate."""

from alembic import context

from services.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
with context.begin_transaction():
    context.run_migrations()
