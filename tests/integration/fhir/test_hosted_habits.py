"""What hosted FHIR servers do by their documents and trackers, done to the real server by a client between us and it.

Every refusal leads to a lower rung or a clear word, never to a loop and never to a second resource.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integration.fhir.capability import capabilities
from integration.fhir.client import Client, Endpoint
from integration.fhir.errors import FhirError, Unreachable
from integration.fhir.exchange import Answer, Call, create, read
from integration.fhir.reread import reread
from integration.fhir.systems import Json
from integration.fhir.write import write
from tests.integration.fhir.servers import Sekmet
from tests.integration.fhir.test_hapi_habits import Habit
from tests.integration.fhir.wanted_set import Case, MemoryLedger, counts

Change = Callable[[Call, Callable[[], Answer]], Answer]
MOST_CALLS = 200


def outcome(code: str) -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}


def google(call: Call, ask: Callable[[], Answer]) -> Answer:
    """Conditional create by identifier alone (Cloud Healthcare API v1, method fhirStores.fhir.create)."""
    condition = dict(call.headers).get("If-None-Exist", "")
    return Answer(400, {}, outcome("invalid")) if condition and not condition.startswith("identifier=") else ask()


def google_s_front(call: Call, ask: Callable[[], Answer]) -> Answer:
    """The same page: what no method fits "might" be answered by a generic error, which is no OperationOutcome."""
    error = {"error": {"code": 400, "message": "invalid", "status": "INVALID_ARGUMENT"}}
    return Answer(400, {}, error) if call.method == "POST" and not call.path else ask()


def azure_on_cosmos(call: Call, ask: Callable[[], Answer]) -> Answer:
    """Transactions are named and not carried out (microsoft/fhir-server#2162)."""
    return Answer(405, {}, outcome("not-supported")) if call.method == "POST" and not call.path else ask()


class Throttled:
    """Every seventh request is answered 429 with a wait in a header of its own (microsoft/fhir-server#1643, #1658)."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, call: Call, ask: Callable[[], Answer]) -> Answer:
        self.number += 1
        return Answer(429, {"x-ms-retry-after-ms": "90"}, outcome("throttled")) if self.number % 7 == 0 else ask()


def fhir_works(call: Call, ask: Callable[..., Answer]) -> Answer:
    """If-None-Exist is not looked at (awslabs/fhir-works-on-aws-deployment#824, FirelyTeam/spark#98)."""
    if call.method == "POST" and call.path and "If-None-Exist" in dict(call.headers):
        bare = {name: value for name, value in dict(call.headers).items() if name != "If-None-Exist"}
        return ask(Call(call.method, call.path, call.params, bare, call.body))
    return ask()


def side_by_side(call: Call, ask: Callable[..., Answer]) -> Answer:
    """Another client creates the same at the same moment, and both are made (microsoft/fhir-server#1382)."""
    if call.method == "POST" and not call.path:
        return Answer(405, {}, outcome("not-supported"))
    if (call.method, call.path) == ("POST", "Observation"):
        ask(Call("POST", call.path, body=call.body))
    return fhir_works(call, ask)


def medplum(call: Call, ask: Callable[[], Answer]) -> Answer:
    """In a Bundle a condition that matches several fails as a whole (medplum/medplum#3746)."""
    return Answer(412, {}, outcome("multiple-matches")) if call.method == "POST" and not call.path else ask()


HABITS: dict[str, Callable[[], Change]] = {
    "Google: conditions by identifier alone": lambda: google,
    "Google: a generic error": lambda: google_s_front,
    "Azure on Cosmos: no transactions": lambda: azure_on_cosmos,
    "Azure: throttled": Throttled,
    "FHIR Works, Spark: conditions are not looked at": lambda: fhir_works,
    "Medplum: several match within a Bundle": lambda: medplum,
}


def delivered(client: Client, case: Case, ledger: MemoryLedger) -> dict[str, str]:
    """As the outbox does: Unreachable means again, anything else is the last word. What was kept back, and why."""
    for _ in range(100):
        try:
            kept = client.run(write(client.run(capabilities()), case.wanted(), ledger)).kept
            return {key: str(why) for key, why in kept.items()}
        except Unreachable:
            continue
    raise AssertionError("it never ends")


@pytest.mark.parametrize("name", HABITS)
def test_what_a_server_refuses_leads_to_another_way_or_a_clear_word(fhir_server: Sekmet, name: str) -> None:
    case, ledger, calls = Case(), MemoryLedger(), []
    habit = HABITS[name]()

    def counted(call: Call, ask: Callable[[], Answer]) -> Answer:
        calls.append(call.method)
        assert len(calls) < MOST_CALLS, "a loop"
        return habit(call, ask)

    client = Habit(fhir_server.base_url, counted)
    kept = {}
    for _ in range(2):
        try:
            kept = delivered(client, case, ledger)
        except FhirError as error:
            # Said with the status and the codes, and given to a person: a refusal that no other way leads around.
            assert "was answered 4" in str(error)
    there = counts(Client(Endpoint(fhir_server.base_url)), case.systems)
    assert all(why for why in kept.values())
    assert set(there.values()) <= {1}, there
    assert there["Observation"] == 1 and there["DiagnosticReport"] == 1


MERGED = {301: "Moved Permanently", 302: "Found", 307: "Temporary Redirect", 308: "Permanent Redirect"}


@pytest.mark.parametrize("status", MERGED)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_patient_who_was_merged_is_read_where_epic_leads_to(fhir_server: Sekmet, status: int, absolute: bool) -> None:
    """A Patient that has been merged is answered with a redirect beside the error (fhir.epic.com, error codes)."""
    plain = Client(Endpoint(fhir_server.base_url))
    named = {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": f"s{status}{absolute}"}]}
    surviving = plain.run(create(named)).reference
    report = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "XR"}, "conclusion": "Clear."}
    filed = plain.run(create({**report, "subject": {"reference": surviving}})).reference
    target = f"{fhir_server.base_url}/{surviving}" if absolute else surviving

    def epic(call: Call, ask: Callable[[], Answer]) -> Answer:
        if call.path == "Patient/merged":
            return Answer(status, {"location": target}, outcome("not-found"))
        answer = ask()
        if call.path == filed and answer.body:
            return Answer(answer.status, answer.headers, {**answer.body, "subject": {"reference": "Patient/merged"}})
        return answer

    bundle = Habit(fhir_server.base_url, epic).run(reread(filed, fhir_server.base_url))
    led, patient = (each["resource"] for each in bundle["entry"])
    assert f"Patient/{patient['id']}" == led["subject"]["reference"] == surviving


@pytest.mark.parametrize("target", ["https://elsewhere.example/fhir/Patient/1", "Observation/1", "Patient/merged", ""])
def test_a_redirect_that_leads_elsewhere_or_in_a_circle_is_not_followed(fhir_server: Sekmet, target: str) -> None:
    calls = []

    def astray(call: Call, ask: Callable[[], Answer]) -> Answer:
        calls.append(call.path)
        return Answer(302, {"location": target}, None)

    with pytest.raises(FhirError):
        Habit(fhir_server.base_url, astray).run(read("Patient/merged", fhir_server.base_url))
    assert len(calls) < 4


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"x-ms-retry-after-ms": "90"}, 0.09),
        ({"retry-after": "2", "x-ms-retry-after-ms": "1500"}, 2.0),
        ({"x-ms-retry-after-ms": "soon"}, None),
        ({}, None),
    ],
)
def test_a_wait_is_heard_in_azure_s_own_header_too(
    fhir_server: Sekmet, headers: dict[str, str], seconds: float | None
) -> None:
    def throttled(call: Call, ask: Callable[[], Answer]) -> Answer:
        return Answer(429, headers, outcome("throttled"))

    with pytest.raises(Unreachable) as away:
        Habit(fhir_server.base_url, throttled).run(read("Patient/1"))
    assert away.value.retry_after == seconds


