"""What is spoken of again has the side it was told with: "left craniotomy ... swelling over THE CRANIOTOMY"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from integration.canonical import Side, Status
from services.reading.rules.anatomy import ANATOMY, UNPAIRED
from services.reading.rules.heads import DEVICES, FINDINGS
from services.reading.rules.mentions import Mention
from services.reading.rules.sentences import Sentence
from services.reading.rules.side_words import sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.wordset import wordset

OPERATION = re.compile(r"\w+(?:otomy|ectomy|ostomy|plasty)|replacement|prosthesis|resection|burr")
# What an operation leaves: "beneath THE FLAP".
_LEFT_BY_IT = wordset("flap defect cavity")
# What is found and spoken of again.
_FOUND = (FINDINGS - ANATOMY) | wordset(
    """pneumonia honeycombing contusion tumor consolidate infiltrate pneumothorax hemothorax laceration stricture
    opacity atelectasis meningioma glioma carcinoma concretion infarct"""
)
_TUMORS = ("tumor", "mass", "lesion", "glioma", "meningioma", "metastasis")
# Words that say what a thing belongs to: "PARAPNEUMONIC effusion".
_BELONGING = {
    "parapneumonic": ("pneumonia", "consolidate"),
    "postpneumonic": ("pneumonia", "consolidate"),
    "peritumoral": _TUMORS,
    "peritumoural": _TUMORS,
    "intratumoral": _TUMORS,
    "intratumoural": _TUMORS,
    "perilesional": _TUMORS,
    "intralesional": _TUMORS,
    "perihematomal": ("hematoma", "bleed"),
    "periprosthetic": ("arthroplasty", "prosthesis", "replacement"),
    "pericatheter": ("catheter",),
}
_KNOWN = wordset("the this that these those its said")
# Words between "the" and the noun, at most.
_BETWEEN = 3
# How far from its words a mention may say what it belongs to; what ends that.
_BEFORE, _BEHIND, _FURTHER = 8, 6, 18
_NAMING = wordset("suspicious consistent compatible likely concerning probably possibly suggesting representing")
_NAMED_WITHIN = 3
_ENDS = wordset("; , . but no without")
_DENYING = wordset("no not without")


def with_references(found: list[Mention], known: dict[str, Side | None]) -> list[Mention]:
    """A sentence's mentions, one without a side with that of the operation, device or lesion it says "the" of.

    `known`: noun → the one side it was told with, None for several; what the sentence tells is added.
    """
    if known:
        found = [each if each.own_side else _with_side(each, known) for each in found]
    for mention in found:
        if mention.own_side:
            for noun in _nouns(mention):
                known[noun] = _known_as(mention.own_side, noun, known)
    return found


def learnt(sentence: Sentence, known: dict[str, Side | None]) -> None:
    """What a sentence names besides its findings is known with its one side: "right basal wedge, AN INFARCT"."""
    side = sides_in(sentence.tokens)
    if side not in (Side.LEFT, Side.RIGHT) or any(token.text in _DENYING for token in sentence.tokens):
        return
    for token in sentence.tokens:
        if "infarct" in token.canon and token.text not in known:
            known[token.text] = side


def _known_as(side: Side, noun: str, known: Mapping[str, Side | None]) -> Side | None:
    """The side of a noun told with `side`; none of what was told of another, or of a device on both."""
    if known.get(noun, side) is not side:
        return None
    return None if side is Side.BILATERAL and (noun in DEVICES or OPERATION.fullmatch(noun)) else side


def _nouns(mention: Mention) -> list[str]:
    told = mention.status in (Status.PRESENT, Status.UNCERTAIN) or mention.rule.startswith("resolved")
    tokens = mention.sentence.tokens[mention.first : mention.last]
    return [noun for token in tokens for word in token.canon if (noun := _named(token, word, told))]


def _named(token: Token, word: str, told: bool) -> str:
    """What a word names that is spoken of again: several lesions are no lesion; "" for what names nothing."""
    if word in DEVICES or OPERATION.fullmatch(word):
        return word
    several = token.text.endswith("s") and not token.text.endswith(("ss", "is", "us"))
    return (f"{word}s" if several else word) if told and word in _FOUND else ""


def _with_side(mention: Mention, known: Mapping[str, Side | None]) -> Mention:
    tokens = mention.sentence.tokens
    own = tokens[mention.first : mention.last]
    if any(not UNPAIRED.isdisjoint(token.canon) for token in own):
        return mention
    near = own if sides_in(tokens) else _around(mention)
    side = next((side for word in _belongs_to(near) if (side := known.get(word))), None) or _operated(near, known)
    return mention._replace(side=side, own_side=side) if side else mention


def _operated(tokens: tuple[Token, ...], known: Mapping[str, Side | None]) -> Side | None:
    """The one side operated on, where these words are of what that left: "through THE DEFECT"."""
    left = any(
        token.text in _LEFT_BY_IT and any(near.text in _KNOWN for near in tokens[max(0, at - _BETWEEN) : at])
        for at, token in enumerate(tokens)
    )
    return operated_side(known) if left else None


def operated_side(known: Mapping[str, Side | None]) -> Side | None:
    """The one side on which operations were told."""
    sides = {side for noun, side in known.items() if OPERATION.fullmatch(noun)}
    return sides.pop() if len(sides) == 1 else None


def _around(mention: Mention) -> tuple[Token, ...]:
    """The words of the mention with those around it, up to a comma that no name of what is described follows."""
    tokens, first, last = mention.sentence.tokens, mention.first, mention.last
    reach = _FURTHER if _names_before(tokens, first) else _BEFORE
    while first > max(0, mention.first - reach) and (tokens[first - 1].text not in _ENDS or _names(tokens, first)):
        first -= 1
    while last < min(len(tokens), mention.last + _BEHIND) and tokens[last].text not in _ENDS:
        last += 1
    return tokens[first:last]


def _names_before(tokens: tuple[Token, ...], first: int) -> bool:
    return any(_names(tokens, at) for at in range(max(1, first - _NAMED_WITHIN), first + 1))


def _names(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a name of what was described follows the comma before token `at`: ", SUSPICIOUS for a hematoma"."""
    return tokens[at - 1].text == "," and at < len(tokens) and tokens[at].text in _NAMING


def _belongs_to(tokens: tuple[Token, ...]) -> Iterator[str]:
    """The nouns that these words speak of as known: "within THE MASS", "in AREAS OF HONEYCOMBING"."""
    for at, token in enumerate(tokens):
        if token.text in _KNOWN or [each.text for each in tokens[at : at + 2]] == ["areas", "of"]:
            for near in tokens[at + 1 : at + 1 + _BETWEEN]:
                if near.text in _ENDS:
                    break
                yield from (noun for word in near.canon if (noun := _named(near, word, told=True)))
        yield from _BELONGING.get(token.text, ())
