"""The listener's contract: stored first, then answered; nothing dropped in silence."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time

import pytest
from sqlalchemy import Engine, select, text

from integration.hl7v2.senders import SenderMap, Senders
from services.settings import Database
from services.store.tables import message
from tests.listening import Listen
from tests.ports import free_port

ORU = (
    b"MSH|^~\\&|RIS|HOSP|||20260102||ORU^R01|%s|P|2.5%s\rPID|1||42^^^HOSP\r"
    b"OBR|1||F1|71020^CHEST|||||||||||||||||||||F\rOBX|1|TX|59776-5||Clear lungs.||||||F\r"
)


def oru(control_id: str, modes: str = "") -> bytes:
    return ORU % (control_id.encode(), modes.encode())


def rows(engine: Engine) -> list[tuple[str, str, bytes]]:
    with engine.connect() as connection:
        query = select(message.c.control_id, message.c.state, message.c.body).order_by(message.c.id)
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def test_a_report_is_stored_as_sent_and_answered_with_its_control_id(listen: Listen, engine: Engine) -> None:
    with listen().peer() as peer:
        answer = peer.ask(oru("A1"))
    assert b"MSA|AA|A1\r" in answer
    assert rows(engine) == [("A1", "queued", oru("A1"))]


def test_frames_in_one_packet_are_answered_in_their_order(listen: Listen, engine: Engine) -> None:
    with listen().peer() as peer:
        peer.send(*(oru(f"N{number}") for number in range(200)))
        answers = [peer.answer() for _ in range(200)]
    assert all(f"MSA|AA|N{number}\r".encode() in answer for number, answer in enumerate(answers))
    assert len(rows(engine)) == 200


def test_a_frame_cut_at_every_byte_is_stored_whole(listen: Listen, engine: Engine) -> None:
    with listen().peer() as peer:
        peer.channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"\x0b" + oru("A1") + b"\x1c\r":
            peer.channel.sendall(bytes([byte]))
        assert b"MSA|AA|A1" in peer.answer()
    assert rows(engine)[0][2] == oru("A1")


def test_a_block_that_ends_without_cr_is_answered_after_a_silence(listen: Listen) -> None:
    with listen().peer() as peer:
        peer.channel.sendall(b"\x0b" + oru("A1") + b"\x1c")
        assert b"MSA|AA|A1" in peer.answer()


def test_a_sender_that_half_closes_still_gets_its_answer(listen: Listen) -> None:
    with listen().peer() as peer:
        peer.send(oru("A1"))
        peer.channel.shutdown(socket.SHUT_WR)
        assert b"MSA|AA|A1" in peer.answer()
        assert peer.answer() == b""


def test_bytes_between_frames_cost_no_frame_its_answer(listen: Listen, engine: Engine) -> None:
    with listen().peer() as peer:
        one, two = (b"\x0b" + oru(name) + b"\x1c\r" for name in ("J1", "J2"))
        peer.channel.sendall(b"hello\r\n" + one + b"\x00junk\x1c\r" + two + b"\x1c\r")
        assert b"MSA|AA|J1\r" in peer.answer() and b"MSA|AA|J2\r" in peer.answer()
    assert [row[2] for row in rows(engine)] == [oru("J1"), oru("J2")]


def test_what_a_sender_broke_off_and_began_anew_is_answered_once(listen: Listen, engine: Engine) -> None:
    with listen().peer() as peer:
        peer.channel.sendall(b"\x0b" + oru("V1")[:80] + b"\x0b" + oru("V2") + b"\x1c\r")
        assert b"MSA|AA|V2\r" in peer.answer()
    assert [row[0] for row in rows(engine)] == ["V2"]


@pytest.mark.parametrize("encoding", ["", "^", "^~&", "^~\\&", "^~\\&#", "^~\\&#@!", "$%&/", "^^^^"])
def test_whatever_msh_2_says_the_answer_bears_the_control_id(listen: Listen, engine: Engine, encoding: str) -> None:
    body = oru("M2").replace(b"^~\\&", encoding.encode(), 1)
    with listen().peer() as peer:
        answer = peer.ask(body)
    assert answer.split(b"\r")[1] == b"MSA|AA|M2"
    assert [(row[0], row[2]) for row in rows(engine)] == [("M2", body)]


def test_a_batch_is_one_row_and_one_answer_under_its_own_number(listen: Listen, engine: Engine) -> None:
    body = b"FHS|^~\\&|RIS||||2026||||F7\rBHS|^~\\&|RIS||||2026||||B7\r" + oru("A1") + oru("A2") + b"BTS|2\rFTS|1\r"
    with listen().peer() as peer:
        peer.send(body, oru("A3"))
        assert b"MSA|AA|B7\r" in peer.answer() and b"MSA|AA|A3\r" in peer.answer()
    assert [row[0] for row in rows(engine)] == ["B7", "A3"]


def test_after_a_refusal_in_enhanced_mode_no_second_answer_follows(listen: Listen) -> None:
    with listen().peer() as peer:
        peer.send(oru("R1", "|||AL|AL").replace(b"ORU^R01", b""), oru("R2"))
        assert b"MSA|CR|R1" in peer.answer() and b"MSA|AA|R2" in peer.answer()


def test_an_acknowledgement_that_comes_in_is_kept_and_not_answered(listen: Listen, engine: Engine) -> None:
    with listen().peer() as peer:
        peer.send(b"MSH|^~\\&|RIS|HOSP|||2026||ACK^R01|K1|P|2.5\rMSA|AA|7\r", oru("A1"))
        assert b"MSA|AA|A1" in peer.answer()
    assert [row[:2] for row in rows(engine)] == [("K1", "ignored"), ("A1", "queued")]


def test_enhanced_mode_gets_the_accept_answer_then_the_application_answer(listen: Listen) -> None:
    with listen().peer() as peer:
        peer.send(oru("A1", "|||AL|AL"))
        assert b"MSA|CA|A1" in peer.answer()
        assert b"MSA|AA|A1" in peer.answer()


def test_who_wants_no_answer_gets_none_and_is_stored(listen: Listen, engine: Engine) -> None:
    with listen().peer() as peer:
        peer.send(oru("A1", "|||NE|NE"), oru("A2"))
        assert b"MSA|AA|A2" in peer.answer()
    assert [row[0] for row in rows(engine)] == ["A1", "A2"]


def test_a_frame_beyond_the_limit_is_refused_and_its_hash_kept(listen: Listen, engine: Engine) -> None:
    body = oru("BIG") + b"x" * 300_000
    with listen(max_bytes=100_000).peer() as peer:
        answer = peer.ask(body)
        assert b"MSA|AR|BIG" in answer and b"\rERR|" in answer
        assert b"MSA|AA|A2" in peer.ask(oru("A2"))
    with engine.connect() as connection:
        row = connection.execute(select(message).where(message.c.control_id == "BIG")).mappings().one()
    assert (row["bytes"], row["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert row["state"] == "rejected" and body.startswith(bytes(row["body"]))


def test_while_the_database_is_down_the_answer_is_retryable_never_positive(listen: Listen) -> None:
    nowhere = Database(port=free_port(), connect_timeout=2)
    with listen(on=nowhere).peer() as peer:
        answer = peer.ask(oru("A1"))
        assert b"MSA|AE|A1" in answer and b"Send it again" in answer
        assert b"MSA|CE|A2" in peer.ask(oru("A2", "|||AL|NE"))


def test_who_wants_no_answer_is_hung_up_on_when_nothing_can_be_stored(listen: Listen) -> None:
    with listen(on=Database(port=free_port(), connect_timeout=2)).peer() as peer:
        assert peer.ask(oru("A1", "|||NE|NE")) == b""


def test_a_read_only_database_is_a_retryable_failure_and_heals(
    listen: Listen, engine: Engine, database: Database
) -> None:
    with listen().peer() as peer:
        assert b"MSA|AA|A1" in peer.ask(oru("A1"))
        set_read_only(engine, database.name, "on")
        assert b"MSA|AE|A2" in peer.ask(oru("A2"))
        set_read_only(engine, database.name, "off")
        assert b"MSA|AA|A2" in peer.ask(oru("A2"))
    assert [row[0] for row in rows(engine)] == ["A1", "A2"]


def set_read_only(engine: Engine, name: str, value: str) -> None:
    """Read-only for every session of the database, as on a server that was switched to standby."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}"))
        connection.execute(
            text(
                # With a time to wait: one that still dies may take a statement with it, which is no answer at all.
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE datname = :n AND pid <> pg_backend_pid()"
            ),
            {"n": name},
        )


