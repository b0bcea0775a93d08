"""Polling beside the real FHIR server and the real database: what a server refuses, hides or misdates."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Engine, select

from integration.fhir.capability import Capabilities, capabilities
from integration.fhir.client import AsyncClient, Client, Endpoint
from integration.fhir.exchange import read
from integration.fhir.systems import Json, Systems
from services.processes.subscriber.intake import Intake
from services.processes.subscriber.polling import Poller
from services.settings import Database, Fhir, Settings
from services.store.engine import connect_async
from services.store.tables import notice, subscription
from tests.integration.fhir.servers import Proxy, Sekmet
from tests.integration.subscriber.conftest import file_report, messages
from tests.integration.subscriber.test_parts import understand_all


@asynccontextmanager
async def polling(database: Database, url: str) -> AsyncIterator[tuple[Callable[[], Awaitable[None]], Settings]]:
    """A function that polls once, as the process does."""
    settings = Settings(database=database, fhir=Fhir(url=AnyHttpUrl(url), name=str(uuid.uuid4())))
    engine, systems = connect_async(database), Systems("urn:countersign")
    async with AsyncClient(Endpoint(url)) as client:
        found: Capabilities = await client.run(capabilities())
        poller = Poller(engine, client, Intake(engine, client, settings, systems), settings)
        yield lambda: poller.poll(found), settings
    await engine.dispose()


def watermark(engine: Engine) -> datetime | None:
    with engine.connect() as connection:
        found: datetime | None = connection.scalar(select(subscription.c.watermark))
    return found


def told(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(notice.c.message)).scalars())


async def test_a_page_of_which_nothing_may_be_read_is_looked_at_again_and_a_person_is_told_once(
    fhir_server: Sekmet, client: Client, engine: Engine, database: Database
) -> None:
    filed = file_report(client)
    forbidden = True

    def refuse(method: str, path: str) -> bool:
        return forbidden and path.startswith("/DiagnosticReport/") and "_history" not in path

    with Proxy(fhir_server.base_url, refuse=refuse) as proxy:
        async with polling(database, proxy.base_url) as (poll, _):
            await poll()
            first = watermark(engine)
            await poll()
            assert (messages(engine, filed.reference), watermark(engine)) == ([], first)
            assert len([each for each in told(engine) if "405" in each]) == 1
            forbidden = False
            await poll()
    assert messages(engine, filed.reference) == ["queued"]
    assert (watermark(engine) or datetime.min) > (first or datetime.max)


async def test_a_search_that_is_named_and_refused_gives_way_to_the_next(
    fhir_server: Sekmet, client: Client, engine: Engine, database: Database
) -> None:
    filed = file_report(client)
    with Proxy(fhir_server.base_url, refuse=lambda method, path: "_lastUpdated" in path) as proxy:
        async with polling(database, proxy.base_url) as (poll, _):
            await poll()
        assert any("_history" in path for _, path in proxy.requests)
    assert messages(engine, filed.reference) == ["queued"]


async def test_a_report_dated_in_the_future_hides_none_that_come_before_then(
    fhir_server: Sekmet, client: Client, engine: Engine, database: Database
) -> None:
    def dates_only(statement: Json) -> Json:
        for resource in statement["rest"][0]["resource"]:
            if resource["type"] == "DiagnosticReport":
                resource["searchParam"] = [p for p in resource["searchParam"] if p["name"] != "_lastUpdated"]
                resource["interaction"] = [i for i in resource["interaction"] if "history" not in i["code"]]
        return statement

    file_report(client, issued="2099-01-01T00:00:00Z")
    with Proxy(fhir_server.base_url, change=dates_only) as proxy:
        async with polling(database, proxy.base_url) as (poll, _):
            await poll()
            later = file_report(client, issued=datetime.now(UTC).isoformat(timespec="seconds"))
            await poll()
    assert messages(engine, later.reference) == ["queued"]


@pytest.mark.parametrize("year", ["2099", "8999", "9999"])
async def test_a_server_s_own_clock_is_not_believed_for_years_ahead(
    fhir_server: Sekmet, client: Client, engine: Engine, database: Database, year: str
) -> None:
    """One resource stamped by a broken clock must not hide all that change after it."""

    def stamped(path: str) -> bytes | None:
        if not path.startswith("/DiagnosticReport?"):
            return None
        page = httpx2.get(fhir_server.base_url + path).json()
        for each in page.get("entry") or []:
            if broken in each["fullUrl"]:
                each["resource"]["meta"]["lastUpdated"] = f"{year}-12-31T23:59:59-12:00"
        return json.dumps(page).encode()

    broken = file_report(client).reference
    with Proxy(fhir_server.base_url, instead=stamped) as proxy:
        async with polling(database, proxy.base_url) as (poll, _):
            await poll()
            reached = watermark(engine)
            later = file_report(client)
            await poll()
    assert reached is not None and reached <= datetime.now(UTC)
    assert messages(engine, later.reference) == ["queued"]


async def test_characters_no_text_may_hold_stop_neither_polling_nor_reading(
    fhir_server: Sekmet, client: Client, engine: Engine, database: Database
) -> None:
    filed = file_report(client)
    said = client.run(read(filed.reference))
    said["conclusion"] = "Small effusion.\ud800\x00 No pneumothorax."
    attached = base64.b64encode(b"Small effusion.\x00 No pneumothorax.").decode()
    said["presentedForm"] = [{"contentType": "text/plain", "data": attached}]
    body = json.dumps(said).encode()

    def instead(path: str) -> bytes | None:
        return body if path == f"/{filed.reference}" else None

    with Proxy(fhir_server.base_url, instead=instead) as proxy:
        async with polling(database, proxy.base_url) as (poll, settings):
            await poll()
            understand_all(engine, settings)
    assert messages(engine, filed.reference) == ["done"]


async def test_a_next_link_that_leads_in_a_circle_ends(fhir_server: Sekmet, client: Client, database: Database) -> None:
    file_report(client)
    here = f"{fhir_server.base_url}/DiagnosticReport?round=about"
    empty = {"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": here}]}

    def instead(path: str) -> bytes | None:
        return json.dumps(empty).encode() if path.startswith("/DiagnosticReport?") else None

    with Proxy(fhir_server.base_url, instead=instead) as proxy:
        async with polling(database, proxy.base_url) as (poll, _):
            await poll()
        assert len([path for _, path in proxy.requests if "round=about" in path]) == 1
