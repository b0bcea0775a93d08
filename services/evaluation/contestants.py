"""Who takes part in an evaluation: each engine with its reader, and what names its versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from pydantic import Field

from integration.canonical import Record, sha256
from services.engines import RULES, About, EngineSpec, spec_of
from services.reading.catalogue import Library
from services.reading.prompt import PROMPT_VERSION
from services.reading.reader import Reader
from services.reading.rules.reader import RulesReader
from services.workflow.engine_reader import build_reader

RULES_ABOUT = About(licence="Apache-2.0", openness="source code", source="this package")
_NOT_PARAMETERS = {"name", "model", "local", "timeout", "concurrency", "attempts", "api_key_env", "api_key_file", "ca"}


class Versions(Record):
    """Everything that can change an answer, as it is kept beside the scores.

    `code`: digest of the source that asks, checks and grounds (services/reading). `catalogues`: digest of all
    catalogues. `parameters`: of the engine.
    """

    engine: str
    package: str
    code: str
    catalogues: str = ""
    model: str = ""
    prompt: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all of it but the engine's name, and but the catalogues: what they make of one report
        stands in its question, and a change of another exam's asks nothing anew.
        """
        said = self.model_dump(mode="json", exclude={"engine", "catalogues"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Contestant:
    """One engine about to be asked. `workers`: reports asked at once."""

    name: str
    reader: Reader
    versions: Versions
    about: About
    workers: int = 1


def lineup(
    names: Iterable[str],
    engines: Mapping[str, EngineSpec],
    *,
    synthetic: bool,
    library: Library,
    per_call: int = 100,
    votes: int = 1,
    workers: int = 4,
) -> list[Contestant]:
    """The engines of these names, in order. Raises EngineError as services.workflow.engine_reader does.

    `synthetic`: every report is of synthetic origin; without that no engine outside the house is let in.
    """
    rules = RulesReader()
    common = {"package": version("countersign"), "code": code_digest(), "catalogues": catalogues_digest(library)}
    found = []
    for name in dict.fromkeys(names):
        reader = build_reader(name, engines, rules, per_call=per_call, votes=votes, synthetic=synthetic)
        if name == RULES:
            found.append(Contestant(RULES, reader, Versions(engine=RULES, **common), RULES_ABOUT))
        else:
            spec = spec_of(name, engines)
            versions = _model_versions(spec, common, per_call, votes)
            found.append(Contestant(name, reader, versions, spec.about, min(workers, spec.concurrency)))
    return found


def _model_versions(spec: EngineSpec, common: Mapping[str, str], per_call: int, votes: int) -> Versions:
    parameters = spec.model_dump(mode="json", exclude=_NOT_PARAMETERS | {"about"}, exclude_none=True)
    return Versions(
        engine=spec.name,
        model=spec.model,
        prompt=PROMPT_VERSION,
        parameters=parameters | {"candidates_per_call": per_call, "votes": votes},
        **common,
    )


def catalogues_digest(library: Library) -> str:
    """12 hexadecimal digits of the versions of all catalogues."""
    return sha256(*(f"{each.id} {each.version}" for each in library.catalogues.values()))[:12]


@cache
def code_digest() -> str:
    """12 hexadecimal digits of the source of services/reading; catalogues count by the question they make."""
    found = hashlib.sha256()
    for path in _sources(files("services.reading")):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:12]


def _sources(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            found += _sources(entry)
        elif entry.name.endswith(".py"):
            found.append(entry)
    return found
