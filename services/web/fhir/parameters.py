"""Search parameters of a request (FHIR R4 search.html), as far as the CapabilityStatement names them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from integration.characters import storable
from integration.fhir.lenient import moment
from integration.fhir.systems import Systems
from services.store.findings import Asked

DEFAULT_STATUSES = ("final", "amended", "corrected")
# Observation.status → the suggestion states it can come from; the exact status is compared afterwards.
STATES = {
    "preliminary": ("proposed",),
    "final": ("approved", "edited"),
    "amended": ("approved", "edited"),
    "corrected": ("approved", "edited"),
    "entered-in-error": ("approved", "edited", "rejected", "withdrawn"),
    "cancelled": ("rejected", "withdrawn"),
}
PARAMETERS: dict[str, dict[str, str]] = {
    "Observation": {
        "_id": "token",
        "_lastUpdated": "date",
        "identifier": "token",
        "patient": "reference",
        "subject": "reference",
        "code": "token",
        "status": "token",
        "focus": "reference",
    },
    "DiagnosticReport": {
        "_id": "token",
        "_lastUpdated": "date",
        "identifier": "token",
        "patient": "reference",
        "status": "token",
    },
    "Task": {"_id": "token", "_lastUpdated": "date", "patient": "reference", "status": "token", "focus": "reference"},
    "Provenance": {"_id": "token", "_lastUpdated": "date", "patient": "reference"},
    "Flag": {
        "_id": "token",
        "_lastUpdated": "date",
        "identifier": "token",
        "patient": "reference",
        "status": "token",
    },
    "ServiceRequest": {
        "_id": "token",
        "_lastUpdated": "date",
        "identifier": "token",
        "patient": "reference",
        "status": "token",
        "intent": "token",
    },
    "Device": {"_id": "token", "identifier": "token"},
}
MOST = 200
_CONTROL = ("_count", "_cursor", "_format", "_pretty", "_total")
# A patient is also named by an identifier: patient:identifier, or the chain patient.identifier.
_CHAINED = ("patient.identifier", "subject.identifier")


class BadParameter(ValueError):
    """A parameter cannot be used; the message names it and what it takes, never its value."""


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed search.

    `statuses`, `intents`, `ids` and `identifiers` (system or None, value): what a resource must match exactly;
    empty: any.
    """

    asked: Asked
    statuses: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    identifiers: tuple[tuple[str | None, str], ...] = ()
    count: int = 50
    ignored: tuple[str, ...] = field(default=())


def parse(resource_type: str, given: Iterable[tuple[str, str]], site: str, systems: Systems, *, strict: bool) -> Search:
    """Raises BadParameter; an unknown one only when `strict` (Prefer: handling=strict)."""
    search = Search(Asked(site), statuses=DEFAULT_STATUSES if resource_type == "Observation" else ())
    ignored: list[str] = []
    for name, value in given:
        _check(name, value)
        if name in _CONTROL:
            search = _control(search, name, value)
        elif _plain(name).split(":")[0] in PARAMETERS[resource_type] and value:
            search = _one(search, _plain(name), value, systems)
        elif strict:
            raise BadParameter(f"{resource_type} is not searched by {name[:40]!r}; see /fhir/metadata")
        else:
            ignored.append(name)
    if resource_type == "Observation":
        states = tuple(dict.fromkeys(state for status in search.statuses for state in STATES.get(status, ())))
        search = replace(search, asked=replace(search.asked, states=states))
    return replace(search, ignored=tuple(ignored))


def _check(name: str, value: str) -> None:
    if storable(value) != value or "\ufffd" in value:
        raise BadParameter(f"{name[:40]!r} holds a character that no text may hold")
    if value.count(",") >= MOST:
        raise BadParameter(f"{name[:40]!r} takes {MOST} values at most")


def _plain(name: str) -> str:
    return name.replace(".", ":") if name in _CHAINED else name


def _control(search: Search, name: str, value: str) -> Search:
    if name == "_count":
        if not value.isdecimal():
            raise BadParameter("_count takes a whole number")
        return replace(search, count=max(1, min(int(value[:6]), MOST)))
    if name == "_cursor":
        return replace(search, asked=replace(search.asked, after=read_cursor(value)))
    return search


def _one(search: Search, name: str, value: str, systems: Systems) -> Search:
    asked = search.asked
    if name == "_id":
        return replace(search, ids=tuple(value.split(",")))
    if name == "identifier":
        return replace(search, identifiers=tuple(_token(each) for each in value.split(",")))
    if name == "status":
        return replace(search, statuses=tuple(value.split(",")))
    if name == "intent":
        return replace(search, intents=tuple(value.split(",")))
    if name == "code":
        return replace(search, asked=replace(asked, codes=tuple(_token(each) for each in value.split(","))))
    if name == "_lastUpdated":
        return replace(search, asked=_dated(asked, value))
    if name == "focus":
        return replace(search, asked=replace(asked, focus=_focus(value)))
    if name.endswith(":identifier"):
        system, number = _token(value)
        authority = None if system is None else systems.authority(system)
        return replace(search, asked=replace(asked, patient=(authority, number)))
    if ":" in name:
        raise BadParameter(f"{name.split(':')[0]} takes the modifier :identifier only")
    return replace(search, asked=replace(asked, subject=_reference("Patient", value)))


def _token(value: str) -> tuple[str | None, str]:
    system, bar, code = value.rpartition("|")
    return (system if bar else None), code


def _reference(kind: str, value: str) -> str:
    """Relative, absolute or a bare id."""
    return "/".join(value.split("/")[-2:]) if "/" in value else f"{kind}/{value}"


def _focus(value: str) -> str:
    """A report of ours is named by its key, one of the EHR by its reference."""
    plain = _reference("DiagnosticReport", value)
    identity = plain.partition("/")[2]
    return identity if len(identity) == 64 else plain


def _dated(asked: Asked, value: str) -> Asked:
    prefix = value[:2] if value[:2] in ("ge", "gt", "le", "lt", "eq") else ""
    # "+" in a query string arrives as a blank: the offset's sign.
    plain = value[len(prefix) :].replace(" ", "+")
    found = moment(plain)
    if found is None:
        raise BadParameter("_lastUpdated takes ge, gt, le, lt and a date or instant with its offset, of our times")
    if prefix in ("ge", "gt"):
        return replace(asked, since=found if prefix == "ge" else found + timedelta(milliseconds=1))
    if prefix in ("le", "lt"):
        return replace(asked, before=found if prefix == "lt" else found + timedelta(milliseconds=1))
    return replace(asked, since=found, before=found + _width(plain))


def _width(plain: str) -> timedelta:
    """How long the moment named lasts: a day for a bare date, else a second."""
    return timedelta(days=1) if len(plain) == len("2026-01-01") else timedelta(seconds=1)


def cursor(last: int) -> str:
    """An opaque place in a search."""
    return base64.urlsafe_b64encode(str(last).encode()).decode().rstrip("=")


def read_cursor(value: str) -> int:
    """The inverse. Raises BadParameter."""
    try:
        plain = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except (binascii.Error, ValueError):
        plain = ""
    if not plain.isascii() or not plain.isdecimal() or len(plain) > 18:
        raise BadParameter("_cursor is not one of ours")
    return int(plain)
