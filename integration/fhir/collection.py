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
        """The same for a reference string, with or without a version.

        An absolute reference is followed only if it is some entry's fullUrl: Patient/1 of another server is
        another patient.
        """
        return self._by_reference.get(reference.split("/_history/")[0], {})

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

    Only relative references to types we use; at most MOST_REFERENCES, for a forged report could name many.
    """
    names = ("subject", "basedOn", "imagingStudy", "resultsInterpreter", "performer", "result")
    held = [text(each, "reference") for name in names for each in elements(report, name)]
    held += [text(each, "url") for each in elements(report, "presentedForm") if not text(each, "data")]
    plain = (reference.split("/_history/")[0] for reference in held)
    return list(dict.fromkeys(each for each in plain if _is_readable(each)))[:MOST_REFERENCES]


def made_relative(value: Any, base_url: str) -> Any:
    """A copy in which references and URLs of the server itself are relative; those of others stay as they are."""
    prefix = f"{base_url.rstrip('/')}/"
    if isinstance(value, dict):
        return {
            key: item.removeprefix(prefix)
            if key in ("reference", "url") and isinstance(item, str)
            else made_relative(item, base_url)
            for key, item in value.items()
        }
    return [made_relative(item, base_url) for item in value] if isinstance(value, list) else value


def _is_readable(reference: str) -> bool:
    kind, _, identity = reference.partition("/")
    return bool(identity) and "/" not in identity and kind in READ_TYPES


MOST_REFERENCES = 40
READ_TYPES = frozenset(
    {"Patient", "ServiceRequest", "ImagingStudy", "Practitioner", "PractitionerRole", "Observation", "Binary"}
)
