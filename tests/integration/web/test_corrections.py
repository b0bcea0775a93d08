"""A correction against what was decided before it: kept, moved or dropped, finding by finding, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from integration.canonical import Side, Status
from services.store import reviews
from services.store.earlier_suggestions import suggested_before
from services.workflow import correcting, drafting
from services.workflow.correcting import Change
from services.workflow.drafting import NOT_IN_REPORT, Decision
from tests import seeding
from tests.integration.web.conftest import MakePerson
from tests.integration.web.test_reviewing import Reviewing, decide_all, refused, says
from tests.seeding import HEART, PNEUMONIA, Exam, Said

LEFT = seeding.CHEST.replace("Small right pleural effusion.", "Small left pleural effusion.")
LEFT_EFFUSION = Said("pleural_effusion", "Small left pleural effusion", side=Side.LEFT)
MASS = Said("lung_mass", "patchy opacity")


@pytest.fixture
def ada(connection: Connection, person: MakePerson) -> Reviewing:
    """A reviewer who has a report with three findings open."""
    reviewing = Reviewing(connection, person(), seeding.put(connection))
    reviewing.claim()
    return reviewing


def corrected(ada: Reviewing, exam: Exam) -> dict[str, Change]:
    """What the corrected version changed, by finding and what it says now ("gone" where it says nothing)."""
    seeding.correct(ada.connection, ada.row().report_id, exam)
    return {f"{each.name} {each.after.side or '' if each.after else 'gone'}".strip(): each for each in changes(ada)}


def changes(ada: Reviewing) -> Sequence[Change]:
    row = ada.row()
    older = suggested_before(ada.connection, row.report_id, row.version_id)
    now = reviews.suggestions(ada.connection, row.version_id)
    return correcting.changes(older, now, reviews.drafts(ada.connection, ada.review_id))


def test_a_decision_is_kept_where_the_report_says_the_same_and_dropped_where_not(ada: Reviewing) -> None:
    decide_all(ada)
    found = corrected(ada, Exam(text=LEFT, says=(PNEUMONIA, LEFT_EFFUSION, HEART)))
    told = {name: (each.fate, each.why) for name, each in found.items()}
    assert told == {
        "Pneumonia right": ("kept", "the corrected report says the same"),
        "Cardiomegaly": ("kept", "the corrected report says the same"),
        "Pleural effusion left": ("dropped", "it now says left"),
    }


def test_what_was_said_by_hand_and_is_suggested_now_is_moved(ada: Reviewing) -> None:
    ada.decide("pneumonia", "approve")
    ada.decide("cardiomegaly", "reject", reason="not_stated")
    ada.decide("pleural_effusion", "edit", claim=says("pleural_effusion", side=Side.LEFT))
    drafting.decide(ada.connection, ada.act(), Decision(None, "add", says("lung_mass"), NOT_IN_REPORT))
    found = corrected(ada, Exam(text=LEFT, says=(PNEUMONIA, LEFT_EFFUSION, HEART, MASS)))
    assert {name: each.fate for name, each in found.items() if each.decision} == {
        "Pneumonia right": "kept",
        "Pleural effusion left": "moved",
        "Cardiomegaly": "kept",
        "Lung mass": "moved",
    }
    drafts = reviews.drafts(ada.connection, ada.review_id)
    assert [each.action for each in drafts] == ["approve", "reject", "approve", "approve"]


@pytest.mark.parametrize(
    ("says_now", "fate", "why"),
    [
        ((replace(HEART, status="uncertain"),), "dropped", "it now says uncertain"),
        ((), "dropped", "the corrected report does not suggest it"),
        ((replace(HEART, unsupported=True),), "dropped", "it now says it without a quote"),
        (
            (replace(HEART, quote="The heart is mildly enlarged"),),
            "kept",
            "the corrected report says the same in other words",
        ),
    ],
)
def test_why_a_decision_was_dropped_or_kept(
    connection: Connection, person: MakePerson, says_now: tuple[Said, ...], fate: str, why: str
) -> None:
    ada = Reviewing(connection, person(), seeding.put(connection, Exam(says=(HEART,))))
    ada.claim()
    ada.decide("cardiomegaly", "approve")
    seeding.correct(connection, ada.row().report_id, Exam(text=seeding.CHEST + "Addendum.", says=says_now))
    decided = [each for each in changes(ada) if each.decision]
    assert [(each.fate, each.why, each.agrees) for each in decided] == [(fate, why, False)]


def test_all_that_agree_are_accepted_at_once_and_only_they(ada: Reviewing) -> None:
    decide_all(ada)
    other = replace(HEART, quote="The heart is mildly enlarged")
    seeding.correct(ada.connection, ada.row().report_id, Exam(text=LEFT, says=(PNEUMONIA, LEFT_EFFUSION, other)))
    ada.see()
    assert correcting.accept(ada.connection, ada.act()) == 1
    standing = reviews.standing(ada.connection, ada.review_id, ada.row().version_id, ada.person.id)
    named = {each.id: each.finding_id for each in standing.suggestions}
    assert {named[each] for each in standing.opened if each in named} == {"pneumonia"}
    assert correcting.accept(ada.connection, ada.act()) == 0
    with refused("undecided"):
        ada.sign()


def test_a_decision_made_anew_is_not_the_correction_s(ada: Reviewing) -> None:
    decide_all(ada)
    seeding.correct(ada.connection, ada.row().report_id, Exam(text=LEFT, says=(PNEUMONIA,)))
    ada.decide("pneumonia", "edit", claim=says("pneumonia", Status.UNCERTAIN, Side.RIGHT))
    assert [each.fate for each in changes(ada) if each.name == "Pneumonia"] == [""]


def test_a_report_that_was_not_corrected_has_no_changes(ada: Reviewing) -> None:
    decide_all(ada)
    assert changes(ada) == []
