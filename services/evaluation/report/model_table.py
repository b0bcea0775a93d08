"""Models side by side: what is published of each, cited, and what was measured here."""

from __future__ import annotations

from collections.abc import Mapping

from services.evaluation.model_cards import ModelCard, model_cards
from services.evaluation.quest_file import Quest
from services.evaluation.report.tables import NOTHING, Table, estimate, money, seconds, tokens
from services.evaluation.result import EngineResult, Result


def models(result: Result, quest: Mapping[str, Quest] | None = None) -> Table:
    """Models side by side: what is published of each, cited, and what was measured here. One without an engine has
    citations only, an engine without a card its measurements only.
    """
    cards = model_cards()
    of_card = {each.about.card: each for each in reversed(result.engines)}
    rows = [(*_cited(card), *_measured(of_card.get(card.id), quest)) for card in cards.values()]
    others = [each for each in result.engines if each is not of_card.get(each.about.card) or not each.about.card]
    rows += [(*_uncited(each, cards), *_measured(each, quest)) for each in others]
    sources = "; ".join(f"{card.name}: {card.mmlu_source} ({_bare(card.url)})" for card in cards.values())
    return Table("Models side by side", MODELS, tuple(rows), f"{MODELS_NOTE} MMLU: {sources}.", key="models")


def _bare(url: str) -> str:
    """A page that fetches nothing names no address that a browser would follow."""
    return url.removeprefix("https://")


MODELS = (
    "Model", "Released", "Parameters", "Modality", "Training", "Context", "Licence", "Runs locally", "MMLU (published)",
    "Measured here as", "Accuracy (95 % CI)", "Macro-F1 (95 % CI)", "Flips", "Tokens in / thinking / answer",
    "Visible words", "Median (s)", "1,000 reports", "QUEST (n)",
)  # fmt: skip
MODELS_NOTE = (
    "To the left what others publish; from “Measured here as” on what was measured on these reports, or nothing."
)


def _cited(card: ModelCard) -> tuple[str, ...]:
    local = "yes" if card.runs_locally else "no"
    facts = (card.parameters, card.modality, card.training, card.context, card.licence, local)
    return (card.name, card.released.strftime("%-d %b %Y"), *facts, f"{card.mmlu:g}")


def _uncited(engine: EngineResult, cards: Mapping[str, ModelCard]) -> tuple[str, ...]:
    """A second engine of the same card, with another budget say, or one without."""
    card = cards.get(engine.about.card)
    if card:
        return _cited(card)
    context = f"{engine.about.context_window:,}" if engine.about.context_window else NOTHING
    name = engine.versions.model or engine.name
    return (name, *(NOTHING,) * 4, context, engine.about.licence or NOTHING, NOTHING, NOTHING)


def _measured(engine: EngineResult | None, quest: Mapping[str, Quest] | None) -> tuple[str, ...]:
    if engine is None:
        return (NOTHING,) * 9
    figures, own = engine.figures, engine.costs
    _, _, thought, answered = tokens(engine)
    rated = (quest or {}).get(engine.name)
    return (
        engine.name, estimate(figures.accuracy), estimate(figures.macro_f1), str(figures.polarity_flips),
        f"{own.tokens.input:,.0f} / {thought} / {answered}", f"{own.verbosity.visible:.0f}",
        seconds(own.latency[50]), money(engine), f"{rated.mean:.2f} ({rated.ratings})" if rated else NOTHING,
    )  # fmt: skip
