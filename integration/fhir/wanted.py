"""A resource we want to exist on a server, how it is found again there, and where it turned out to be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from integration.canonical import sha256
from integration.fhir.systems import Json, Systems, urn


@dataclass(frozen=True)
class Wanted:
    """One resource with a deterministic identity.

    `token` ("system|value") finds it by `parameter`. `owned` resources are kept in step with what we want;
    others (a Patient) are only created where missing. `also`: tokens of the server's own under which the
    thing may already be there; what is found so belongs to the server and is never written to.
    `taken_back`: it says that something stands no more, and is not created only to say so.
    """

    resource: Json
    token: str
    parameter: str = "identifier"
    owned: bool = True
    also: tuple[str, ...] = ()
    taken_back: bool = False

    @property
    def type(self) -> str:
        """The resource type."""
        return str(self.resource["resourceType"])

    @property
    def is_proposal(self) -> bool:
        """A ServiceRequest that asks for something, unlike the order behind a report."""
        return self.resource.get("intent") == "proposal"

    @property
    def is_companion(self) -> bool:
        """Whether the findings go out without it, where a server does not take it."""
        return self.type in COMPANIONS or self.is_proposal

    @cached_property
    def key(self) -> str:
        """The ledger's key."""
        return f"{self.type}?{self.parameter}={self.token}"

    @cached_property
    def urn(self) -> str:
        """How other wanted resources refer to it before it has an id."""
        return urn(self.key)

    @property
    def reference(self) -> Json:
        """A Reference for use in another wanted resource; resolved when written."""
        return {"reference": self.urn}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what we want it to say."""
        return sha256(json.dumps(self.resource, sort_keys=True))

    @property
    def logical(self) -> Json:
        """A Reference that needs no resource on the server."""
        system, _, value = self.token.rpartition("|")
        named = {"system": system, "value": value} if system else {"value": value}
        return {"type": self.type, "identifier": named}


@dataclass(frozen=True)
class Entry:
    """What the ledger knows of a key. `digest` "" marks a resource of the server's, never to be updated.

    `attempted`: updates that were sent and whose answers have not been seen.
    """

    reference: str
    version: str
    digest: str
    attempted: tuple[Json, ...] = ()


# What a server may refuse without the findings being held back: they explain an Observation, they are not it.
COMPANIONS = frozenset({"Device", "Flag", "Provenance", "Task", "AuditEvent"})

_PEOPLE = re.compile(r"(?:^|/)(?:Practitioner|PractitionerRole)/[^/]+$")


class Ledger(Protocol):
    """Our memory of what was written to one server.

    Attempts must be durable before `attempt` returns. A record may be lost with the process: what is there is then
    found by its identifier.
    """

    def lookup(self, key: str) -> Entry | None:
        """What is known of the key, None for a key never written."""
        ...

    def record(self, key: str, entry: Entry) -> None:
        """Remember, replacing what was known, attempts included."""
        ...

    def attempt(self, sent: Mapping[str, Json]) -> None:
        """Add, to what is known of each key, an update that is about to be sent."""
        ...


def owned(resource: Json, systems: Systems) -> Wanted:
    """A resource of ours, found by our identifier, or by our meta.tag where R4 has no identifier."""
    prefix = systems.identifiers
    for identifier in resource.get("identifier") or []:
        if str(identifier.get("system", "")).startswith(prefix):
            return Wanted(resource, f"{identifier['system']}|{identifier['value']}", also=_theirs(resource, prefix))
    tag = next(tag for tag in resource["meta"]["tag"] if str(tag.get("system", "")).startswith(prefix))
    return Wanted(resource, f"{tag['system']}|{tag['code']}", parameter="_tag")


def foreign(resource: Json) -> Wanted:
    """A resource that belongs to the EHR, created only where none bears one of its identifiers."""
    tokens = _tokens(resource)
    if not tokens:
        raise ValueError(f"a {resource['resourceType']} without an identifier cannot be found again")
    return Wanted(resource, tokens[0], owned=False, also=tokens[1:])


def _theirs(resource: Json, prefix: str) -> tuple[str, ...]:
    """Tokens that name this very thing for the EHR. A placer number does not: it can cover several reports."""
    named = (i for i in resource.get("identifier") or [] if i.get("system") and i.get("value"))
    foreign_ones = (i for i in named if not str(i["system"]).startswith(prefix))
    return tuple(f"{i['system']}|{i['value']}" for i in foreign_ones if _type_code(i) != "PLAC")


def _type_code(identifier: Json) -> str:
    codings = (identifier.get("type") or {}).get("coding") or [{}]
    return str(codings[0].get("code", ""))


def _tokens(resource: Json) -> tuple[str, ...]:
    """Tokens with their system; one without could match somebody else's resource, so it counts only alone."""
    found = [i for i in resource.get("identifier") or [] if i.get("value")]
    named = [f"{i['system']}|{i['value']}" for i in found if i.get("system")]
    return tuple(named or [f"|{i['value']}" for i in found])


