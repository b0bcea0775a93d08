"""Messages read again together are remembered together."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Expand."""
    op.execute(
        """
        CREATE TABLE replay (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_replay PRIMARY KEY,
            site_id text NOT NULL DEFAULT 'default',
            actor text NOT NULL,
            messages jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            undone_at timestamptz
        )
        """
    )
