"""A server that is away is said once, however many reports and tries it costs, and once when it is back."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Engine
from structlog.testing import capture_logs

from integration.fhir.capability import Capabilities, capabilities
from integration.fhir.client import AsyncClient, Client, Endpoint
from integration.fhir.notification import Hint
from integration.fhir.systems import Systems
from services.processes.subscriber import intake, polling
from services.processes.subscriber.intake import Intake
from services.processes.subscriber.polling import Poller
from services.settings import Database, Fhir, Settings
from services.store.engine import connect_async
from tests.faults.proxy import Proxy
from tests.integration.fhir.servers import Sekmet
from tests.integration.subscriber.conftest import file_report, messages

NOBODY = "http://127.0.0.1:9/fhir"


@pytest.mark.parametrize("away", ["the FHIR server", "PostgreSQL"])
async def test_each_part_says_once_who_does_not_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    for module, pause in ((intake, "RETRY_SECONDS"), (polling, "SPACING_SECONDS")):
        monkeypatch.setattr(module, pause, 0.05)
    if away == "PostgreSQL":
        database = database.model_copy(update={"port": 9, "connect_timeout": 1})
    settings = Settings(database=database, fhir=Fhir(url=AnyHttpUrl(NOBODY), poll_interval=0.05))
    engine, client = connect_async(database), AsyncClient(Endpoint(NOBODY))
    taking = Intake(engine, client, settings, Systems("urn:countersign"))
    for number in range(6):
        taking.hear(Hint("DiagnosticReport", str(number)))
    poller = Poller(engine, client, taking, settings)
    with capture_logs() as logs:
        work = [asyncio.create_task(taking.run()), asyncio.create_task(poller.run(Capabilities("4.0.1")))]
        await asyncio.sleep(2)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    await client.close()
    await engine.dispose()
    said = [one["reason"] for one in logs if one["event"] == "waiting"]
    assert len(said) == 2
    assert all(reason.startswith(f"{away} does not answer") for reason in said)


async def come_true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for is in a log or a database
            await asyncio.sleep(0.02)


def said(logs: list[Any], event: str) -> list[str]:
    return [one["reason"] for one in logs if one["event"] == event]


async def test_postgresql_comes_after_the_subscriber_goes_and_comes_again(
    database: Database, engine: Engine, client: Client, fhir_server: Sekmet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said once each time, however many tries; what was filed meanwhile is taken in."""
    for module, pause in ((intake, "RETRY_SECONDS"), (polling, "SPACING_SECONDS")):
        monkeypatch.setattr(module, pause, 0.05)
    door, url = Proxy(database.port), fhir_server.base_url
    settings = Settings(
        database=database.model_copy(update={"port": door.port}), fhir=Fhir(url=AnyHttpUrl(url), poll_interval=0.05)
    )
    ours = connect_async(settings.database)
    async with AsyncClient(Endpoint(url)) as asking:
        taking = Intake(ours, asking, settings, Systems("urn:countersign"))
        with capture_logs() as logs:
            door.shut()
            found: Capabilities = await asking.run(capabilities())
            polls = asyncio.create_task(Poller(ours, asking, taking, settings).run(found))
            for times in (1, 2):
                filed = file_report(client).reference
                await come_true(lambda times=times: len(said(logs, "waiting")) == times)
                await asyncio.sleep(0.5)
                assert messages(engine, filed) == []
                door.open()
                await come_true(lambda filed=filed: messages(engine, filed) == ["queued"])
                await come_true(lambda times=times: len(said(logs, "resumed")) == times)
                door.shut()
            polls.cancel()
            await asyncio.gather(polls, return_exceptions=True)
    await ours.dispose()
    door.stop()
    assert all(reason.startswith("PostgreSQL does not answer") for reason in said(logs, "waiting"))
