"""The reader an engine name means, and the guard: whose text which engine may be given."""

from __future__ import annotations

import os
from collections.abc import Mapping

from integration.sglang.client import ModelClient
from services.engines import RULES, EngineError, EngineSpec, spec_of
from services.pipeline.model_reader import ModelReader, ReadingRules
from services.reading.reader import Reader


class EngineRefused(EngineError):
    """The engine exists and may not be given this text."""


def build_reader(
    name: str,
    engines: Mapping[str, EngineSpec],
    held_to: ReadingRules,
    *,
    synthetic: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Reader:
    """The reader of that name; `rules` is the rules engine of `held_to`.

    `synthetic`: the caller evaluates, and every text it will ask about is of synthetic origin.
    Raises EngineError for a name that is not known or a key that cannot be read, EngineRefused for an engine
    outside the house and text that may be a patient's.
    """
    if name == RULES:
        return held_to.rules
    spec = spec_of(name, engines)
    check_allowed(spec, synthetic=synthetic)
    return ModelReader(spec, ModelClient(spec.endpoint(environ)), held_to)


def check_allowed(spec: EngineSpec, *, synthetic: bool) -> None:
    """A server outside the house never sees a patient's text. Raises EngineRefused, which says why."""
    if not spec.local and not synthetic:
        raise EngineRefused(
            f"engine {spec.name!r} at {spec.url.host} is marked `local: false`: patients' reports may not leave "
            "the house. It may be used only by `evaluate`, on a data set with `origin: synthetic`. If the server "
            "stands in the house, under the protection the reports have, say `local: true` in engines.yaml."
        )
