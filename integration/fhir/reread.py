"""Re-reading what a hint names: the DiagnosticReport and what its understanding needs, as one collection Bundle."""

from __future__ import annotations

from collections.abc import Iterator

from integration.fhir.errors import NotFound, Refused
from integration.fhir.exchange import Exchange, read
from integration.fhir.lenient import element, elements, text
from integration.fhir.notification import hint_of
from integration.fhir.systems import Json

# Beyond this a report's references are not followed: a Bundle is one row, and a forged report could name many.
MOST_REFERENCES = 40


def reread(reference: str) -> Exchange[Json]:
    """The collection Bundle whose first entry is the DiagnosticReport.

    References that are missing or refused on the server are left out; the reader says what that means.
    Raises NotFound or Unreachable for the report itself.
    """
    report = yield from read(reference)
    entries = [report]
    for wanted in _references(report):
        try:
            found = yield from read(wanted)
        except (NotFound, Refused):
            continue
        entries.append(found)
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": entry} for entry in entries]}


def _references(report: Json) -> list[str]:
    holders = [element(report, "subject")]
    for name in ("basedOn", "imagingStudy", "result", "resultsInterpreter", "performer"):
        holders += elements(report, name)
    return list(dict.fromkeys(_local(holders)))[:MOST_REFERENCES]


def _local(holders: list[Json]) -> Iterator[str]:
    """Type/id of each reference; contained ones stand in the report already."""
    for holder in holders:
        named = hint_of(text(holder, "reference"))
        if named:
            yield named.reference
