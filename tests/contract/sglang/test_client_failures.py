"""How the client takes a server or a network that fails; the failures are those of docs/serving.md."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from integration.sglang.client import FIRST_WAIT, ModelClient
from integration.sglang.failures import (
    Misconfigured,
    ModelServerError,
    ServerFailed,
    TimedOut,
    Unavailable,
)
from tests.contract.sglang.cases import ANSWER
from tests.contract.sglang.replay import Failure, Replay

Broken = Callable[..., Replay]
CHAT = "/v1/chat/completions"


def client(replay: Replay, waits: list[float] | None = None, **endpoint: object) -> ModelClient:
    sleep = (lambda seconds: None) if waits is None else waits.append
    return ModelClient(ANSWER.endpoint(replay.url, **endpoint), sleep=sleep)


def calls(replay: Replay) -> int:
    return sum(path == CHAT for path, _ in replay.asked)


@pytest.mark.parametrize("failure", [Failure.FULL, Failure.STARTING, Failure.CUT, Failure.CLOSED])
def test_what_passes_is_tried_again_and_answered(broken: Broken, failure: Failure) -> None:
    replay = broken(failure, failure)
    assert client(replay).ask(ANSWER.call()).content
    assert calls(replay) == 3


@pytest.mark.parametrize("failure", [Failure.FULL, Failure.STARTING, Failure.CUT, Failure.CLOSED])
def test_what_does_not_pass_is_an_outage_after_the_last_attempt(broken: Broken, failure: Failure) -> None:
    replay = broken(*[failure] * 9)
    with pytest.raises(Unavailable):
        client(replay, attempts=3).ask(ANSWER.call())
    assert calls(replay) == 3


def test_nobody_listening_is_an_outage() -> None:
    nobody = ModelClient(ANSWER.endpoint("http://127.0.0.1:9/v1"), sleep=lambda seconds: None)
    with pytest.raises(Unavailable, match="ConnectError"):
        nobody.ask(ANSWER.call())
    assert not nobody.ready()


def test_waits_between_attempts_are_random_and_grow(broken: Broken) -> None:
    waits: list[float] = []
    for _ in range(20):
        with pytest.raises(Unavailable):
            client(broken(*[Failure.FULL] * 3), waits, attempts=3).ask(ANSWER.call())
    first, second = waits[::2], waits[1::2]
    assert len(set(waits)) > 30
    assert max(first) <= FIRST_WAIT < max(second) <= 2 * FIRST_WAIT


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure.BROKEN, ServerFailed),
        (Failure.NOT_JSON, ServerFailed),
        (Failure.KEY, Misconfigured),
    ],
)
def test_what_would_not_change_is_not_tried_again(
    broken: Broken, failure: Failure, error: type[ModelServerError]
) -> None:
    replay = broken(failure)
    with pytest.raises(error):
        client(replay).ask(ANSWER.call())
    assert calls(replay) == 1


def test_a_call_that_takes_too_long_is_aborted_by_name_and_the_server_found_alive(broken: Broken) -> None:
    replay = broken(Failure.HANG)
    with pytest.raises(TimedOut) as caught:
        client(replay, timeout=2).ask(ANSWER.call())
    assert caught.value.alive
    assert ("/abort_request", {"rid": "case-answer"}) in replay.asked
    assert calls(replay) == 1


def test_a_server_that_hangs_altogether_is_not_alive(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration.sglang.client.HEALTH_TIMEOUT", 0.2)
    with pytest.raises(TimedOut) as caught:
        client(broken(Failure.HANG, hung=True), timeout=0.2).ask(ANSWER.call())
    assert not caught.value.alive


def test_a_request_that_was_never_recorded_is_answered_by_nobody(broken: Broken) -> None:
    """The recorded server makes nothing up."""
    replay = broken()
    with pytest.raises(ServerFailed, match="501"):
        client(replay).ask(ANSWER.call().model_copy(update={"max_tokens": 7}))


def test_the_libraries_below_log_nothing_of_a_call_at_any_level(
    broken: Broken, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client(broken(Failure.FULL)).ask(ANSWER.call())
    assert "pneumothorax" not in caplog.text
    assert not {record.name.split(".")[0] for record in caplog.records} & {"httpx2", "httpcore2"}


def test_proxies_of_the_environment_are_not_used_for_a_server_in_the_house(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client(broken()).ask(ANSWER.call()).content
