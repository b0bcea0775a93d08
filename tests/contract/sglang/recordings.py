"""Recorded exchanges with a real model server: reading, writing, and finding the one a request belongs to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recordings"


@dataclass(frozen=True)
class Recording:
    """One exchange. `request` is None for GET; `body` is the response's text as it came."""

    name: str
    recorded: str
    server: str
    method: str
    path: str
    request: dict[str, Any] | None
    status: int
    content_type: str
    body: str

    def write(self, folder: Path = FOLDER) -> None:
        """One file a recording."""
        folder.mkdir(exist_ok=True)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True)
        (folder / f"{self.name}.json").write_text(text + "\n", encoding="utf-8")


def load(folder: Path = FOLDER) -> list[Recording]:
    """All recordings, by name."""
    return [Recording(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))]


def key(method: str, path: str, request: dict[str, Any] | None) -> str:
    """What decides which recording answers a request: everything but the words of the prompt and the rid."""
    decisive = {k: v for k, v in (request or {}).items() if k not in ("messages", "rid")}
    roles = [message["role"] for message in (request or {}).get("messages", ())]
    return json.dumps([method, path, roles, decisive], sort_keys=True)
