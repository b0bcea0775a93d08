"""An MLLP client: one message at a time over one connection, its answer matched by MSA-2."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from integration.hl7v2.ack import Outcome, codes_due
from integration.hl7v2.mllp import Deframer, frame
from integration.hl7v2.msh import Header, read_header, segment_starts

_LARGEST_ANSWER = 1024 * 1024
_CHUNK = 64 * 1024
_ACCEPTED = frozenset({"AA", "CA"})
_RETRYABLE = frozenset({"AE", "CE"})
# Seconds after which an answer that ended in FS is whole, though no CR followed.
_SILENCE = 0.25


class NoAnswer(Exception):
    """The message went out and no answer to it came: it may or may not have been taken."""


class Unreachable(Exception):
    """There is no connection; the message was not sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """MSA-1 (empty when none was due), MSA-2, and the words of MSA-3 or ERR; `body` is the whole answer."""

    code: str
    control_id: str
    text: str = ""
    body: bytes = b""

    @property
    def accepted(self) -> bool:
        """AA, CA, or no answer asked for."""
        return not self.code or self.code in _ACCEPTED

    @property
    def retryable(self) -> bool:
        """AE or CE: sent again, it may be taken."""
        return self.code in _RETRYABLE


def tls_context(ca: Path | None, certificate: Path | None) -> ssl.SSLContext | None:
    """TLS that trusts `ca` (else the system) and shows `certificate`, a PEM with its key; None where neither is given.

    Raises OSError, ssl.SSLError.
    """
    if ca is None and certificate is None:
        return None
    context = ssl.create_default_context(cafile=ca)
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


def read_answer(body: bytes) -> Answer | None:
    """The acknowledgement in a frame, None if it is none (no MSA segment)."""
    header = read_header(body)
    start = next(segment_starts(body, b"MSA"), None)
    if header is None or start is None:
        return None
    separator = header.field_separator.encode("latin-1")
    fields = _segment(body, start).split(separator)
    error = next(segment_starts(body, b"ERR"), None)
    words = fields[3:4] or [b""]
    if error is not None:
        words += _segment(body, error).split(separator)[8:9]
    text = ". ".join(word.decode("utf-8", "replace").strip() for word in words if word.strip())
    code, control_id = ([*fields, b"", b""])[1:3]
    return Answer(_text(code).upper(), _text(control_id), text, body)


def _segment(body: bytes, start: int) -> bytes:
    return body[start:].replace(b"\n", b"\r").split(b"\r", 1)[0]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace").strip()


class MllpClient:
    """A connection to a listener. Not for several messages at once: stop and wait, as MLLP is used."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._deframer = Deframer(_LARGEST_ANSWER)
        self._frames: deque[bytes] = deque()
        self._nameless = False

    @classmethod
    async def connect(cls, host: str, port: int, *, within: float = 10, tls: ssl.SSLContext | None = None) -> Self:
        """Opens a connection. Raises Unreachable."""
        try:
            async with asyncio.timeout(within):
                return cls(*await asyncio.open_connection(host, port, ssl=tls))
        except (OSError, TimeoutError) as error:
            reason = "no answer" if isinstance(error, TimeoutError) else (error.strerror or str(error))
            raise Unreachable(f"{host}:{port}: {reason}") from None

    async def ask(self, body: bytes, *, within: float = 30) -> Answer:
        """Sends a message and waits for what MSH-15/16 make due: the last answer, or the first refusal.

        An answer to another message (a late one, say), or one that does not say to which, is passed over. Raises
        NoAnswer; the connection is of no further use then.
        """
        self._nameless = False
        header = read_header(body)
        expected = len(codes_due(header, Outcome.STORED))
        answer = Answer("", header.control_id if header else "")
        try:
            async with asyncio.timeout(within):
                self._writer.write(frame(body))
                await self._writer.drain()
                for _ in range(expected):
                    answer = await self._answer(header)
                    if not answer.accepted:
                        return answer
        except TimeoutError:
            other = "; one came without our MSH-10 in MSA-2" if self._nameless else ""
            raise NoAnswer(f"no answer within {within:g} s{other}") from None
        except OSError as error:
            raise NoAnswer(f"the connection broke: {error.strerror or error}") from None
        return answer

    async def close(self) -> None:
        """Ends the connection."""
        self._writer.close()
        try:
            async with asyncio.timeout(2):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            return

    async def _answer(self, header: Header | None) -> Answer:
        sent = _text(header.raw_control_id) if header else ""
        while True:
            answer = read_answer(await self._frame())
            if answer is not None and answer.control_id == sent:
                return answer
            self._nameless = self._nameless or (answer is not None and not answer.control_id)

    async def _frame(self) -> bytes:
        while not self._frames:
            data = await self._more()
            found = self._deframer.feed(data) if data else self._deframer.flush()
            if not data and not found:
                raise NoAnswer("the listener closed the connection")
            self._frames += [each.body for each in found]
        return self._frames.popleft()

    async def _more(self) -> bytes:
        """What comes next; b"" at the end, and when an answer has ended without its CR and nothing follows."""
        if not self._deframer.ended:
            return await self._reader.read(_CHUNK)
        try:
            async with asyncio.timeout(_SILENCE):
                return await self._reader.read(_CHUNK)
        except TimeoutError:
            return b""
