"""The subscriber's parts, each beside the real FHIR server and the real database."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import pytest
from pydantic import AnyHttpUrl
from sqlalchemy import Engine, Row, Table, select

from integration.fhir.capability import Capabilities, capabilities
from integration.fhir.client import AsyncClient, Client, Endpoint
from integration.fhir.exchange import create, delete, read, search_all, update
from integration.fhir.notification import Hint, Kind, Notification
from integration.fhir.reread import reread
from integration.fhir.subscription import SECRET_HEADER, rest_hook, topic
from integration.fhir.systems import Json, Systems
from services.processes.subscriber.events import Events
from services.processes.subscriber.intake import Intake
from services.processes.subscriber.notifications import PATH, make_app
from services.processes.subscriber.registration import Keeper, choices
from services.settings import Database, Fhir, Settings
from services.store import jobs
from services.store.engine import connect_async
from services.store.tables import job, notice, report_version
from services.workflow import states
from services.workflow.context import site as make_site
from services.workflow.intake import opened, take_in
from tests.integration.fhir.servers import Proxy, Sekmet
from tests.integration.subscriber.conftest import SECRET, file_report, messages

SYSTEMS = Systems("urn:countersign")


class House:
    """Intake, event numbers and the endpoint, wired as the process wires them."""

    def __init__(self, database: Database, url: str, recover: bool = False) -> None:
        self.settings = Settings(database=database, fhir=Fhir(url=AnyHttpUrl(url), name=str(uuid.uuid4())))
        self.client = AsyncClient(Endpoint(url))
        self.engine = connect_async(database)
        self.polls = 0
        self.intake = Intake(self.engine, self.client, self.settings, SYSTEMS)
        self.events = Events(self.client, self.intake, self.poll, number=None, recover=recover)
        app = make_app(self.intake, self.events, SECRET, self.poll)
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://us")

    def poll(self) -> None:
        self.polls += 1

    async def notify(self, body: Json) -> int:
        answer = await self.http.post(PATH, json=body, headers={SECRET_HEADER: SECRET})
        return answer.status_code

    def waiting(self) -> list[str]:
        return sorted(hint.reference for hint in self.intake._queued)

    async def close(self) -> None:
        await self.http.aclose()
        await self.client.close()
        await self.engine.dispose()


@pytest.fixture
async def house(database: Database, fhir_server: Sekmet) -> AsyncIterator[House]:
    made = House(database, fhir_server.base_url)
    yield made
    await made.close()


def event(number: int, focus: str = "", kind: str = "event-notification") -> Json:
    status: Json = {
        "resourceType": "SubscriptionStatus",
        "type": kind,
        "eventsSinceSubscriptionStart": str(number),
        "subscription": {"reference": "Subscription/1"},
    }
    if focus:
        status["notificationEvent"] = [{"eventNumber": str(number), "focus": {"reference": focus}}]
    return {"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}


async def test_numbers_in_order_ask_nothing_more_of_the_server(house: House) -> None:
    await house.notify(event(1, "DiagnosticReport/a"))
    before = house.polls
    await house.notify(event(2, "DiagnosticReport/b"))
    await house.notify(event(2, kind="heartbeat"))
    assert (house.polls, house.events.gaps) == (before, 0)
    assert house.waiting() == ["DiagnosticReport/a", "DiagnosticReport/b"]


async def test_a_missing_number_makes_it_poll_where_there_is_no_events_operation(house: House) -> None:
    await house.notify(event(1, "DiagnosticReport/a"))
    before = house.polls
    await house.notify(event(5, "DiagnosticReport/e"))
    assert (house.polls, house.events.gaps) == (before + 1, 1)


async def test_a_heartbeat_with_a_higher_count_is_a_gap_too(house: House) -> None:
    await house.notify(event(1, "DiagnosticReport/a"))
    before = house.polls
    await house.notify(event(3, kind="heartbeat"))
    assert (house.polls, house.events.number) == (before + 1, 3)


async def test_missing_events_are_fetched_by_the_events_operation(database: Database, fhir_server: Sekmet) -> None:
    """The answer has the form of the Backport guide's $events example; no server at hand offers it."""
    missed = event(2, "DiagnosticReport/missed", kind="query-event")

    def answer(path: str) -> bytes | None:
        return json.dumps(missed).encode() if path.startswith("/Subscription/1/$events") else None

    with Proxy(fhir_server.base_url, instead=answer) as proxy:
        house = House(database, proxy.base_url, recover=True)
        await house.notify(event(1, "DiagnosticReport/a"))
        before = house.polls
        await house.notify(event(3, "DiagnosticReport/c"))
        await house.close()
    asked = [path for _, path in proxy.requests if "$events" in path]
    assert asked == ["/Subscription/1/$events?eventsSinceNumber=2&eventsUntilNumber=2"]
    assert house.waiting() == ["DiagnosticReport/a", "DiagnosticReport/c", "DiagnosticReport/missed"]
    assert house.polls == before


