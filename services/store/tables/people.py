"""People, their sessions, what they did and what they should be told."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.store.tables.base import key, metadata, moment, one_of, site

# `practitioner` is the FHIR reference or identifier a signature is made with; without one nobody signs.
account = Table(
    "account",
    metadata,
    key(),
    site(),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("practitioner", Text, nullable=False, server_default=""),
    Column("preferences", JSONB, nullable=False, server_default=text("'{}'")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    moment("created_at", now=True),
    UniqueConstraint("issuer", "subject"),
)

# Of accounts that no identity provider knows; services.store.passwords says what a digest is.
local_password = Table(
    "local_password",
    metadata,
    Column("account_id", BigInteger, ForeignKey("account.id"), primary_key=True),
    Column("digest", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    moment("locked_until"),
    moment("set_at", now=True),
)

# Only the SHA-256 of the cookie is kept. `csrf` is the token forms must send back.
login_session = Table(
    "login_session",
    metadata,
    key(),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("csrf", Text, nullable=False),
    moment("created_at", now=True),
    moment("seen_at", now=True),
    moment("authenticated_at", now=True),
    moment("ended_at"),
)

# A login under way at an identity provider: what the answer must match. Only the SHA-256 of `state` is kept.
# `max_age` (seconds): the person must have logged in there no longer ago, because they confirm who they are.
login_attempt = Table(
    "login_attempt",
    metadata,
    key(),
    Column("state_sha256", LargeBinary, nullable=False, unique=True),
    Column("issuer", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("return_to", Text, nullable=False, server_default=""),
    Column("launch", Text, nullable=False, server_default=""),
    Column("max_age", Float),
    moment("created_at", now=True),
)

# Written in the same transaction as the change it tells of; one sealer hash-chains the rows afterwards.
# `detail` never holds text of a report or a name of a patient.
audit = Table(
    "audit",
    metadata,
    key(),
    site(),
    moment("at", now=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("entity", Text, nullable=False, server_default=""),
    Column("report_id", BigInteger),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Column("sequence", BigInteger, unique=True),
    Column("previous_hash", Text),
    Column("hash", Text),
    moment("sealed_at"),
    Index("ix_audit_unsealed", "id", postgresql_where=text("hash IS NULL")),
    Index("ix_audit_report_id", "report_id"),
    Index("ix_audit_at", "at"),
)

# Something a person must see: a retraction, a dead letter of a correction, a refused delivery.
notice = Table(
    "notice",
    metadata,
    key(),
    site(),
    Column("kind", Text, nullable=False),
    Column("report_id", BigInteger, ForeignKey("report.id")),
    Column("message", Text, nullable=False),
    moment("created_at", now=True),
    moment("cleared_at"),
    Column("cleared_by", Text, nullable=False, server_default=""),
    Index("ix_notice_open", "created_at", postgresql_where=text("cleared_at IS NULL")),
)

# The five-item QUEST form, one row an item, values 1 to 5.
rating = Table(
    "rating",
    metadata,
    key(),
    site(),
    Column("review_id", BigInteger, ForeignKey("review.id"), nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("item", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("engine", JSONB, nullable=False, server_default=text("'{}'")),
    moment("created_at", now=True),
    one_of("item", ("quality", "understanding", "expression", "safety", "trust")),
    UniqueConstraint("review_id", "account_id", "item"),
)

saved_view = Table(
    "saved_view",
    metadata,
    key(),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    UniqueConstraint("account_id", "name"),
)
