"""Lists of words and phrases as they are written in code."""

from __future__ import annotations


def listed(words: str) -> tuple[str, ...]:
    """Words separated by blanks."""
    return tuple(words.split())


def phrased(phrases: str) -> tuple[str, ...]:
    """Phrases separated by commas, blanks and line ends in them folded."""
    return tuple(" ".join(phrase.split()) for phrase in phrases.split(","))
