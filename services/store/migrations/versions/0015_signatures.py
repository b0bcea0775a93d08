"""What a reviewer has seen, and signatures that can still be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Expand: the previous version signs without a window, and knows nothing of what was seen."""
    op.add_column("opening", sa.Column("evidence_at", sa.DateTime(timezone=True)))
    op.create_table(
        "showing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_showing_review_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_showing_account_id")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_showing_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_showing")),
        sa.UniqueConstraint("review_id", "account_id", name=op.f("uq_showing_review_id_account_id")),
    )
    for name in ("signature_at", "releases_at"):
        op.add_column("review", sa.Column(name, sa.DateTime(timezone=True)))
    op.add_column("review", sa.Column("signature_by", sa.BigInteger()))
    op.create_foreign_key(op.f("fk_review_signature_by"), "review", "account", ["signature_by"], ["id"])
    pending = sa.text("signature_at IS NOT NULL")
    op.create_index("ix_review_releases_at", "review", ["releases_at"], postgresql_where=pending)
    op.create_index("ix_review_signature_by", "review", ["signature_by"], postgresql_where=pending)
    signed = sa.text("state = 'signed'")
    op.create_index("ix_review_signed_by", "review", ["signed_by", "signed_at", "id"], postgresql_where=signed)
