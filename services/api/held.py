"""What we hold as FHIR resources: the very shapes that are written to servers, under ids of our own."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from integration.fhir.systems import Json, Systems
from integration.fhir.wanted import Wanted, resolve
from services.pipeline import resources
from services.pipeline.resources import Rows
from services.settings import Settings

SERVED = ("Observation", "DiagnosticReport", "Task", "Provenance", "Device", "Flag", "ServiceRequest")
DECIDED = ("approved", "edited", "rejected")
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(/_history/[A-Za-z0-9\-.]+)?")


def of_version(connection: Connection, version_id: int, settings: Settings, systems: Systems) -> list[Json]:
    """Every resource of one version that we serve, references between them resolved."""
    rows = _rows(connection, version_id)
    # What is kept from servers is kept here, and so served here.
    wanted = resources.wanted(rows, systems, settings.writeback.model_copy(update={"advisories": True}))
    names = {item.urn: _reference(item, version_id) for item in wanted}
    base = str(settings.fhir.url).rstrip("/") if settings.fhir.url else ""
    served = [item for item in wanted if item.type in SERVED and not _is_older_order(item, rows)]
    return [_finished(item, names, version_id, rows, base) for item in served]


def _is_older_order(item: Wanted, rows: Rows) -> bool:
    """Versions of a report share its order: it is served with the one that counts."""
    return item.type == "ServiceRequest" and not item.is_proposal and rows.version["state"] == "superseded"


def _rows(connection: Connection, version_id: int) -> Rows:
    rows = resources.collect(connection, "proposed", version_id)
    if rows.version["state"] == "retracted":
        return resources.collect(connection, "retracted", version_id)
    signed = any(row["state"] in DECIDED for row in rows.suggestions) or _is_signed(rows)
    return resources.collect(connection, "signed", version_id) if signed else rows


def _is_signed(rows: Rows) -> bool:
    return rows.review is not None and rows.review["state"] == "signed"


def local(item: Wanted, version_id: int) -> str:
    """Our id: the identifier's value where that is one, else made from the version's number."""
    value = item.token.rpartition("|")[2]
    if item.type == "Task":
        return f"v{version_id}"
    if item.type == "Provenance":
        return f"v{version_id}-{'by-hand' if value.endswith('by-hand') else 'ai'}"
    return value


def _reference(item: Wanted, version_id: int) -> Json:
    return {"reference": f"{item.type}/{local(item, version_id)}"} if item.type in SERVED else item.logical


def _finished(item: Wanted, names: dict[str, Json], version_id: int, rows: Rows, base: str) -> Json:
    """References to resources of the EHR are made absolute: they are not ours to serve."""
    ours = {name["reference"] for name in names.values() if "reference" in name}
    resource: Json = _absolute(resolve(item.resource, names), base, ours)
    updated = _updated(item, rows).isoformat(timespec="milliseconds")
    return {**resource, "id": local(item, version_id), "meta": {**resource["meta"], "lastUpdated": updated}}


def _absolute(value: Any, base: str, ours: set[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: f"{base}/{item}"
            if key == "reference" and _is_theirs(item, base, ours)
            else _absolute(item, base, ours)
            for key, item in value.items()
        }
    return [_absolute(item, base, ours) for item in value] if isinstance(value, list) else value


def _is_theirs(reference: Any, base: str, ours: set[str]) -> bool:
    return bool(base) and reference not in ours and bool(_RELATIVE.fullmatch(str(reference)))


def _updated(item: Wanted, rows: Rows) -> datetime:
    if item.type == "Observation":
        value = item.token.rpartition("|")[2]
        row = next(row for row in rows.suggestions if row["identifier"] == value)
        found: datetime = max(filter(None, (row["created_at"], row["decided_at"])))
        return found
    signed = rows.review["signed_at"] if rows.review else None
    latest: datetime = max(filter(None, (rows.version["created_at"], signed)))
    return latest
