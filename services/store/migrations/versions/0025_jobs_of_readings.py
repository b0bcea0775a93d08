"""A job is deleted without looking through all readings for one of its own."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Expand."""
    op.execute("CREATE INDEX ix_analysis_job_id ON analysis (job_id) WHERE job_id IS NOT NULL")
