"""The two scripts the chart runs inside the cluster: filling the weights' volume, and opening every door."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.chart.conftest import CHART

REVISION = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = b"weights"
# No hub can be reached from a test: this `hf` lays a download down as the hub's client does, files under their
# sha256 and a snapshot of links beside them.
HF = f"""#!/bin/sh
set -eu
echo "$@" >>"$HF_HOME/calls"
repository="$HF_HOME/hub/models--house--model"
mkdir -p "$repository/blobs" "$repository/snapshots/{REVISION}"
cp "$SOURCE" "$repository/blobs/{hashlib.sha256(WEIGHTS).hexdigest()}"
ln -sf "../../blobs/{hashlib.sha256(WEIGHTS).hexdigest()}" "$repository/snapshots/{REVISION}/model.safetensors"
"""


def fill(folder: Path, content: bytes, checksums: str = "") -> subprocess.CompletedProcess[str]:
    """Runs weights.sh with a hub that serves `content`."""
    tools, models = folder / "bin", folder / "models"
    tools.mkdir(exist_ok=True)
    models.mkdir(exist_ok=True)
    (tools / "hf").write_text(HF, encoding="utf-8")
    (tools / "hf").chmod(0o755)
    (folder / "source").write_bytes(content)
    environment = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "HF_HOME": str(models),
        "SOURCE": str(folder / "source"),
        "MODEL": "house/model",
        "REVISION": REVISION,
    }
    if checksums:
        (folder / "SHA256SUMS").write_text(checksums, encoding="utf-8")
        environment["CHECKSUMS"] = str(folder / "SHA256SUMS")
    script = ["sh", str(CHART / "files/weights.sh")]
    return subprocess.run(script, env=environment, capture_output=True, text=True, check=False)


def is_complete(folder: Path) -> bool:
    return (folder / f"models/complete-{REVISION}").exists()


def test_a_whole_download_leaves_the_mark_the_server_waits_for(tmp_path: Path) -> None:
    done = fill(tmp_path, WEIGHTS, f"{hashlib.sha256(WEIGHTS).hexdigest()}  model.safetensors\n")
    assert done.returncode == 0, done.stderr
    assert is_complete(tmp_path)
    assert (tmp_path / "models/calls").read_text() == f"download house/model --revision {REVISION} --quiet\n"


def test_a_second_run_downloads_nothing(tmp_path: Path) -> None:
    fill(tmp_path, WEIGHTS)
    fill(tmp_path, WEIGHTS)
    assert (tmp_path / "models/calls").read_text().count("\n") == 1


def test_a_file_that_is_not_its_name_is_removed_and_the_job_fails(tmp_path: Path) -> None:
    done = fill(tmp_path, b"cut sho")
    assert done.returncode != 0
    assert "does not have the sha256 of its name" in done.stderr
    assert not is_complete(tmp_path)
    assert not list((tmp_path / "models/hub/models--house--model/blobs").iterdir())


def test_a_file_that_is_not_in_the_list_of_the_house_fails(tmp_path: Path) -> None:
    done = fill(tmp_path, WEIGHTS, f"{hashlib.sha256(b'others').hexdigest()}  model.safetensors\n")
    assert done.returncode != 0
    assert not is_complete(tmp_path)


@pytest.fixture
def page() -> str:
    """Address of a server that answers 200."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to say."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


def doors(*names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHART / "files/doors.py"), *names]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_open_doors_pass(page: str) -> None:
    done = doors(page, f"http://{page}/fhir/metadata")
    assert done.returncode == 0
    assert done.stdout.count(": open\n") == 2


def test_a_shut_door_is_named(page: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        shut = f"127.0.0.1:{unused.getsockname()[1]}"
        done = doors(page, shut)
    assert done.returncode == 1
    assert shut in done.stderr and page not in done.stderr
