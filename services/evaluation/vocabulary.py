"""Words that radiology reports are made of: what may stand in a de-identified text with a capital letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from services.evaluation.dataset import load as load_dataset
from services.reading.catalogue import load as load_library

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
ENDINGS = ("'s", "’s", "ies", "es", "s", "ed", "d", "ing", "ly", "al", "ally")


def folded(text: str) -> str:
    """Lower case without accents, one character for each: offsets stay those of `text`."""
    return "".join(_folded(letter) for letter in text)


@cache
def _folded(letter: str) -> str:
    base = unicodedata.normalize("NFKD", letter)[:1].lower()[:1]
    return base or letter


def words(texts: Iterable[str]) -> set[str]:
    """Every word of some texts, folded."""
    return {folded(word) for text in texts for word in WORD.findall(text)}


@cache
def vocabulary() -> frozenset[str]:
    """Words of the catalogues, of the development reports, and of the list beside them."""
    library = load_library()
    named = [
        text
        for candidate in library.candidates()
        for text in (candidate.finding.name, candidate.definition, *candidate.synonyms, *candidate.normal_phrases,
                     *candidate.structures)
    ]  # fmt: skip
    reports = [item.text for item in load_dataset("dev")]
    listed = files("services.evaluation").joinpath("data", "words.txt").read_text("utf-8")
    return frozenset(words([*named, *reports, listed]))


def is_known(word: str, known: frozenset[str]) -> bool:
    """Whether a word, or what it is without an ending, is in the vocabulary."""
    plain = folded(word)
    if plain in known:
        return True
    stems = (plain.removesuffix(ending) for ending in ENDINGS if plain.endswith(ending))
    return any(len(stem) > 2 and (stem in known or f"{stem}e" in known or f"{stem}y" in known) for stem in stems)
