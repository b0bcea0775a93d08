"""Signed advisories as resources: what stands, what was withdrawn or taken back (docs/fhir.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from integration.canonical import Advisory, AdvisoryKind
from integration.fhir.advisory import SignedAdvisory, Standing, flag, proposal
from integration.fhir.elements import literal
from integration.fhir.systems import Json, Systems
from integration.fhir.wanted import Wanted, owned
from services.domain.reports import StoredAdvisory, Suggestion
from services.workflow.advising import is_asserted, resting_on

MADE = {AdvisoryKind.CRITICAL_RESULT: flag, AdvisoryKind.FOLLOW_UP: proposal}


def made(
    rows: Sequence[StoredAdvisory],
    suggestions: Sequence[Suggestion],
    observations: Mapping[int, Wanted],
    subject: Json,
    report: Json,
    systems: Systems,
    *,
    retracted: bool,
) -> list[Wanted]:
    """A Flag for each critical result, a ServiceRequest proposal for each follow-up."""
    found = []
    for row in rows:
        said = Advisory.model_validate(row.record)
        if said.kind not in MADE or row.signed_at is None:
            continue
        about = [observations[each.id].reference for each in resting_on(said, suggestions) if is_asserted(each)]
        signed = SignedAdvisory(
            identifier=row.identifier,
            advisory=said,
            signed=row.signed_at,
            signer=literal(row.signed_by),
            subject=subject,
            report=report,
            evidence=about[0] if about else report,
            standing=_standing(row, retracted),
            ended=row.ended_at,
            told=row.told,
        )
        wanted = owned(MADE[said.kind](signed, systems), systems)
        found.append(replace(wanted, taken_back=signed.standing is not Standing.STANDS))
    return found


def texts(rows: Sequence[StoredAdvisory]) -> list[str]:
    """Discrepancies that stand, for the review's Task."""
    said = (Advisory.model_validate(row.record) for row in rows if row.state == "signed")
    return [f"Discrepancy: {each.message}" for each in said if each.kind is AdvisoryKind.DISCREPANCY]


def _standing(row: StoredAdvisory, retracted: bool) -> Standing:
    if retracted:
        return Standing.RETRACTED
    return Standing.STANDS if row.state == "signed" else Standing.WITHDRAWN
