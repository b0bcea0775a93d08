"""An answer has an end in time and in size, whatever the server does."""

from __future__ import annotations

import tracemalloc

import pytest

from integration.sglang.client import ModelClient
from integration.sglang.endpoint import ChatCall, Dialect, Endpoint
from integration.sglang.failures import ModelServerError, ServerFailed, TimedOut, Unavailable
from tests import hostile_server
from tests.hostile_server import KINDS, Answer, hostile

CALL = ChatCall(shared="s", own="o", schema_={}, max_tokens=4096, rid="r")
MOST = 65_536 + 16 * CALL.max_tokens


def ask(url: str, **more: object) -> str:
    said = {"timeout": 0.5, "attempts": 1, "dialect": Dialect.OPENAI} | more
    client = ModelClient(Endpoint.model_validate({"url": url, "model": "m", **said}))
    try:
        return client.ask(CALL).content
    finally:
        client.close()


@pytest.mark.parametrize("kind", [hostile_server.silent, hostile_server.headers_in_drops, hostile_server.body_in_drops])
def test_an_answer_that_does_not_end_in_time_is_given_up_however_it_trickles(kind: Answer) -> None:
    with hostile(kind) as server, pytest.raises(TimedOut, match=r"no whole answer within 0.5 s"):
        ask(server.url)


@pytest.mark.parametrize("kind", [hostile_server.flood, hostile_server.flood_of_an_error])
def test_an_answer_that_is_too_large_is_left_where_it_gets_so(kind: Answer) -> None:
    with hostile(kind) as server, pytest.raises(ServerFailed, match=f"longer than {MOST} bytes"):
        ask(server.url, timeout=60)


def test_headers_without_end_break_the_connection() -> None:
    with hostile(hostile_server.flood_of_headers) as server, pytest.raises(Unavailable, match="RemoteProtocolError"):
        ask(server.url, timeout=60)


def test_a_compressed_answer_was_not_asked_for_and_is_not_opened() -> None:
    with hostile(hostile_server.bomb) as server, pytest.raises(ServerFailed, match="no chat completion"):
        ask(server.url, timeout=60)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_no_answer_takes_more_than_a_few_times_its_bound(kind: Answer) -> None:
    with hostile(kind) as server:
        tracemalloc.start()
        try:
            ask(server.url)
        except ModelServerError as error:
            assert "fracture" not in str(error)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 10_000_000


def test_a_call_waits_for_one_of_the_engines_connections_and_says_so_if_none_gets_free() -> None:
    with hostile(hostile_server.silent) as server:
        client = ModelClient(Endpoint(url=server.url, model="m", timeout=0.2, connections=1, attempts=1))
        with client._place(), pytest.raises(Unavailable, match="none of 1 connections was free"):
            client.ask(CALL)
        assert server.calls == 0
