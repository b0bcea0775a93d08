"""The alerts' counters move when what they are about happens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine, select, update

from integration.hl7v2.mllp import whole
from services.dispatch.lease_keeper import Lessee
from services.processes.relay.main import measure
from services.settings import Settings
from services.store.tables import job, review
from services.workflow.context import site
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from services.workflow.run import Runner
from tests import seeding
from tests.messages import oru
from tests.receiving import receive

SETTINGS = Settings()


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def worker_reads(engine: Engine, body: bytes) -> None:
    runner = Runner(engine, Lessee(engine, SETTINGS.queue), site(SETTINGS), readers(SETTINGS))
    with engine.begin() as connection:
        receive(connection, [Arrival(whole(body))], SETTINGS.mllp)
    with engine.connect() as connection:
        (number,) = connection.scalars(select(job.c.id).where(job.c.kind == "intake"))
    runner.run(number)


NAMELESS = oru("M1").replace(b"PM1^^^NORTHSIDE^MR", b"")


@pytest.mark.parametrize(("body", "outcome"), [(oru("M1"), "done"), (NAMELESS, "quarantined")])
def test_what_became_of_a_message_is_counted(engine: Engine, body: bytes, outcome: str) -> None:
    before = counted("countersign_messages_total", outcome=outcome)
    worker_reads(engine, body)
    assert counted("countersign_messages_total", outcome=outcome) == before + 1


def test_reviews_that_wait_are_counted_with_the_age_of_the_oldest(engine: Engine) -> None:
    with engine.begin() as connection:
        seeding.put(connection)
        (number,) = connection.scalars(select(review.c.id))
        old = review.c.created_at - timedelta(hours=2)
        connection.execute(update(review).where(review.c.id == number).values(created_at=old, priority=0))
        seeding.put(connection)
        measure(connection, SETTINGS.queue)
    assert counted("countersign_reviews", state="open") == 2
    assert counted("countersign_oldest_review_age_seconds", priority="0") >= 7200
    assert counted("countersign_oldest_review_age_seconds", priority="2") < 7200
