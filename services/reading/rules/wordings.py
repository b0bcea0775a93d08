"""What is wrong with a catalogue's wordings once they are compiled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator

from services.reading.reader import Candidate, Catalogue
from services.reading.rules.targets import Pattern, variants, wording
from services.reading.rules.tokens import words_of
from services.reading.rules.words import EMPTY_NOUNS, SIDES, STOP


def bare_heads(candidate: Candidate) -> Iterator[str]:
    """Wordings of several words that compile to their head alone, so that what tells them apart is lost."""
    for phrase in (*candidate.synonyms, *candidate.signs):
        for text in variants(phrase, candidate):
            pattern = wording(text)
            if pattern and not pattern.needs and len(_telling(text)) > 1:
                yield f"{candidate.finding.id}: {text.strip()!r} compiles to {pattern.head!r} alone"


def _telling(text: str) -> set[str]:
    """The words that say something: no side, no preposition, no empty noun."""
    return {
        word.text
        for word in words_of(text)
        if word.text not in STOP and word.text not in SIDES and EMPTY_NOUNS.isdisjoint(word.canon)
    }


def same_patterns(catalogue: Catalogue, shared: Collection[str], related: Callable[[str, str], bool]) -> Iterator[str]:
    """Names of two findings, neither above the other, that compile to one pattern and are not shared on purpose."""
    owners: dict[Pattern, dict[str, str]] = defaultdict(dict)
    for candidate in catalogue.candidates:
        for phrase in candidate.synonyms:
            for text in variants(phrase, candidate):
                if phrase not in shared and (pattern := wording(text)):
                    owners[pattern].setdefault(candidate.finding.id, phrase)
    for names in owners.values():
        first, *others = names
        if len(set(names.values())) > 1 and any(not related(first, other) for other in others):
            said = " and ".join(f"{phrase!r} of {name}" for name, phrase in names.items())
            yield f"{catalogue.id}: {said} compile to one pattern"
