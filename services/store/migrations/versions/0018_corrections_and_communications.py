"""What a correction made of a decision; who was told of a critical result."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

UNTOLD = (
    "state = 'signed' AND kind = 'critical_result' AND told = '[]' "
    "AND coalesce(record #>> '{detail,communicated}', '') <> 'yes'"
)
revision = "0018"
down_revision = "0016"


def upgrade() -> None:
    """Expand: the previous version moves drafts without saying so."""
    op.add_column("draft", sa.Column("carried", sa.Text(), server_default="", nullable=False))
    op.create_check_constraint(op.f("ck_draft_carried"), "draft", "carried IN ('', 'kept', 'moved')")
    op.add_column("advisory", sa.Column("told", JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.create_index("ix_advisory_untold", "advisory", ["site_id", "signed_at"], postgresql_where=sa.text(UNTOLD))
