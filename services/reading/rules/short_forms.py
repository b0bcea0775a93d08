"""Short forms of two meanings, told apart by the words of their sentence: "ICD" is a drain or a cardiac device."""

from __future__ import annotations

from services.reading.lexicon import lexicon
from services.reading.rules.tokens import Token

_LISTS = lexicon("short_forms")
_MEANINGS = {word: canon for word, canon in _LISTS.items() if " " not in word}
_BESIDE = {word: frozenset(_LISTS[f"{word} beside"]) for word in _MEANINGS}
_UNLESS = {word: frozenset(_LISTS[f"{word} unless"]) for word in _MEANINGS}


def resolved(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens, a short form with its other meaning where the words around it say so; themselves where none does."""
    if _MEANINGS.keys().isdisjoint([token.canon[0] for token in tokens]):
        return tokens
    said = frozenset([token.text for token in tokens])
    return tuple(_resolved(token, said) for token in tokens)


def _resolved(token: Token, said: frozenset[str]) -> Token:
    word = token.canon[0]
    other = word in _MEANINGS and not said.isdisjoint(_BESIDE[word]) and said.isdisjoint(_UNLESS[word])
    return token._replace(canon=_MEANINGS[word]) if other else token
