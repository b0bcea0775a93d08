"""When to ask a model again, and what several answers come to.

One run by default. Several only where the two readers disagree, the status is uncertain, or the finding is critical
and either speaks of it (docs/reading.md). Confidence is the share of the votes, never the model's own word for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from integration.canonical import Status, Verdict

T = TypeVar("T")
_POLAR = frozenset({Status.PRESENT, Status.ABSENT})
_OMITTED = frozenset({Status.PRESENT, Status.NOT_MENTIONED})


def needs_votes(verdict: Verdict, rules: Verdict | None) -> bool:
    """Whether one more look is worth its cost; `rules` is the rules engine's verdict, None if it has none."""
    if verdict.status is Status.UNCERTAIN or verdict.unsupported:
        return True
    spoken_of = {verdict.status, rules.status if rules else verdict.status} != {Status.NOT_MENTIONED}
    return (verdict.finding.critical and spoken_of) or (rules is not None and disagrees(verdict, rules))


def disagrees(verdict: Verdict, rules: Verdict) -> bool:
    """Present against absent, or against silence: what one reader asserts and the other leaves out."""
    return {verdict.status, rules.status} in (_POLAR, _OMITTED)


def tally(votes: Sequence[Verdict]) -> Verdict:
    """One verdict of several about the same finding, in the order cast; at least one vote.

    The status with most votes wins, the earliest cast among equals. Everything else comes from
    the first vote for that status whose quotes stand in the report, with the side most of them name if it can.
    """
    status = _most(vote.status for vote in votes)
    winners = [vote for vote in votes if vote.status is status]
    side = _most(vote.side for vote in winners)
    spokesman = min(winners, key=lambda vote: (vote.unsupported, vote.side != side))
    share = len(winners) / len(votes) if len(votes) > 1 else None
    return spokesman.model_copy(update={"confidence": share})


def _most(values: Iterable[T]) -> T:
    """The commonest value, the first seen among equals."""
    return Counter(values).most_common(1)[0][0]
