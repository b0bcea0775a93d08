"""The verdict of a finding of which a report asserts nothing."""

from __future__ import annotations

from integration.canonical import Finding, Status, Verdict

# The rule of a finding that stands nowhere in a report.
UNMENTIONED = "not-mentioned"
# That of a reading which did not come to its end.
LIMIT = "limit"


def silence(finding: Finding, rule: str = UNMENTIONED) -> Verdict:
    """Not mentioned, and the rule by which what may stand there does not count."""
    return Verdict(
        finding=finding, status=Status.NOT_MENTIONED, rationale="The report asserts nothing of it.", rule=rule
    )
