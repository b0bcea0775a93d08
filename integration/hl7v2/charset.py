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


# Windows' sets have letters and quotation marks where those of ISO 8859 have control characters that no text holds.
_WINDOWS = {
    "iso8859-1": "cp1252",
    "iso8859-15": "cp1252",
    "iso8859-2": "cp1250",
    "iso8859-5": "cp1251",
    "iso8859-7": "cp1253",
    "iso8859-9": "cp1254",
    "iso8859-8": "cp1255",
    "iso8859-6": "cp1256",
    "iso8859-13": "cp1257",
}
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_WIDE = ("utf-16", "utf-32")
_DOES_NOT_FIT = "the declared character set does not fit"


@dataclass(frozen=True, slots=True)
class Decoded:
    """`text` and the Python codec it was read with; `problem` tells why it is not the declared one."""

    text: str
    codec: str
    problem: str = ""

    @property
    def fallback(self) -> bool:
        """Whether the declared set did not hold."""
        return bool(self.problem)


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

    What is declared is checked against the bytes: Latin sets by the controls they would give, all by what UTF-8
    alone can look like. Never raises: what nothing else can read is read as Windows-1252 with Latin-1 for its gaps.
    """
    marked = next((codec for mark, codec in _MARKS if body.startswith(mark)), None)
    if marked and (text := _try(body, marked)) is not None:
        return Decoded(text, marked)
    named = codec_of(declared) or codec_of(preferred)
    unknown = bool(declared.strip()) and codec_of(declared) is None
    problem = "the character set is not known" if unknown else ""
    if named and not _contradicted(body, named):
        text = _try(body, named)
        if text is not None:
            return Decoded(text, named, problem)
    found = _by_its_bytes(body, named)
    return Decoded(found.text, found.codec, problem or found.problem or (_DOES_NOT_FIT if named else ""))


def _contradicted(body: bytes, named: str) -> bool:
    """Whether the bytes say that they are of another set than the one named."""
    if named.startswith(_WIDE):
        return body.lstrip()[:4].isascii() and b"\x00" not in body[:8]
    if named.startswith("iso8859"):
        return bool(_NOT_ASCII.search(body)) and (_is_utf8(body) or bool(_CONTROLS.search(body)))
    return named == "cp1252" and bool(_NOT_ASCII.search(body)) and _is_utf8(body)


def _by_its_bytes(body: bytes, named: str | None) -> Decoded:
    text = body.decode("utf-8", "surrogateescape")
    strays = _STRAY.findall(text)
    if not strays:
        return Decoded(text, "utf-8")
    if sum(each > "\x7f" for each in text) >= 2 * len(strays):
        return Decoded(_STRAY.sub(_windows, text), "utf-8", "bytes of another character set stand among UTF-8")
    for codec in (_WINDOWS.get(named or "", "cp1252"), "cp1252"):
        found = _try(body, codec)
        if found is not None:
            return Decoded(found, codec)
    return Decoded(body.decode("latin-1"), "latin-1", _DOES_NOT_FIT)


_STRAY = re.compile("[\udc80-\udcff]")


def _windows(stray: re.Match[str]) -> str:
    return bytes([ord(stray.group()) - 0xDC00]).decode("cp1252", "replace")


def _is_utf8(body: bytes) -> bool:
    return _try(body, "utf-8") is not None


def _try(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeError:
        return None
