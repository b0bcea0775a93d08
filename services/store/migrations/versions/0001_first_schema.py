"""The first schema: inbox, jobs, reports, reviews, outbox, people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("practitioner", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "preferences", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_account_issuer_subject")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), server_default="", nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("previous_hash", sa.Text(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("sequence", name=op.f("uq_audit_sequence")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_report_id", "audit", ["report_id"], unique=False)
    op.create_index("ix_audit_unsealed", "audit", ["id"], unique=False, postgresql_where=sa.text("hash IS NULL"))
    op.create_table(
        "circuit",
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open', 'half_open')", name=op.f("ck_circuit_state")),
        sa.PrimaryKeyConstraint("engine", name=op.f("pk_circuit")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), server_default="", nullable=False),
        sa.Column("application", sa.Text(), server_default="", nullable=False),
        sa.Column("facility", sa.Text(), server_default="", nullable=False),
        sa.Column("control_id", sa.Text(), nullable=True),
        sa.Column("message_type", sa.Text(), server_default="", nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("resource_version", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("truncated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("ack_code", sa.Text(), nullable=True),
        sa.Column("ack", sa.LargeBinary(), nullable=True),
        sa.Column("duplicate_of", sa.BigInteger(), nullable=True),
        sa.Column("control_id_reused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.Column("trace", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("door IN ('hl7', 'fhir')", name=op.f("ck_message_door")),
        sa.CheckConstraint(
            "state IN ('received', 'queued', 'ignored', 'quarantined', 'rejected', 'done')",
            name=op.f("ck_message_state"),
        ),
        sa.ForeignKeyConstraint(["duplicate_of"], ["message.id"], name=op.f("fk_message_duplicate_of")),
        sa.ForeignKeyConstraint(["parent_id"], ["message.id"], name=op.f("fk_message_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_control_id", "message", ["control_id"], unique=False)
    op.create_index(
        "ix_message_parent_id",
        "message",
        ["parent_id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index("ix_message_received_at", "message", ["received_at"], unique=False)
    op.create_index(
        "ix_message_state",
        "message",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state IN ('received', 'queued', 'quarantined')"),
    )
    op.create_index(
        "uq_message_identity",
        "message",
        ["site_id", "application", "facility", "control_id", "sha256"],
        unique=True,
        postgresql_where=sa.text("door = 'hl7' AND control_id IS NOT NULL AND duplicate_of IS NULL AND part IS NULL"),
    )
    op.create_index(
        "uq_message_resource",
        "message",
        ["site_id", "peer", "resource", "resource_version"],
        unique=True,
        postgresql_where=sa.text("door = 'fhir'"),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("patient_authority", sa.Text(), server_default="", nullable=False),
        sa.Column("patient_name", sa.Text(), server_default="", nullable=False),
        sa.Column("accession", sa.Text(), server_default="", nullable=False),
        sa.Column("filler", sa.Text(), server_default="", nullable=False),
        sa.Column("procedure", sa.Text(), server_default="", nullable=False),
        sa.Column("modality", sa.Text(), server_default="", nullable=False),
        sa.Column("body_site", sa.Text(), server_default="", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="2", nullable=False),
        sa.Column("held", sa.Text(), server_default="", nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("site_id", "key", name=op.f("uq_report_site_id_key")),
    )
    op.create_index("ix_report_accession", "report", ["site_id", "accession"], unique=False)
    op.create_index("ix_report_filler", "report", ["site_id", "filler"], unique=False)
    op.create_index("ix_report_patient", "report", ["site_id", "patient_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("watermark", sa.DateTime(timezone=True), nullable=True),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_subscription_endpoint")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_table(
        "fhir_resource",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_fhir_resource_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fhir_resource")),
        sa.UniqueConstraint(
            "endpoint", "resource_type", "identifier", name=op.f("uq_fhir_resource_endpoint_resource_type_identifier")
        ),
    )
    op.create_index(
        "ix_fhir_resource_reference", "fhir_resource", ["endpoint", "resource_type", "resource_id"], unique=False
    )
    op.create_index("ix_fhir_resource_report_id", "fhir_resource", ["report_id"], unique=False)
    op.create_table(
        "login_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("authenticated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_login_session_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_login_session_token_sha256")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_notice_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(
        "ix_notice_open", "notice", ["created_at"], unique=False, postgresql_where=sa.text("cleared_at IS NULL")
    )
    op.create_table(
        "report_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('current', 'superseding', 'superseded', 'retracted')", name=op.f("ck_report_version_state")
        ),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_report_version_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_version")),
        sa.UniqueConstraint("report_id", "content_hash", name=op.f("uq_report_version_report_id_content_hash")),
    )
    op.create_index(
        "uq_report_version_current",
        "report_version",
        ["report_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('current', 'superseding')"),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_saved_view_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_view_account_id_name")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("lease_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("trace", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('proposed', 'signed', 'withdrawn', 'retracted', 'oru')", name=op.f("ck_delivery_kind")
        ),
        sa.CheckConstraint("state IN ('pending', 'sent', 'blocked', 'dead')", name=op.f("ck_delivery_state")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_delivery_report_id")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_delivery_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(
        "ix_delivery_pending",
        "delivery",
        ["not_before", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_delivery_report_id", "delivery", ["report_id", "id"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("version_id", sa.BigInteger(), nullable=True),
        sa.Column("engine", sa.Text(), server_default="", nullable=False),
        sa.Column("shadow", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="2", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_owner", sa.Text(), server_default="", nullable=False),
        sa.Column("leased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('intake', 'analysis')", name=op.f("ck_job_kind")),
        sa.CheckConstraint(
            "state IN ('ready', 'leased', 'waiting', 'done', 'dead', 'cancelled')", name=op.f("ck_job_state")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_job_message_id")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_job_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_dead", "job", ["id"], unique=False, postgresql_where=sa.text("state = 'dead'"))
    op.create_index("ix_job_leased", "job", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'leased'"))
    op.create_index("ix_job_message_id", "job", ["message_id"], unique=False)
    op.create_index(
        "ix_job_ready",
        "job",
        ["priority", "not_before", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('ready', 'waiting')"),
    )
    op.create_index("ix_job_version_id", "job", ["version_id"], unique=False)
    op.create_table(
        "report_source",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("reference_version", sa.Text(), server_default="", nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_report_source_message_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_report_source_report_id")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_report_source_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_source")),
    )
    op.create_index("ix_report_source_message_id", "report_source", ["message_id"], unique=False)
    op.create_index("ix_report_source_report_id", "report_source", ["report_id"], unique=False)
    op.create_index("ix_report_source_version_id", "report_source", ["version_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="2", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reasoning_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'claimed', 'signed', 'reopened', 'cancelled')", name=op.f("ck_review_state")
        ),
        sa.ForeignKeyConstraint(["claimed_by"], ["account.id"], name=op.f("fk_review_claimed_by")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_review_report_id")),
        sa.ForeignKeyConstraint(["signed_by"], ["account.id"], name=op.f("fk_review_signed_by")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_review_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("report_id", name=op.f("uq_review_report_id")),
    )
    op.create_index("ix_review_state", "review", ["state", "created_at"], unique=False)
    op.create_index(
        "ix_review_todo",
        "review",
        ["priority", "created_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'signed'"),
    )
    op.create_table(
        "analysis",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("shadow", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("engine", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("verdicts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "advisories", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("flagged", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("unread", sa.Text(), server_default="", nullable=False),
        sa.Column("reasoning", sa.Text(), server_default="", nullable=False),
        sa.Column("usage", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_analysis_job_id")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_analysis_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis")),
    )
    op.create_index("ix_analysis_version_id", "analysis", ["version_id"], unique=False)
    op.create_table(
        "rating",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("engine", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "item IN ('quality', 'understanding', 'expression', 'safety', 'trust')", name=op.f("ck_rating_item")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_rating_account_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_rating_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating")),
        sa.UniqueConstraint("review_id", "account_id", "item", name=op.f("uq_rating_review_id_account_id_item")),
    )
    op.create_table(
        "suggestion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("analysis_id", sa.BigInteger(), nullable=True),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("finding", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("side", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=True),
        sa.Column("quotes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("rationale", sa.Text(), server_default="", nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("rules_status", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("critical", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("conflict", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("unsupported", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("origin", sa.Text(), server_default="ai", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="proposed", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("origin IN ('ai', 'human')", name=op.f("ck_suggestion_origin")),
        sa.CheckConstraint(
            "state IN ('proposed', 'approved', 'edited', 'rejected', 'withdrawn')", name=op.f("ck_suggestion_state")
        ),
        sa.CheckConstraint("status IN ('present', 'absent', 'uncertain')", name=op.f("ck_suggestion_status")),
        sa.ForeignKeyConstraint(["analysis_id"], ["analysis.id"], name=op.f("fk_suggestion_analysis_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_suggestion_report_id")),
        sa.ForeignKeyConstraint(["version_id"], ["report_version.id"], name=op.f("fk_suggestion_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
        sa.UniqueConstraint("version_id", "identifier", name=op.f("uq_suggestion_version_id_identifier")),
    )
    op.create_index("ix_suggestion_finding_id", "suggestion", ["finding_id", "state"], unique=False)
    op.create_index("ix_suggestion_report_id", "suggestion", ["report_id"], unique=False)
    op.create_table(
        "draft",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("site_id", sa.Text(), server_default="default", nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("suggestion_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reason_code", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("action IN ('approve', 'edit', 'reject', 'add')", name=op.f("ck_draft_action")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_draft_account_id")),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name=op.f("fk_draft_review_id")),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestion.id"], name=op.f("fk_draft_suggestion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("review_id", "suggestion_id", name=op.f("uq_draft_review_id_suggestion_id")),
    )
    op.create_index("ix_draft_review_id", "draft", ["review_id"], unique=False)
