"""People at the JSON API by the access token of their identity provider: the same rights as at the pages, no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update

from services.settings import Database, Settings, Worklist
from services.store.tables import account, audit
from services.web.app import create_app
from tests import seeding
from tests.integration.api.test_read_api import Issuer
from tests.integration.web.conftest import seen_to_its_end
from tests.seeding import Exam

SIGNER = {"sub": "ada", "name": "Ada", "roles": ["reviewer", "signer"], "fhirUser": "Practitioner/7", "scope": "openid"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def at(database: Database, issuer: Issuer) -> Iterator[Callable[..., TestClient]]:
    """A program with a token; keyword arguments are settings of the worklist."""
    opened: list[TestClient] = []

    def client(token: str, **settings: object) -> TestClient:
        worklist = {"api_issuer": issuer.url, "api_jwks_url": issuer.url, "api_audience": "countersign", **settings}
        app = create_app(
            Settings(database=database, worklist=Worklist.model_validate({"settle": 0, "undo": 0} | worklist))
        )
        opened.append(TestClient(app, headers={"Authorization": f"Bearer {token}"}).__enter__())
        return opened[-1]

    yield client
    for each in opened:
        each.__exit__(None, None, None)


def test_a_program_reviews_and_signs_in_its_persons_name(
    at: Callable[..., TestClient], issuer: Issuer, engine: Engine
) -> None:
    with engine.begin() as connection:
        seeding.put(connection, Exam(text=seeding.NORMAL, says=()))
    api = at(issuer.token(**SIGNER))
    assert api.get("/api/v1/me").json()["name"] == "Ada"
    opened = seen_to_its_end(api)
    signed = api.post(
        "/api/v1/reviews/1/sign", json={"revision": opened["revision"], "acknowledged": ["nothing_to_report"]}
    )
    assert (signed.status_code, signed.json()["state"]) == (200, "signed")
    with engine.connect() as connection:
        assert connection.scalar(select(account.c.practitioner)) == "Practitioner/7"
        logins = select(func.count()).where(audit.c.action == "login", audit.c.detail["by"].astext == "token")
        assert connection.scalar(logins) == 1


def test_a_token_gives_the_rights_of_its_roles_and_opens_no_page(at: Callable[..., TestClient], issuer: Issuer) -> None:
    api = at(issuer.token(**{**SIGNER, "roles": ["reviewer"]}))
    assert api.get("/api/v1/reports").status_code == 200
    assert api.get("/api/v1/audit").status_code == 403
    assert api.get("/worklist", follow_redirects=False).status_code == 303


def test_what_is_no_token_for_us_opens_nothing(at: Callable[..., TestClient], issuer: Issuer, engine: Engine) -> None:
    expired, foreign = {"exp": int(time.time()) - 300}, {"aud": "another program"}
    for wrong in (expired, foreign, {"iss": "https://elsewhere.example"}):
        assert at(issuer.token(**{**SIGNER, **wrong})).get("/api/v1/me").status_code == 401
    assert at("no token").get("/api/v1/me").status_code == 401
    assert at(issuer.token(**SIGNER), api_audience="").get("/api/v1/me").status_code == 401
    assert at(issuer.token(**{**SIGNER, "roles": ["gardener"]})).get("/api/v1/me").status_code == 403


def test_a_closed_account_stays_closed(at: Callable[..., TestClient], issuer: Issuer, engine: Engine) -> None:
    api = at(issuer.token(**SIGNER))
    assert api.get("/api/v1/me").status_code == 200
    with engine.begin() as connection:
        connection.execute(update(account).values(active=False))
    assert api.get("/api/v1/me").status_code == 403


def test_where_the_site_asks_a_signature_needs_a_token_of_a_fresh_login(
    at: Callable[..., TestClient], issuer: Issuer, engine: Engine
) -> None:
    with engine.begin() as connection:
        seeding.put(connection, Exam(text=seeding.NORMAL, says=()))
    answers = []
    for claims in ({}, {"auth_time": int(time.time()) - 600}, {"auth_time": int(time.time())}):
        api = at(issuer.token(**SIGNER, **claims), reauthenticate=True)
        revision = seen_to_its_end(api)["revision"]
        answers.append(
            api.post(
                "/api/v1/reviews/1/sign", json={"revision": revision, "acknowledged": ["nothing_to_report"]}
            ).status_code
        )
    assert answers == [403, 403, 200]
