"""The calls the contract tests make: each is recorded from a real server and can be replayed.

`max_tokens` differs from case to case, so that a recording is found by what was sent and by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integration.canonical import Finding, Priority
from integration.sglang.endpoint import ChatCall, Dialect, Endpoint
from services.reading.answer_schema import answer_schema
from services.reading.prompt import build_prompt
from services.reading.reader import Candidate, Catalogue, Question

CANDIDATES = (
    Candidate(finding=Finding(id="pneumothorax", name="Pneumothorax"), sides=True),
    Candidate(finding=Finding(id="pleural_effusion", name="Pleural effusion"), sides=True),
)
TEXT = "FINDINGS: No pneumothorax. Small left effusion.\nIMPRESSION: Left pleural effusion."
QUESTION = Question(
    text=TEXT,
    catalogue=Catalogue(id="chest", version="1", title="Chest", candidates=CANDIDATES),
    modality="CR",
    site="",
)
SCHEMA = answer_schema(CANDIDATES)
UNKNOWN_TYPE = {"type": "object", "properties": {"a": {"type": "nonsense"}}}
BUDGET = 3


@dataclass(frozen=True)
class Case:
    """One call. `budget`: thinking tokens asked for. `after`: cases that must have been called before."""

    name: str
    max_tokens: int
    schema: dict[str, Any]
    text: str = TEXT
    salt: str = ""
    budget: int | None = None
    after: tuple[str, ...] = ()
    priority: Priority = Priority.ROUTINE

    def call(self) -> ChatCall:
        """The call, with a fixed key in its delimiters."""
        question = QUESTION.model_copy(update={"text": self.text})
        prompt = build_prompt(question, CANDIDATES, new_key=lambda: "0123456789abcdef")
        return ChatCall(
            shared=prompt.shared,
            own=prompt.own,
            schema_=self.schema,
            max_tokens=self.max_tokens,
            rid=f"case-{self.name}",
            cache_salt=self.salt,
            priority=self.priority,
        )

    def endpoint(self, url: str, **more: Any) -> Endpoint:
        """The tiny server, spoken to as R1 is."""
        said: dict[str, Any] = {"thinking_budget": self.budget, "temperature": 0.6, "top_p": 0.95}
        return Endpoint(url=url, model="tiny", dialect=Dialect.SGLANG, **said | more)


ANSWER = Case("answer", 3001, SCHEMA)
CUT_IN_THINKING = Case("cut_in_thinking", 1, SCHEMA)
"""One token: it is thought, whichever a random model picks."""
CUT_IN_ANSWER = Case("cut_in_answer", 60, SCHEMA, budget=BUDGET)
BUDGET_KEPT = Case("budget_kept", 3002, SCHEMA, budget=BUDGET)
BAD_SCHEMA = Case("bad_schema", 3003, UNKNOWN_TYPE)
TOO_LONG = Case("too_long", 3004, SCHEMA, text="No pneumothorax is seen. " * 4000)
CACHE_FIRST = Case("cache_first", 3005, SCHEMA, salt="site-a")
CACHE_SAME_SITE = Case("cache_same_site", 3006, SCHEMA, salt="site-a", after=("cache_first",))
CACHE_OTHER_SITE = Case("cache_other_site", 3007, SCHEMA, salt="site-b", after=("cache_same_site",))
QUEUE_FULL = Case("queue_full", 30, SCHEMA)

CASES = (
    ANSWER,
    CUT_IN_THINKING,
    CUT_IN_ANSWER,
    BUDGET_KEPT,
    BAD_SCHEMA,
    TOO_LONG,
    CACHE_FIRST,
    CACHE_SAME_SITE,
    CACHE_OTHER_SITE,
)
"""In the order they are recorded; QUEUE_FULL needs a crowd and is recorded apart."""
