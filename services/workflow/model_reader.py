"""A language model as a Reader: prompt, call, answer, grounding and votes joined.

The model proposes; what it says counts only as far as its quotes stand in the report.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Protocol

from integration.canonical import Advisory, Engine, Verdict
from integration.sglang.chat_answer import ChatAnswer
from integration.sglang.endpoint import ChatCall
from integration.sglang.failures import (
    Misconfigured,
    ModelServerError,
    Refused,
    TimedOut,
    Truncated,
    Unavailable,
)
from services.engines import EngineSpec
from services.reading.answer import Answer, AnswerError, RemarkDraft, parse_answer
from services.reading.answer_schema import answer_schema
from services.reading.grounded_answer import Ground
from services.reading.injection import flag
from services.reading.prompt import PROMPT_VERSION, build_prompt, closing, split_candidates
from services.reading.reader import Candidate, Failing, Question, Reader, Reading, ReadingError, Usage
from services.reading.voting import needs_votes, tally

log = logging.getLogger(__name__)

THINKING_SLACK = 1.1
"""A server may end its thinking a little late: up to this multiple the budget counts as kept."""

_FAILING = {Truncated: Failing.CUT, TimedOut: Failing.TIMEOUT, Refused: Failing.REFUSED}


class Model(Protocol):
    """Whoever answers a call: integration.sglang.client.ModelClient."""

    def ask(self, call: ChatCall) -> ChatAnswer:
        """One whole answer. Raises ModelServerError."""
        ...


class ModelReader:
    """Reads with the model of one engine; safe to share between threads.

    `rules` says where votes are worth their cost. `per_call`: candidates asked about in one call. `votes`: runs
    for a candidate in doubt, 1 for none.
    """

    def __init__(self, spec: EngineSpec, model: Model, rules: Reader, *, per_call: int = 100, votes: int = 1) -> None:
        self.spec = spec
        self.model = model
        self.rules = rules
        self.per_call = per_call
        self.votes = votes

    @property
    def engine(self) -> Engine:
        """Name, program version, model and prompt version."""
        return Engine(
            name=self.spec.name,
            version=version("countersign"),
            model=self.spec.model,
            prompt_version=PROMPT_VERSION,
        )

    def first_calls(self, question: Question) -> list[ChatCall]:
        """What would be sent first about a report; nothing is sent."""
        run = _Run(self, question)
        return [run.call(_Call(part)) for part in run.parts()]

    def read(self, question: Question) -> Reading:
        """Decide every candidate. Raises ReadingError."""
        started = time.monotonic()
        run = _Run(self, question)
        try:
            verdicts = run.decide()
        except ReadingError as error:
            error.usage = run.usage.model_copy(update={"seconds": time.monotonic() - started})
            raise
        catalogue = question.catalogue
        return Reading(
            engine=self.engine.model_copy(update={"catalogue": catalogue.id, "catalogue_version": catalogue.version}),
            verdicts=verdicts,
            advisories=tuple(run.advisories),
            flagged=flag(question.text),
            reasoning="\n\n".join(run.reasoning),
            usage=run.usage.model_copy(update={"seconds": time.monotonic() - started}),
        )


@dataclass(frozen=True)
class _Part:
    """What one call is about: `asked` of the `listed` candidates of one catalogue, each with its schema."""

    listed: tuple[Candidate, ...]
    asked: tuple[Candidate, ...]

    def of(self, ids: Collection[str]) -> tuple[str, ...]:
        """Those of the ids it asks about, in order."""
        return tuple(one.finding.id for one in self.asked if one.finding.id in ids)


@dataclass(frozen=True)
class _Call:
    """One call to make; `again`: what is asked anew, empty for all of the part."""

    part: _Part
    again: tuple[str, ...] = ()
    copy: bool = False


@dataclass
class _Run:
    """One reading under way: what was asked so far, and what it cost."""

    reader: ModelReader
    question: Question
    usage: Usage = field(default_factory=Usage)
    reasoning: list[str] = field(default_factory=list)
    advisories: list[Advisory] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def decide(self) -> tuple[Verdict, ...]:
        """All candidates once; those without an answer or a passage once more; those in doubt by votes."""
        parts = self.parts()
        verdicts = self._ask([_Call(part) for part in parts])
        ids = [one.finding.id for one in self.question.catalogue.candidates]
        lost = {one for one in ids if one not in verdicts or verdicts[one].unsupported}
        verdicts |= self._ask(_again(parts, lost, copy=True))
        self._check_whole(ids, verdicts)
        verdicts |= self._vote(parts, verdicts)
        return tuple(verdicts[one] for one in ids)

    def parts(self) -> list[_Part]:
        """By catalogue, so that linked exams share prompt and schema with each of theirs; `per_call` at most."""
        by_id = {one.finding.id: one for one in self.question.catalogue.candidates}
        groups = self.question.catalogue.groups or (tuple(by_id),)
        listed = [tuple(by_id[one] for one in group if one in by_id) for group in groups]
        return [_Part(group, part) for group in listed for part in split_candidates(group, self.reader.per_call)]

    def _vote(self, parts: Sequence[_Part], verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
        if self.reader.votes == 1:
            return {}
        rules = {one.finding.id: one for one in self.reader.rules.read(self.question).verdicts}
        doubtful = {key for key, one in verdicts.items() if needs_votes(one, rules.get(key))}
        ballots = _again(parts, doubtful)
        casts = self._each([call for _ in range(self.reader.votes - 1) for call in ballots])
        return {key: tally([verdicts[key], *(cast[key] for cast in casts if key in cast)]) for key in doubtful}

    def _ask(self, calls: Sequence[_Call]) -> dict[str, Verdict]:
        """Verdicts by finding id; of two answers about one finding the first stands."""
        verdicts: dict[str, Verdict] = {}
        for answered in self._each(calls):
            verdicts = answered | verdicts
        return verdicts

    def _each(self, calls: Sequence[_Call]) -> list[dict[str, Verdict]]:
        """The verdicts of each call, asked side by side within the engine's limit."""
        if not calls:
            return []
        with ThreadPoolExecutor(min(len(calls), self.reader.spec.concurrency)) as pool:
            # A context for each: a trace under way goes with its calls.
            running = [pool.submit(copy_context().run, self._answer, call) for call in calls]
        return [self._verdicts(call, *one.result()) for call, one in zip(calls, running, strict=True)]

    def _verdicts(self, call: _Call, reasoning: str, answer: Answer) -> dict[str, Verdict]:
        """What the call asked for; answers to anything else are repeats, and the first stands."""
        self.reasoning.append(reasoning)
        self._note(answer.remarks)
        by_id = {one.finding.id: one for one in call.part.asked}
        wanted = [draft for draft in answer.verdicts if not call.again or draft.finding_id in call.again]
        return {one.finding_id: Ground(self.question).verdict(one, by_id[one.finding_id]) for one in wanted}

    def _check_whole(self, ids: Sequence[str], verdicts: Mapping[str, Verdict]) -> None:
        missing = [one for one in ids if one not in verdicts]
        if missing:
            why = f"unusable answer: none to {len(missing)} of {len(ids)} findings, asked twice"
            raise ReadingError(f"engine {self._name}: {why}", retryable=True, failing=Failing.PARSE)

    def _note(self, remarks: Sequence[RemarkDraft]) -> None:
        """Each advisory once: every part of the candidates sees the whole report."""
        known = {(one.kind, one.quotes) for one in self.advisories}
        for advisory in filter(None, map(Ground(self.question).advisory, remarks)):
            if (advisory.kind, advisory.quotes) not in known:
                known.add((advisory.kind, advisory.quotes))
                self.advisories.append(advisory)

    def _answer(self, asked: _Call) -> tuple[str, Answer]:
        """(reasoning, answer). Raises ReadingError."""
        try:
            said = self._completion(self.call(asked))
            return said.reasoning, parse_answer(said.content, asked.part.asked)
        except AnswerError as error:
            why = f"engine {self._name}: unusable answer: {error}"
            raise ReadingError(why, retryable=True, failing=Failing.PARSE) from None
        except ModelServerError as error:
            raise self._reading_error(error) from None

    def call(self, asked: _Call) -> ChatCall:
        """As it is sent, under a name of its own."""
        part = asked.part
        ids = [one.finding.id for one in part.asked]
        last = closing(ids, asked.again, whole=part.asked == part.listed, copy=asked.copy)
        prompt = build_prompt(self.question, part.listed, closing=last)
        return ChatCall(
            shared=prompt.shared,
            own=prompt.own,
            schema_=answer_schema(part.asked),
            max_tokens=self.reader.spec.max_tokens,
            rid=new_rid(),
            priority=self.question.priority,
            cache_salt=self.question.site if self.reader.spec.cache_by_site else "",
        )

    def _completion(self, call: ChatCall) -> ChatAnswer:
        """A cut answer is asked for once more with the larger budget; what the cut one cost counts too."""
        try:
            answer = self.reader.model.ask(call)
        except Truncated as cut:
            self._spend(cut)
            answer = self._again(call)
        self._spend(answer)
        self._check_thinking(answer)
        return answer

    def _again(self, call: ChatCall) -> ChatAnswer:
        more = {"max_tokens": self.reader.spec.max_tokens_retry, "rid": new_rid()}
        try:
            return self.reader.model.ask(call.model_copy(update=more))
        except Truncated as cut:
            self._spend(cut)
            raise

    def _spend(self, cost: ChatAnswer | Truncated) -> None:
        cached = cost.cached_tokens if isinstance(cost, ChatAnswer) else 0
        estimated = isinstance(cost, ChatAnswer) and cost.estimated
        with self.lock:
            self.usage = Usage(
                input_tokens=self.usage.input_tokens + cost.input_tokens,
                cached_tokens=self.usage.cached_tokens + cached,
                reasoning_tokens=self.usage.reasoning_tokens + cost.reasoning_tokens,
                answer_tokens=self.usage.answer_tokens + cost.answer_tokens,
                calls=self.usage.calls + 1,
                estimated=self.usage.estimated or estimated,
            )

    def _check_thinking(self, answer: ChatAnswer) -> None:
        """A budget the server ignores costs throughput, not truth: it is told, and the answer stands."""
        budget = self.reader.spec.thinking_budget
        if budget is None:
            return
        if answer.estimated:
            log.warning("engine %s: usage counts no thinking tokens; the budget is unverified", self._name)
        elif answer.reasoning_tokens > budget * THINKING_SLACK:
            log.warning(
                "engine %s: %d thinking tokens against a budget of %d: the server does not honour it",
                self._name,
                answer.reasoning_tokens,
                budget,
            )

    def _reading_error(self, error: ModelServerError) -> ReadingError:
        """Outages are the server's fault and count against no report; the rest is about this report."""
        outage = isinstance(error, Unavailable | Misconfigured) or (isinstance(error, TimedOut) and not error.alive)
        retryable = not isinstance(error, Refused)
        failing = Failing.AWAY if outage else _FAILING.get(type(error), Failing.SERVER)
        return ReadingError(f"engine {self._name}: {error}", retryable=retryable, outage=outage, failing=failing)

    @property
    def _name(self) -> str:
        return self.reader.spec.name


def _again(parts: Sequence[_Part], ids: Collection[str], *, copy: bool = False) -> list[_Call]:
    """Calls that ask anew about these ids, each in the first part that asks about it."""
    left = set(ids)
    calls = []
    for part in parts:
        if again := part.of(left):
            calls.append(_Call(part, again, copy))
            left -= set(again)
    return calls


def new_rid() -> str:
    """A name for one call at the server; nothing in it comes from the report."""
    return f"countersign-{uuid.uuid4().hex}"
