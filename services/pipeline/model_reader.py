"""A language model as a Reader: prompt, call, answer, grounding and votes joined.

The model proposes; what it says counts only as far as its quotes stand in the report.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Protocol

from integration.canonical import Advisory, Engine, Verdict
from integration.sglang.chat_answer import ChatAnswer
from integration.sglang.endpoint import ChatCall, Dialect
from integration.sglang.failures import (
    Misconfigured,
    ModelServerError,
    Refused,
    TimedOut,
    Truncated,
    Unavailable,
)
from services.engines import EngineSpec
from services.reading.answer import Answer, AnswerError, RemarkDraft, answer_schema, parse_answer
from services.reading.grounded_answer import Ground
from services.reading.injection import flag
from services.reading.prompt import (
    COPY_REMINDER,
    PROMPT_VERSION,
    build_prompt,
    split_candidates,
)
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

    def __init__(self, spec: EngineSpec, model: Model, rules: Reader, *, per_call: int = 18, votes: int = 1) -> None:
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


@dataclass
class _Run:
    """One reading under way: what was asked so far, and what it cost."""

    reader: ModelReader
    question: Question
    usage: Usage = field(default_factory=Usage)
    reasoning: list[str] = field(default_factory=list)
    advisories: list[Advisory] = field(default_factory=list)

    def decide(self) -> tuple[Verdict, ...]:
        """All candidates once; those without a passage once more; those in doubt by votes."""
        candidates = self.question.catalogue.candidates
        verdicts = self._ask(candidates)
        lost = [one for one in candidates if verdicts[one.finding.id].unsupported]
        verdicts |= self._ask(lost, reminder=COPY_REMINDER)
        verdicts |= self._vote(verdicts)
        return tuple(verdicts[one.finding.id] for one in candidates)

    def _vote(self, verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
        if self.reader.votes == 1:
            return {}
        rules = {one.finding.id: one for one in self.reader.rules.read(self.question).verdicts}
        candidates = self.question.catalogue.candidates
        doubtful = [one for one in candidates if needs_votes(verdicts[one.finding.id], rules.get(one.finding.id))]
        casts = [verdicts, *(self._ask(doubtful) for _ in range(self.reader.votes - 1))]
        return {one.finding.id: tally([cast[one.finding.id] for cast in casts]) for one in doubtful}

    def _ask(self, candidates: Sequence[Candidate], reminder: str = "") -> dict[str, Verdict]:
        """Verdicts by finding id; as many calls as the candidates need."""
        verdicts: dict[str, Verdict] = {}
        for part in split_candidates(candidates, self.reader.per_call):
            answer = self._answer(part, reminder)
            verdicts |= {
                draft.finding_id: Ground(self.question).verdict(draft, candidate)
                for draft, candidate in zip(answer.verdicts, part, strict=True)
            }
            self._note(answer.remarks)
        return verdicts

    def _note(self, remarks: Sequence[RemarkDraft]) -> None:
        """Each remark once: every part of the candidates sees the whole report."""
        known = {(one.kind, one.quotes) for one in self.advisories}
        for advisory in filter(None, map(Ground(self.question).advisory, remarks)):
            if (advisory.kind, advisory.quotes) not in known:
                known.add((advisory.kind, advisory.quotes))
                self.advisories.append(advisory)

    def _answer(self, part: Sequence[Candidate], reminder: str) -> Answer:
        call = self._call(part, reminder)
        try:
            return parse_answer(self._completion(call).content, part)
        except AnswerError as error:
            why = f"engine {self._name}: unusable answer: {error}"
            raise ReadingError(why, retryable=True, failing=Failing.PARSE) from None
        except ModelServerError as error:
            raise self._reading_error(error) from None

    def _call(self, part: Sequence[Candidate], reminder: str) -> ChatCall:
        prompt = build_prompt(self.question, part, reminder=reminder)
        grammar = self.reader.spec.dialect is Dialect.SGLANG
        return ChatCall(
            shared=prompt.shared,
            own=prompt.own,
            schema_=answer_schema(part, grammar=grammar),
            max_tokens=self.reader.spec.max_tokens,
            rid=new_rid(),
            priority=self.question.priority,
            cache_salt=self.question.site,
        )

    def _completion(self, call: ChatCall) -> ChatAnswer:
        """A cut answer is asked for once more with the larger budget; what the cut one cost counts too."""
        try:
            answer = self.reader.model.ask(call)
        except Truncated as cut:
            self._spend(cut)
            answer = self._again(call)
        self._spend(answer)
        self.reasoning.append(answer.reasoning)
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
        self.usage = Usage(
            input_tokens=self.usage.input_tokens + cost.input_tokens,
            cached_tokens=self.usage.cached_tokens + cached,
            reasoning_tokens=self.usage.reasoning_tokens + cost.reasoning_tokens,
            answer_tokens=self.usage.answer_tokens + cost.answer_tokens,
            calls=self.usage.calls + 1,
        )

    def _check_thinking(self, answer: ChatAnswer) -> None:
        """A budget the server ignores costs throughput, not truth: it is told, and the answer stands."""
        budget = self.reader.spec.thinking_budget
        if budget is None:
            return
        if answer.reasoning and not answer.reasoning_tokens:
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


def new_rid() -> str:
    """A name for one call at the server; nothing in it comes from the report."""
    return f"countersign-{uuid.uuid4().hex}"
