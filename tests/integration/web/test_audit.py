"""The audit chain: nothing changed, removed or put in goes unseen."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from services.domain.audit_actions import AuditAction
from services.store import audit


def write(connection: Connection, count: int) -> None:
    for number in range(count):
        audit.append(
            connection,
            site="default",
            actor="test",
            action=AuditAction.REVIEW_VIEW,
            detail={"number": number, "unit": "µ"},
        )


def test_a_sealed_chain_verifies(connection: Connection) -> None:
    write(connection, 5)
    assert audit.seal(connection, limit=3) == 3
    assert audit.seal(connection) == 2
    assert audit.verify(connection) == audit.Verified(sealed=5, unsealed=0, broken=None)


def test_rows_not_sealed_yet_are_counted(connection: Connection) -> None:
    write(connection, 2)
    assert audit.verify(connection) == audit.Verified(sealed=0, unsealed=2, broken=None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE audit SET actor = 'somebody else' WHERE sequence = 2", "was changed after it was sealed"),
        ("UPDATE audit SET detail = '{}' WHERE sequence = 2", "was changed after it was sealed"),
        ("DELETE FROM audit WHERE sequence = 2", "row 2 of the chain is missing"),
        ("UPDATE audit SET previous_hash = 'x' WHERE sequence = 2", "does not follow the row before it"),
    ],
)
def test_tampering_by_one_who_can_switch_triggers_off_still_shows(
    connection: Connection, change: str, reason: str
) -> None:
    write(connection, 3)
    audit.seal(connection)
    connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
    connection.execute(text(change))
    broken = audit.verify(connection).broken
    assert broken is not None
    assert broken.reason == reason


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit SET actor = 'x'", "UPDATE audit SET hash = NULL", "DELETE FROM audit", "TRUNCATE audit"],
)
def test_the_database_itself_refuses_to_change_a_sealed_row(connection: Connection, change: str) -> None:
    write(connection, 1)
    audit.seal(connection)
    with pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(change))


def test_a_second_sealer_leaves_the_work_to_the_first(connection: Connection) -> None:
    write(connection, 1)
    connection.commit()
    assert audit.seal(connection) == 1
    with connection.engine.connect() as other:
        assert audit.seal(other) == 0
