"""What its size makes of a lesion of the lung: "9 mm LESION in the right upper lobe" a nodule, one of 4 cm a mass."""

from __future__ import annotations

from collections.abc import Sequence

from services.reading.rules.measured import sizes
from services.reading.rules.tokens import Token
from services.reading.rules.wordset import wordset

# A rounded lesion of the lung is a mass beyond this size, in mm, else a nodule (Fleischner Society glossary,
# Radiology 2008;246:697).
_LARGEST_NODULE = 30.0
_ROUND = wordset("rounded round nodular spherical ovoid oval circumscribed coin")
_OF_LUNG = wordset(
    """lung lobe lingula rul rml rll lul lll zone base apex apical basal basilar subpleural perihilar hilum suprahilar
    infrahilar midzone"""
)
_OTHER_PARTS = wordset(
    """liver kidney spleen adrenal thyroid breast bone rib vertebra sternum node pleura mediastinum brain pancreas skin
    scapula clavicle hepatic lytic sclerotic"""
)
LESIONS = frozenset({"lesion", "opacity", "hypodensity"})
_ASIDE, _AHEAD = 7, 12
# What it only touches is no place of it: "ABUTTING THE PLEURA in the right lower zone".
_TOUCHING = wordset("abutting abuts contacting contacts touching touches against indenting tethering tethered adjacent")
_TOUCHED = 4


def nodule_or_mass(tokens: Sequence[Token], at: int) -> str:
    """What the size of a lesion of the lung makes it: "nodule" of "9 mm LESION in the right upper lobe", or "mass"."""
    near = _without_touched(tokens[max(0, at - _ASIDE) : at + _AHEAD])
    words = {word for token in near for word in token.canon}
    rounded = any(token.text in _ROUND for token in tokens[max(0, at - 3) : at])
    if _OF_LUNG.isdisjoint(words) or not _OTHER_PARTS.isdisjoint(words):
        return ""
    if "lesion" not in tokens[at].canon and not rounded:
        return ""
    told = sizes(near)
    return ("mass" if max(told) > _LARGEST_NODULE else "nodule") if told else ""


def _without_touched(near: Sequence[Token]) -> Sequence[Token]:
    start = next((at for at, token in enumerate(near) if token.text in _TOUCHING), len(near))
    return [*near[:start], *near[start + _TOUCHED :]]
