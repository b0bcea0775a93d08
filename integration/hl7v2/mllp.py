"""MLLP framing: VT body FS CR (HL7 v2 Transport, MLLP Release 1 §2), read incrementally.

Linear in the bytes fed and bounded in memory: an oversized block keeps its head, its length and its hash.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

VT, FS, CR, LF = 0x0B, 0x1C, 0x0D, 0x0A
START, END, TRAILER = b"\x0b", b"\x1c", b"\x1c\r"
HEAD_BYTES = 64 * 1024

# A sender that broke off and began again leaves a second start block inside the first.
_RESTART = re.compile(rb"\x0b(?=(?:MSH|FHS|BHS))")


class Frame(NamedTuple):
    """One block. `size` and `sha256` (hex) are of all bytes between VT and FS; an oversized body is its head."""

    body: bytes
    size: int
    sha256: str
    oversized: bool = False


def frame(body: bytes) -> bytes:
    """The body between a start block and an end block."""
    return START + body + TRAILER


class _Block:
    """A block that is still arriving."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.buffer = bytearray()
        self.size = 0
        self.digest: hashlib._Hash | None = None

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.digest is not None:
            self.digest.update(chunk)
            return
        self.buffer += chunk
        if self.size > self.max_bytes:
            self.digest = hashlib.sha256(self.buffer)
            del self.buffer[HEAD_BYTES:]

    def close(self) -> Frame:
        body = bytes(self.buffer)
        if self.digest is not None:
            return Frame(body, self.size, self.digest.hexdigest(), oversized=True)
        return whole(body)


def whole(body: bytes) -> Frame:
    """The frame of a body that is here in full."""
    return Frame(body, len(body), hashlib.sha256(body).hexdigest())


class Deframer:
    """Turns a byte stream, however it is cut, into frames.

    A block ends at FS followed by CR (or LF), at FS followed by the next VT, or, for senders that leave the
    CR out, at `flush()`. An FS followed by anything else is kept as data. `ignored` counts the bytes outside
    blocks, line ends excepted, and those of blocks that the sender broke off and began anew.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._block: _Block | None = None
        self._ended = False
        self.ignored = 0

    @property
    def inside(self) -> bool:
        """Whether a block has begun and not ended."""
        return self._block is not None

    @property
    def ended(self) -> bool:
        """Whether FS was the last byte: the block is whole if nothing else follows."""
        return self._ended

    @property
    def size(self) -> int:
        """Bytes of the block that is arriving."""
        return self._block.size if self._block else 0

    @property
    def held(self) -> int:
        """Bytes kept of the block that is arriving."""
        return len(self._block.buffer) if self._block else 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames completed by `data`, in order."""
        frames: list[Frame] = []
        position = 0
        while position < len(data):
            if self._block is None:
                position = self._seek(data, position)
            elif self._ended:
                position = self._after_end(data, position, frames)
            else:
                position = self._fill(self._block, data, position)
        return frames

    def flush(self) -> list[Frame]:
        """The block whose FS came without CR, when the sender has fallen silent."""
        frames: list[Frame] = []
        if self._ended:
            self._close(frames)
        return frames

    def _seek(self, data: bytes, position: int) -> int:
        start = data.find(START, position)
        stop = len(data) if start < 0 else start
        self.ignored += sum(byte not in (CR, LF) for byte in data[position:stop])
        if start < 0:
            return stop
        self._block = _Block(self._max_bytes)
        return start + 1

    def _fill(self, block: _Block, data: bytes, position: int) -> int:
        end = data.find(END, position)
        if end < 0:
            block.add(data[position:])
            return len(data)
        block.add(data[position:end])
        self._ended = True
        return end + 1

    def _after_end(self, data: bytes, position: int, frames: list[Frame]) -> int:
        follower = data[position]
        if follower in (CR, LF, VT):
            self._close(frames)
            return position if follower == VT else position + 1
        assert self._block is not None
        self._block.add(END)
        self._ended = False
        return position

    def _close(self, frames: list[Frame]) -> None:
        assert self._block is not None
        last = self._block.close()
        self._block, self._ended = None, False
        cuts = [match.start() for match in _RESTART.finditer(last.body)] if START in last.body else []
        if last.oversized or not cuts:
            frames.append(last)
            return
        for start, stop in zip([0, *(cut + 1 for cut in cuts)], [*cuts, last.size], strict=True):
            self._piece(last.body[start:stop], stop == last.size, frames)

    def _piece(self, piece: bytes, complete: bool, frames: list[Frame]) -> None:
        body = piece if complete else piece[: max(piece.rfind(END), 0)]
        self.ignored += len(piece) - len(body)
        if complete or body:
            frames.append(whole(body))
