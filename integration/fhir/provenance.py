"""Who asserted the Observations, from which version of which report, and who verified them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from integration.fhir.elements import checked, coding, concept, instant, meta
from integration.fhir.systems import AIAST, PROVENANCE_AGENT, Json, Systems


def provenance(
    key: str,
    targets: list[Json],
    report_version: Json,
    recorded: datetime,
    systems: Systems,
    *,
    authors: Sequence[Json],
    by_machine: bool = True,
    verifier: Json | None = None,
) -> Json:
    """One Provenance for the Observations of one reading, or for those one person added by hand.

    `report_version` is the versioned reference to the DiagnosticReport that was read. `authors` are the Devices,
    or the Practitioner when not `by_machine`; `verifier` the Practitioner once reviewed. `key` identifies it
    as a meta.tag, for R4 Provenance has no identifier.
    """
    agents = [_agent("author", each) for each in authors] + ([_agent("verifier", verifier)] if verifier else [])
    return checked(
        {
            "resourceType": "Provenance",
            "meta": meta(systems, ai=by_machine, tag={"system": systems.provenance, "code": key}),
            "target": targets,
            "recorded": instant(recorded),
            "reason": [concept(AIAST)] if by_machine else [],
            "agent": agents,
            "entity": [{"role": "source", "what": report_version}],
        }
    )


def _agent(role: str, who: Json) -> Json:
    return {"type": concept(coding(PROVENANCE_AGENT, role)), "who": who}
