"""Four independent clients against the real listener: each gets its own answers, in order."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hl7
import pytest
from hl7.client import MLLPClient
from hl7lw.mllp import MllpClient as Hl7lwClient
from sqlalchemy import Engine, select

from services.store.tables import message
from tests.listening import Listen
from tests.npm import install

FOLDER = Path(__file__).parent / "mllp_clients"
ORU = (
    "MSH|^~\\&|RIS|HOSP|CS|CS|20260102030405||ORU^R01|{id}|P|2.5\rPID|1||42^^^HOSP^MR||DOE^JANE\r"
    "OBR|1||F-{id}|71046^XR CHEST^C4|||20260102|||||||||||||||20260102||DX|F\r"
    "OBX|1|TX|59776-5^Findings^LN||Größe unverändert. No effusion.||||||F\r"
)
IDS = [f"C{number}" for number in range(20)]
Client = Callable[[int, list[str]], list[str]]


def python_hl7(port: int, texts: list[str]) -> list[str]:
    with MLLPClient("127.0.0.1", port) as client:
        return [client.send_message(hl7.parse(text)).strip(b"\x0b\x1c\r").decode() for text in texts]


def hl7lw(port: int, texts: list[str]) -> list[str]:
    client = Hl7lwClient()
    client.connect(host="127.0.0.1", port=port)
    answers = []
    for text in texts:
        client.send(text.encode())
        answers.append(client.recv().decode())
    client.close()
    return answers


def node(library: str, tmp_path: Path, port: int, texts: list[str]) -> list[str]:
    file = tmp_path / "messages.json"
    file.write_text(json.dumps(texts))
    command = ["node", str(FOLDER / "send.cjs"), library, "127.0.0.1", str(port), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.fixture(scope="session")
def node_clients() -> None:
    install(FOLDER, "@medplum/hl7")


def check(listen: Listen, engine: Engine, client: Client) -> None:
    """Every message is answered AA under its own control id, and stored as the client sent it."""
    texts = [ORU.format(id=each) for each in IDS]
    answers = client(listen().port, texts)
    assert [control_id(answer) for answer in answers] == [("AA", each) for each in IDS]
    with engine.connect() as connection:
        stored = connection.execute(select(message.c.body).order_by(message.c.id)).scalars().all()
    assert [bytes(body).decode().rstrip("\r") for body in stored] == [text.rstrip("\r") for text in texts]


def control_id(answer: str) -> tuple[str, str]:
    """MSA-1 and MSA-2, read by the `hl7` library."""
    msa = hl7.parse(answer.replace("\r\n", "\r").replace("\n", "\r")).segment("MSA")
    return str(msa[1]), str(msa[2])


def test_python_hl7(listen: Listen, engine: Engine) -> None:
    check(listen, engine, python_hl7)


def test_hl7lw(listen: Listen, engine: Engine) -> None:
    check(listen, engine, hl7lw)


@pytest.mark.parametrize("library", ["node-hl7-client", "medplum"])
@pytest.mark.usefixtures("node_clients")
def test_npm_clients(library: str, listen: Listen, engine: Engine, tmp_path: Path) -> None:
    check(listen, engine, lambda port, texts: node(library, tmp_path, port, texts))


def test_the_command_line_of_python_hl7(listen: Listen, engine: Engine, tmp_path: Path) -> None:
    running = listen()
    file = tmp_path / "message.hl7"
    file.write_bytes(ORU.format(id="CLI-1").encode())
    command = [
        str(Path(sys.executable).with_name("mllp_send")),
        "--loose",
        "--port",
        str(running.port),
        "--file",
        str(file),
    ]
    done = subprocess.run([*command, "127.0.0.1"], capture_output=True, timeout=30)
    assert done.returncode == 0 and b"MSA|AA|CLI-1" in done.stdout, done.stderr