async def test_an_events_operation_that_gives_less_than_was_asked_for_is_followed_by_polling(
    database: Database, fhir_server: Sekmet
) -> None:
    some = json.dumps(event(2, "DiagnosticReport/b", kind="query-event")).encode()
    with Proxy(fhir_server.base_url, instead=lambda path: some if "$events" in path else None) as proxy:
        house = House(database, proxy.base_url, recover=True)
        await house.notify(event(1, "DiagnosticReport/a"))
        before = house.polls
        await house.notify(event(4, "DiagnosticReport/d"))
        await house.close()
    assert "DiagnosticReport/b" in house.waiting()
    assert house.polls == before + 1


async def test_an_events_operation_that_fails_is_followed_by_polling(database: Database, fhir_server: Sekmet) -> None:
    house = House(database, fhir_server.base_url, recover=True)
    await house.events.hear(Notification(Kind.EVENTS, numbers=(1,), count=1))
    before = house.polls
    await house.events.hear(Notification(Kind.EVENTS, subscription="Subscription/1", numbers=(9,), count=9))
    assert house.polls == before + 1
    await house.close()


async def test_a_storm_of_one_hint_waits_once_and_a_full_queue_says_so(house: House) -> None:
    for _ in range(50):
        await house.notify(event(1, "DiagnosticReport/a"))
    assert house.waiting() == ["DiagnosticReport/a"]


async def test_who_does_not_know_the_secret_is_not_listened_to(house: House) -> None:
    for headers in ({}, {SECRET_HEADER: "a guess"}):
        answer = await house.http.put(f"{PATH}/DiagnosticReport/a", headers=headers)
        assert answer.status_code == 403
    assert house.waiting() == []


async def test_an_empty_post_makes_it_look(house: House) -> None:
    answer = await house.http.post(PATH, headers={SECRET_HEADER: SECRET})
    assert (answer.status_code, house.polls) == (200, 1)


async def test_each_version_is_taken_in_once_however_often_it_is_announced(
    house: House, client: Client, engine: Engine
) -> None:
    filed = file_report(client)
    resource = client.run(read(filed.reference))
    hint = Hint("DiagnosticReport", resource["id"], "1")
    taken = [await house.intake.take_in(hint) for _ in range(19)]
    client.run(update({**resource, "status": "corrected"}, "1"))
    taken.append(await house.intake.take_in(Hint("DiagnosticReport", resource["id"])))
    assert taken == ["queued", *["repeated"] * 18, "queued"]
    assert messages(engine, filed.reference) == ["queued", "queued"]


async def test_two_workers_at_once_store_a_version_once(house: House, client: Client, engine: Engine) -> None:
    filed = file_report(client)
    hint = Hint("DiagnosticReport", filed.reference.partition("/")[2])
    await asyncio.gather(*(house.intake.take_in(hint) for _ in range(5)))
    assert messages(engine, filed.reference) == ["queued"]


async def test_a_report_that_was_never_there_is_no_error(house: House) -> None:
    assert await house.intake.take_in(Hint("DiagnosticReport", "never-there")) == "gone"


async def test_a_deleted_report_is_taken_back_once_and_a_person_is_told(
    house: House, client: Client, engine: Engine
) -> None:
    filed = file_report(client)
    hint = Hint("DiagnosticReport", filed.reference.partition("/")[2])
    assert await house.intake.take_in(hint) == "queued"
    understand_all(engine, house.settings)
    client.run(delete(filed.reference))
    assert [await house.intake.take_in(hint) for _ in range(3)] == ["queued", "repeated", "repeated"]
    understand_all(engine, house.settings)
    assert [row.state for row in rows(engine, report_version)] == ["retracted"]
    assert messages(engine, filed.reference) == ["done", "done"]


async def test_a_deleted_copy_of_a_report_another_source_stands_by_takes_nothing_back(
    house: House, client: Client, engine: Engine
) -> None:
    number = {"system": "urn:ris", "value": str(uuid.uuid4())}
    one = file_report(client, identifier=[number])
    subject = client.run(read(one.reference))["subject"]
    two = file_report(client, identifier=[number], subject=subject, conclusion="Small left effusion.")
    for each in (one, two):
        await house.intake.take_in(Hint("DiagnosticReport", each.reference.partition("/")[2]))
    understand_all(engine, house.settings)
    client.run(delete(one.reference))
    await house.intake.take_in(Hint("DiagnosticReport", one.reference.partition("/")[2]))
    understand_all(engine, house.settings)
    assert "retracted" not in [row.state for row in rows(engine, report_version)]
    assert [row.message for row in rows(engine, notice)] == [states.DELETED_ELSEWHERE]


