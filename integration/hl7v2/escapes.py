"""Escape sequences in text (HL7 v2.8 §2.7).

Not by the `hl7` library: its decoder writes the text it cannot decode to the log, and drops it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from integration.characters import storable

_LINE_COMMANDS = {".br", ".sp", ".ce", ".sk", ".fi", ".nf", ".in", ".ti"}
_BREAKS = {".br", ".sp", ".ce"}
_MOST_BREAKS = 99
# Switches to another character set (HL7 v2.8 §2.7.3): the text they enclose was decoded with the message.
_OTHER_SET = re.compile(r"C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?")


@dataclass(frozen=True)
class Marks:
    """The separators a message is written with."""

    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    field: str = "|"
    truncation: str = "#"

    @cached_property
    def _sequence(self) -> re.Pattern[str]:
        """Neighbouring hexadecimal sequences at once, since they may be the bytes of one character; else one."""
        escape = re.escape(self.escape)
        bytes_ = rf"(?:{escape}[Xx][0-9A-Fa-f\s]{{1,2000}}{escape})+"
        return re.compile(f"(?P<bytes>{bytes_})|{escape}(?P<name>[^{escape}\r\n]{{1,60}}){escape}")

    def decode(self, text: str, codec: str = "utf-8") -> str:
        """The text with its escapes resolved; a sequence that is not known stays as it was sent."""
        if self.escape not in text:
            return text
        return self._sequence.sub(lambda match: self._one(match, codec), text)

    def _one(self, match: re.Match[str], codec: str) -> str:
        if match.group("bytes"):
            return self._bytes(match.group("bytes"), codec)
        name = match.group("name")
        plain = {
            "F": self.field,
            "S": self.component,
            "T": self.subcomponent,
            "R": self.repetition,
            "E": self.escape,
            "P": self.truncation,
            "H": "",
            "N": "",
        }
        if name in plain:
            return plain[name]
        if _OTHER_SET.fullmatch(name):
            return ""
        if name[:3].lower() in _LINE_COMMANDS:
            return _layout(name[:3].lower(), name[3:].strip())
        return match.group(0)

    def _bytes(self, sequences: str, codec: str) -> str:
        pieces = sequences.split(self.escape)[1::2]
        digits = ["".join(piece[1:].split()) for piece in pieces]
        # A single digit is a byte; what else is odd is no number of bytes and stays as it was sent.
        padded = [f"0{each}" if len(each) == 1 else each for each in digits]
        if any(len(each) % 2 or not each for each in padded):
            return sequences
        return storable(_characters(bytes.fromhex("".join(padded)), codec))


def _layout(command: str, count: str) -> str:
    if command == ".sk":
        return " " * _number(count)
    if command in _BREAKS:
        return "\n" * _number(count)
    return ""


def _number(count: str) -> int:
    digits = count.lstrip("+")
    return min(int(digits), _MOST_BREAKS) if digits.isascii() and digits.isdigit() else 1


def _characters(data: bytes, codec: str) -> str:
    for each in (codec, "utf-8", "cp1252"):
        try:
            return data.decode(each, "strict")
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
