"""What a FHIR server can do, read once from its CapabilityStatement, and the rung of the writing ladder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from integration.fhir.exchange import Exchange, operation
from integration.fhir.lenient import element, elements, strings, text
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
    batch: bool = False
    types: dict[str, TypeCapability] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    backport: bool = False
    events: bool = False

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
    resources = [entry for entry in elements(rest, "resource") if text(entry, "type")]
    types = {text(entry, "type"): _type(entry, rest) for entry in resources}
    subscription = next((entry for entry in resources if entry["type"] == "Subscription"), {})
    profiles = [*strings(subscription, "supportedProfile"), text(subscription, "profile")]
    interactions = _codes(elements(rest, "interaction"))
    return Capabilities(
        fhir_version=text(statement, "fhirVersion"),
        software=text(element(statement, "software"), "name"),
        transaction="transaction" in interactions,
        batch="batch" in interactions,
        types=types,
        topics=_topics([subscription, rest]),
        backport=any(profile.split("|")[0] == BACKPORT_PROFILE for profile in profiles),
        events="events" in _names(elements(subscription, "operation")),
    )


def is_supported(found: Capabilities) -> bool:
    """True for R4 (4.0.x); R4B (4.3) resources of our types have the same shape."""
    return found.fhir_version.startswith((FHIR_VERSION[:3], "4.3"))


def _server(statement: Json) -> Json:
    rests = elements(statement, "rest")
    return next((rest for rest in rests if rest.get("mode") == "server"), rests[0] if rests else {})


def _type(entry: Json, rest: Json) -> TypeCapability:
    """Search parameters of the type, and those the server has for all types."""
    params = [*elements(rest, "searchParam"), *elements(entry, "searchParam")]
    return TypeCapability(
        interactions=frozenset(_codes(elements(entry, "interaction"))),
        conditional_create=entry.get("conditionalCreate") is True,
        update_create=entry.get("updateCreate") is True,
        search_params=frozenset(text(param, "name") for param in params),
    )


def _topics(holders: Iterable[Json]) -> tuple[str, ...]:
    extensions = [each for holder in holders for each in elements(holder, "extension")]
    named = [each for each in extensions if each.get("url") in _TOPIC_EXTENSIONS]
    found = (text(each, "valueCanonical") or text(each, "valueUri") for each in named)
    return tuple(dict.fromkeys(topic for topic in found if topic))


def _codes(entries: list[Json]) -> set[str]:
    return {text(entry, "code") for entry in entries}


def _names(entries: list[Json]) -> set[str]:
    return {text(entry, "name").lstrip("$") for entry in entries}
