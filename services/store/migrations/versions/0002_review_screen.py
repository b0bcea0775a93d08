"""What the review screen needs: openings, login attempts, flags for the list, an audit nobody can rewrite."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

APPEND_ONLY = """
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.hash IS NULL
        AND to_jsonb(OLD) - '{sequence,previous_hash,hash,sealed_at}'::text[]
          = to_jsonb(NEW) - '{sequence,previous_hash,hash,sealed_at}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit rows are append-only';
END $$
"""


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "opening",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("suggestion_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_opening_account_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_opening_review_id")),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestion.id"], name=op.f("fk_opening_suggestion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening")),
        sa.UniqueConstraint(
            "review_id", "suggestion_id", "account_id", name=op.f("uq_opening_review_id_suggestion_id_account_id")
        ),
    )
    op.create_table(
        "login_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("state_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("return_to", sa.Text(), server_default="", nullable=False),
        sa.Column("launch", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
        sa.UniqueConstraint("state_sha256", name=op.f("uq_login_attempt_state_sha256")),
    )
    op.add_column("suggestion", sa.Column("suggested_status", sa.Text(), nullable=True))
    op.add_column("review", sa.Column("suggestions", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("review", sa.Column("critical", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("review", sa.Column("conflicts", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("review", sa.Column("unsupported", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index("ix_review_signed_at", "review", ["signed_at"], postgresql_where=sa.text("state = 'signed'"))
    op.execute(APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit"
        " FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
    )
    op.execute(
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
    )
