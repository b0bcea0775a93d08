"""Forged marks in a report: tags, fences, code blocks and JSON, with what stands between two of them.

A mark that has its partner near is cut together with what lies between; one without takes the rest of its line, no
more: a report cannot be made to vanish by one tag. HTML, XML around a whole report, rulers and "END OF REPORT" are no
attacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from services.reading.rules.wordset import wordset

# How far, in characters, a mark's partner may stand; a pair the wrong way round ("END" … "BEGIN") has less.
REACH = 2000
REACH_BACK = 600
_MOST_BRACKETS = 100

_HOSTILE = (
    r"think(?:ing)?|reasoning|system|user|assistant|human|instructions?|prompt|tool|override|admin|secret|context"
    r"|im_start|im_end|inst|sys|developer|task|important|answer|output|json|script|iframe|scratchpad|analysis"
)
_HOLDING = r"report|findings?|document|result"
_TAG = (
    rf"<\s{{0,20}}+(?P<shut>/?)\s{{0,20}}+(?:(?P<tag>{_HOSTILE})\b[^<>\n]{{0,200}}>?"
    rf"|(?P<holds>{_HOLDING})\b[^<>\n]{{0,200}}>)"
)
_BRACKET_TAG = (
    r"[\[{]{1,2}\s{0,20}+(?P<off>/?)\s{0,20}+(?P<bracket>inst|think(?:ing)?|system|prompt|instructions?|assistant|user"
    r"|developer|admin|override)(?: (?:prompt|message|note|instructions?|override|notice))?\s{0,20}+[\]}:]{1,2}"
    r"|<<\s{0,20}+(?P<sysoff>/?)\s{0,20}+sys\s{0,20}+>>"
)
_CHAT = r"(?P<token><\s{0,20}+[|｜][^<>\n]{0,60}>)"
_COMMENT = r"(?P<comment><!--)|(?P<cdata><!\[CDATA\[)"
_CODE = r"(?P<code>```|\"{3}|'{3})"
_JSON = r"(?P<json>[\[{]\s{0,40}+(?:\{\s{0,40}+)?[\"'“][\w .\-]{1,60}[\"'”]\s{0,40}+:)"
_FENCE_END = r"(?:[\]})>»]{1,3}|[-=*#~_+|/\\:%@$^&!<•─═]{2,}|(?=\s*+(?:\n|\Z)))"
_FENCE = (
    r"(?P<fence>(?P<opens>[\[{(<«]{1,3}+|(?P<run>[-=*#~_+|/\\:%@$^&!>•─═])(?P=run)++)"
    rf"(?:[ \t]{{0,3}}(?P<inner>\w[\w ,.'’-]{{2,79}}?)[ \t]{{0,3}}(?P<end>{_FENCE_END}))?)"
)
_ENDED = (
    r"(?P<ended>\bend of (?:the |this )?(?:report|document|text|dictation|record|data|message|input)"
    r"[ \t.:!*=#—-]{1,8}(?:new|begin|actual|real|true|the (?:new|real|true|actual))\b)"
)
_MARKS = re.compile("|".join((_ENDED, _CHAT, _COMMENT, _TAG, _BRACKET_TAG, _CODE, _JSON, _FENCE)), re.IGNORECASE)
_COMMENT_WORD = re.compile(r"<!--(?:\s{0,20}+[\w:./-]{0,60}?\s{0,20}-->|\[if [^\]\n]{0,60}\]>)")
_HEAD = re.compile(r"(?:\s|<[^<>]*+>)*+\Z")
_LONGEST_HEAD = 400
_BRACES = re.compile(r"[{}\[\]]")
_JSON_LINE = re.compile(r"\n[ \t]*(?:[\"“][\w .\-]{1,60}[\"”]\s*:|[}\]{\[,])[^\n]*")

_ENDING = wordset("end ends ended ending stop close closed finish finished over")
_BEGINNING = wordset("begin begins beginning start starts new resume resumes continue open next real actual")
_REPORTS = wordset("report reports document text data record dictation note source input content transcript case")
_SPEAKING = wordset(
    "system prompt prompts instruction instructions user assistant message messages context task override admin"
    " developer"
    " ai model llm command commands directive order orders"
)
_SPEAKING_ALONE = re.compile(
    r"(?:system|prompt|assistant|user|instructions?|override|developer|admin)(?: (?:prompt|message|note|override"
    r"|mode))?\Z"
)


class _Mark(NamedTuple):
    """A forged mark: `opens` and `shuts` tell what it claims to do; `lone` marks do harm without a partner."""

    start: int
    end: int
    name: str
    family: str
    opens: bool
    shuts: bool
    lone: bool


def forged(text: str) -> Iterator[tuple[int, int, str]]:
    """The spans of a text that forged marks take, in order and apart: (start, end, name of the kind)."""
    marks = list(_marks(text))
    partners = _partners(marks)
    at = 0
    for mark, partner in zip(marks, partners, strict=True):
        if mark.start < at:
            continue
        span = _span(text, mark, partner)
        if span:
            at = span[1]
            yield (*span, mark.name)


def _span(text: str, mark: _Mark, partner: _Mark | None) -> tuple[int, int] | None:
    if mark.family in ("json", "comment", "cdata"):
        return mark.start, mark.end
    if partner and _belongs(text, mark, partner):
        return mark.start, partner.end
    if not mark.lone:
        return None
    return mark.start, _line_end(text, mark.end)


def _belongs(text: str, mark: _Mark, partner: _Mark) -> bool:
    between = partner.start - mark.end
    if mark.opens:
        return between <= REACH and mark.lone and not _wraps(text, mark)
    return between <= REACH_BACK and bool(text[mark.end : partner.start].strip())


def _wraps(text: str, mark: _Mark) -> bool:
    """Whether an element is what the whole text stands in."""
    if mark.family not in ("report", "document", "result", "finding") or mark.start > _LONGEST_HEAD:
        return False
    return _HEAD.match(text[: mark.start]) is not None


def _partners(marks: list[_Mark]) -> list[_Mark | None]:
    """For each mark the next of its family that does the other thing."""
    opening: dict[str, _Mark] = {}
    shutting: dict[str, _Mark] = {}
    found: list[_Mark | None] = []
    for mark in reversed(marks):
        found.append(shutting.get(mark.family) if mark.opens else opening.get(mark.family))
        if mark.opens:
            opening[mark.family] = mark
        if mark.shuts:
            shutting[mark.family] = mark
    return found[::-1]


def _marks(text: str) -> Iterator[_Mark]:
    at = 0
    while found := _MARKS.search(text, at):
        mark = _mark(text, found)
        if mark:
            yield mark
        at = max(mark.end if mark else found.end(), found.start() + 1)


def _mark(text: str, found: re.Match[str]) -> _Mark | None:
    start, end = found.span()
    if found["fence"] is not None:
        return _fence(found)
    if found["token"] or found["ended"]:
        return _Mark(start, end, "delimiter", "token", opens=False, shuts=False, lone=True)
    if found["comment"] or found["cdata"]:
        return _hidden(text, found)
    if found["code"]:
        return _Mark(start, end, "code-fence", found["code"], opens=True, shuts=True, lone=True)
    if found["json"]:
        return _Mark(start, _json_end(text, start), "json", "json", opens=False, shuts=False, lone=True)
    return _tag(text, found)


def _tag(text: str, found: re.Match[str]) -> _Mark | None:
    word = (found["tag"] or found["holds"] or found["bracket"] or "sys").lower()
    shuts = bool(found["shut"] or found["off"] or found["sysoff"])
    family = "think" if word.startswith("think") else word.rstrip("s")
    name = "think-tag" if family == "think" else "delimiter"
    mark = _Mark(*found.span(), name, family, opens=not shuts, shuts=shuts, lone=True)
    return mark._replace(lone=False) if _wraps(text, mark) or (found["holds"] and shuts) else mark


def _hidden(text: str, found: re.Match[str]) -> _Mark | None:
    """A comment or CDATA with all that it hides; a word of a word processor's hides nothing."""
    if found["comment"] and _COMMENT_WORD.match(text, found.start()):
        return None
    end = text.find("-->" if found["comment"] else "]]>", found.end(), found.end() + REACH)
    stop = end + 3 if end >= 0 else _line_end(text, found.end())
    return _Mark(found.start(), stop, "delimiter", "comment", opens=False, shuts=False, lone=True)


