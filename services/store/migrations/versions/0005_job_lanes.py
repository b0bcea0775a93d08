"""Indexes for the relay: the next jobs of every sender, what is published, what has lost a worker."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

OPEN = "state IN ('ready', 'waiting')"


def upgrade() -> None:
    """Indexes only: the previous version runs on them, only slower."""
    op.drop_index("ix_job_ready", "job")
    op.create_index("ix_job_lane", "job", ["priority", "sender", "id"], postgresql_where=sa.text(OPEN))
    op.create_index("ix_job_published", "job", ["published_at"], postgresql_where=sa.text("state = 'ready'"))
    lost = "lost > 0 AND state IN ('ready', 'waiting', 'leased')"
    op.create_index("ix_job_lost", "job", ["id"], postgresql_where=sa.text(lost))