async def test_a_report_that_answers_404_after_it_was_read_is_left_to_a_person(
    database: Database, fhir_server: Sekmet, client: Client, engine: Engine
) -> None:
    filed = file_report(client)
    with Proxy(fhir_server.base_url) as proxy:
        house = House(database, proxy.base_url)
        hint = Hint("DiagnosticReport", filed.reference.partition("/")[2])
        await house.intake.take_in(hint)
        understand_all(engine, house.settings)
        proxy.missing = filed.reference
        assert [await house.intake.take_in(hint) for _ in range(2)] == ["gone", "gone"]
        await house.close()
    assert [row.state for row in rows(engine, report_version)] == ["current"]
    assert [row.message for row in rows(engine, notice)] == [states.NO_LONGER_READABLE]


def understand_all(engine: Engine, settings: Settings) -> None:
    """Every message that waits, taken in."""
    site = make_site(settings)
    while waiting := [row.id for row in rows(engine, job) if row.kind == "intake" and row.state == "ready"]:
        with engine.begin() as connection:
            claimed = jobs.claim(connection, waiting[0], "test", settings.queue)
            assert claimed is not None
            take_in(connection, claimed, opened(claimed, site), site)


def rows(engine: Engine, table: Table) -> Sequence[Row[Any]]:
    with engine.connect() as connection:
        return connection.execute(select(table).order_by(table.c.id)).all()


def test_absolute_references_of_the_server_itself_are_followed_and_no_others(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    changes = {"server_behaviour": {"absolute_references": True}}
    server = Sekmet(tmp_path_factory.mktemp("absolute"), changes).start()
    try:
        client = Client(Endpoint(server.base_url))
        elsewhere = [{"reference": "https://elsewhere.example.org/fhir/ServiceRequest/1"}]
        filed = file_report(client, basedOn=elsewhere)
        subject = client.run(read(filed.reference))["subject"]["reference"]
        assert subject.startswith("http")
        bundle = client.run(reread(filed.reference, server.base_url))
    finally:
        server.stop()
    assert [entry["resource"]["resourceType"] for entry in bundle["entry"]] == ["DiagnosticReport", "Patient"]


async def test_a_subscription_in_error_is_made_active_again(house: House, client: Client, subscribed: Json) -> None:
    keeper = Keeper(house.client, [subscribed])
    await keeper.look()
    first = keeper.state.reference
    broken = client.run(read(first))
    client.run(update({**broken, "status": "off"}, broken["meta"]["versionId"]))
    await keeper.look()
    assert keeper.state.reference == first
    assert client.run(read(first))["status"] in ("requested", "active")


async def test_doubles_are_removed_and_a_new_secret_is_told(house: House, client: Client, subscribed: Json) -> None:
    for _ in range(3):
        client.run(create(subscribed))
    keeper = Keeper(house.client, [rest_hook(subscribed["channel"]["endpoint"], "a new secret", SYSTEMS, payload=True)])
    await keeper.look()
    mine = [
        each
        for each in client.run(search_all("Subscription", [("_count", "100")]))
        if each["channel"]["endpoint"] == subscribed["channel"]["endpoint"]
    ]
    assert [each["channel"]["header"] for each in mine] == [[f"{SECRET_HEADER}: a new secret"]]


@pytest.fixture
def subscribed() -> Json:
    return rest_hook(f"http://127.0.0.1:9/{uuid.uuid4()}", SECRET, SYSTEMS, payload=True)


async def test_the_topic_is_the_second_choice_of_auto(house: House, client: Client) -> None:
    found: Capabilities = client.run(capabilities())
    chosen = choices(house.settings.fhir, found, SECRET, SYSTEMS)
    assert chosen[0]["criteria"].startswith("DiagnosticReport?")
    assert chosen[1]["criteria"].endswith("SubscriptionTopic/diagnosticreport-final")
    only = house.settings.fhir.model_copy(update={"subscription": "none"})
    assert choices(only, found, SECRET, SYSTEMS) == []


def test_what_we_ask_for_is_taken_by_the_server(client: Client) -> None:
    unknown = topic("https://ehr.example.org/unknown", "http://127.0.0.1:9/x", SECRET, SYSTEMS, heartbeat=60)
    for each in (unknown, rest_hook("http://127.0.0.1:9/y", SECRET, SYSTEMS)):
        assert client.run(create(each)).created


@pytest.mark.parametrize("number", ["9999999999999999999", str(2**63), "9" * 4_000, 10**19])
async def test_a_number_beyond_any_count_is_refused_and_the_numbers_go_on(house: House, number: Any) -> None:
    assert await house.notify(event(3)) == 200
    counted, inside = event(4), event(4, "DiagnosticReport/1")
    counted["entry"][0]["resource"]["eventsSinceSubscriptionStart"] = number
    inside["entry"][0]["resource"]["notificationEvent"][0]["eventNumber"] = number
    assert [await house.notify(each) for each in (counted, inside)] == [400, 400]
    assert (house.events.number, house.waiting()) == (3, [])
    assert await house.notify(event(4)) == 200
    assert house.events.number == 4
