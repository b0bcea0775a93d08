"""What a FHIR server can do, read once from its CapabilityStatement, and the rung of the writing ladder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from integration.fhir.exchange import Exchange, operation
from integration.fhir.systems import FHIR_VERSION, Json

_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
BACKPORT_PROFILE = f"{_BACKPORT}/backport-subscription"
_TOPIC_EXTENSIONS = (
    f"{_BACKPORT}/capabilitystatement-subscriptiontopic-canonical",
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-CapabilityStatement.subscriptionTopic",
)


class Rung(StrEnum):
    """How a resource is created without ever being created twice, best first (docs/fhir.md)."""

    TRANSACTION = "transaction"
    CONDITIONAL_CREATE = "conditional-create"
    UPDATE_CREATE = "update-create"
    SEARCH = "search"
    NONE = "none"


@dataclass(frozen=True)
class TypeCapability:
    """What the server does with one resource type."""

    interactions: frozenset[str] = frozenset()
    conditional_create: bool = False
    update_create: bool = False
    search_params: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Capabilities:
    """A server's abilities. `topics`: canonical URLs of R4 Backport topics; `rest_hook`: R4 subscriptions."""

    fhir_version: str
    software: str = ""
    transaction: bool = False
    types: dict[str, TypeCapability] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    backport: bool = False
    events: bool = False
    token_endpoint: str = ""

    def of(self, resource_type: str) -> TypeCapability:
        """The type's capability; empty for a type the server does not name."""
        return self.types.get(resource_type, TypeCapability())

    def can(self, resource_type: str, interaction: str) -> bool:
        """Whether the server names the interaction for the type."""
        return interaction in self.of(resource_type).interactions

    def can_search(self, resource_type: str, parameter: str) -> bool:
        """Whether the type can be searched by the parameter."""
        capability = self.of(resource_type)
        return "search-type" in capability.interactions and parameter in capability.search_params

    @property
    def rest_hook(self) -> bool:
        """Whether a Subscription can be created at all."""
        return self.can("Subscription", "create") or self.can("Subscription", "update")

    def rung(self, resource_type: str, key_parameter: str = "identifier") -> Rung:
        """The safest way to create this type, apart from a transaction, which is the caller's to choose.

        `key_parameter`: the search parameter that finds it again ("identifier", or "_tag" for Provenance).
        """
        capability = self.of(resource_type)
        if "create" in capability.interactions and capability.conditional_create:
            return Rung.CONDITIONAL_CREATE
        if "update" in capability.interactions and capability.update_create:
            return Rung.UPDATE_CREATE
        if "create" in capability.interactions and self.can_search(resource_type, key_parameter):
            return Rung.SEARCH
        return Rung.NONE


def capabilities() -> Exchange[Capabilities]:
    """GET /metadata."""
    return read_capabilities((yield from operation("metadata")))


def read_capabilities(statement: Json) -> Capabilities:
    """Capabilities from a CapabilityStatement; whatever it does not say counts as missing."""
    rest = _server(statement)
    resources = [entry for entry in _list(rest, "resource") if entry.get("type")]
    types = {str(entry["type"]): _type(entry, rest) for entry in resources}
    subscription = next((entry for entry in resources if entry["type"] == "Subscription"), {})
    profiles = [*_list_of(subscription.get("supportedProfile")), subscription.get("profile")]
    return Capabilities(
        fhir_version=str(statement.get("fhirVersion", "")),
        software=str((statement.get("software") or {}).get("name", "")),
        transaction="transaction" in _codes(_list(rest, "interaction")),
        types=types,
        topics=_topics([subscription, rest]),
        backport=any(str(profile or "").split("|")[0] == BACKPORT_PROFILE for profile in profiles),
        events="events" in _names(_list(subscription, "operation")),
        token_endpoint=_token_endpoint(rest),
    )


def is_supported(found: Capabilities) -> bool:
    """True for R4 (4.0.x); R4B (4.3) resources of our types have the same shape."""
    return found.fhir_version.startswith((FHIR_VERSION[:3], "4.3"))


def _server(statement: Json) -> Json:
    rests = _list(statement, "rest")
    return next((rest for rest in rests if rest.get("mode") == "server"), rests[0] if rests else {})


def _type(entry: Json, rest: Json) -> TypeCapability:
    shared = {str(param.get("name")) for param in _list(rest, "searchParam")}
    own = {str(param.get("name")) for param in _list(entry, "searchParam")}
    return TypeCapability(
        interactions=frozenset(_codes(_list(entry, "interaction"))),
        conditional_create=entry.get("conditionalCreate") is True,
        update_create=entry.get("updateCreate") is True,
        search_params=frozenset(own | shared),
    )


def _topics(holders: Iterable[Json]) -> tuple[str, ...]:
    extensions = [extension for holder in holders for extension in _list(holder, "extension")]
    found = [
        str(extension.get("valueCanonical") or extension.get("valueUri") or "")
        for extension in extensions
        if extension.get("url") in _TOPIC_EXTENSIONS
    ]
    return tuple(dict.fromkeys(topic for topic in found if topic))


def _token_endpoint(rest: Json) -> str:
    """The oauth-uris extension (SMART App Launch 1.0); newer servers publish smart-configuration instead."""
    for extension in _list(rest.get("security") or {}, "extension"):
        for part in _list(extension, "extension"):
            if part.get("url") == "token":
                return str(part.get("valueUri", ""))
    return ""


def _list(holder: Json, name: str) -> list[Json]:
    return [entry for entry in _list_of(holder.get(name)) if isinstance(entry, dict)]


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _codes(entries: list[Json]) -> set[str]:
    return {str(entry.get("code")) for entry in entries}


def _names(entries: list[Json]) -> set[str]:
    return {str(entry.get("name", "")).lstrip("$") for entry in entries}
