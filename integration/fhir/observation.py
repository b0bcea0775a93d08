"""Suggestion → Observation: one per finding, preliminary until a radiologist signs."""

from __future__ import annotations

from dataclasses import dataclass

from integration.canonical import Change, Finding, Report, Side, Status, Suggestion
from integration.fhir.elements import checked, coding, concept, instant, literal, meta, notes
from integration.fhir.systems import INTERPRETATION, OBSERVATION_CATEGORY, SNOMED, Json, Systems

# What the report says of the finding, as SNOMED CT qualifier values.
PRESENCE: dict[Status, Json] = {
    Status.PRESENT: coding(SNOMED, "52101004", "Present"),
    Status.ABSENT: coding(SNOMED, "2667000", "Absent"),
    Status.UNCERTAIN: coding(SNOMED, "82334004", "Indeterminate"),
}
INTERPRETATIONS: dict[Status, Json] = {
    Status.PRESENT: coding(INTERPRETATION, "POS", "Positive"),
    Status.ABSENT: coding(INTERPRETATION, "NEG", "Negative"),
    Status.UNCERTAIN: coding(INTERPRETATION, "IND", "Indeterminate"),
}
LATERALITY = coding(SNOMED, "272741003", "Laterality")
SIDES: dict[Side, Json] = {
    Side.LEFT: coding(SNOMED, "7771000", "Left"),
    Side.RIGHT: coding(SNOMED, "24028007", "Right"),
    Side.BILATERAL: coding(SNOMED, "51440002", "Right and left"),
}
OBSERVATION_STATUSES = frozenset({"preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error"})


@dataclass(frozen=True)
class Links:
    """References a report's Observations share; `performer` is the Practitioner who signed, None before."""

    subject: Json
    report: Json
    performer: Json | None = None
    device: Json | None = None


def observation(suggestion: Suggestion, report: Report, links: Links, status: str, systems: Systems) -> Json:
    """One Observation (R4) of `status`.

    A finding added by hand (no engine) carries neither Device nor the AIAST label, whatever `links` holds.
    Raises ValueError for not_mentioned, of which nothing is written, and for an unknown status.
    """
    verdict = suggestion.verdict
    if verdict.status not in PRESENCE:
        raise ValueError(f"nothing is written for a finding that is {verdict.status}")
    if status not in OBSERVATION_STATUSES:
        raise ValueError(f"{status!r} is not a status we write; one of {sorted(OBSERVATION_STATUSES)}")
    by_machine = suggestion.engine is not None
    return checked(
        {
            "resourceType": "Observation",
            "meta": meta(systems, ai=by_machine),
            "identifier": [{"system": systems.observation, "value": suggestion.identifier}],
            "basedOn": [literal(report.order.reference)] if report.order.reference else [],
            "status": status,
            "category": [concept(coding(OBSERVATION_CATEGORY, "imaging", "Imaging"))],
            "code": finding_code(verdict.finding, systems),
            "subject": links.subject,
            "focus": [links.report],
            "effectiveDateTime": instant(report.observed or report.issued),
            "performer": [links.performer] if links.performer else [],
            "valueCodeableConcept": concept(PRESENCE[verdict.status], text=str(verdict.status)),
            "interpretation": [concept(INTERPRETATIONS[verdict.status])],
            "note": notes(quote.text for quote in verdict.quotes),
            "bodySite": concept(text=report.order.body_site),
            "device": links.device if by_machine else None,
            "component": _components(verdict.side, verdict.change, systems),
        }
    )


def finding_code(finding: Finding, systems: Systems) -> Json:
    """The finding's public codes, verified ones first, and always our own id so that no code is invented."""
    ordered = sorted(finding.codes, key=lambda code: not code.verified)
    public = [coding(code.system, code.code, code.display) for code in ordered]
    return concept(*public, coding(systems.codes, finding.id, finding.name), text=finding.name)


def _components(side: Side | None, change: Change | None, systems: Systems) -> list[Json]:
    """Laterality and the change against the prior exam, each only if the report says it."""
    found: list[Json] = []
    if side is not None:
        found.append({"code": concept(LATERALITY), "valueCodeableConcept": concept(SIDES[side])})
    if change is not None:
        change_code = coding(systems.codes, "change", "Change against the prior exam")
        value = coding(systems.codes, f"change-{change}", str(change))
        found.append({"code": concept(change_code), "valueCodeableConcept": concept(value)})
    return found
