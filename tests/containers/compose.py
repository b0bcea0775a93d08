"""compose.yaml, started whole by podman-compose in a folder of its own, with stand-ins for a registry's images."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from integration.hl7v2.client import MllpClient
from services import samples
from tests.containers import images
from tests.containers.engine import ROOT, environment, inspect, podman
from tests.containers.reviewer import Reviewer
from tests.ports import free_port

PROCESSES = ("listener", "subscriber", "relay", "worker", "sender", "worklist")
OTHERS = ("postgresql", "valkey", "fhir")
PUBLISHED = ("MLLP_PORT", "HTTP_PORT", "FHIR_PORT", "IDENTITY_PORT")
OURS_READY = "import urllib.request as r; r.urlopen('http://127.0.0.1:9090/ready', timeout=4)"
PASSWORD = "only for this test"
PATIENCE = 1200.0
"""Seconds until something is there: a HAPI that makes its tables on a busy machine takes some of them."""


class House:
    """A running compose project."""

    def __init__(self, folder: Path, name: str, image: str) -> None:
        self.folder, self.name = folder, name
        self.ports = {each: free_port() for each in PUBLISHED}
        stand_in = images.stand_in()
        self.variables = {
            "IMAGE": image, "POSTGRESQL_IMAGE": stand_in, "VALKEY_IMAGE": stand_in, "FHIR_IMAGE": images.hapi(),
            "IDENTITY_IMAGE": images.KEYCLOAK, **{each: str(port) for each, port in self.ports.items()},
        }  # fmt: skip
        self.said = ""

    def lay_out(self, source: Path = ROOT) -> None:
        """What a checkout has of compose.yaml, and the secrets."""
        for name in ("compose.yaml", "deploy", "scripts"):
            target = self.folder / name
            if (source / name).is_dir():
                shutil.copytree(source / name, target, dirs_exist_ok=True)
            else:
                shutil.copy(source / name, target)
        subprocess.run(["sh", "scripts/compose_secrets.sh"], cwd=self.folder, check=True)

    def compose(self, *arguments: str) -> None:
        command = [str(Path(sys.executable).parent / "podman-compose"), "-p", self.name, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env={**environment(), **self.variables}, capture_output=True, text=True,
            check=False, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout[-2000:]} {done.stderr[-3000:]}"

    def up(self) -> None:
        """Starts everything and waits until every process is ready."""
        self.compose("up", "-d", "--no-build")
        for name in PROCESSES:
            self.wait_ready(name)

    def newcomer(self, words: list[str]) -> str:
        """stdout of a command of the README; podman-compose is its `docker compose`, and the image is built already."""
        program = [str(Path(sys.executable).parent / "podman-compose"), "-p", self.name]
        words = [word.replace("--build", "--no-build") for word in words]
        command = [*program, *words[2:]] if words[:2] == ["docker", "compose"] else words
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=1800,
            env={**environment(), **self.variables, "COMPOSE": " ".join(program)},
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout[-2000:]} {done.stderr[-3000:]}"
        return done.stdout

    def down(self, *, volumes: bool = False) -> None:
        self.compose("down", *(["--volumes"] if volumes else []))

    def container(self, service: str) -> str:
        return f"{self.name}_{service}_1"

    def wait_ready(self, service: str, patience: float = PATIENCE) -> None:
        """Until a process says that it is ready, or its end is told with its last words."""

        def ready() -> bool:
            command = ["podman", "exec", self.container(service), "python3", "-c", OURS_READY]
            return subprocess.run(command, env=environment(), capture_output=True, check=False).returncode == 0

        eventually(ready, patience, lambda: f"{service} is ready: {self.logs(service)}")

    def logs(self, service: str) -> str:
        return podman("logs", "--tail", "30", self.container(service), check=False)[-3000:]

    def run(self, *arguments: str, service: str = "worklist", stdin: str | None = None) -> str:
        """stdout of a command in a container."""
        interactive = ["-i"] if stdin is not None else []
        return podman("exec", *interactive, self.container(service), *arguments, stdin=stdin)

    def kill(self, service: str) -> None:
        """kill -9 of a container's first process, as a crash would; its restart policy brings it back."""
        before = inspect(self.container(service))["State"]["Pid"]
        os.kill(int(before), signal.SIGKILL)

        def back() -> bool:
            state = inspect(self.container(service))["State"]
            return bool(state["Running"]) and state["Pid"] != before

        eventually(back, PATIENCE, lambda: f"{service} came back: {self.logs(service)}")

    def reviewer(self, login: str = "ada") -> Reviewer:
        """An account made as an operator makes it, logged in."""
        self.run("countersign", "admin", "create", login, "--password-file", "-", stdin=PASSWORD)
        return Reviewer(self.worklist, login, PASSWORD)

    def send(self, *bodies: bytes) -> list[str]:
        """Sends HL7 messages from outside; the acknowledgement codes."""
        return asyncio.run(self._send(bodies))

    async def _send(self, bodies: tuple[bytes, ...]) -> list[str]:
        client = await MllpClient.connect("127.0.0.1", self.ports["MLLP_PORT"])
        try:
            return [(await client.ask(body)).code for body in bodies]
        finally:
            await client.close()

    @property
    def worklist(self) -> str:
        return f"http://127.0.0.1:{self.ports['HTTP_PORT']}"

    @property
    def fhir_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['FHIR_PORT']}/fhir"

    def create(self, bundle: str) -> None:
        """A transaction on the FHIR server, as its own clients send it."""
        body = {"resourceType": "Bundle", "type": "transaction", "entry": samples.entries(bundle)}
        httpx2.post(self.fhir_url, json=body, timeout=PATIENCE).raise_for_status()

    def wait_served(self, service: str, url: str) -> None:
        """Until a server that is not ours answers."""

        def served() -> bool:
            try:
                return httpx2.get(url, timeout=10).is_success
            except httpx2.HTTPError:
                return False

        eventually(served, PATIENCE, lambda: f"{url} answers: {self.logs(service)}")

    def search(self, resource_type: str, **params: str) -> list[dict[str, Any]]:
        """Resources on the FHIR server."""
        found = httpx2.get(f"{self.fhir_url}/{resource_type}", params={"_count": "500", **params}, timeout=PATIENCE)
        return [each["resource"] for each in found.raise_for_status().json().get("entry", [])]

    def messages(self, *form: str) -> list[dict[str, Any]]:
        """What came in; `form`: how another release is asked for JSON."""
        return list(json.loads(self.run("countersign", "messages", *(form or ("--json",)))))


def eventually(ask: Callable[[], Any], patience: float, what: Callable[[], str]) -> Any:
    """Asks again and again until the answer is truthy; fails after `patience` seconds with what was waited for."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(1)
    raise AssertionError(f"not within {patience:.0f} s: {what()}")
