"""PostgreSQL refuses root: both ways around it work."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.embedded import account, postgres
from tests.ports import free_port

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a way around")


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder another uid can reach. Not in pytest's own, which every pytest that root starts closes to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.mark.parametrize("namespaces", [True, False])
def test_the_cluster_is_made_and_answers(namespaces: bool, reachable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not namespaces:
        monkeypatch.setattr(account, "_namespace_works", lambda *_: False)
        monkeypatch.setattr(account, "REACHABLE", reachable)
    elif not account._namespace_works(postgres.programs(), reachable):
        pytest.skip("user namespaces are forbidden on this machine")
    placement = postgres.prepare(reachable / "data", "secret")
    port = free_port()
    process = subprocess.Popen(
        postgres.command(placement, port), user=placement.user, env=postgres.environment(), stderr=subprocess.DEVNULL
    )
    try:
        assert _version(port).startswith("18")
    finally:
        process.terminate()
        process.wait(20)


def _version(port: int) -> str:
    target = f"host=127.0.0.1 port={port} user=countersign password=secret dbname=postgres"
    for _ in range(100):
        try:
            with psycopg.connect(target) as connection:
                return str(connection.info.server_version)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError("PostgreSQL did not answer")
