"""What a paragraph speaks of, and what refers back: "it", "the adjacent lung", "likely pneumonia", "THE kidney"."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import NamedTuple

from integration.canonical import Side
from services.reading.rules.anatomy import widened
from services.reading.rules.natures import DESCRIBED, is_left_open
from services.reading.rules.phrases import ORGANS, seen_in
from services.reading.rules.plurals import told_in
from services.reading.rules.sentences import Sentence
from services.reading.rules.side_words import sides_in
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_PAIRED = wordset("kidney breast ovary adrenal testis ureter knee hip shoulder ankle wrist elbow hand foot orbit")
# One of a pair, told again without its side: "blunting of THE COSTOPHRENIC angle".
_ONE_OF_PAIR = _PAIRED | wordset(
    """costophrenic hemithorax hemidiaphragm axilla parotid hilum lung mastoid antrum angle nipple areola
    vesicoureteric vesicoureteral ureterovesical ureteropelvic pelviureteric vuj uvj puj upj"""
)
_OF_OPERATED = wordset("lumpectomy")
# One urinary tract: what is told of the ureter after "right kidney 12 cm" is on that side.
_OF_KIDNEY = wordset("kidney ureter pole interpolar calyceal ureteropelvic ureterovesical")
_PLURAL = wordset("ureters kidneys calyces poles")
# What points back to the place spoken of before.
_BACK = wordset("same its this these overlying underlying surrounding adjacent associated resultant resulting upstream")
_PRONOUNS = wordset("it they expected")
# Where a thing lies by what was told before: "emphysema OVERLIES THEM", "collapse BEYOND IT".
_BY = wordset(
    """overlies overlie underlies underlie overlying surrounds surround beneath beyond behind below above over around to
    beside along with accompanies accompany"""
)
_THEM = wordset("it them these this")
_DOWNSTREAM = wordset("distal downstream postobstructive post-obstructive")
_BLOCKED = wordset("collapse atelectasis consolidate opacify bronchiectasis mucus")
# "WITHIN IT there is a focus", "a haemorrhage WITHIN IT".
_PLACING = wordset("within in around about beneath below above over beside behind inside near adjoining")
# What opens a sentence about what was told before: "APPEARANCES are those of a carcinoma".
_OPENING_BACK = wordset("appearance appearances findings features")
# How a sentence opens that only names what was described: "LIKELY pneumonia", "SUSPICIOUS for carcinoma".
_NAMING = wordset(
    """likely probable probably possible possibly suspicious suspect suspected suspicion consistent compatible
    suggestive suggesting suggests suggest concerning worrisome presumably presumed favor favors favored favour favours
    favoured consider represents represent representing reflects reflecting reflect keeping raises differential
    diagnostic typical ? in most more this these could may might"""
)
_NAMES = _NAMING - wordset("in most more this these raises could may might")
_NAMED_WITHIN = 4
# What its own subject says: "HYPERINFLATION SUGGESTS emphysema".
_SAYING = wordset("suggests suggest represents represent reflects reflect raises")
# What is not only a name: a thing of its own.
_OWN = wordset("a an no new also :")
_SIZED = wordset("small tiny trace moderate large mild minimal")
# What a paragraph turns to when one organ is done: "the other abdominal ORGANS are normal".
_REST = wordset("organs structures viscera")


class Topic(NamedTuple):
    """What a paragraph spoke of last: organs, the one side of them, and whether it was one of a pair.

    `runs_on`: only a semicolon parts it from what follows. `described`: it described something that a name may follow.
    `opened`: the side that opened its passage.
    """

    organs: frozenset[str] = frozenset()
    side: Side | None = None
    paired: bool = False
    runs_on: bool = False
    described: bool = False
    opened: Side | None = None


def topic_of(sentence: Sentence, before: Topic) -> Topic:
    """What a sentence is about: the organs before its first verb and their side; else what was spoken of `before`."""
    about = _subject(sentence.tokens)
    texts = [token.text for token in about]
    organs = _words(about) & ORGANS
    operated = not _OF_OPERATED.isdisjoint(texts)
    if operated:
        organs |= {"breast"}
    described = not DESCRIBED.isdisjoint(_words(sentence.tokens))
    told = told_in(about) if described else sides_in(about)
    side = told or (before.side if points_back(sentence.tokens) else None)
    runs_on = sentence.tokens[-1].text == ";"
    if not _REST.isdisjoint(texts):
        return Topic()
    if not organs and not side:
        return before._replace(runs_on=runs_on)
    if before.paired and side is None and _is_of_same_kidney(organs, texts, before):
        return before._replace(runs_on=runs_on)
    paired = operated or _is_paired(about) or _opens_with_side(sentence.tokens) or (not organs and before.paired)
    # Only what has a side is recalled.
    return Topic(organs or before.organs, side, paired, runs_on, described and side is not None)


def _is_of_same_kidney(organs: frozenset[str], texts: list[str], before: Topic) -> bool:
    """Whether only parts of the urinary tract are named, none of both sides, after the kidney of one side."""
    known = organs <= _OF_KIDNEY and not before.organs.isdisjoint(_OF_KIDNEY)
    return known and _PLURAL.isdisjoint(texts)


def covers(topic: Topic, places: frozenset[str]) -> bool:
    """Whether the places are those spoken of, or lie in them: "the interpolar region" in the right kidney."""
    if not topic.organs.isdisjoint(places) or not (topic.organs & _PAIRED).isdisjoint(widened(places)):
        return True
    return topic.paired and places <= _OF_KIDNEY and not topic.organs.isdisjoint(_OF_KIDNEY)


def points_back(tokens: tuple[Token, ...]) -> bool:
    """Whether a sentence is about the thing or place spoken of before."""
    opening = tokens[0].text
    if opening in _PRONOUNS or opening in _OPENING_BACK or any(token.text in _BACK for token in tokens):
        return True
    return any(one.text in _PLACING and two.text == "it" for one, two in pairwise(tokens))


def lies_by_it(tokens: tuple[Token, ...]) -> bool:
    """Whether a clause says that a thing lies by what was told before, or that a bronchus is blocked by it.

    "Surgical emphysema OVERLIES THEM", "DISTAL collapse of the anterior segment"; not "next to THIS NODULE".
    """
    for at in range(1, len(tokens)):
        ends = at + 1 >= len(tokens) or not tokens[at + 1].text[0].isalpha() or tokens[at + 1].text in FINITE
        if tokens[at].text in _THEM and tokens[at - 1].text in _BY and ends:
            return True
    return tokens[0].text in _DOWNSTREAM and any(not _BLOCKED.isdisjoint(token.canon) for token in tokens[1:4])


def names_what_was_described(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether a sentence only names, at token `at`, what was described before: "LIKELY pneumonia".

    "Edema FAVORED over infection", "however, infection CANNOT BE EXCLUDED".
    """
    texts = [token.text for token in tokens]
    if not _OWN.isdisjoint(texts[:_NAMED_WITHIN]):
        return False
    said = next((place for place in range(1, min(_NAMED_WITHIN, len(texts))) if texts[place] in _NAMES), 0)
    named = texts[0] in _NAMING or (said > 0 and not _is_of_its_subject(tokens, said))
    return named or (_SIZED.isdisjoint(texts[:at]) and is_left_open(tokens, at))


