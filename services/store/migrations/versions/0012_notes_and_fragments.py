"""What a message says beside its reports, what ties it to others; what a report is for, and its further keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Expand: the release before leaves the new columns at their defaults."""
    notes = sa.Column("notes", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    op.add_column("message", notes)
    for name in ("continues", "goes_on"):
        op.add_column("message", sa.Column(name, sa.Text(), server_default="", nullable=False))
    tied = sa.text("continues <> '' OR goes_on <> ''")
    op.create_index("ix_message_tied", "message", ["site_id", "application", "facility"], postgresql_where=tied)
    op.add_column("report", sa.Column("processing", sa.Text(), server_default="P", nullable=False))
    op.create_table(
        "report_alias",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_report_alias_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_alias")),
        sa.UniqueConstraint("site_id", "key", name=op.f("uq_report_alias_site_id_key")),
    )
    op.create_index("ix_report_alias_report_id", "report_alias", ["report_id"])
    op.create_check_constraint(op.f("ck_report_processing"), "report", "processing IN ('P', 'T', 'D')")
