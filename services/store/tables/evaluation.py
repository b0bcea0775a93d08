"""What an instance is for, the curves its agreement figures come from, and the exercises of a training instance."""

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

PURPOSES = ("live", "training")
METHODS = ("isotonic", "platt")
EXERCISES = ("correct", "wrong_status", "wrong_side", "omitted")

# One row: whether this database holds patients' reports or exercises. Set once, by the first process that starts
# on it; triggers keep messages, jobs and deliveries out of a training database.
instance = Table(
    "instance",
    metadata,
    Column("id", SmallInteger, primary_key=True, server_default="1"),
    Column("purpose", Text, nullable=False),
    moment("created_at", now=True),
    one_of("purpose", PURPOSES),
)

# One curve: what share of blind second readers agreed at a vote share. `points` are [vote share, agreement] in
# rising order, straight lines between; `finding_id` "" serves findings without a curve of their own. `version`
# counts the fits of a site: suggestions use the newest whose `retired_at` is empty. `bins` are what was measured:
# [{"share", "agreed", "count"}]; Brier scores are cross-validated.
calibration = Table(
    "calibration",
    metadata,
    key(),
    site(),
    Column("version", Integer, nullable=False),
    Column("engine", Text, nullable=False),
    Column("model", Text, nullable=False, server_default=""),
    Column("finding_id", Text, nullable=False, server_default=""),
    Column("method", Text, nullable=False),
    Column("points", JSONB, nullable=False),
    Column("bins", JSONB, nullable=False, server_default=text("'[]'")),
    Column("pairs", Integer, nullable=False),
    Column("brier", JSONB, nullable=False, server_default=text("'{}'")),
    Column("created_by", Text, nullable=False),
    moment("created_at", now=True),
    moment("retired_at"),
    one_of("method", METHODS),
    UniqueConstraint("site_id", "version", "engine", "model", "finding_id"),
)

# What is known of a report of a training instance: each suggestion and whether it is right, and findings left out.
# `truth` is the label of the data set: {"status", "side"}.
exercise = Table(
    "exercise",
    metadata,
    key(),
    site(),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("suggestion_id", BigInteger, ForeignKey("suggestion.id")),
    Column("finding_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("truth", JSONB, nullable=False),
    moment("created_at", now=True),
    one_of("kind", EXERCISES),
    Index("ix_exercise_report_id", "report_id"),
    Index("ix_exercise_suggestion_id", "suggestion_id"),
)