def test_a_connection_the_database_dropped_is_replaced_unnoticed(listen: Listen, engine: Engine) -> None:
    with listen().peer() as peer:
        assert b"MSA|AA|A1" in peer.ask(oru("A1"))
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with engine.begin() as connection:
            connection.execute(text(f"SELECT pg_terminate_backend(pid, 10000) {others}"))
        for _ in range(1000):
            with engine.begin() as connection:
                if not connection.scalar(text(f"SELECT count(*) {others}")):
                    break
            time.sleep(0.01)
        assert b"MSA|AA|A2" in peer.ask(oru("A2"))


def test_beyond_the_limit_the_connection_that_was_idle_longest_makes_room(listen: Listen) -> None:
    running = listen(max_connections=2)
    with running.peer() as first, running.peer() as second:
        for number, peer in enumerate((second, first), 1):
            assert b"MSA|AA" in peer.ask(oru(f"A{number}"))
        with running.peer() as third:
            assert b"MSA|AA" in third.ask(oru("A3"))
            second.channel.settimeout(20)
            with contextlib.suppress(ConnectionResetError):
                assert second.channel.recv(1) == b""
            assert b"MSA|AA" in first.ask(oru("A4"))


def test_an_idle_connection_is_closed(listen: Listen) -> None:
    with listen(idle_timeout=0.3).peer() as peer:
        assert peer.answer() == b""


