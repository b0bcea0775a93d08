"""What is slow behind us makes us slower, not wrong."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from services.settings import Database
from services.store.tables import job, message
from tests.faults.proxy import Proxy
from tests.listening import Listen
from tests.messages import oru

SLOW = 0.15
MESSAGES = 5


@pytest.mark.parametrize("trickle", [False, True])
def test_a_slow_database_delays_the_answer_and_nothing_else(
    listen: Listen, database: Database, engine: Engine, trickle: bool
) -> None:
    proxy = Proxy(database.port)
    proxy.delay, proxy.trickle = (0.0, True) if trickle else (SLOW, False)
    running = listen(on=database.model_copy(update={"port": proxy.port}))
    with running.peer() as peer:
        answers = [peer.ask(oru(f"SLOW{number}")) for number in range(MESSAGES)]
    running.stop()
    proxy.stop()
    assert all(b"MSA|AA|" in answer for answer in answers)
    with engine.connect() as connection:
        stored = list(connection.execute(select(message.c.control_id).order_by(message.c.id)).scalars())
        assert stored == [f"SLOW{number}" for number in range(MESSAGES)]
        assert len(connection.execute(select(job.c.id)).all()) == MESSAGES
