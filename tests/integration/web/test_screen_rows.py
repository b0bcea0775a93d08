"""What a screen finds of a report: its own rows, its patient's, and nobody else's."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import Connection, update

from services.actions.reviewing import begin
from services.domain.people import Person
from services.settings import Settings
from services.store import review_list, reviews
from services.store.list_filter import Filter, ask
from services.store.tables import review, suggestion
from services.web.context import Context
from services.web.views import screen
from services.web.views.opening import load, looked_at, panel
from services.web.views.screen import Screen
from services.workflow import drafting
from services.workflow.drafting import Decision
from services.workflow.refusal import Refused
from services.workflow.review import Act
from services.workflow.seeing import Seen
from tests import seeding
from tests.integration.web.conftest import MakePerson
from tests.seeding import Exam

CONTEXT = cast(Context, SimpleNamespace(parents={}, settings=Settings()))


def shown(connection: Connection, person: Person, report_id: int) -> Screen:
    """As a reviewer has it once the page has said that it is on their screen."""
    number = reviews.id_of_report(connection, report_id) or 0
    current = load(connection, CONTEXT, person, number).current
    begin(connection, Act(person, number, 0, 300), Seen(), current)
    return looked_at(connection, CONTEXT, person, report_id)


def test_priors_are_the_patient_s_other_reports_with_what_was_signed(
    connection: Connection, person: MakePerson
) -> None:
    days = {"before": timedelta(days=2), "now": timedelta(minutes=5)}
    wanted = (("P1", "before"), ("P2", "before"), ("P1", "now"))
    prior, other, report = (seeding.put(connection, Exam(patient_id=who, age=days[when])) for who, when in wanted)
    settled = update(suggestion).where(suggestion.c.report_id.in_((prior, other)))
    connection.execute(settled.where(suggestion.c.finding_id == "pneumonia").values(state="approved"))
    found = shown(connection, person(), report)
    assert [each.report_id for each in found.priors] == [prior]
    signed = {number: [row.finding["id"] for row in rows] for number, rows in found.prior_findings.items()}
    assert signed == {prior: ["pneumonia"]}


def test_a_panel_is_the_same_review_without_what_stands_beside_it(connection: Connection, person: MakePerson) -> None:
    ada, report = person(), seeding.put(connection)
    whole = shown(connection, ada, report)
    alone = load(connection, CONTEXT, ada, whole.row.id, full=False)
    assert [item.id for item in alone.items] == [item.id for item in whole.items]
    assert (alone.current, alone.engine) == (whole.current, whole.engine)
    assert [each.action for each in whole.history] == ["review.view", "review.claim"]
    assert not alone.history


def test_another_site_s_review_is_none(connection: Connection, person: MakePerson) -> None:
    report = seeding.put(connection, Exam(site="elsewhere"))
    with pytest.raises(Refused, check=lambda error: error.code == "unknown"):
        shown(connection, person(), report)
    [row] = review_list.page(connection, ask(connection, Filter("elsewhere"))).rows
    assert screen.load(connection, person(), row.id, {}) is None


def test_the_first_decision_is_timed_once_and_each_one_renews_the_claim(
    connection: Connection, person: MakePerson
) -> None:
    ada, report = person(), seeding.put(connection)
    first = shown(connection, ada, report).row
    connection.execute(update(review).values(claimed_until=first.created_at))
    numbers = []
    for revision in range(2):
        now = load(connection, CONTEXT, ada, first.id)
        drafting.decide(connection, Act(ada, first.id, revision, 300), Decision(now.current, "reject", reason="hedged"))
        numbers.append(panel(connection, CONTEXT, ada, first.id, now.current, forward=True).row)
    assert numbers[0].first_action_at == numbers[1].first_action_at is not None
    assert [row.claim_live for row in numbers] == [True, True]
    assert [row.revision for row in numbers] == [1, 2]