def test_searches_of_a_batch_that_were_skipped_are_no_proof_that_nothing_is_there(fhir_server: Sekmet) -> None:
    """After the first 429 within a Bundle all further entries are skipped with it (microsoft/fhir-server#1658)."""
    case, ledger = Case(), MemoryLedger()
    client = Client(Endpoint(fhir_server.base_url))
    assert delivered(client, case, ledger) == {}
    skipped = []

    def within(call: Call, ask: Callable[[], Answer]) -> Answer:
        answer = ask()
        if call.method == "POST" and not call.path and call.body and call.body["type"] == "batch" and not skipped:
            skipped.append(True)
            entries = [{"response": {"status": "429"}, "resource": outcome("throttled")} for _ in call.body["entry"]]
            return Answer(200, {}, {"resourceType": "Bundle", "type": "batch-response", "entry": entries})
        return answer

    assert delivered(Habit(fhir_server.base_url, within), case, MemoryLedger()) == {}
    assert set(counts(client, case.systems).values()) == {1}


def test_what_a_race_made_twice_is_told_and_not_made_again(fhir_server: Sekmet) -> None:
    case, ledger = Case(), MemoryLedger()
    plain = Client(Endpoint(fhir_server.base_url))
    assert delivered(Habit(fhir_server.base_url, side_by_side), case, ledger) == {}
    twice = counts(plain, case.systems)

    assert twice["Observation"] == 2
    assert delivered(plain, case, ledger) == {}, "what we made is ours by the ledger"
    with pytest.raises(FhirError, match="multiple-matches"):
        delivered(plain, case, MemoryLedger())
    assert counts(plain, case.systems) == twice
