"""The embedded FHIR R4 server: `sekmet-fhir` as a process of its own, its data in one SQLite file."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from services.embedded import guarded_fhir


def command(port: int, base_url: str, data_dir: str, token: str = "") -> tuple[list[str], dict[str, str]]:
    """Write the server's configuration into `data_dir`; return (argv, extra environment) that start it.

    `base_url` is the FHIR base as clients see it and must end in /fhir: the server puts it into Location,
    `next` and notification references. Ready when GET {base_url}/metadata answers 200. Listens on loopback. With a
    `token` only those who send it are answered, under the server's own name (`guarded_fhir`).
    """
    if not base_url.rstrip("/").endswith("/fhir"):
        raise ValueError(f"the embedded FHIR server's base URL must end in /fhir, not {base_url!r}")
    folder = Path(data_dir).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    config = folder / "sekmet.yaml"
    config.touch(mode=0o600)
    config.write_text(yaml.safe_dump(_settings(port, base_url, folder)))
    factory = "services.embedded.guarded_fhir" if token else "sekmet.main"
    argv = [sys.executable, "-m", "uvicorn", f"{factory}:app_factory", "--factory"]
    argv += ["--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    guard = {guarded_fhir.TOKEN: token, guarded_fhir.HOSTS: f"127.0.0.1:{port} localhost:{port}"} if token else {}
    return argv, {"SEKMET_CONFIG": str(config), **guard}


def _settings(port: int, base_url: str, folder: Path) -> dict[str, object]:
    """The simulator must be off: it would answer our orders with reports of its own."""
    return {
        "base_url": base_url.rstrip("/"),
        "host": "127.0.0.1",
        "port": port,
        "data_dir": str(folder),
        "log_inbound": False,
        "simulator": {"enabled": False},
        "own_private_key_path": str(folder / "server_private.pem"),
        "facility_name": "Countersign embedded FHIR server",
    }
