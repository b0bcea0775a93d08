"""Files of HL7 v2 messages: one raw message or batch, or MLLP frames as captured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from integration.hl7v2.mllp import START, Deframer
from integration.hl7v2.msh import read_header

_LARGEST = 1 << 30
_LINE_END = re.compile(rb"\r\n|\n")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent and where it came from (file, and its number in a file of frames)."""

    name: str
    body: bytes


def read_messages(paths: Iterable[Path], *, carriage_returns: bool = False) -> Iterator[Outgoing]:
    """The messages of the files, byte for byte; with `carriage_returns` LF and CRLF become CR.

    Raises OSError.
    """
    for path in paths:
        for name, body in _bodies(path):
            yield Outgoing(name, _LINE_END.sub(b"\r", body) if carriage_returns else body)


def _bodies(path: Path) -> Iterator[tuple[str, bytes]]:
    content = path.read_bytes()
    if not content.startswith(START):
        yield str(path), content
        return
    deframer = Deframer(_LARGEST)
    for number, frame in enumerate([*deframer.feed(content), *deframer.flush()], 1):
        yield f"{path}#{number}", frame.body


def with_control_id(body: bytes, control_id: str) -> bytes:
    """The message with another MSH-10; unchanged when it has no header or is a batch."""
    header = read_header(body)
    if header is None or header.is_batch:
        return body
    separator = header.field_separator.encode("latin-1")
    start = body.find(b"MSH")
    end = next((at for at, byte in enumerate(body[start:], start) if byte in b"\r\n"), len(body))
    fields = body[start:end].split(separator)
    fields += [b""] * (10 - len(fields))
    fields[9] = control_id.encode()
    return body[:start] + separator.join(fields) + body[end:]
