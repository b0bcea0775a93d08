"""A login that confirms who somebody is remembers how fresh it must be."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Expand."""
    op.add_column("login_attempt", sa.Column("max_age", sa.Float(), nullable=True))
