"""What comes in: reports by hour and priority from many senders, and how many tokens each takes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pydantic import Field, ValidationError, model_validator

from integration.canonical import Priority, Record
from services.capacity.node import CapacityError

# Assumed, not measured: reports by hour of a day, most of them from eight to six; sums to 1.
DAY = (
    0.012, 0.010, 0.009, 0.008, 0.009, 0.012, 0.022, 0.045, 0.068, 0.080, 0.085, 0.083,
    0.072, 0.074, 0.080, 0.078, 0.070, 0.056, 0.040, 0.029, 0.020, 0.016, 0.012, 0.010,
)  # fmt: skip
# Assumed, not measured: shares of STAT, urgent and routine.
SHARES = (0.05, 0.15, 0.80)
Hour = tuple[float, float, float]


class Tokens(Record):
    """Tokens of one report over all its calls. `output` counts thinking and answer, `cached` is part of `input`."""

    input: int = Field(ge=0)
    cached: int = Field(0, ge=0)
    output: int = Field(ge=1)

    @property
    def uncached(self) -> int:
        """What the server must compute of the prompt."""
        return max(0, self.input - self.cached)


# The median of ten catalogues with DeepSeek's tokenizer (tests/unit/reading/test_prompt_tokens.py): 1,844 tokens in,
# all but some 160 of them shared, and 597 of answer. The 1,000 of thinking are assumed: nobody ran R1 on our prompt.
TYPICAL = Tokens(input=1844, cached=1684, output=1597)


class Demand(Record):
    """Reports an hour as (STAT, urgent, routine) for each hour of a day, from senders of these relative sizes."""

    hours: tuple[Hour, ...] = Field(min_length=24, max_length=24)
    senders: tuple[float, ...] = (1.0,)

    @model_validator(mode="after")
    def _counts(self) -> Demand:
        if min(map(min, self.hours)) < 0 or not self.senders or min(self.senders) <= 0 or not self.per_day:
            raise ValueError("hours and senders are counts: no negative ones, at least one report and one sender")
        return self

    @property
    def per_day(self) -> float:
        """Reports a day."""
        return sum(map(sum, self.hours))

    @property
    def busiest(self) -> int:
        """The hour with the most reports."""
        return max(range(24), key=lambda hour: sum(self.hours[hour]))

    @property
    def peak(self) -> float:
        """Reports of the busiest hour."""
        return sum(self.hours[self.busiest])


@dataclass(slots=True)
class Arrival:
    """One report: seconds since midnight, urgency, sender, and what it asks of a node."""

    number: int
    at: float
    priority: int
    sender: str
    tokens: Tokens


def even(hour: Hour, senders: int, seed: int) -> Demand:
    """The same hour round the clock."""
    return Demand(hours=(hour,) * 24, senders=sizes(senders, seed))


def of_a_day(per_day: float, shares: Sequence[float], senders: int, seed: int) -> Demand:
    """So many reports a day over the assumed course of a day."""
    stat, urgent, routine = shares
    hours = tuple((per_day * part * stat, per_day * part * urgent, per_day * part * routine) for part in DAY)
    return Demand(hours=hours, senders=sizes(senders, seed))


def sizes(senders: int, seed: int) -> tuple[float, ...]:
    """Some large houses and many small ones (log-normal, sigma 1)."""
    chance = random.Random(seed)  # noqa: S311  # a simulation, no secret
    return tuple(chance.lognormvariate(0, 1) for _ in range(senders))


def spread(mean: Tokens, seed: int, count: int = 2000) -> tuple[Tokens, ...]:
    """Reports around a mean: lengths vary (log-normal, sigma 0.5, assumed), the cached part is the same for all."""
    chance = random.Random(seed)  # noqa: S311
    factors = [chance.lognormvariate(0, 0.5) for _ in range(count)]
    level = fmean(factors)
    return tuple(_scaled(mean, factor / level) for factor in factors)


def _scaled(mean: Tokens, factor: float) -> Tokens:
    uncached, output = round(mean.uncached * factor), max(1, round(mean.output * factor))
    return Tokens(input=mean.cached + uncached, cached=mean.cached, output=output)


def mean_of(samples: Sequence[Tokens]) -> Tokens:
    """The mean report."""
    average = {name: round(fmean(getattr(one, name) for one in samples)) for name in ("input", "cached", "output")}
    return Tokens.model_validate(average)


def context(samples: Sequence[Tokens]) -> float:
    """Tokens of cache that a running request reads on average: its prompt and half of what it will say."""
    mean = mean_of(samples)
    return max(1.0, mean.input + mean.output / 2)


def own(samples: Sequence[Tokens]) -> float:
    """Tokens of cache that a request holds for itself at its end; the shared prefix is held once."""
    mean = mean_of(samples)
    return float(max(1, mean.uncached + mean.output))


def arrivals(demand: Demand, samples: Sequence[Tokens], hours: Sequence[int], seed: int) -> Iterator[Arrival]:
    """Poisson arrivals over the given hours of the day, in order of time."""
    chance = random.Random(seed)  # noqa: S311
    names = [f"site-{at + 1}" for at in range(len(demand.senders))]
    number = 0
    for place, hour in enumerate(hours):
        rate = sum(demand.hours[hour]) / 3600
        at = chance.expovariate(rate) if rate else 3600.0
        while at < 3600:
            number += 1
            priority = chance.choices((Priority.STAT, Priority.URGENT, Priority.ROUTINE), demand.hours[hour])[0]
            sender = chance.choices(names, demand.senders)[0]
            yield Arrival(number, place * 3600 + at, int(priority), sender, chance.choice(samples))
            at += chance.expovariate(rate)


def read_tokens(path: Path) -> tuple[Tokens, ...]:
    """Measured reports, a JSON line each: {"input": …, "cached": …, "output": …}.

    Raises CapacityError naming file and line.
    """
    found: list[Tokens] = []
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if line.strip():
            try:
                found.append(Tokens.model_validate_json(line))
            except ValidationError as error:
                raise CapacityError(f"{path}, line {number}: {words(error)}") from None
    if not found:
        raise CapacityError(f"{path}: no report in it")
    return tuple(found)


def read_demand(path: Path) -> Demand:
    """A measured day: {"hours": 24 × [STAT, urgent, routine], "senders": [sizes]}. Raises CapacityError."""
    try:
        return Demand.model_validate(json.loads(text_of(path)))
    except ValidationError as error:
        raise CapacityError(f"{path}: {words(error)}") from None
    except ValueError as error:
        raise CapacityError(f"{path}: no JSON: {error}") from None


def text_of(path: Path) -> str:
    """A file's text. Raises CapacityError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CapacityError(f"{path}: cannot be read: {error}") from None


def words(error: ValidationError) -> str:
    """The first field that is wrong, and how."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")
