"""The reader an engine name means, and the guard: whose text which engine may be given."""

from __future__ import annotations

import os
from collections.abc import Mapping

from integration.sglang.client import ModelClient
from integration.sglang.endpoint import Endpoint
from services.engines import RULES, EngineError, EngineSpec, spec_of
from services.reading.reader import Reader
from services.telemetry import traces
from services.workflow.model_reader import ModelReader


class EngineRefused(EngineError):
    """The engine exists and may not be given this text."""


def build_reader(
    name: str,
    engines: Mapping[str, EngineSpec],
    rules: Reader,
    *,
    per_call: int = 100,
    votes: int = 1,
    synthetic: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Reader:
    """The reader of that name; `rules` when it is the rules engine's.

    `synthetic`: the caller evaluates, and every text it will ask about is of synthetic origin.
    Raises EngineError for a name that is not known or a key that cannot be read, EngineRefused for an engine
    outside the house and text that may be a patient's.
    """
    if name in ("", RULES):
        return rules
    spec = spec_of(name, engines)
    check_allowed(spec, synthetic=synthetic)
    return _model_reader(spec, spec.endpoint(environ), rules, per_call, votes)


def _model_reader(spec: EngineSpec, endpoint: Endpoint, rules: Reader, per_call: int, votes: int) -> Reader:
    return ModelReader(spec, ModelClient(endpoint, context=traces.headers), rules, per_call=per_call, votes=votes)


def check_allowed(spec: EngineSpec, *, synthetic: bool) -> None:
    """A server outside the house never sees a patient's text. Raises EngineRefused, which says why."""
    if not spec.local and not synthetic:
        raise EngineRefused(
            f"engine {spec.name!r} at {spec.url.host} is marked `local: false`: patients' reports may not leave "
            "the house. It may be used only by `evaluate`, on a data set with `origin: synthetic`. If the server "
            "stands in the house, under the protection the reports have, say `local: true` in engines.yaml."
        )
