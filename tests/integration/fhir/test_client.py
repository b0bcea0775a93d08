"""The client against a real server, and against one that misbehaves over a real socket."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from integration.fhir.client import AsyncClient, Bearer, Client, Endpoint, target
from integration.fhir.errors import Conflict, FhirError, NotFound, Refused, Unreachable, outcome_codes
from integration.fhir.exchange import create, delete, read, search, search_all, update, written_at
from tests.integration.fhir.servers import Proxy, Sekmet


@pytest.fixture
def client(fhir_server: Sekmet) -> Client:
    return Client(Endpoint(fhir_server.base_url))


def test_a_search_follows_next_to_the_end_and_gives_each_resource_once(client: Client) -> None:
    system = f"urn:uuid:{uuid.uuid4()}"
    for number in range(7):
        client.run(create({"resourceType": "Patient", "identifier": [{"system": system, "value": str(number)}]}))
    found = client.run(search_all("Patient", [("identifier", f"{system}|"), ("_count", "2")]))
    assert len({each["id"] for each in found}) == len(found) == 7


def test_a_search_stops_after_the_pages_it_was_given(client: Client) -> None:
    system = f"urn:uuid:{uuid.uuid4()}"
    for number in range(5):
        client.run(create({"resourceType": "Patient", "identifier": [{"system": system, "value": str(number)}]}))
    found = client.run(search_all("Patient", [("identifier", f"{system}|"), ("_count", "2")], pages=2))
    assert len(found) == 4


def test_sync_and_async_read_the_same(client: Client, fhir_server: Sekmet) -> None:
    written = client.run(create({"resourceType": "Patient"}))

    async def look() -> object:
        async with AsyncClient(Endpoint(fhir_server.base_url)) as other:
            return await other.run(read(written.reference))

    assert asyncio.run(look()) == client.run(read(written.reference))


def test_a_stale_version_is_a_conflict(client: Client) -> None:
    written = client.run(create({"resourceType": "Patient"}))
    mine = client.run(read(written.reference))
    assert client.run(update({**mine, "active": True}, "1")).version == "2"
    with pytest.raises(Conflict):
        client.run(update({**mine, "active": False}, "1"))


def test_what_is_not_there_and_what_was_deleted_is_not_found(client: Client) -> None:
    written = client.run(create({"resourceType": "Patient"}))
    client.run(delete(written.reference))
    client.run(delete(written.reference))
    for reference in (written.reference, "Patient/never-there"):
        with pytest.raises(NotFound):
            client.run(read(reference))


def test_a_refusal_names_the_element_and_never_the_value(client: Client) -> None:
    with pytest.raises(Refused) as raised:
        client.run(create({"resourceType": "Patient", "birthDate": "CANARY"}))
    assert "Patient.birthDate" in str(raised.value)
    assert "CANARY" not in str(raised.value)


def test_a_search_s_values_are_in_no_message(fhir_server: Sekmet) -> None:
    for status in (400, 500):
        with Proxy(fhir_server.base_url, status=status) as proxy, pytest.raises(FhirError) as raised:
            Client(Endpoint(proxy.base_url)).run(search("Patient", [("name", "CANARY")]))
        assert "CANARY" not in str(raised.value)


@pytest.mark.parametrize("status", [401, 408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_worth_another_try(fhir_server: Sekmet, status: int) -> None:
    with Proxy(fhir_server.base_url, status=status) as proxy, pytest.raises(Unreachable) as raised:
        Client(Endpoint(proxy.base_url)).run(read("Patient/1"))
    assert raised.value.retryable


def test_a_long_retry_after_is_left_to_the_caller(fhir_server: Sekmet) -> None:
    with Proxy(fhir_server.base_url, status=503, headers={"Retry-After": "120"}) as proxy:
        with pytest.raises(Unreachable) as raised:
            Client(Endpoint(proxy.base_url)).run(read("Patient/1"))
        assert len(proxy.requests) == 1
    assert raised.value.retry_after == 120


def test_a_short_retry_after_is_waited_out_once(fhir_server: Sekmet) -> None:
    with Proxy(fhir_server.base_url, status=429, headers={"Retry-After": "0"}) as proxy:
        with pytest.raises(Unreachable):
            Client(Endpoint(proxy.base_url)).run(read("Patient/1"))
        assert len(proxy.requests) == 2


def test_a_connection_that_is_cut_is_unreachable(fhir_server: Sekmet) -> None:
    with Proxy(fhir_server.base_url, lose=lambda method, path: True) as proxy, pytest.raises(Unreachable):
        Client(Endpoint(proxy.base_url)).run(read("metadata"))


def test_a_page_on_another_host_is_asked_for_on_ours() -> None:
    asked = target("http://inner:8080/fhir/Patient?_page=2", "https://ehr.example.org/fhir")
    assert asked == "https://ehr.example.org/fhir/Patient?_page=2"


def test_a_token_travels_in_the_header(fhir_server: Sekmet, tmp_path_factory: pytest.TempPathFactory) -> None:
    guarded = Sekmet(tmp_path_factory.mktemp("bearer"), {"server_auth": {"types": ["bearer"], "tokens": ["t"]}})
    guarded.start()
    try:
        assert Client(Endpoint(guarded.base_url, Bearer("t"))).run(search("Patient", [])).resources == ()
        with pytest.raises(Unreachable, match="401"):
            Client(Endpoint(guarded.base_url, Bearer("another"))).run(search("Patient", []))
    finally:
        guarded.stop()


def test_outcome_codes_keep_codes_and_paths_and_leave_every_word_behind() -> None:
    issue = {
        "severity": "error",
        "code": "invalid",
        "details": {"coding": [{"code": "MSG_BAD"}], "text": "CANARY name"},
        "diagnostics": "CANARY name",
        "expression": ["Patient.name[0].family", "CANARY with words"],
    }
    body = {"resourceType": "OperationOutcome", "issue": [issue]}
    assert outcome_codes(body) == ("invalid", "MSG_BAD", "Patient.name[0].family")


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("https://h/fhir/Observation/12/_history/3", ("Observation/12", "3")),
        ("Observation/12", ("Observation/12", "")),
        ("/fhir/Observation/12", ("Observation/12", "")),
        ("https://h/fhir/Patient/12/_history/3", None),
        ("", None),
    ],
)
def test_where_a_resource_landed_is_read_from_its_location(location: str, found: tuple[str, str] | None) -> None:
    assert written_at(location, "Observation") == found


def test_data_survive_a_restart_of_the_embedded_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Sekmet(tmp_path_factory.mktemp("kept")).start()
    client = Client(Endpoint(server.base_url))
    written = client.run(create({"resourceType": "Patient", "active": True}))
    server.stop()
    server.start()
    try:
        assert Client(Endpoint(server.base_url)).run(read(written.reference))["active"] is True
    finally:
        server.stop()
