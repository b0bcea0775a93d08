"""Where a SMART launch leads: to the report, or the reports of the patient, that the EHR had on its screen.

SMART App Launch 2.2, "Launch context arrives with your access_token": patient, encounter, fhirContext. What those ids
stand for is asked of the EHR with the access token it gave. Where that leads to nobody, nobody's report is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import Connection

from integration.fhir.systems import FHIR_JSON, Systems
from services.domain.words import REVIEW_TO_DO
from services.store import launches
from services.store.launches import Meant
from services.web.views.filters import Chosen

TIMEOUT_SECONDS = 5
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# Resources that bear the numbers a report is known by (IHE RAD TF: accession, placer, filler).
ORDERS = ("DiagnosticReport", "ServiceRequest", "ImagingStudy")
UNKNOWN = "/launch/unknown"
Numbers = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Opened:
    """What the EHR had open: ids on its FHIR server, "" where it does not say."""

    patient: str
    encounter: str
    orders: tuple[str, ...]

    @property
    def anything(self) -> bool:
        """Whether there is any context to follow."""
        return bool(self.patient or self.encounter or self.orders)


def opened(token: Mapping[str, Any], base: str) -> Opened:
    """The launch context of a token response; references to other servers and to other things are left out."""
    context = token.get("fhirContext")
    listed = [each for each in context if isinstance(each, Mapping)] if isinstance(context, list) else []
    found = (_reference(each.get("reference"), base) for each in listed)
    return Opened(_id(token.get("patient")), _id(token.get("encounter")), tuple(each for each in found if each))


def _id(value: Any) -> str:
    return value if isinstance(value, str) and ID.fullmatch(value) else ""


def _reference(value: Any, base: str) -> str:
    kind, _, identity = str(value).removeprefix(f"{base}/").partition("/")
    return f"{kind}/{identity}" if kind in ORDERS and _id(identity) else ""


@dataclass(frozen=True, slots=True)
class Named:
    """Identifiers (system, value) of the patient and of the orders in context; None: there is no such context."""

    patient: Numbers | None
    orders: Numbers | None


class Ehr:
    """The FHIR server a launch came from, read with the token of the one who launched."""

    def __init__(self, http: httpx2.AsyncClient, base: str, access_token: str) -> None:
        self._http = http
        self._base = base
        self._headers = {"Authorization": f"Bearer {access_token}", "Accept": FHIR_JSON}

    async def named(self, context: Opened) -> Named:
        """The identifiers behind the ids."""
        patient = orders = None
        if context.patient:
            patient = frozenset(_identifiers(await self._get(f"Patient/{context.patient}")))
        paths = list(context.orders)
        if context.encounter and not paths:
            paths = [f"DiagnosticReport?encounter={context.encounter}"]
        if paths:
            resources = [await self._get(path) for path in paths]
            orders = frozenset(each for resource in resources for each in _identifiers(resource))
        return Named(patient, orders)

    async def _get(self, path: str) -> Any:
        """A resource as it is; None where the EHR does not give it."""
        try:
            answer = await self._http.get(f"{self._base}/{path}", headers=self._headers, timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
            return answer.json()
        except (httpx2.HTTPError, ValueError):
            return None


def _identifiers(resource: Any) -> Iterator[tuple[str, str]]:
    """(system, value) of a resource, or of everything in a Bundle."""
    if not isinstance(resource, Mapping):
        return
    for entry in resource.get("entry") or ():
        yield from _identifiers(entry.get("resource") if isinstance(entry, Mapping) else None)
    for each in resource.get("identifier") or ():
        if isinstance(each, Mapping) and isinstance(each.get("value"), str):
            yield str(each.get("system") or ""), each["value"]


def address(connection: Connection, site: str, named: Named, systems: Systems) -> str:
    """The report meant; else the patient's list; else the page that says that nobody was found."""
    rows = _meant(connection, site, named, systems)
    people = {(row.patient_id, row.patient_authority) for row in rows}
    if len(people) != 1:
        return UNKNOWN
    waiting = [row for row in rows if row.state in REVIEW_TO_DO]
    chosen = Chosen(patient="^".join(people.pop()), show="todo" if waiting else "all")
    only = rows if named.orders and len(rows) == 1 else waiting
    return chosen.link(f"/reports/{only[0].report_id}" if len(only) == 1 else "/worklist")


def _meant(connection: Connection, site: str, named: Named, systems: Systems) -> Sequence[Meant]:
    """Reports of the patient in context; of these the ones in context, where there are any."""
    orders = {value for _, value in named.orders or ()}
    if named.patient is None:
        return launches.of_orders(connection, site, orders)
    rows = launches.of_patients(connection, site, {value for _, value in named.patient})
    theirs = [row for row in rows if (systems.authority_uri(row.patient_authority), row.patient_id) in named.patient]
    return [row for row in theirs if orders & {row.accession, row.filler}] or theirs
