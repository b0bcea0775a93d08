"""Whether a model server is what its profile says and does what our calls need; asked about a report of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from integration.canonical import Finding
from integration.sglang.chat_answer import ChatAnswer
from integration.sglang.client import ModelClient
from integration.sglang.endpoint import ChatCall, Dialect
from integration.sglang.failures import ModelServerError
from integration.sglang.profiles import Profile, load_profiles
from integration.sglang.server_info import ServerInfo, server_info
from services.engines import EngineSpec
from services.reading.answer import AnswerError, parse_answer
from services.reading.answer_schema import answer_schema
from services.reading.prompt import build_prompt
from services.reading.reader import Candidate, Catalogue, Question
from services.workflow.model_reader import THINKING_SLACK, new_rid

TEXT = "FINDINGS: No pneumothorax. Small left pleural effusion.\nIMPRESSION: Small left pleural effusion."
CANDIDATES = (
    Candidate(finding=Finding(id="pneumothorax", name="Pneumothorax"), sides=True),
    Candidate(finding=Finding(id="pleural_effusion", name="Pleural effusion"), sides=True),
    Candidate(finding=Finding(id="cardiomegaly", name="Cardiomegaly")),
)
SMALL_BUDGET = 32
"""Tokens of thinking no model keeps to of itself."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `says` tells what is wrong and what to do about it."""

    what: str
    well: bool
    says: str


def profile_of(spec: EngineSpec) -> Profile | None:
    """The launch profile an engine was started with: `profile` of engines.yaml, else the one of its own name."""
    return load_profiles().get(spec.profile or spec.name)


def look(spec: EngineSpec, client: ModelClient) -> list[Check]:
    """What the server is, asked of itself; costs it nothing. `doctor` does this."""
    if not client.ready():
        return [Check("server", False, "does not answer, or is still loading; reports wait until it does")]
    info = server_info(client)
    return [Check("server", True, info.told() or "ready"), _served(spec, info), *_as_started(spec, info)]


def _served(spec: EngineSpec, info: ServerInfo) -> Check:
    if spec.model in info.models:
        return Check("model", True, spec.model)
    served = ", ".join(info.models) or "nothing it tells of"
    return Check("model", False, f"{spec.model} is not served, but {served}: correct `model` in engines.yaml")


def _as_started(spec: EngineSpec, info: ServerInfo) -> Iterator[Check]:
    profile = profile_of(spec)
    if not info.settings:
        return
    if profile is None:
        yield Check("profile", True, "none is named like this engine, and it has no `profile`: nothing to compare with")
        return
    other = info.other_than(profile)
    says = f"not started as {profile.name}: {'; '.join(other)}" if other else f"started as {profile.name} says"
    yield Check("profile", not other, says)


def try_out(spec: EngineSpec, client: ModelClient) -> Iterator[Check]:
    """Whether grammar, thinking, budget, priority and abort work: a call or two about a report of our own."""
    try:
        answer = client.ask(_call(spec))
    except ModelServerError as error:
        yield Check("answer", False, f"none: {error}")
        return
    yield _grammar(answer)
    yield _thinking(spec, answer)
    if spec.thinking_budget is not None:
        yield _budget(spec, client)
    if spec.dialect is Dialect.SGLANG:
        yield _priority(client)
        well = client.aborts()
        yield Check("abort", well, "takes /abort_request" if well else "/abort_request fails: given-up calls run on")


def _call(spec: EngineSpec) -> ChatCall:
    catalogue = Catalogue(id="check", version="", title="", candidates=CANDIDATES)
    prompt = build_prompt(Question(text=TEXT, catalogue=catalogue, modality="CR"), CANDIDATES)
    schema = answer_schema(CANDIDATES)
    return ChatCall(shared=prompt.shared, own=prompt.own, schema_=schema, max_tokens=spec.max_tokens, rid=new_rid())


def _grammar(answer: ChatAnswer) -> Check:
    """A grammar gives the object alone, with every key, in order; a model without one seldom does all three."""
    ids = [one.finding.id for one in CANDIDATES]
    try:
        found = parse_answer(answer.content, CANDIDATES)
    except AnswerError as error:
        return Check("grammar", False, f"the answer cannot be used: {error}")
    try:
        keys = list(json.loads(answer.content, strict=False)["findings"])
    except (ValueError, KeyError, TypeError):
        return Check(
            "grammar", False, "the answer is among other words: the server does not hold the model to the schema"
        )
    if keys != ids or len(found.verdicts) != len(ids):
        return Check("grammar", False, "keys are missing, too many or out of order: the schema is not enforced")
    return Check("grammar", True, "the answer has every key in order and nothing else")


def _thinking(spec: EngineSpec, answer: ChatAnswer) -> Check:
    profile = profile_of(spec)
    wanted = bool(profile and "reasoning-parser" in profile.flags)
    if not answer.reasoning and not answer.reasoning_tokens:
        says = "none came apart from the answer: is the server started with its reasoning parser?" if wanted else "none"
        return Check("thinking", not wanted, says)
    if answer.estimated:
        return Check(
            "thinking", not wanted, f"apart, about {answer.reasoning_tokens} tokens: the server does not count it"
        )
    return Check("thinking", True, f"apart, {answer.reasoning_tokens} tokens, counted by the server")


def _budget(spec: EngineSpec, client: ModelClient) -> Check:
    """With a budget below what any model takes of itself: thinking beyond it shows a server that ignores it."""
    small = ModelClient(client.endpoint.model_copy(update={"thinking_budget": SMALL_BUDGET}))
    try:
        answer = small.ask(_call(spec))
    except ModelServerError as error:
        return Check("budget", False, f"with {SMALL_BUDGET} tokens to think there was no answer: {error}")
    finally:
        small.close()
    thought = f"{answer.reasoning_tokens} tokens of thinking against a budget of {SMALL_BUDGET}"
    if answer.estimated:
        return Check("budget", False, f"about {thought}; the server does not count, so that no budget can be verified")
    kept = answer.reasoning_tokens <= SMALL_BUDGET * THINKING_SLACK
    return Check("budget", kept, thought if kept else f"{thought}: start it with --enable-strict-thinking")


def _priority(client: ModelClient) -> Check:
    on = server_info(client).settings.get("enable_priority_scheduling")
    if on is None:
        return Check("priority", True, "the server does not say whether it serves STAT first")
    return Check(
        "priority", bool(on), "STAT overtakes routine" if on else "off: start it with --enable-priority-scheduling"
    )
