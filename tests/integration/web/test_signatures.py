"""What a signature needs to have been seen, how long it can be taken back, and what it may not contradict."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, func, select, update

from integration.canonical import Side, Status
from services.store import openings, reviews
from services.store.tables import audit, review, showing, suggestion
from services.workflow import drafting, signing
from services.workflow.drafting import NOT_IN_REPORT, Decision
from services.workflow.signing import Terms
from tests import seeding
from tests.integration.web.conftest import MakePerson, look
from tests.integration.web.test_reviewing import DELIVERED, TARGETS, Reviewing, decide_all, refused, says
from tests.seeding import LIBRARY, Exam, Said

WAITING = Terms(TARGETS, settle=1.5)
UNDO = Terms(TARGETS, undo=8)
PARENTS = {each.finding.id: each.parent for each in LIBRARY.candidates() if each.parent}
STRICT = Terms(TARGETS, parents=PARENTS)


@pytest.fixture
def normal(connection: Connection, person: MakePerson) -> Reviewing:
    """Ada, with a report of which nothing is suggested."""
    exam = Exam(text=seeding.NORMAL, says=())
    reviewing = Reviewing(connection, person("Ada"), seeding.put(connection, exam))
    reviewing.claim()
    return reviewing


@pytest.fixture
def ada(connection: Connection, person: MakePerson) -> Reviewing:
    """Ada, with a report of three suggestions."""
    reviewing = Reviewing(connection, person("Ada"), seeding.put(connection))
    reviewing.claim()
    return reviewing


def sign(reviewing: Reviewing, terms: Terms = Terms(TARGETS), *acknowledged: str) -> None:  # noqa: B008
    signing.sign(
        reviewing.connection, reviewing.act(), terms, acknowledged=frozenset({"nothing_to_report", *acknowledged})
    )


def ago(connection: Connection, seconds: float) -> None:
    """What is on screens has been for so long."""
    connection.execute(update(showing).values(shown_at=func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)))


def late(connection: Connection) -> None:
    """The undo window is over."""
    connection.execute(update(review).values(releases_at=func.now() - func.make_interval(0, 0, 0, 0, 0, 0, 1)))


def add(reviewing: Reviewing, finding: str, status: Status = Status.PRESENT, side: Side | None = None) -> None:
    decision = Decision(None, "add", says(finding, status, side), NOT_IN_REPORT)
    drafting.decide(reviewing.connection, reviewing.act(), decision)


def test_what_was_never_on_the_screen_is_not_signed(normal: Reviewing) -> None:
    with refused("stale"):
        sign(normal)
    normal.see(end=False)
    with refused("unseen"):
        sign(normal)
    normal.see()
    sign(normal)


def test_a_report_that_has_only_just_opened_is_not_signed(normal: Reviewing) -> None:
    normal.see()
    with refused("unsettled"):
        sign(normal, WAITING)
    ago(normal.connection, 1.4)
    with refused("unsettled"):
        sign(normal, WAITING)
    ago(normal.connection, 1.6)
    sign(normal, WAITING)


def test_opened_again_it_settles_again_and_what_was_read_stays_read(normal: Reviewing) -> None:
    normal.see()
    ago(normal.connection, 5)
    normal.see(end=False)
    with refused("unsettled"):
        sign(normal, WAITING)
    ago(normal.connection, 2)
    sign(normal, WAITING)


def test_the_words_of_each_finding_do_as_well_as_the_end(ada: Reviewing) -> None:
    decide_all(ada)
    numbers = [row.id for row in ada.suggestions().values()]
    ada.see(end=False, evidence=numbers[:2])
    with refused("unseen"):
        sign(ada)
    ada.see(end=False, evidence=numbers[2:])
    sign(ada)


def test_what_one_has_seen_another_has_not(ada: Reviewing, person: MakePerson) -> None:
    decide_all(ada)
    ada.see()
    ben = Reviewing(ada.connection, person("Ben"), ada.row().report_id)
    ben.claim(take_over=True)
    for finding in ben.suggestions():
        ben.open(finding)
    with refused("stale"):
        sign(ben)


def test_a_screen_that_does_not_show_what_is_to_be_signed_is_disarmed(normal: Reviewing) -> None:
    normal.see()
    openings.disarm(normal.connection, normal.row().report_id)
    with refused("stale"):
        sign(normal)


def test_until_its_window_ends_nothing_is_final_and_nothing_leaves(ada: Reviewing) -> None:
    decide_all(ada)
    ada.see()
    sign(ada, UNDO)
    assert {row.state for row in ada.suggestions().values()} == {"proposed"}
    assert (ada.row().state, ada.row().signed_at, ada.deliveries()) == ("claimed", None, [])
    assert signing.release_due(ada.connection, UNDO) == 0
    late(ada.connection)
    assert signing.release_due(ada.connection, UNDO) == 1
    assert {row.state for row in ada.suggestions().values()} == {"approved"}
    assert (ada.row().state, ada.row().signed_by, ada.deliveries()) == ("signed", ada.person.id, DELIVERED)
    assert signing.release_due(ada.connection, UNDO) == 0


def test_within_it_the_signer_takes_the_signature_back_with_all_drafts(ada: Reviewing) -> None:
    decide_all(ada)
    ada.see()
    sign(ada, UNDO)
    with refused("closed"):
        ada.decide("pneumonia", "reject", reason="hedged")
    signing.take_back(ada.connection, ada.act())
    signing.take_back(ada.connection, ada.act())
    assert len(reviews.drafts(ada.connection, ada.review_id)) == 3
    late(ada.connection)
    assert signing.release_due(ada.connection, UNDO) == 0
    ada.decide("pneumonia", "reject", reason="hedged")
    sign(ada)
    assert ada.suggestions()["pneumonia"].state == "rejected"
    with refused("closed"):
        signing.take_back(ada.connection, ada.act())


def test_nobody_else_takes_it_back_takes_the_report_or_signs_it(ada: Reviewing, person: MakePerson) -> None:
    decide_all(ada)
    ada.see()
    sign(ada, UNDO)
    ben = Reviewing(ada.connection, person("Ben"), ada.row().report_id)
    with refused("claimed"):
        signing.take_back(ada.connection, ben.act())
    with refused("closed"):
        ben.claim(take_over=True)
    with refused("stale"):
        sign(ben)


def test_a_correction_within_it_lets_the_signature_fall_and_keeps_the_drafts(ada: Reviewing) -> None:
    decide_all(ada)
    ada.see()
    sign(ada, UNDO)
    assert signing.cancel(ada.connection, ada.row().report_id, "corrected")
    late(ada.connection)
    assert signing.release_due(ada.connection, UNDO) == 0
    assert (ada.row().signature_at, ada.deliveries(), len(reviews.drafts(ada.connection, ada.review_id))) == (
        None,
        [],
        3,
    )
    actions = ada.connection.execute(select(audit.c.action).order_by(audit.c.id)).scalars().all()
    assert actions[-1] == "review.signature_cancelled"


def test_a_finding_that_came_within_it_is_not_signed_unseen(ada: Reviewing) -> None:
    decide_all(ada)
    ada.see()
    sign(ada, UNDO)
    [one, *_] = ada.connection.execute(select(suggestion.c.id)).scalars()
    fresh = {
        name: getattr(ada.suggestions()["pneumonia"], name)
        for name in ("site_id", "report_id", "version_id", "finding")
    }
    ada.connection.execute(suggestion.insert().values(**fresh, identifier="new", finding_id="new", status="present"))
    late(ada.connection)
    signing.release_due(ada.connection, UNDO)
    assert ada.deliveries() == []
    assert ada.row().signature_at is None
    assert one


def test_no_finding_beside_a_finding_takes_a_second_word_and_is_recorded(
    connection: Connection, person: MakePerson
) -> None:
    exam = Exam(text=seeding.NORMAL, says=(Said("no_finding", "No acute cardiopulmonary abnormality"),))
    reviewing = Reviewing(connection, person(), seeding.put(connection, exam))
    reviewing.claim()
    decide_all(reviewing)
    add(reviewing, "pneumothorax")
    reviewing.see()
    with refused("contradiction"):
        sign(reviewing, STRICT)
    with refused("contradiction"):
        sign(reviewing, STRICT, "not_in_report:pneumothorax")
    codes = ("no_finding:pneumothorax", "not_in_report:pneumothorax")
    sign(reviewing, STRICT, *codes)
    detail = connection.execute(select(audit.c.detail).where(audit.c.action == "review.sign")).scalar_one()
    assert detail["acknowledged"] == sorted(codes)


@pytest.mark.parametrize(("parent", "child"), [("lung_opacity", "pneumonia"), ("lung_opacity", "consolidation")])
def test_a_denied_parent_of_a_present_child_is_named(
    connection: Connection, person: MakePerson, parent: str, child: str
) -> None:
    exam = Exam(says=(Said(parent, "patchy opacity", "absent"), Said(child, "Right lower lobe pneumonia")))
    reviewing = Reviewing(connection, person(), seeding.put(connection, exam))
    reviewing.claim()
    decide_all(reviewing)
    reviewing.see()
    with refused("contradiction") as error:
        sign(reviewing, STRICT)
    assert "is absent, but" in error.value.message
    sign(reviewing, STRICT, f"parent:{parent}:{child}")


def test_what_the_report_denies_is_named_when_somebody_adds_it(ada: Reviewing) -> None:
    from services.store.tables import analysis

    finding = says("pneumothorax").finding.model_dump(mode="json")
    ada.connection.execute(update(analysis).values(verdicts=[{"finding": finding, "status": "absent", "side": None}]))
    decide_all(ada)
    add(ada, "pneumothorax")
    ada.see()
    with refused("contradiction") as error:
        sign(ada, STRICT)
    assert error.value.message.startswith("The report denies Pneumothorax.")


def test_an_addition_needs_words_or_the_word_that_there_are_none(ada: Reviewing) -> None:
    with refused("evidence"):
        drafting.decide(ada.connection, ada.act(), Decision(None, "add", says("lung_nodule")))


def test_an_edit_that_changes_nothing_is_none(ada: Reviewing) -> None:
    with refused("unchanged"):
        ada.decide("cardiomegaly", "edit", claim=says("cardiomegaly"))
    assert reviews.drafts(ada.connection, ada.review_id) == []


def test_a_side_that_a_finding_cannot_have_is_refused(reviewer: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection, Exam(says=(seeding.HEART,)))
    look(reviewer)
    said = {"revision": 0, "action": "edit", "suggestion_id": 1, "finding": "Cardiomegaly", "status": "present"}
    answer = reviewer.post("/reviews/1/decide", data={**said, "side": "right"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (422, "Cardiomegaly has no side.")


def test_looking_claims_nothing_and_a_page_that_has_loaded_does(reviewer: TestClient, engine: Engine) -> None:
    def standing() -> Any:
        with engine.connect() as connection:
            return connection.execute(select(review.c.state, review.c.opened_at)).one()

    with engine.begin() as connection:
        seeding.put(connection)
    for path in ("/reports/1", "/api/v1/reports/1", "/reports/1/print"):
        reviewer.get(path)
    assert standing() == ("open", None)
    look(reviewer)
    assert standing().state == "claimed"
