"""Why a message is held back: where, what is there, what should be, and the setting that would accept it.

What is there is told by its shape, for any field may hold a patient's words.
"""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"\b(?:of )?[A-Z][A-Z0-9]{2} \d+(?: to \d+)?")
_COUNTED = re.compile(r"(?<![-\w])\d+\b")


def reason(place: str, found: str, expected: str, setting: str = "", of: str = "the sender's ") -> str:
    """ "OBR-25 of OBR 1: found …, expected …; the sender's `status` can accept it"; `of` is whose setting it is."""
    accepts = f"; {of}`{setting}` can accept it" if setting else ""
    return f"{place}: found {found}, expected {expected}{accepts}"


def shape(value: str) -> str:
    """A value without its words: "nothing", "a number", "a word of 6 letters", "3 words"."""
    words = value.split()
    if not words:
        return "nothing"
    if len(words) > 1:
        return f"{len(words)} words"
    if words[0].replace(".", "", 1).isdigit():
        return "a number"
    return f"a word of {len(words[0])} letters" if words[0].isalpha() else f"{len(words[0])} characters"


def kind_of_reason(reason: str) -> str:
    """The reason without the numbers of its segments, so that like reasons are counted together."""
    first = reason.split("; OB", 1)[0]
    return " ".join(_COUNTED.sub("n", _NUMBERED.sub("", first)).replace(" :", ":").split())
