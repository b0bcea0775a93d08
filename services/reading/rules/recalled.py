"""The side of what was spoken of before, where a sentence refers back to it."""

from __future__ import annotations

from integration.canonical import Side
from services.reading.rules.anatomy import UNPAIRED, WIDE, is_vertebra
from services.reading.rules.diffuse import is_diffuse
from services.reading.rules.directions import is_shifted
from services.reading.rules.places import Place
from services.reading.rules.plurals import of_plural
from services.reading.rules.scope import Parsed
from services.reading.rules.side_words import sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.topics import (
    Topic,
    covers,
    lies_by_it,
    names_what_was_described,
    opens_by_naming,
    points_back,
    tells_one_of_pair,
)
from services.reading.rules.words import AROUND

# "The" may stand before it, and how much of it.
_OPENING = 3
# What covers an organ is no organ of its own beside it.
_COVERS = frozenset({"skin"})
_LUNGS = frozenset({"lung", "pleura", "pleural"})


def side_of_topic(parsed: Parsed, at: int, place: Place, topic: Topic) -> Side | None:
    """The side spoken of before, where this sentence refers back to it or names the same organ or none.

    Edema of the lungs has one side of them only where it is the name of what was described.
    """
    tokens = parsed.sentence.tokens
    if is_shifted(tokens, at):
        return None
    if topic.side and _is_around(tokens, place) and UNPAIRED.isdisjoint(place.local):
        return topic.side
    if topic.side is None or sides_in(tokens) or of_plural(tokens) or not UNPAIRED.isdisjoint(place.local):
        return None
    if any(map(is_vertebra, place.local)):
        return None
    if _is_of_lungs(tokens, at, topic) and topic.side is not Side.BILATERAL:
        named = topic.described and opens_by_naming(tokens) and names_what_was_described(tokens, at)
        return topic.side if named else None
    own = place.here - WIDE - _COVERS
    same = (topic.paired or topic.runs_on) and (not place.here or not own or covers(topic, own))
    if (
        same
        or points_back(tokens[: place.last])
        or lies_by_it(_clause(parsed, place))
        or (topic.described and names_what_was_described(tokens, at))
    ):
        return topic.side
    return topic.side if topic.side is not Side.BILATERAL and tells_one_of_pair(_clause(parsed, place)) else None


def _is_around(tokens: tuple[Token, ...], place: Place) -> bool:
    """Whether it opens the sentence as what lies about the thing before: "SURROUNDING oedema has decreased, as ..."."""
    opening = [token.text for token in tokens[:_OPENING]]
    return not AROUND.isdisjoint(opening) and sides_in(tokens[: place.last]) is None


def _is_of_lungs(tokens: tuple[Token, ...], at: int, topic: Topic) -> bool:
    edema = "edema" in tokens[at].canon
    return is_diffuse(tokens, at) or (edema and not topic.organs.isdisjoint(_LUNGS))


def _clause(parsed: Parsed, place: Place) -> tuple[Token, ...]:
    clause = parsed.clause_of(place.first)
    return parsed.sentence.tokens[clause.start : clause.end]
