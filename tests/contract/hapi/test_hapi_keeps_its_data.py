"""The start program on PostgreSQL, set up as compose.yaml does HAPI's image: what was written survives a restart."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from integration.fhir.client import Client, Endpoint
from integration.fhir.exchange import create, read
from services.settings import Database
from tests.contract.hapi.live import running


def jdbc(database: Database, secrets: Path) -> dict[str, str]:
    """The settings HAPI's own image reads, the password in a file of its folder of secrets."""
    (secrets / "fhir_database_password").write_text(database.password.get_secret_value() + "\n")
    return {
        "SPRING_DATASOURCE_URL": f"jdbc:postgresql://{database.host}:{database.port}/{database.name}?currentSchema=hapi",
        "SPRING_DATASOURCE_USERNAME": database.user,
        "SPRING_DATASOURCE_PASSWORD": "${fhir_database_password}",
        "SPRING_CONFIG_IMPORT": f"optional:configtree:{secrets}/",
    }


def test_a_resource_survives_a_restart(database: Database, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("create schema hapi")
    with running(jdbc(database, tmp_path)) as address:
        written = Client(Endpoint(address)).run(create({"resourceType": "Patient", "birthDate": "1950-01-01"}))
    with running(jdbc(database, tmp_path)) as address:
        assert Client(Endpoint(address)).run(read(written.reference))["birthDate"] == "1950-01-01"
