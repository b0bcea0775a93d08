"""Every engine asked about every report, each answer kept as it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.evaluation.answer_cache import Kept, key
from services.evaluation.answers import Answered, Asked, ask, question_for
from services.evaluation.contestants import Contestant
from services.evaluation.dataset import Labelled
from services.reading.catalogue import Library
from services.reading.reader import Failing

GIVE_UP = 5
"""Outages in a row after which an engine is not asked any more; a later run asks again."""

Progress = Callable[[str], None]


def run(
    items: Sequence[Labelled],
    contestants: Sequence[Contestant],
    library: Library,
    kept: Kept,
    progress: Progress = lambda engine: None,
    repeat: int = 0,
) -> dict[str, list[Answered]]:
    """Each engine's answers in the order of the reports. `progress` is called with its name once an answer.

    `repeat`: how often they were asked before; a time of asking has answers of its own.
    """
    return {each.name: _Round(each, library, kept, progress, repeat).answers(items) for each in contestants}


@dataclass
class _Round:
    """One engine's turn."""

    contestant: Contestant
    library: Library
    kept: Kept
    progress: Progress
    repeat: int
    outages: int = field(default=0)

    def answers(self, items: Sequence[Labelled]) -> list[Answered]:
        if self.contestant.workers == 1:
            return [self._answer(item) for item in items]
        pool = ThreadPoolExecutor(self.contestant.workers)
        try:
            return list(pool.map(self._answer, items))
        finally:
            pool.shutdown(cancel_futures=True)

    def _answer(self, item: Labelled) -> Answered:
        to = question_for(item, self.library)
        name = key(self.contestant.versions, to.question, self.repeat)
        answer = self.kept.get(name)
        if answer is None:
            answer = self._asked(item, to)
            # An outage says nothing about the report: it is asked again by the next run.
            if answer.failure is not Failing.AWAY:
                self.kept.put(name, answer)
        self.progress(self.contestant.name)
        return answer

    def _asked(self, item: Labelled, to: Asked) -> Answered:
        if self.outages >= GIVE_UP:
            return Answered(failure=Failing.AWAY, reason=f"not asked after {GIVE_UP} outages in a row", at=_now())
        answer = ask(item, to, self.contestant.reader)
        self.outages = self.outages + 1 if answer.failure is Failing.AWAY else 0
        return answer


def _now() -> datetime:
    return datetime.now(UTC)
