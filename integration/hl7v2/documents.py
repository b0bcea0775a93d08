"""Text out of encapsulated documents (HL7 v2.8 §2A.2.24, ED): what the bytes are counts, not what they are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from integration.content import BINARY, base64_bytes, hidden_document, is_markup, kind_of
from integration.documents import Unreadable, text_of
from integration.hl7v2.charset import decode
from integration.hl7v2.segments import Parts

_BLANKS = re.compile(r"\s+")
_TYPES = {"PDF": "application/pdf", "RTF": "application/rtf", "HTML": "text/html"}


class NoText(ValueError):
    """The document gives no text; the reason names the fault, never the content."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An ED, or what was sent in its place: `data` as text, `encoding` as ED.4 names it, `kind` ED.3 or ED.2."""

    data: str
    encoding: str = ""
    kind: str = ""

    @property
    def encoded(self) -> bool:
        """Whether the data are said to be base64 or hexadecimal digits."""
        return self.encoding in ("BASE64", "HEX")


def encapsulated(parts: Parts) -> Piece:
    """An ED's components: source, type, subtype, encoding, data. Data in another component are found there."""
    data = parts.whole(5)
    if not data.strip():
        elsewhere = max((parts.whole(number) for number in range(1, 8)), key=len)
        data = elsewhere if len(elsewhere) > _LONGEST_NAME else ""
    return Piece(data, parts.value(4).upper(), (parts.value(3) or parts.value(2)).upper())


def document_text(pieces: Sequence[Piece]) -> str:
    """The text of a document that came in one piece or in several. Raises NoText."""
    if not any(piece.data.strip() for piece in pieces):
        raise NoText("the document is empty")
    content = _content(pieces)
    kind = kind_of(content)
    named = next((piece.kind for piece in pieces if piece.kind), "")
    if kind == BINARY or (not kind and named in IMAGES):
        raise NoText(f"the {_named(named)} document is not text")
    if kind.startswith("image/"):
        raise NoText(f"the {_named(named) if named in IMAGES else kind.partition('/')[2].upper()} document is not text")
    if kind in ("", "text/html"):
        content = decode(content).text.encode()
    try:
        return text_of(content, f"{kind or _TYPES.get(named, 'text/plain')}; charset=utf-8").replace("\x00", "")
    except Unreadable as error:
        raise NoText(str(error)) from None


IMAGES = frozenset({"JPEG", "JPG", "PNG", "TIFF", "GIF", "DICOM", "ZIP"})


def _named(kind: str) -> str:
    return re.sub(r"[^A-Z0-9-]", "", kind)[:20] or "unnamed"


def _content(pieces: Sequence[Piece]) -> bytes:
    """The bytes of all pieces. They were cut before they were encoded, or after."""
    encoding = next((piece.encoding for piece in pieces if piece.encoding), "")
    if encoding == "HEX":
        return _hexadecimal("".join(piece.data for piece in pieces))
    if encoding == "BASE64":
        return _base64([piece.data for piece in pieces])
    apart = [piece.data for piece in pieces]
    first = apart[0].lstrip()
    whole = "\n" if is_markup(first) else "" if first.startswith("{\\rtf") else None
    joined = whole.join(apart) if whole is not None else _joined(apart)
    return hidden_document(joined) or joined.encode()


def _base64(pieces: list[str]) -> bytes:
    apart = [_BLANKS.sub("", piece) for piece in pieces]
    cut_after = any(len(piece) % 4 for piece in apart[:-1])
    found = [base64_bytes("".join(apart))] if cut_after else [base64_bytes(piece) for piece in apart]
    if None not in found:
        content = [piece for piece in found if piece]
        return b"".join(content) if kind_of(content[0] if content else b"") else _lines(content)
    whole = _joined(pieces)
    if len(whole.split()) < _FEWEST_WORDS:
        raise NoText("ED.5 is not valid base64")
    return whole.encode()


# What is longer is no name of a system, type or encoding.
_LONGEST_NAME = 24
_FEWEST_WORDS = 3


def _hexadecimal(data: str) -> bytes:
    try:
        return bytes.fromhex(_BLANKS.sub("", data))
    except ValueError:
        raise NoText("ED.5 is not valid hex") from None


def _lines(pieces: list[bytes]) -> bytes:
    """Pieces of plain text; one that ends within a character is no line of its own."""
    try:
        return _joined([piece.decode() for piece in pieces]).encode()
    except UnicodeDecodeError:
        return b"".join(pieces)


def _joined(pieces: Sequence[str]) -> str:
    """Pieces of plain text: a line each, but where one was cut within a sentence or all were cut to one size."""
    sizes = {len(piece) for piece in pieces[:-1]}
    if len(pieces) > _TWO and len(sizes) == 1 and len(pieces[-1]) <= max(sizes):
        return "".join(pieces)
    whole: list[str] = []
    for before, piece in zip(("", *pieces), pieces, strict=False):
        goes_on = before and not before.endswith(_SENTENCE_ENDS) and not piece[:1].isupper()
        whole += ["\n" if before and not goes_on else "", piece]
    return "".join(whole)


_TWO = 2
_SENTENCE_ENDS = (".", ":", "?", "!", "\n")
