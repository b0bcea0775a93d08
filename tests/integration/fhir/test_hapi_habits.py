"""What HAPI FHIR does and the embedded server does not, done to it by a client between us and the real server.

tests/contract/hapi/recordings holds the answers these are modelled on.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from integration.fhir.capability import capabilities
from integration.fhir.client import Client, Endpoint
from integration.fhir.exchange import Answer, Call, search_all, update
from integration.fhir.systems import Json
from integration.fhir.wanted import Wanted
from integration.fhir.write import write
from tests.integration.fhir.servers import Proxy, Sekmet, without
from tests.integration.fhir.test_write import RUNGS, deliver
from tests.integration.fhir.wanted_set import Case, MemoryLedger, counts

LOST = Answer(409, {}, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]})
REFUSED = Answer(400, {}, LOST.body)


class Habit(Client):
    """A client whose answers are changed: `change(call, ask)`, where `ask()` gives the server's own.

    `ask(other)` gives its answer to another call.
    """

    def __init__(self, base_url: str, change: Callable[[Call, Callable[..., Answer]], Answer]) -> None:
        super().__init__(Endpoint(base_url))
        self.change = change

    def _once(self, request: Call) -> Answer:
        return self.change(request, lambda other=request: super(Habit, self)._once(other))


def test_every_request_asks_for_what_is_there_now(fhir_server: Sekmet) -> None:
    """HAPI answers a search from what it found up to a minute ago, unless it is told not to."""
    with Proxy(fhir_server.base_url) as proxy:
        Client(Endpoint(proxy.base_url)).run(search_all("Patient", [("_count", "1")], pages=1))
    assert [headers["cache-control"] for headers in proxy.headers] == ["no-cache"]


@pytest.mark.parametrize("name", ["no transaction", "no conditional create"])
def test_who_loses_the_race_to_create_takes_what_the_winner_made(fhir_server: Sekmet, name: str) -> None:
    """The first attempt at each resource is answered 409, after somebody else made it."""
    case, raced = Case(), set()

    def race(call: Call, ask: Callable[[], Answer]) -> Answer:
        first = call.method in ("POST", "PUT") and call.path and call.path not in raced
        answer = ask()
        if not first:
            return answer
        raced.add(call.path)
        return LOST

    change, rung = RUNGS[name]
    with Proxy(fhir_server.base_url, change=change) as proxy:
        client = Habit(proxy.base_url, race)
        assert client.run(capabilities()).rung("Observation") is rung
        outcome = deliver(client, case.wanted(), MemoryLedger())
    assert outcome.kept == {} and len(raced) == 7
    assert set(counts(Client(Endpoint(fhir_server.base_url)), case.systems).values()) == {1}


def test_a_race_that_is_never_won_ends_with_a_clear_word(fhir_server: Sekmet) -> None:
    asked = []

    def never(call: Call, ask: Callable[[], Answer]) -> Answer:
        asked.append(call.method)
        return LOST if call.method == "POST" else ask()

    client = Habit(fhir_server.base_url, never)
    with pytest.raises(Exception, match=r"POST Patient was answered 409 \(processing\)"):
        client.run(write(client.run(capabilities()), Case().wanted(), MemoryLedger()))
    assert asked.count("POST") < 6


def signed(case: Case, signer: str) -> list[Wanted]:
    """The Observation signed by somebody."""
    wanted = case.wanted("final")
    at = next(number for number, item in enumerate(wanted) if item.type == "Observation")
    resource = {**wanted[at].resource, "performer": [{"reference": signer}]}
    wanted[at] = Wanted(resource, wanted[at].token, wanted[at].parameter)
    return wanted


def integrity(call: Call, ask: Callable[[], Answer]) -> Answer:
    """Refuses what points at somebody the server does not have, or who is elsewhere."""
    body = json.dumps(call.body or {})
    dangling = any(f'"reference": "{who}' in body for who in ("Practitioner/nobody", "PractitionerRole/", "https:"))
    return REFUSED if dangling and call.method in ("POST", "PUT") else ask()


@pytest.mark.parametrize(
    ("signer", "expected"),
    [
        ("Practitioner/nobody", {"type": "Practitioner", "identifier": {"value": "nobody"}}),
        (
            "https://elsewhere.example/fhir/Practitioner/7",
            {
                "type": "Practitioner",
                "identifier": {
                    "system": "urn:ietf:rfc:3986",
                    "value": "https://elsewhere.example/fhir/Practitioner/7",
                },
            },
        ),
        ("PractitionerRole/nobody", {"type": "PractitionerRole", "identifier": {"value": "nobody"}}),
        ("Practitioner/known", {"reference": "Practitioner/known"}),
    ],
)
def test_a_signer_the_server_does_not_have_is_named_and_not_pointed_at(
    fhir_server: Sekmet, signer: str, expected: Json
) -> None:
    case, client = Case(), Habit(fhir_server.base_url, integrity)
    client.run(update({"resourceType": "Practitioner", "id": "known"}))
    ledger = MemoryLedger()
    deliver(client, case.wanted(), ledger)
    deliver(client, signed(case, signer), ledger)
    (observation,) = client.run(search_all("Observation", [("_source", case.systems.source)]))
    assert (observation["status"], observation["performer"]) == ("final", [expected])


def test_versions_dropped_from_references_are_no_edit_by_others(fhir_server: Sekmet) -> None:
    """A lost ledger: what is there, without the version, is taken for what we want."""

    def drop(call: Call, ask: Callable[[], Answer]) -> Answer:
        answer = ask()
        if call.method != "GET":
            return answer
        return Answer(answer.status, answer.headers, json.loads(json.dumps(answer.body).replace('/_history/1"', '"')))

    case = Case()
    with Proxy(fhir_server.base_url, change=without(transaction=True)) as proxy:
        client = Habit(proxy.base_url, drop)
        wanted = case.wanted()
        because = next(number for number, item in enumerate(wanted) if item.type == "Provenance")
        entity = [{"role": "source", "what": {"reference": "DiagnosticReport/3/_history/1", "display": "version 1"}}]
        wanted[because] = Wanted(
            {**wanted[because].resource, "entity": entity}, wanted[because].token, wanted[because].parameter
        )
        deliver(client, wanted, MemoryLedger())
        before = len(proxy.requests)
        deliver(client, wanted, MemoryLedger())
        assert [method for method, _ in proxy.requests[before:] if method == "PUT"] == []
