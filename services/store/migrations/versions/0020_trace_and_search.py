"""What a trace follows has indexes; messages are found by what they name."""

from alembic import op

revision = "0020"
down_revision = "0018"

REFUSED = "coalesce(control_id, '') || ' ' || application || '^' || facility || ' ' || message_type || ' ' || reason"


def upgrade() -> None:
    """Expand. Messages from before are found by what their reports name; a replay adds the rest."""
    op.execute("CREATE INDEX ix_message_resource ON message (resource) WHERE door = 'fhir'")
    op.execute("CREATE INDEX ix_message_duplicate_of ON message (duplicate_of) WHERE duplicate_of IS NOT NULL")
    op.execute("CREATE INDEX ix_fhir_resource_resource_id ON fhir_resource (resource_id)")
    op.execute("CREATE INDEX ix_report_source_reference ON report_source (reference) WHERE reference <> ''")
    op.execute(
        f"CREATE INDEX ix_message_refused ON message USING gin (fold({REFUSED}) public.gin_trgm_ops) "
        "WHERE state IN ('rejected', 'ignored')"
    )
    op.execute("DROP INDEX ix_message_state")
    op.execute(
        "CREATE INDEX ix_message_state ON message (state, id) "
        "WHERE state IN ('received', 'queued', 'quarantined', 'rejected')"
    )
    op.execute(
        """
        CREATE TABLE message_search (
            message_id bigint NOT NULL CONSTRAINT pk_message_search PRIMARY KEY
                CONSTRAINT fk_message_search_message_id REFERENCES message (id),
            site_id text NOT NULL DEFAULT 'default',
            received_at timestamptz NOT NULL,
            words text NOT NULL,
            text text NOT NULL DEFAULT ''
        )
        """
    )
    op.execute(
        r"""
        INSERT INTO message_search
        SELECT message.id, message.site_id, message.received_at, fold(E'\n' || concat_ws(E'\n',
            E'c\x1f' || nullif(control_id, ''), E's\x1f' || application || '^' || facility, E'p\x1f' || nullif(peer, ''),
            E't\x1f' || nullif(message_type, ''), E'r\x1f' || nullif(resource, ''), E'o\x1f' || nullif(reason, ''),
            (SELECT string_agg(concat_ws(E'\n', E'n\x1f' || nullif(patient_name, ''), E'i\x1f' || nullif(patient_id, ''),
                 E'a\x1f' || nullif(concat_ws(' ', nullif(accession, ''), nullif(filler, '')), ''),
                 E'e\x1f' || nullif(procedure, '')), E'\n')
             FROM report_source source JOIN report ON report.id = source.report_id
             WHERE source.message_id = message.id)))
        FROM message WHERE state NOT IN ('received', 'queued', 'rejected')
        """
    )
    op.execute("CREATE INDEX ix_message_search_words ON message_search USING gin (words public.gin_trgm_ops)")
    op.execute(
        "CREATE INDEX ix_message_search_text ON message_search USING gin (text public.gin_trgm_ops) WHERE text <> ''"
    )
    # How often words occur decides whether the index is asked or the newest are looked through.
    op.execute("ALTER TABLE message_search ALTER COLUMN words SET STATISTICS 1000")
