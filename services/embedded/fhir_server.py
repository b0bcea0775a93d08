"""The embedded FHIR R4 server: `sekmet-fhir` as a process of its own, its data in one SQLite file."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml


def command(port: int, base_url: str, data_dir: str) -> tuple[list[str], dict[str, str]]:
    """Write the server's configuration into `data_dir`; return (argv, extra environment) that start it.

    `base_url` is the FHIR base as clients see it and must end in /fhir: the server puts it into Location,
    `next` and notification references. Ready when GET {base_url}/metadata answers 200. Listens on loopback.
    """
    if not base_url.rstrip("/").endswith("/fhir"):
        raise ValueError(f"the embedded FHIR server's base URL must end in /fhir, not {base_url!r}")
    folder = Path(data_dir).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "sekmet.yaml"
    config.write_text(yaml.safe_dump(_settings(port, base_url, folder)))
    argv = [sys.executable, "-m", "uvicorn", "sekmet.main:app_factory", "--factory"]
    argv += ["--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    return argv, {"SEKMET_CONFIG": str(config)}


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
