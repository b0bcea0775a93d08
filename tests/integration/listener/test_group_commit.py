"""Groups of frames on a real database: neighbours, repeats, and an inbox of any size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, func, select, text

from integration.hl7v2.senders import SenderMap, Senders
from services.store.frames import ADD_FRAMES, ADD_REPEATS, SETTINGS
from services.store.tables import message
from tests.integration.listener.test_server import oru
from tests.listening import Listen

REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'refused' USING ERRCODE = 'disk_full';
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON message FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse();
"""

AT_COMMIT = REFUSE.replace("TRIGGER refuse BEFORE", "CONSTRAINT TRIGGER refuse AFTER").replace(
    "FOR EACH ROW", "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
)


@contextmanager
def refusing(engine: Engine, when: str, how: str = REFUSE) -> Iterator[None]:
    """The database takes no message of which `when` is true."""
    with engine.begin() as connection:
        connection.execute(text(how.format(when=when)))
    yield
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION refuse CASCADE"))


def test_a_frame_the_database_will_not_take_costs_its_neighbours_nothing(listen: Listen, engine: Engine) -> None:
    with refusing(engine, "NEW.control_id = 'A2'"), listen().peer() as peer:
        peer.send(oru("A1"), oru("A2"), oru("A3"))
        answers = [peer.answer() for _ in range(3)]
        for answer, expected in zip(answers, (b"MSA|AA|A1", b"MSA|AE|A2", b"MSA|AA|A3"), strict=True):
            assert expected in answer
        assert b"MSA|AA|A4" in peer.ask(oru("A4"))


def test_a_commit_that_fails_after_the_rows_came_back_is_no_positive_answer(listen: Listen, engine: Engine) -> None:
    running = listen()
    with refusing(engine, "true", AT_COMMIT), running.peer() as peer:
        assert peer.ask(oru("A1")) == b""
    with running.peer() as peer:
        assert b"MSA|AA|A1" in peer.ask(oru("A1"))
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(message)) == 1


def test_no_retryable_answer_follows_a_commit(listen: Listen, engine: Engine) -> None:
    running = listen()
    with running.peer() as peer:
        first = peer.ask(oru("A1"))
    with refusing(engine, "NEW.duplicate_of IS NOT NULL"), running.peer() as peer:
        peer.send(oru("A2"), oru("A1"))
        assert peer.answer() == b""
    with running.peer() as peer:
        peer.send(oru("A2"), oru("A1"))
        assert b"MSA|AA|A2" in peer.answer() and peer.answer() == first
    with engine.connect() as connection:
        query = select(func.count()).where(message.c.state == "queued")
        assert connection.scalar(query) == 2


@pytest.mark.parametrize(("statement", "name"), [(ADD_FRAMES, "add_frames"), (ADD_REPEATS, "add_repeats")])
def test_however_large_the_inbox_no_frame_makes_it_be_read(engine: Engine, statement: str, name: str) -> None:
    with engine.connect() as connection:
        for command in (*SETTINGS.split(";"), statement):
            connection.exec_driver_sql(command.replace("%", "%%"))
        plan = connection.exec_driver_sql(f"EXPLAIN EXECUTE {name} ('[]', '{{}}', '{{}}')").scalars().all()
    assert any("uq_message_identity" in line for line in plan)
    assert not any("Seq Scan" in line for line in plan)


def test_who_is_not_on_the_allow_list_is_refused_and_kept(listen: Listen, engine: Engine) -> None:
    with listen(allowed_senders=["RIS^HOSP"]).peer() as peer:
        assert b"MSA|AA|A1" in peer.ask(oru("A1"))
        answer = peer.ask(oru("A2").replace(b"|HOSP|", b"|ELSEWHERE|"))
    assert b"MSA|AR|A2" in answer and b"MSH^1^3" in answer
    with engine.connect() as connection:
        states = connection.execute(select(message.c.control_id, message.c.state).order_by(message.c.id)).all()
    assert [tuple(row) for row in states] == [("A1", "queued"), ("A2", "rejected")]


def test_training_is_refused_where_its_sender_s_map_says_so(listen: Listen, engine: Engine) -> None:
    senders = Senders([SenderMap(application="RIS", processing="refuse")])
    with listen(senders=senders).peer() as peer:
        assert b"MSA|AA|A1" in peer.ask(oru("A1"))
        answer = peer.ask(oru("A2").replace(b"|P|2.5", b"|T|2.5"))
        assert b"MSA|AA|A3" in peer.ask(oru("A3").replace(b"|P|2.5", b"|T|2.5").replace(b"|RIS|", b"|OTHER|"))
    assert b"MSA|AR|A2" in answer and b"MSH^1^11" in answer and b"202" in answer
    with engine.connect() as connection:
        states = connection.scalars(select(message.c.state).order_by(message.c.id)).all()
    assert states == ["queued", "rejected", "queued"]
