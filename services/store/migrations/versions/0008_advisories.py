"""What was decided of the remarks on a report: left out, signed, withdrawn."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A new table only: the previous version runs on it."""
    op.create_table(
        "advisory",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("left_out", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("signed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('critical_result', 'follow_up', 'discrepancy')", name=op.f("ck_advisory_kind")),
        sa.CheckConstraint("state IN ('open', 'signed', 'withdrawn')", name=op.f("ck_advisory_state")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_advisory_report_id")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_advisory_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advisory")),
        sa.UniqueConstraint("version_id", "identifier", name=op.f("uq_advisory_version_id_identifier")),
    )
    op.create_index("ix_advisory_report_id", "advisory", ["report_id"])
    op.create_index("ix_advisory_identifier", "advisory", ["identifier"])
