"""Readers by engine name: the rules, or a model of engines.yaml."""

from __future__ import annotations

from functools import cache

from services.pipeline.analysis import Readers
from services.pipeline.context import in_folder
from services.reading.catalogue.library import load
from services.reading.reader import Reader
from services.reading.rules.reader import RulesReader
from services.settings import Settings


def readers(settings: Settings) -> Readers:
    """Everything analysis needs. Raises CatalogueError or EngineError naming file, line and reason."""
    rules = RulesReader()

    @cache
    def reader(name: str) -> Reader:
        if name in ("", "rules"):
            return rules
        raise KeyError(name)

    reader(settings.reading.engine)
    return Readers(load(in_folder(settings, "catalogue")), reader, rules, settings)
