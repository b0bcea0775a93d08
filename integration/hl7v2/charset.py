"""Which characters a message is written in: MSH-18 and BOM when they hold, else UTF-8, else Windows-1252."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

# HL7 table 0211, and the ways senders really write its entries (compared without case, spaces and signs).
_CODECS = {
    "ASCII": "ascii",
    "USASCII": "ascii",
    "UNICODE": "utf-8",
    "UNICODEUTF8": "utf-8",
    "UNICODEUTF16": "utf-16",
    "UNICODEUTF32": "utf-32",
    "UTF8": "utf-8",
    "UTF16": "utf-16",
    "ISOIR6": "ascii",
    "ISOIR14": "shift_jis",
    "ISOIR87": "iso2022_jp",
    "ISOIR159": "iso2022_jp_2",
    "GB180302000": "gb18030",
    "GB18030": "gb18030",
    "KSX1001": "euc_kr",
    "BIG5": "big5",
    "CNS116431992": "big5hkscs",
    "WINDOWS1252": "cp1252",
    "CP1252": "cp1252",
}
_SWITCHED = frozenset({"ISOIR87", "ISOIR159"})
_LATIN = re.compile(r"(?:ISO)?8859(1[0-6]|[1-9])\Z")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """`text` and the Python codec it was read with; `fallback` tells that the declared one did not hold."""

    text: str
    codec: str
    fallback: bool = False


def codec_of(name: str) -> str | None:
    """The Python codec of an MSH-18 value, None if it names none that is known.

    Its first repetition counts, but where others name Japanese sets: these are switched to by escapes (ISO 2022).
    """
    keys = [re.sub(r"[^A-Z0-9]", "", each.upper()) for each in name.split("~")]
    if not _SWITCHED.isdisjoint(keys[1:]):
        return "iso2022_jp_ext"
    key = keys[0]
    latin = _LATIN.match(key)
    if latin:
        return f"iso8859-{latin.group(1)}"
    return _CODECS.get(key)


def decode(body: bytes, declared: str = "", preferred: str = "") -> Decoded:
    """Decode a whole message. `declared` is MSH-18, `preferred` the site's setting for a silent sender.

    Never raises: what nothing else can read is read as Windows-1252 with Latin-1 for its gaps.
    """
    named = codec_of(declared) or codec_of(preferred)
    marked = next((codec for mark, codec in _MARKS if body.startswith(mark)), None)
    for codec in filter(None, (marked, named, "utf-8", "cp1252")):
        text = _try(body, codec)
        if text is not None:
            return Decoded(text, codec, fallback=bool(named) and codec not in (named, marked))
    return Decoded(body.decode("latin-1"), "latin-1", fallback=True)


def _try(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        return None
