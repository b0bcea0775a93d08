"""The subscriber as a process, beside a real FHIR server."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import httpx2
import pytest
from sqlalchemy import Engine

from integration.fhir.client import Client
from integration.fhir.diagnostic_report import diagnostic_report
from integration.fhir.exchange import Written, create, delete, search_all
from integration.fhir.subscription import SECRET_HEADER
from integration.fhir.systems import Json, Systems
from tests.fhir_examples import report, report_key
from tests.integration.fhir.servers import Proxy, Sekmet
from tests.integration.subscriber.conftest import SECRET, Subscriber, file_report, messages, until
from tests.integration.subscriber.events_server import EventsServer, with_events


def our_subscriptions(client: Client, subscriber: Subscriber) -> list[Json]:
    found = client.run(search_all("Subscription", [("_count", "100")]))
    return [each for each in found if each["channel"]["endpoint"] == subscriber.url]


def subscribed(client: Client, subscriber: Subscriber) -> Callable[[], bool]:
    return lambda: [each["status"] for each in our_subscriptions(client, subscriber)] == ["active"]


@pytest.mark.parametrize("kind", ["rest-hook", "topic"])
def test_a_new_report_is_heard_of_by_notification(
    client: Client, engine: Engine, subscribe: Callable[..., Subscriber], kind: str
) -> None:
    subscriber = subscribe(COUNTERSIGN_FHIR__SUBSCRIPTION=kind)
    until(subscribed(client, subscriber), "the subscription is active")
    filed = file_report(client)
    until(lambda: messages(engine, filed.reference) == ["queued"], "the report is in the inbox")


def test_an_event_that_never_arrived_is_fetched_by_its_number(
    fhir_server: Sekmet, client: Client, engine: Engine, subscribe: Callable[..., Subscriber]
) -> None:
    with EventsServer("") as events, Proxy(fhir_server.base_url, change=with_events, instead=events.events) as proxy:
        subscriber = subscribe(
            proxy.base_url, COUNTERSIGN_FHIR__SUBSCRIPTION="topic", COUNTERSIGN_FHIR__NOTIFY_URL=events.url
        )
        events.onward = subscriber.url.removesuffix("/fhir-notify")
        first = file_until_heard(client, engine)
        until(lambda: polls(proxy) >= 2, "it has polled at its start and after the handshake")
        before = polls(proxy)
        events.hold_back = True
        lost = file_report(client)
        # Others may be too: of reports that were filed before the Subscription was heard of.
        until(lambda: any(lost.reference in each for each in events.held_back), "its notification is held back")
        events.hold_back = False
        after = file_report(client)
        for each in (first, lost, after):
            until(queued(engine, each), "all three are in the inbox")
        assert polls(proxy) == before
        assert [path for _, path in proxy.requests if "$events" in path]
        subscriber.stop()


def file_until_heard(client: Client, engine: Engine) -> Written:
    """Reports filed before the Subscription is active are not announced; the first that is."""
    while True:
        filed = file_report(client)
        with contextlib.suppress(AssertionError):
            until(queued(engine, filed), "heard of", seconds=3)
            return filed


def queued(engine: Engine, filed: Written) -> Callable[[], bool]:
    return lambda: messages(engine, filed.reference) == ["queued"]


def polls(proxy: Proxy) -> int:
    return sum(path.startswith("/DiagnosticReport?") for _, path in proxy.requests)


def test_reports_filed_while_the_subscriber_was_killed_are_found_by_polling(
    client: Client, engine: Engine, subscribe: Callable[..., Subscriber]
) -> None:
    subscriber = subscribe(COUNTERSIGN_FHIR__SUBSCRIPTION="none")
    first = file_report(client)
    until(lambda: messages(engine, first.reference) == ["queued"], "the first is in the inbox")
    subscriber.kill()
    missed = [file_report(client) for _ in range(3)]
    subscriber.start()
    for each in missed:
        until(queued(engine, each), "a missed one is too")
    assert messages(engine, first.reference) == ["queued"]


def test_a_report_deleted_while_nobody_listened_is_heard_of_by_polling(
    client: Client, engine: Engine, subscribe: Callable[..., Subscriber]
) -> None:
    subscriber = subscribe(COUNTERSIGN_FHIR__SUBSCRIPTION="none")
    filed = file_report(client)
    until(queued(engine, filed), "it is in the inbox")
    subscriber.kill()
    client.run(delete(filed.reference))
    subscriber.start()
    until(lambda: messages(engine, filed.reference) == ["queued", "queued"], "its deletion is too")


@pytest.mark.parametrize("missing", [{"_lastUpdated"}, {"_lastUpdated", "_history"}])
def test_a_server_without_last_updated_is_polled_in_another_way(
    fhir_server: Sekmet, client: Client, engine: Engine, subscribe: Callable[..., Subscriber], missing: set[str]
) -> None:
    def change(statement: Json) -> Json:
        for resource in statement["rest"][0]["resource"]:
            if resource["type"] == "DiagnosticReport":
                resource["searchParam"] = [p for p in resource["searchParam"] if p["name"] not in missing]
                kept = [i for i in resource["interaction"] if not ("_history" in missing and "history" in i["code"])]
                resource["interaction"] = kept
        return statement

    def refuse(method: str, path: str) -> bool:
        return path.startswith("/DiagnosticReport") and any(each in path for each in missing)

    filed = file_report(client, issued="2099-01-01T00:00:00Z")
    with Proxy(fhir_server.base_url, change=change, refuse=refuse) as proxy:
        subscriber = subscribe(proxy.base_url, COUNTERSIGN_FHIR__SUBSCRIPTION="none")
        until(lambda: messages(engine, filed.reference) == ["queued"], "the report is in the inbox")
        subscriber.stop()


def test_our_own_report_is_counted_and_not_taken_in(
    client: Client, engine: Engine, subscribe: Callable[..., Subscriber]
) -> None:
    ours = Systems("urn:countersign")
    who = client.run(create({"resourceType": "Patient"}))
    subject = {"reference": who.reference}
    written = client.run(create(diagnostic_report(report_key(), report(), subject, None, ours)))
    subscribe(COUNTERSIGN_FHIR__SUBSCRIPTION="none")
    until(lambda: messages(engine, written.reference) == ["ignored"], "our echo is recognised")


def test_a_restart_leaves_one_subscription_and_it_still_works(
    client: Client, engine: Engine, subscribe: Callable[..., Subscriber]
) -> None:
    subscriber = subscribe(COUNTERSIGN_FHIR__SUBSCRIPTION="rest-hook")
    until(subscribed(client, subscriber), "the subscription is active")
    subscriber.kill()
    subscriber.start()
    until(lambda: answers(subscriber), "the endpoint answers")
    until(lambda: "subscription" in subscriber.log, "it looked after its subscription")
    until(subscribed(client, subscriber), "one subscription is active")
    filed = file_report(client)
    until(lambda: messages(engine, filed.reference) == ["queued"], "the report is in the inbox")


def test_no_patient_s_text_reaches_the_log(
    client: Client, engine: Engine, subscribe: Callable[..., Subscriber]
) -> None:
    filed = file_report(client, conclusion="CANARY effusion", code={"text": "CANARY"})
    subscriber = subscribe(COUNTERSIGN_TELEMETRY__LEVEL="debug")
    until(lambda: messages(engine, filed.reference) == ["queued"], "the report is in the inbox")
    httpx2.post(subscriber.url, content=b'{"CANARY": ', headers={SECRET_HEADER: SECRET})
    assert "CANARY" not in subscriber.log


def answers(subscriber: Subscriber) -> bool:
    try:
        return httpx2.post(subscriber.url).status_code == 403
    except httpx2.HTTPError:
        return False
