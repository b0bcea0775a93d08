"""A house for every test of what goes out."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from services.settings import Database, Writeback
from tests import seeding
from tests.integration.fhir.servers import Sekmet
from tests.integration.sender.house import House, MakeHouse


@pytest.fixture
def house(engine: Engine, database: Database, fhir_server: Sekmet) -> MakeHouse:
    """Makes one with a report that was read and waits for its review."""

    def make(url: str = fhir_server.base_url, **writeback: object) -> House:
        made = House(engine, database, url, Writeback.model_validate(writeback))
        made.seed(seeding.Exam())
        return made

    return make


@pytest.fixture
def empty(engine: Engine, database: Database, fhir_server: Sekmet) -> House:
    """One no report has come to yet."""
    return House(engine, database, fhir_server.base_url, Writeback())
