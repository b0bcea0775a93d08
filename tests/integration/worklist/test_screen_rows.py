"""What a screen finds of a report: its own rows, its patient's, and nobody else's."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, update

from services.pipeline import drafting
from services.pipeline.drafting import Decision
from services.pipeline.refusal import Refused
from services.pipeline.review import Act
from services.store import review_list
from services.store.people import Person
from services.store.review_list import Filter
from services.store.tables import review, suggestion
from services.worklist import screen
from services.worklist.review_pages import load, opened
from services.worklist.screen import Screen
from tests import seeding
from tests.integration.worklist.conftest import MakePerson
from tests.seeding import Exam


def shown(connection: Connection, person: Person, report_id: int) -> Screen:
    return opened(connection, person, report_id, 300)


def test_priors_are_the_patient_s_other_reports_with_what_was_signed(
    connection: Connection, person: MakePerson
) -> None:
    prior, other, report = (seeding.put(connection, Exam(patient_id=each)) for each in ("P1", "P2", "P1"))
    settled = update(suggestion).where(suggestion.c.report_id.in_((prior, other)))
    connection.execute(settled.where(suggestion.c.finding_id == "pneumonia").values(state="approved"))
    found = shown(connection, person(), report)
    assert [each["report_id"] for each in found.priors] == [prior]
    signed = {number: [row["finding"]["id"] for row in rows] for number, rows in found.prior_findings.items()}
    assert signed == {prior: ["pneumonia"]}


def test_a_panel_is_the_same_review_without_what_stands_beside_it(connection: Connection, person: MakePerson) -> None:
    ada, report = person(), seeding.put(connection)
    whole = shown(connection, ada, report)
    panel = load(connection, ada, whole.row["id"], full=False)
    assert [item.id for item in panel.items] == [item.id for item in whole.items]
    assert (panel.current, panel.engine) == (whole.current, whole.engine)
    assert [each["action"] for each in whole.history] == ["review.view", "review.claim"]
    assert not panel.history


def test_another_site_s_review_is_none(connection: Connection, person: MakePerson) -> None:
    report = seeding.put(connection, Exam(site="elsewhere"))
    with pytest.raises(Refused, check=lambda error: error.code == "unknown"):
        shown(connection, person(), report)
    [row] = review_list.page(connection, Filter("elsewhere")).rows
    assert screen.load(connection, person(), row["id"]) is None


def test_the_first_decision_is_timed_once_and_each_one_renews_the_claim(
    connection: Connection, person: MakePerson
) -> None:
    ada, report = person(), seeding.put(connection)
    first = shown(connection, ada, report).row
    connection.execute(update(review).values(claimed_until=first["created_at"]))
    numbers = []
    for revision in range(2):
        now = load(connection, ada, first["id"])
        drafting.decide(
            connection, Act(ada, first["id"], revision, 300), Decision(now.current, "reject", reason="hedged")
        )
        numbers.append(load(connection, ada, first["id"]).row)
    assert numbers[0]["first_action_at"] == numbers[1]["first_action_at"] is not None
    assert [row["claim_live"] for row in numbers] == [True, True]
    assert [row["revision"] for row in numbers] == [1, 2]
