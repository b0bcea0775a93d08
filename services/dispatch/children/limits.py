"""Limits of a child, and the sentence that names the one that was met."""

from __future__ import annotations

from services.settings import PREFIX, Limits

_SENTENCES = {
    "cpu": "it took more than {:g} s of processor time",
    "wall": "it took more than {:g} s",
    "memory": "it took more than {} bytes of memory",
    "output": "it gave more than {} bytes",
    "text": "a report has more than {} characters",
}


class Over(Exception):
    """A limit was met. The message names it and its setting, and holds nothing of the document."""


def over(name: str, limits: Limits) -> Over:
    """The fault that names a limit."""
    return Over(f"{_SENTENCES[name].format(getattr(limits, name))} ({PREFIX}LIMITS__{name.upper()})")
