"""A report read twice: by a second person who has seen neither the engine's nor the first reader's word."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from integration.canonical import Status
from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.store import audit, second_readings
from services.store.tables import second_reading
from services.workflow import double_reading, review
from services.workflow.refusal import Refused
from services.workflow.signing import Terms
from tests import seeding
from tests.integration.web.conftest import MakePerson
from tests.integration.web.test_reviewing import Reviewing, refused, says


@pytest.fixture
def ada(connection: Connection, person: MakePerson) -> Reviewing:
    """Ada, who has signed a report: one approved, one rejected as denied, one edited."""
    reviewing = Reviewing(connection, person("Ada"), seeding.put(connection))
    reviewing.claim()
    reviewing.decide("pneumonia", "approve")
    reviewing.decide("pleural_effusion", "reject", reason="negated")
    reviewing.decide("cardiomegaly", "edit", claim=says("cardiomegaly", Status.UNCERTAIN))
    reviewing.sign(terms=Terms(double_read_share=1))
    return reviewing


def the_reading(connection: Connection) -> Any:
    return connection.execute(select(second_reading)).mappings().one()


def answer_all(connection: Connection, person: Person, status: str) -> None:
    row = the_reading(connection)
    for finding in row.findings:
        double_reading.answer(connection, person, row.id, 300, finding, status, None)


def test_the_share_decides_and_the_same_version_always_gets_the_same_answer() -> None:
    assert not any(double_reading.is_sampled(number, 0) for number in range(200))
    assert all(double_reading.is_sampled(number, 1) for number in range(200))
    sampled = [number for number in range(2000) if double_reading.is_sampled(number, 0.1)]
    assert 150 < len(sampled) < 250
    assert sampled == [number for number in range(2000) if double_reading.is_sampled(number, 0.1)]


def test_as_many_findings_are_asked_that_nobody_suggested() -> None:
    suggested = [{"id": "a", "name": "Alpha"}, {"id": "z", "name": "Zeta"}]
    others = [{"id": name, "name": name} for name in "abcdefghz"]
    asked = double_reading.asked(suggested, others, 7)
    assert len(asked) == 4
    assert {"a", "z"} < {each["id"] for each in asked}
    assert [each["name"].lower() for each in asked] == sorted(each["name"].lower() for each in asked)


def test_whoever_signed_it_is_not_offered_it_and_anybody_else_is(
    ada: Reviewing, connection: Connection, person: MakePerson
) -> None:
    ben = person("Ben")
    assert second_readings.waiting(connection, "default", ada.person.id) == []
    assert len(second_readings.waiting(connection, "default", ben.id)) == 1
    with refused("seen"):
        double_reading.open_reading(connection, ada.person, the_reading(connection).id, 300)


def test_whoever_looked_at_the_report_is_not_blind_any_more(
    ada: Reviewing, connection: Connection, person: MakePerson
) -> None:
    ben, number = person("Ben"), the_reading(connection).id
    double_reading.open_reading(connection, ben, number, 300)
    review.note(connection, ben, ada.row(), AuditAction.REVIEW_VIEW)
    assert second_readings.waiting(connection, "default", ben.id) == []
    with refused("seen"):
        double_reading.finish(connection, ben, number, 300)


def test_one_person_reads_it_at_a_time_and_their_answers_are_their_own(
    ada: Reviewing, connection: Connection, person: MakePerson
) -> None:
    ben, cleo, number = person("Ben"), person("Cleo"), the_reading(connection).id
    double_reading.answer(connection, ben, number, 300, the_reading(connection).findings[0], "present", None)
    with refused("claimed"):
        double_reading.open_reading(connection, cleo, number, 300)
    second_readings.claim(connection, number, ben.id, -1)
    double_reading.open_reading(connection, cleo, number, 300)
    assert second_readings.answers(connection, number) == {}


def test_both_words_stand_side_by_side_once_every_finding_is_answered(
    ada: Reviewing, connection: Connection, person: MakePerson
) -> None:
    ben, number = person("Ben"), the_reading(connection).id
    with refused("undecided"):
        double_reading.finish(connection, ben, number, 300)
    answer_all(connection, ben, "present")
    double_reading.finish(connection, ben, number, 300)
    compared = {row.finding_id: (row.first, row.second) for row in second_readings.pairs(connection, "default")}
    assert compared == {
        "pneumonia": ("present", "present"),
        "pleural_effusion": ("absent", "present"),
        "cardiomegaly": ("uncertain", "present"),
    }
    assert {row.second_account for row in second_readings.pairs(connection, "default")} == {ben.id}
    actions = [row.action for row in audit.of_report(connection, ada.row().report_id)]
    assert actions[:2] == ["second_reading.finish", "second_reading.open"]
    with refused("closed"):
        double_reading.open_reading(connection, ben, number, 300)


def test_a_report_reopened_meanwhile_is_not_compared(
    ada: Reviewing, connection: Connection, person: MakePerson
) -> None:
    ben, number = person("Ben"), the_reading(connection).id
    review.amend(connection, ada.act(), "missed")
    assert second_readings.waiting(connection, "default", ben.id) == []
    with refused("closed"):
        double_reading.open_reading(connection, ben, number, 300)


def test_without_the_setting_nothing_is_read_twice(connection: Connection, person: MakePerson) -> None:
    reviewing = Reviewing(connection, person(), seeding.put(connection, seeding.Exam(text=seeding.NORMAL, says=())))
    reviewing.claim()
    reviewing.sign()
    assert connection.scalar(select(func.count()).select_from(second_reading)) == 0


def test_only_those_who_review_read_twice(ada: Reviewing, connection: Connection, person: MakePerson) -> None:
    with pytest.raises(Refused, match="Only a reviewer"):
        double_reading.open_reading(connection, person("Olga", ("operator",)), the_reading(connection).id, 300)
