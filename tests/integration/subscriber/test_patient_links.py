"""Patients that a FHIR server says are one: their reports stand under the surviving number, and go back when not."""

from __future__ import annotations

import uuid
from itertools import permutations

import pytest
from sqlalchemy import Engine, select

from integration.fhir.client import Client
from integration.fhir.exchange import create, read, update
from integration.fhir.notification import Hint
from integration.fhir.systems import Json
from services.store.tables import message, report
from tests.integration.subscriber.conftest import file_report
from tests.integration.subscriber.test_parts import House, house, understand_all

__all__ = ["house"]


def a_patient(client: Client, *numbers: str, **more: object) -> str:
    named = [{"system": "urn:mrn", "value": number, "use": "usual"} for number in numbers]
    return client.run(create({"resourceType": "Patient", "identifier": named, **more})).reference


def link(client: Client, one: str, kind: str, other: str) -> None:
    patient = client.run(read(one))
    links = [{"other": {"reference": other}, "type": kind}] if kind else []
    changed = {key: value for key, value in patient.items() if key != "link"} | ({"link": links} if links else {})
    client.run(update(changed, str(patient["meta"]["versionId"])))


def numbers(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(select(report.c.patient_id).where(report.c.held == "")))


def states(engine: Engine, kind: str = "Patient") -> list[tuple[str, str]]:
    with engine.connect() as connection:
        query = select(message.c.state, message.c.reason).where(message.c.message_type == kind).order_by(message.c.id)
        return [(row[0], row[1]) for row in connection.execute(query)]


async def taken_in(house: House, engine: Engine, *references: str) -> None:
    """Each resource, and whatever is heard of with it, understood at once."""
    for reference in references:
        await house.intake.take_in(Hint(*reference.split("/")))
        while not house.intake._waiting.empty():
            await house.intake.take_in(house.intake._waiting.get_nowait())
        house.intake._queued.clear()
        understand_all(engine, house.settings)


@pytest.mark.parametrize("kind", ["replaced-by", "replaces"])
@pytest.mark.parametrize("order", list(permutations(range(2))))
async def test_a_report_stands_under_the_surviving_number_whichever_is_heard_of_first(
    house: House, client: Client, engine: Engine, kind: str, order: tuple[int, ...]
) -> None:
    prior, surviving = str(uuid.uuid4()), str(uuid.uuid4())
    one, other = a_patient(client, prior), a_patient(client, surviving)
    filed = file_report(client, subject={"reference": one}).reference
    linked, to = (one, other) if kind == "replaced-by" else (other, one)
    if order == (0, 1):
        await taken_in(house, engine, filed)
        assert numbers(engine) == [prior]
    link(client, linked, kind, to)
    await taken_in(house, engine, *[(filed, linked)[place] for place in order])
    assert numbers(engine) == [surviving]
    assert {state for state, _ in states(engine)} == {"done"}


async def test_a_link_that_is_taken_away_undoes_the_merge(house: House, client: Client, engine: Engine) -> None:
    prior, surviving = str(uuid.uuid4()), str(uuid.uuid4())
    one, other = a_patient(client, prior), a_patient(client, surviving)
    filed = file_report(client, subject={"reference": one}).reference
    link(client, one, "replaced-by", other)
    await taken_in(house, engine, filed)
    assert numbers(engine) == [surviving]
    link(client, one, "", "")
    await taken_in(house, engine, one)
    assert numbers(engine) == [prior]


async def test_a_number_kept_as_old_by_the_one_that_survives_is_not_taken_for_its_own(
    house: House, client: Client, engine: Engine
) -> None:
    """HAPI's $merge copies the numbers of the other record with use `old`."""
    prior, surviving = str(uuid.uuid4()), str(uuid.uuid4())
    one = a_patient(client, prior, active=False)
    kept: list[Json] = [
        {"system": "urn:mrn", "value": surviving},
        {"system": "urn:mrn", "value": prior, "use": "old"},
    ]
    other = client.run(create({"resourceType": "Patient", "identifier": kept})).reference
    filed = file_report(client, subject={"reference": one}).reference
    link(client, one, "replaced-by", other)
    await taken_in(house, engine, filed)
    assert numbers(engine) == [surviving]


@pytest.mark.parametrize("kind", ["refer", "seealso", ""])
async def test_who_is_not_one_with_anybody_is_no_message(
    house: House, client: Client, engine: Engine, kind: str
) -> None:
    one, other = a_patient(client, "1" + str(uuid.uuid4())), a_patient(client, "2" + str(uuid.uuid4()))
    if kind:
        link(client, one, kind, other)
    await taken_in(house, engine, file_report(client, subject={"reference": one}).reference, one, other)
    assert states(engine) == [] and states(engine, "DiagnosticReport") != []


async def test_a_link_to_nobody_we_may_read_is_left_to_a_person(house: House, client: Client, engine: Engine) -> None:
    one = a_patient(client, str(uuid.uuid4()))
    link(client, one, "replaced-by", "https://elsewhere.example/fhir/Patient/1")
    await taken_in(house, engine, one)
    ((state, reason),) = states(engine)
    assert state == "quarantined" and reason.startswith("Patient.link[0].other: found a reference to what we may not")
