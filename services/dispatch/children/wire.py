"""What passes between a worker and its children: frames of a JSON head and a body of bytes."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_SIZES = struct.Struct("!II")
Head = dict[str, Any]


class Closed(Exception):
    """The other side is gone."""


class TooLarge(Exception):
    """The other side sends more than it may."""


def send(peer: socket.socket, head: Head, body: bytes = b"") -> None:
    """Sends one frame. Raises Closed; TimeoutError after the socket's own timeout."""
    text = json.dumps(head).encode()
    try:
        peer.sendall(_SIZES.pack(len(text), len(body)) + text + body)
    except TimeoutError:
        raise
    except OSError:
        raise Closed from None


def receive(peer: socket.socket, most: int = 1 << 31) -> tuple[Head, bytes]:
    """The next frame, of `most` bytes. Raises Closed, TooLarge; TimeoutError after the socket's own timeout."""
    head, body = _SIZES.unpack(_exactly(peer, _SIZES.size))
    if head + body > most:
        raise TooLarge
    return json.loads(_exactly(peer, head)), _exactly(peer, body)


def _exactly(peer: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        try:
            piece = peer.recv(min(count - len(data), 1 << 20))
        except TimeoutError:
            raise
        except OSError:
            raise Closed from None
        if not piece:
            raise Closed
        data += piece
    return bytes(data)
