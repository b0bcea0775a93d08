"""How long a sender waited for its answers is in the database soon after, by sender; who cannot write it answers on."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from services.domain.feeds import ANSWER_BOUNDS
from services.processes.listener import answer_times
from services.processes.listener.answer_times import AnswerTimes
from services.settings import Database
from services.workflow.receive import Sender
from tests.listening import Listen
from tests.messages import oru


def counted(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT sender, (SELECT sum(n) FROM unnest(counts) n) FROM answer_time ORDER BY minute")
        )
        found: dict[str, int] = {}
        for sender, count in rows:
            found[sender] = found.get(sender, 0) + count
        return found


def test_answers_are_counted_by_sender_and_written_while_the_listener_runs(
    listen: Listen, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_times, "EVERY_SECONDS", 0.05)
    running = listen()
    with running.peer() as peer:
        peer.ask(oru("A1"))
        running.call(running.listener.times.write)
        peer.ask(oru("A2"))
        peer.ask(oru("A2"))
        peer.ask(oru("B1").replace(b"|RIS|NORTHSIDE|", b"|LAB||", 1))
    running.stop()
    assert counted(engine) == {"RIS^NORTHSIDE": 3, "LAB": 1}


def test_a_repeat_and_a_refusal_wait_for_an_answer_as_well(listen: Listen, engine: Engine) -> None:
    running = listen()
    with running.peer() as peer:
        peer.ask(oru("A1").replace(b"ORU^R01", b"", 1))
        peer.ask(b"no header at all")
    running.stop()
    found = counted(engine)
    assert found.pop("RIS^NORTHSIDE") == 1
    assert [(name.split(":")[0], count) for name, count in found.items()] == [("127.0.0.1", 1)]


def test_without_a_table_to_write_to_every_answer_still_leaves(listen: Listen, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE answer_time"))
    running = listen()
    with running.peer() as peer:
        assert b"MSA|AA|A1\r" in peer.ask(oru("A1"))
        running.call(running.listener.times.write)
        assert b"MSA|AA|A2\r" in peer.ask(oru("A2"))
    running.stop()


def test_names_that_are_invented_fill_no_memory_and_bounds_are_inclusive(database: Database) -> None:
    times = AnswerTimes(database)
    for number in range(1000):
        times.note(Sender("default", f"S{number}"), ANSWER_BOUNDS[0])
    times.note(Sender("default", "S0"), 31.0)
    times.note(None, 1.0)
    kept = times._counts
    assert len(kept) == answer_times.MOST
    assert (kept[Sender("default", "S0")][0], kept[Sender("default", "S0")][-1]) == (1, 1)


def test_what_is_older_than_two_hours_goes(listen: Listen, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO answer_time (minute, sender, counts) VALUES (now() - interval '3 hours', 'OLD', '{1}')")
        )
    running = listen()
    with running.peer() as peer:
        peer.ask(oru("A1"))
    running.stop()
    assert counted(engine) == {"RIS^NORTHSIDE": 1}
