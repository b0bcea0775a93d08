"""The writer against a second FHIR implementation: what it proves on the first server, it proves on Medplum's router.

The router is Medplum's own code with its repository in memory; server.mjs is only the HTTP around it. Version ids are
UUIDs, locations bear no version, and a transaction with a conflict in it is answered 200 with a 412 inside.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from integration.fhir.client import Client, Endpoint
from tests.integration.fhir.test_write import (  # noqa: F401
    test_a_lost_ledger_is_no_second_set,
    test_a_lost_update_followed_by_another_wish_is_no_conflict,
    test_an_edit_by_others_is_a_conflict_that_names_what_is_there_now,
    test_every_rung_writes_one_of_each_and_the_second_time_nothing,
    test_lost_answers_leave_one_observation_each,
    test_two_workers_at_once_make_one_set,
    test_what_the_ehr_has_is_found_by_identifier_and_never_changed,
)
from tests.npm import install

FOLDER = Path(__file__).parent / "medplum"


@dataclass(frozen=True)
class Medplum:
    """Where it listens."""

    base_url: str


@pytest.fixture(scope="module")
def fhir_server() -> Iterator[Medplum]:
    install(FOLDER, "@medplum/fhir-router")
    process = subprocess.Popen(["node", "server.mjs"], cwd=FOLDER, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    assert port, "the server ended at start"
    yield Medplum(f"http://127.0.0.1:{port}/fhir")
    process.terminate()
    process.wait(20)


@pytest.fixture
def client(fhir_server: Medplum) -> Client:
    return Client(Endpoint(fhir_server.base_url))
