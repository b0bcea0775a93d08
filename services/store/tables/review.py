"""The review of a report: who has it open, what they have decided so far, when they signed."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.store.tables.base import key, metadata, moment, one_of, site

REVIEW_STATES = ("open", "claimed", "signed", "reopened", "cancelled")
OPEN = ("open", "claimed", "reopened")
"""States in which a review waits for a signature."""
IS_OPEN = f"state IN {OPEN}"
"""The same word for word in an index and in the queries that are to use it."""
CONFLICTS = ("site_id", text("(-conflicts)"), "priority", "created_at", "id")
DRAFT_ACTIONS = ("approve", "edit", "reject", "add")

# One review a report; `version_id` is the version it is about. `revision` grows with every change a reviewer
# or a correction makes: a decision that names an older one is stale (409). The counts `suggestions` to
# `unsupported` are of that version's suggestions, kept here so that the list can be sorted by them.
review = Table(
    "review",
    metadata,
    key(),
    site(),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False, unique=True),
    Column("version_id", BigInteger, ForeignKey("report_version.id"), nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("priority", SmallInteger, nullable=False, server_default="2"),
    Column("note", Text, nullable=False, server_default=""),
    Column("suggestions", SmallInteger, nullable=False, server_default="0"),
    Column("critical", SmallInteger, nullable=False, server_default="0"),
    Column("conflicts", SmallInteger, nullable=False, server_default="0"),
    Column("unsupported", SmallInteger, nullable=False, server_default="0"),
    Column("claimed_by", BigInteger, ForeignKey("account.id")),
    moment("claimed_until"),
    moment("opened_at"),
    moment("first_action_at"),
    moment("reasoning_opened_at"),
    moment("signed_at"),
    Column("signed_by", BigInteger, ForeignKey("account.id")),
    moment("created_at", now=True),
    one_of("state", REVIEW_STATES),
    # One for each order of the list (services/store/review_list.py), of what is to do and of everything.
    Index("ix_review_todo", "site_id", "priority", "created_at", "id", postgresql_where=text(IS_OPEN)),
    Index("ix_review_todo_created_at", "site_id", "created_at", "id", postgresql_where=text(IS_OPEN)),
    Index("ix_review_todo_conflicts", *CONFLICTS, postgresql_where=text(IS_OPEN)),
    Index("ix_review_created_at", "site_id", "created_at", "id"),
    Index("ix_review_conflicts", *CONFLICTS),
    Index("ix_review_signed_at", "site_id", "signed_at", "id", postgresql_where=text("state = 'signed'")),
    Index("ix_review_claimed_by", "claimed_by", postgresql_where=text("state = 'claimed'")),
)

# What a reviewer has decided but not signed; one a suggestion. An `add` has no suggestion yet. `value` holds
# what an edit or an addition says: {"status", "side", "finding_id", "quotes"}.
draft = Table(
    "draft",
    metadata,
    key(),
    site(),
    Column("review_id", BigInteger, ForeignKey("review.id"), nullable=False),
    Column("suggestion_id", BigInteger, ForeignKey("suggestion.id")),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("value", JSONB, nullable=False, server_default=text("'{}'")),
    Column("reason_code", Text, nullable=False, server_default=""),
    moment("opened_at"),
    moment("decided_at", now=True),
    one_of("action", DRAFT_ACTIONS),
    UniqueConstraint("review_id", "suggestion_id"),
    Index("ix_draft_review_id", "review_id"),
)

# Which suggestions a reviewer has had open on the screen, and since when; one never opened cannot be decided.
opening = Table(
    "opening",
    metadata,
    key(),
    site(),
    Column("review_id", BigInteger, ForeignKey("review.id"), nullable=False),
    Column("suggestion_id", BigInteger, ForeignKey("suggestion.id"), nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    moment("opened_at", now=True),
    UniqueConstraint("review_id", "suggestion_id", "account_id"),
)
