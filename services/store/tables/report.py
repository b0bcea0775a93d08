"""Reports, their versions, what readers said of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from integration.canonical import Processing
from services.domain.words import Origin, ReadingState, SuggestionState, VersionState
from services.store.tables.base import key, metadata, moment, one_of, site

NAMED = "patient_name || ' ' || patient_id || ' ' || accession || ' ' || filler || ' ' || procedure"

# `key` is sha256 of Report.key_parts; patient and order columns are those of the newest version, for search.
# `held`: why a person must decide before anything goes on (a known order with another patient). `processing` as
# integration.canonical.Processing: nothing leaves of what is for training or debugging. `folded`: what a search looks
# in, without accents or case; `fold` is a function of ours (migration 0016).
report = Table(
    "report",
    metadata,
    key(),
    site(),
    Column("key", Text, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("patient_authority", Text, nullable=False, server_default=""),
    Column("patient_name", Text, nullable=False, server_default=""),
    Column("accession", Text, nullable=False, server_default=""),
    Column("filler", Text, nullable=False, server_default=""),
    Column("procedure", Text, nullable=False, server_default=""),
    Column("modality", Text, nullable=False, server_default=""),
    Column("body_site", Text, nullable=False, server_default=""),
    Column("priority", SmallInteger, nullable=False, server_default="2"),
    Column("held", Text, nullable=False, server_default=""),
    Column("processing", Text, nullable=False, server_default="P"),
    Column("folded", Text, Computed(f"fold({NAMED})", persisted=True)),
    moment("observed_at"),
    moment("created_at", now=True),
    one_of("processing", Processing),
    UniqueConstraint("site_id", "key"),
    Index("ix_report_patient", "site_id", "patient_id"),
    Index("ix_report_accession", "site_id", "accession"),
    Index("ix_report_filler", "site_id", "filler"),
    Index("ix_report_patient_name", "site_id", "patient_name", "id"),
    Index("ix_report_modality", "site_id", "modality"),
    Index("ix_report_held", "site_id", "id", postgresql_where=text("held <> ''")),
    Index("ix_report_folded", text("folded gin_trgm_ops"), postgresql_using="gin"),
)
# The worklist searches these from their beginning, in no case.
for _column in (report.c.patient_name, report.c.accession, report.c.patient_id):
    Index(
        f"ix_report_search_{_column.name}",
        report.c.site_id,
        func.lower(_column).label("begins"),
        postgresql_ops={"begins": "text_pattern_ops"},
    )

# Further keys under which a report is found: the accession numbers of exams that have no text of their own.
report_alias = Table(
    "report_alias",
    metadata,
    key(),
    site(),
    Column("key", Text, nullable=False),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    moment("created_at", now=True),
    UniqueConstraint("site_id", "key"),
    Index("ix_report_alias_report_id", "report_id"),
)

_STANDS = text("ended_at IS NULL")
# Which number of a patient stands for which other since a merge (`said_at` by its source), until it is undone
# (`ended_at`; `undone_at` by its source, which may be heard of before the merge).
patient_alias = Table(
    "patient_alias",
    metadata,
    key(),
    site(),
    Column("authority", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("into_authority", Text, nullable=False),
    Column("into_value", Text, nullable=False),
    Column("message_id", BigInteger, ForeignKey("message.id"), nullable=False),
    moment("created_at", now=True),
    moment("ended_at"),
    moment("said_at"),
    moment("undone_at"),
    Index("uq_patient_alias_standing", "site_id", "authority", "value", unique=True, postgresql_where=_STANDS),
    Index("ix_patient_alias_into", "site_id", "into_authority", "into_value", postgresql_where=_STANDS),
)

# Which messages spoke of a report, by which door, and what each said (`record`, a canonical Report): the current
# version is composed from all of them, so that the order of arrival decides nothing. `reference` is the
# DiagnosticReport on its FHIR server.
report_source = Table(
    "report_source",
    metadata,
    key(),
    site(),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("version_id", BigInteger, ForeignKey("report_version.id")),
    Column("message_id", BigInteger, ForeignKey("message.id"), nullable=False),
    Column("door", Text, nullable=False),
    Column("reference", Text, nullable=False, server_default=""),
    Column("reference_version", Text, nullable=False, server_default=""),
    Column("record", JSONB, nullable=False),
    moment("created_at", now=True),
    Index("ix_report_source_report_id", "report_id"),
    Index("ix_report_source_version_id", "version_id"),
    Index("ix_report_source_message_id", "message_id"),
    Index("ix_report_source_reference", "reference", postgresql_where=text("reference <> ''")),
)

# `record` is the composed canonical Report. One version is current; it is `superseding` instead while its
# suggestions are not stored yet and older ones still show.
report_version = Table(
    "report_version",
    metadata,
    key(),
    site(),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("record", JSONB, nullable=False),
    moment("issued_at"),
    Column("number", Integer, nullable=False, server_default="1"),
    Column("reading_state", Text, nullable=False, server_default="pending"),
    moment("created_at", now=True),
    one_of("state", VersionState),
    one_of("reading_state", ReadingState),
    UniqueConstraint("report_id", "content_hash"),
    Index(
        "ix_report_version_words",
        text("to_tsvector('simple'::regconfig, fold(\"left\"(text, 100000)))"),
        postgresql_using="gin",
    ),
    Index("ix_report_version_reading_state", "reading_state", "id", postgresql_where=text("reading_state <> 'read'")),
    Index(
        "uq_report_version_current",
        "report_id",
        unique=True,
        postgresql_where=text("state IN ('current', 'superseding')"),
    ),
)

# One reading of one version by one engine. `unread`: why nothing may be concluded from it. `failed`: answers of the
# engine that could not be used before this one.
analysis = Table(
    "analysis",
    metadata,
    key(),
    site(),
    Column("version_id", BigInteger, ForeignKey("report_version.id"), nullable=False),
    Column("job_id", BigInteger, ForeignKey("job.id")),
    Column("shadow", Boolean, nullable=False, server_default=text("false")),
    Column("engine", JSONB, nullable=False),
    Column("verdicts", JSONB, nullable=False),
    Column("advisories", JSONB, nullable=False, server_default=text("'[]'")),
    Column("flagged", JSONB, nullable=False, server_default=text("'[]'")),
    Column("unread", Text, nullable=False, server_default=""),
    Column("reasoning", Text, nullable=False, server_default=""),
    Column("usage", JSONB, nullable=False, server_default=text("'{}'")),
    Column("failed", Integer, nullable=False, server_default="0"),
    moment("created_at", now=True),
    Index("ix_analysis_version_id", "version_id"),
    Index("ix_analysis_job_id", "job_id", postgresql_where=text("job_id IS NOT NULL")),
)

# One of rules and model asserts a finding that the other does not mention; what a reader said is one of the values,
# whatever its name is.
_SAYS = "readers @? '$.* ? (@ == \"{}\")'"
ONE_SILENT = f"state <> 'withdrawn' AND {_SAYS.format('present')} AND {_SAYS.format('not_mentioned')}"

# `identifier` is the Observation's. `finding` is canonical Finding, `quotes` a list of canonical Quote.
# Status and side are what the report says (or what the reviewer made of it, once edited); `rules_status`
# is the cross-check, `readers` the status each engine gave ({"rules": "present", "r1": "not_mentioned"}),
# `suggested_status` what the reader said where an edit says otherwise. `confidence` is a vote share; `agreement` what
# the calibration made of it when the suggestion was stored, and never afterwards.
# `origin` human: added by hand, carries neither Device nor AIAST.
suggestion = Table(
    "suggestion",
    metadata,
    key(),
    site(),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("version_id", BigInteger, ForeignKey("report_version.id"), nullable=False),
    Column("analysis_id", BigInteger, ForeignKey("analysis.id")),
    Column("identifier", Text, nullable=False),
    Column("finding_id", Text, nullable=False),
    Column("finding", JSONB, nullable=False),
    Column("side", Text),
    Column("status", Text, nullable=False),
    Column("suggested_status", Text),
    Column("change", Text),
    Column("quotes", JSONB, nullable=False, server_default=text("'[]'")),
    Column("rationale", Text, nullable=False, server_default=""),
    Column("rule", Text, nullable=False, server_default=""),
    Column("rules_status", Text),
    Column("readers", JSONB, nullable=False, server_default=text("'{}'")),
    Column("confidence", Float),
    Column("agreement", Float),
    Column("calibration_id", BigInteger, ForeignKey("calibration.id")),
    Column("critical", Boolean, nullable=False, server_default=text("false")),
    Column("conflict", Boolean, nullable=False, server_default=text("false")),
    Column("unsupported", Boolean, nullable=False, server_default=text("false")),
    Column("origin", Text, nullable=False, server_default="ai"),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("state", Text, nullable=False, server_default="proposed"),
    Column("reason", Text, nullable=False, server_default=""),
    moment("created_at", now=True),
    moment("decided_at"),
    Column("decided_by", Text, nullable=False, server_default=""),
    one_of("state", SuggestionState),
    one_of("origin", Origin),
    one_of("status", ("present", "absent", "uncertain")),
    UniqueConstraint("version_id", "identifier"),
    Index("ix_suggestion_report_id", "report_id"),
    Index("ix_suggestion_finding_id", "finding_id", "state"),
    Index("ix_suggestion_created_at", "site_id", "created_at"),
    Index("ix_suggestion_version_id_finding_id", "version_id", "finding_id"),
    Index("ix_suggestion_decided_at", "site_id", "decided_at"),
    Index("ix_suggestion_silent", "version_id", postgresql_where=text(ONE_SILENT)),
)
