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

from services.domain.words import REVIEW_TO_DO, Carried, DraftAction, ReviewState
from services.store.tables.base import key, metadata, moment, one_of, site

IS_OPEN = f"state IN {tuple(map(str, REVIEW_TO_DO))}"
"""The same word for word in an index and in the queries that are to use it."""
CONFLICTS = ("site_id", text("(-conflicts)"), "priority", "created_at", "id")

# One review a report; `version_id` is the version it is about. `revision` grows with every change a reviewer
# or a correction makes: a decision that names an older one is stale (409). The counts `suggestions` to
# `unsupported` are of that version's suggestions, kept here so that the list can be sorted by them.
# `signature_at` and `signature_by` are those of a signature that can still be taken back, until `releases_at`: to all
# who read, the report is unsigned until then. Once released they are in `signed_at` and `signed_by`.
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
    moment("signature_at"),
    Column("signature_by", BigInteger, ForeignKey("account.id")),
    moment("releases_at"),
    moment("created_at", now=True),
    one_of("state", ReviewState),
    # One for each order of the list (services/store/review_list.py), of what is to do and of everything.
    Index("ix_review_todo", "site_id", "priority", "created_at", "id", postgresql_where=text(IS_OPEN)),
    Index("ix_review_todo_created_at", "site_id", "created_at", "id", postgresql_where=text(IS_OPEN)),
    Index("ix_review_todo_conflicts", *CONFLICTS, postgresql_where=text(IS_OPEN)),
    Index("ix_review_created_at", "site_id", "created_at", "id"),
    Index("ix_review_conflicts", *CONFLICTS),
    Index("ix_review_signed_at", "site_id", "signed_at", "id", postgresql_where=text("state = 'signed'")),
    Index("ix_review_claimed_by", "claimed_by", postgresql_where=text("state = 'claimed'")),
    Index("ix_review_releases_at", "releases_at", postgresql_where=text("signature_at IS NOT NULL")),
    Index("ix_review_signature_by", "signature_by", postgresql_where=text("signature_at IS NOT NULL")),
    Index("ix_review_signed_by", "signed_by", "signed_at", "id", postgresql_where=text("state = 'signed'")),
)

# What a reviewer has decided but not signed; one a suggestion. An `add` has no suggestion yet. `value` holds
# what an edit or an addition says: {"status", "side", "finding_id", "quotes"}. `carried`: what a correction made of it.
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
    Column("carried", Text, nullable=False, server_default=""),
    one_of("action", DraftAction),
    one_of("carried", Carried),
    UniqueConstraint("review_id", "suggestion_id"),
    Index("ix_draft_review_id", "review_id"),
)

# Which suggestions a reviewer has had open on the screen, and since when; one never opened cannot be decided.
# `evidence_at`: when its words in the report were on the screen.
opening = Table(
    "opening",
    metadata,
    key(),
    site(),
    Column("review_id", BigInteger, ForeignKey("review.id"), nullable=False),
    Column("suggestion_id", BigInteger, ForeignKey("suggestion.id"), nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    moment("opened_at", now=True),
    moment("evidence_at"),
    UniqueConstraint("review_id", "suggestion_id", "account_id"),
)

# Which version of a report stands on a reviewer's screen, since when, and when they saw its end.
showing = Table(
    "showing",
    metadata,
    key(),
    site(),
    Column("review_id", BigInteger, ForeignKey("review.id"), nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("version_id", BigInteger, ForeignKey("report_version.id"), nullable=False),
    moment("shown_at", now=True),
    moment("ended_at"),
    UniqueConstraint("review_id", "account_id"),
)
