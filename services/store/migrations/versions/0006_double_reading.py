"""A share of signed reports is read again, blind."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "second_reading",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("findings", JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('open', 'claimed', 'done')", name=op.f("ck_second_reading_state")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_second_reading_review_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_second_reading_report_id")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_second_reading_version_id")),
        sa.ForeignKeyConstraint(["claimed_by"], ["account.id"], name=op.f("fk_second_reading_claimed_by")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_second_reading_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_reading")),
        sa.UniqueConstraint("version_id", name=op.f("uq_second_reading_version_id")),
    )
    unread = sa.text("state <> 'done'")
    op.create_index("ix_second_reading_open", "second_reading", ["site_id", "id"], postgresql_where=unread)
    op.create_index("ix_second_reading_finished_at", "second_reading", ["site_id", "finished_at"])
    op.create_table(
        "second_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("second_reading_id", sa.BigInteger(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("finding", JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=True),
        sa.Column("suggested", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('present', 'absent', 'uncertain', 'not_mentioned')", name=op.f("ck_second_answer_status")
        ),
        sa.ForeignKeyConstraint(
            ["second_reading_id"], ["second_reading.id"], name=op.f("fk_second_answer_second_reading_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_answer")),
        sa.UniqueConstraint(
            "second_reading_id", "finding_id", name=op.f("uq_second_answer_second_reading_id_finding_id")
        ),
    )
