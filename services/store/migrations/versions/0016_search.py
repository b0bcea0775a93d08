"""The list is searched for what is in a name, number, exam or report, without accents or case."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Expand: the previous version searches from the beginning as before. Both extensions are trusted by PostgreSQL."""
    for extension in ("pg_trgm", "unaccent"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA public")
    # `unaccent` is stable because its dictionary could be changed; ours is not.
    op.execute(
        "CREATE FUNCTION fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT "
        "RETURN lower(public.unaccent('public.unaccent'::regdictionary, value))"
    )
    named = "patient_name || ' ' || patient_id || ' ' || accession || ' ' || filler || ' ' || procedure"
    op.execute(f"CREATE INDEX ix_report_folded ON report USING gin (fold({named}) public.gin_trgm_ops)")
    # A report of megabytes must not fail at the index: PostgreSQL takes no more than one of words.
    words = "to_tsvector('simple'::regconfig, fold(left(text, 100000)))"
    op.execute(f"CREATE INDEX ix_report_version_words ON report_version USING gin ({words})")
