"""A real sender that is killed whenever it carries one event: that one dies, and what was beside it is told."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import Any

from sqlalchemy import Engine, select

from services.settings import Database, Queue
from services.store import deliveries
from services.store.tables import delivery, notice, report_version
from tests import seeding
from tests.databases import environment
from tests.system import eventually
from tests.webhook_receiver import Call, receiver

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
EVENTS = 12


def fill(engine: Engine) -> list[int]:
    """An event of each of a few reports; their deliveries."""
    with engine.begin() as connection:
        for _ in range(EVENTS):
            seeding.put(connection, seeding.Exam())
        return [
            deliveries.add(
                connection,
                kind="webhook",
                destination="pager",
                detail={"event": "report.signed"},
                report_id=row.report_id,
                version_id=row.id,
            )
            for row in connection.execute(select(report_version)).all()
        ]


def states(engine: Engine) -> dict[int, str]:
    with engine.connect() as connection:
        return {row.id: row.state for row in connection.execute(select(delivery))}


def start(database: Database, url: str) -> subprocess.Popen[bytes]:
    where = {
        **environment(database),
        "PAGER_SECRET": SECRET,
        "COUNTERSIGN_WEBHOOKS": json.dumps({"pager": {"url": url, "secret_env": "PAGER_SECRET"}}),
        "COUNTERSIGN_QUEUE__LEASE": "3",
        "COUNTERSIGN_QUEUE__RENEW": "0.5",
    }
    return subprocess.Popen([sys.executable, "-m", "services.cli", "sender"], env=os.environ | where)


def test_an_event_that_ends_its_sender_each_time_dies_and_those_beside_it_are_told(
    engine: Engine, database: Database
) -> None:
    numbers = fill(engine)
    poison, senders, deaths = numbers[2], list[subprocess.Popen[bytes]](), 0
    told = set[int]()

    def heard(call: Call) -> None:
        number = json.loads(call.body)["data"]["delivery_id"]
        if number == poison:
            senders[-1].kill()
        told.add(number)

    def settled() -> bool:
        return "pending" not in states(engine).values()

    def has_ended(sender: subprocess.Popen[Any]) -> bool:
        return sender.poll() is not None or settled()

    with receiver() as pager:
        pager.heard = heard
        while not settled():
            senders.append(start(database, pager.url))
            try:
                eventually(lambda: has_ended(senders[-1]), 120, "it is killed, or all is settled")
                deaths += senders[-1].poll() is not None
            finally:
                senders[-1].kill()
                senders[-1].wait(20)
    assert deaths == Queue().max_lost + 1
    assert states(engine) == {number: "dead" if number == poison else "sent" for number in numbers}
    assert told == set(numbers)
    with engine.connect() as connection:
        (said,) = connection.execute(select(notice.c.message)).scalars()
    assert said.startswith(f"delivery {poison}: its lease ran out {deaths} times in a row")
