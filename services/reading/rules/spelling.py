"""Typing errors in finding names: bounded edit distance, never across a denial or an opposite prefix."""

from __future__ import annotations

from functools import lru_cache

from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.compounds import COMPOUNDS
from services.reading.rules.modifiers import known_words
from services.reading.rules.tokens import Token, canonical
from services.reading.rules.words import FORMS
from services.reading.rules.wordset import wordset

_SHORTEST = 5
# No name of a finding is longer; what is, is no word.
_LONGEST = 40
_SURE = 6
_TWO_EDITS_FROM = 9
# Words that differ in these first letters mean opposites, however close they are spelt.
_PREFIXES = ("hyper", "hypo", "ab", "non", "un", "intra", "extra", "inter", "ante", "retro", "macro", "micro")
# Good English within reach of a finding's name.
_PROTECTED = wordset(
    """effective infusion diffusion transfusion perfusion suffusion section session tension mention collected
    portable interior marginal maximal minimal multiple contrast extended extending contained located rotated
    enlarging fractional relation reaction rotation notable possible passable obtained retained
    injection injected confusion charge angular avascular bloody caudal clonic collecting completed contracted
    course existing hearing heading humoral inflated intradural inverted leading lobulated loculated marked
    measured median mental neutral palate prevent produces recorded relate relayed remained restriction retracting
    reverse reversed rising sample scattered secretary shattered simply spaced spaces stands streak structured
    supine thinner thoracotomy thorough though traced laminar organised compromised denser injecting injections
    spiral rejection ejection detection traction fraction palpable culture nature mature stature lecture"""
)

_SETTLED = ANATOMY | _PROTECTED | FORMS.keys() | COMPOUNDS.keys()


class Speller:
    """Finds the vocabulary word a misspelt word stands for."""

    def __init__(self, vocabulary: frozenset[str]) -> None:
        self._settled = vocabulary | known_words() | _SETTLED
        self._by_deletion: dict[str, set[str]] = {}
        for word in vocabulary:
            if len(word) >= _SHORTEST:
                for shorter in _deletions(word):
                    self._by_deletion.setdefault(shorter, set()).add(word)
        self.correct = lru_cache(maxsize=4096)(self._correct)

    def all_spelled(self, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        """The tokens, each with the canonical words of what it stands for."""
        settled = self._settled
        for token in tokens:
            if len(token.text) >= _SHORTEST and token.text not in settled:
                return tuple([each if each.text in settled else self.spelled(each) for each in tokens])
        return tokens

    def spelled(self, token: Token) -> Token:
        """The token, with the canonical words of what it stands for."""
        word = token.text
        if not _SHORTEST <= len(word) <= _LONGEST or word in self._settled or not word.isalpha():
            return token
        right = self.correct(word)
        return token._replace(canon=canonical(right)) if right else token

    def _correct(self, word: str) -> str:
        near = {found for shorter in _deletions(word) for found in self._by_deletion.get(shorter, ())}
        scored = sorted((distance(word, found), found) for found in near if _may_be(word, found))
        if not scored or scored[0][0] > _allowed(word):
            return ""
        tied = {canonical(found) for edits, found in scored if edits == scored[0][0]}
        return scored[0][1] if len(tied) == 1 else ""


def _allowed(word: str) -> int:
    return 2 if len(word) >= _TWO_EDITS_FROM else 1


def _is_swap(word: str, found: str) -> bool:
    """Short words are corrected only where two letters changed places."""
    return sorted(word) == sorted(found)


def _may_be(word: str, found: str) -> bool:
    if canonical(word) == canonical(found) or (sorted(word[:2]) != sorted(found[:2]) and word[0] != found[0]):
        return False
    if len(word) < _SURE and not _is_swap(word, found):
        return False
    return _prefix(word) == _prefix(found)


def _prefix(word: str) -> str:
    return next((prefix for prefix in _PREFIXES if word.startswith(prefix)), "")


def _deletions(word: str) -> set[str]:
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}


def distance(first: str, second: str) -> int:
    """Optimal string alignment distance: insertions, deletions, substitutions, neighbours swapped."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, start=1):
        older, before, row = before, row, [i]
        for j, right in enumerate(second, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == second[j - 2] and first[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
