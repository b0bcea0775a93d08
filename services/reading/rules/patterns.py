"""Word lists as patterns."""

from __future__ import annotations


def any_of(phrases: str) -> str:
    """The phrases, separated by " | " or line ends, as alternatives of a regular expression."""
    parts = (" ".join(part.split()) for part in phrases.replace("\n", " | ").split(" | "))
    return f"(?:{'|'.join(part for part in parts if part)})"
