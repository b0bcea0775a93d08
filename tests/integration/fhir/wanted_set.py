"""What one report needs on a server, under identifiers that no other test uses."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from integration.canonical import Identifier, Report, Suggestion
from integration.fhir.client import Client
from integration.fhir.device import device
from integration.fhir.diagnostic_report import diagnostic_report
from integration.fhir.exchange import search_all
from integration.fhir.observation import Links, observation
from integration.fhir.patient import patient
from integration.fhir.provenance import provenance
from integration.fhir.service_request import service_request
from integration.fhir.systems import Json, Systems
from integration.fhir.task import Outcome, Output, Review, TaskStatus, task
from integration.fhir.wanted import Entry, Wanted, foreign, owned
from tests.fhir_examples import ENGINE, ISSUED, READ, report, suggestion

TYPES = ("Patient", "ServiceRequest", "DiagnosticReport", "Device", "Observation", "Provenance", "Task")
_NUMBERS = itertools.count(1)


class MemoryLedger:
    """A ledger that forgets when the test ends."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def lookup(self, key: str) -> Entry | None:
        return self.entries.get(key)

    def record(self, key: str, entry: Entry) -> None:
        self.entries[key] = entry

    def attempt(self, sent: Mapping[str, Json]) -> None:
        for key, resource in sent.items():
            known = self.entries[key]
            self.entries[key] = Entry(known.reference, known.version, known.digest, (*known.attempted, resource))


@dataclass
class Case:
    """One report of its own installation, so that nothing of another test is found."""

    systems: Systems = field(default_factory=lambda: Systems(f"https://{uuid.uuid4()}.example.org"))
    findings: int = 1

    def named(self, name: Identifier) -> None:
        """Gives the patient another identifier."""
        who = self._report.patient.model_copy(update={"identifiers": (name,)})
        self._report = self._report.model_copy(update={"patient": who})

    def report(self) -> Report:
        base = report()
        name = Identifier(value=f"p-{next(_NUMBERS)}", authority=f"{self.systems.canonical_base}/mrn", type="MR")
        return base.model_copy(update={"patient": base.patient.model_copy(update={"identifiers": (name,)})})

    def suggestions(self) -> list[Suggestion]:
        one = suggestion()
        return [one.model_copy(update={"identifier": f"{one.identifier}-{n}"}) for n in range(self.findings)]

    def wanted(self, status: str = "preliminary") -> list[Wanted]:
        systems, source = self.systems, self._report
        who = foreign(patient(source.patient, systems))
        order = owned(service_request("k", source, who.reference, systems), systems)
        found = owned(diagnostic_report("k", source, who.reference, order.reference, systems), systems)
        machine = owned(device(ENGINE, systems), systems)
        links = Links(who.reference, found.reference, device=machine.reference)
        seen = [owned(observation(s, source, links, status, systems), systems) for s in self.suggestions()]
        targets = [each.reference for each in seen]
        because = provenance("k", targets, found.reference, READ, systems, authors=[machine.reference])
        outputs = [Output(each.reference, Outcome.PROPOSED) for each in seen]
        state = TaskStatus.COMPLETED if status == "final" else TaskStatus.REQUESTED
        review = Review("k", state, found.reference, who.reference, ISSUED, READ, outputs=outputs)
        return [who, order, found, machine, *seen, owned(because, systems), owned(task(review, systems), systems)]

    def __post_init__(self) -> None:
        self._report = self.report()


def counts(client: Client, systems: Systems) -> dict[str, int]:
    """How many resources of this installation each type has on the server."""
    found = {}
    for each in TYPES:
        resources = client.run(search_all(each, [("_source", systems.source), ("_count", "200")]))
        found[each] = len(resources)
    return found


def statuses(client: Client, systems: Systems) -> list[str]:
    """The statuses of this installation's Observations."""
    found = client.run(search_all("Observation", [("_source", systems.source)]))
    return sorted(each["status"] for each in found)
