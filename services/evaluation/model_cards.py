"""What others say of models, for a table beside what was measured: model_cards.yaml."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files

import yaml

from integration.canonical import Record


class ModelCard(Record):
    """One model as its maker and others describe it. `mmlu` in percent, by `mmlu_source`."""

    id: str
    name: str
    released: date
    parameters: str
    modality: str
    training: str
    context: str
    licence: str
    runs_locally: bool
    mmlu: float
    mmlu_source: str
    url: str


class _File(Record):
    cards: tuple[ModelCard, ...]


@cache
def model_cards() -> dict[str, ModelCard]:
    """By id, in the order of the file."""
    text = files("services.evaluation").joinpath("model_cards.yaml").read_text("utf-8")
    return {card.id: card for card in _File.model_validate(yaml.safe_load(text)).cards}
