"""The server the contract tests speak to: recorded responses, or a real SGLang at SGLANG_LIVE_URL."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from integration.sglang.chat_answer import ChatAnswer
from integration.sglang.client import ModelClient
from integration.sglang.failures import ModelServerError
from tests.contract.sglang.cases import CASES, QUEUE_FULL, Case
from tests.contract.sglang.replay import Failure, Replay, replay_server

LIVE = os.environ.get("SGLANG_LIVE_URL", "")


@dataclass
class Server:
    """Where calls go; `replay` is None when the server is a real one."""

    url: str
    replay: Replay | None

    def ask(self, case: Case, **endpoint: Any) -> ChatAnswer:
        """The case's call, after those it builds on."""
        for name in case.after:
            self.ask(next(one for one in CASES if one.name == name))
        return self.client(case, **endpoint).ask(case.call())

    def client(self, case: Case, **endpoint: Any) -> ModelClient:
        """A client that does not wait between its attempts."""
        return ModelClient(case.endpoint(self.url, **endpoint), sleep=lambda seconds: None)

    @contextmanager
    def crowded(self) -> Iterator[None]:
        """While others fill the server's two running and two waiting places."""
        if self.replay:
            self.replay.failures = [Failure.FULL] * 9
            yield
            self.replay.failures = []
            return
        gone = threading.Event()
        crowd = [threading.Thread(target=self._occupy, args=(number, gone)) for number in range(6)]
        for one in crowd:
            one.start()
        try:
            yield
        finally:
            gone.set()
            for one in crowd:
                one.join()

    def _occupy(self, number: int, gone: threading.Event) -> None:
        """Asks again and again, so that the places stay taken."""
        client = ModelClient(QUEUE_FULL.endpoint(self.url, attempts=1))
        for turn in itertools.count():
            if gone.is_set():
                return
            call = QUEUE_FULL.call().model_copy(update={"rid": f"crowd-{number}-{turn}"})
            with contextlib.suppress(ModelServerError):
                client.ask(call)


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    """Recorded responses, whatever else is there."""
    with replay_server() as server:
        yield server


@pytest.fixture
def server(replay: Replay) -> Server:
    """The real server where there is one, else the recorded one."""
    replay.failures, replay.hung = [], False
    replay.asked.clear()
    return Server(LIVE, None) if LIVE else Server(replay.url, replay)


@pytest.fixture
def broken(replay: Replay) -> Callable[..., Replay]:
    """The recorded server, about to fail in the ways named."""

    def prepare(*failures: Failure, hung: bool = False) -> Replay:
        replay.failures, replay.hung = list(failures), hung
        replay.asked.clear()
        return replay

    return prepare
