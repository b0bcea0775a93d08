"""What can go wrong when we talk to a FHIR server. No message holds a patient's text or a search value."""

from __future__ import annotations

import re
from typing import Any

_SAFE = re.compile(r"[A-Za-z0-9_.\-\[\]()]{1,100}")


class FhirError(Exception):
    """Any failure of an exchange; `retryable` says whether trying again later can help."""

    retryable = False


class Unreachable(FhirError):
    """No usable answer: connection, timeout, 401, 408, 425, 429, 5xx, or a body that is not FHIR JSON.

    `retry_after` in seconds when the server said how long (Retry-After, RFC 9110 §10.2.3).
    """

    retryable = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(FhirError):
    """The server understood and said no; the same request will be refused again.

    `codes`: issue types and element paths of the OperationOutcome, never its diagnostics or details' text.
    """

    def __init__(self, message: str, status: int, codes: tuple[str, ...] = ()) -> None:
        super().__init__(message + (f" ({', '.join(codes)})" if codes else ""))
        self.status = status
        self.codes = codes


class NotFound(Refused):
    """404, or 410 for a deleted resource."""


class Conflict(Refused):
    """409 or 412: somebody else changed the resource, or a condition matched several.

    `reference` and `version` name what the server holds now, where that is known.
    """

    def __init__(
        self,
        message: str,
        status: int,
        codes: tuple[str, ...] = (),
        reference: str = "",
        version: str = "",
    ) -> None:
        super().__init__(message, status, codes)
        self.reference = reference
        self.version = version


def outcome_codes(body: Any) -> tuple[str, ...]:
    """Issue codes, coded details and element paths of an OperationOutcome; free text is left behind."""
    if not isinstance(body, dict) or body.get("resourceType") != "OperationOutcome":
        return ()
    found: list[str] = []
    for issue in body.get("issue") or []:
        if isinstance(issue, dict):
            found.extend(_codes_of(issue))
    return tuple(dict.fromkeys(found))[:20]


def _codes_of(issue: dict[str, Any]) -> list[str]:
    details = issue.get("details")
    codings = (details.get("coding") or []) if isinstance(details, dict) else []
    values = [issue.get("code"), *(c.get("code") for c in codings if isinstance(c, dict))]
    paths = issue.get("expression")
    values += paths if isinstance(paths, list) else []
    return [value for value in values if isinstance(value, str) and _SAFE.fullmatch(value)]
