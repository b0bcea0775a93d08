"""Readers by engine name: the rules, or a model of engines.yaml."""

from __future__ import annotations

from functools import cache

from services.engines import load_engines
from services.reading.catalogue.library import load
from services.reading.reader import Reader
from services.reading.rules.reader import RulesReader
from services.settings import Settings
from services.workflow.analysis import Readers
from services.workflow.context import in_folder
from services.workflow.engine_reader import build_reader


def readers(settings: Settings, rules: Reader | None = None) -> Readers:
    """Everything analysis needs; `rules`: who reads by the rules, where not this process does.

    Raises CatalogueError or EngineError naming file, line and reason.
    """
    rules = rules or RulesReader(settings.reading.grade_threshold)
    engines = load_engines(settings.config_dir)
    reading = settings.reading

    @cache
    def reader(name: str) -> Reader:
        return build_reader(name, engines, rules, per_call=reading.candidates_per_call, votes=reading.votes)

    for name in (reading.engine, reading.shadow):
        reader(name)
    return Readers(load(in_folder(settings, "catalogue")), reader, rules, settings)
