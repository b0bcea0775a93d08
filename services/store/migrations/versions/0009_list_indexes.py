"""Indexes for every order, search and filter of the worklist."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TODO = "state IN ('open', 'claimed', 'reopened')"
CONFLICTS: list[str | sa.TextClause] = ["site_id", sa.text("(-conflicts)"), "priority", "created_at", "id"]


def upgrade() -> None:
    """Indexes only: the previous version runs on them, only slower."""
    for old in ("ix_review_todo", "ix_review_state", "ix_review_signed_at"):
        op.drop_index(old, "review")
    todo, signed = sa.text(TODO), sa.text("state = 'signed'")
    op.create_index("ix_review_todo", "review", ["site_id", "priority", "created_at", "id"], postgresql_where=todo)
    op.create_index("ix_review_todo_created_at", "review", ["site_id", "created_at", "id"], postgresql_where=todo)
    op.create_index("ix_review_todo_conflicts", "review", CONFLICTS, postgresql_where=todo)
    op.create_index("ix_review_created_at", "review", ["site_id", "created_at", "id"])
    op.create_index("ix_review_conflicts", "review", CONFLICTS)
    op.create_index("ix_review_signed_at", "review", ["site_id", "signed_at", "id"], postgresql_where=signed)
    op.create_index("ix_review_claimed_by", "review", ["claimed_by"], postgresql_where=sa.text("state = 'claimed'"))
    op.create_index("ix_report_patient_name", "report", ["site_id", "patient_name", "id"])
    op.create_index("ix_report_modality", "report", ["site_id", "modality"])
    for column in ("patient_name", "accession", "patient_id"):
        begins = sa.text(f"lower({column}) text_pattern_ops")
        op.create_index(f"ix_report_search_{column}", "report", ["site_id", begins])
    op.create_index("ix_suggestion_version_id_finding_id", "suggestion", ["version_id", "finding_id"])
