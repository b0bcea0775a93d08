"""A signature and a correction at the same time have one winner; an order named for two patients is held, always."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select

from integration.canonical import Report
from integration.hl7v2.mllp import whole
from integration.hl7v2.report import read_reports
from integration.hl7v2.senders import SenderMap
from services.domain.people import Person
from services.settings import Settings
from services.store import reports, reviews
from services.store.tables import account, delivery, report, review, suggestion
from services.workflow import analysis, drafting, releasing, seeing, signing
from services.workflow.drafting import Decision
from services.workflow.placement import place
from services.workflow.read_at_intake import Beforehand
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from services.workflow.refusal import Refused
from services.workflow.review import Act, claim
from services.workflow.seeing import Seen
from services.workflow.signing import Terms
from tests.messages import oru
from tests.receiving import receive
from tests.steps import interleave

SETTINGS = Settings(fhir={"url": "http://fhir.test/"})
READERS = readers(SETTINGS)
TERMS = Terms(releasing.destinations(SETTINGS))
# `make attack` runs a thousand; here enough that a lock taken too late shows.
ROUNDS = int(os.environ.get("ATTACK_INTERLEAVINGS", "12"))
CORRECTED = {"control_id": "2", "status": "C", "time": "20260914120000"}


def arrived(connection: Connection, body: bytes) -> tuple[int, Report]:
    (record,) = read_reports(body, "default", SenderMap()).reports
    (received,) = receive(connection, [Arrival(whole(body))], SETTINGS.mllp)
    assert received.message_id is not None
    return received.message_id, record


def taken_in(connection: Connection, number: int, record: Report) -> None:
    """As an intake job does it."""
    read = READERS.rules.read(analysis.question(record, READERS.library))
    reports.lock_orders(connection, [record])
    place(connection, number, record, SETTINGS, Beforehand("test", ((record, read),)))


def signer(connection: Connection) -> Person:
    values = {"site_id": "default", "issuer": "i", "subject": "ada", "name": "Ada", "practitioner": "Practitioner/ada"}
    statement = insert(account).values(**values, roles=["signer"]).returning(account.c.id)
    number = connection.execute(statement).scalar_one()
    return Person(int(number), "default", "Ada", frozenset({"signer"}), "Practitioner/ada")


def decided(connection: Connection, person: Person) -> Act:
    """Everything suggested is approved; ready to be signed."""
    (number,) = connection.scalars(select(review.c.id))
    claim(connection, person, number, 300)
    row = reviews.locked(connection, number)
    assert row is not None
    for each in reviews.suggestions(connection, row.version_id):
        act = Act(person, number, _revision(connection, number), 300)
        drafting.open_suggestion(connection, act, each.id)
        drafting.decide(connection, act, Decision(each.id, "approve", confirmed=True))
    act = Act(person, number, _revision(connection, number), 300)
    seeing.see(connection, act, Seen(shown=True, end=True))
    return act


def _revision(connection: Connection, number: int) -> int:
    return int(connection.scalar(select(review.c.revision).where(review.c.id == number)) or 0)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_sign_and_a_correction_have_one_winner(engine: Engine, seed: int) -> None:
    with engine.begin() as connection:
        taken_in(connection, *arrived(connection, oru("A", "Right pneumothorax.", control_id="1")))
        act = decided(connection, signer(connection))
        late = arrived(connection, oru("A", "No pneumothorax. Left pleural effusion.", **CORRECTED))
    signed, corrected = interleave(
        engine,
        random.Random(seed),
        lambda connection: signing.sign(connection, act, TERMS),
        lambda connection: taken_in(connection, *late),
    )
    assert corrected.error is None
    assert signed.error is None or isinstance(signed.error, Refused)
    with engine.connect() as connection:
        _agree(connection, won=signed.error is None)


def _agree(connection: Connection, *, won: bool) -> None:
    """What the signer was told is what the rows say."""
    rows: Any = connection.execute(select(delivery.c.kind, delivery.c.state).order_by(delivery.c.id)).all()
    sent = [tuple(row) for row in rows]
    assert all(state == "pending" for _, state in sent)
    assert (("signed", "pending") in sent) is won
    states = {row.finding_id: row.state for row in connection.execute(select(suggestion))}
    assert states["pneumothorax"] == ("approved" if won else "withdrawn")
    assert states["pleural_effusion"] == "proposed"
    assert connection.scalar(select(review.c.state)) in (("reopened",) if won else ("claimed", "open"))


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_an_order_named_for_two_patients_at_once_is_held(engine: Engine, seed: int) -> None:
    with engine.begin() as connection:
        one = arrived(connection, oru("A", "No effusion.", control_id="1", patient="ONE"))
        two = arrived(connection, oru("A", "No effusion.", control_id="2", patient="TWO"))
    order = [one, two] if seed % 2 else [two, one]
    actors = interleave(
        engine, random.Random(seed), *[lambda connection, it=each: taken_in(connection, *it) for each in order]
    )
    assert [actor.error for actor in actors] == [None, None]
    with engine.connect() as connection:
        held = connection.scalars(select(report.c.held != "").order_by(report.c.held)).all()
    assert held == [False, True]
