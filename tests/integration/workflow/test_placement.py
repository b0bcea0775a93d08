"""Records take their place among the versions of their report; what follows from that stands in the database."""

from typing import Any

from pydantic import AnyHttpUrl
from sqlalchemy import Connection, Engine, select, update

from integration.canonical import Report, ReportStatus
from integration.hl7v2.mllp import whole
from integration.hl7v2.report import read_reports
from integration.hl7v2.senders import SenderMap
from services.settings import Fhir, Queue, Settings
from services.store import jobs, reports
from services.store.tables import delivery, job, notice, report, report_version, review, suggestion
from services.workflow.analysis import ask, store
from services.workflow.placement import place, release, retract_held
from services.workflow.readers import readers
from services.workflow.receive import Arrival
from tests.messages import oru
from tests.receiving import receive

SETTINGS = Settings(fhir=Fhir(url=AnyHttpUrl("http://fhir.test/")))
READERS = readers(SETTINGS)


def take(engine: Engine, body: bytes) -> None:
    """One message, received and placed."""
    (record,) = read_reports(body, "default", SenderMap()).reports
    take_record(engine, record, body)


def take_record(engine: Engine, record: Report, body: bytes) -> None:
    with engine.begin() as connection:
        (received,) = receive(connection, [Arrival(whole(body))], SETTINGS.mllp)
        place(connection, received.message_id, record, SETTINGS)


def read_all(engine: Engine) -> None:
    """Every analysis job that is ready, done."""
    while (asked := claimed(engine)) is not None:
        with engine.begin() as connection:
            question = ask(connection, asked, READERS)
        if question:
            reading = READERS.rules.read(question.question)
            with engine.begin() as connection:
                store(connection, question, reading, reading, SETTINGS)


def claimed(engine: Engine) -> Any:
    with engine.begin() as connection:
        where = (job.c.kind == "analysis", job.c.state == "ready")
        first = connection.scalar(select(job.c.id).where(*where).order_by(job.c.id).limit(1))
        return jobs.claim(connection, first, "test", Queue()) if first else None


def states(engine: Engine) -> list[tuple[str, str]]:
    """(version state, first words of its text), in the order they were made."""
    with engine.connect() as connection:
        rows = connection.execute(select(report_version.c.state, report_version.c.text).order_by(report_version.c.id))
        return [(state, text[:10]) for state, text in rows]


def column(engine: Engine, selected: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(selected).scalars())


def test_a_change_of_status_alone_causes_no_new_reading(engine: Engine) -> None:
    take(engine, oru("A", control_id="1"))
    read_all(engine)
    take(engine, oru("A", control_id="2", status="C", time="20260914120000"))
    assert column(engine, select(job.c.state).where(job.c.kind == "analysis")) == ["done"]
    assert column(engine, select(report_version.c.status)) == ["corrected"]


def test_until_the_correction_is_read_the_old_suggestions_stay_and_then_are_withdrawn(engine: Engine) -> None:
    take(engine, oru("A", control_id="1"))
    read_all(engine)
    take(engine, oru("A", "Left pneumothorax.", control_id="2", status="C", time="20260914120000"))
    assert [state for state, _ in states(engine)] == ["superseded", "superseding"]
    assert column(engine, select(suggestion.c.state)) == ["proposed"]
    read_all(engine)
    assert [state for state, _ in states(engine)] == ["superseded", "current"]
    assert column(engine, select(suggestion.c.state).order_by(suggestion.c.id)) == ["withdrawn", "proposed"]
    assert column(engine, select(delivery.c.kind).order_by(delivery.c.id)) == ["proposed", "withdrawn", "proposed"]


def test_a_correction_after_sign_follows_the_delivery_of_what_was_signed_and_reopens_the_review(engine: Engine) -> None:
    take(engine, oru("A", control_id="1"))
    read_all(engine)
    with engine.begin() as connection:
        sign(connection)
    take(engine, oru("A", "Left pneumothorax.", control_id="2", status="C", time="20260914120000"))
    assert column(engine, select(delivery.c.state).where(delivery.c.kind == "signed")) == ["pending"]
    read_all(engine)
    assert column(engine, select(review.c.state)) == ["reopened"]
    assert column(engine, select(delivery.c.kind).order_by(delivery.c.id))[-1] == "proposed"


