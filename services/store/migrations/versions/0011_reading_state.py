"""A version says how far its reading came, and a suggestion what each engine said of it."""

from alembic import op

revision = "0011"
down_revision = "0010"

# What was read before is said by its newest reading; what has none is pending still, or was given up.
READ_BEFORE = """
    UPDATE report_version SET reading_state = CASE
        WHEN newest.unread <> '' THEN 'unread'
        WHEN EXISTS (SELECT FROM suggestion WHERE suggestion.version_id = report_version.id) THEN 'read'
        ELSE 'nothing_found' END
    FROM (
        SELECT DISTINCT ON (version_id) version_id, unread FROM analysis WHERE NOT shadow ORDER BY version_id, id DESC
    ) newest
    WHERE newest.version_id = report_version.id
"""
GIVEN_UP = """
    UPDATE report_version SET reading_state = 'failed' WHERE reading_state = 'pending' AND EXISTS (
        SELECT FROM job WHERE job.version_id = report_version.id AND NOT job.shadow AND job.state = 'dead'
    )
"""


def upgrade() -> None:
    """Expand."""
    states = "'pending', 'read', 'nothing_found', 'unread', 'failed', 'timed_out'"
    op.execute("ALTER TABLE report_version ADD COLUMN reading_state text NOT NULL DEFAULT 'pending'")
    op.execute(READ_BEFORE)
    op.execute(GIVEN_UP)
    op.execute(
        f"ALTER TABLE report_version ADD CONSTRAINT ck_report_version_reading_state CHECK (reading_state IN ({states}))"
    )
    op.execute("ALTER TABLE suggestion ADD COLUMN readers jsonb NOT NULL DEFAULT '{}'")
