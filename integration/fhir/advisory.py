"""Advisories that stood at Sign: a critical result as Flag, a follow-up as ServiceRequest proposal.

A discrepancy is about the report and not about the patient: it becomes a note of the review's Task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from integration.canonical import Advisory
from integration.fhir.elements import checked, coding, concept, instant, meta, notes
from integration.fhir.systems import SNOMED, Json, Systems

FLAG_CATEGORY = "http://terminology.hl7.org/CodeSystem/flag-category"
# HL7's extension of R4's Flag: the record that says more.
FLAG_DETAIL = "http://hl7.org/fhir/StructureDefinition/flag-detail"
IMAGING = coding(SNOMED, "363679005", "Imaging")
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
# DICOM PS3.16 CID 29; other wordings of a modality stay words.
MODALITIES: dict[str, Json] = {
    "CT": coding(DICOM, "CT", "Computed Tomography"),
    "MR": coding(DICOM, "MR", "Magnetic Resonance"),
    "US": coding(DICOM, "US", "Ultrasound"),
    "MG": coding(DICOM, "MG", "Mammography"),
    "NM": coding(DICOM, "NM", "Nuclear Medicine"),
}
NOT_IMAGING = frozenset({"BIOPSY", "ENDOSCOPY"})


class Standing(StrEnum):
    """Whether what was signed still stands: the report was signed anew, or taken back by its source."""

    STANDS = "stands"
    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"


_FLAG_STATUS = {Standing.STANDS: "active", Standing.WITHDRAWN: "inactive", Standing.RETRACTED: "entered-in-error"}
_PROPOSAL_STATUS = {Standing.STANDS: "draft", Standing.WITHDRAWN: "revoked", Standing.RETRACTED: "entered-in-error"}


@dataclass(frozen=True)
class SignedAdvisory:
    """One advisory with its identifier, when it was signed, and references to signer, patient and report.

    `evidence`: the Observation it rests on, else the DiagnosticReport. `ended`: when it ceased to stand. `told`: who
    was told of it, each {"person", "at" (ISO 8601), "means", "read_back"}.
    """

    identifier: str
    advisory: Advisory
    signed: datetime
    signer: Json
    subject: Json
    report: Json
    evidence: Json
    standing: Standing = Standing.STANDS
    ended: datetime | None = None
    told: Sequence[Json] = ()


def flag(said: SignedAdvisory, systems: Systems) -> Json:
    """A critical result, for whoever next opens the patient's chart."""
    code = coding(systems.codes, "critical-result", "Critical result")
    return checked(
        {
            "resourceType": "Flag",
            "meta": meta(systems, ai=True),
            "extension": [
                {"url": FLAG_DETAIL, "valueReference": said.evidence},
                *(_told(each, systems) for each in said.told),
            ],
            "identifier": [{"system": systems.advisory, "value": said.identifier}],
            "status": _FLAG_STATUS[said.standing],
            "category": [concept(coding(FLAG_CATEGORY, "clinical", "Clinical"))],
            "code": concept(code, text=said.advisory.message),
            "subject": said.subject,
            "period": {"start": instant(said.signed), "end": instant(said.ended)},
            "author": said.signer,
        }
    )


def _told(each: Json, systems: Systems) -> Json:
    """One communication: R4's Flag has no element for it."""
    parts = [
        {"url": "person", "valueString": each["person"]},
        {"url": "time", "valueDateTime": each["at"]},
        {"url": "means", "valueCode": each["means"]},
        {"url": "readBack", "valueBoolean": each["read_back"]},
    ]
    return {"url": systems.told, "extension": parts}


def proposal(said: SignedAdvisory, systems: Systems) -> Json:
    """A follow-up the report asks for: a proposal, which orders nothing until somebody takes it up.

    Modality and interval are the report's own words; the interval is not computed into a date. Where either of two
    exams will do, the words tell it and no code does.
    """
    modality, interval, either = (said.advisory.detail.get(name, "") for name in ("modality", "interval", "or"))
    return checked(
        {
            "resourceType": "ServiceRequest",
            "meta": meta(systems, ai=True),
            "identifier": [{"system": systems.advisory, "value": said.identifier}],
            "status": _PROPOSAL_STATUS[said.standing],
            "intent": "proposal",
            "category": [] if modality in NOT_IMAGING else [concept(IMAGING)],
            "code": concept({} if either else MODALITIES.get(modality, {}), text=said.advisory.message),
            "subject": said.subject,
            "occurrenceTiming": {"code": concept(text=interval)},
            "authoredOn": instant(said.signed),
            "requester": said.signer,
            "reasonReference": [said.report],
            "note": notes(quote.text for quote in said.advisory.quotes),
        }
    )