def _fence(found: re.Match[str]) -> _Mark | None:
    """A fence by its words: the end or beginning of a report, or somebody who speaks."""
    inner = re.sub(r"[\W_]+", " ", found["inner"] or "").strip().lower()
    said = frozenset(inner.split())
    bracketed = not found["run"]
    if not said or len(inner.split()) > 8 or (bracketed and not found["end"]):
        return None
    ends, begins = not said.isdisjoint(_ENDING), not said.isdisjoint(_BEGINNING)
    speaks = (not said.isdisjoint(_SPEAKING) and (ends or begins)) or bool(_SPEAKING_ALONE.match(inner))
    reports = not said.isdisjoint(_REPORTS) and (ends or begins)
    if not (speaks or reports or (ends != begins and len(said) == 1)):
        return None
    lone = speaks or (reports and found["opens"].startswith(("[[", "{{", "<<", "((")))
    shuts = ends and not (speaks and begins)
    family = "speaks" if speaks else "reports"
    return _Mark(*found.span("fence"), "delimiter", family, opens=not shuts, shuts=shuts, lone=lone)


def _json_end(text: str, start: int) -> int:
    """Behind the bracket that closes the one at `start`; without it, behind the last line that looks like JSON."""
    depth = 0
    for count, found in enumerate(_BRACES.finditer(text, start, start + REACH)):
        depth += 1 if found.group() in "{[" else -1
        if depth <= 0:
            return found.end()
        if count > _MOST_BRACKETS:
            break
    end = _line_end(text, start)
    while line := _JSON_LINE.match(text, end):
        end = line.end()
    return end


def _line_end(text: str, at: int) -> int:
    newline = text.find("\n", at)
    return len(text) if newline < 0 else newline
