"""What a measurement says: "CBD 3 mm" that the duct is of normal width, "spleen 16 cm" that it is enlarged.

Only a plain measurement of one structure counts. The limits, in mm for adults, stand with their sources in
`services/reading/limits.yaml`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from services.reading.rules.heads import FINDINGS
from services.reading.rules.tokens import Token
from services.reading.rules.words import STOP
from services.reading.rules.wordset import wordset


class Limit(NamedTuple):
    """Of a structure: up to which size it is normal, beyond which or up to which (`small`) it is what `says` says.

    `inclusive`: so from that size on. `of`: the part of the body it holds in, "" for any.
    """

    structure: frozenset[str]
    normal: float
    large: float
    small: float
    inclusive: bool
    says: str
    of: str


@cache
def limits() -> tuple[Limit, ...]:
    """Every limit of the file, in its order; the first that fits holds."""
    content = yaml.safe_load((files("services.reading") / "limits.yaml").read_text(encoding="utf-8"))
    return tuple(
        Limit(
            wordset(each["structure"]),
            float(each.get("normal", "-inf")),
            float(each.get("large", "inf")),
            float(each.get("small", "-inf")),
            bool(each.get("from", False)),
            each.get("says", ""),
            each.get("of", ""),
        )
        for each in content
    )


# The words that end the name of a structure whose size may say that it is too large.
MEASURED = frozenset({"duct", "aorta", "spleen", "liver", "mediastinum", "canal", "flavum"})
# What a normal size denies.
WIDTHS = wordset("dilate thicken enlarge widen aneurysm")
UNITS = {"mm": 1.0, "cm": 10.0}
_AROUND = STOP | wordset(
    """measure measures measuring diameter thickness caliber size maximal maximum normal mm cm : , . ( ) up
    approximately about abdomen has thick width"""
)


def within_limit(tokens: Sequence[Token], context: frozenset[str]) -> bool:
    """Whether the tokens only measure a structure, and what they measure is of normal size."""
    sizes = [
        float(token.text) * UNITS[after.text]
        for token, after in itertools.pairwise(tokens)
        if after.text in UNITS and token.text[0].isdigit()
    ]
    said = {word for token in tokens for word in token.canon if not word[0].isdigit()}
    if len(sizes) != 1:
        return False
    named = next((each for each in limits() if each.structure <= said | context and each.structure & said), None)
    return named is not None and said - named.structure <= _AROUND and sizes[0] <= named.normal


# What stands between a structure and its size.
_BETWEEN = STOP | wordset(
    """measures measure measuring diameter caliber size maximal maximum maximally width length span approximately about
    up ap anteroposterior midsagittal sagittal narrowed thick to
    , : ( infrarenal suprarenal abdominal abdomen dilated enlarged"""
)
_FAR = 8
# "10 mm, expected after cholecystectomy" is normal for this patient.
_EXPECTED = wordset("expected normal limits limit acceptable postcholecystectomy cholecystectomy graft stent sac was")


def oversized(tokens: Sequence[Token], at: int, around: frozenset[str]) -> str:
    """What the size told of the structure that token `at` ends says of it ("dilate", "enlarge"); else "".

    `around`: canonical words of the label and of what was examined.
    """
    said = frozenset(word for token in tokens[max(0, at - 2) : at + 1] for word in token.canon)
    found = (each for each in limits() if each.says and not each.structure.isdisjoint(tokens[at].canon))
    limit = next((each for each in found if each.structure <= said and (not each.of or each.of in said | around)), None)
    if limit is None or any(token.text in _EXPECTED for token in tokens):
        return ""
    size = _size_after(tokens, at)
    large = size > limit.large or (limit.inclusive and size == limit.large)
    return limit.says if large or 0 < size <= limit.small else ""


def _size_after(tokens: Sequence[Token], at: int) -> float:
    """The size in mm that follows token `at` with nothing between that names another thing; 0 for none."""
    for place in range(at + 1, min(at + _FAR, len(tokens) - 1)):
        if tokens[place].text[0].isdigit():
            return (
                0.0
                if _is_of_lesion(tokens, place)
                else float(tokens[place].text) * UNITS.get(tokens[place + 1].text, 0.0)
            )
        if tokens[place].text not in _BETWEEN:
            return 0.0
    return 0.0


def _is_of_lesion(tokens: Sequence[Token], at: int) -> bool:
    """Whether the size is that of what is named after it: "Mediastinum: 9 cm MASS"."""
    words = {word for token in tokens[at + 2 : at + 6] for word in token.canon}
    return not (FINDINGS - {"enlarge"}).isdisjoint(words)


def sizes(tokens: Sequence[Token]) -> list[float]:
    """The sizes told, in mm, without those of an earlier exam."""
    return [
        float(token.text) * UNITS[after.text]
        for place, (token, after) in enumerate(itertools.pairwise(tokens))
        if after.text in UNITS and token.text[0].isdigit() and tokens[max(0, place - 1)].text not in _OF_BEFORE
    ]


# A lymph node of this short axis, in mm, is enlarged (RECIST 1.1, section 3.1.1 calls nodes below it normal).
_NODE = 10.0
_NEAR = 9
# Beyond this thickness its cortex is thick (Deurloo et al., Eur Radiol 2003;13:2262: 2.3 mm; 3 mm in common use).
_CORTEX = 3.0
_BELOW = wordset("< than under below subcentimeter subcentimetre")
_OF_BEFORE = wordset("previously previous prior was formerly from")


def is_large_node(tokens: Sequence[Token], at: int) -> bool:
    """Whether token `at` names a lymph node that is measured as enlarged: "a subcarinal NODE of 13 mm"."""
    if "node" not in tokens[at].canon or "enlarge" in tokens[at].canon:
        return False
    near = tokens[max(0, at - 5) : at + _NEAR]
    if _has_lost_hilum(tokens[at + 1 : at + _NEAR]):
        return True
    told = sizes(near)
    if not told or _is_below(near):
        return False
    return told[0] > _CORTEX if any("cortical" in token.canon for token in near) else told[0] >= _NODE


_LOST = wordset("loss lost absent effaced effacement replaced")
_KEPT_HILUM = wordset("no without not")


def _has_lost_hilum(after: Sequence[Token]) -> bool:
    """Whether a node lacks what normal ones have: "a rounded node WITH LOSS OF THE FATTY HILUM"; it is not denied."""
    at = next((at for at, token in enumerate(after) if "hilum" in token.canon), 0)
    before = {token.text for token in after[max(0, at - 6) : at]}
    return _LOST.isdisjoint(before) != _KEPT_HILUM.isdisjoint(before)


# Liver of less than this is fatty on a CT without contrast (Kodama et al., AJR 2007;188:1307: 30 % fat at 40 HU).
_FATTY = 40.0
_DARKER = wordset("lower less below hypodense hypoattenuating hypoattenuated darker")
_ATTENUATION = _BETWEEN | wordset("attenuation density parenchyma mean average value of has with diffusely")
_OTHER_THING = wordset("lesion lesions mass cyst cysts nodule focus foci segment no not")
_BESIDE = _OTHER_THING | wordset("around in near to along at within adjacent from beside surrounding ascites fluid")
_COMPARED = 14


def is_fatty(tokens: Sequence[Token], at: int) -> bool:
    """Whether token `at` names a liver that is darker than the spleen, or of few HU: "LIVER attenuation is 28 HU"."""
    before = [token.text for token in tokens[max(0, at - 5) : at]]
    if tokens[at].canon[-1] != "liver" or not _BESIDE.isdisjoint(before):
        return False
    after = tokens[at + 1 : at + _COMPARED]
    units = next((place for place in range(1, len(after)) if after[place].text == "hu"), 0)
    if units and after[units - 1].text[0].isdigit() and float(after[units - 1].text) < _FATTY:
        return all(token.text in _ATTENUATION for token in after[: units - 1])
    darker = next((place for place, token in enumerate(after) if token.text in _DARKER), -1)
    said = [token.text for token in after]
    return darker >= 0 and "spleen" in said[darker:] and _OTHER_THING.isdisjoint(said)


def _is_below(tokens: Sequence[Token]) -> bool:
    """Whether the size is one that none reaches: "nodes UNDER 1 cm", "LESS THAN 10 mm"."""
    return any(before.text in _BELOW and after.text[0].isdigit() for before, after in itertools.pairwise(tokens))


# What is enlarged where it is called large.
LARGE = frozenset({"heart", "liver", "spleen", "prostate", "uterus"})
_VERBS = wordset("is appears remains looks are")
_GOING_ON = wordset("with and also again stable unchanged persists")
_ASPECTS = wordset("shadow silhouette size outline")


def is_called_large(tokens: Sequence[Token], at: int) -> bool:
    """Whether token `at` names an organ that is called large: "LARGE heart", "the cardiac shadow IS LARGE"."""
    if LARGE.isdisjoint(tokens[at].canon):
        return False
    after = [token.text for token in tokens[at + 1 : at + 4]]
    after = after[1:] if after and after[0] in _ASPECTS else after
    if after[:1] and after[0] in _VERBS and after[1:2] == ["large"]:
        return True
    last = not after or not after[0][0].isalpha() or after[0] in _VERBS or after[0] in _GOING_ON
    return last and at > 0 and tokens[at - 1].text == "large"
