"""A model server that answers so as to do harm: never, for ever, in drops, in floods."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

Answer = Callable[[socket.socket, threading.Event], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
DROP = 0.01
SQUEEZED = gzip.compress(b" " * 20_000_000)


def silent(to: socket.socket, stopped: threading.Event) -> None:
    """Nothing at all."""
    stopped.wait(60)


def headers_in_drops(to: socket.socket, stopped: threading.Event) -> None:
    """A byte of a header at a time: no wait for bytes is ever long."""
    to.sendall(HEAD + b"X-Long: ")
    _drip(to, stopped, b"a")


def body_in_drops(to: socket.socket, stopped: threading.Event) -> None:
    """A byte of the body at a time."""
    to.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    _drip(to, stopped, b" ")


def flood(to: socket.socket, stopped: threading.Event) -> None:
    """A body without end, as fast as it is read."""
    to.sendall(CHUNKED)
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while not stopped.is_set():
        to.sendall(piece)


def flood_of_an_error(to: socket.socket, stopped: threading.Event) -> None:
    """The same under the status 500."""
    to.sendall(CHUNKED.replace(b"200 OK", b"500 Internal Server Error"))
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while not stopped.is_set():
        to.sendall(piece)


def flood_of_headers(to: socket.socket, stopped: threading.Event) -> None:
    """Headers without end."""
    to.sendall(HEAD)
    while not stopped.is_set():
        to.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")


def bomb(to: socket.socket, stopped: threading.Event) -> None:
    """20 MB of spaces in 20 KB."""
    _whole(to, SQUEEZED, b"Content-Encoding: gzip\r\n")


def depth(to: socket.socket, stopped: threading.Event) -> None:
    """JSON nested as deep as fits."""
    _whole(to, _chat('{"findings":' * 10_000))


def crowd(to: socket.socket, stopped: threading.Event) -> None:
    """A well-formed answer with as many findings, quotes and remarks as fit, of which none was asked for."""
    quotes = ["No fracture."] * 2000
    findings = {f"f{number}": {"quotes": [], "status": "present", "change": "none"} for number in range(500)}
    asked = {"pneumothorax": {"quotes": quotes, "status": "present", "side": "left", "change": "new"}}
    remarks = {"follow_up": [{"quote": "x" * 20, "modality": "CT", "interval": "soon"}] * 500}
    _whole(to, _chat(json.dumps({"findings": findings | asked, **remarks})))


KINDS = (
    silent,
    headers_in_drops,
    body_in_drops,
    flood,
    flood_of_an_error,
    flood_of_headers,
    bomb,
    depth,
    crowd,
)


class Hostile:
    """Answers each call for an answer with the next of `kinds`; `calls` counts them. Everything else gets 404."""

    def __init__(self, *kinds: Answer) -> None:
        self.calls = 0
        self.stopped = threading.Event()
        self._kinds = cycle(kinds)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # close() alone leaves accept() waiting
        self._listener.close()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                to, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(to,), daemon=True).start()

    def _answer(self, to: socket.socket) -> None:
        with to, suppress(OSError):
            if b"/chat/completions" not in _request(to):
                to.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            self.calls += 1
            next(self._kinds)(to, self.stopped)


@contextmanager
def hostile(*kinds: Answer) -> Iterator[Hostile]:
    """A server that answers in these ways, one after another."""
    server = Hostile(*kinds)
    try:
        yield server
    finally:
        server.stop()


def _request(to: socket.socket) -> bytes:
    """The first line of a request that was read whole."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += to.recv(65536) or b"\r\n\r\n"
    head, _, body = said.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")), 0
    )
    while len(body) < length:
        body += to.recv(65536)
    return head.split(b"\r\n")[0]


def _drip(to: socket.socket, stopped: threading.Event, drop: bytes) -> None:
    while not stopped.is_set():
        to.sendall(drop)
        time.sleep(DROP)


def _whole(to: socket.socket, body: bytes, header: bytes = b"") -> None:
    to.sendall(HEAD + header + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)


def _chat(content: str) -> bytes:
    counts = {"prompt_tokens": 10**40, "completion_tokens": -5}
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return json.dumps({"id": "x", "choices": [choice], "usage": counts}).encode()
