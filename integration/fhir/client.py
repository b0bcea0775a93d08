"""Runs exchanges over HTTP: `Client` for threads, `AsyncClient` for asyncio, one set of rules for both."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx2

from integration.fhir.errors import Unreachable
from integration.fhir.exchange import Answer, Call, Exchange
from integration.fhir.systems import FHIR_JSON

T = TypeVar("T")


@dataclass(frozen=True)
class Endpoint:
    """A FHIR server: its base URL, how we prove who we are, and our patience with it.

    `timeout` in seconds per request. `patience`: a Retry-After up to so many seconds is waited out on the
    spot, once; a longer one is left to the caller as Unreachable.retry_after. `tls` carries a private CA or a
    client certificate (`tls_context`). `context` gives the headers that say, at each request, on whose behalf it is
    made: a trace context.
    """

    base_url: str
    auth: httpx2.Auth | None = None
    timeout: float = 30.0
    patience: float = 2.0
    tls: ssl.SSLContext | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    context: Callable[[], Mapping[str, str]] = dict


class Bearer(httpx2.Auth):
    """A static bearer token."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = self._header
        yield request


def tls_context(ca_file: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """TLS 1.2 or later, with a private CA and, for mutual TLS, our certificate and key (PEM files)."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate:
        context.load_cert_chain(certificate, key or None)
    return context


class Client:
    """Synchronous; safe to share between threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._http = httpx2.Client(**_options(endpoint))

    def run(self, exchange: Exchange[T]) -> T:
        """Carry an exchange to its end. Raises FhirError."""
        try:
            request = next(exchange)
            while True:
                request = exchange.send(self._send(request))
        except StopIteration as end:
            result: T = end.value
            return result

    def _send(self, request: Call) -> Answer:
        answer = self._once(request)
        wait = pause(answer, self.endpoint)
        if wait is None:
            return answer
        time.sleep(wait)
        return self._once(request)

    def _once(self, request: Call) -> Answer:
        try:
            return _answer(self._http.request(**_arguments(request, self.endpoint)))
        except httpx2.HTTPError as error:
            raise Unreachable(f"{request.name}: no answer ({type(error).__name__})") from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """Asynchronous; belongs to one event loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._http = httpx2.AsyncClient(**_options(endpoint))

    async def run(self, exchange: Exchange[T]) -> T:
        """Carry an exchange to its end. Raises FhirError."""
        try:
            request = next(exchange)
            while True:
                request = exchange.send(await self._send(request))
        except StopIteration as end:
            result: T = end.value
            return result

    async def _send(self, request: Call) -> Answer:
        answer = await self._once(request)
        wait = pause(answer, self.endpoint)
        if wait is None:
            return answer
        await asyncio.sleep(wait)
        return await self._once(request)

    async def _once(self, request: Call) -> Answer:
        try:
            return _answer(await self._http.request(**_arguments(request, self.endpoint)))
        except httpx2.HTTPError as error:
            raise Unreachable(f"{request.name}: no answer ({type(error).__name__})") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def pause(answer: Answer, endpoint: Endpoint) -> float | None:
    """Seconds to wait before the one retry: 429 and 503 say the request was not processed, nothing else does."""
    asked = answer.headers.get("retry-after", "").strip()
    if answer.status not in (429, 503) or not asked.isdecimal():
        return None
    return float(asked) if float(asked) <= endpoint.patience else None


def _options(endpoint: Endpoint) -> dict[str, Any]:
    # HAPI answers a search from what it found up to a minute ago: we would make a second resource.
    headers = {"Accept": FHIR_JSON, "Cache-Control": "no-cache", **endpoint.headers}
    verify: ssl.SSLContext | bool = endpoint.tls or True
    return {
        "auth": endpoint.auth,
        "headers": headers,
        "timeout": endpoint.timeout,
        "verify": verify,
        "follow_redirects": False,
    }


def _arguments(request: Call, endpoint: Endpoint) -> dict[str, Any]:
    headers = {**request.headers, **endpoint.context()}
    arguments: dict[str, Any] = {"method": request.method, "url": target(request.path, endpoint.base_url)}
    if request.body is not None:
        headers["Content-Type"] = FHIR_JSON
        headers.setdefault("Prefer", "return=minimal")
        arguments["json"] = request.body
    if request.params:
        arguments["params"] = list(request.params)
    return {**arguments, "headers": headers}


def target(path: str, base_url: str) -> str:
    """The URL to call. A `next` link is followed on our own host only, whatever host the server put into it:

    servers behind a proxy name their inner address, and our token must not travel elsewhere.
    """
    base = base_url.rstrip("/")
    if "://" not in path:
        return f"{base}/{path}" if path else base
    link, ours = urlsplit(path), urlsplit(base)
    return urlunsplit((ours.scheme, ours.netloc, link.path, link.query, ""))


def _answer(response: httpx2.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, _json(response))


def _json(response: httpx2.Response) -> dict[str, Any] | None:
    if not response.content:
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
