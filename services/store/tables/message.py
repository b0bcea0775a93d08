"""Inbox and jobs: what came in, and what is to be done with it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)

from services.store.tables.base import key, metadata, moment, one_of, site

MESSAGE_STATES = ("received", "queued", "ignored", "quarantined", "rejected", "done")
JOB_STATES = ("ready", "leased", "waiting", "done", "dead", "cancelled")
JOB_KINDS = ("intake", "analysis")

# `body` are the bytes between VT and FS (HL7) or the JSON that was re-read (FHIR); of an oversized frame its
# head only, `bytes` and `sha256` then being those of the whole. `part` numbers the messages of a batch, whose
# frame is `parent_id`. A repeated message points at the first by `duplicate_of`.
message = Table(
    "message",
    metadata,
    key(),
    site(),
    Column("door", Text, nullable=False),
    Column("peer", Text, nullable=False, server_default=""),
    Column("application", Text, nullable=False, server_default=""),
    Column("facility", Text, nullable=False, server_default=""),
    Column("control_id", Text),
    Column("message_type", Text, nullable=False, server_default=""),
    Column("resource", Text),
    Column("resource_version", Text),
    moment("received_at", now=True),
    Column("body", LargeBinary),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("truncated", Boolean, nullable=False, server_default=text("false")),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("ack_code", Text),
    Column("ack", LargeBinary),
    Column("duplicate_of", BigInteger, ForeignKey("message.id")),
    Column("control_id_reused", Boolean, nullable=False, server_default=text("false")),
    Column("parent_id", BigInteger, ForeignKey("message.id")),
    Column("part", Integer),
    Column("trace", Text, nullable=False, server_default=""),
    one_of("door", ("hl7", "fhir")),
    one_of("state", MESSAGE_STATES),
    Index(
        "uq_message_identity",
        "site_id",
        "application",
        "facility",
        "control_id",
        "sha256",
        unique=True,
        postgresql_where=text("door = 'hl7' AND control_id IS NOT NULL AND duplicate_of IS NULL AND part IS NULL"),
    ),
    Index(
        "uq_message_resource",
        "site_id",
        "peer",
        "resource",
        "resource_version",
        unique=True,
        postgresql_where=text("door = 'fhir'"),
    ),
    Index("ix_message_control_id", "control_id"),
    Index("ix_message_received_at", "received_at"),
    Index("ix_message_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
    Index("ix_message_state", "state", postgresql_where=text("state IN ('received', 'queued', 'quarantined')")),
)

# `priority` as integration.canonical.Priority. `lost` counts workers that vanished under the job, `failed`
# its own failures; the model being down counts as neither. Deadlines are on the database's clock.
job = Table(
    "job",
    metadata,
    key(),
    site(),
    Column("kind", Text, nullable=False),
    Column("message_id", BigInteger, ForeignKey("message.id")),
    Column("version_id", BigInteger, ForeignKey("report_version.id")),
    Column("engine", Text, nullable=False, server_default=""),
    Column("shadow", Boolean, nullable=False, server_default=text("false")),
    Column("state", Text, nullable=False, server_default="ready"),
    Column("priority", SmallInteger, nullable=False, server_default="2"),
    Column("sender", Text, nullable=False, server_default=""),
    Column("lease_epoch", Integer, nullable=False, server_default="0"),
    Column("lease_owner", Text, nullable=False, server_default=""),
    moment("leased_at"),
    moment("lease_until"),
    Column("lost", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    moment("not_before", now=True),
    moment("published_at"),
    Column("reason", Text, nullable=False, server_default=""),
    moment("created_at", now=True),
    moment("finished_at"),
    one_of("state", JOB_STATES),
    one_of("kind", JOB_KINDS),
    Index("ix_job_lane", "priority", "sender", "id", postgresql_where=text("state IN ('ready', 'waiting')")),
    Index("ix_job_published", "published_at", postgresql_where=text("state = 'ready'")),
    Index("ix_job_lost", "id", postgresql_where=text("lost > 0 AND state IN ('ready', 'waiting', 'leased')")),
    Index("ix_job_leased", "lease_until", postgresql_where=text("state = 'leased'")),
    Index("ix_job_message_id", "message_id"),
    Index("ix_job_version_id", "version_id"),
    Index("ix_job_dead", "id", postgresql_where=text("state = 'dead'")),
)
