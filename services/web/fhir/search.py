"""A search or a read carried out: rows found, resources made, one page of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from integration.fhir.systems import Json, Systems
from services.settings import Settings
from services.store import findings
from services.web.fhir import served_resources
from services.web.fhir.parameters import Search

SMALL = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A page: resources, and the row id after which the next begins (None at the end)."""

    resources: tuple[Json, ...]
    last: int | None


def find(connection: Connection, kind: str, search: Search, settings: Settings, systems: Systems) -> Found:
    """One page of a search."""
    if kind == "Device":
        return Found(_devices(connection, search, settings, systems), None)
    if kind == "Observation":
        return _observations(connection, search, settings, systems)
    return _by_version(connection, kind, search, settings, systems)


def read(
    connection: Connection, kind: str, identity: str, site: str, settings: Settings, systems: Systems
) -> Json | None:
    """One resource of a site by our id, whatever its status."""
    asked = findings.Asked(site)
    if kind == "Observation":
        asked = replace(asked, identifier=identity)
    elif kind in ("DiagnosticReport", "Flag", "ServiceRequest"):
        asked = replace(asked, key=identity)
    elif kind in ("Task", "Provenance"):
        number = identity.removeprefix("v").partition("-")[0]
        if not number.isdecimal() or len(number) > 18:
            return None
        asked = replace(asked, version_id=int(number))
    found = find(connection, kind, Search(asked, ids=(identity,), count=SMALL), settings, systems)
    return found.resources[-1] if found.resources else None


def _observations(connection: Connection, search: Search, settings: Settings, systems: Systems) -> Found:
    asked = search.asked
    wanted = [value for _, value in search.identifiers] or search.ids
    if len(wanted) == 1:
        asked = replace(asked, identifier=wanted[0])
    rows = findings.suggestions(connection, asked, search.count + 1)
    page = rows[: search.count]
    made = _versions(connection, [row.version_id for row in page], settings, systems)
    chosen = [made.get((row.version_id, "Observation", row.identifier)) for row in page]
    fitting = tuple(each for each in chosen if each is not None and _fits(each, search))
    return Found(fitting, page[-1].id if len(rows) > search.count else None)


def _by_version(connection: Connection, kind: str, search: Search, settings: Settings, systems: Systems) -> Found:
    rows = findings.versions(connection, search.asked, search.count + 1, current=kind == "DiagnosticReport")
    page = rows[: search.count]
    made = _versions(connection, page, settings, systems)
    fitting = tuple(each for (_, type_, _), each in made.items() if type_ == kind and _fits(each, search))
    return Found(fitting, page[-1] if len(rows) > search.count else None)


def _devices(connection: Connection, search: Search, settings: Settings, systems: Systems) -> tuple[Json, ...]:
    made = _versions(connection, findings.newest_of_engines(connection, search.asked.site), settings, systems)
    unique = {each["id"]: each for (_, type_, _), each in made.items() if type_ == "Device"}
    return tuple(each for each in unique.values() if _fits(each, search))


def _versions(
    connection: Connection, version_ids: list[int], settings: Settings, systems: Systems
) -> dict[tuple[int, str, str], Json]:
    """(version, type, id) → resource."""
    found = served_resources.of_versions(connection, list(dict.fromkeys(version_ids)), settings, systems)
    return {(number, each["resourceType"], each["id"]): each for number, made in found.items() for each in made}


def _fits(resource: Json, search: Search) -> bool:
    named = resource.get("identifier") or []
    values = {(system, each["value"]) for each in named for system in (None, each.get("system", ""))}
    return (
        (not search.statuses or resource.get("status") in search.statuses)
        and (not search.intents or resource.get("intent") in search.intents)
        and (not search.ids or resource["id"] in search.ids)
        and (not search.identifiers or not values.isdisjoint(search.identifiers))
    )
