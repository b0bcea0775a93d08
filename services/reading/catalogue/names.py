"""Candidates for finding names that stand in no catalogue."""

from __future__ import annotations

import re

from integration.canonical import Finding
from services.reading.catalogue.phrases import normalise
from services.reading.reader import Candidate

SIDED = re.compile(r"\b(left|right|bilateral|[lr]t)\b")


def candidate_from_name(name: str) -> Candidate:
    """A candidate with only a name: side, level and head noun stay in it for the reader to hold it to.

    "Left L4-L5 disc herniation" -> id left_l4_l5_disc_herniation, synonym "left l4 l5 disc herniation".
    Raises ValueError for a name without a letter.
    """
    phrase = normalise(name)
    if not re.search(r"[a-z]", phrase):
        raise ValueError("a finding needs a name with at least one letter")
    return Candidate(
        finding=Finding(id=phrase.replace(" ", "_"), name=" ".join(name.split())),
        synonyms=(phrase,),
        sides=bool(SIDED.search(phrase)),
    )
