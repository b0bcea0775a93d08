"""What we hold as FHIR resources: the very shapes that are written to servers, under ids of our own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from integration.fhir.systems import Json, Systems
from integration.fhir.wanted import Wanted, resolve
from services.domain.words import ReviewState
from services.settings import Settings
from services.store import findings
from services.workflow import resources
from services.workflow.resources import Rows

SERVED = ("Observation", "DiagnosticReport", "Task", "Provenance", "Device", "Flag", "ServiceRequest")
DECIDED = ("approved", "edited", "rejected")
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(/_history/[A-Za-z0-9\-.]+)?")


def of_versions(
    connection: Connection, version_ids: Sequence[int], settings: Settings, systems: Systems
) -> dict[int, list[Json]]:
    """By version: every resource of it that we serve, references between them resolved."""
    moved = findings.moved(connection, version_ids)
    found = map(_as_it_stands, resources.collect_all(connection, [("signed", each) for each in version_ids]))
    return {rows.version.id: _served(rows, moved.get(rows.version.id), settings, systems) for rows in found}


def _served(rows: Rows, moved: datetime | None, settings: Settings, systems: Systems) -> list[Json]:
    # What is kept from servers is kept here, and so served here.
    wanted = resources.wanted(rows, systems, settings.writeback.model_copy(update={"advisories": True}))
    version_id = rows.version.id
    names = {item.urn: _reference(item, version_id) for item in wanted}
    base = str(settings.fhir.url).rstrip("/") if settings.fhir.url else ""
    served = [item for item in wanted if item.type in SERVED and not _is_older_order(item, rows)]
    return [_finished(item, names, rows, moved, base) for item in served]


def _is_older_order(item: Wanted, rows: Rows) -> bool:
    """Versions of a report share its order: it is served with the one that counts."""
    return item.type == "ServiceRequest" and not item.is_proposal and rows.older


def _as_it_stands(rows: Rows) -> Rows:
    if rows.version.state == "retracted":
        return replace(rows, kind="retracted")
    signed = any(row.state in DECIDED for row in rows.suggestions) or _is_signed(rows)
    return rows if signed else replace(rows, kind="proposed", advisories=())


def _is_signed(rows: Rows) -> bool:
    return rows.review_state is ReviewState.SIGNED


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


def _finished(item: Wanted, names: dict[str, Json], rows: Rows, moved: datetime | None, base: str) -> Json:
    """References to resources of the EHR are made absolute: they are not ours to serve."""
    ours = {name["reference"] for name in names.values() if "reference" in name}
    resource: Json = _absolute(resolve(item.resource, names), base, ours)
    updated = _updated(item, rows, moved).isoformat(timespec="milliseconds")
    meta = {**resource["meta"], "lastUpdated": updated}
    return {**resource, "id": local(item, rows.version.id), "meta": meta}


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


def _updated(item: Wanted, rows: Rows, moved: datetime | None) -> datetime:
    """As the searches by `_lastUpdated` have it (services/store/findings.py)."""
    retracted = rows.version.state == "retracted"
    if item.type == "Observation":
        value = item.token.rpartition("|")[2]
        row = next(row for row in rows.suggestions if row.identifier == value)
        taken_back = moved if retracted or row.state == "withdrawn" else None
        return _latest(row.created_at, row.decided_at, taken_back)
    signed = rows.signed_at
    released = rows.version.released_at if signed else None
    return _latest(rows.version.created_at, signed, released, moved if retracted or rows.older else None)


def _latest(*moments: datetime | None) -> datetime:
    return max(each for each in moments if each)
