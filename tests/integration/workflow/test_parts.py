"""A message in parts is held until it is whole; training is kept apart; what stands beside a text is kept with it."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Engine, select, update

from integration.canonical import Processing
from integration.hl7v2.continuation import Tie
from integration.hl7v2.senders import SenderMap, Senders
from services.settings import Fhir, Mllp, Queue, Settings
from services.store import jobs
from services.store.clock import NOW
from services.store.tables import delivery, job, message, report, report_version
from services.workflow.context import Site, systems
from services.workflow.intake import Parts, as_whole, opened, take_in
from tests.integration.workflow.test_intake import opened_wholly, outcomes, store, work

PID = "PID|1||P1^^^NORTHSIDE^MR||TESTCASE^ANY\r"
OBR = "OBR|1||F1^RIS|XR1^CHEST^L|||20260914100000|||||||||||A1||||20260914110000||DX|F\r"


def part(number: int, text: str, continues: str = "", goes_on: str = "", head: bool = True) -> bytes:
    msh = f"MSH|^~\\&|RIS|NORTHSIDE|CS|CS|2026091411000{number}||ORU^R01|M{number}|P|2.5.1||{continues}\r"
    dsc = f"DSC|{goes_on}|F\r" if goes_on else ""
    return f"{msh}{PID + OBR if head else ''}{text}\r{dsc}".encode()


def texts(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(report_version.c.text).order_by(report_version.c.id)))


THREE = [
    part(1, "OBX|1|TX|||The heart is normal.||||||F", goes_on="C1"),
    part(2, "OBX|2|TX|||There is a large left pneu", continues="C1", goes_on="C2"),
    part(3, "ADD|mothorax.||||||F", continues="C2", head=False),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_parts_in_any_order_become_one_report(engine: Engine, order: tuple[int, ...]) -> None:
    for place in order[:-1]:
        store(engine, THREE[place])
        work(engine)
        assert texts(engine) == [] and {state for _, state, _ in outcomes(engine)} == {"queued"}
    store(engine, THREE[order[-1]])
    work(engine)
    assert texts(engine) == ["The heart is normal.\nThere is a large left pneumothorax."]
    assert {state for _, state, _ in outcomes(engine)} == {"done"}
    with engine.connect() as connection:
        assert set(connection.scalars(select(job.c.state).where(job.c.kind == "intake"))) == {"done"}


def test_a_part_whose_rest_does_not_come_is_quarantined_and_joins_it_when_it_comes_late(engine: Engine) -> None:
    store(engine, THREE[0], THREE[1])
    work(engine)
    with engine.begin() as connection:
        assert jobs.counts(connection) == []
        past = {"created_at": NOW - timedelta(seconds=1000), "not_before": NOW, "state": "ready"}
        connection.execute(update(job).values(**past))
    work(engine)
    assert [state for _, state, _ in outcomes(engine)] == ["quarantined", "quarantined"]
    assert all("REST_TIMEOUT" in reason for _, _, reason in outcomes(engine))
    store(engine, THREE[2])
    work(engine)
    assert len(texts(engine)) == 1 and {state for _, state, _ in outcomes(engine)} == {"done"}


def test_a_pointer_used_again_joins_no_older_message(engine: Engine) -> None:
    store(engine, *THREE)
    work(engine)
    other = part(4, "OBX|1|TX|||Another start.||||||F", goes_on="C1")
    store(engine, other.replace(b"|A1|", b"|A2|").replace(b"F1^RIS", b"F2^RIS"))
    work(engine)
    assert outcomes(engine)[-1][1] == "queued" and len(texts(engine)) == 1


def test_parts_of_another_sender_are_not_taken_for_ours(engine: Engine) -> None:
    store(engine, THREE[0], THREE[1].replace(b"|RIS|NORTHSIDE|", b"|RIS|SOUTH|"), THREE[2])
    work(engine)
    assert texts(engine) == [] and {state for _, state, _ in outcomes(engine)} == {"queued"}


def test_what_stands_beside_the_text_is_named_on_the_message_and_said_on_the_version(engine: Engine) -> None:
    store(engine, part(1, "OBX|1|TX|||Clear.||||||F\rNTE|1||Small effusion on review.\rZZZ|1"))
    work(engine)
    with engine.connect() as connection:
        notes = connection.scalar(select(message.c.notes))
        record = connection.scalar(select(report_version.c.record))
    assert notes == ["NTE 1 behind OBX 1", "not read: ZZZ"]
    assert record is not None
    assert record["notes"] == ["NTE 1 behind OBX 1: Small effusion on review."]


def training(body: bytes) -> bytes:
    return body.replace(b"|P|2.5.1", b"|T|2.5.1")


def test_training_is_a_report_of_its_own_and_nothing_of_it_leaves(engine: Engine) -> None:
    settings = Settings(fhir=Fhir(url=AnyHttpUrl("http://fhir.test/")))
    site = Site(settings, Senders([SenderMap()]), systems(settings))
    real = part(1, "OBX|1|TX|||Clear.||||||F")
    store(engine, real, training(real).replace(b"|M1|", b"|M2|"))
    with engine.begin() as connection:
        for number in connection.scalars(select(job.c.id).order_by(job.c.id)).all():
            claimed = jobs.claim(connection, number, "test", Queue())
            assert claimed is not None
            take_in(connection, claimed, opened_wholly(connection, claimed, site), site)
        marks = connection.scalars(select(report.c.processing).order_by(report.c.id)).all()
        held = connection.scalars(select(report.c.held)).all()
        assert marks == [Processing.PRODUCTION.value, Processing.TRAINING.value] and set(held) == {""}
        assert connection.scalars(select(delivery.c.id)).all() == []


@pytest.mark.parametrize(
    ("processing", "state"),
    [("accept", "done"), ("ignore", "ignored"), ("refuse", "quarantined"), ("production", "done")],
)
def test_the_sender_s_setting_decides_about_training(engine: Engine, processing: str, state: str) -> None:
    store(engine, training(part(1, "OBX|1|TX|||Clear.||||||F")))
    work(engine, Mllp(), SenderMap.model_validate({"processing": processing}))
    assert outcomes(engine)[0][1] == state and "MSH-11" in outcomes(engine)[0][2]


def exam(control_id: str, *orders: tuple[str, str, str], pid3: str = "P1^^^NORTHSIDE^MR") -> bytes:
    """(accession, procedure, text) of each OBR; one without text has no OBX."""
    lines = [
        f"MSH|^~\\&|RIS|NORTHSIDE|CS|CS|2026091411000{control_id}||ORU^R01|L{control_id}|P|2.5.1",
        f"PID|1||{pid3}||T^A",
    ]
    for accession, code, text in orders:
        lines.append(
            f"OBR|1||F{accession}^RIS|{code}^CT {code}^L||||||||||||||{accession}||||2026091411000{control_id}||CT|F"
        )
        lines += [f"OBX|1|TX|||{text}||||||F"] if text else []
    return "\r".join(lines).encode()


def reports_of(engine: Engine) -> list[tuple[str, str]]:
    """(accession, current text) of every report that is not held."""
    with engine.connect() as connection:
        joined = report.join(report_version, report_version.c.report_id == report.c.id)
        query = select(report.c.accession, report_version.c.text).select_from(joined)
        query = query.where(report_version.c.state.in_(("current", "superseding")), report.c.held == "")
        return [(row[0], row[1]) for row in connection.execute(query.order_by(report.c.id))]


def test_a_linked_exam_s_own_number_leads_to_the_report_that_has_its_text(engine: Engine) -> None:
    store(engine, exam("1", ("A1", "HEAD", ""), ("A2", "NECK", "Both normal.")))
    work(engine)
    store(engine, exam("2", ("A1", "HEAD", "Both normal, corrected.")))
    work(engine)
    assert [text for _, text in reports_of(engine)] == ["Both normal, corrected."]
    with engine.connect() as connection:
        query = select(report_version.c.record).where(report_version.c.state.in_(("current", "superseding")))
        record = connection.scalars(query).one()
    assert {each["procedure"]["code"] for each in record["exams"]} == {"HEAD", "NECK"}


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ("T1^^^FICT^MR~E1^^^EPI^PI", "E1^^^EPI^PI~T1^^^FICT^MR", True),
        ("T1^^^FICT^MR", "E1^^^EPI^PI~T1^^^FICT^MR", True),
        ("T1^^^FICT^MR~E1^^^EPI^PI", "E1^^^EPI^PI", True),
        ("T1^^^FICT^MR", "T2^^^FICT^MR", False),
        ("T1^^^FICT^MR", "T1^^^OTHER^MR", False),
        ("T1^^^FICT^MR~V9^^^FICT^VN", "T2^^^FICT^MR~V9^^^FICT^VN", False),
    ],
)
def test_identifiers_in_another_order_are_the_same_patient(engine: Engine, first: str, second: str, one: bool) -> None:
    store(engine, exam("1", ("A1", "HEAD", "First."), pid3=first), exam("2", ("A1", "HEAD", "Second."), pid3=second))
    work(engine)
    with engine.connect() as connection:
        held = connection.scalars(select(report.c.held).order_by(report.c.id)).all()
    assert len(held) == (1 if one else 2) and bool(held[-1]) is not one
    assert reports_of(engine)[0][1] == ("Second." if one else "First.")


def test_parts_that_came_while_the_others_were_opened_are_looked_at_again(engine: Engine) -> None:
    """A pointer used again: what was opened as the whole is not what is there when it is put in its place."""
    store(engine, THREE[0], THREE[1], THREE[2])
    site = Site(Settings(), Senders(()), systems(Settings()))
    with engine.begin() as connection:
        number = connection.scalar(select(job.c.id).order_by(job.c.id.desc()).limit(1))
        claimed = jobs.claim(connection, number, "test", Queue())
        assert claimed is not None
        given = opened(claimed, site)
        tie = given.understood.tie if given.understood else None
        early = as_whole(given, Parts(tie or Tie(), (claimed.intake_of,), (claimed.body,)))
        assert take_in(connection, claimed, early, site).state == "queued"
        assert connection.scalar(select(job.c.state).where(job.c.id == number)) == "waiting"
        connection.execute(update(job).where(job.c.id == number).values(state="ready"))
    work(engine)
    assert texts(engine) == ["The heart is normal.\nThere is a large left pneumothorax."]
    assert {state for _, state, _ in outcomes(engine)} == {"done"}
