"""One HTTP exchange within a time and a size, whatever the server does.

The timeouts of an HTTP library bound each wait for bytes: a server that sends one byte a second is never late, and
nothing bounds what it sends. Here the whole exchange has one end, also for headers, and a body is left where it gets
too large. Compressed bodies are not asked for and not opened.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

PIECE = 16_384
"""Bytes of a request written under one look at the clock."""

_clock = threading.local()


class TooLarge(Exception):
    """The body is longer than it may be; it was left there, and the connection is closed."""


@dataclass(frozen=True)
class Exchange:
    """A whole response. `retry_after`: that header as it came, "" without."""

    status: int
    body: bytes
    retry_after: str = ""


def bounded_client(**options: Any) -> httpx2.Client:
    """An httpx2 client whose sockets know when the exchange under way ends; options as httpx2.Client's."""
    client = httpx2.Client(**options)
    # httpx2 has no parameter for it; a test with a server that sends its headers byte by byte holds this.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = _Backend()
    return client


def exchange(client: httpx2.Client, request: httpx2.Request, *, seconds: float, most: int) -> Exchange:
    """The whole response, of at most `most` bytes, at most `seconds` after this call.

    Raises httpx2.TimeoutException when it is not there in time, TooLarge, and httpx2's other errors.
    """
    request.headers["Accept-Encoding"] = "identity"
    with _until(time.monotonic() + seconds):
        response = client.send(request, stream=True)
        try:
            return Exchange(response.status_code, _body(response, most), response.headers.get("retry-after", ""))
        finally:
            response.close()


@contextmanager
def _until(ends: float) -> Iterator[None]:
    _clock.ends = ends
    try:
        yield
    finally:
        del _clock.ends


def _body(response: httpx2.Response, most: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > most:
            raise TooLarge
    return bytes(body)


def _left(timeout: float | None) -> float | None:
    """Seconds that one wait may take: no more than are left of the exchange of this thread."""
    ends: float | None = getattr(_clock, "ends", None)
    if ends is None:
        return timeout
    left = ends - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the exchange is out of time")
    return left if timeout is None else min(left, timeout)


class _Stream(httpcore2.NetworkStream):
    """A connection each wait on which ends with the exchange."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self._inner.write(buffer[start : start + PIECE], _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, *args: Any, **options: Any) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(*args, **options))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """Opens connections as httpcore2 does."""

    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.connect_tcp(host, port, _left(timeout), local_address, socket_options))
