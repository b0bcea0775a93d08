"""Signed findings reach the interface engine once each, in order, and a refusal stops the queue."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, update

from integration.hl7v2.client import NoAnswer, Unreachable, read_answer
from integration.hl7v2.msh import is_echo, read_header
from services.settings import Queue, Settings, SettingsError, Writeback
from services.store import deliveries, notices
from services.store.clock import NOW
from services.store.tables import account, delivery, review, suggestion
from services.workflow.hl7_delivery import EngineLink, send_findings
from tests import seeding
from tests.certificates import Authority
from tests.interface_engine import HANG_UP, InterfaceEngine

SETTINGS = Settings(queue=Queue(backoff=0.001, backoff_max=0.001))
ACCESSION = re.compile(r"A\d{6}")


@pytest.fixture
def receiver() -> Iterator[InterfaceEngine]:
    with InterfaceEngine() as engine:
        yield engine


def signed_report(engine: Engine, destination: str) -> int:
    """A report whose three suggestions were approved and signed; its delivery's id."""
    with engine.begin() as connection:
        report_id = seeding.put(connection)
        who = connection.execute(
            insert(account)
            .values(issuer="test", subject=f"ada-{report_id}", name="Ada Reyes", practitioner="Practitioner/ada")
            .returning(account.c.id)
        ).scalar_one()
        connection.execute(update(suggestion).where(suggestion.c.report_id == report_id).values(state="approved"))
        row = connection.execute(
            update(review)
            .where(review.c.report_id == report_id)
            .values(state="signed", signed_by=who, signed_at=NOW)
            .returning(review.c.version_id)
        ).one()
        return deliveries.add(
            connection, site_id="default", kind="oru", report_id=report_id, version_id=row[0], destination=destination
        )


def run_queue(engine: Engine, receiver: InterfaceEngine, rounds: int = 20) -> list[tuple[int, str]]:
    """What became of each attempt, in order, until nothing is due."""
    outcomes = []
    with EngineLink(receiver.address, within=5) as link:
        for _ in range(rounds):
            with engine.begin() as connection:
                row = deliveries.claim_in_order(connection, SETTINGS.queue, receiver.address)
            if row is not None:
                outcomes.append((row.id, send_findings(engine, row, link, SETTINGS)))
    return outcomes


def control_ids(receiver: InterfaceEngine) -> list[str]:
    return [header.control_id for body in receiver.received if (header := read_header(body))]


def test_findings_go_out_in_the_order_they_were_signed(engine: Engine, receiver: InterfaceEngine) -> None:
    ids = [signed_report(engine, receiver.address) for _ in range(3)]
    assert run_queue(engine, receiver) == [(each, "sent") for each in ids]
    assert control_ids(receiver) == [f"CS{each}" for each in ids]


def test_the_message_holds_the_findings_and_can_only_be_ours(engine: Engine, receiver: InterfaceEngine) -> None:
    signed_report(engine, receiver.address)
    run_queue(engine, receiver)
    (body,) = receiver.received
    segments = [line.split("|") for line in body.decode().split("\r") if line]
    obr = next(fields for fields in segments if fields[0] == "OBR")
    findings = [fields for fields in segments if fields[0] == "OBX" and "Laterality" not in fields[3]]
    assert len(findings) == 3 and all(fields[11] == "F" for fields in findings)
    assert obr[3].endswith("^99COUNTERSIGN") and obr[4].endswith("^99COUNTERSIGN") and obr[25] == "F"
    assert ACCESSION.search(obr[29]) and not ACCESSION.search(obr[4])
    assert any(fields[0] == "NTE" and "Evidence: Right lower lobe pneumonia" in fields[3] for fields in segments)
    header = read_header(body)
    assert header and is_echo(header, SETTINGS.mllp.application, SETTINGS.mllp.facility)


