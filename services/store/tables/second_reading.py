"""Double reading: a signed report read again by somebody who has seen neither word, the engine's nor the first's."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from services.domain.words import SecondReadingState
from services.store.tables.base import key, metadata, moment, one_of, site

# One a version. `findings` (canonical Findings) is what the second reader is asked: what was suggested, mixed with
# as many candidates that were not, so that being asked says nothing.
second_reading = Table(
    "second_reading",
    metadata,
    key(),
    site(),
    Column("review_id", BigInteger, ForeignKey("review.id"), nullable=False),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("version_id", BigInteger, ForeignKey("report_version.id"), nullable=False, unique=True),
    Column("findings", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("claimed_by", BigInteger, ForeignKey("account.id")),
    moment("claimed_until"),
    moment("opened_at"),
    moment("finished_at"),
    Column("account_id", BigInteger, ForeignKey("account.id")),
    moment("created_at", now=True),
    one_of("state", SecondReadingState),
    Index("ix_second_reading_open", "site_id", "id", postgresql_where=text("state <> 'done'")),
    Index("ix_second_reading_finished_at", "site_id", "finished_at"),
)

# What the second reader says of one finding. `suggested`: the engine had suggested it, so it can be compared.
second_answer = Table(
    "second_answer",
    metadata,
    key(),
    site(),
    Column("second_reading_id", BigInteger, ForeignKey("second_reading.id"), nullable=False),
    Column("finding_id", Text, nullable=False),
    Column("finding", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("side", Text),
    Column("suggested", Boolean, nullable=False),
    moment("answered_at", now=True),
    one_of("status", ("present", "absent", "uncertain", "not_mentioned")),
    UniqueConstraint("second_reading_id", "finding_id"),
)
