"""Events for webhooks in the outbox, and when a critical result was found to be overdue."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

UNTOLD = (
    "advisory.state = 'signed' AND advisory.kind = 'critical_result' AND advisory.told = '[]' "
    "AND coalesce(advisory.record #>> '{detail,communicated}', '') <> 'yes'"
)


def upgrade() -> None:
    """One word more, and a column that may be empty: the release before runs on them."""
    op.drop_constraint("ck_delivery_kind", "delivery")
    op.execute(
        "ALTER TABLE delivery ADD CONSTRAINT ck_delivery_kind"
        " CHECK (kind IN ('proposed', 'signed', 'withdrawn', 'retracted', 'oru', 'webhook')) NOT VALID"
    )
    op.execute("ALTER TABLE delivery VALIDATE CONSTRAINT ck_delivery_kind")
    op.add_column("advisory", sa.Column("overdue_at", sa.DateTime(timezone=True)))
    where = sa.text(f"{UNTOLD} AND advisory.overdue_at IS NULL")
    op.create_index("ix_advisory_overdue", "advisory", ["signed_at"], postgresql_where=where)
