"""Subscriptions as we ask for them: R4 rest-hook, and R4 Backport topics (Subscriptions R5 Backport IG 1.1)."""

from __future__ import annotations

from integration.fhir.capability import BACKPORT_PROFILE
from integration.fhir.elements import checked, meta
from integration.fhir.systems import FHIR_JSON, Json, Systems

_BACKPORT = BACKPORT_PROFILE.rsplit("/", 1)[0]
FILTER = f"{_BACKPORT}/backport-filter-criteria"
CONTENT = f"{_BACKPORT}/backport-payload-content"
HEARTBEAT = f"{_BACKPORT}/backport-heartbeat-period"
SECRET_HEADER = "X-Countersign-Secret"  # noqa: S105 - a header's name
STATUSES = "preliminary,partial,final,amended,corrected,appended,cancelled,entered-in-error"
CRITERIA = f"DiagnosticReport?status={STATUSES}"


def rest_hook(endpoint: str, secret: str, systems: Systems, *, payload: bool = False) -> Json:
    """An R4 Subscription to every DiagnosticReport whose status we may take in.

    Without payload the server sends an empty POST, so that no report travels to an endpoint that is not
    yet known to be ours; with it, HAPI and others PUT the resource to {endpoint}/DiagnosticReport/{id}.
    """
    channel = {
        "type": "rest-hook",
        "endpoint": endpoint,
        "payload": FHIR_JSON if payload else None,
        "header": [f"{SECRET_HEADER}: {secret}"],
    }
    return _subscription(CRITERIA, channel, systems)


def topic(url: str, endpoint: str, secret: str, systems: Systems, *, heartbeat: int = 0) -> Json:
    """An R4 Backport Subscription to the topic `url`, notifications naming ids only.

    `heartbeat` in seconds; 0 asks for none.
    """
    channel = {
        "extension": [{"url": HEARTBEAT, "valueUnsignedInt": heartbeat}] if heartbeat else [],
        "type": "rest-hook",
        "endpoint": endpoint,
        "payload": FHIR_JSON,
        "_payload": {"extension": [{"url": CONTENT, "valueCode": "id-only"}]},
        "header": [f"{SECRET_HEADER}: {secret}"],
    }
    built = _subscription(url, channel, systems)
    built["meta"] = {**built["meta"], "profile": [BACKPORT_PROFILE]}
    return built


def _subscription(criteria: str, channel: Json, systems: Systems) -> Json:
    return checked(
        {
            "resourceType": "Subscription",
            "meta": meta(systems),
            "status": "requested",
            "reason": "New and changed imaging reports, for suggested findings.",
            "criteria": criteria,
            "channel": channel,
        }
    )


def same_place(existing: Json, ours: Json) -> bool:
    """True when a Subscription on the server notifies our endpoint."""
    theirs = existing.get("channel") or {}
    return bool(theirs.get("endpoint") == ours["channel"]["endpoint"])


def same_subscription(existing: Json, ours: Json) -> bool:
    """True when it also asks for what we would ask."""
    return same_place(existing, ours) and bool(existing.get("criteria") == ours["criteria"])


def suitable_topic(topics: tuple[str, ...]) -> str:
    """The offered topic about DiagnosticReports, "" when none is; names carry no fixed form, hence a search."""
    squeezed = {url: url.lower().replace("-", "").replace("_", "") for url in topics}
    return next((url for url, name in squeezed.items() if "diagnosticreport" in name), "")
