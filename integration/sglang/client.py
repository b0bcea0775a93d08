"""The HTTP client of a model server: one call in, one whole answer or one named failure out.

This is the one layer that retries: an unreachable or full server is tried again after a random wait, nothing
else is. A call that runs out of time is aborted at the server before its failure is reported. Time and size of an
answer are bounded here, whatever the server does.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import httpx2

from integration.bounded import Exchange, TooLarge, bounded_client, exchange
from integration.sglang.chat_answer import ChatAnswer, chat_answer
from integration.sglang.endpoint import ChatCall, Dialect, Endpoint, request
from integration.sglang.failures import (
    Misconfigured,
    ModelServerError,
    Refused,
    ServerFailed,
    TimedOut,
    Unavailable,
)

# At DEBUG these libraries log headers, and in some versions whole requests, which hold patients' text.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)

KEEPALIVE = 2.0
"""Seconds an idle connection is kept: below the server's own, so that no call meets a closing one."""
HEALTH_TIMEOUT = 25.0
"""Seconds for /health, which generates a token and gives up after 20 itself."""
ABORT_TIMEOUT = 5.0
FIRST_WAIT = 0.5
"""Seconds: the upper end of the first random wait; it doubles with each further try."""

BYTES_A_TOKEN = 16
"""More than any tokenizer's average, escapes in JSON included."""
BYTES_AROUND = 65_536
"""For everything of an answer that is not its text, and for any answer that is none."""

INFO_BYTES = 4_000_000
"""For what a server tells of itself: SGLang's is some hundred KB with many ranks."""

_FULL = frozenset({408, 425, 429, 502, 503, 504})
_WRONG_SETTINGS = frozenset({401, 403, 404})


class ModelClient:
    """Speaks to one endpoint; safe to share between threads.

    `context` gives the headers that say, at each request, on whose behalf it is made: a trace context.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        context: Callable[[], Mapping[str, str]] = dict,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = endpoint
        self._context = context
        self._sleep = sleep
        self._places = threading.BoundedSemaphore(endpoint.connections)
        self._http = bounded_client(
            verify=ssl.create_default_context(cafile=endpoint.ca) if endpoint.ca else True,
            trust_env=endpoint.proxy,
            timeout=httpx2.Timeout(endpoint.timeout, connect=endpoint.connect_timeout),
            limits=httpx2.Limits(max_connections=endpoint.connections, keepalive_expiry=KEEPALIVE),
        )

    def ask(self, call: ChatCall) -> ChatAnswer:
        """One whole answer. Raises a ModelServerError; Unavailable only after the last of the attempts."""
        for attempt in range(self.endpoint.attempts - 1):
            with contextlib.suppress(Unavailable):
                return self._ask_once(call)
            self._sleep(random.uniform(0, FIRST_WAIT * 2**attempt))  # noqa: S311 - spreads retries, no secret
        return self._ask_once(call)

    def ready(self) -> bool:
        """Whether the server would take a call now; cheap, for `doctor` and for tests."""
        path = "/ready" if self.endpoint.dialect is Dialect.SGLANG else "/v1/models"
        return self._answers(path, self.endpoint.connect_timeout)

    def tell(self, path: str) -> dict[str, Any] | None:
        """What one of the server's own routes says of it, a JSON object; None when it says none."""
        try:
            said = self._exchange("GET", self.endpoint.root + path, self.endpoint.connect_timeout, INFO_BYTES)
            found = json.loads(said.body) if said.status == httpx2.codes.OK else None
        except (httpx2.HTTPError, TooLarge, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def aborts(self) -> bool:
        """Whether the server takes back calls by name."""
        url = f"{self.endpoint.root}/abort_request"
        try:
            said = self._exchange("POST", url, ABORT_TIMEOUT, BYTES_AROUND, {"rid": "countersign-nobody"})
        except (httpx2.HTTPError, TooLarge):
            return False
        return said.status == httpx2.codes.OK

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _ask_once(self, call: ChatCall) -> ChatAnswer:
        most = BYTES_AROUND + BYTES_A_TOKEN * call.max_tokens
        url = f"{self.endpoint.url.rstrip('/')}/chat/completions"
        try:
            with self._place():
                said = self._exchange("POST", url, self.endpoint.timeout, most, request(self.endpoint, call))
        except TooLarge:
            self._abort(call.rid)
            raise ServerFailed(f"the answer is longer than {most} bytes: {call.max_tokens} tokens cannot be") from None
        except httpx2.TimeoutException as error:
            raise self._timed_out(call, error) from None
        except httpx2.HTTPError as error:
            raise Unavailable(f"no answer: {type(error).__name__}") from None
        if said.status != httpx2.codes.OK:
            _raise_status(said)
        return chat_answer(said.body)

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        """One of the engine's connections; how long a call waits for one does not count against its answer."""
        if not self._places.acquire(timeout=self.endpoint.timeout):
            raise Unavailable(
                f"none of {self.endpoint.connections} connections was free in {self.endpoint.timeout:g} s"
            )
        try:
            yield
        finally:
            self._places.release()

    def _exchange(self, method: str, url: str, seconds: float, most: int, body: Any = None) -> Exchange:
        sent = self._http.build_request(method, url, json=body, headers=self._headers())
        return exchange(self._http, sent, seconds=seconds, most=most)

    def _timed_out(self, call: ChatCall, error: httpx2.TimeoutException) -> ModelServerError:
        if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
            return Unavailable(f"no connection: {type(error).__name__}")
        self._abort(call.rid)
        path = "/health" if self.endpoint.dialect is Dialect.SGLANG else "/v1/models"
        alive = self._answers(path, HEALTH_TIMEOUT)
        return TimedOut(f"no whole answer within {self.endpoint.timeout:g} s", alive=alive)

    def _abort(self, rid: str) -> None:
        """Closing the connection ends most calls; a queued one goes at once when it is named."""
        if self.endpoint.dialect is Dialect.SGLANG:
            url = f"{self.endpoint.root}/abort_request"
            with contextlib.suppress(httpx2.HTTPError, TooLarge):
                self._exchange("POST", url, ABORT_TIMEOUT, BYTES_AROUND, {"rid": rid})

    def _answers(self, path: str, timeout: float) -> bool:
        try:
            said = self._exchange("GET", self.endpoint.root + path, timeout, BYTES_AROUND)
        except (httpx2.HTTPError, TooLarge):
            return False
        return said.status == httpx2.codes.OK

    def _headers(self) -> dict[str, str]:
        key = self.endpoint.api_key
        ours = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        return {**ours, **self._context()}


def _raise_status(said: Exchange) -> NoReturn:
    """By status alone: the body of an error may repeat the request."""
    status = said.status
    if status in _FULL:
        raise Unavailable(f"the server answered {status}: full or not ready")
    if status in _WRONG_SETTINGS:
        raise Misconfigured(f"the server answered {status}: check url, model and api_key")
    if status < httpx2.codes.INTERNAL_SERVER_ERROR:
        raise Refused(f"the server answered {status}: {_reason(said.body)}")
    raise ServerFailed(f"the server answered {status}")


# As SGLang, vLLM and llama.cpp say it.
_NO_SCHEMA = ("grammar", "json schema error")
_TOO_LONG = ("context length", "too long", "maximum allowed length", "context size")


def _reason(body: bytes) -> str:
    """Known reasons in our own words."""
    said = body.decode(errors="replace").lower()
    if any(words in said for words in _NO_SCHEMA):
        return "it could not compile the schema of the answer"
    if any(words in said for words in _TOO_LONG):
        return "the report and the candidates are longer than its context"
    return "it does not accept the request; its log says why"
