"""The real FHIR server, one for the session; every test uses identifiers of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.fhir.servers import Sekmet


@pytest.fixture(scope="session")
def fhir_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sekmet]:
    server = Sekmet(tmp_path_factory.mktemp("fhir")).start()
    yield server
    server.stop()
