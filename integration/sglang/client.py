"""The HTTP client of a model server: one call in, one whole answer or one named failure out.

This is the one layer that retries: an unreachable or full server is tried again after a random wait, nothing
else is. A call that runs out of time is aborted at the server before its failure is reported.
"""

from __future__ import annotations

import contextlib
import logging
import random
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import httpx2
import openai

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
for _name in ("openai", "httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)

KEEPALIVE = 2.0
"""Seconds an idle connection is kept: below the server's own, so that no call meets a closing one."""
HEALTH_TIMEOUT = 25.0
"""Seconds for /health, which generates a token and gives up after 20 itself."""
ABORT_TIMEOUT = 5.0
FIRST_WAIT = 0.5
"""Seconds: the upper end of the first random wait; it doubles with each further try."""

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
        self._http = httpx2.Client(
            verify=ssl.create_default_context(cafile=endpoint.ca) if endpoint.ca else True,
            trust_env=endpoint.proxy,
            timeout=httpx2.Timeout(endpoint.timeout, connect=endpoint.connect_timeout),
            limits=httpx2.Limits(max_connections=endpoint.connections, keepalive_expiry=KEEPALIVE),
        )
        key = endpoint.api_key.get_secret_value() if endpoint.api_key else "none"
        self._openai = openai.OpenAI(base_url=endpoint.url, api_key=key, max_retries=0, http_client=self._http)

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

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _ask_once(self, call: ChatCall) -> ChatAnswer:
        try:
            response = self._openai.chat.completions.with_raw_response.create(
                **_arguments(request(self.endpoint, call)), extra_headers=self._context()
            )
        except openai.APITimeoutError as error:
            raise self._timed_out(call, error) from None
        except openai.APIConnectionError as error:
            raise Unavailable(f"no answer: {type(error.__cause__ or error).__name__}") from None
        except openai.APIStatusError as error:
            _raise_status(error)
        return chat_answer(response.http_response.content)

    def _timed_out(self, call: ChatCall, error: openai.APITimeoutError) -> ModelServerError:
        if isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout):
            return Unavailable(f"no connection: {type(error.__cause__).__name__}")
        self._abort(call.rid)
        path = "/health" if self.endpoint.dialect is Dialect.SGLANG else "/v1/models"
        alive = self._answers(path, HEALTH_TIMEOUT)
        return TimedOut(f"no whole answer within {self.endpoint.timeout:g} s", alive=alive)

    def _abort(self, rid: str) -> None:
        """Closing the connection ends most calls; a queued one goes at once when it is named."""
        if self.endpoint.dialect is Dialect.SGLANG:
            with contextlib.suppress(httpx2.HTTPError):
                self._http.post(
                    f"{self.endpoint.root}/abort_request",
                    json={"rid": rid},
                    headers=self._headers(),
                    timeout=ABORT_TIMEOUT,
                )

    def _answers(self, path: str, timeout: float) -> bool:
        try:
            response = self._http.get(self.endpoint.root + path, headers=self._headers(), timeout=timeout)
        except httpx2.HTTPError:
            return False
        return response.status_code == httpx2.codes.OK

    def _headers(self) -> dict[str, str]:
        key = self.endpoint.api_key
        ours = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        return {**ours, **self._context()}


def _arguments(body: dict[str, Any]) -> dict[str, Any]:
    """The openai library checks names: SGLang's own go through `extra_body`."""
    ours = {"rid", "priority", "cache_salt", "custom_params"} & body.keys()
    known = {name: value for name, value in body.items() if name not in ours}
    return known | {"extra_body": {name: body[name] for name in sorted(ours)}}


def _raise_status(error: openai.APIStatusError) -> NoReturn:
    """By status alone: the body of an error may repeat the request."""
    status = error.status_code
    if status in _FULL:
        raise Unavailable(f"the server answered {status}: full or not ready") from None
    if status in _WRONG_SETTINGS:
        raise Misconfigured(f"the server answered {status}: check url, model and api_key") from None
    if status < httpx2.codes.INTERNAL_SERVER_ERROR:
        raise Refused(f"the server answered {status}: {_reason(error)}") from None
    raise ServerFailed(f"the server answered {status}") from None


def _reason(error: openai.APIStatusError) -> str:
    """Known reasons in our own words."""
    said = str(error.body).lower()
    if "grammar" in said:
        return "it could not compile the schema of the answer"
    if "context length" in said or "too long" in said or "maximum allowed length" in said:
        return "the report and the candidates are longer than its context"
    return "it does not accept the request; its log says why"
