"""HAPI FHIR as the EHR, and the judges written in Java: `make test-java` brings them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from integration.fhir.client import Client, Endpoint
from services.settings import Database, Writeback
from tests import seeding
from tests.integration.api.test_read_api import issuer  # noqa: F401
from tests.integration.sender.house import House, MakeHouse
from tests.integration.sender.test_hl7_retraction import home, receiver  # noqa: F401
from tests.system import System, running_system

LIVE = os.environ.get("HAPI_URL", "")
NEEDED = "needs Java 17, Maven and HAPI FHIR: make test-java"
LIVE_ONLY = ("test_hapi_", "test_judge_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = (item for item in items if item.path.parent == Path(__file__).parent)
    for item in here:
        if not LIVE and item.path.name.startswith(LIVE_ONLY):
            item.add_marker(pytest.mark.skip(reason=NEEDED))


@dataclass(frozen=True)
class Hapi:
    """Where it listens."""

    base_url: str


@pytest.fixture(scope="session")
def fhir_server() -> Hapi:
    return Hapi(LIVE)


@pytest.fixture
def client(fhir_server: Hapi) -> Client:
    return Client(Endpoint(fhir_server.base_url))


@pytest.fixture
def house(engine: Engine, database: Database, fhir_server: Hapi) -> MakeHouse:
    """Makes one with a report that was read and waits for its review."""

    def make(url: str = fhir_server.base_url, **writeback: object) -> House:
        made = House(engine, database, url, Writeback.model_validate(writeback))
        made.seed(seeding.Exam())
        return made

    return make


@pytest.fixture
def empty(engine: Engine, database: Database, fhir_server: Hapi) -> House:
    """One no report has come to yet."""
    return House(engine, database, fhir_server.base_url, Writeback())


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole system, HAPI its EHR; polling is put off, so that what is read was heard of by notification."""
    authorities = '{"NORTHSIDE": "urn:oid:2.999.1.1"}'
    settings = {"COUNTERSIGN_FHIR__AUTHORITIES": authorities, "COUNTERSIGN_FHIR__POLL_INTERVAL": "3600"}
    with running_system(tmp_path_factory.mktemp("hapi") / "data", COUNTERSIGN_FHIR__URL=LIVE, **settings) as running:
        yield running
