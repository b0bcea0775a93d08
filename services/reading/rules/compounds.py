"""Words that stand for others: what is typed for short, and one word that says several."""

from __future__ import annotations

from services.reading.lexicon import lexicon

# What is dictated or typed for short, and the word it stands for.
ABBREVIATIONS: dict[str, str] = {short: word for word, shorts in lexicon("abbreviations").items() for short in shorts}
COMPOUNDS: dict[str, tuple[str, ...]] = lexicon("compounds")
