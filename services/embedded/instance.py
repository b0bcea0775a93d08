"""One embedded instance: a folder with its data, its passwords and the ports it took (`instance.json`)."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, field_validator

from services.embedded.account import EmbeddedError

FILE = "instance.json"
PROCESSES = ("listener", "subscriber", "relay", "worker", "sender", "worklist")
NAMES = ("mllp", "http", "fhir", "postgres", "valkey", "notify", *(f"health.{name}" for name in PROCESSES))


class Instance(BaseModel):
    """What an embedded instance is made of; written to DIR/instance.json (0600, it holds passwords).

    Ports are loopback TCP ports: `mllp`, `http` (worklist), `fhir`, `postgres`, `valkey`, `notify`, and
    `health.<process>` for each process. A training instance has only the worklist, and `fhir_url` is empty.
    `fhir_token` is what the embedded FHIR server wants to see; empty where the server is somebody else's.
    """

    ports: dict[str, int]
    postgres_password: str
    valkey_password: str
    fhir_url: str
    notify_secret: str
    fhir_token: str = ""
    demo_login: bool = False
    training: bool = False

    @field_validator("ports")
    @classmethod
    def _whole(cls, ports: dict[str, int]) -> dict[str, int]:
        if missing := [name for name in NAMES if name not in ports]:
            raise ValueError(f"no port for {missing[0]}")
        return ports

    def environment(self) -> dict[str, str]:
        """The settings every process of this instance is started with."""
        return {
            "COUNTERSIGN_DATABASE__PORT": str(self.ports["postgres"]),
            "COUNTERSIGN_DATABASE__PASSWORD": self.postgres_password,
            "COUNTERSIGN_DATABASE__POOL_SIZE": "2",
            "COUNTERSIGN_BROKER__PORT": str(self.ports["valkey"]),
            "COUNTERSIGN_BROKER__PASSWORD": self.valkey_password,
            "COUNTERSIGN_MLLP__PORT": str(self.ports["mllp"]),
            "COUNTERSIGN_WORKLIST__PORT": str(self.ports["http"]),
            "COUNTERSIGN_WORKLIST__DEMO_LOGIN": str(self.demo_login).lower(),
            # What the fictional people can try: every signed report is offered for a second reading.
            **({"COUNTERSIGN_WORKLIST__DOUBLE_READ_SHARE": "1"} if self.demo_login else {}),
            "COUNTERSIGN_FHIR__URL": self.fhir_url,
            "COUNTERSIGN_TRAINING": str(self.training).lower(),
            "COUNTERSIGN_FHIR__NOTIFY_PORT": str(self.ports["notify"]),
            "COUNTERSIGN_FHIR__NOTIFY_SECRET": self.notify_secret,
            **({"COUNTERSIGN_FHIR__TOKEN": self.fhir_token} if self.fhir_token else {}),
        }


def load(folder: Path) -> Instance:
    """The instance in a folder. Raises EmbeddedError where there is none."""
    try:
        return Instance.model_validate_json((folder / FILE).read_text())
    except ValueError:
        raise EmbeddedError(
            f"{folder / FILE} is damaged (empty or cut off): put it back from a backup, or move {folder} away to start "
            "anew; what is in it stays there"
        ) from None
    except (PermissionError, IsADirectoryError) as error:
        raise EmbeddedError(f"{folder / FILE} cannot be read: {error.strerror}") from None
    except FileNotFoundError:
        raise EmbeddedError(f"no instance in {folder}: start one with `countersign up --data {folder}`") from None


def environment(folder: Path) -> dict[str, str]:
    """Settings of the instance in a folder; what the caller's environment says goes first."""
    return {**load(folder).environment(), **_own_settings(os.environ)}


def _own_settings(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith("COUNTERSIGN_")}


def prepare(
    folder: Path, wanted: Mapping[str, int], *, fhir_url: str = "", demo_login: bool = False, training: bool = False
) -> Instance:
    """The instance for a folder, made on first use. `wanted` ports are taken or it fails; others are found."""
    make(folder)
    known = load(folder) if (folder / FILE).exists() else None
    ports = _ports(wanted, known.ports if known else {})
    instance = Instance(
        ports=ports,
        postgres_password=known.postgres_password if known else secrets.token_urlsafe(24),
        valkey_password=known.valkey_password if known else secrets.token_urlsafe(24),
        notify_secret=known.notify_secret if known else secrets.token_urlsafe(24),
        fhir_token="" if training or fhir_url else (known and known.fhir_token) or secrets.token_urlsafe(24),
        fhir_url="" if training else fhir_url or f"http://127.0.0.1:{ports['fhir']}/fhir",
        demo_login=demo_login,
        training=training,
    )
    _write(folder / FILE, instance)
    return instance


def usable(wished: Mapping[str, int]) -> dict[str, int]:
    """Those of the ports that are wished for and free; the others are found elsewhere."""
    return {name: port for name, port in wished.items() if _is_free(port)}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def make(folder: Path) -> None:
    """Makes a data folder that nobody else can look into. Raises EmbeddedError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "no write permission")
    except OSError as error:
        raise EmbeddedError(f"cannot use the data folder {folder}: {error.strerror}") from None


def _write(path: Path, instance: Instance) -> None:
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(instance.model_dump(), indent=2) + "\n")
    temporary.replace(path)


def _ports(wanted: Mapping[str, int], known: Mapping[str, int]) -> dict[str, int]:
    ports: dict[str, int] = {}
    held: list[socket.socket] = []
    for name in NAMES:
        port = wanted.get(name) or 0
        ports[name] = _take(name, port, known.get(name, 0), held)
    for taken in held:
        taken.close()
    return ports


def _take(name: str, wanted: int, known: int, held: list[socket.socket]) -> int:
    for port in (wanted,) if wanted else (known, 0):
        candidate = socket.socket()
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError as error:
            candidate.close()
            if wanted:
                raise EmbeddedError(f"port {port} for {name} cannot be used: {error.strerror}") from None
            continue
        held.append(candidate)
        return int(candidate.getsockname()[1])
    raise EmbeddedError(f"no free port for {name}")
