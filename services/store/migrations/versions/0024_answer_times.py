"""How long senders wait for their answers, by minute; lists by state, door, sender and reading have indexes."""

from alembic import op

revision = "0024"
down_revision = "0023"


SHOWN = "CASE WHEN reason LIKE 'our own % come back' THEN 'echo' ELSE state END"
REFUSED = "coalesce(control_id, '') || ' ' || application || '^' || facility || ' ' || message_type || ' ' || reason"
SAYS = "readers @? '$.* ? (@ == \"{}\")'"
SENDER = "fold(application || '^' || facility)"


def upgrade() -> None:
    """Expand. A table of a few rows a minute, of which two hours stay; indexes."""
    op.execute(
        """
        CREATE TABLE answer_time (
            minute timestamptz NOT NULL,
            site_id text NOT NULL DEFAULT 'default',
            sender text NOT NULL,
            counts integer[] NOT NULL,
            CONSTRAINT pk_answer_time PRIMARY KEY (minute, site_id, sender)
        )
        """
    )
    op.execute("DROP INDEX ix_message_state")
    op.execute(
        "CREATE INDEX ix_message_state ON message (state, site_id, id) "
        "WHERE state IN ('received', 'queued', 'quarantined', 'rejected')"
    )
    op.execute(f"CREATE INDEX ix_message_shown ON message (site_id, ({SHOWN}), door, (-id))")
    op.execute(f'CREATE INDEX ix_message_sender ON message (site_id, ({SENDER} COLLATE "C"), ({SHOWN}), (-id))')
    op.execute("DROP INDEX ix_message_refused")
    for name, which in (("refused", "NOT LIKE"), ("echo", "LIKE")):
        op.execute(
            f"CREATE INDEX ix_message_{name} ON message USING gin (fold({REFUSED}) public.gin_trgm_ops) "
            f"WHERE state IN ('rejected', 'ignored') AND reason {which} 'our own % come back'"
        )
    op.execute(
        "CREATE INDEX ix_report_version_reading_state ON report_version (reading_state, id) WHERE reading_state <> 'read'"
    )
    op.execute(
        "CREATE INDEX ix_suggestion_silent ON suggestion (version_id) "
        f"WHERE state <> 'withdrawn' AND {SAYS.format('present')} AND {SAYS.format('not_mentioned')}"
    )
