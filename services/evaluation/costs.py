"""What readings cost: tokens, time, money, and how much there is to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from integration.canonical import Record
from services.engines import About, Price
from services.evaluation.answers import Answered
from services.reading.reader import Usage

MILLION = 1_000_000
PERCENTILES = (50, 90, 95, 99)


class Tokens(Record):
    """Means a report, in tokens as the server counts them; `cached` is part of `input`.

    `estimated`: the server of some answer did not say how many were reasoning, and the share is by characters.
    """

    input: float
    cached: float
    reasoning: float
    answer: float
    estimated: bool = False


class Verbosity(Record):
    """What a reviewer would read (`visible`) and what the model thought: words a report.

    `ratio`: tokens of reasoning for each token of answer; None without an answer's tokens.
    """

    visible: float
    visible_p95: float
    reasoning: float
    ratio: float | None


class Costs(Record):
    """Over all reports asked, failed ones included. `latency`: seconds of a whole reading at each percentile, as
    measured with `workers` reports asked at once. `per_1000`: money for 1,000 reports; None without a price.
    `failures`: reports without an answer, by kind.
    """

    asked: int
    calls: float
    tokens: Tokens
    latency: dict[int, float]
    workers: int
    per_1000: float | None
    currency: str
    verbosity: Verbosity
    failures: dict[str, int]


def costs(answers: Sequence[Answered], about: About, workers: int) -> Costs:
    """The costs of an engine's answers."""
    read = [answer for answer in answers if answer.usage.calls or not answer.failure]
    usages = [answer.usage for answer in read] or [Usage()]
    seconds = np.percentile([usage.seconds for usage in usages], PERCENTILES)
    return Costs(
        asked=len(read),
        calls=_mean([usage.calls for usage in usages]),
        tokens=_tokens(usages),
        latency={percentile: float(value) for percentile, value in zip(PERCENTILES, seconds, strict=True)},
        workers=workers,
        per_1000=_per_1000(usages, about),
        currency=paid.currency if (paid := about.price or about.node) else "",
        verbosity=_verbosity(read),
        failures=dict(sorted(Counter(str(answer.failure) for answer in answers if answer.failure).items())),
    )


def _per_1000(usages: Sequence[Usage], about: About) -> float | None:
    """By tokens, or the share of a node's hour that a report takes."""
    if about.node:
        return 1000 * about.node.price / about.node.reports_an_hour
    price = about.price
    return 1000 * _mean([money(usage, price) for usage in usages]) if price else None


def money(usage: Usage, price: Price) -> float:
    """What one reading costs, in the price's currency."""
    cached = price.input if price.cached is None else price.cached
    fresh = usage.input_tokens - usage.cached_tokens
    output = usage.reasoning_tokens + usage.answer_tokens
    return (fresh * price.input + usage.cached_tokens * cached + output * price.output) / MILLION


def _tokens(usages: Sequence[Usage]) -> Tokens:
    return Tokens(
        input=_mean([usage.input_tokens for usage in usages]),
        cached=_mean([usage.cached_tokens for usage in usages]),
        reasoning=_mean([usage.reasoning_tokens for usage in usages]),
        answer=_mean([usage.answer_tokens for usage in usages]),
        estimated=any(usage.estimated for usage in usages),
    )


def _verbosity(answers: Sequence[Answered]) -> Verbosity:
    visible = [answer.visible_words for answer in answers if not answer.failure] or [0]
    thought = sum(answer.usage.reasoning_tokens for answer in answers)
    answered = sum(answer.usage.answer_tokens for answer in answers)
    return Verbosity(
        visible=_mean(visible),
        visible_p95=float(np.percentile(visible, 95)),
        reasoning=_mean([answer.reasoning_words for answer in answers if not answer.failure] or [0]),
        ratio=thought / answered if answered else None,
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
