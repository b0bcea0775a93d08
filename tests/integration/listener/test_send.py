"""`countersign send` against the real listener: what is sent, how often, and what is said of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, select
from typer.testing import CliRunner

from integration.hl7v2.mllp import frame
from services import samples
from services.cli import build
from services.store.tables import message
from tests.interface_engine import HANG_UP, InterfaceEngine
from tests.listening import Listen

ORU = b"MSH|^~\\&|RIS|HOSP|||2026||ORU^R01|%s|P|2.5\nPID|1||42\n"


def send(*words: object) -> Result:
    return CliRunner().invoke(build(["send"]), ["send", *map(str, words)])


def bodies(engine: Engine) -> list[bytes]:
    with engine.connect() as connection:
        return [bytes(row) for row in connection.scalars(select(message.c.body).order_by(message.c.id))]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.hl7"
    path.write_bytes(ORU % b"A1")
    return path


def test_a_file_goes_out_byte_for_byte(listen: Listen, engine: Engine, file: Path) -> None:
    result = send(file, "--to", f"127.0.0.1:{listen().port}")
    assert result.exit_code == 0 and "1 sent" in result.stdout and "AA 1" in result.stdout
    assert bodies(engine) == [ORU % b"A1"]


def test_the_samples_go_out_by_themselves_or_beside_files(listen: Listen, engine: Engine, file: Path) -> None:
    to = f"127.0.0.1:{listen().port}"
    assert "9 sent" in send("--samples", "--to", to).stdout
    assert bodies(engine) == [body for _, body in samples.hl7()]
    assert "10 sent" in send(file, "--samples", "--to", to).stdout


def test_nothing_to_send_is_said_before_anything_is_sent() -> None:
    result = send("--to", "127.0.0.1:1")
    assert result.exit_code == 2 and "name files, or say --samples" in result.stderr


def test_line_ends_are_changed_only_when_asked(listen: Listen, engine: Engine, file: Path) -> None:
    send(file, "--to", f"127.0.0.1:{listen().port}", "--carriage-returns")
    assert bodies(engine) == [(ORU % b"A1").replace(b"\n", b"\r")]


def test_a_file_of_frames_holds_several_messages(listen: Listen, engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.write_bytes(frame(ORU % b"A1") + frame(ORU % b"A2"))
    assert send(path, "--to", f"127.0.0.1:{listen().port}").exit_code == 0
    assert bodies(engine) == [ORU % b"A1", ORU % b"A2"]


def test_repeated_over_connections_with_control_ids_of_their_own(listen: Listen, engine: Engine, file: Path) -> None:
    result = send(
        file, "--to", f"127.0.0.1:{listen().port}",
        "--repeat", 40, "--connections", 8, "--fresh-control-ids", "--json",
    )  # fmt: skip
    summary = json.loads(result.stdout)
    assert (summary["sent"], summary["accepted"], summary["codes"]) == (40, 40, {"AA": 40})
    assert len(set(bodies(engine))) == 40


def test_for_so_many_seconds_it_is_repeated(listen: Listen, file: Path) -> None:
    result = send(file, "--to", f"127.0.0.1:{listen().port}", "--seconds", 0.5, "--json")
    summary = json.loads(result.stdout)
    assert summary["seconds"] >= 0.5 and summary["sent"] == summary["accepted"] > 1


def test_a_rate_is_kept_over_all_connections(listen: Listen, file: Path) -> None:
    words = ("--rate", 20, "--connections", 4, "--repeat", 10, "--json")
    summary = json.loads(send(file, "--to", f"127.0.0.1:{listen().port}", *words).stdout)
    assert summary["sent"] == 10 and summary["seconds"] >= 9 / 20


def test_interrupted_it_sums_up_what_was_sent(listen: Listen, file: Path, engine: Engine) -> None:
    command = [str(Path(sys.executable).with_name("countersign")), "send", str(file), "--seconds", "60", "--json"]
    # A test run in the background ignores SIGINT, and what it starts would inherit that.
    heeding = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", heeding, *command, "--to", f"127.0.0.1:{listen().port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        # The second goes out once the first was answered.
        while len(bodies(engine)) < 2:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=30)
    assert running.returncode == 130 and json.loads(said)["accepted"] > 0


def test_what_is_not_accepted_is_named_and_the_status_says_so(listen: Listen, tmp_path: Path, file: Path) -> None:
    bad = tmp_path / "bad.hl7"
    bad.write_bytes(b"PID|1||42\r")
    result = send(file, bad, "--to", f"127.0.0.1:{listen().port}")
    assert result.exit_code == 1 and "AA 1, AR 1" in result.stdout
    assert f"{bad}: AR: Segment sequence error" in result.stderr


def test_trouble_is_tried_again_as_often_as_asked(file: Path) -> None:
    with InterfaceEngine() as engine:
        engine.answers.extend(["AE", HANG_UP])
        assert send(file, "--to", engine.address, "--retries", 2).exit_code == 0
        assert len(engine.received) == 3


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        (["--to", "nowhere"], "write it as host:port", 2),
        (["--to", "127.0.0.1:9"], "Connect", 1),
        (["no such file", "--to", "127.0.0.1:1"], "No such file", 2),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(words: list[str], said: str, status: int, file: Path) -> None:
    result = send(*([file] if words[0] == "--to" else []), *words)
    assert result.exit_code == status and said in result.stderr and len(result.stderr.splitlines()) == 1
