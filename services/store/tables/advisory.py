"""What was decided of a reader's remarks on a report."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from services.store.tables.base import key, metadata, moment, one_of, site

ADVISORY_KINDS = ("critical_result", "follow_up", "discrepancy")
ADVISORY_STATES = ("open", "signed", "withdrawn")

# A remark is in analysis.advisories until somebody decides on it. `left_out` is a draft: the reviewer does not want
# it sent; Sign makes it count. `state` is what Sign said last, `open` before. `record` is canonical Advisory.
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
    one_of("kind", ADVISORY_KINDS),
    one_of("state", ADVISORY_STATES),
    UniqueConstraint("version_id", "identifier"),
    Index("ix_advisory_report_id", "report_id"),
    Index("ix_advisory_identifier", "identifier"),
)
