"""Sentences of a report: hard line breaks joined where a line was wrapped, split where one was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from integration.canonical import SectionKind
from services.reading.rules import fields
from services.reading.rules.anatomy import ANATOMY, is_level, related
from services.reading.rules.asides import is_answer, is_history, is_of_records, is_question
from services.reading.rules.corrections import refuted
from services.reading.rules.exam import is_title
from services.reading.rules.headings import EXAM_WORDS, Block
from services.reading.rules.heads import FINDINGS
from services.reading.rules.lines import LABEL, LABEL_WORDS, MARKER, wraps
from services.reading.rules.side_headings import heads_side
from services.reading.rules.tokens import Token, tokenise
from services.reading.rules.words import SIDES
from services.reading.rules.wordset import wordset

_ABBREVIATIONS = wordset(
    """dr mr mrs ms vs approx e.g i.e fig st ca cf al resp incl max min wt ht ser im img est dept prof jr sr dx hx
    adv tx sx pt inc"""
)
# Besides the marks that end one: "Effusion: none, PNEUMOTHORAX: small", "Lungs: clear HEART: normal".
_STOP = re.compile(
    r"[.!?]+(?=[\s\"')\]]|$|[A-Z])|;(?=\s|$)"
    r"|,(?=\s+[A-Za-z][A-Za-z/-]*(?: [A-Za-z][A-Za-z/-]*){0,3}:(?:\s|$))"
    r"|,(?=\s+(?:[RL]|[RrLl]t|[Rr]ight|[Ll]eft)(?: [a-z]+)?\s+[-–]\s)"
    r"|(?<=[a-z0-9)])(?<![Ll]eft)(?<![Rr]ight)(?<!\b[RrLl]t)(?=\s[A-Z][A-Z/&]+(?: [A-Z/&]+){0,3}:(?:\s|$))"
)
# "Effusion - nil."
_ANSWERED = re.compile(
    r"(?P<label>[A-Za-z][A-Za-z /]{1,40}?)[ \t]+[-–][ \t]*(?=(?:none|nil|no|absent|negative|present|positive|yes|normal"
    r"|clear|unremarkable|intact|not seen)\b[ \t]*(?:[.,;]|$)"
    r"|(?:left|right|lt|rt|bilateral|b/l|small|large|mild|moderate|severe|trace|tiny|minimal)\b)",
    re.IGNORECASE,
)
# "R - 3 mm stone", also after another label: "KIDNEYS: R - 3 mm stone".
_SIDED = re.compile(r"[ \t]*(?:[RL]|[RrLl]t|[Rr]ight|[Ll]eft|RIGHT|LEFT)(?: [A-Za-z]+)?[ \t]+[-–](?=\s)")
_CLAUSE_END = re.compile(r"[,;](?=\s)|\s(?=(?:and|but|with) )")
# "Nodule 2, right lower: 0.9 cm" is one label.
_NUMBERED = re.compile(r"[A-Za-z]+(?: [a-z]+)? #?(?:\d{1,2}|[A-D])")
_NUMBERED_LINE = re.compile(r"[ \t]*\n[ \t]*(?:#?\d{1,2}\b|[-•*] )")
# "Nodule 1. Right mid." tells of the first nodule.
_NUMBERED_LESION = re.compile(
    r"(?:nodule|lesion|mass|cyst|node|fibroid|aneurysm|stone|collection) #?\d{1,2}\.", re.IGNORECASE
)
_RATIO = re.compile(r"\b[A-Z]{1,3}:[A-Z]{1,3}\b")
_SHORT = 4
# Words of a remark after a comma that ends with a question mark, at most.
_ASKED = 3
_PASSES_FOR_FINDINGS = frozenset({SectionKind.FINDINGS, SectionKind.OTHER})


class Sentence(NamedTuple):
    """A sentence at [start, end). The first `label` tokens are its own label ("Liver:").

    `context`: canonical words of the label it stands under, its own included; `number`: position in the report;
    `paragraph`: number of its paragraph; `blank`: a field in it was left open ("***", "Effusion: ___");
    `refuted`: spans of the report, inside it, that name what something was taken for and is not.
    """

    kind: SectionKind
    start: int
    end: int
    tokens: tuple[Token, ...]
    label: int
    context: frozenset[str]
    context_tokens: tuple[Token, ...]
    number: int
    paragraph: int
    blank: bool = False
    refuted: tuple[tuple[int, int], ...] = ()


class _Piece(NamedTuple):
    """A span that becomes a sentence: tokens of [start, label) are its label, those of [said, end) its words."""

    start: int
    end: int
    label: int = -1
    said: int = -1
    blank: bool = False


def sentences(text: str, blocks: list[Block]) -> list[Sentence]:
    """Every sentence of every block, in order."""
    soft = wraps(text)
    made = _Sentences(text)
    for block in blocks:
        for start, end in _paragraphs(text, block, soft):
            made.read(block, start, end)
    return made.found


def _paragraphs(text: str, block: Block, soft: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Spans of running text between deliberate breaks."""
    start = at = block.start
    while (newline := text.find("\n", at, block.end)) >= 0:
        if newline not in soft:
            yield start, newline
            start = newline + 1
        at = newline + 1
    yield start, block.end