def _is_of_its_subject(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether the sentence's own subject says what it means: "HYPERINFLATION SUGGESTS emphysema"."""
    before = tokens[at - 1]
    return tokens[at].text in _SAYING and DESCRIBED.isdisjoint(before.canon) and before.text not in _OPENING_BACK


def opens_by_naming(tokens: tuple[Token, ...]) -> bool:
    """Whether the first word names or points back: "THIS may be edema", "LIKELY edema"."""
    return tokens[0].text in _NAMING or tokens[0].text in _PRONOUNS


def tells_one_of_pair(tokens: tuple[Token, ...]) -> bool:
    """Whether it speaks of one of a pair as known: "blunting of THE COSTOPHRENIC angle"."""
    return any(
        token.text == "the" and any(near.text in _ONE_OF_PAIR for near in tokens[at + 1 : at + 3])
        for at, token in enumerate(tokens)
    )


def _subject(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The words before the first verb; of "there is a mass in the left breast" those after it."""
    verbs = [at for at, token in enumerate(tokens) if token.text in FINITE]
    if verbs and tokens[verbs[0] - 1].text == "there":
        end = next((at for at in verbs[1:] if at > verbs[0] + 1), len(tokens))
        return (*tokens[: verbs[0]], *tokens[verbs[0] + 1 : end])
    if verbs and (seen := seen_in(tokens, verbs[0])):
        end = next((at for at in range(seen, len(tokens)) if at in verbs or tokens[at].text == ","), len(tokens))
        return (*tokens[: verbs[0]], *tokens[seen:end])
    return tokens[: verbs[0]] if verbs else tokens


def _opens_with_side(tokens: tuple[Token, ...]) -> bool:
    """ "ON THE LEFT, there is ...": what follows is of that side until another thing is spoken of."""
    words = [token.text for token in tokens[:4]]
    return (
        words[:2] == ["on", "the"]
        and words[2:3] in (["left"], ["right"])
        and words[3:4] in ([","], ["there"], ["side"])
    )


def _is_paired(tokens: tuple[Token, ...]) -> bool:
    """Whether it is about one of a pair ("the right kidney"), which what follows is then about too."""
    return any(
        token.text in SIDES and not _PAIRED.isdisjoint(word for near in tokens[at + 1 : at + 3] for word in near.canon)
        for at, token in enumerate(tokens)
    )


def _words(tokens: tuple[Token, ...]) -> frozenset[str]:
    return frozenset(chain.from_iterable([token.canon for token in tokens]))
