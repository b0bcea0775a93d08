"""Real messages nobody here wrote, through the running listener: every one answered, kept byte for byte."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.hl7v2.ack import Outcome, codes_due
from integration.hl7v2.client import MllpClient, read_answer
from integration.hl7v2.mllp import Deframer, frame
from integration.hl7v2.msh import read_header
from tests.system import System, eventually

CORPUS = os.environ.get("COUNTERSIGN_CORPUS", "")
pytestmark = pytest.mark.skipif(not CORPUS, reason="COUNTERSIGN_CORPUS names no folder with HL7 messages")


def bodies() -> Iterator[bytes]:
    for path in sorted(Path(CORPUS).rglob("*.hl7")):
        yield path.read_bytes()


def as_framed(body: bytes) -> list[bytes]:
    """What a receiver sees when the file is sent as one frame: a file may hold framing bytes of its own."""
    return [found.body for found in Deframer(16 * 1024 * 1024).feed(frame(body))]


async def test_every_framed_input_is_answered_and_kept_byte_for_byte(system: System) -> None:
    client = await MllpClient.connect("127.0.0.1", system.instance.ports["mllp"])
    sent: list[tuple[bytes, bytes]] = []
    for body in bodies():
        for framed in as_framed(body):
            answer = await client.ask(framed)
            sent.append((framed, answer.body))
    await client.close()
    assert len(sent) >= 300
    for body, answered in sent:
        check_answer(body, answered)
    kept = {message["sha256"] for message in system.messages()}
    import hashlib

    assert all(hashlib.sha256(body).hexdigest() in kept for body, _ in sent)


def check_answer(body: bytes, answered: bytes) -> None:
    header = read_header(body)
    if header and not codes_due(header, Outcome.STORED):
        assert not answered
        return
    answer = read_answer(answered)
    assert answer is not None and answer.code in ("AA", "AR", "CA", "CR")
    if header and header.control_id:
        assert answer.control_id == header.control_id


def _waiting_for_the_rest(system: System) -> set[int]:
    """Messages in parts whose other parts (MLLP__REST_TIMEOUT) the corpus does not hold."""
    waiting = json.loads(system.command("jobs", "list", "--state", "waiting", "--json"))
    return {each["message"] for each in waiting if "rest of its message" in each["why"]}


@pytest.mark.timeout(900)
def test_every_message_of_the_corpus_ends_in_a_state_that_says_what_became_of_it(system: System) -> None:
    ended = ("done", "ignored", "quarantined", "rejected")

    def unfinished() -> set[int]:
        left = {message["id"] for message in system.messages() if message["state"] not in ended}
        return left and left - _waiting_for_the_rest(system)

    eventually(lambda: not unfinished(), 600, "all read")
    assert all(message["reason"] for message in system.messages() if message["state"] not in ("done", "queued"))
