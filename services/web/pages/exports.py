"""What leaves the worklist as a file: the list as CSV, a signed report as FHIR, a report to print."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from integration.fhir.systems import Systems
from services.actions.looks import exported, printing
from services.domain.people import Person
from services.settings import Settings
from services.store import review_list, review_screen
from services.web.auth.session import Reader
from services.web.context import of, transact
from services.web.pages.rendering import page
from services.web.views import csv_text
from services.web.views.columns import EXPORTED
from services.web.views.filters import InAddress
from services.web.views.opening import load
from services.workflow import resources
from services.workflow.refusal import Refused
from services.workflow.telling import MEANS

LIMIT = 10_000
FINAL = ("final", "amended", "corrected")
FHIR_JSON = "application/fhir+json"

router = APIRouter()


@router.get("/worklist.csv")
async def list_as_csv(request: Request, visit: Reader, chosen: InAddress) -> Response:
    """The list under its filter."""

    def work(connection: Connection) -> list[list[Any]]:
        rows = review_list.export(connection, chosen.filter(visit.person), LIMIT)
        exported(connection, visit.person, "worklist", len(rows))
        return [[getattr(row, name) for name in EXPORTED] for row in rows]

    return csv_text.answer("worklist", EXPORTED, await transact(request, work))


@router.get("/reports/{report_id}/fhir")
async def as_fhir(
    request: Request, visit: Reader, report_id: int, status: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The report's findings as a Bundle. Unsigned ones are left out unless `status=preliminary` asks for them."""
    if of(request).settings.training:
        raise Refused("unknown", "An exercise is no record: it is not exported as FHIR.")
    wanted = (status,) if status else FINAL
    bundle = await transact(request, _bundle, visit.person, report_id, wanted, of(request).settings)
    headers = {"Content-Disposition": f'attachment; filename="report-{report_id}.json"'}
    return JSONResponse(bundle, media_type=FHIR_JSON, headers=headers)


def _bundle(
    connection: Connection, person: Person, report_id: int, statuses: tuple[str, ...], settings: Settings
) -> dict[str, Any]:
    row = review_screen.header(connection, person.site, report_id)
    if row is None:
        raise Refused("unknown", "There is no report of that number.")
    kind = "signed" if row.state == "signed" else "proposed"
    rows = resources.collect(connection, kind, row.version_id)
    made = resources.wanted(rows, Systems(settings.canonical_base, settings.fhir.authorities), settings.writeback)
    chosen = [each for each in made if each.type != "Observation" or each.resource["status"] in statuses]
    exported(connection, person, "fhir", len(chosen), report_id)
    entries = [{"fullUrl": each.urn, "resource": each.resource} for each in chosen]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


@router.get("/reports/{report_id}/print")
async def to_print(request: Request, visit: Reader, report_id: int) -> Response:
    """The report and its decisions on paper, without buttons."""

    def work(connection: Connection) -> Any:
        return load(connection, of(request), visit.person, printing(connection, visit.person, report_id))

    return page(request, visit, "print.html", screen=await transact(request, work), means=MEANS)
