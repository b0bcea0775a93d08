"""A side that opens a passage holds until another is told: "ON THE RIGHT there is ... A small effusion is present"."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.anatomy import CENTRAL, UNPAIRED, widened
from services.reading.rules.places import Place
from services.reading.rules.plurals import of_plural
from services.reading.rules.sentences import Sentence
from services.reading.rules.side_words import sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.topics import Topic
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

# Limbs and breasts are told one after the other; in the trunk what follows may lie anywhere.
OF_LIMBS = frozenset({"joint", "bone", "breast"})
_LIMBS = wordset("knee hip shoulder ankle wrist elbow hand foot breast thumb finger toe")


def holding(sentence: Sentence, topic: Topic, before: Topic) -> Topic:
    """The topic after a sentence, with the side that opened it, or that opened one `before` and still holds."""
    tokens = sentence.tokens
    if side := _opening(tokens):
        return topic._replace(opened=side)
    ends = sides_in(tokens) or of_plural(tokens) or any(not UNPAIRED.isdisjoint(token.canon) for token in tokens)
    return topic._replace(opened=None if ends else before.opened)


def side_of_opening(tokens: tuple[Token, ...], place: Place, topic: Topic) -> Side | None:
    """The side that opened the passage, for what a sentence without one says of a limb or a breast."""
    if topic.opened is None or sides_in(tokens) or of_plural(tokens):
        return None
    said = frozenset(widened(place.here or topic.organs))
    return topic.opened if not said.isdisjoint(OF_LIMBS) and said.isdisjoint(CENTRAL | UNPAIRED) else None


def _opening(tokens: tuple[Token, ...]) -> Side | None:
    """The side of "ON THE LEFT ..." or "IN THE LEFT knee ..." where no other is told."""
    texts = [token.text for token in tokens[:4]]
    if len(texts) < 4 or texts[1] != "the" or texts[2] not in ("left", "right"):
        return None
    opens = texts[0] == "on" or (texts[0] in ("in", "at") and texts[3] in _LIMBS)
    return Side(SIDES[texts[2]]) if opens and sides_in(tokens) is Side(SIDES[texts[2]]) else None
