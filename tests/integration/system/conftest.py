"""One running system for all tests of this folder; each test uses accession numbers of its own."""

from collections.abc import Iterator

import pytest

from tests.system import System, running_system


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The whole system."""
    authorities = '{"NORTHSIDE": "urn:oid:2.999.1.1"}'
    folder = tmp_path_factory.mktemp("system") / "data"
    with running_system(folder, COUNTERSIGN_FHIR__AUTHORITIES=authorities) as running:
        yield running
