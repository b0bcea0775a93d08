"""Clauses of a sentence: the stretch a subject, its verb and a modifier share."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from services.reading.rules.anatomy import is_level
from services.reading.rules.sentences import Sentence
from services.reading.rules.tokens import Token
from services.reading.rules.verbs import FINITE
from services.reading.rules.wordset import wordset

STRONG = wordset("; but however although though whereas while yet -")
_WEAK = wordset(", and with which that as where if unless whether")
_RELATIVE = wordset("which that who whose")
# A verbless remark ends with one of these ...
END_WORDS = wordset(
    """seen identified noted present clear normal unremarkable intact visualized evident demonstrated detected
    patent appreciated unchanged stable limits resolved"""
)
# ... and the next one begins with one of these, when dictation leaves the punctuation out.
START_WORDS = wordset(
    """no there the small moderate large mild minimal trace tiny heart lungs lung bilateral stable mediastinum
    bones liver spleen kidneys gallbladder aorta ventricles left right without pleural mild"""
)


# Before "normal" these say that it opens a phrase ("the normal heart") and does not end one.
_OPENING = wordset("the with , and : ; . of a")
_AFTER_LEVEL = wordset("there a an the no mild moderate severe small large minimal , central left right broad diffuse")
# After these a level belongs to what stands before: "burst fracture OF L1, 40 % loss of height".
_BEFORE_LEVEL = frozenset({"of", "in", "to", "from", "through", "and", "involving"})
_TOUCHING = wordset(
    "abuts abut contacts contact touches touch indents indent reaches reach abutting contacting touching"
)
_SIZED = wordset("tiny small moderate large trace minimal mild severe and , possible likely")
# Every word before which a clause may begin whatever verbs there are.
_CUTTING = STRONG | START_WORDS | {"so", "no", "there", "without", "however"}


class Clause(NamedTuple):
    """Tokens [start, end) of a sentence."""

    start: int
    end: int


def clauses(sentence: Sentence) -> list[Clause]:
    """The sentence's clauses in order; its label is a clause of its own."""
    tokens = sentence.tokens
    cuts = {0, sentence.label, len(tokens)}
    cuts |= _strong_cuts(tokens) | _level_cuts(tokens)
    cuts |= _verb_cuts(tokens, sentence.label, cuts)
    edges = sorted(cuts)
    return [Clause(start, end) for start, end in itertools.pairwise(edges)]


def shares_object(tokens: tuple[Token, ...], at: int) -> bool:
    """Whether "but" only denies more of one object: "abuts BUT DOES NOT DISPLACE the root"."""
    following = [token.text for token in tokens[at + 1 : at + 3]]
    return tokens[at - 1].text in _TOUCHING and following in (["do", "not"], ["does", "not"])


def _strong_cuts(tokens: tuple[Token, ...]) -> set[int]:
    cuts = set()
    for at in range(1, len(tokens)):
        word = tokens[at].text
        if word not in _CUTTING:
            continue
        before = tokens[at - 1].text
        if word == "but" and shares_object(tokens, at):
            continue
        if (
            word in STRONG
            or (word == "so" and [token.text for token in tokens[at + 1 : at + 2]] == ["that"])
            or (before in (",", "and") and word in ("no", "there", "without", "however"))
            or (word in START_WORDS and at > 1 and _ends(tokens[at - 2].text, before))
            or (
                word == "there"
                and at + 1 < len(tokens)
                and tokens[at + 1].text in FINITE
                and before not in ("if", "that", "ensure", "confirm", "show")
                and not is_level(before)
            )
        ):
            cuts.add(at)
    return cuts


def _ends(before: str, word: str) -> bool:
    """Whether a verbless remark ends with these two words; what "limits the assessment" ends nothing.

    Nor does what only describes: "a TINY STABLE right pneumothorax".
    """
    if (word in ("stable", "unchanged") and before in _SIZED) or before in ("no", "without", "any"):
        return False
    return word in END_WORDS and before not in _OPENING and (word != "limits" or before == "normal")


def _level_cuts(tokens: tuple[Token, ...]) -> set[int]:
    """Dictated level by level: "... cord contact AT C4-C5 a broad based bulge"."""
    found = set()
    for at in range(1, len(tokens) - 1):
        opens = tokens[at + 1].text in _AFTER_LEVEL and tokens[at - 1].text not in _BEFORE_LEVEL
        if opens and is_level(tokens[at].text):
            found.add(at - 1 if tokens[at - 1].text == "at" else at)
    return found


def _verb_cuts(tokens: tuple[Token, ...], label: int, cuts: set[int]) -> set[int]:
    """Between two verbs there is a clause boundary: at the last separator, else before the second subject."""
    groups = _verb_groups(tokens, label)
    if len(groups) < 2:
        return set()
    found = set()
    for (_, end), (start, _) in itertools.pairwise(groups):
        if not any(end < cut <= start for cut in cuts):
            found.add(_boundary(tokens, end, start))
    return found


def _verb_groups(tokens: tuple[Token, ...], label: int) -> list[tuple[int, int]]:
    groups: list[tuple[int, int]] = []
    for at in range(label, len(tokens)):
        if tokens[at].text not in FINITE:
            continue
        if groups and at - groups[-1][1] <= 1:
            groups[-1] = (groups[-1][0], at + 1)
        else:
            groups.append((at, at + 1))
    return _without_relatives(tokens, groups) if len(groups) > 1 else groups


def _without_relatives(tokens: tuple[Token, ...], groups: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """ "The effusion which was seen before has resolved" is one clause: the inner verb is left out."""
    kept = []
    for number, (start, end) in enumerate(groups):
        relative = start and tokens[start - 1].text in _RELATIVE
        if relative and number + 1 < len(groups):
            between = tokens[end : groups[number + 1][0]]
            if not any(token.text in (",", "and", ";") for token in between):
                continue
        kept.append((start, end))
    return kept


def _boundary(tokens: tuple[Token, ...], end: int, start: int) -> int:
    for at in range(start - 1, end - 1, -1):
        if tokens[at].text in _WEAK:
            return at
    for at in range(start - 1, end - 1, -1):
        if tokens[at].text in ("the", "there", "no", "a", "this"):
            return at
    return min(end + 1, start)
