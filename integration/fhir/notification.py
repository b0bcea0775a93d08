"""What a FHIR server sends to our endpoint, read as hints: which resources to re-read, which events we missed.

R4 rest-hook: PUT or DELETE {endpoint}/{Type}/{id}, or an empty POST. Topics: a POSTed Bundle that starts with
Parameters (R4 Backport) or SubscriptionStatus (R4B, R5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from integration.fhir.exchange import Exchange, operation
from integration.fhir.lenient import element, elements, text, version_of
from integration.fhir.systems import Json

_REFERENCE = re.compile(r"(?:^|/)([A-Z][A-Za-z]{1,40})/([A-Za-z0-9\-.]{1,64})(?:/_history/([A-Za-z0-9\-.]{1,64}))?$")


class Kind(StrEnum):
    """What a notification is about."""

    EVENTS = "event-notification"
    HANDSHAKE = "handshake"
    HEARTBEAT = "heartbeat"
    QUERY = "query"
    PING = "ping"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Hint:
    """A resource that may have changed; version "" when the notification does not say."""

    type: str
    id: str
    version: str = ""

    @property
    def reference(self) -> str:
        """ "DiagnosticReport/12"."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True)
class Notification:
    """`count`: events since the subscription began, None if not said; `numbers`: the events in this one.

    `reason` says, for UNREADABLE, which element; never its content.
    """

    kind: Kind
    hints: tuple[Hint, ...] = ()
    subscription: str = ""
    status: str = ""
    count: int | None = None
    numbers: tuple[int, ...] = ()
    reason: str = ""


def read_notification(method: str, tail: str, body: Any) -> Notification:
    """A notification from the HTTP method, the path below our endpoint and the parsed JSON body (or None)."""
    named = hint_of(tail)
    if named is not None:
        return Notification(Kind.EVENTS, (_with_version(named, body),))
    if tail.strip("/"):
        return Notification(Kind.UNREADABLE, reason="path: not {Type}/{id}")
    if body is None:
        return Notification(Kind.PING) if method == "POST" else Notification(Kind.UNREADABLE, reason="no body")
    if text(body, "resourceType") == "Bundle":
        return _bundle(body)
    single = _hint_of_resource(body)
    if single is None:
        return Notification(Kind.UNREADABLE, reason="body: not a Bundle or a resource with an id")
    return Notification(Kind.EVENTS, (single,))


def missing_events(last: int, seen: Notification) -> range:
    """Event numbers between the last one taken in and this notification that never arrived; often empty.

    For a heartbeat or handshake everything up to its count is missing. A count below `last` means the server
    began to count anew, and nothing can be said.
    """
    upto = min(seen.numbers) - 1 if seen.numbers else (seen.count or 0)
    return range(last + 1, upto + 1)


def events_between(subscription: str, missed: range) -> Exchange[Notification]:
    """What the missed events were about, by the $events operation (Subscriptions R5 Backport IG 1.1).

    A server may give fewer than were asked for: `numbers` says which.
    """
    wanted = [("eventsSinceNumber", str(missed.start)), ("eventsUntilNumber", str(missed.stop - 1))]
    bundle = yield from operation(f"{subscription}/$events", wanted)
    return read_notification("POST", "", bundle)


def hint_of(reference: str) -> Hint | None:
    """A hint from "Type/id", an absolute URL or a versioned reference; the host is dropped on purpose."""
    found = _REFERENCE.search(reference.strip())
    return Hint(found[1], found[2], found[3] or "") if found else None


def _with_version(hint: Hint, body: Any) -> Hint:
    found = _hint_of_resource(body)
    return found if found is not None and found.reference == hint.reference else hint


def _hint_of_resource(resource: Any) -> Hint | None:
    version = version_of(resource)
    found = hint_of(f"{text(resource, 'resourceType')}/{text(resource, 'id')}")
    return Hint(found.type, found.id, version or found.version) if found else None


