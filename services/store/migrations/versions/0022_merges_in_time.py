"""When a merge of patients' numbers was said to happen, and its undoing, so that the order of arrival decides nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Columns that may be empty: the release before runs on them."""
    for name in ("said_at", "undone_at"):
        op.add_column("patient_alias", sa.Column(name, sa.DateTime(timezone=True)))
