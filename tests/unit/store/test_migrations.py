"""The schema and its chain of migrations."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from services.store.migrate import heads, migrate
from services.store.schema import chain, is_current
from services.store.tables import metadata


def test_the_chain_has_one_head() -> None:
    assert len(heads()) == 1


def test_the_newest_number_is_the_head() -> None:
    assert heads() == (chain()[-1],)


def test_the_migrated_schema_is_the_one_the_tables_describe(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)
        assert is_current(connection)


def test_a_schema_of_a_later_version_is_used_and_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
        assert is_current(connection)
        assert migrate(connection) == "9999_later"


def test_an_empty_database_and_an_earlier_schema_are_not_current(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert not is_current(connection)
        connection.execute(text("DELETE FROM alembic_version"))
        assert not is_current(connection)


def test_the_embedded_server_keeps_fsync_and_synchronous_commit_on(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("SHOW fsync")).scalar() == "on"
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
