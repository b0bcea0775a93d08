"""What a finding is called: the other names, kinds and denials of a candidate that no catalogue defines."""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import NamedTuple

import yaml

from services.reading.lexicon import text_of
from services.reading.rules.anatomy import ANATOMY, telling
from services.reading.rules.targets import REMOVED
from services.reading.rules.tokens import Token, words_of

_LISTS = ("names", "kinds", "normal", "removed")
# Alternatives of one name that are tried.
_MOST = 150
# Ways to say what stands around it.
_FEW = 8
_Key = tuple[tuple[str, ...], ...]


class Concept(NamedTuple):
    """A thing by its names. `kinds` assert it and deny nothing; `normal` denies it; `removed`: the organ it removes."""

    names: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Called(NamedTuple):
    """A name said otherwise: the whole name with another name or kind of its thing, and what denies that thing."""

    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()


def called(name: str) -> Called:
    """How else a name may be said: "Left THR" is "left total hip replacement". Empty where nothing is known of it."""
    return _called(words_of(name))


def _called(words: list[Token]) -> Called:
    start, end, meant = _longest(words)
    if not meant:
        return Called()
    around = _around(words[:start], words[end:])
    # What denies the thing in general says nothing of one place of it.
    placed = any(telling(ANATOMY.intersection(word.canon)) for word in (*words[:start], *words[end:]))
    said = _joined([_with(concept, around) for concept in meant])
    return said._replace(normal=()) if placed else said


class _Around(NamedTuple):
    """What stands before and after a thing in its name, as written and otherwise, and with a part for its whole."""

    names: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]
    normal: tuple[str, ...]


def _around(first: list[Token], last: list[Token]) -> _Around:
    before, after = (" ".join(word.text for word in words) for words in (first, last))
    other, further = _called(first), _called(last)
    names = ((before, after), *((each, after) for each in other.names), *((before, each) for each in further.names))
    kinds = (*((each, after) for each in other.kinds), *((before, each) for each in further.kinds))
    return _Around(names[:_FEW], kinds[:_FEW], (*other.normal, *further.normal))


def _with(concept: Concept, around: _Around) -> Called:
    """The concept between the other words of a name."""
    names = [f"{first} {name} {last}".strip() for first, last in around.names for name in concept.names]
    kinds = [f"{first} {kind} {last}".strip() for first, last in around.names[:1] for kind in concept.kinds]
    kinds += [f"{first} {name} {last}".strip() for first, last in around.kinds for name in concept.names]
    names += [f"{REMOVED} {around.names[0][0]} {organ}" for organ in concept.removed]
    return Called(tuple(names), tuple(kinds), (*concept.normal, *around.normal))


def _joined(said: list[Called]) -> Called:
    """All of them, each phrase once."""
    lists = (dict.fromkeys(chain.from_iterable(each[at] for each in said)) for at in range(len(Called._fields)))
    return Called(*(tuple(phrases)[:_MOST] for phrases in lists))


def _longest(words: list[Token]) -> tuple[int, int, tuple[Concept, ...]]:
    """The longest known thing among the words: (first word, word after, what it may be); nothing where none is."""
    keys = tuple(word.canon for word in words)
    known = _index()
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            if meant := known.get(keys[start : start + length]):
                return start, start + length, meant
    return 0, 0, ()


@cache
def _index() -> dict[_Key, tuple[Concept, ...]]:
    """The words of each name → the concepts it may be."""
    index: dict[_Key, tuple[Concept, ...]] = {}
    for concept in concepts():
        for key in dict.fromkeys(map(_key, concept.names)):
            index[key] = (*index.get(key, ()), concept)
    return index


def _key(name: str) -> _Key:
    return tuple(word.canon for word in words_of(name))


@cache
def concepts() -> tuple[Concept, ...]:
    """Every concept of lexicon/concepts.yaml. Raises ValueError for an entry of another form."""
    content = yaml.safe_load(text_of("concepts"))
    return tuple(_concept(str(name), entry) for name, entry in content.items())


def _concept(name: str, entry: object) -> Concept:
    lists = {"names": entry} if isinstance(entry, str) else entry
    if not isinstance(lists, dict) or not set(lists) <= set(_LISTS):
        raise ValueError(f"concepts.yaml: {name}: expected other names, or a mapping with some of {', '.join(_LISTS)}")
    split = {key: tuple(" ".join(each.split()) for each in str(text).split(",")) for key, text in lists.items()}
    own = (name, *split.pop("names", ()))
    return Concept(tuple(dict.fromkeys(own)), **split)