def sign(connection: Connection) -> None:
    """What signing leaves behind, as far as placement looks at it."""
    connection.execute(update(review).values(state="signed"))
    connection.execute(update(suggestion).values(state="approved"))
    version = reports.current_version(connection, connection.scalar(select(report.c.id)))
    assert version is not None
    values = {"report_id": version.report_id, "version_id": version.id, "destination": "default"}
    connection.execute(delivery.insert().values(kind="signed", **values))


def test_a_retraction_withdraws_what_was_proposed_and_tells_a_person(engine: Engine) -> None:
    body = oru("A", control_id="1")
    take(engine, body)
    read_all(engine)
    (record,) = read_reports(body, "default", SenderMap()).reports
    taken_back = record.model_copy(update={"status": ReportStatus.ENTERED_IN_ERROR, "text": ""})
    take_record(engine, taken_back, oru("A", control_id="2", time="20260914120000"))
    assert [state for state, _ in states(engine)] == ["retracted"]
    assert column(engine, select(suggestion.c.state)) == ["withdrawn"]
    assert column(engine, select(review.c.state)) == ["cancelled"]
    assert column(engine, select(notice.c.kind)) == ["retracted"]
    assert column(engine, select(delivery.c.kind).order_by(delivery.c.id)) == ["proposed", "retracted"]


def test_a_cancellation_after_a_final_report_waits_for_a_person(engine: Engine) -> None:
    take(engine, oru("A", control_id="1"))
    read_all(engine)
    take(engine, oru("A", control_id="2", status="X", time="20260914120000"))
    assert [state for state, _ in states(engine)] == ["current"]
    assert column(engine, select(notice.c.kind)) == ["held"]


def test_a_known_order_with_another_patient_is_held_and_supersedes_nothing(engine: Engine) -> None:
    take(engine, oru("A", control_id="1", patient="ONE"))
    take(engine, oru("A", "Other text.", control_id="2", patient="TWO", time="20260914120000"))
    assert [state for state, _ in states(engine)] == ["current"]
    assert [bool(held) for held in column(engine, select(report.c.held).order_by(report.c.id))] == [False, True]


def test_the_same_text_with_other_line_ends_keeps_the_text_its_quotes_point_into(engine: Engine) -> None:
    take(engine, oru("A", "There is a small right", "pleural effusion.", control_id="1"))
    before = states(engine)
    take(engine, oru("A", "There is a small right pleural effusion.", control_id="2", time="20260914120000"))
    assert states(engine) == before


def test_a_preliminary_report_is_stored_and_not_read(engine: Engine) -> None:
    take(engine, oru("A", status="P"))
    assert [state for state, _ in states(engine)] == ["current"]
    assert column(engine, select(job.c.id).where(job.c.kind == "analysis")) == []


def decide(engine: Engine, change: Any) -> bool:
    """An operator's decision on the held report."""
    with engine.begin() as connection:
        held = connection.scalar(select(report.c.id).where(report.c.held != "")) or 0
        return bool(change(connection, held, SETTINGS)) if held else False


def test_a_held_report_let_go_is_read_and_its_corrections_are_not_held_again(engine: Engine) -> None:
    take(engine, oru("A", control_id="1", patient="ONE"))
    take(engine, oru("A", "Other text.", control_id="2", patient="TWO", time="20260914120000"))
    assert decide(engine, release)
    assert [state for state, _ in states(engine)] == ["current", "current"]
    assert column(engine, select(notice.c.id).where(notice.c.cleared_at.is_(None))) == []
    take(engine, oru("A", "Corrected.", control_id="3", patient="TWO", status="C", time="20260914130000"))
    assert column(engine, select(report.c.held).where(report.c.held != "")) == []
    assert [state for state, _ in states(engine)] == ["current", "superseded", "current"]
    assert not decide(engine, release)


def test_a_cancelled_report_let_go_stands_and_one_retracted_is_taken_back(engine: Engine) -> None:
    for change, left in ((release, "current"), (retract_held, "retracted")):
        number = left[:2]
        take(engine, oru(number, control_id=f"1{number}"))
        read_all(engine)
        take(engine, oru(number, control_id=f"2{number}", status="X", time="20260914120000"))
        assert decide(engine, change)
        assert states(engine)[-1][0] == left
    assert column(engine, select(review.c.state).order_by(review.c.id)) == ["open", "cancelled"]
