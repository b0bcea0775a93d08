"""What a release of prompt, model or catalogue must hold on a frozen set."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from integration.canonical import Record
from services.evaluation.compare import Comparison
from services.evaluation.errors import EvaluationError
from services.evaluation.figures import Figures
from services.evaluation.result import EngineResult

RELEASE = "release"
"""The gate that comes with the package."""


class GateError(EvaluationError):
    """The gate cannot be read; says where and why."""


class Scored(Record):
    """A bound for each score, in [0, 1]; one left out bounds nothing."""

    macro_f1: float | None = Field(None, ge=0, le=1)
    micro_f1: float | None = Field(None, ge=0, le=1)
    accuracy: float | None = Field(None, ge=0, le=1)


class Counted(Record):
    """A bound for each kind of mistake; one left out bounds nothing. `failed`: labels of reports without an answer."""

    polarity_flips: float | None = Field(None, ge=0)
    invented: float | None = Field(None, ge=0)
    missed: float | None = Field(None, ge=0)
    unsupported: float | None = Field(None, ge=0)
    failed: float | None = Field(None, ge=0)


class Gate(Record):
    """Bounds. `engine`: the one they are for; every one if left out.

    `at_least`: scores. `at_most`: mistakes in 1,000 labels. Against a result before, on the labels both have:
    `may_lose`: by how much a score may fall; `may_gain`: how many mistakes more there may be.
    """

    engine: str = ""
    at_least: Scored = Scored()
    at_most: Counted = Counted()
    may_lose: Scored = Scored()
    may_gain: Counted = Counted()


def read_gate(name: str) -> Gate:
    """The gate of a file, or the one that comes with the package. Raises GateError."""
    built_in = files("services.evaluation").joinpath("gates", f"{RELEASE}.yaml")
    try:
        text = built_in.read_text("utf-8") if name == RELEASE else Path(name).read_text("utf-8")
        return Gate.model_validate(yaml.safe_load(text) or {})
    except OSError as error:
        raise GateError(f"{name}: {error.strerror}; `{RELEASE}` comes along") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise GateError(f"{name}: not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise GateError(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def breaches(gate: Gate, engine: EngineResult) -> list[str]:
    """What an engine does not hold; nothing for an engine the gate is not for."""
    if gate.engine not in ("", engine.name):
        return []
    found = [f"{engine.name}: {each}" for each in _absolute(gate, engine.figures)]
    return found if engine.complete else [*found, f"{engine.name}: some reports were not asked"]


def breaches_against(gate: Gate, comparison: Comparison) -> list[str]:
    """What the later of two results does not hold, in itself and against the earlier one."""
    if gate.engine not in ("", comparison.after):
        return []
    later, earlier = comparison.figures_after, comparison.figures_before
    found = [*_absolute(gate, later), *_relative(gate, earlier, later)]
    if not comparison.complete:
        found.append("some reports were not asked")
    return [f"{comparison.after}: {each}" for each in found]


def _absolute(gate: Gate, figures: Figures) -> Iterator[str]:
    for name, least in gate.at_least.model_dump(exclude_none=True).items():
        value = getattr(figures, name).value
        if value < least:
            yield f"{name} is {value:.3f}, at least {least:g} is wanted"
    for name, most in gate.at_most.model_dump(exclude_none=True).items():
        count = getattr(figures, name)
        if count * 1000 > most * figures.labels:
            rate = 1000 * count / figures.labels
            yield f"{name}: {count} of {figures.labels} labels, {rate:.1f} in 1,000; at most {most:g} are allowed"


def _relative(gate: Gate, earlier: Figures, later: Figures) -> Iterator[str]:
    for name, most in gate.may_lose.model_dump(exclude_none=True).items():
        before, after = getattr(earlier, name).value, getattr(later, name).value
        if before - after > most:
            yield f"{name} fell from {before:.3f} to {after:.3f}; {most:g} is allowed"
    for name, most in gate.may_gain.model_dump(exclude_none=True).items():
        before, after = getattr(earlier, name), getattr(later, name)
        if after - before > most:
            yield f"{name} rose from {before} to {after}; {most:g} more are allowed"
