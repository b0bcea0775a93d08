"""Reports follow a patient merge, whichever came first, and go back when it is undone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Engine, and_, select, update

from integration.hl7v2.senders import SenderMap, Senders
from services.settings import Fhir, Queue, Settings
from services.store import jobs
from services.store.clock import NOW
from services.store.tables import audit, delivery, job, report, report_version, review
from services.workflow.context import Site, systems
from services.workflow.intake import opened, take_in
from tests.integration.workflow.test_intake import outcomes, store, work
from tests.messages import oru


def adt(event: str, prior: str, surviving: str, control_id: str) -> bytes:
    head = f"MSH|^~\\&|RIS|NORTHSIDE|||20260914120000||ADT^{event}|{control_id}|P|2.5"
    if event == "A37":
        return f"{head}\rPID|1||{prior}^^^NORTHSIDE^MR\rPID|2||{surviving}^^^NORTHSIDE^MR\r".encode()
    return f"{head}\rPID|1||{surviving}^^^NORTHSIDE^MR\rMRG|{prior}^^^NORTHSIDE^MR\r".encode()


def patients(engine: Engine) -> list[tuple[str, str]]:
    """(accession, patient number) of every report that is not held."""
    with engine.connect() as connection:
        query = select(report.c.accession, report.c.patient_id).where(report.c.held == "").order_by(report.c.accession)
        return [(row[0], row[1]) for row in connection.execute(query)]


OF_PRIOR, MERGE = oru("A1", patient="P1", control_id="R1"), adt("A40", "P1", "P2", "M1")


@pytest.mark.parametrize("first", ["report", "merge"])
def test_a_report_stands_under_the_surviving_number_whichever_came_first(engine: Engine, first: str) -> None:
    for body in (OF_PRIOR, MERGE) if first == "report" else (MERGE, OF_PRIOR):
        store(engine, body)
        work(engine)
    assert patients(engine) == [("A1", "P2")]
    with engine.connect() as connection:
        record = connection.scalars(select(report_version.c.record)).one()
        keys = connection.scalars(select(report.c.key)).all()
    assert [each["value"] for each in record["patient"]["identifiers"]] == ["P2", "P1"] and len(keys) == 1
    store(engine, oru("A1", "Corrected.", patient="P2", control_id="R2", status="C", time="20260914130000"))
    work(engine)
    assert patients(engine) == [("A1", "P2")] and all(state == "done" for _, state, _ in outcomes(engine))


def test_chains_are_followed_and_an_undone_merge_gives_back_what_it_took(engine: Engine) -> None:
    store(engine, OF_PRIOR, MERGE, adt("A40", "P2", "P3", "M2"))
    work(engine)
    assert patients(engine) == [("A1", "P3")]
    store(engine, adt("A37", "P1", "P2", "M3"))
    work(engine)
    assert patients(engine) == [("A1", "P1")]
    with engine.connect() as connection:
        actions = connection.scalars(
            select(audit.c.action).where(audit.c.action.like("report.%merge")).order_by(audit.c.id)
        )
        assert actions.all() == ["report.merge", "report.merge", "report.unmerge"]


def test_a_merge_that_contradicts_another_is_left_to_a_person_and_a_repeat_says_so(engine: Engine) -> None:
    store(
        engine,
        OF_PRIOR,
        MERGE,
        adt("A40", "P1", "P9", "M2"),
        adt("A40", "P2", "P1", "M3"),
        adt("A40", "P1", "P2", "M4"),
    )
    work(engine)
    assert patients(engine) == [("A1", "P2")]
    states = {control: (state, reason) for control, state, reason in outcomes(engine)}
    assert states["M2"][0] == states["M3"][0] == "quarantined" and states["M2"][1].startswith("MRG-1")
    assert states["M4"] == ("done", "these numbers were merged, or apart, before")


def test_a_report_held_for_another_patient_joins_once_they_are_one(engine: Engine) -> None:
    store(engine, OF_PRIOR, oru("A1", "Second text.", patient="P2", control_id="R2", time="20260914130000"))
    work(engine)
    with engine.connect() as connection:
        assert [bool(held) for held in connection.scalars(select(report.c.held).order_by(report.c.id))] == [False, True]
    store(engine, MERGE)
    work(engine)
    assert patients(engine) == [("A1", "P2")]
    with engine.connect() as connection:
        query = select(report_version.c.text).where(report_version.c.state.in_(("current", "superseding")))
        assert connection.scalars(query).all() == ["Second text."]


def test_what_was_signed_is_delivered_again(engine: Engine) -> None:
    settings = Settings(fhir=Fhir(url=AnyHttpUrl("http://fhir.test/")))
    site = Site(settings, Senders([SenderMap()]), systems(settings))
    store(engine, OF_PRIOR)
    work(engine)
    with engine.begin() as connection:
        version = connection.scalar(select(report_version.c.id))
        number = connection.scalar(select(report.c.id))
        values = {"site_id": "default", "report_id": number, "version_id": version, "state": "signed", "signed_at": NOW}
        connection.execute(review.insert().values(values))
    store(engine, MERGE)
    with engine.begin() as connection:
        newest = connection.scalar(select(job.c.id).order_by(job.c.id.desc()).limit(1))
        claimed = jobs.claim(connection, newest, "test", Queue())
        assert claimed is not None
        take_in(connection, claimed, opened(claimed, site), site)
        assert connection.execute(select(delivery.c.kind, delivery.c.version_id)).all() == [("signed", version)]
        assert connection.scalar(select(review.c.note)) == "the patient's numbers were merged"
        connection.execute(update(job).values(state="done"))


def at(minute: int, body: bytes) -> bytes:
    """The message as it was said at that minute."""
    return body.replace(b"20260914120000", f"2026091412{minute:02d}00".encode())


def everything(engine: Engine) -> list[tuple[Any, ...]]:
    """What people see of the reports that go on, and what is held, in an order of its own."""
    with engine.connect() as connection:
        counted = report_version.c.state.in_(("current", "superseding"))
        joined = report.outerjoin(report_version, and_(report_version.c.report_id == report.c.id, counted))
        columns = (report.c.accession, report.c.patient_id, report_version.c.text, report.c.held != "")
        return sorted(map(tuple, connection.execute(select(*columns).select_from(joined)).all()), key=repr)


MERGED = [
    oru("A1", "One.", patient="P1", control_id="R1"),
    oru("A2", "Two.", patient="P2", control_id="R2"),
    oru("A3", "Three.", patient="P3", control_id="R3"),
    at(1, adt("A40", "P1", "P2", "M1")),
    at(2, adt("A40", "P2", "P3", "M2")),
    at(3, adt("A37", "P1", "P2", "M3")),
]
MERGED_AGAIN = [*MERGED[:4], at(2, adt("A37", "P1", "P2", "M2")), at(3, adt("A40", "P1", "P2", "M3"))]
TWO_TEXTS = [
    oru("A1", "One.", patient="P1", control_id="R1"),
    oru("A1", "Two.", patient="P2", control_id="R2", time="20260914130000"),
    at(1, adt("A40", "P1", "P2", "M1")),
]
CORRECTED = [
    *TWO_TEXTS[:1],
    at(1, adt("A40", "P1", "P2", "M1")),
    oru("A1", "Corrected.", patient="P2", control_id="R2", status="C", time="20260914130000"),
]


@pytest.mark.parametrize(
    ("sent", "ends"),
    [
        (MERGED, [("A1", "P1", "One.", False), ("A2", "P3", "Two.", False), ("A3", "P3", "Three.", False)]),
        (MERGED_AGAIN, [("A1", "P2", "One.", False), ("A2", "P2", "Two.", False), ("A3", "P3", "Three.", False)]),
        (TWO_TEXTS, [("A1", "P2", "Two.", False)]),
        (CORRECTED, [("A1", "P2", "Corrected.", False)]),
    ],
    ids=["merged and undone", "undone and merged again", "two texts of one order", "corrected"],
)
@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_arrival_decides_nothing(
    engine: Engine, sent: list[bytes], ends: list[tuple[Any, ...]], seed: int
) -> None:
    """What is merged and undone goes by when it was said to happen (EVN-6, EVN-2, MSH-7)."""
    for body in random.Random(seed).sample(sent, len(sent)):
        store(engine, body)
        work(engine)
    assert [each for each in everything(engine) if each[2] is not None] == ends
    assert {state for _, state, _ in outcomes(engine)} == {"done"}


def test_an_undoing_that_comes_before_its_merge_is_remembered(engine: Engine) -> None:
    store(engine, OF_PRIOR, at(9, adt("A37", "P1", "P2", "M2")), MERGE)
    work(engine)
    assert patients(engine) == [("A1", "P1")]
    store(engine, at(10, adt("A40", "P1", "P2", "M3")))
    work(engine)
    assert patients(engine) == [("A1", "P2")]
