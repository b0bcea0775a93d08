"""What is spoken of again has the side it was told with: "left craniotomy ... swelling over THE CRANIOTOMY"."""

from __future__ import annotations

import re

from integration.canonical import Side
from services.reading.rules.heads import DEVICES
from services.reading.rules.mentions import Mention

_OPERATION = re.compile(r"\w+(?:otomy|ectomy|ostomy|plasty)|replacement|prosthesis")
# Words between "the" and the noun, at most.
_BETWEEN = 3


def with_references(found: list[Mention], known: dict[str, Side | None]) -> list[Mention]:
    """A sentence's mentions, one without a side with that of the operation or device it says "the" of.

    `known`: noun → the one side it was told with, None for both; what the sentence tells is added.
    """
    if known:
        found = [each if each.own_side else _with_side(each, known) for each in found]
    for mention in found:
        if mention.own_side:
            for noun in _nouns(mention):
                side = mention.own_side if known.get(noun, mention.own_side) is mention.own_side else None
                known[noun] = None if side is Side.BILATERAL else side
    return found


def _nouns(mention: Mention) -> list[str]:
    words = [word for token in mention.sentence.tokens[mention.first : mention.last] for word in token.canon]
    return [word for word in words if word in DEVICES or _OPERATION.fullmatch(word)]


def _with_side(mention: Mention, known: dict[str, Side | None]) -> Mention:
    tokens = mention.sentence.tokens
    for at in range(mention.first, mention.last):
        if tokens[at].text != "the":
            continue
        near = (word for token in tokens[at + 1 : at + 1 + _BETWEEN] for word in token.canon)
        if side := next((known[word] for word in near if known.get(word)), None):
            return mention._replace(side=side, own_side=side)
    return mention
