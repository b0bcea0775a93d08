"""Which number of a patient stands for which other."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """A new table only: the release before runs on it."""
    op.create_table(
        "patient_alias",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("authority", "value", "into_authority", "into_value")
        ),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_patient_alias_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_alias")),
    )
    stands = sa.text("ended_at IS NULL")
    columns = ["site_id", "authority", "value"]
    op.create_index("uq_patient_alias_standing", "patient_alias", columns, unique=True, postgresql_where=stands)
    into = ["site_id", "into_authority", "into_value"]
    op.create_index("ix_patient_alias_into", "patient_alias", into, postgresql_where=stands)
