"""Sides told by another: "the CONTRALATERAL kidney", "on THE OTHER side", "on THAT side", "the SYMPTOMATIC hip"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from integration.canonical import SectionKind, Side
from services.reading.rules.heads import FINDINGS
from services.reading.rules.references import operated_side
from services.reading.rules.sentences import Sentence
from services.reading.rules.side_words import is_side
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_OPPOSITE = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
_OTHER, _SAME = wordset("contralateral contralaterally"), wordset("ipsilateral ipsilaterally")
# The same, before "side" or one of a pair.
_OTHER_ONE, _SAME_ONE = wordset("other opposite"), wordset("that same this")
# Where the complaint is, that the exam was made for; and where it is not.
_ILL = wordset("symptomatic affected injured painful involved")
_WELL = wordset("asymptomatic unaffected uninjured uninvolved nonpainful nonsymptomatic healthy painfree")
# What is left of a pair of which one was taken out.
_LEFT_OVER = wordset("remaining solitary")
_TAKEN_OUT = re.compile(r"(?:pneumon|mast|nephr|orchid|orchi|oophor|salpingooophor|adrenal)ectomy|amputation")
# "The DRAINED side" is that of the drain.
_TREATED = {
    "drained": ("drain", "tube"),
    "operated": ("surgery",),
    "fractured": ("fracture",),
    "mastectomy": ("mastectomy",),
}
_NORMAL = wordset("normal patent clear unremarkable preserved intact open")
_EVERY = wordset("each either")
_RELATIVE = _OTHER | _SAME | _OTHER_ONE | _SAME_ONE | _ILL | _WELL | _LEFT_OVER | _EVERY | {"side", "free"}
_ONE = frozenset(word for word, side in SIDES.items() if side != "bilateral")
# What only reaches over there: "crossing TO THE opposite side".
_TOWARDS = wordset("to towards toward across into")
# One of a pair.
_PAIRED = wordset(
    """side kidney lung breast ovary adrenal testis testicle ureter knee hip shoulder ankle wrist elbow hand foot orbit
    eye ear hemithorax hemisphere hemidiaphragm axilla groin leg arm limb thigh calf forearm parotid mastoid antrum
    hilum implant flank heel thumb gland convexity apex base costophrenic lobe caudate thalamus insula putamen uncus
    hippocampus"""
)
# Words between the word that tells the side and the noun, at most; what does not stand between.
_BETWEEN = 3
_ENDS = FINITE | wordset(", . ; : ( ) and or but with in on at of")
# What may follow a noun that stands for itself: not "other LUNG FINDINGS".
_AFTER = _ENDS | wordset("there is to has also base apex lobe zone where than from after without which")
_OF = wordset("of with as")
# "The SIDE of the SPLENIC injury".
_FIXED = {"spleen": Side.LEFT, "liver": Side.RIGHT, "appendix": Side.RIGHT}
_FAR = 5
_WORDS = {Side.LEFT: "left", Side.RIGHT: "right", Side.BILATERAL: "both"}
# Words of labels that are remembered.
_LABELS = 4


class Told(NamedTuple):
    """What sides were told before.

    `last`: the last one; `found`: the last one of what is not normal; `complaint`: that of the complaint; `removed`:
    that on which one of a pair was removed.
    `labels`: words of labels with their side, which the sentences below them stand under ("OTHER ear:").
    """

    last: Side | None = None
    found: Side | None = None
    complaint: Side | None = None
    removed: Side | None = None
    labels: tuple[Token, ...] = ()


def told_before(said: Sequence[Sentence], side: Side | None) -> Told:
    """What the exam (`side`) and its reason tell before the findings: "pain in the LEFT hip"."""
    exams = None if side is Side.BILATERAL else side
    return Told(exams, None, exams or _complaint(said))


def _complaint(said: Sequence[Sentence]) -> Side | None:
    asked = (each for each in said if each.kind in (SectionKind.INDICATION, SectionKind.HISTORY))
    sides = {SIDES[token.text] for each in asked for token in each.tokens if token.text in SIDES}
    return Side(sides.pop()) if len(sides) == 1 and "bilateral" not in sides else None


def with_sides(sentence: Sentence, told: Told, known: Mapping[str, Side | None]) -> tuple[Sentence, Told]:
    """The sentence with left, right or both for a side told by what was named before it; and what is told after it.

    `known`: noun → the one side it was told with.
    """
    sentence = _under(sentence, told.labels)
    texts = [token.text for token in sentence.tokens]
    if _RELATIVE.isdisjoint(texts):
        return sentence, _after(sentence.tokens, told)
    tokens = list(sentence.tokens)
    for at, token in enumerate(tokens):
        if token.text in _ONE and is_side(tokens, at):
            told = told._replace(last=Side(SIDES[token.text]))
        elif meant := _side_as(tokens, at, known) or _meant(tokens, at, told) or _side_of_another(tokens, at, known):
            tokens[at] = token._replace(text=_WORDS[meant], canon=(*token.canon, meant.value))
            told = told if meant is Side.BILATERAL else told._replace(last=meant)
            told = told if at >= sentence.label else told._replace(labels=(*told.labels, tokens[at])[-_LABELS:])
    found = tuple(tokens)
    return _under(sentence._replace(tokens=found), told.labels), _after(found, told)


def _under(sentence: Sentence, labels: tuple[Token, ...]) -> Sentence:
    """The sentence under labels with their sides."""
    if not labels:
        return sentence
    sided = {token.start: token for token in labels}
    if sided.keys().isdisjoint(token.start for token in sentence.context_tokens):
        return sentence
    return sentence._replace(context_tokens=tuple(sided.get(each.start, each) for each in sentence.context_tokens))


def _after(tokens: tuple[Token, ...], told: Told) -> Told:
    """What is told after these words."""
    sides = [SIDES[token.text] for at, token in enumerate(tokens) if token.text in _ONE and is_side(tokens, at)]
    if not sides:
        return told
    last = Side(sides[-1])
    found = told.found if _is_normal(tokens) else last
    taken = len(set(sides)) == 1 and any(_TAKEN_OUT.fullmatch(token.text) for token in tokens)
    return told._replace(last=last, found=found, removed=last if taken else told.removed)


def _is_normal(tokens: tuple[Token, ...]) -> bool:
    """Whether nothing but what is normal is told: "the right transverse sinus is PATENT"."""
    normal = any(token.text in _NORMAL for token in tokens)
    return normal and all(FINDINGS.isdisjoint(token.canon) for token in tokens)


def _meant(tokens: Sequence[Token], at: int, told: Told) -> Side | None:
    """The side that token `at` tells by what was told before."""
    word = tokens[at].text
    if word not in _RELATIVE or {token.text for token in tokens[max(0, at - 2) : at]} & _TOWARDS:
        return None
    noun = _paired(tokens, at)
    if word in _EVERY:
        return Side.BILATERAL if noun and [token.text for token in tokens[noun + 1 : noun + 2]] != ["of"] else None
    if word in _OTHER or _is_other(tokens, at, noun):
        return _OPPOSITE.get(told.last) if told.last else None
    if word in _SAME or (word in _SAME_ONE and noun):
        here = any(token.text in _ONE for token in tokens[:at])
        return told.last if here or word in ("that", "this") else told.found or told.last
    painless = word == "free" and at > 0 and tokens[at - 1].text == "pain"
    return _of_complaint("painfree" if painless else word, told) if noun else None


def _of_complaint(word: str, told: Told) -> Side | None:
    """The side with or without the complaint, or that of what was not removed."""
    if word in _ILL:
        return told.complaint
    base = told.complaint if word in _WELL else told.removed if word in _LEFT_OVER else None
    return _OPPOSITE[base] if base else None


def _paired(tokens: Sequence[Token], at: int) -> int:
    """Place of the noun of a pair that token `at` tells the side of: "the OPPOSITE lower LUNG"; else 0."""
    for place in range(at + 1, min(at + 1 + _BETWEEN, len(tokens))):
        if tokens[place].text in _PAIRED:
            return place
        if tokens[place].text in _ENDS or tokens[place].text in SIDES:
            return 0
    return 0


def _is_other(tokens: Sequence[Token], at: int, noun: int) -> bool:
    """Whether token `at` is the other of two: "THE OTHER kidney", "OTHER ear:", "mild on THE OTHER"."""
    word = tokens[at].text
    if word not in _OTHER_ONE:
        return False
    before = [token.text for token in tokens[max(0, at - 2) : at]]
    following = tokens[noun + 1].text if noun and noun + 1 < len(tokens) else "."
    if noun:
        alone = following in _AFTER or not following[0].isalpha()
        # "OTHER LUNG:" heads what else is seen in both.
        opens = (not before or before[-1] in ";,") and tokens[noun].text != "lung"
        return word == "opposite" or (alone and (before[-1:] == ["the"] or opens))
    pronoun = before[-1:] == ["the"] and before[0] in ("in", "on")
    ends = at + 1 >= len(tokens) or tokens[at + 1].text in FINITE | {"there", ".", ",", ";", ")"}
    return word == "other" and pronoun and ends and "one" not in [token.text for token in tokens[: at - 2]]


def _side_as(tokens: Sequence[Token], at: int, known: Mapping[str, Side | None]) -> Side | None:
    """The side of what "the SAME side as" is said of, whatever side was told last."""
    if tokens[at].text not in _SAME_ONE:
        return None
    place = next((each for each in (at + 1, at + 2) if each < len(tokens) and tokens[each].text == "side"), 0)
    return _side_of_another(tokens, place, known) if place else None


def _side_of_another(tokens: Sequence[Token], at: int, known: Mapping[str, Side | None]) -> Side | None:
    """The side of what was told before: "on the SIDE of the drain", "on the drained SIDE", "SAME side as the stone"."""
    if tokens[at].text != "side" or not at:
        return None
    if tokens[at - 1].text == "operated" and (side := operated_side(known)) in _OPPOSITE:
        return side
    for noun in _TREATED.get(tokens[at - 1].text, ()):
        if (side := known.get(noun)) in _OPPOSITE:
            return side
    if at + 1 >= len(tokens) or tokens[at + 1].text not in _OF:
        return None
    named = (word for token in tokens[at + 2 : at + 2 + _FAR] for word in token.canon)
    sides = (_FIXED.get(word) or known.get(word) or known.get(f"{word}s") for word in named)
    return next((side for side in sides if side in _OPPOSITE), None)
