"""HAPI's HL7 v2 library, its rules strict, reads every answer and message of ours; it and Apache Camel send to us.

HAPI sends what it has built anew from its model of the message, Camel's MLLP component the bytes it was given.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from integration.hl7v2.ack import NOT_ALLOWED, NOT_STORED, Outcome, answer, codes_due
from integration.hl7v2.msh import read_header
from services.store.tables import message
from tests.contract.hapi.judge import Judge, judge
from tests.integration.sender.house import House
from tests.integration.sender.test_hl7_delivery import run_queue, signed_report
from tests.integration.sender.test_hl7_retraction import deliver, taken_back
from tests.interface_engine import InterfaceEngine
from tests.listening import Listen
from tests.messages import oru

VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6")
"""Whose structures HAPI is given here."""
MODES = ("|", "AL|NE", "AL|AL", "NE|AL", "ER|NE", "SU|AL")
OUTCOMES = {Outcome.STORED: [], Outcome.RETRY: [NOT_STORED], Outcome.REJECTED: [NOT_ALLOWED]}
CORPUS = os.environ.get("COUNTERSIGN_CORPUS", "")


@pytest.fixture(scope="module")
def hl7_judge() -> Iterator[Judge]:
    with judge("hl7v2", "countersign.judge.Hl7") as running:
        yield running


def structure(hl7_judge: Judge, body: bytes) -> str:
    """The structure HAPI sees; segments it has no place for fail the test."""
    said = hl7_judge.ask("parse", message=body.decode())
    assert said["nonstandard"] == [], body
    return str(said["structure"])


@pytest.mark.parametrize("version", VERSIONS)
def test_every_answer_is_an_acknowledgement_by_the_rules(hl7_judge: Judge, version: str) -> None:
    for mode in MODES:
        accept, application = mode.split("|")
        body = f"MSH|^~\\&|RIS|NORTH|CS|CS|2026||ORU^R01|A1|P|{version}|||{accept}|{application}\rPID|1\r".encode()
        header = read_header(body)
        for outcome, faults in OUTCOMES.items():
            for each in answer(header, outcome, *faults):
                assert structure(hl7_judge, each) == "ACK"


def test_the_judge_does_find_what_is_wrong(hl7_judge: Judge) -> None:
    good = oru("A").decode()
    said = hl7_judge.ask("parse", message=good + "ZZZ|1\r")
    assert said["nonstandard"] == ["ZZZ"]
    with pytest.raises(AssertionError, match="datetime"):
        hl7_judge.ask("parse", message=good.replace("20260914110000+0200", "yesterday"))


def test_signed_findings_are_an_oru_by_the_rules(
    hl7_judge: Judge,
    engine: Engine,
    receiver: InterfaceEngine,
) -> None:
    signed_report(engine, receiver.address)
    run_queue(engine, receiver)
    (body,) = receiver.received
    assert structure(hl7_judge, body) == "ORU_R01"


def test_findings_taken_back_are_an_oru_by_the_rules(
    hl7_judge: Judge,
    home: House,
    receiver: InterfaceEngine,
) -> None:
    deliver(home, receiver)
    taken_back(home)
    deliver(home, receiver)
    assert [structure(hl7_judge, body) for body in receiver.received] == ["ORU_R01", "ORU_R01"]


@pytest.mark.parametrize("client", ["send", "camel"])
def test_it_sends_and_understands_our_answers(hl7_judge: Judge, client: str, listen: Listen, engine: Engine) -> None:
    texts = [oru(f"{client}{n}", "No effusion.", "Heart & lungs: größer als zuvor.").decode() for n in range(20)]
    answers = hl7_judge.ask(client, port=listen().port, messages=texts)["answers"]
    assert answers == [f"AA {client}{n}" for n in range(20)]
    with engine.connect() as connection:
        assert len(connection.execute(select(message.c.id)).all()) == 20


def test_camel_takes_a_refusal_for_one(hl7_judge: Judge, listen: Listen) -> None:
    bad = oru("A").decode().replace("ORU^R01^ORU_R01", "")
    assert hl7_judge.ask("camel", port=listen().port, messages=[bad])["answers"] == [
        "MllpApplicationRejectAcknowledgementException"
    ]


@pytest.mark.skipif(not CORPUS, reason="COUNTERSIGN_CORPUS names no folder with HL7 messages")
def test_every_message_of_the_corpus_that_camel_can_send_is_answered(hl7_judge: Judge, listen: Listen) -> None:
    bodies = (path.read_bytes() for path in sorted(Path(CORPUS).rglob("*.hl7")))
    due = [body for body in bodies if body.isascii() and codes_due(read_header(body), Outcome.STORED)]
    texts = [body.decode().replace("\r\n", "\r").replace("\n", "\r") for body in due]
    answers = hl7_judge.ask("camel", port=listen().port, messages=texts)["answers"]
    silent = [each for each in answers if "Timeout" in each or ("Exception" in each and "Acknowledgement" not in each)]
    assert silent == [] and len(answers) > 100
