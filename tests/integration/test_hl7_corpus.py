"""Messages nobody here wrote: all are answered and kept byte for byte, and radiology reports are understood."""

from __future__ import annotations

import os
import re
from pathlib import Path

import hl7
import pytest
from sqlalchemy import Engine, select

from integration.hl7v2.ack import Outcome, codes_due
from integration.hl7v2.charset import decode
from integration.hl7v2.client import read_answer
from integration.hl7v2.msh import read_header
from integration.hl7v2.segments import read_segments
from scripts.hl7_corpus import judged, kinds_of, markdown, rows
from services.store.tables import message
from tests.listening import Listen, Running

CORPUS = os.environ.get("COUNTERSIGN_CORPUS", "")
# Sent after each message: its refusal shows that no other answer is coming.
END = "END"
PAGE = Path(__file__).parents[2] / "docs" / "hl7-corpus.md"

pytestmark = pytest.mark.skipif(not CORPUS, reason="COUNTERSIGN_CORPUS does not name the folder of the corpus")


def files() -> list[Path]:
    return sorted(Path(CORPUS).rglob("*.hl7"))


def test_nineteen_in_twenty_radiology_reports_give_text_patient_order_and_status() -> None:
    reports = judged(rows(Path(CORPUS)))
    assert len(reports) > 100
    assert sum(row.complete for row in reports) >= 0.95 * len(reports)


def test_the_table_in_the_documentation_is_what_the_code_does() -> None:
    assert PAGE.read_text() == markdown(rows(Path(CORPUS)), kinds_of(Path(CORPUS)))


def test_every_field_is_what_an_independent_library_reads() -> None:
    compared = 0
    for path in files():
        body = path.read_bytes()
        header, text = read_header(body), re.sub(r"\r\n?|\n", "\r", decode(body).text).strip("\r")
        lines = [line for line in text.split("\r") if line]
        if header is None or header.is_batch or header.charset or len(header.encoding) < 4:
            continue
        if not all(re.match(r"[A-Z][A-Z0-9]{2}\|", line) for line in lines):
            continue
        theirs = [tuple(str(field) for field in segment) for segment in hl7.parse("\r".join(lines))]
        ours = [segment.fields for segment in read_segments(decode(body), header)]
        assert [each[3:] for each in ours] == [each[3:] for each in theirs], path.name
        assert [each[0] for each in ours] == [each[0] for each in theirs], path.name
        compared += 1
    assert compared > 100


def recoverable_control_id(body: bytes) -> bytes:
    """MSH-10 as a person would find it: the tenth field of the first line that begins with MSH."""
    found = re.search(rb"(?:\A|[\r\n])[^A-Za-z0-9\r\n]*(MSH[^\r\n]*)", body)
    fields = found.group(1).split(found.group(1)[3:4]) if found and len(found.group(1)) > 3 else []
    return fields[9].strip() if len(fields) > 9 else b""


def test_every_message_is_answered_and_stored_as_sent(listen: Listen, engine: Engine) -> None:
    bodies = {path: path.read_bytes() for path in files()}
    assert len(bodies) > 300
    running = listen()
    wrong = [path.name for path, body in bodies.items() if not answered_rightly(running, body)]
    assert wrong == []
    with engine.connect() as connection:
        query = select(message.c.body).where(message.c.application != END).order_by(message.c.id)
        stored = connection.execute(query).scalars().all()
    assert [bytes(body) for body in stored] == list(bodies.values())


def answered_rightly(running: Running, body: bytes) -> bool:
    """One answer with the right MSA-2, or none where MSH-15/16 say so, or to an ACK."""
    with running.peer() as peer:
        peer.send(body, b"MSH|^~\\&|%s|||||||||\r" % END.encode())
        answers = [read_answer(peer.answer())]
        header = read_header(body)
        if header and not codes_due(header, Outcome.STORED):
            return answers[0] is not None and answers[0].control_id == ""
        return answers[0] is not None and answers[0].control_id.encode() == recoverable_control_id(body)
