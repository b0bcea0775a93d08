"""A broker for what needs one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.embedded import valkey
from services.settings import Broker
from tests.ports import free_port


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A Valkey of its own; it may not answer yet."""
    port = free_port()
    process = subprocess.Popen(valkey.command(tmp_path / "valkey", port, "test-only"), stdout=subprocess.DEVNULL)
    yield Broker(port=port, password=SecretStr("test-only"))
    process.terminate()
    process.wait(20)
