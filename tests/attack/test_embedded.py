"""The embedded parts answer us and the person at the keyboard: no other site's page, no other user of the machine."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from services import up
from services.embedded import fhir_server, postgres
from services.embedded.account import EmbeddedError, Placement
from services.embedded.instance import load, prepare
from tests.ports import free_port

TOKEN = "the token of the instance"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("fhir"), free_port()
    url = f"http://127.0.0.1:{port}/fhir"
    argv, extra = fhir_server.command(port, url, str(folder), TOKEN)
    process = subprocess.Popen(argv, env={**os.environ, **extra})
    for _ in range(600):
        try:
            httpx2.get(f"{url}/metadata", timeout=2)
            break
        except httpx2.HTTPError:
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(20)


PAGE = {"Origin": "https://evil.example", "Authorization": f"Bearer {TOKEN}"}


def test_the_token_opens_and_nothing_else_does(server: str) -> None:
    known = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx2.get(f"{server}/Patient", headers=known).status_code == 200
    for method, path in (
        ("GET", "/Patient"),
        ("GET", "/Subscription"),
        ("PUT", "/Patient/1"),
        ("DELETE", "/Patient/1"),
    ):
        assert httpx2.request(method, server + path).status_code == 401
        wrong = {"Authorization": "Bearer another"}
        assert httpx2.request(method, server + path, headers=wrong).status_code == 401
    for path in ("/", "/api/docs", "/api/openapi.json", "/auth/token"):
        assert httpx2.get(server.removesuffix("/fhir") + path).status_code == 401


def test_no_page_of_another_site_may_read_its_answers(server: str) -> None:
    asked = {"Access-Control-Request-Method": "DELETE", "Origin": "https://evil.example"}
    for answer in (
        httpx2.get(f"{server}/Patient", headers=PAGE),
        httpx2.get(f"{server}/metadata", headers=PAGE),
        httpx2.request("OPTIONS", f"{server}/Patient/1", headers=asked),
    ):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", ""])
def test_it_answers_under_its_own_name_only(server: str, host: str) -> None:
    for path in ("/metadata", "/Patient"):
        assert httpx2.get(server + path, headers={**PAGE, "Host": host}).status_code in (400, 421)


def test_nobody_else_reads_an_instance(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    prepare(folder, {})

    assert folder.stat().st_mode & 0o777 == 0o700
    assert load(folder).fhir_token


def test_a_start_that_is_refused_leaves_the_running_instance_as_it_is(tmp_path: Path) -> None:
    prepare(tmp_path, {})
    before = (tmp_path / "instance.json").read_bytes()
    up._lock(tmp_path)

    with pytest.raises(EmbeddedError, match="is in use by another"):
        asyncio.run(up.up(tmp_path, {"mllp": free_port()}, print, demo_login=True))
    assert (tmp_path / "instance.json").read_bytes() == before


WHOLE = {"postgres_password": "p", "valkey_password": "v", "fhir_url": "", "notify_secret": "s"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"ports": {"mllp": 1',
        b"{}",
        b"[]",
        b"\x00" * 400,
        b"\xff\xfe{",
        json.dumps(WHOLE | {"ports": {}}).encode(),
    ],
)
def test_a_damaged_instance_is_said_in_one_line_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "instance.json").write_bytes(content)
    with pytest.raises(EmbeddedError, match=r"is damaged .*backup.*move .* away") as fault:
        prepare(tmp_path, {})
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("version", ["18", "", "17", "18\n"])
def test_a_damaged_cluster_is_said_in_one_line_with_what_to_do(tmp_path: Path, version: str) -> None:
    (tmp_path / "PG_VERSION").write_text(version)
    with pytest.raises(EmbeddedError, match=r"backup, or move it away") as fault:
        postgres._made(Placement(tmp_path, tmp_path))
    assert "\n" not in str(fault.value)


def test_an_instance_that_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "instance.json").mkdir()
    with pytest.raises(EmbeddedError, match=r"instance.json cannot be read"):
        prepare(tmp_path, {})


async def test_a_cluster_that_will_not_start_is_said_at_once(tmp_path: Path) -> None:
    """A file cut off within it is seen by PostgreSQL alone, which ends at each start."""
    prepare(tmp_path, {})
    instance = load(tmp_path)
    placement = postgres.prepare(tmp_path / "postgres", instance.postgres_password)
    (placement.data / "global" / "pg_control").write_bytes(b"\x00" * 100)
    began = time.monotonic()
    with pytest.raises(EmbeddedError, match=r"^postgres does not come up: see .*postgres\.log") as fault:
        await up.up(tmp_path, {}, lambda _: None)
    assert time.monotonic() - began < 30 and "\n" not in str(fault.value)
