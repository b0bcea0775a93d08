"""One report's OBX in the order sent, each as what it is: words, a document (in pieces, maybe), data, a reference."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from integration.content import hidden_document, is_markup, kind_of
from integration.hl7v2.documents import Piece, encapsulated
from integration.hl7v2.segments import NULL, Parts, Segment
from integration.wordlists import listed

NARRATIVE = frozenset({"", "TX", "FT", "ST", "ED"})
CODED = frozenset({"CE", "CWE", "CNE", "CF"})
REFERENCES = frozenset({"RP"})
# Data types of HL7 v2.8 chapter 2A, and of the versions before it, that are no prose.
DATA = frozenset(
    listed("""AD AUI CCD CCP CD CK CN CP CQ CX DDI DIN DLD DLN DLT DR DT DTM DTN EI EIP ERL FC FN GTS HD ICD ID IS JCC
    LA1 LA2 MA MO MOC MOP MSG NA NDL NM NR OCD OSD OSP PCF PI PIP PL PLN PN PPN PRL PT PTA QIP QSC RCD RFR RI RMC SAD
    SCV SI SN SPD SPS SRT TM TN TQ TS UVC VH VID VR WVI WVS XAD XCN XON XPN XTN""")
)
_NUMBER = re.compile(r"[<>=~ ]*[+-]?\d+(?:[.,]\d+)?%?")
_WORD = re.compile(r"[^\W\d_]{3,}")
_FEWEST_WORDS = 3
_ROOT = re.compile(r"\s*(?:<\?xml[^>]*>|<!doctype[^>]*>|<!--.*?-->|\s)*<([A-Za-z][\w:.-]*)", re.I | re.S)


class What(Enum):
    """What an OBX carries."""

    WORDS = "words"
    DOCUMENT = "document"
    CODED = "coded"
    REFERENCE = "reference"
    DATA = "data"


@dataclass
class Line:
    """One OBX, or those over which a document was cut: `obx` is the first; `text` the words where it is words."""

    what: What
    obx: Segment
    text: str = ""
    pieces: list[Piece] = field(default_factory=list)
    others: list[Segment] = field(default_factory=list)
    ended: bool = False
    depth: int = 0

    def add(self, obx: Segment, piece: Piece) -> None:
        """Takes in the next piece of a document."""
        self.others.append(obx)
        self.pieces.append(piece)
        self.look(piece.data)

    def look(self, data: str) -> None:
        """Whether a document in text fields has ended: braces closed, the root element closed, base64 padded."""
        first = self.pieces[0].data
        if first.lstrip().startswith("{\\rtf"):
            bare = data.replace("\\\\", "").replace("\\{", "").replace("\\}", "")
            self.depth += bare.count("{") - bare.count("}")
            self.ended = self.depth <= 0
        elif is_markup(first):
            root = _root(first)
            self.ended = root in _ROOTS and bool(re.search(rf"</(?:\w+:)?{root}\s*>", data, re.I))
        else:
            self.ended = data.rstrip().endswith("=")

    @property
    def place(self) -> str:
        """ "OBX 2", or "OBX 2 to 4"."""
        return f"{self.obx.place} to {self.others[-1].number}" if self.others else self.obx.place


def is_measurement(obx: Segment) -> bool:
    """A number sent as a string (ST), as monitors and analysers do: alone it is no report."""
    return obx.value(2).upper() == "ST" and bool(_NUMBER.fullmatch(obx.value(5)) or _has_unit(obx))


def _has_unit(obx: Segment) -> bool:
    return bool(obx.value(6)) and len(_WORD.findall(obx.value(5))) < _FEWEST_WORDS


def what_is(obx: Segment) -> What:
    """By OBX-2; a type nobody knows is prose, and so is prose under a type of data."""
    kind = obx.value(2).upper()
    if kind == "ED":
        return What.DOCUMENT
    if kind in CODED:
        return What.CODED
    if kind in REFERENCES:
        return What.REFERENCE
    if kind in DATA and len(_WORD.findall(obx.raw(5))) < _FEWEST_WORDS:
        return What.DATA
    return What.WORDS


def as_lines(observations: Iterable[Segment]) -> list[Line]:
    """The OBX as lines; those that a document was cut over are one."""
    lines: list[Line] = []
    for obx in observations:
        line = _line(obx)
        if lines and _continues(lines[-1], line):
            for piece in line.pieces or [Piece(line.text)]:
                lines[-1].add(obx, piece)
        else:
            lines.append(line)
    return lines


def _line(obx: Segment) -> Line:
    what = what_is(obx)
    if what is What.DOCUMENT:
        return Line(what, obx, pieces=[encapsulated(parts) for parts in obx.repeats(5)])
    if what is not What.WORDS:
        return Line(what, obx)
    text = tidy(obx.text(5))
    if text.strip() == NULL:
        text = ""
    piece = _carried(obx, text)
    if piece is None:
        return Line(what, obx, text)
    line = Line(What.DOCUMENT, obx, text, [piece])
    line.look(piece.data)
    return line


def tidy(text: str) -> str:
    """Without NUL, and with one kind of line end."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _carried(obx: Segment, text: str) -> Piece | None:
    """The document that stands in a text field, None where it is text."""
    if text.lstrip().startswith("{\\rtf") or is_markup(text):
        return Piece(text)
    if hidden_document(text) is not None or _begins_encoded(text):
        return Piece(text)
    parts = obx.parts(5)
    return _displaced(parts) if obx.marks.component in parts.raw else None


def _begins_encoded(text: str) -> bool:
    """A first piece of base64, cut anywhere."""
    dense = "".join(text[:400].split())
    data = hidden_document(dense[: len(dense) // 4 * 4])
    return data is not None and kind_of(data) != "" and hidden_document("".join(text.split())[:400]) is not None


def _displaced(parts: Parts) -> Piece | None:
    """An ED typed as text."""
    piece = encapsulated(parts)
    named = piece.encoding in ("BASE64", "HEX")
    return piece if named or hidden_document(piece.data) is not None else None


def _continues(open_line: Line, line: Line) -> bool:
    """Whether a line is the next piece of the document before it."""
    first, obx = open_line.obx, line.obx
    if open_line.what is not What.DOCUMENT or not _holds(line) or first.raw(3) != obx.raw(3):
        return False
    if first.value(2).upper() == "ED":
        return obx.value(2).upper() == "ED" and _same_kind(open_line, line) and not _begins(line)
    return obx.value(2).upper() == first.value(2).upper() and not open_line.ended and not _begins(line)


def _holds(line: Line) -> bool:
    """Whether there is anything in a line."""
    return bool(line.text.strip() or any(piece.data.strip() for piece in line.pieces))


def _same_kind(open_line: Line, line: Line) -> bool:
    before, now = open_line.pieces[0], line.pieces[0]
    return now.kind in ("", before.kind) and now.encoding in ("", before.encoding)


def _begins(line: Line) -> bool:
    """Whether a piece begins a document of its own."""
    text = line.pieces[0].data if line.pieces else line.text
    if text.lstrip().startswith("{\\rtf") or (_ROOT.match(text[:500]) and _root(text) in _ROOTS):
        return True
    data = hidden_document("".join(text[:400].split())[:400]) if line.pieces and not is_markup(text) else None
    return data is not None and kind_of(data) not in ("", "application/octet-stream", "text/html")


_ROOTS = frozenset({"html", "clinicaldocument"})


def _root(text: str) -> str:
    found = _ROOT.match(text[:2000])
    return found.group(1).rpartition(":")[2].casefold() if found else ""