class _Sentences:
    """The sentences found so far, and what later ones are judged by."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Sentence] = []
        self.paragraph = 0
        # How many sentences told what the exam shows.
        self.told = 0
        # The label of an organ that the lines below it are about.
        self.outer: tuple[Token, ...] = ()
        # The label that opened a line and names one side, which lines without one below it continue ("LEFT KNEE:").
        self.over: tuple[Token, ...] = ()
        # Where the side that heads the lines below it ends ("Left breast" alone on its line), or -1.
        self.headed = -1
        # The label of findings that the lines below it list ("Nodules:").
        self.listed: tuple[Token, ...] = ()
        self.open_fields = fields.first_open(text) is not None

    def read(self, block: Block, start: int, end: int) -> None:
        """Adds the sentences of a paragraph."""
        self.paragraph += 1
        context: tuple[Token, ...] = ()
        words: frozenset[str] = frozenset()
        self._forget_label(block, start)
        for piece in self._pieces(start, end):
            tokens, count = self._tokens(piece)
            if not tokens:
                continue
            if heads_side(self.text, start, end):
                count, self.headed = len(tokens), end
            tokens, count = self._item(piece, tokens, count)
            if not count and not context and (self.headed >= 0 or not MARKER.match(self.text, start, end)):
                context = self.over
                words = frozenset(word for token in context for word in token.canon)
            if count:
                context = self._under(tokens[:count])
                opens = not self.text[start : piece.start].strip()
                self.over = context if opens and _is_one_sided(context) else ()
                self.headed = self.headed if self.over else -1
                words = frozenset(word for token in context for word in token.canon)
            kind = self._kind(block, piece, end, tokens)
            if kind is SectionKind.FINDINGS:
                tokens = _doubted(self.text, piece, tokens)
            spans = refuted(self.text, piece.start, piece.end)
            place = (len(self.found), self.paragraph)
            self.found.append(
                Sentence(kind, piece.start, piece.end, tokens, count, words, context, *place, piece.blank, spans)
            )

    def _forget_label(self, block: Block, start: int) -> None:
        """A label is over the lines below it up to an empty line or the end of its section.

        One empty line may stand below a side that heads them.
        """
        if start == block.start or self.text[: start - 1].rstrip(" \t\r").endswith("\n"):
            if start != block.start and self.headed >= 0 and not self.text[self.headed : start].strip():
                return
            self.outer = self.listed = self.over = ()
            self.headed = -1

    def _item(self, piece: _Piece, tokens: tuple[Token, ...], count: int) -> tuple[tuple[Token, ...], int]:
        """A line of a list under "Nodules:" has that for its label: "- RUL 6 mm" is read as "Nodules: RUL 6 mm"."""
        if count or self._heads_list(piece, tokens):
            alone = count in (0, len(tokens)) and any(not FINDINGS.isdisjoint(token.canon) for token in tokens)
            self.listed = tokens if alone else ()
            return tokens, len(tokens) if alone else count
        label = tuple(token._replace(start=piece.start, end=piece.start) for token in self.listed)
        return (*label, *tokens), len(label)

    def _heads_list(self, piece: _Piece, tokens: tuple[Token, ...]) -> bool:
        """Whether a plural alone on its line heads numbered lines: "NODULES", "#1 RUL 5 mm"."""
        plural = len(tokens) == 1 and tokens[0].text.endswith("s") and not FINDINGS.isdisjoint(tokens[0].canon)
        return plural and _NUMBERED_LINE.match(self.text, piece.end) is not None

    def _under(self, label: tuple[Token, ...]) -> tuple[Token, ...]:
        """A label of a part ("Stones:") with the organ's above it ("LEFT KIDNEY:"); a label of an organ is the next."""
        placed = any(map(_is_place, label))
        if _is_one_sided(self.outer) and _is_part(label, self.outer):
            return (*self.outer, *label)
        if placed or any(token.text in SIDES for token in label):
            above = () if placed else tuple(token for token in self.outer if token.text not in SIDES)
            self.outer = (*above, *label)
            return self.outer
        return (*self.outer, *label)

    def _tokens(self, piece: _Piece) -> tuple[tuple[Token, ...], int]:
        """The tokens, and how many of them are the label."""
        if piece.said >= 0:
            label = tokenise(self.text, piece.start, piece.label)
            return (*label, *tokenise(self.text, piece.said, piece.end)), len(label)
        tokens = tuple(tokenise(self.text, piece.start, piece.end))
        end = _label_end(self.text, piece.start, piece.end)
        return tokens, sum(token.end <= end for token in tokens) if end > 0 else 0

    def _kind(self, block: Block, piece: _Piece, line_end: int, tokens: tuple[Token, ...]) -> SectionKind:
        """The section it counts to: a question or a history told before the findings is not one of them."""
        words = self.text[piece.start : piece.end]
        if is_of_records(words):
            return SectionKind.HISTORY
        if block.kind not in _PASSES_FOR_FINDINGS or piece.said >= 0:
            self.told += block.kind is SectionKind.IMPRESSION
            return block.kind
        first = self.told == 0 and block.kind is SectionKind.FINDINGS and not block.headed
        if is_history(words, before_findings=first):
            return SectionKind.HISTORY
        # "Cough. ? consolidation", and the findings in a line of their own.
        ends = (
            self.told == 1 and not self.text[piece.end : line_end].strip() and self.text[line_end : block.end].strip()
        )
        if (first or (ends and not block.headed)) and is_question(words):
            return SectionKind.INDICATION
        named = not self.found and is_title(tokens) and any(token.text in EXAM_WORDS for token in tokens)
        self.told += block.kind is SectionKind.FINDINGS and len(words.split()) > 1 and not named
        return block.kind

    def _pieces(self, start: int, end: int) -> Iterator[_Piece]:
        text = self.text
        if fields.BOX.search(text, start, end):
            yield from self._boxes(start, end)
            return
        spans = [*_split(text, start, end)]
        at = 0
        while at < len(spans):
            first, last = spans[at]
            if at + 1 < len(spans) and is_answer(text[first:last], text[slice(*spans[at + 1])]):
                yield _Piece(first, spans[at + 1][1], last - 1, spans[at + 1][0])
                at += 1
            else:
                yield from self._with_blanks(first, last)
            at += 1

    def _boxes(self, start: int, end: int) -> Iterator[_Piece]:
        """What is ticked; words before the boxes that are no label are sentences of their own."""
        text = self.text
        labelled = fields.labels(text, start, end)
        first = fields.first_box(text, start, end)
        if not labelled and not fields.stand_behind(text, start, end):
            yield from (_Piece(*span) for span in _split(text, start, first))
            start = first
        start = _skip_marker(text, start, end)
        for box in fields.ticked(text, start, end):
            if labelled and box.label > box.start:
                yield _Piece(box.start, box.end, box.label, box.said)
            else:
                yield from (_Piece(*span) for span in _split(text, box.said, box.end))

    def _with_blanks(self, start: int, end: int) -> Iterator[_Piece]:
        """A sentence, or its clauses where one of them holds an open field: only that one is silent."""
        text = self.text
        if not self.open_fields or not _has_blank(text, start, end):
            yield _Piece(start, end)
            return
        cuts = [start, *(each.end() for each in _CLAUSE_END.finditer(text, start, end)), end]
        for first, last in pairwise(cuts):
            for span in _trimmed(text, first, last):
                yield _Piece(*span, blank=_has_blank(text, *span))


