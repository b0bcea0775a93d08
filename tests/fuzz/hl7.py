"""Coverage-guided fuzzing of what stands on the wire: framing, header, answer, batch, report. On demand:

    pip install atheris
    python -m tests.fuzz.hl7 -max_total_time=600 [folder of seeds]

Every input is fed as a byte stream cut at places the input itself chooses. A finding is a crash, a hang, a frame
without an answer, an answer that is none, or bytes that differ by how they were cut.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: pip install atheris")

with atheris.instrument_imports(include=["integration.hl7v2"]):
    from integration.hl7v2.ack import NOT_STORED, Outcome, answer, codes_due, refusal
    from integration.hl7v2.client import read_answer
    from integration.hl7v2.mllp import Deframer, Frame, frame
    from integration.hl7v2.msh import read_header
    from integration.hl7v2.parts import split
    from integration.hl7v2.report import read_reports
    from integration.hl7v2.senders import SenderMap

SENDER = SenderMap()
LARGEST = 4096


def one_input(data: bytes) -> None:
    """One stream: the first byte says how it is cut."""
    if not data:
        return
    step, wire = data[0] % 17 + 1, data[1:]
    for found in _frames(wire, step):
        _answered(found.body)
    _answered(wire)


def _frames(wire: bytes, step: int) -> list[Frame]:
    pieces, whole = Deframer(LARGEST), Deframer(LARGEST)
    cut = [found for at in range(0, len(wire), step) for found in pieces.feed(wire[at : at + step])]
    assert cut + pieces.flush() == whole.feed(wire) + whole.flush(), "the frames depend on the cut"
    assert Deframer(1 << 20).feed(frame(b"MSH")) == Deframer(1 << 20).feed(b"\x0bMSH\x1c\r")
    return cut


def _answered(body: bytes) -> None:
    header = read_header(body)
    outcome = Outcome.REJECTED if refusal(header) else Outcome.STORED
    answers = answer(header, outcome, NOT_STORED)
    assert len(answers) == len(codes_due(header, outcome)), "an answer is missing"
    for each in answers:
        read = read_answer(each)
        assert read is not None and read.code in outcome.value, "an answer cannot be read"
    for part in split(body):
        assert body[part.start : part.start + len(part.body)] == part.body
    understood = read_reports(body, "fuzz", SENDER)
    assert understood.reports or understood.ignored or understood.quarantined, "no outcome"


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
