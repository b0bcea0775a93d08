"""What an instance is for; calibration of agreement; exercises of a training instance; unusable answers counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

NOW = sa.text("now()")
# A training instance takes nothing in and sends nothing out, whatever a process believes: the database refuses.
FUNCTION = """
CREATE FUNCTION refuse_in_training() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM instance WHERE purpose = 'training') THEN
        RAISE EXCEPTION 'a training instance has no %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER none_in_training AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_in_training()
"""


def upgrade() -> None:
    """Expand: new tables, and columns with a default."""
    _instance()
    _calibration()
    _exercise()
    op.add_column("analysis", sa.Column("failed", sa.Integer(), server_default="0", nullable=False))
    op.add_column("suggestion", sa.Column("agreement", sa.Float(), nullable=True))
    op.add_column("suggestion", sa.Column("calibration_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_suggestion_calibration_id"), "suggestion", "calibration", ["calibration_id"], ["id"])
    op.create_index("ix_suggestion_created_at", "suggestion", ["site_id", "created_at"])
    op.create_index("ix_suggestion_decided_at", "suggestion", ["site_id", "decided_at"])


def _instance() -> None:
    op.create_table(
        "instance",
        sa.Column("id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("purpose IN ('live', 'training')", name=op.f("ck_instance_purpose")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
    )
    op.execute(FUNCTION)
    for table in ("message", "job", "delivery"):
        op.execute(TRIGGER.format(table=table))


def _calibration() -> None:
    op.create_table(
        "calibration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("finding_id", sa.Text(), server_default="", nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("points", JSONB(), nullable=False),
        sa.Column("bins", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("brier", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("method IN ('isotonic', 'platt')", name=op.f("ck_calibration_method")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration")),
        sa.UniqueConstraint(
            "site_id", "version", "engine", "model", "finding_id",
            name=op.f("uq_calibration_site_id_version_engine_model_finding_id"),
        ),
    )  # fmt: skip


def _exercise() -> None:
    op.create_table(
        "exercise",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("suggestion_id", sa.BigInteger(), nullable=True),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("truth", JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "kind IN ('correct', 'wrong_status', 'wrong_side', 'omitted')",
            name=op.f("ck_exercise_kind"),
        ),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_exercise_report_id")),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestion.id"], name=op.f("fk_exercise_suggestion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exercise")),
    )
    op.create_index("ix_exercise_report_id", "exercise", ["report_id"])
    op.create_index("ix_exercise_suggestion_id", "exercise", ["suggestion_id"])
