"""After a second Sign of the same version: what was final and now says otherwise is `corrected`."""

from __future__ import annotations

from dataclasses import replace

from integration.fhir.systems import Json
from integration.fhir.wanted import Ledger, Wanted


def amended(wanted: list[Wanted], ledger: Ledger) -> list[Wanted]:
    """Observation.status `corrected` for those that change or return; untouched ones stay `final`."""
    return [_amended(item, ledger) for item in wanted]


def _amended(item: Wanted, ledger: Ledger) -> Wanted:
    known = ledger.lookup(item.key)
    if item.type != "Observation" or item.resource["status"] != "final" or known is None:
        return item
    if known.digest in ("", item.digest):
        return item
    resource: Json = {**item.resource, "status": "corrected"}
    return replace(item, resource=resource)
