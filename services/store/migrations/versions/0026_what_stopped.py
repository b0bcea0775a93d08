"""What stopped is found without looking through all that went well."""

from alembic import op

revision = "0026"
down_revision = "0025"

SHORT = "octet_length(application || facility || peer || reason) <= 2000"


def upgrade() -> None:
    """Expand."""
    op.execute("CREATE INDEX ix_report_held ON report (site_id, id) WHERE held <> ''")
    op.execute("CREATE INDEX ix_delivery_stopped ON delivery (id) WHERE state IN ('blocked', 'dead')")
    op.execute(
        "CREATE INDEX ix_message_held ON message (site_id, application, facility, peer, reason, received_at, id) "
        f"WHERE state = 'quarantined' AND {SHORT}"
    )
    op.execute(f"CREATE INDEX ix_message_held_long ON message (site_id) WHERE state = 'quarantined' AND NOT {SHORT}")
