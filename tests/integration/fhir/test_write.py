"""Writing to a real server: never twice, never over somebody's edit, down every rung of the ladder."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.canonical import Identifier
from integration.fhir.capability import Rung, capabilities, read_capabilities
from integration.fhir.client import Client, Endpoint
from integration.fhir.errors import Conflict, FhirError, Refused, Unreachable
from integration.fhir.exchange import create, read, search_all, update
from integration.fhir.systems import Json
from integration.fhir.wanted import Wanted
from integration.fhir.write import Outcome, write
from tests.integration.fhir.servers import Proxy, Sekmet, without, without_update_create
from tests.integration.fhir.wanted_set import Case, MemoryLedger, counts, statuses

EXPLAINERS = frozenset({"Device", "Task", "Provenance"})
RUNGS: dict[str, tuple[Callable[[Json], Json], Rung]] = {
    "as it is": (without(), Rung.CONDITIONAL_CREATE),
    "no transaction": (without(transaction=True), Rung.CONDITIONAL_CREATE),
    "no conditional create": (without(transaction=True, conditional=True), Rung.UPDATE_CREATE),
    "search only": (without_update_create(without(transaction=True, conditional=True)), Rung.SEARCH),
}


@pytest.fixture
def client(fhir_server: Sekmet) -> Client:
    return Client(Endpoint(fhir_server.base_url))


def deliver(client: Client, wanted: list[Wanted], ledger: MemoryLedger) -> Outcome:
    """Until it is settled, as the outbox would: Unreachable means again."""
    found = client.run(capabilities())
    for _ in range(200):
        try:
            return client.run(write(found, wanted, ledger))
        except Unreachable:
            continue
    raise AssertionError("200 attempts were not enough")


def refuse_what_is_not_named(change: Callable[[Json], Json], upstream: str) -> Callable[[str, str], bool]:
    """The proxy keeps to its own CapabilityStatement, so that a client that ignores it fails."""
    offered = read_capabilities(change(Client(Endpoint(upstream)).run(read("metadata"))))

    def refuse(method: str, path: str) -> bool:
        kind = path.strip("/").split("?")[0].split("/")[0]
        if method == "POST" and not kind:
            return not offered.transaction
        return (method == "POST" and not offered.can(kind, "create")) or (
            method == "PUT" and not offered.can(kind, "update")
        )

    return refuse


@pytest.mark.parametrize("name", RUNGS)
def test_every_rung_writes_one_of_each_and_the_second_time_nothing(fhir_server: Sekmet, name: str) -> None:
    change, rung = RUNGS[name]
    case, ledger = Case(findings=2), MemoryLedger()
    refuse = refuse_what_is_not_named(change, fhir_server.base_url)
    with Proxy(fhir_server.base_url, change=change, refuse=refuse) as proxy:
        client = Client(Endpoint(proxy.base_url))
        assert client.run(capabilities()).rung("Observation") is rung
        first = deliver(client, case.wanted(), ledger)
        before = len(proxy.requests)
        second = deliver(client, case.wanted(), ledger)
        assert [call for call in proxy.requests[before:] if call[0] != "GET"] == []
    assert first.kept == second.kept == {}
    direct = Client(Endpoint(fhir_server.base_url))
    assert counts(direct, case.systems) == dict.fromkeys(first_types(), 1) | {"Observation": 2}


def first_types() -> list[str]:
    return ["Patient", "ServiceRequest", "DiagnosticReport", "Device", "Observation", "Provenance", "Task"]


@pytest.mark.parametrize("name", RUNGS)
def test_a_lost_ledger_is_no_second_set(fhir_server: Sekmet, client: Client, name: str) -> None:
    case = Case()
    with Proxy(fhir_server.base_url, change=RUNGS[name][0]) as proxy:
        through = Client(Endpoint(proxy.base_url))
        deliver(through, case.wanted(), MemoryLedger())
        deliver(through, case.wanted("final"), MemoryLedger())
    assert set(counts(client, case.systems).values()) == {1}
    assert statuses(client, case.systems) == ["final"]


@pytest.mark.parametrize("volume", [10, pytest.param(100, marks=pytest.mark.volume)])
@pytest.mark.parametrize("name", RUNGS)
def test_lost_answers_leave_one_observation_each(fhir_server: Sekmet, client: Client, name: str, volume: int) -> None:
    """About every second write loses its answer after the server has acted."""
    case, ledger = Case(findings=10), MemoryLedger()
    lost, chance = 0, random.Random(8)

    def lose(method: str, path: str) -> bool:
        nonlocal lost
        if method in ("POST", "PUT") and chance.random() < 0.5:
            lost += 1
            return True
        return False

    with Proxy(fhir_server.base_url, change=RUNGS[name][0], lose=lose) as proxy:
        through = Client(Endpoint(proxy.base_url))
        for round_ in range(volume):
            deliver(through, case.wanted("preliminary" if round_ % 2 == 0 else "final"), ledger)
            if lost >= volume:
                break
    assert lost >= volume
    assert counts(client, case.systems)["Observation"] == 10
    assert counts(client, case.systems)["Task"] == 1


@pytest.mark.parametrize("value", ["A,B", "A|B", "A$B", "A\\B", "A,B|C$D\\E"])
def test_an_identifier_with_characters_a_search_gives_a_meaning_to_is_found_again(client: Client, value: str) -> None:
    case = Case()
    name = Identifier(value=value, authority=f"{case.systems.canonical_base}/mrn")
    case.named(name)
    for _ in range(2):
        deliver(client, case.wanted(), MemoryLedger())
    assert set(counts(client, case.systems).values()) == {1}


def test_two_workers_at_once_make_one_set(client: Client) -> None:
    case = Case(findings=3)
    found = client.run(capabilities())

    def work(_: int) -> None:
        client.run(write(found, case.wanted(), MemoryLedger()))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert counts(client, case.systems)["Observation"] == 3


def test_an_edit_by_others_is_a_conflict_that_names_what_is_there_now(client: Client) -> None:
    case, ledger = Case(), MemoryLedger()
    deliver(client, case.wanted(), ledger)
    (ours,) = client.run(search_all("Observation", [("_source", case.systems.source)]))
    changed = client.run(update({**ours, "note": [{"text": "changed in the EHR"}]}, ours["meta"]["versionId"]))
    with pytest.raises(Conflict) as raised:
        deliver(client, case.wanted("final"), ledger)
    assert (raised.value.reference, raised.value.version) == (f"Observation/{ours['id']}", changed.version)
    assert client.run(read(f"Observation/{ours['id']}"))["note"] == [{"text": "changed in the EHR"}]


def test_a_lost_update_followed_by_another_wish_is_no_conflict(fhir_server: Sekmet, client: Client) -> None:
    """The answer to `final` is lost; before the retry, the report was corrected and `cancelled` is wanted."""
    case, ledger = Case(), MemoryLedger()
    deliver(client, case.wanted(), ledger)
    with Proxy(fhir_server.base_url, lose=lambda method, path: method in ("POST", "PUT")) as proxy:
        through = Client(Endpoint(proxy.base_url))
        with pytest.raises(Unreachable):
            through.run(write(through.run(capabilities()), case.wanted("final"), ledger))
    assert statuses(client, case.systems) == ["final"]
    deliver(client, case.wanted("cancelled"), ledger)
    assert statuses(client, case.systems) == ["cancelled"]


def test_what_the_ehr_has_is_found_by_identifier_and_never_changed(client: Client) -> None:
    case, ledger = Case(), MemoryLedger()
    who, _, found = case.wanted()[:3]
    mrn = who.resource["identifier"][0]
    theirs = client.run(create({"resourceType": "Patient", "identifier": [mrn], "name": [{"family": "Theirs"}]}))
    filler = next(
        i for i in found.resource["identifier"] if i.get("type", {}).get("coding", [{}])[0].get("code") == "FILL"
    )
    filed = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "XR"}, "identifier": [filler]}
    report = client.run(create({**filed, "subject": {"reference": theirs.reference}}))
    outcome = deliver(client, case.wanted(), ledger)
    assert outcome.written[who.key].reference == theirs.reference
    assert outcome.written[found.key].reference == report.reference
    for each in (theirs, report):
        assert client.run(read(each.reference))["meta"]["versionId"] == each.version
    (observation,) = client.run(search_all("Observation", [("_source", case.systems.source)]))
    assert observation["focus"] == [{"reference": report.reference}]


def test_another_patient_s_report_with_our_accession_number_is_not_taken_for_ours(client: Client) -> None:
    case = Case()
    found = case.wanted()[2]
    named = [i for i in found.resource["identifier"] if "type" in i]
    stranger = client.run(create({"resourceType": "Patient"}))
    filed = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "XR"}, "identifier": named}
    other = client.run(create({**filed, "subject": {"reference": stranger.reference}}))
    outcome = deliver(client, case.wanted(), MemoryLedger())
    assert outcome.written[found.key].reference != other.reference


def test_an_epic_like_server_gets_the_observations_and_the_rest_is_kept_with_its_reason(
    fhir_server: Sekmet, client: Client
) -> None:
    """No transaction, no conditional create, no updateCreate; Device, Task and Provenance read-only."""
    change = without_update_create(without(transaction=True, conditional=True, types=EXPLAINERS))
    refuse = refuse_what_is_not_named(change, fhir_server.base_url)
    case = Case(findings=2)
    with Proxy(fhir_server.base_url, change=change, refuse=refuse) as proxy:
        through = Client(Endpoint(proxy.base_url))
        outcome = deliver(through, case.wanted(), MemoryLedger())
        assert not any(path.startswith(("/Device", "/Task")) for method, path in proxy.requests if method != "GET")
    assert {key.partition("?")[0] for key in outcome.kept} == EXPLAINERS
    observed = client.run(search_all("Observation", [("_source", case.systems.source)]))
    assert len(observed) == 2
    assert observed[0]["device"]["identifier"]["system"] == case.systems.device


def test_a_refusal_that_was_not_announced_holds_back_only_what_explains(fhir_server: Sekmet, client: Client) -> None:
    def refuse(method: str, path: str) -> bool:
        return method == "POST" and (path in ("", "/") or path.startswith("/Task"))

    case = Case()
    with Proxy(fhir_server.base_url, refuse=refuse) as proxy:
        outcome = deliver(Client(Endpoint(proxy.base_url)), case.wanted(), MemoryLedger())
    assert [key.partition("?")[0] for key in outcome.kept] == ["Task"]
    assert "CANARY" not in str(outcome.kept)
    assert counts(client, case.systems)["Observation"] == 1


def test_a_refused_observation_is_an_error_without_the_server_s_words(fhir_server: Sekmet) -> None:
    def refuse(method: str, path: str) -> bool:
        return method == "POST" and (path in ("", "/") or path.startswith("/Observation"))

    with Proxy(fhir_server.base_url, refuse=refuse) as proxy:
        client = Client(Endpoint(proxy.base_url))
        with pytest.raises(Refused, match=r"POST Observation was answered 405 \(not-supported\)") as raised:
            deliver(client, Case().wanted(), MemoryLedger())
    assert "CANARY" not in str(raised.value)


def test_a_server_that_is_down_is_unreachable_and_nothing_is_lost(client: Client) -> None:
    nobody = Client(Endpoint("http://127.0.0.1:9/fhir"))
    found = client.run(capabilities())
    case, ledger = Case(), MemoryLedger()
    with pytest.raises(FhirError) as raised:
        nobody.run(write(found, case.wanted(), ledger))
    assert raised.value.retryable
    deliver(client, case.wanted(), ledger)
    assert set(counts(client, case.systems).values()) == {1}


def test_what_the_server_may_have_is_asked_for_in_one_batch_or_one_by_one(fhir_server: Sekmet) -> None:
    def unannounced(statement: Json) -> Json:
        rest = statement["rest"][0]
        rest["interaction"] = [each for each in rest["interaction"] if each["code"] != "batch"]
        return statement

    one_by_one = ["GET"] * 5 + ["POST"]
    for change, calls in ((without(), ["POST", "POST"]), (unannounced, one_by_one)):
        with Proxy(fhir_server.base_url, change=change) as proxy:
            deliver(Client(Endpoint(proxy.base_url)), Case().wanted(), MemoryLedger())
        asked = [method for method, path in proxy.requests if not path.startswith("/metadata")]
        assert asked == calls


def test_a_patient_named_once_costs_no_search_where_creating_is_conditional(client: Client) -> None:
    case = Case()
    who = case.wanted()[0]
    theirs = client.run(create(who.resource))
    found = client.run(capabilities())
    exchange = write(found, [who], MemoryLedger())
    request = next(exchange)
    assert (request.method, request.headers["If-None-Exist"].partition("=")[0]) == ("POST", "identifier")
    outcome = client.run(write(found, [who], MemoryLedger()))
    assert outcome.written[who.key].reference == theirs.reference
