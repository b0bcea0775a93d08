"""The JSON API holds to its description whatever is sent to it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from sqlalchemy import Engine, update

from services.store.tables import account
from tests import seeding

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.fixture
def api(reviewer: TestClient, engine: Engine) -> Any:
    """The schema of an API with reports in it, at which somebody with every role is logged in."""
    with engine.begin() as connection:
        seeding.put(connection)
        seeding.put(connection)
        everything = ["reviewer", "signer", "operator", "auditor", "administrator"]
        connection.execute(update(account).values(roles=everything))
    schema = schemathesis.openapi.from_dict(reviewer.get("/api/v1/openapi.json").json())
    return schema, reviewer


schema = schemathesis.pytest.from_fixture("described")


@pytest.fixture
def described(api: Any) -> Any:
    """Only the schema."""
    return api[0]


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_whatever_is_sent_the_answer_is_one_that_is_described(case: Any, api: Any) -> None:
    client: TestClient = api[1]
    response = client.request(
        case.method,
        f"/api/v1{case.formatted_path}",
        params=case.query,
        headers={name: value for name, value in (case.headers or {}).items() if value.isascii()},
        **({"json": case.body} if case.media_type == "application/json" and _is_sent(case.body) else {}),
    )
    case.validate_response(response, checks=CHECKS)


def _is_sent(body: Any) -> bool:
    return isinstance(body, dict | list | str | int | float | None)
