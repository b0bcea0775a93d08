"""Containers are run where podman, runc, debootstrap, Java and Maven are there; elsewhere the reason is said."""

from __future__ import annotations

import pytest

from tests.containers.engine import Unavailable, environment
from tests.contract.hapi import live


@pytest.fixture(autouse=True, scope="session")
def containers_can_run() -> None:
    """Skips with the reason; where the tools are there, a container that does not start is a failure."""
    try:
        environment()
    except Unavailable as reason:
        pytest.skip(f"no containers here: {reason}")
    if lacking := live.missing():
        pytest.skip(f"no FHIR server to put into a container: {lacking}")
