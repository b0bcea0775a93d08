"""The normal form in which catalogue phrases are kept and compared."""

from __future__ import annotations

import re

NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def normalise(phrase: str) -> str:
    """Lower case, every run of anything but letters and digits one space: "T2/FLAIR" -> "t2 flair"."""
    return NOT_A_WORD.sub(" ", phrase.lower().replace("'", "").replace("’", "")).strip()


def normal_forms(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """Each phrase in its normal form, once, in order."""
    return tuple(dict.fromkeys(normalise(phrase) for phrase in phrases))
