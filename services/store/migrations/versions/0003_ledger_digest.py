"""The ledger keeps a digest of what each resource should say."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Expand."""
    op.add_column("fhir_resource", sa.Column("digest", sa.Text(), server_default="", nullable=False))
