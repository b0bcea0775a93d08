"""An operator of one site sees and changes nothing of another; a command's audit row stands under the site it is of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, insert, select

from services.actions import operating as actions
from services.actions.operating import Operator
from services.settings import Settings
from services.store import jobs, notices, operating
from services.store.tables import audit, delivery, job, message, notice
from tests import seeding
from tests.seeding import Exam

OURS, THEIRS = Operator("account/1", "north"), Operator("account/2", "south")
MESSAGE = {"door": "hl7", "bytes": 1, "sha256": "0" * 64, "state": "quarantined", "body": b"MSH|^~\\&|"}


def a_job(connection: Connection) -> int:
    values = {"site_id": "north", "kind": "intake", "state": "dead"}
    return int(connection.execute(insert(job).values(**values).returning(job.c.id)).scalar_one())


def a_message(connection: Connection) -> int:
    return int(
        connection.execute(insert(message).values(site_id="north", **MESSAGE).returning(message.c.id)).scalar_one()
    )


def a_notice(connection: Connection) -> int:
    values = {"site_id": "north", "kind": "gone", "message": "gone"}
    return int(connection.execute(insert(notice).values(**values).returning(notice.c.id)).scalar_one())


def a_delivery(connection: Connection) -> int:
    report_id = seeding.put(connection, Exam(site="north"))
    version = connection.exec_driver_sql("SELECT id FROM report_version").scalar_one()
    values = {"site_id": "north", "kind": "signed", "report_id": report_id, "version_id": version, "state": "dead"}
    statement = insert(delivery).values(destination="default", **values).returning(delivery.c.id)
    return int(connection.execute(statement).scalar_one())


Action = Callable[[Connection, Operator, int], bool]
ACTIONS: list[tuple[Action, Callable[[Connection], int], str]] = [
    (actions.retry_job, a_job, "job.retry"),
    (actions.cancel_job, a_job, "job.cancel"),
    (actions.replay_message, a_message, "message.replay"),
    (actions.clear_notice, a_notice, "notice.clear"),
    (actions.retry_delivery, a_delivery, "delivery.retry"),
    (actions.dismiss_delivery, a_delivery, "delivery.dismiss"),
]


@pytest.mark.parametrize(("action", "made", "name"), ACTIONS, ids=[each[2] for each in ACTIONS])
def test_what_is_of_another_site_cannot_be_changed(
    connection: Connection, action: Action, made: Callable[[Connection], int], name: str
) -> None:
    number = made(connection)
    assert not action(connection, THEIRS, number)
    assert not connection.scalars(select(audit.c.id)).all()
    assert action(connection, OURS, number)
    (row,) = connection.execute(select(audit.c.site_id, audit.c.actor, audit.c.action))
    assert tuple(row) == ("north", "account/1", name)


def test_a_command_acts_for_every_site_and_its_row_stands_under_the_right_one(connection: Connection) -> None:
    assert actions.retry_job(connection, Operator("operating system user 7"), a_job(connection))
    assert connection.scalars(select(audit.c.site_id)).all() == ["north"]


def test_lists_name_what_is_of_the_site_alone(connection: Connection) -> None:
    a_job(connection)
    a_notice(connection)
    a_delivery(connection)
    for site, seen in (("north", 1), ("south", 0)):
        assert len(jobs.search(connection, site=site)) == seen
        assert len(notices.open_ones(connection, site)) == seen
        assert len(operating.stopped_deliveries(connection, site, 10)) == seen


def test_a_report_nobody_has_is_neither_released_nor_taken_back(connection: Connection) -> None:
    assert not actions.release_report(connection, OURS, 4711, Settings())
    assert not actions.retract_report(connection, OURS, 4711, Settings())
