"""Frames are stored with their answer and their job before anything is answered."""

from sqlalchemy import Engine, select

from integration.hl7v2.mllp import whole
from services.settings import Mllp
from services.store import inbox
from services.store.tables import job, message
from services.workflow.receive import Arrival, Received
from tests.receiving import receive

ORU = b"MSH|^~\\&|RIS|HOSP|||20260102||ORU^R01|%s|P|2.5\rPID|1||42^^^HOSP\rOBX|1|TX|59776-5||Clear lungs.\r"


def send(engine: Engine, *bodies: bytes) -> list[Received]:
    with engine.begin() as connection:
        return receive(connection, [Arrival(whole(body)) for body in bodies], Mllp())


def job_count(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(job.c.id)).all())


def test_a_report_is_stored_byte_for_byte_and_queued_once(engine: Engine) -> None:
    body = ORU % b"A1"
    (received,) = send(engine, body)
    with engine.connect() as connection:
        stored = inbox.get(connection, received.message_id)
    assert (stored.body, stored.state, stored.control_id) == (body, "queued", "A1")
    assert b"MSA|AA|A1" in received.answer and stored.ack == received.answer
    assert job_count(engine) == 1


def test_the_code_that_went_out_is_the_code_that_is_kept(engine: Engine) -> None:
    modes = (b"", b"|||AL|AL", b"|||NE|AL", b"||||AL", b"|||NE|NE")
    received = send(
        engine, *((ORU % b"K%d" % place).replace(b"|2.5\r", b"|2.5" + mode + b"\r") for place, mode in enumerate(modes))
    )
    with engine.connect() as connection:
        kept = connection.scalars(select(message.c.ack_code).order_by(message.c.id)).all()
    assert kept == ["AA", "CA", "AA", "AA", None]
    assert all((code or "").encode() in each.answer for code, each in zip(kept, received, strict=True))


def test_a_sender_is_allowed_by_the_first_component_of_its_names(engine: Engine) -> None:
    full = (ORU % b"A1").replace(b"|RIS|HOSP|", b"|RIS^1.2.3^ISO|HOSP^1.2.4^ISO|")
    disguised = (ORU % b"A2").replace(b"|RIS|HOSP|", b"|EVIL|X|")
    for number, allowed in enumerate((["RIS"], ["RIS^HOSP"], ["RIS^1.2.3^ISO"])):
        bodies = [body.replace(b"|A", b"|%d" % number) for body in (full, disguised)]
        with engine.begin() as connection:
            received = receive(connection, [Arrival(whole(body)) for body in bodies], Mllp(allowed_senders=allowed))
        assert [each.state for each in received] == ["queued", "rejected"], allowed


def test_what_was_refused_is_taken_when_it_comes_again_after_the_setting_was_mended(engine: Engine) -> None:
    arrival = [Arrival(whole(ORU % b"A1"))]
    outcomes = []
    for allowed in (["OTHER"], ["OTHER"], ["RIS"]):
        with engine.begin() as connection:
            outcomes += receive(connection, arrival, Mllp(allowed_senders=allowed))
    assert [each.answer.split(b"MSA|")[1][:2] for each in outcomes] == [b"AR", b"AR", b"AA"]
    assert [each.state for each in outcomes] == ["rejected", "ignored", "queued"] and job_count(engine) == 1
    with engine.begin() as connection:
        assert inbox.get(connection, outcomes[2].message_id).ack == outcomes[2].answer
        assert inbox.set_state(connection, outcomes[2].message_id, "quarantined") is None
        assert inbox.requeue(connection, outcomes[2].message_id) and not inbox.requeue(
            connection, outcomes[1].message_id
        )


def test_a_repeat_gets_the_stored_answer_and_no_second_job(engine: Engine) -> None:
    (first,) = send(engine, ORU % b"A1")
    (again,) = send(engine, ORU % b"A1")
    assert again.answer == first.answer and again.duplicate
    assert job_count(engine) == 1


def test_a_repeat_in_the_same_group_is_recognised_too(engine: Engine) -> None:
    first, other, again = send(engine, ORU % b"A1", ORU % b"B1", ORU % b"A1")
    assert again.duplicate and again.answer == first.answer and not other.duplicate
    assert job_count(engine) == 2


def test_a_reused_control_id_with_other_content_is_kept_and_flagged(engine: Engine) -> None:
    send(engine, ORU % b"A1")
    (second,) = send(engine, (ORU % b"A1").replace(b"Clear", b"Hazy"))
    with engine.connect() as connection:
        assert connection.scalar(select(message.c.control_id_reused).where(message.c.id == second.message_id))
    assert job_count(engine) == 2


def test_messages_without_a_control_id_are_never_taken_for_repeats(engine: Engine) -> None:
    one, two = send(engine, ORU % b"", ORU % b"")
    assert not one.duplicate and not two.duplicate and job_count(engine) == 2


def test_a_frame_that_can_never_be_accepted_is_stored_and_refused(engine: Engine) -> None:
    (received,) = send(engine, b"not hl7 at all")
    assert received.state == "rejected" and b"MSA|AR" in received.answer and b"ERR|" in received.answer
    assert job_count(engine) == 0


def test_other_messages_are_acknowledged_and_ignored_by_name(engine: Engine) -> None:
    (received,) = send(engine, b"MSH|^~\\&|A|B|||2026||ADT^A08|X1|P|2.5\r")
    with engine.connect() as connection:
        stored = inbox.get(connection, received.message_id)
    assert (stored.state, stored.reason) == ("ignored", "ADT^A08 carries no report")
    assert b"MSA|AA|X1" in received.answer


def test_our_own_message_come_back_is_counted_not_read(engine: Engine) -> None:
    (received,) = send(engine, b"MSH|^~\\&|COUNTERSIGN|COUNTERSIGN|||2026||ORU^R01|X1|P|2.5\r")
    assert received.state == "ignored" and job_count(engine) == 0


def test_words_in_the_place_of_a_message_type_are_not_repeated_in_the_reason(engine: Engine) -> None:
    (received,) = send(engine, b"MSH|^~\\&|A|B|||2026||QUENNEVILLE ROSALIND^X|X1|P|2.5\r")
    with engine.connect() as connection:
        assert "QUENNEVILLE" not in inbox.get(connection, received.message_id).reason
