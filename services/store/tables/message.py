"""Inbox and jobs: what came in, and what is to be done with it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.domain.words import JobKind, JobState, MessageState
from services.store.tables.base import key, metadata, moment, one_of, site

LISTED = (MessageState.RECEIVED, MessageState.QUEUED, MessageState.QUARANTINED, MessageState.REJECTED)
REFUSED = "coalesce(control_id, '') || ' ' || application || '^' || facility || ' ' || message_type || ' ' || reason"
ECHO = "our own % come back"
# What a list goes by: our own come back are a state of their own, since lists leave them out.
# As PostgreSQL writes it, so that the schema can be compared.
SHOWN = f"CASE\n    WHEN reason ~~ '{ECHO}' THEN 'echo'\n    ELSE state\nEND"
SENDER = "fold((application || '^') || facility)"
# What the quarantine is grouped by fits an entry of an index (2,704 bytes), as nearly all does.
SHORT = "octet_length(application || facility || peer || reason) <= 2000"

# `body` are the bytes between VT and FS (HL7) or the JSON that was re-read (FHIR); of an oversized frame its
# head only, `bytes` and `sha256` then being those of the whole. `part` numbers the messages of a batch, whose
# frame is `parent_id`. A repeated message points at the first by `duplicate_of`. `notes` name by place what stands
# beside its reports; `continues` (MSH-14) and `goes_on` (DSC-1) tie the parts of one message together.
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
    Column("notes", JSONB, nullable=False, server_default="[]"),
    Column("continues", Text, nullable=False, server_default=""),
    Column("goes_on", Text, nullable=False, server_default=""),
    one_of("door", ("hl7", "fhir")),
    one_of("state", MessageState),
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
    Index(
        "ix_message_tied",
        "site_id",
        "application",
        "facility",
        postgresql_where=text("continues <> '' OR goes_on <> ''"),
    ),
    Index("ix_message_control_id", "control_id"),
    Index("ix_message_resource", "resource", postgresql_where=text("door = 'fhir'")),
    Index("ix_message_duplicate_of", "duplicate_of", postgresql_where=text("duplicate_of IS NOT NULL")),
    # What is refused or ignored at the door is never taken in, and so has no row in message_search.
    # Our own come back are many and seldom looked for.
    Index(
        "ix_message_refused",
        text(f"fold({REFUSED}) gin_trgm_ops"),
        postgresql_using="gin",
        postgresql_where=text(f"state IN ('rejected', 'ignored') AND reason NOT LIKE '{ECHO}'"),
    ),
    Index(
        "ix_message_echo",
        text(f"fold({REFUSED}) gin_trgm_ops"),
        postgresql_using="gin",
        postgresql_where=text(f"state IN ('rejected', 'ignored') AND reason LIKE '{ECHO}'"),
    ),
    Index("ix_message_received_at", "received_at"),
    Index("ix_message_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
    Index("ix_message_state", "state", "site_id", "id", postgresql_where=text(f"state IN {tuple(map(str, LISTED))}")),
    # The quarantine is grouped from the index alone; what is too long for it has one of its own.
    Index(
        "ix_message_held",
        "site_id",
        "application",
        "facility",
        "peer",
        "reason",
        "received_at",
        "id",
        postgresql_where=text(f"state = 'quarantined' AND {SHORT}"),
    ),
    Index("ix_message_held_long", "site_id", postgresql_where=text(f"state = 'quarantined' AND NOT {SHORT}")),
    # The sender in the collation "C" (migration 0024), for beginnings. By -id: no other index has that order, so that
    # PostgreSQL does not walk all messages for a kind there is none of.
    Index("ix_message_shown", "site_id", text(f"(\n{SHOWN})"), "door", text("(- id)")),
    Index("ix_message_sender", "site_id", text(SENDER), text(f"(\n{SHOWN})"), text("(- id)")),
)

# What a message is found by, folded: lines of a letter, a mark and words (services/store/message_search.py). Written
# when it is taken in; what names a patient goes with the message's bytes. `text`: the words of one in quarantine.
message_search = Table(
    "message_search",
    metadata,
    Column("message_id", BigInteger, ForeignKey("message.id"), primary_key=True, autoincrement=False),
    site(),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("words", Text, nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Index("ix_message_search_words", text("words gin_trgm_ops"), postgresql_using="gin"),
    Index(
        "ix_message_search_text", text("text gin_trgm_ops"), postgresql_using="gin", postgresql_where=text("text <> ''")
    ),
)

# How long senders waited for their answers, by minute: how many within each of services.domain.feeds.ANSWER_BOUNDS, and
# above the last. Written by listeners now and then; two hours of it stay.
answer_time = Table(
    "answer_time",
    metadata,
    Column("minute", DateTime(timezone=True), primary_key=True),
    Column("site_id", Text, primary_key=True, server_default="default"),
    Column("sender", Text, primary_key=True),
    Column("counts", ARRAY(Integer), nullable=False),
)

# Messages that an operator had read again together: `messages` are [{"id", "reason"}], as they were before.
replay = Table(
    "replay",
    metadata,
    key(),
    site(),
    Column("actor", Text, nullable=False),
    Column("messages", JSONB, nullable=False),
    moment("created_at", now=True),
    moment("undone_at"),
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
    one_of("state", JobState),
    one_of("kind", JobKind),
    Index("ix_job_lane", "priority", "sender", "id", postgresql_where=text("state IN ('ready', 'waiting')")),
    Index("ix_job_published", "published_at", postgresql_where=text("state = 'ready'")),
    Index("ix_job_lost", "id", postgresql_where=text("lost > 0 AND state IN ('ready', 'waiting', 'leased')")),
    Index("ix_job_leased", "lease_until", postgresql_where=text("state = 'leased'")),
    Index("ix_job_message_id", "message_id"),
    Index("ix_job_version_id", "version_id"),
    Index("ix_job_dead", "id", postgresql_where=text("state = 'dead'")),
)