def escaped(token: str) -> str:
    """A token as a search takes it: the bar between system and value stands, others are escaped (R4 search.html)."""
    system, bar, value = token.partition("|")
    return _escaped(system) + bar + _escaped(value)


def _escaped(part: str) -> str:
    return re.sub(r"([\\,$|])", r"\\\1", part)


def resolve(value: Any, known: Mapping[str, Json]) -> Any:
    """A copy in which every Reference to a known urn is replaced by the Reference it stands for."""
    kind = type(value)
    if kind is dict:
        if value.get("reference") in known:
            return {**{k: v for k, v in value.items() if k != "reference"}, **known[value["reference"]]}
        return {key: item if type(item) is str else resolve(item, known) for key, item in value.items()}
    if kind is list:
        return [resolve(item, known) for item in value]
    return value


def people(value: Any) -> set[str]:
    """The References to practitioners in a resource: "Practitioner/7", or a URL of another server's."""
    if isinstance(value, list):
        return set().union(*map(people, value))
    if not isinstance(value, dict):
        return set()
    named = value.get("reference")
    own = {named} if isinstance(named, str) and _PEOPLE.search(named) else set()
    return own.union(*map(people, value.values()))


def named(reference: str) -> Json:
    """A logical Reference to somebody of another server; a URL is an identifier of its own (R4 datatypes.html)."""
    kind, number = reference.split("/")[-2:]
    who = {"system": "urn:ietf:rfc:3986", "value": reference} if "://" in reference else {"value": number}
    return {"type": kind, "identifier": who}


def covers(current: Any, wanted: Any) -> bool:
    """True when the server's copy says all we want said; what the server added does not matter."""
    if isinstance(wanted, dict):
        return isinstance(current, dict) and all(
            covers_element(key, current.get(key), item) for key, item in wanted.items() if key != "id"
        )
    if isinstance(wanted, list):
        return (
            isinstance(current, list)
            and len(current) == len(wanted)
            and all(covers(mine, theirs) for mine, theirs in zip(current, wanted, strict=True))
        )
    return current == wanted or _same_moment(current, wanted)


def covers_element(key: str, current: Any, wanted: Any) -> bool:
    """As `covers`, knowing that servers add to meta, may make references absolute, and drop their versions (HAPI)."""
    if key == "meta":
        return _labels(wanted) <= _labels(current)
    if key == "reference" and isinstance(current, str):
        plain = wanted.split("/_history/")[0]
        return current in (wanted, plain) or current.endswith((f"/{wanted}", f"/{plain}"))
    return covers(current, wanted)


def _labels(meta: Any) -> set[tuple[str, str, str]]:
    if not isinstance(meta, dict):
        return set()
    return {
        (kind, str(label.get("system")), str(label.get("code")))
        for kind in ("security", "tag")
        for label in meta.get(kind) or []
    }


def _same_moment(current: Any, wanted: Any) -> bool:
    try:
        return datetime.fromisoformat(current) == datetime.fromisoformat(wanted)
    except (TypeError, ValueError):
        return False
