"""The check digit of SNOMED CT identifiers (SNOMED CT Release File Specification, "Check-digit computation")."""

from __future__ import annotations

_MULTIPLY = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_PERMUTE = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def checks(digits: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of the others."""
    state = 0
    for place, digit in enumerate(reversed(digits)):
        state = _MULTIPLY[state][_PERMUTE[place % 8][int(digit)]]
    return state == 0


def is_sctid(code: str) -> bool:
    """Whether a code has the form of a SNOMED CT concept id: 6 to 18 digits, partition 00 or 10, check digit.

    The partition is the second and third digit from the right; 0 in its second place means a concept.
    """
    digits = code.isascii() and code.isdigit() and 6 <= len(code) <= 18 and code[0] != "0"
    return digits and code[-3:-1] in ("00", "10") and checks(code)
