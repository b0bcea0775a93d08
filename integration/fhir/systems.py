"""Every URI of ours, derived from one setting, and the public code systems we write; the FHIR version."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from integration.canonical import Engine, Identifier, sha256

Json = dict[str, Any]

FHIR_VERSION = "4.0.1"
FHIR_JSON = "application/fhir+json"

SNOMED = "http://snomed.info/sct"
V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
V2_0074 = "http://terminology.hl7.org/CodeSystem/v2-0074"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
PROVENANCE_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
AI_DEVICE_TYPE = "http://hl7.org/fhir/uv/aitransparency/CodeSystem/AIdeviceTypeCS"
AI_KIND = "http://hl7.org/fhir/uv/aitransparency/StructureDefinition/aitransparency.AIKind"

# The label HL7's AI Transparency on FHIR guide gives to content an AI asserted. A label (meta.security), not
# a tag, and it stays after a person approved.
AIAST: Json = {
    "system": OBSERVATION_VALUE,
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
# RFC 3986 in outline: a scheme, then characters a URI may hold.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


@dataclass(frozen=True)
class Systems:
    """The URIs under `canonical_base`, and the site's table of assigning authorities.

    `authorities` maps an assigning authority as HL7 messages name it (CX.4) to its Identifier.system URI; the
    HL7 door applies the same table, so that one patient has one key through both doors.
    """

    canonical_base: str
    authorities: Mapping[str, str] = field(default_factory=dict)

    def _uri(self, tail: str) -> str:
        if self.canonical_base.startswith("urn:"):
            return f"{self.canonical_base.rstrip(':')}:{tail.replace('/', ':')}"
        return f"{self.canonical_base.rstrip('/')}/{tail}"

    @property
    def identifiers(self) -> str:
        """What every identifier system of ours begins with."""
        return self._uri("identifier/")

    @property
    def source(self) -> str:
        """meta.source of everything we write; how we recognise our own echo."""
        return self._uri("source")

    @property
    def observation(self) -> str:
        """Identifier.system of our Observations."""
        return self._uri("identifier/observation")

    @property
    def report(self) -> str:
        """Identifier.system of the DiagnosticReports we create for HL7-fed reports."""
        return self._uri("identifier/report")

    @property
    def order(self) -> str:
        """Identifier.system of the ServiceRequests we create for HL7-fed reports."""
        return self._uri("identifier/order")

    @property
    def task(self) -> str:
        """Identifier.system of our Tasks."""
        return self._uri("identifier/task")

    @property
    def advisory(self) -> str:
        """Identifier.system of the Flags and ServiceRequest proposals made of advisories."""
        return self._uri("identifier/advisory")

    @property
    def told(self) -> str:
        """URL of the extension of a Flag that says who was told of a critical result."""
        return self._uri("StructureDefinition/critical-result-told")

    @property
    def device(self) -> str:
        """Identifier.system of our Devices."""
        return self._uri("identifier/device")

    @property
    def provenance(self) -> str:
        """meta.tag system of our Provenances: R4 Provenance has no identifier element."""
        return self._uri("identifier/provenance")

    @property
    def audit(self) -> str:
        """meta.tag system of our AuditEvents: R4 AuditEvent has no identifier element."""
        return self._uri("identifier/audit-event")

    @property
    def codes(self) -> str:
        """Our CodeSystem: finding ids where no public code is known, outcomes, changes, task codes."""
        return self._uri("CodeSystem/countersign")

    def authority_uri(self, authority: str) -> str:
        """The Identifier.system for an assigning authority as an HL7 message names it; "" stays ""."""
        if authority in self.authorities:
            return self.authorities[authority]
        if _OID.fullmatch(authority):
            return f"urn:oid:{authority}"
        if not authority.strip() or is_uri(authority):
            return authority.strip()
        return self._uri("authority/") + quote(authority, safe="", errors="replace")

    def authority(self, uri: str) -> str:
        """The inverse: an Identifier.system as the HL7 door names it, which maps what it knows to URIs too."""
        ours = self._uri("authority/")
        return unquote(uri.removeprefix(ours)) if uri.startswith(ours) else uri


def is_uri(value: str) -> bool:
    """Whether a value can stand where FHIR wants a URI."""
    return _URI.fullmatch(value) is not None


def device_identifier(engine: Engine) -> Identifier:
    """One Device per (engine, model, prompt, catalogue) version; authority is filled in by the builder."""
    digest = sha256(
        "device",
        engine.name,
        engine.version,
        engine.model,
        engine.prompt_version,
        engine.catalogue,
        engine.catalogue_version,
    )
    return Identifier(value=digest)


def local_id(key: str) -> str:
    """A deterministic resource id (1 to 64 of [A-Za-z0-9-.]) for servers that let the client choose it."""
    return hashlib.sha256(key.encode()).hexdigest()


def urn(key: str) -> str:
    """The fullUrl of a resource not yet written: the same key gives the same urn:uuid."""
    return uuid.uuid5(uuid.NAMESPACE_URL, key).urn


def is_ours(resource: Json, systems: Systems) -> bool:
    """True for what we wrote: our meta.source (servers may append #request-id), or our identifier."""
    meta = resource.get("meta")
    source = str(meta.get("source", "")) if isinstance(meta, dict) else ""
    if source.split("#", 1)[0] == systems.source:
        return True
    found = resource.get("identifier") or []
    identifiers = found if isinstance(found, list) else [found]
    ours = (i for i in identifiers if isinstance(i, dict))
    return any(str(i.get("system", "")).startswith(systems.identifiers) for i in ours)
