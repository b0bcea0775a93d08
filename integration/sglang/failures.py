"""How a call to a model server can fail. No message holds a word of the request or of the answer."""

from __future__ import annotations


class ModelServerError(Exception):
    """The base of all failures of a call."""


class Unavailable(ModelServerError):
    """Nobody answers, the connection broke, or the server says it is full or starting: try again later."""


class Misconfigured(ModelServerError):
    """Key, address or model name are wrong: no call will succeed until somebody corrects them."""


class Refused(ModelServerError):
    """The server understood this request and will not answer it: trying again changes nothing."""


class ServerFailed(ModelServerError):
    """The server broke on this request (500), or answered something that is no chat completion."""


class TimedOut(ModelServerError):
    """No whole answer in time; the call was aborted at the server.

    `alive`: the server still answers its own health probe, so that it is this call which takes too long.
    """

    def __init__(self, message: str, *, alive: bool) -> None:
        super().__init__(message)
        self.alive = alive


class Truncated(ModelServerError):
    """The tokens ran out before the answer was whole, or the thinking never ended."""

    def __init__(self, message: str, *, input_tokens: int, reasoning_tokens: int, answer_tokens: int) -> None:
        super().__init__(message)
        self.input_tokens = input_tokens
        self.reasoning_tokens = reasoning_tokens
        self.answer_tokens = answer_tokens
