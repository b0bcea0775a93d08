"""What `countersign catalogue check` looks at in the word lists of the rules (`services/reading/lexicon`)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from services.reading.concepts import Concept, concepts
from services.reading.lexicon import lexicon, names, text_of
from services.reading.rules.anatomy import ANATOMY
from services.reading.rules.modifiers import Kind
from services.reading.rules.targets import wording
from services.reading.rules.tokens import words_of
from services.reading.rules.words import SIDES

_KEY = re.compile(r'^"?([^\s"#][^":]*)"?:', re.MULTILINE)
# Lists in which a word stands for one thing only.
_SINGLE = ("forms", "abbreviations", "shades")


def lexicon_faults() -> Iterator[str]:
    """Every fault of the word lists, a line each that names file and entry."""
    for name in names():
        yield from repeated_keys(name, text_of(name))
    for name in _SINGLE:
        yield from shared_words(name, lexicon(name))
    yield from told_twice(lexicon("forms"), lexicon("compounds"))
    yield from modifier_faults(lexicon("modifiers"))
    yield from concept_faults(concepts())
    for name in ("places", "parts"):
        yield from side_faults(lexicon(name), name)


def concept_faults(known: Iterable[Concept]) -> Iterator[str]:
    """Names of concepts that say nothing, are said twice, or remove what is no organ."""
    for concept in known:
        own = concept.names[0]
        for phrase in (*concept.names, *concept.kinds):
            if wording(phrase) is None:
                yield f"lexicon/concepts.yaml: {own}: {phrase!r} names nothing"
        for phrase in sorted(set(concept.names) & set(concept.kinds)):
            yield f"lexicon/concepts.yaml: {own}: {phrase!r} is a name and a kind"
        for organ in concept.removed:
            if any(ANATOMY.isdisjoint(word.canon) for word in words_of(organ)):
                yield f"lexicon/concepts.yaml: {own}: {organ!r} is no organ (places.yaml, parts.yaml)"


def side_faults(lists: Mapping[str, tuple[str, ...]], name: str) -> Iterator[str]:
    """Words that say a side, among places: every "left" would be a place."""
    for words in lists.values():
        for word in words:
            if any(part in SIDES.values() for token in words_of(word) for part in token.canon):
                yield f"lexicon/{name}.yaml: {word!r} says a side"


def repeated_keys(name: str, text: str) -> Iterator[str]:
    """Keys written twice, of which a YAML reader keeps the last."""
    for key, times in Counter(_KEY.findall(text)).items():
        if times > 1:
            yield f"lexicon/{name}.yaml: {key!r} is written {times} times; join its lists"


def shared_words(name: str, lists: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Words that stand in two lists, or are the key of one and a word of another."""
    owners: dict[str, set[str]] = defaultdict(set)
    for key, words in lists.items():
        for word in words:
            owners[word].add(key)
    for word, keys in owners.items():
        if word in lists:
            keys = keys | {word}
        if len(keys) > 1:
            yield f"lexicon/{name}.yaml: {word!r} stands for {' and '.join(sorted(keys))}"


def told_twice(forms: Mapping[str, tuple[str, ...]], compounds: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Words that are one word in forms.yaml and several in compounds.yaml."""
    written = {word for words in forms.values() for word in words}
    for word in sorted(written & compounds.keys()):
        yield f"lexicon/compounds.yaml: {word!r} is a form in forms.yaml too; keep one of them"


def modifier_faults(lists: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Kinds and directions nobody knows, and phrases that do two things in one direction."""
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for head, phrases in lists.items():
        kind, _, direction = head.partition(" ")
        if kind not in [each.value for each in Kind] or direction not in ("forward", "back"):
            yield f"lexicon/modifiers.yaml: {head!r} is no kind and direction"
        for phrase in phrases:
            owners[phrase, direction].append(kind)
    for (phrase, direction), kinds in owners.items():
        if len(kinds) > 1:
            yield f"lexicon/modifiers.yaml: {phrase!r} ({direction}) is {' and '.join(kinds)}"
