"""Deliveries count the senders they were lost with; what is under a lease is found without looking through the outbox."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Expand: the previous version takes over what ran out as before, and counts nothing."""
    op.execute("ALTER TABLE delivery ADD COLUMN lost integer NOT NULL DEFAULT 0")
    op.execute(
        "CREATE INDEX ix_delivery_leased ON delivery (id) "
        "WHERE state = 'pending' AND (lost > 0 OR lease_until IS NOT NULL)"
    )
