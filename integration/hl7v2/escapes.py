"""Escape sequences in text (HL7 v2.8 §2.7).

Not by the `hl7` library: its decoder writes the text it cannot decode to the log, and drops it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_LINE_COMMANDS = {".br", ".sp", ".ce", ".sk", ".fi", ".nf", ".in", ".ti"}
_BREAKS = {".br", ".sp", ".ce"}
_MOST_BREAKS = 99


@dataclass(frozen=True)
class Marks:
    """The separators a message is written with."""

    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    field: str = "|"

    @cached_property
    def _sequence(self) -> re.Pattern[str]:
        escape = re.escape(self.escape)
        return re.compile(f"{escape}([^{escape}\r\n]{{1,60}}){escape}")

    def decode(self, text: str, codec: str = "utf-8") -> str:
        """The text with its escapes resolved; a sequence that is not known stays as it was sent."""
        if self.escape not in text:
            return text
        return self._sequence.sub(lambda match: self._one(match, codec), text)

    def _one(self, match: re.Match[str], codec: str) -> str:
        name = match.group(1)
        plain = {
            "F": self.field,
            "S": self.component,
            "T": self.subcomponent,
            "R": self.repetition,
            "E": self.escape,
            "H": "",
            "N": "",
        }
        if name in plain:
            return plain[name]
        if name[0] in "Xx":
            return _hexadecimal(name[1:], codec) or match.group(0)
        if name[:3].lower() in _LINE_COMMANDS:
            return _layout(name[:3].lower(), name[3:].strip())
        return match.group(0)


def _layout(command: str, count: str) -> str:
    if command == ".sk":
        return " " * _number(count)
    if command in _BREAKS:
        return "\n" * _number(count)
    return ""


def _number(count: str) -> int:
    digits = count.lstrip("+")
    return min(int(digits), _MOST_BREAKS) if digits.isascii() and digits.isdigit() else 1


def _hexadecimal(digits: str, codec: str) -> str:
    try:
        return bytes.fromhex(digits).decode(codec, "strict")
    except UnicodeDecodeError:
        return bytes.fromhex(digits).decode("latin-1")
    except ValueError:
        return ""
