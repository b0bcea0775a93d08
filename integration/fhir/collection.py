"""The resources re-read for one DiagnosticReport, found by the references between them."""

from __future__ import annotations

from typing import Any

from integration.fhir.lenient import element, elements, text
from integration.fhir.systems import Json


class Collection:
    """A Bundle whose first entry is the DiagnosticReport; also resolves contained resources (#id)."""

    def __init__(self, bundle: Any) -> None:
        entries = elements(bundle, "entry")
        resources = [(text(entry, "fullUrl"), element(entry, "resource")) for entry in entries]
        self.report: Json = resources[0][1] if resources else {}
        self._by_reference: dict[str, Json] = {}
        for full_url, resource in resources:
            for name in (full_url, _relative(resource)):
                self._by_reference.setdefault(name, resource)
        for resource in elements(self.report, "contained"):
            self._by_reference.setdefault(f"#{text(resource, 'id')}", resource)
        self._by_reference.pop("", None)

    def follow(self, reference: Json) -> Json:
        """The resource a Reference points at, {} when it is not among those re-read."""
        return self.named(text(reference, "reference"))

    def named(self, reference: str) -> Json:
        """The same for a reference string, relative, absolute or with a version."""
        plain = reference.split("/_history/")[0]
        return self._by_reference.get(plain) or self._by_reference.get("/".join(plain.split("/")[-2:]), {})

    def all_of(self, holder: Json, name: str) -> list[Json]:
        """Every resource the references of one element lead to."""
        return [found for found in map(self.follow, elements(holder, name)) if found]


def _relative(resource: Json) -> str:
    kind, identity = text(resource, "resourceType"), text(resource, "id")
    return f"{kind}/{identity}" if kind and identity else ""


def bundle_of(resources: list[Json]) -> Json:
    """A collection Bundle of resources that were re-read, the DiagnosticReport first."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}


def references_to_read(report: Json) -> list[str]:
    """What else to re-read for a DiagnosticReport: subject, orders, studies, interpreters, results, Binaries.

    Only relative references to types we use; absolute ones may lead to other hosts.
    """
    names = ("subject", "basedOn", "imagingStudy", "resultsInterpreter", "performer", "result")
    held = [text(each, "reference") for name in names for each in elements(report, name)]
    held += [text(each, "url") for each in elements(report, "presentedForm") if not text(each, "data")]
    plain = (reference.split("/_history/")[0] for reference in held)
    return list(dict.fromkeys(each for each in plain if _is_readable(each)))


def _is_readable(reference: str) -> bool:
    kind, _, identity = reference.partition("/")
    return bool(identity) and "/" not in identity and kind in READ_TYPES


READ_TYPES = frozenset(
    {"Patient", "ServiceRequest", "ImagingStudy", "Practitioner", "PractitionerRole", "Observation", "Binary"}
)
