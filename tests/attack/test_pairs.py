"""Two patients' reports under one order at the same moment, on two connections, through the same door or both.

One of each pair is held, whichever comes first: 24 pairs here, 500 in `make attack`; ATTACK_PAIRS sets another number.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from sqlalchemy import Engine, func, select

from integration.hl7v2.mllp import whole
from integration.hl7v2.senders import Senders
from services.domain.words import JobKind
from services.settings import Mllp, Queue, Settings
from services.store import jobs
from services.store.integrity import examine
from services.store.tables import job, message, report, report_version
from services.workflow.context import Site, systems
from services.workflow.intake import opened, take_in
from services.workflow.receive import Arrival
from services.workflow.receive_resource import receive_resource
from tests.messages import diagnostic_report, oru
from tests.receiving import receive

PAIRS = int(os.environ.get("ATTACK_PAIRS", "500" if "ATTACK_SECONDS" in os.environ else "24"))
SETTINGS = Settings(mllp=Mllp(), fhir={"authorities": {"NORTHSIDE": "urn:oid:2.999.1.1"}})
SITE = Site(SETTINGS, Senders(()), systems(SETTINGS))
Arrived = Callable[[Engine, str, str], int]


def by_hl7(engine: Engine, order: str, patient: str) -> int:
    return hl7(engine, oru(order, control_id=f"{order}{patient}", patient=patient))


def by_filler(engine: Engine, order: str, patient: str) -> int:
    """Without an accession number: the filler's is all that ties it to the others."""
    body = oru(order, control_id=f"{order}{patient}-", patient=patient)
    return hl7(engine, body.replace(f"|||||||||||{order}|".encode(), b"||||||||||||"))


def hl7(engine: Engine, body: bytes) -> int:
    with engine.begin() as connection:
        return receive(connection, [Arrival(whole(body))], Mllp())[0].message_id


def by_fhir(engine: Engine, order: str, patient: str) -> int:
    person, found = (each["resource"] for each in diagnostic_report(order, patient=patient)["entry"])
    person["id"], found["id"] = f"{order}{patient}", f"{order}{patient}"
    found |= {"meta": {"versionId": "1"}, "subject": {"reference": f"Patient/{order}{patient}"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": found}, {"resource": person}]}
    with engine.begin() as connection:
        receive_resource(connection, bundle, "ehr", "default", SITE.systems)
        return int(connection.scalar(select(func.max(message.c.id))) or 0)


KINDS: list[tuple[Arrived, Arrived]] = [
    *product((by_hl7, by_fhir), repeat=2),
    (by_hl7, by_filler),
    (by_filler, by_hl7),
    (by_filler, by_filler),
]


def take(engine: Engine, number: int, together: threading.Barrier) -> None:
    """Takes a message in as a worker does, at the same moment as the other one."""
    with engine.begin() as connection:
        claimed = jobs.claim(connection, number, "test", Queue())
    assert claimed is not None
    given = opened(claimed, SITE)
    with engine.begin() as connection:
        connection.execute(select(1))
        together.wait(30)
        take_in(connection, claimed, given, SITE)


def pairs(engine: Engine) -> Iterator[tuple[int, int]]:
    """The intake jobs of each pair."""
    for number in range(PAIRS):
        one, two = KINDS[number % len(KINDS)]
        ids = [one(engine, f"A{number}", "ONE"), two(engine, f"A{number}", "TWO")]
        asked = select(job.c.id).where(job.c.message_id.in_(ids), job.c.kind == JobKind.INTAKE).order_by(job.c.id)
        with engine.connect() as connection:
            first, second = connection.scalars(asked)
        yield (first, second) if number // len(KINDS) % 2 else (second, first)


@pytest.mark.timeout(3600)
def test_of_two_patients_under_one_order_one_is_held(engine: Engine) -> None:
    with ThreadPoolExecutor(2) as threads:
        for found in pairs(engine):
            together = threading.Barrier(2)
            for done in [threads.submit(take, engine, number, together) for number in found]:
                done.result(60)
    with engine.connect() as connection:
        held = connection.scalar(select(func.count()).where(report.c.held != ""))
        shown = connection.scalar(select(func.count()).select_from(report_version))
        wrong = {check.what: check.wrong for check in examine(connection) if check.wrong}
    assert (held, shown) == (PAIRS, PAIRS)
    assert "patients" not in wrong
