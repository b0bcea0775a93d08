"""What HAPI FHIR answered and sent (`record.py`), read by our code: this part needs no Java."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.fhir.capability import Rung, read_capabilities
from integration.fhir.errors import Conflict, NotFound, Refused
from integration.fhir.exchange import Answer, Exchange, create, delete, read, search, transaction, update
from integration.fhir.notification import Hint, Kind, read_notification
from integration.fhir.wanted import covers

RECORDED = json.loads((Path(__file__).parent / "recordings" / "hapi-8.8.0.json").read_text())
PATIENT = {"resourceType": "Patient"}
REPORT = {"resourceType": "DiagnosticReport", "id": "1", "status": "final"}


def play(exchange: Exchange[Any], name: str) -> Any:
    """What an exchange of one request makes of a recorded answer."""
    next(exchange)
    recorded = RECORDED["answers"][name]
    try:
        exchange.send(Answer(recorded["status"], recorded["headers"], recorded["body"]))
    except StopIteration as end:
        return end.value
    raise AssertionError("a second request")


def test_it_names_transactions_and_conditional_create_but_neither_batch_nor_update_create() -> None:
    found = read_capabilities(play(read("metadata"), "capabilities"))
    assert (found.fhir_version, found.transaction, found.batch, found.rest_hook) == ("4.0.1", True, False, True)
    assert found.rung("Observation") is Rung.CONDITIONAL_CREATE
    assert not found.of("Observation").update_create
    assert found.can_search("DiagnosticReport", "_lastUpdated") and found.can("DiagnosticReport", "history-type")


def test_a_conditional_create_says_where_it_landed_and_whether_it_was_there() -> None:
    made = play(create(PATIENT, "identifier=x"), "created")
    again = play(create(PATIENT, "identifier=x"), "there already")
    assert (made.created, again.created) == (True, False)
    assert made.reference == again.reference and made.version == again.version == "1"


def test_a_transaction_says_where_each_entry_landed() -> None:
    entries = play(transaction([{}, {}]), "transaction")
    assert all(each["response"]["status"].startswith("201") for each in entries)
    assert all(each["response"]["location"].startswith("DiagnosticReport/") for each in entries)


def test_an_update_that_changes_nothing_makes_no_version() -> None:
    assert play(update(REPORT, "1"), "unchanged").version == "1"
    assert play(update(REPORT, "1"), "updated").version == "2"


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("stale", Conflict, 409),
        ("dangling reference", Refused, 400),
        ("deleted while pointed at", Conflict, 409),
        ("gone", NotFound, 410),
        ("never there", NotFound, 404),
    ],
)
def test_a_refusal_is_what_its_status_means(name: str, kind: type[Refused], status: int) -> None:
    exchange = delete("Patient/1") if name.startswith("deleted") else update(REPORT, "1")
    with pytest.raises(kind) as raised:
        play(exchange, name)
    assert (type(raised.value), raised.value.status, raised.value.codes) == (kind, status, ("processing",))


def test_pages_are_followed_and_deletions_seen_in_the_history() -> None:
    assert play(search("DiagnosticReport", []), "first page").next.startswith("https://ehr.example.org/fhir?_getpages=")
    (deleted,) = play(search("DiagnosticReport/1/_history", []), "history").deleted
    assert deleted.startswith("DiagnosticReport/")


def test_a_reference_that_lost_its_version_still_says_what_we_want() -> None:
    stored = RECORDED["answers"]["version in a reference"]["body"]["entity"][0]["what"]
    assert "/_history/" not in stored["reference"] and stored["display"] == "version 1"
    assert covers(stored, {"reference": f"{stored['reference']}/_history/1", "display": "version 1"})
    assert not covers(stored, {"reference": "Patient/another/_history/1", "display": "version 1"})
    assert not covers(stored, {"reference": f"{stored['reference']}/_history/2", "display": "version 2"})


def test_with_a_payload_it_puts_the_report_and_without_one_it_posts_nothing() -> None:
    said = {each["path"]: each for each in RECORDED["notifications"]}
    assert {each["headers"]["secret"] for each in said.values()} == {"a secret"}
    bare = said.pop("/without")
    assert read_notification(bare["method"], "", bare["body"]).kind is Kind.PING
    ((path, full),) = said.items()
    number = path.rpartition("/")[2]
    heard = read_notification(full["method"], path.removeprefix("/with"), full["body"])
    assert heard.hints == (Hint("DiagnosticReport", number, "1"),)