def test_a_drain_answers_what_is_under_way_and_then_closes(listen: Listen, engine: Engine) -> None:
    running = listen()
    with running.peer() as idle, running.peer() as busy:
        body = oru("A1")
        busy.channel.sendall(b"\x0b" + body[:50])
        time.sleep(0.2)
        running._loop.call_soon_threadsafe(running._end.set)
        assert idle.answer() == b""
        busy.channel.sendall(body[50:] + b"\x1c\r")
        assert b"MSA|AA|A1" in busy.answer()
        assert busy.answer() == b""
    running.stop()
    assert [row[0] for row in rows(engine)] == ["A1"]


def test_a_drain_under_load_loses_nothing_it_has_answered(listen: Listen, engine: Engine) -> None:
    running = listen()
    answered: list[str] = []

    def keep_sending(name: str) -> None:
        with contextlib.suppress(OSError), running.peer() as peer:
            for number in range(10_000):
                control_id = f"{name}-{number}"
                if f"MSA|AA|{control_id}\r".encode() not in peer.ask(oru(control_id)):
                    return
                answered.append(control_id)

    senders = [threading.Thread(target=keep_sending, args=(f"S{number}",)) for number in range(8)]
    for sender in senders:
        sender.start()
    while len(answered) < 50:
        time.sleep(0.01)
    running.stop()
    for sender in senders:
        sender.join(20)
    assert not any(sender.is_alive() for sender in senders)
    assert set(answered) <= {row[0] for row in rows(engine)}


def test_a_sender_belongs_to_the_site_its_map_names(listen: Listen, engine: Engine) -> None:
    senders = Senders((SenderMap(application="RIS", site="north"),))
    with listen(senders=senders).peer() as peer:
        peer.ask(oru("A1"))
        peer.ask(oru("A2").replace(b"|RIS|", b"|OTHER|"))
    with engine.connect() as connection:
        sites = connection.execute(select(message.c.site_id).order_by(message.c.id)).scalars().all()
    assert sites == ["north", "default"]


def test_the_same_message_at_two_listeners_is_read_once(listen: Listen, engine: Engine) -> None:
    with listen().peer() as one, listen().peer() as other:
        for number in range(30):
            for peer in (one, other):
                peer.send(oru(f"R{number}"))
            answers = {peer.answer() for peer in (one, other)}
            assert len(answers) == 1 and f"MSA|AA|R{number}\r".encode() in answers.pop()
    with engine.connect() as connection:
        query = select(message.c.control_id).where(message.c.state == "queued").order_by(message.c.id)
        assert connection.scalars(query).all() == [f"R{number}" for number in range(30)]


def test_our_own_message_come_back_is_kept_and_not_read(listen: Listen, engine: Engine) -> None:
    running = listen()
    with running.peer() as peer:
        ours = f"|{running.mllp.application}|{running.mllp.facility}|".encode()
        assert b"MSA|AA|E1" in peer.ask(oru("E1").replace(b"|RIS|HOSP|", ours))
    assert [row[1] for row in rows(engine)] == ["ignored"]
