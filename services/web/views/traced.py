"""Who may trace what, for the page and the API."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy import Connection

from services.actions.operating import Operator
from services.actions.tracing import traced
from services.domain.people import Person
from services.domain.traces import Trace
from services.web.auth.session import Visit, having
from services.web.views.message_view import MAY_READ
from services.workflow.refusal import Refused

Tracer = Annotated[Visit, Depends(having("operator", "auditor", "administrator"))]
Asked = Annotated[
    str, Query(alias="id", max_length=200, description="control id, accession, FHIR Type/id, job/7 and so on")
]
Texts = Annotated[bool, Query(alias="text", description="with patients' names and reports' text")]


def looked_up(connection: Connection, person: Person, asked: str, texts: bool) -> Trace | None:
    """The trace, with the row of this person's look. Raises Refused where they may not read the texts they ask for."""
    if texts and not person.may(*MAY_READ):
        raise Refused("role", f"Patients' text is for the role {' or '.join(MAY_READ)}.")
    return traced(connection, Operator.of(person), asked, texts=texts)
