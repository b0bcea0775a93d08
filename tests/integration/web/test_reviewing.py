"""Claims, drafts and Sign, as the database holds them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from integration.canonical import Side, Status
from services.domain.people import Person
from services.store import reviews
from services.store.tables import audit, delivery, report_version, suggestion
from services.store.tables import review as review_table
from services.workflow import drafting, review, seeing, signing
from services.workflow.drafting import NOT_IN_REPORT, Claim, Decision
from services.workflow.refusal import Refused
from services.workflow.releasing import Destination
from services.workflow.review import Act
from services.workflow.seeing import Seen
from services.workflow.signing import Terms
from tests import seeding
from tests.integration.web.conftest import MakePerson
from tests.seeding import LIBRARY, Exam, Said

TARGETS = [Destination("signed", "default"), Destination("oru", "ris:2575")]
TERMS = Terms(TARGETS)
DELIVERED = [(each.kind, each.name) for each in TARGETS]


class Reviewing:
    """One reviewer at one report."""

    def __init__(self, connection: Connection, person: Person, report_id: int) -> None:
        self.connection, self.person = connection, person
        self.review_id = reviews.id_of_report(connection, report_id) or 0

    def row(self) -> Any:
        row = reviews.locked(self.connection, self.review_id)
        assert row is not None
        return row

    def act(self, revision: int | None = None) -> Act:
        return Act(self.person, self.review_id, self.row().revision if revision is None else revision, 300)

    def suggestions(self) -> dict[str, Any]:
        return {row.finding_id: row for row in reviews.suggestions(self.connection, self.row().version_id)}

    def claim(self, take_over: bool = False) -> bool:
        return review.claim(self.connection, self.person, self.review_id, 300, take_over)

    def open(self, finding: str) -> int:
        rows = reviews.suggestions(self.connection, self.row().version_id)
        number = next(int(row.id) for row in rows if row.finding_id == finding and row.origin == "ai")
        drafting.open_suggestion(self.connection, self.act(), number)
        return number

    def decide(self, finding: str, action: drafting.Action, *, revision: int | None = None, **more: Any) -> None:
        drafting.decide(self.connection, self.act(revision), Decision(self.open(finding), action, **more))

    def see(self, *, end: bool = True, evidence: Collection[int] = ()) -> None:
        seeing.see(self.connection, self.act(), Seen(shown=True, end=end, evidence=frozenset(evidence)))

    def sign(self, revision: int | None = None, terms: Terms = TERMS, *acknowledged: str) -> None:
        """Signs what was looked at to its end."""
        if self.row().state == "claimed":
            self.see()
        signing.sign(
            self.connection, self.act(revision), terms, acknowledged=frozenset({"nothing_to_report", *acknowledged})
        )

    def deliveries(self) -> list[tuple[str, str]]:
        query = select(delivery.c.kind, delivery.c.destination).order_by(delivery.c.id)
        return [(row[0], row[1]) for row in self.connection.execute(query)]


def says(finding: str, status: Status = Status.PRESENT, side: Side | None = None) -> Claim:
    candidate = LIBRARY.find(finding)
    assert candidate is not None
    return Claim.model_validate({"finding": candidate.finding, "status": status, "side": side})


@pytest.fixture
def ada(connection: Connection, person: MakePerson) -> Reviewing:
    """Ada, with a report of three suggestions open."""
    reviewing = Reviewing(connection, person("Ada"), seeding.put(connection))
    assert reviewing.claim()
    return reviewing


def decide_all(reviewing: Reviewing) -> None:
    for finding in reviewing.suggestions():
        reviewing.decide(finding, "approve")


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def test_signing_makes_every_draft_final_and_queues_one_delivery_a_destination(ada: Reviewing) -> None:
    ada.decide("pneumonia", "approve")
    ada.decide("pleural_effusion", "reject", reason="hedged")
    ada.decide("cardiomegaly", "edit", claim=says("cardiomegaly", Status.UNCERTAIN))
    ada.sign()
    found = ada.suggestions()
    assert {name: row.state for name, row in found.items()} == {
        "pneumonia": "approved",
        "pleural_effusion": "rejected",
        "cardiomegaly": "edited",
    }
    assert found["pleural_effusion"].reason == "hedged"
    assert (found["cardiomegaly"].status, found["cardiomegaly"].suggested_status) == ("uncertain", "present")
    assert ada.row().state == "signed"
    assert ada.deliveries() == DELIVERED


def test_another_side_is_a_withdrawal_and_an_addition_never_the_old_identifier(ada: Reviewing) -> None:
    before = ada.suggestions()["pleural_effusion"]
    ada.decide("pneumonia", "approve")
    ada.decide("cardiomegaly", "approve")
    ada.decide("pleural_effusion", "edit", claim=says("pleural_effusion", side=Side.LEFT))
    ada.sign()
    rows = reviews.suggestions(ada.connection, ada.row().version_id)
    old = next(row for row in rows if row.id == before.id)
    new = next(row for row in rows if row.origin == "human")
    assert (old.state, old.reason, old.side) == ("rejected", "replaced", "right")
    assert (new.state, new.side, new.analysis_id) == ("approved", "left", None)
    assert new.quotes == old.quotes
    assert new.identifier != old.identifier


def test_a_finding_added_by_hand_is_signed_with_the_rest(ada: Reviewing) -> None:
    decide_all(ada)
    drafting.decide(ada.connection, ada.act(), Decision(None, "add", says("lung_nodule"), NOT_IN_REPORT))
    ada.sign(None, TERMS, "not_in_report:lung_nodule")
    assert ada.suggestions()["lung_nodule"].origin == "human"


def test_a_report_with_nothing_suggested_can_be_signed(connection: Connection, person: MakePerson) -> None:
    reviewing = Reviewing(connection, person(), seeding.put(connection, Exam(text=seeding.NORMAL, says=())))
    reviewing.claim()
    reviewing.sign()
    assert reviewing.row().state == "signed"
    assert reviewing.deliveries() == DELIVERED


def test_nothing_undecided_can_be_signed(ada: Reviewing) -> None:
    ada.decide("pneumonia", "approve")
    with refused("undecided"):
        ada.sign()
    assert ada.deliveries() == []


def test_a_finding_never_opened_cannot_be_decided(ada: Reviewing) -> None:
    number = ada.suggestions()["pneumonia"].id
    with refused("unopened"):
        drafting.decide(ada.connection, ada.act(), Decision(number, "approve"))


def test_what_another_drafted_must_be_opened_by_the_one_who_signs(ada: Reviewing, person: MakePerson) -> None:
    decide_all(ada)
    ben = Reviewing(ada.connection, person("Ben"), ada.row().report_id)
    ben.claim(take_over=True)
    with refused("unopened"):
        ben.sign()
    for finding in ben.suggestions():
        ben.open(finding)
    ben.sign()
    assert ben.row().signed_by == ben.person.id


def test_a_stale_decision_is_refused_and_the_earlier_ones_stand(ada: Reviewing) -> None:
    revision = ada.row().revision
    ada.decide("pneumonia", "approve")
    with refused("stale"):
        ada.decide("pleural_effusion", "approve", revision=revision)
    assert len(reviews.drafts(ada.connection, ada.review_id)) == 1


def test_a_decision_whose_answer_was_lost_can_be_sent_again(ada: Reviewing) -> None:
    revision = ada.row().revision
    ada.decide("pneumonia", "approve", revision=revision)
    ada.decide("pneumonia", "approve", revision=revision)
    assert ada.row().revision == revision + 1


def test_a_sign_whose_answer_was_lost_delivers_once(ada: Reviewing) -> None:
    decide_all(ada)
    revision = ada.row().revision
    ada.sign(revision)
    ada.sign(revision)
    assert ada.deliveries() == DELIVERED


def test_one_report_is_open_for_one_reviewer_until_the_other_takes_over(ada: Reviewing, person: MakePerson) -> None:
    ben = Reviewing(ada.connection, person("Ben"), ada.row().report_id)
    assert not ben.claim()
    assert ben.claim(take_over=True)
    with refused("claimed"):
        ada.decide("pneumonia", "approve")


def test_a_claim_that_ran_out_is_free(ada: Reviewing, person: MakePerson) -> None:
    past = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, 1)
    ada.connection.execute(update(review_table).values(claimed_until=past))
    assert Reviewing(ada.connection, person("Ben"), ada.row().report_id).claim()


def test_nobody_signs_without_a_practitioner(connection: Connection, person: MakePerson) -> None:
    reviewing = Reviewing(connection, person(practitioner=""), seeding.put(connection))
    reviewing.claim()
    decide_all(reviewing)
    with refused("practitioner"):
        reviewing.sign()


def test_a_reviewer_drafts_but_does_not_sign(connection: Connection, person: MakePerson) -> None:
    reviewing = Reviewing(connection, person(roles=("reviewer",)), seeding.put(connection))
    reviewing.claim()
    decide_all(reviewing)
    with refused("role"):
        reviewing.sign()


@pytest.mark.parametrize("role", ["operator", "auditor", "administrator"])
def test_other_roles_cannot_open_a_review(connection: Connection, person: MakePerson, role: str) -> None:
    with refused("role"):
        Reviewing(connection, person(roles=(role,)), seeding.put(connection)).claim()


def test_a_quote_that_is_not_in_the_report_must_be_edited_or_rejected(
    connection: Connection, person: MakePerson
) -> None:
    exam = Exam(says=(Said("lung_mass", "", unsupported=True),))
    reviewing = Reviewing(connection, person(), seeding.put(connection, exam))
    reviewing.claim()
    with refused("unsupported"):
        reviewing.decide("lung_mass", "approve", confirmed=True)
    reviewing.decide("lung_mass", "edit", claim=says("lung_mass", Status.UNCERTAIN))


def test_approving_against_the_rules_takes_a_second_word(connection: Connection, person: MakePerson) -> None:
    exam = Exam(says=(Said("cardiomegaly", "Mild cardiomegaly", conflict=True),))
    reviewing = Reviewing(connection, person(), seeding.put(connection, exam))
    reviewing.claim()
    with refused("confirm"):
        reviewing.decide("cardiomegaly", "approve")
    reviewing.decide("cardiomegaly", "approve", confirmed=True)


def test_a_rejection_needs_a_reason_from_the_list(ada: Reviewing) -> None:
    with refused("reason"):
        ada.decide("pneumonia", "reject", reason="because")


def test_an_edit_cannot_say_what_another_suggestion_says(ada: Reviewing) -> None:
    with refused("duplicate"):
        ada.decide("pneumonia", "edit", claim=says("pleural_effusion", side=Side.RIGHT))


def test_undo_takes_a_draft_back(ada: Reviewing) -> None:
    ada.decide("pneumonia", "approve")
    [draft] = reviews.drafts(ada.connection, ada.review_id)
    drafting.undo(ada.connection, ada.act(), draft.id)
    assert reviews.drafts(ada.connection, ada.review_id) == []


def test_while_a_correction_is_read_nothing_can_be_signed_and_drafts_stay(ada: Reviewing) -> None:
    decide_all(ada)
    ada.connection.execute(update(report_version).values(state="superseded"))
    with refused("rereading"):
        ada.sign()
    assert len(reviews.drafts(ada.connection, ada.review_id)) == 3


def test_a_held_report_cannot_be_decided(ada: Reviewing) -> None:
    from services.store.tables import report

    ada.connection.execute(update(report).values(held="another patient"))
    with refused("held"):
        ada.decide("pneumonia", "approve")


def test_amending_goes_on_from_what_was_signed(ada: Reviewing) -> None:
    ada.decide("pneumonia", "approve")
    ada.decide("pleural_effusion", "edit", claim=says("pleural_effusion", side=Side.LEFT))
    ada.decide("cardiomegaly", "edit", claim=says("cardiomegaly", Status.UNCERTAIN))
    ada.sign()
    with refused("reason"):
        review.amend(ada.connection, ada.act(), "")
    review.amend(ada.connection, ada.act(), "mistake")
    ada.decide("pleural_effusion", "approve")
    ada.decide("cardiomegaly", "approve")
    ada.sign()
    rows = reviews.suggestions(ada.connection, ada.row().version_id)
    said = {(row.finding_id, row.side): (row.state, row.status) for row in rows}
    assert said == {
        ("pneumonia", "right"): ("approved", "present"),
        ("pleural_effusion", "right"): ("approved", "present"),
        ("pleural_effusion", "left"): ("rejected", "present"),
        ("cardiomegaly", None): ("approved", "present"),
    }
    assert ada.deliveries() == DELIVERED * 2


def test_every_step_leaves_an_audit_row_in_its_own_transaction(ada: Reviewing) -> None:
    decide_all(ada)
    ada.sign()
    actions = ada.connection.execute(select(audit.c.action).order_by(audit.c.id)).scalars().all()
    assert actions == [
        "review.claim",
        "draft.approve",
        "draft.approve",
        "draft.approve",
        "review.sign",
        "review.release_signature",
    ]
    ada.connection.rollback()
    assert ada.connection.scalar(select(func.count()).select_from(audit)) == 0


def test_no_suggestion_row_is_left_proposed_after_sign(ada: Reviewing) -> None:
    decide_all(ada)
    ada.sign()
    left = select(func.count()).select_from(suggestion).where(suggestion.c.state == "proposed")
    assert ada.connection.scalar(left) == 0