def test_trouble_is_tried_again_under_the_same_control_id(engine: Engine, receiver: InterfaceEngine) -> None:
    receiver.answers.extend(["AE", HANG_UP, "CE", "AA"])
    first, second = (signed_report(engine, receiver.address) for _ in range(2))
    outcomes = run_queue(engine, receiver, rounds=200)
    assert outcomes == [(first, "postponed")] * 3 + [(first, "sent"), (second, "sent")]
    assert control_ids(receiver) == [f"CS{first}"] * 4 + [f"CS{second}"]
    assert len(set(receiver.received[:4])) == 1


def test_an_answer_to_another_message_is_not_taken_for_ours(engine: Engine, receiver: InterfaceEngine) -> None:
    receiver.answers.extend(["LATE AE", "AA"])
    first = signed_report(engine, receiver.address)
    assert run_queue(engine, receiver, rounds=100) == [(first, "postponed"), (first, "sent")]


def test_a_refusal_stops_the_queue_until_a_person_decides(engine: Engine, receiver: InterfaceEngine) -> None:
    receiver.answers.append("AR")
    first, second = (signed_report(engine, receiver.address) for _ in range(2))
    assert run_queue(engine, receiver) == [(first, "dead")]
    with engine.begin() as connection:
        (told,) = notices.open_ones(connection)
        assert "answered AR" in told.message
        assert deliveries.dismiss(connection, first, "the engine will not take it")
    assert run_queue(engine, receiver) == [(second, "sent")]


def test_findings_sent_again_after_an_amendment_are_a_correction_of_our_own(
    engine: Engine, receiver: InterfaceEngine
) -> None:
    first = signed_report(engine, receiver.address)
    run_queue(engine, receiver)
    with engine.begin() as connection:
        row = connection.execute(select(delivery).where(delivery.c.id == first)).mappings().one()
        again = {name: row[name] for name in ("site_id", "kind", "report_id", "version_id", "destination")}
        deliveries.add(connection, **again)
    run_queue(engine, receiver)
    obr = [line.split(b"|") for body in receiver.received for line in body.split(b"\r") if line.startswith(b"OBR")]
    assert [fields[25] for fields in obr] == [b"F", b"C"] and obr[0][3] == obr[1][3]


def test_an_acknowledgement_of_ours_can_be_read_back() -> None:
    found = read_answer(
        b"MSH|^~\\&|X|||||||ACK|1|P|2.5\rMSA|CR|A7|No\rERR||PID^1^3|101^Missing^HL70357|E||||Say who.\r"
    )
    assert found is not None
    assert (found.code, found.control_id, found.text, found.accepted) == ("CR", "A7", "No. Say who.", False)


def ask(ca: Path, certificate: Path | None, port: str) -> str:
    """MSA-1 of the answer over TLS, or the reason why there is none."""
    link = EngineLink.of(Writeback(oru=f"localhost:{port}", oru_ca=ca, oru_certificate=certificate))
    assert link is not None
    with link:
        try:
            return link.ask(b"MSH|^~\\&|US|US|||2026||ORU^R01|T1|P|2.5.1\r").code
        except (NoAnswer, Unreachable):
            return "none"


def test_over_mutual_tls_only_the_right_two_speak(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue("engine"))
    tls.load_verify_locations(authority.path)
    tls.verify_mode = ssl.CERT_REQUIRED
    certificate, key = authority.issue("sender")
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    with InterfaceEngine(tls) as receiver:
        port = receiver.address.rpartition(":")[2]
        assert ask(authority.path, certificate, port) == "AA"
        assert ask(stranger.path, certificate, port) == "none"
        assert ask(authority.path, None, port) == "none"
        assert len(receiver.received) == 1


def test_certificates_that_cannot_be_used_stop_the_start_with_their_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="COUNTERSIGN_WRITEBACK__ORU_CA"):
        EngineLink.of(Writeback(oru="localhost:1", oru_ca=tmp_path / "none.pem"))
