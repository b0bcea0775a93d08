"""People and reports for tests of reviews."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine

from services.pipeline.review import Act
from services.settings import Database, Settings, Worklist
from services.store import people
from services.store.people import Person
from services.worklist.app import create_app

ALL_ROLES = ("reviewer", "signer", "operator", "auditor", "administrator")
MakePerson = Callable[..., Person]


@pytest.fixture
def person(engine: Engine) -> MakePerson:
    """Makes a person; by default one who may do everything."""

    def make(name: str = "Ada", roles: tuple[str, ...] = ALL_ROLES, practitioner: str = "Practitioner/ada") -> Person:
        with engine.begin() as connection:
            row = people.put_account(
                connection,
                site="default",
                issuer="urn:test",
                subject=name,
                name=name,
                roles=roles,
                practitioner=practitioner,
            )
        return people.as_person(row)

    return make


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back."""
    with engine.connect() as connection:
        yield connection


def act(person: Person, review_id: int, revision: int) -> Act:
    """A person's act on a review at a revision."""
    return Act(person, review_id, revision, claim=300)


@pytest.fixture
def settings(database: Database) -> Settings:
    """A worklist with the demo login."""
    return Settings(database=database, worklist=Worklist(demo_login=True, public_url="http://testserver"))


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """A browser without a session; it follows no redirects."""
    with TestClient(create_app(settings), follow_redirects=False) as client:
        yield client


@pytest.fixture
def reviewer(client: TestClient) -> TestClient:
    """The demo reviewer, logged in, sending the token as the pages do."""
    client.post("/login/demo")
    client.headers["X-CSRF-Token"] = client.get("/session").json()["csrf"]
    return client
