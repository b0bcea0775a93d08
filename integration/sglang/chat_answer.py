"""The body of a chat completion, as SGLang and other servers send it, to one record.

SGLang with a reasoning parser puts thinking into `message.reasoning_content` and counts it in
`usage.reasoning_tokens`; vLLM puts it into `message.reasoning` and llama.cpp into `message.reasoning_content`, and
neither counts it; OpenAI counts it in `usage.completion_tokens_details` and keeps it; a server without a parser
leaves it in the content, up to `</think>`.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from integration.canonical import Record
from integration.sglang.failures import Refused, ServerFailed, Truncated, Unavailable

MOST_TOKENS = 10_000_000
"""Beyond any context there is."""
_OPEN, _CLOSE = "<think>", "</think>"


class ChatAnswer(Record):
    """What came back. Tokens are the server's own counts; `cached_tokens` is part of `input_tokens`.

    `estimated`: the server does not say how many of its tokens were thinking; they are shared out by characters.
    """

    id: str
    content: str
    reasoning: str
    input_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    answer_tokens: int
    estimated: bool = False


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Message(_Part):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class _Choice(_Part):
    message: _Message
    finish_reason: str | None = None


class _PromptDetails(_Part):
    cached_tokens: int | None = None


class _CompletionDetails(_Part):
    reasoning_tokens: int | None = None


class _Usage(_Part):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _Body(_Part):
    id: str = ""
    choices: list[_Choice]
    usage: _Usage | None = None


def chat_answer(body: bytes) -> ChatAnswer:
    """Raises ServerFailed, Refused, Unavailable or Truncated when the body holds no whole answer."""
    try:
        parsed = _Body.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise ServerFailed(f"the response is no chat completion: {first['type']}") from None
    if len(parsed.choices) != 1:
        raise ServerFailed(f"the response has {len(parsed.choices)} choices instead of one")
    choice = parsed.choices[0]
    reasoning, content = _split_thinking(choice.message)
    answer = _answer(parsed, reasoning, content)
    _check_finished(choice, answer)
    return answer


def _split_thinking(message: _Message) -> tuple[str, str]:
    """(reasoning, content). A thought that was opened and never closed is all reasoning.

    What the server kept apart is taken as it is: a string of the answer may hold `</think>`.
    """
    content = message.content or ""
    if apart := message.reasoning_content or message.reasoning:
        return apart, content
    if content.lstrip().startswith("{"):
        return "", content
    before, closed, after = content.partition(_CLOSE)
    if closed or content.lstrip().startswith(_OPEN):
        return before.replace(_OPEN, "", 1).strip(), after.strip()
    return "", content


def _answer(body: _Body, reasoning: str, content: str) -> ChatAnswer:
    usage = body.usage or _Usage()
    prompt = usage.prompt_tokens_details or _PromptDetails()
    completion = usage.completion_tokens_details or _CompletionDetails()
    counted = usage.reasoning_tokens or completion.reasoning_tokens
    written = _count(usage.completion_tokens)
    thinking = _count(counted) if counted else _share(written, reasoning, content)
    return ChatAnswer(
        id=body.id,
        content=content,
        reasoning=reasoning,
        input_tokens=_count(usage.prompt_tokens),
        cached_tokens=_count(prompt.cached_tokens or 0),
        reasoning_tokens=thinking,
        answer_tokens=_count(written - thinking),
        estimated=bool(reasoning) and not counted,
    )


def _share(tokens: int, reasoning: str, content: str) -> int:
    """The thinking's part of the tokens written, by characters: what a server that counts both together leaves us."""
    return round(tokens * len(reasoning) / max(1, len(reasoning) + len(content)))


def _count(said: int) -> int:
    """A server may say any number; sums of them are stored."""
    return min(max(0, said), MOST_TOKENS)


def _check_finished(choice: _Choice, answer: ChatAnswer) -> None:
    """A cut, an aborted or an empty answer is a failure of the call, not an answer without findings."""
    if choice.finish_reason == "length":
        raise _truncated("the token limit was reached", answer)
    if choice.finish_reason == "abort":
        raise Unavailable("the server aborted the call")
    if choice.finish_reason == "content_filter" or choice.message.refusal:
        raise Refused("the server's content filter or the model refused to answer")
    if not answer.content.strip():
        raise _truncated("there is no answer after the thinking", answer)


def _truncated(why: str, answer: ChatAnswer) -> Truncated:
    about = "about " if answer.estimated else ""
    return Truncated(
        f"{why} ({about}{answer.reasoning_tokens} thinking tokens, {answer.answer_tokens} answer tokens)",
        input_tokens=answer.input_tokens,
        reasoning_tokens=answer.reasoning_tokens,
        answer_tokens=answer.answer_tokens,
    )
