"""A server that is away is said once, however many reports and tries it costs, and once when it is back."""

import asyncio

import pytest
from pydantic import AnyHttpUrl
from structlog.testing import capture_logs

from integration.fhir.capability import Capabilities
from integration.fhir.client import AsyncClient, Endpoint
from integration.fhir.notification import Hint
from integration.fhir.systems import Systems
from services.settings import Database, Fhir, Settings
from services.store.engine import connect_async
from services.subscriber import intake, polling
from services.subscriber.intake import Intake
from services.subscriber.polling import Poller

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
