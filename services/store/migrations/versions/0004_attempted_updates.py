"""The ledger keeps updates whose answers were not seen, so that a lost answer is no conflict."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Expand."""
    op.add_column("fhir_resource", sa.Column("attempted", JSONB(), server_default=sa.text("'[]'"), nullable=False))
