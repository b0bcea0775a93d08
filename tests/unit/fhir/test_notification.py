"""Notifications in every form servers send, read as hints."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.fhir.notification import Hint, Kind, Notification, missing_events, read_notification
from integration.fhir.systems import Json

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
REPORT: Json = {"resourceType": "DiagnosticReport", "id": "12", "meta": {"versionId": "3"}}


def parameters(kind: str, count: str = "2", *events: tuple[str, str], camel: bool = False) -> Json:
    """R4 Backport: a history Bundle that starts with Parameters (Subscriptions R5 Backport IG 1.1, R4)."""
    since, event, number = (
        ("eventsSinceSubscriptionStart", "notificationEvent", "eventNumber")
        if camel
        else ("events-since-subscription-start", "notification-event", "event-number")
    )
    status: Json = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "subscription",
                "valueReference": {"reference": "https://ehr.example.org/fhir/Subscription/admission"},
            },
            {"name": "topic", "valueCanonical": "https://ehr.example.org/SubscriptionTopic/report"},
            {"name": "status", "valueCode": "active"},
            {"name": "type", "valueCode": kind},
            {"name": since, "valueString": count},
        ],
    }
    for at, focus in events:
        part = [{"name": number, "valueString": at}, {"name": "timestamp", "valueInstant": "2026-03-04T10:00:00Z"}]
        part += [{"name": "focus", "valueReference": {"reference": focus}}] if focus else []
        status["parameter"].append({"name": event, "part": part})
    return {"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}


def status(kind: str, count: Any, *events: tuple[Any, str]) -> Json:
    """R5: a subscription-notification Bundle that starts with SubscriptionStatus (R5 subscriptionstatus.html)."""
    found: Json = {
        "resourceType": "SubscriptionStatus",
        "status": "active",
        "type": kind,
        "eventsSinceSubscriptionStart": count,
        "subscription": {"reference": "https://ehr.example.org/r5/Subscription/admission"},
        "notificationEvent": [{"eventNumber": at, "focus": {"reference": focus}} for at, focus in events],
    }
    return {"resourceType": "Bundle", "type": "subscription-notification", "entry": [{"resource": found}]}


def test_a_put_names_its_resource_by_the_path_and_its_version_by_the_payload() -> None:
    assert read_notification("PUT", "/DiagnosticReport/12", REPORT).hints == (Hint("DiagnosticReport", "12", "3"),)


def test_the_path_counts_when_the_payload_says_another_id() -> None:
    assert read_notification("PUT", "/DiagnosticReport/99", REPORT).hints == (Hint("DiagnosticReport", "99"),)


def test_a_delete_is_a_hint_too() -> None:
    assert read_notification("DELETE", "/DiagnosticReport/12", None).hints == (Hint("DiagnosticReport", "12"),)


def test_an_empty_post_says_only_that_something_changed() -> None:
    assert read_notification("POST", "", None).kind is Kind.PING


@pytest.mark.parametrize("camel", [False, True])
def test_an_r4_backport_bundle_names_events_and_their_focus(camel: bool) -> None:
    body = parameters("event-notification", "2", ("2", "https://ehr.example.org/fhir/DiagnosticReport/12"), camel=camel)
    seen = read_notification("POST", "/", body)
    assert (seen.kind, seen.count, seen.numbers) == (Kind.EVENTS, 2, (2,))
    assert seen.hints == (Hint("DiagnosticReport", "12"),)


@pytest.mark.parametrize("count", ["310", 310])
def test_an_r5_or_r4b_bundle_is_read_with_numbers_as_strings_or_integers(count: Any) -> None:
    seen = read_notification("POST", "", status("event-notification", count, (count, "DiagnosticReport/12")))
    assert (seen.kind, seen.count, seen.numbers) == (Kind.EVENTS, 310, (310,))
    assert seen.hints == (Hint("DiagnosticReport", "12"),)


@pytest.mark.parametrize("kind", [Kind.HANDSHAKE, Kind.HEARTBEAT])
def test_handshake_and_heartbeat_carry_the_count_and_no_hint(kind: Kind) -> None:
    for body in (parameters(str(kind), "0"), status(str(kind), 0)):
        seen = read_notification("POST", "", body)
        assert (seen.kind, seen.count, seen.hints) == (kind, 0, ())


def test_a_full_payload_gives_the_version_and_a_focus_is_not_doubled() -> None:
    body = parameters("event-notification", "1", ("1", "https://ehr.example.org/fhir/DiagnosticReport/12"))
    body["entry"].append({"fullUrl": "https://ehr.example.org/fhir/DiagnosticReport/12", "resource": REPORT})
    assert read_notification("POST", "", body).hints == (Hint("DiagnosticReport", "12", "3"),)


def test_a_bundle_of_plain_resources_is_taken_as_hints() -> None:
    body = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": REPORT}]}
    assert read_notification("POST", "", body).hints == (Hint("DiagnosticReport", "12", "3"),)


@pytest.mark.parametrize(
    ("method", "tail", "body", "reason"),
    [
        ("POST", "/nonsense", None, "path"),
        ("POST", "", {"hello": 1}, "body"),
        ("PUT", "", None, "no body"),
        ("POST", "", {"resourceType": "Bundle"}, "Bundle.entry[0]"),
        ("POST", "", parameters("surprise"), "type"),
    ],
)
def test_what_cannot_be_read_says_where(method: str, tail: str, body: Any, reason: str) -> None:
    seen = read_notification(method, tail, body)
    assert seen.kind is Kind.UNREADABLE
    assert seen.reason.startswith(reason)


@pytest.mark.parametrize(
    ("last", "seen", "missing"),
    [
        (4, Notification(Kind.EVENTS, count=5, numbers=(5,)), []),
        (4, Notification(Kind.EVENTS, count=8, numbers=(8,)), [5, 6, 7]),
        (4, Notification(Kind.EVENTS, count=7, numbers=(6, 7)), [5]),
        (4, Notification(Kind.HEARTBEAT, count=6), [5, 6]),
        (4, Notification(Kind.HEARTBEAT, count=4), []),
        (4, Notification(Kind.HEARTBEAT, count=1), []),
        (4, Notification(Kind.PING), []),
    ],
)
def test_a_gap_in_the_numbers_is_what_never_arrived(last: int, seen: Notification, missing: list[int]) -> None:
    assert list(missing_events(last, seen)) == missing


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@UNTIMED
@given(st.sampled_from(["POST", "PUT", "DELETE"]), st.text(max_size=40), JSON)
def test_whatever_arrives_is_read_without_an_exception(method: str, tail: str, body: Any) -> None:
    assert read_notification(method, tail, body).kind in Kind


@UNTIMED
@given(JSON, JSON, JSON)
def test_whatever_a_status_holds_it_is_read_without_an_exception(first: Any, second: Any, third: Any) -> None:
    for kind in ("Parameters", "SubscriptionStatus"):
        resource = {"resourceType": kind, "parameter": first, "type": second, "notificationEvent": third}
        body = {"resourceType": "Bundle", "entry": [{"resource": resource}]}
        assert read_notification("POST", "", body).kind in Kind
