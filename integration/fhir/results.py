"""Signed Observations in DiagnosticReport.result of a report that belongs to the EHR: opt-in, raw JSON only."""

from __future__ import annotations

from collections.abc import Sequence

from integration.fhir.errors import Conflict
from integration.fhir.exchange import Exchange, read, update
from integration.fhir.lenient import elements, text, version_of

ATTEMPTS = 5


def list_results(report: str, signed: Sequence[str], taken_back: Sequence[str]) -> Exchange[bool]:
    """Make `result` name the signed Observations and none of those taken back; whether anything changed.

    The rest of the resource goes back as it was read, decimals and unknown elements included, under If-Match;
    when somebody else was faster, it is read again. Raises Conflict when that happens five times.
    """
    for attempt in range(ATTEMPTS):
        resource = yield from read(report)
        held = elements(resource, "result")
        kept = [each for each in held if text(each, "reference") not in taken_back]
        known = {text(each, "reference") for each in kept}
        result = kept + [{"reference": each} for each in signed if each not in known]
        if result == held:
            return False
        changed = {**{k: v for k, v in resource.items() if k != "result"}, **({"result": result} if result else {})}
        try:
            yield from update(changed, version_of(resource))
        except Conflict:
            if attempt + 1 == ATTEMPTS:
                raise
            continue
        return True
    return False