def _is_one_sided(label: tuple[Token, ...]) -> bool:
    return {SIDES[token.text] for token in label if token.text in SIDES} in ({"left"}, {"right"})


def _is_part(label: tuple[Token, ...], whole: tuple[Token, ...]) -> bool:
    """Whether a label without a side is of a part of what is over it: "RIGHT KNEE:", "PATELLA:"."""
    own, above = _places(label), _places(whole)
    sided = any(token.text in SIDES for token in label)
    return bool(own) and not sided and own.isdisjoint(above) and related(above, own)


def _places(label: tuple[Token, ...]) -> frozenset[str]:
    return ANATOMY.intersection(word for token in label for word in token.canon)


def _is_place(token: Token) -> bool:
    return not ANATOMY.isdisjoint(token.canon) or any(map(is_level, token.canon))


def _has_blank(text: str, start: int, end: int) -> bool:
    return any(fields.is_open(text, each) for each in fields.BLANK.finditer(text, start, end))


def _doubted(text: str, piece: _Piece, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """ "Early pneumonia?" among the findings leaves it open: the mark before the words, where a doubt stands."""
    if piece.said >= 0 or not text[piece.start : piece.end].rstrip().endswith("?") or tokens[-1].text != "?":
        return tokens
    start = _last_remark(tokens)
    return (*tokens[:start], Token("?", ("?",), tokens[start].start, tokens[start].start), *tokens[start:-1])


def _last_remark(tokens: tuple[Token, ...]) -> int:
    """Where what is asked begins: in "enhancement of the facial nerve, NEURITIS?" with the last words, else at once."""
    comma = next((at for at in range(len(tokens) - 2, 0, -1) if tokens[at].text == ","), 0)
    return comma + 1 if comma and len(tokens) - 2 - comma <= _ASKED else 0


def _label_end(text: str, start: int, end: int) -> int:
    """End of a leading label such as "Liver:" or "L4-L5:", or -1."""
    # Most sentences have no colon, no dash and begin with no level.
    if answered := _ANSWERED.match(text, start, end):
        return answered.end()
    if sided := _SIDED.match(text, start, end) or _NUMBERED_LESION.match(text, start, end):
        return sided.end()
    if text.find(":", start, end) < 0 and not text[start + 1 : start + 2].isdigit():
        return -1
    match = LABEL.match(text, start, end)
    if not match or len(match.group().split()) > LABEL_WORDS or _is_ratio(text, match):
        return -1
    sided = _SIDED.match(text, match.end(), end)
    return sided.end() if sided else match.end()


def _is_ratio(text: str, label: re.Match[str]) -> bool:
    """Whether the colon stands between two things that are compared: "RV:LV 1.3", "is dilated (RV:LV 1.5)"."""
    return _RATIO.search(text, max(label.start(), label.end() - _SHORT), label.end() + _SHORT) is not None


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    first = _skip_marker(text, start, end)
    for match in _STOP.finditer(text, start, end):
        if match.start() < first or not _ends(text, first, match):
            continue
        if match.group() == "," and (_NUMBERED.fullmatch(text, first, match.start()) or _lists(text, first, match)):
            continue
        if match.group() == "." and _NUMBERED_LESION.fullmatch(text, first, match.end()):
            continue
        yield from _trimmed(text, first, match.end())
        first = _skip_marker(text, match.end(), end)
    yield from _trimmed(text, first, end)


def _lists(text: str, first: int, comma: re.Match[str]) -> bool:
    """Whether the comma stands in a list with one answer: "Masses, nodules and effusion: none"."""
    rest = text[comma.end() : text.find(":", comma.end())]
    return " and " in rest and ":" not in text[first : comma.start()]


def _skip_marker(text: str, start: int, end: int) -> int:
    match = MARKER.match(text, start, end)
    return match.end() if match else start


def _ends(text: str, first: int, match: re.Match[str]) -> bool:
    """Whether this mark ends a sentence: not after an abbreviation, an initial or inside a number."""
    if match.group().startswith("?"):
        return text[max(first, match.start() - 1)] not in " \t\n?"  # "? fracture" asks, it ends nothing
    if not match.group().startswith("."):
        return True
    before = text[max(first, match.start() - _LOOK_BACK) : match.start()].rsplit(maxsplit=2)
    if len(before) > 1 and before[-1] in ("R", "L") and before[-2].islower():
        return True  # "no hydronephrosis on R. Left ..." names a side, "Dr. R. Smith" a person
    word = before[-1].lower().strip("(") if before else ""
    if before and before[-1] in ("MS", "MR"):
        return True  # a disease and a modality, which no name follows
    after = text[match.end() : match.end() + 2].strip()
    if word in _SIDES and (not after[:1].isupper() or text[first : match.start()].strip().lower() == word):
        return False
    if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word not in "ivx"):
        return False
    if word == "no" and after[:1].isdigit():
        return False
    return not (re.fullmatch(r"(?:[a-z]\.)+[a-z]?", word) and not after[:1].isupper())


_LOOK_BACK = 48
# Sides typed for short, which end a sentence before a capital only.
_SIDES = wordset("rt lt bil bilat")


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    said = text[start:end].strip()
    if said:
        first = text.index(said[0], start)
        yield first, first + len(said)
