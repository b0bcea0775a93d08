"""What was decided of a reading's advisories on a report."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from services.domain.words import AdvisoryState
from services.store.tables.base import key, metadata, moment, one_of, site

ADVISORY_KINDS = ("critical_result", "follow_up", "discrepancy")

UNTOLD = (
    "advisory.state = 'signed' AND advisory.kind = 'critical_result' AND advisory.told = '[]' "
    "AND coalesce(advisory.record #>> '{detail,communicated}', '') <> 'yes'"
)
"""A signed critical result of which neither the report nor anybody says who was told; an index holds these alone."""

# An advisory is in analysis.advisories until somebody decides on it. `left_out` is a draft: the reviewer does not want
# it sent; Sign makes it count. `state` is what Sign said last, `open` before. `record` is canonical Advisory, `told`
# who was told of a critical result; `overdue_at` when it was found that nobody had been in time.
advisory = Table(
    "advisory",
    metadata,
    key(),
    site(),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("version_id", BigInteger, ForeignKey("report_version.id"), nullable=False),
    Column("identifier", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record", JSONB, nullable=False),
    Column("left_out", Boolean, nullable=False, server_default=text("false")),
    Column("state", Text, nullable=False, server_default="open"),
    Column("signed_by", Text, nullable=False, server_default=""),
    moment("signed_at"),
    moment("ended_at"),
    moment("overdue_at"),
    Column("told", JSONB, nullable=False, server_default=text("'[]'")),
    one_of("kind", ADVISORY_KINDS),
    one_of("state", AdvisoryState),
    UniqueConstraint("version_id", "identifier"),
    Index("ix_advisory_report_id", "report_id"),
    Index("ix_advisory_identifier", "identifier"),
    Index("ix_advisory_untold", "site_id", "signed_at", postgresql_where=text(UNTOLD)),
    Index("ix_advisory_overdue", "signed_at", postgresql_where=text(f"{UNTOLD} AND advisory.overdue_at IS NULL")),
)