def _bundle(bundle: Json) -> Notification:
    resources = [element(entry, "resource") for entry in elements(bundle, "entry")]
    first = resources[0] if resources else {}
    held = [hint for hint in map(_hint_of_resource, resources[1:]) if hint]
    if text(first, "resourceType") == "Parameters":
        return _status(_from_parameters(first), held)
    if text(first, "resourceType") == "SubscriptionStatus":
        return _status(_from_status(first), held)
    plain = [hint for hint in map(_hint_of_resource, resources) if hint]
    if not plain:
        return Notification(Kind.UNREADABLE, reason="Bundle.entry[0].resource: no subscription status")
    return Notification(Kind.EVENTS, tuple(plain))


@dataclass(frozen=True)
class _Status:
    """The fields R4 Backport Parameters and SubscriptionStatus have in common."""

    type: str
    subscription: str
    status: str
    count: Any
    events: tuple[tuple[Any, str], ...]


def _status(status: _Status, held: list[Hint]) -> Notification:
    focuses = (hint_of(focus) for _, focus in status.events)
    merged = {hint.reference: hint for hint in (*filter(None, focuses), *held)}
    numbers = (_number(number) for number, _ in status.events)
    said = [status.count, *(number for number, _ in status.events)]
    if any(map(_is_beyond, said)):
        return Notification(Kind.UNREADABLE, reason="eventNumber, eventsSinceSubscriptionStart: beyond an integer64")
    return Notification(
        kind=_KINDS.get(status.type, Kind.UNREADABLE),
        hints=tuple(merged.values()),
        subscription=status.subscription,
        status=status.status,
        count=_number(status.count),
        numbers=tuple(sorted(number for number in numbers if number is not None)),
        reason="" if status.type in _KINDS else "type: not a notification type we know",
    )


_KINDS = {
    "event-notification": Kind.EVENTS,
    "handshake": Kind.HANDSHAKE,
    "heartbeat": Kind.HEARTBEAT,
    "query-status": Kind.QUERY,
    "query-event": Kind.QUERY,
}


def _from_parameters(parameters: Json) -> _Status:
    """Names are kebab-case in the guide's R4 form; some servers send R5's camelCase."""
    named: dict[str, Json] = {}
    for each in elements(parameters, "parameter"):
        named.setdefault(_kebab(text(each, "name")), each)
    events = [each for each in elements(parameters, "parameter") if _kebab(text(each, "name")) == "notification-event"]
    return _Status(
        type=text(named.get("type"), "valueCode"),
        subscription=text(element(named.get("subscription"), "valueReference"), "reference"),
        status=text(named.get("status"), "valueCode"),
        count=_value(named.get("events-since-subscription-start")),
        events=tuple(_parameter_event(each) for each in events),
    )


def _parameter_event(event: Json) -> tuple[Any, str]:
    parts = {_kebab(text(part, "name")): part for part in elements(event, "part")}
    focus = text(element(parts.get("focus"), "valueReference"), "reference")
    return _value(parts.get("event-number")), focus


def _from_status(status: Json) -> _Status:
    events = elements(status, "notificationEvent")
    return _Status(
        type=text(status, "type"),
        subscription=text(element(status, "subscription"), "reference"),
        status=text(status, "status"),
        count=status.get("eventsSinceSubscriptionStart"),
        events=tuple((each.get("eventNumber"), text(element(each, "focus"), "reference")) for each in events),
    )


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"-\1", name).lower()


def _value(parameter: Json | None) -> Any:
    return next((value for key, value in (parameter or {}).items() if key.startswith("value")), None)


# FHIR R5's integer64, and the column that keeps the last number.
_MOST = 2**63 - 1
_DIGITS = len(str(_MOST))


def _is_beyond(value: Any) -> bool:
    """Whether a number is larger than any that is counted to."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return len(value.lstrip("0")) > _DIGITS or int(value.lstrip("0") or "0") > _MOST
    return isinstance(value, int) and value > _MOST


def _number(value: Any) -> int | None:
    """integer64 travels as a string in JSON; R4B's count is a string too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    plain = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _DIGITS
    return int(value) if plain else None
