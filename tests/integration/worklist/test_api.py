"""The JSON API holds to its description whatever is sent to it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from sqlalchemy import Engine, update

from services.store.tables import account
from tests import seeding

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
