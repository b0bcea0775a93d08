"""The JSON API holds to its description whatever is sent to it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from sqlalchemy import Engine, update

from services.store.tables import account
from services.web.app import PAGES as PAGES_PARTS
from tests import seeding

# What people do at the pages, and the operations that do the same for a program. Files (CSV, NDJSON, FHIR, print) are
# served to both under one address.
PAGES = {
    "GET /worklist": "GET /reports",
    "GET /reports/{report_id}": "GET /reports/{report_id}",
    "POST /reviews/{review_id}/claim": "POST /reviews/{review_id}/claim",
    "POST /reviews/{review_id}/skip": "GET /reviews/{review_id}/next",
    "POST /reviews/{review_id}/open": "POST /reviews/{review_id}/suggestions/{suggestion_id}/open",
    "POST /reviews/{review_id}/decide": "POST /reviews/{review_id}/decisions",
    "POST /reviews/{review_id}/accept": "POST /reviews/{review_id}/accept",
    "POST /reviews/{review_id}/told": "POST /reviews/{review_id}/told",
    "POST /reviews/{review_id}/told/forget": "DELETE /reviews/{review_id}/told",
    "POST /reviews/{review_id}/undo": "DELETE /reviews/{review_id}/drafts/{draft_id}",
    "POST /reviews/{review_id}/sign": "POST /reviews/{review_id}/sign",
    "GET /reviews/{review_id}/standing": "GET /reports/{report_id}",
    "POST /reviews/{review_id}/opened": "POST /reviews/{review_id}/seen",
    "POST /reviews/{review_id}/take-back": "POST /reviews/{review_id}/take-back",
    "POST /reviews/{review_id}/amend": "POST /reviews/{review_id}/amend",
    "POST /reviews/{review_id}/advisory": "POST /reviews/{review_id}/advisories",
    "POST /reviews/{review_id}/reasoning": "POST /reviews/{review_id}/reasoning",
    "POST /reviews/{review_id}/heartbeat": "POST /reviews/{review_id}/claim",
    "POST /reviews/{review_id}/rate": "POST /reviews/{review_id}/ratings",
    "GET /findings": "GET /findings",
    "GET /second": "GET /second-readings",
    "GET /second/{reading_id}": "POST /second-readings/{reading_id}/open",
    "POST /second/{reading_id}/open": "POST /second-readings/{reading_id}/open",
    "POST /second/{reading_id}/answer": "PUT /second-readings/{reading_id}/answers/{finding_id}",
    "POST /second/{reading_id}/finish": "POST /second-readings/{reading_id}/finish",
    "GET /bulk": "GET /bulk",
    "POST /bulk/confirm": "GET /bulk",
    "POST /bulk/approve": "POST /bulk",
    "POST /bulk/undo": "POST /bulk/undo",
    "POST /views": "POST /views",
    "POST /views/{view_id}/drop": "DELETE /views/{view_id}",
    "GET /preferences": "GET /preferences",
    "POST /preferences": "PUT /preferences",
    "GET /charts": "GET /charts/{name}",
    "GET /evaluation/{name}": "GET /evaluation/{name}",
    "GET /audit": "GET /audit",
    "GET /audit/verify": "GET /audit/verification",
    "GET /messages": "GET /messages",
    "GET /messages/{message_id}": "GET /messages/{message_id}",
    "POST /messages/{message_id}/replay": "POST /messages/{message_id}/replay",
    "GET /messages/{message_id}/beside/{other_id}": "GET /messages/{message_id}",
    "GET /messages/{message_id}/beside": "GET /messages/{message_id}",
    "GET /trace": "GET /trace",
    "GET /feeds": "GET /feeds",
    "GET /quarantine": "GET /quarantine",
    "GET /quarantine/{key}": "GET /messages",
    "POST /quarantine/{key}/try": "POST /quarantine/try",
    "POST /quarantine/{key}/replay": "POST /replays",
    "GET /replays/{number}": "GET /replays/{replay_id}",
    "POST /replays/{number}/undo": "POST /replays/{replay_id}/undo",
    "GET /jobs": "GET /jobs",
    "POST /jobs/{job_id}/retry": "POST /jobs/{job_id}/retry",
    "POST /jobs/{job_id}/cancel": "POST /jobs/{job_id}/cancel",
    "POST /deliveries/{delivery_id}/retry": "POST /deliveries/{delivery_id}/retry",
    "POST /held/{report_id}/release": "POST /held/{report_id}/release",
    "POST /held/{report_id}/retract": "POST /held/{report_id}/retract",
    "POST /notices/{notice_id}/clear": "POST /notices/{notice_id}/clear",
    "GET /people": "GET /people",
    "POST /people/{account_id}/active": "PUT /people/{account_id}",
    "GET /session": "GET /me",
}
# Ways in and out, and pages without anything of their own on them.
ELSEWHERE = ("/", "/login", "/logout", "/launch", "/events", "/evaluation")
FILES = ("/raw", ".csv", ".ndjson", "/fhir", "/print", "/raw")

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.fixture
def everyone(reviewer: TestClient, engine: Engine) -> TestClient:
    """Somebody with every role, where there are reports."""
    with engine.begin() as connection:
        seeding.put(connection)
        seeding.put(connection)
        everything = ["reviewer", "signer", "operator", "auditor", "administrator"]
        connection.execute(update(account).values(roles=everything))
    return reviewer


def test_what_the_pages_do_the_api_does(client: TestClient) -> None:
    done = {
        f"{method} {route.path}"
        for part in PAGES_PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute) and not route.path.endswith(FILES)
        for method in route.methods
        if route.path not in ELSEWHERE and not route.path.startswith(("/login/", "/launch/"))
    }
    described = client_paths(client)
    assert done == set(PAGES)
    assert set(PAGES.values()) - described == set()


def client_paths(client: TestClient) -> set[str]:
    """The operations of the API's description."""
    client.post("/login/demo")
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def test_whatever_is_sent_the_answer_is_one_that_is_described(everyone: TestClient) -> None:
    schema = schemathesis.openapi.from_dict(everyone.get("/api/v1/openapi.json").json())
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        try_out(everyone, operation)


def try_out(client: TestClient, operation: Any) -> None:
    """Sends an operation a number of generated requests."""

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        body = {"json": case.body} if case.body.__class__.__name__ != "NotSet" else {}
        response = client.request(case.method, f"/api/v1{case.formatted_path}", params=case.query, **body)
        case.validate_response(response, checks=CHECKS)

    send()
