"""The visible text of HTML, in one pass over it.

Whatever is nested, left open or cut off, each character is met once, and what is left open hides nothing but itself.
"""

from __future__ import annotations

import html
import re

_BLOCKS = frozenset(
    (
        "br",
        "hr",
        "p",
        "div",
        "tr",
        "li",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "table",
        "section",
        "pre",
        "blockquote",
        "center",
    )
) | {f"h{level}" for level in range(1, 7)}
_CELLS = frozenset({"td", "th"})
_HIDDEN = frozenset({"script", "style", "head", "title", "template"})
_NAME = re.compile(r"/?([A-Za-z][^\s/>]{0,30})")
# Attribute values may hold ">"; what has no end is no tag.
_ATTRIBUTES = re.compile(r"""(?:[^>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+>""")
_NO_BODY = re.compile(r"<!(?!--)|<\?")


def html_text(source: str) -> str:
    """The visible text of HTML or XHTML, one line per block."""
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in _Reader(source).read().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader:
    """Walks a source from mark to mark."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lower = source.lower() if len(source.lower()) == len(source) else source
        self._kept: list[str] = []
        self._missing: set[str] = set()

    def read(self) -> str:
        at = 0
        while at < len(self._source):
            mark = self._source.find("<", at)
            mark = len(self._source) if mark < 0 else mark
            self._keep(html.unescape(self._source[at:mark]))
            at = self._past(mark) if mark < len(self._source) else mark
        return "".join(self._kept)

    def _past(self, mark: int) -> int:
        """Where the text goes on after the "<" at `mark`."""
        if self._source.startswith("<!--", mark):
            return self._after("-->", mark + 4) or mark + 4
        if self._source.startswith("<![CDATA[", mark):
            return self._cdata(mark + 9)
        if _NO_BODY.match(self._source, mark):
            return self._after(">", mark) or mark + 2
        name = _NAME.match(self._source, mark + 1)
        end = self._tag_end(name.end()) if name else 0
        if name is None or not end:
            self._keep("<")
            return mark + 1
        return self._tag(name[1].lower(), self._source[mark + 1] == "/", end)

    def _tag(self, name: str, closes: bool, end: int) -> int:
        if name in _CELLS and closes:
            self._keep(" ")
        if name in _BLOCKS and (closes or name in ("br", "hr") or not self._at_line_start()):
            self._keep("\n")
        if name not in _HIDDEN or closes or self._source[end - 2] == "/":
            return end
        # An element that is not shown and never closed hides nothing but its tag.
        closing = self._after(f"</{name}", end)
        return self._tag_end(closing) or closing if closing else end

    def _cdata(self, start: int) -> int:
        end = self._after("]]>", start)
        self._keep(self._source[start : end - 3] if end else "")
        return end or start

    def _tag_end(self, at: int) -> int:
        """Behind the ">" of the tag whose name ended at `at`; 0 where it has none."""
        if ">" in self._missing:
            return 0
        stop = self._source.find("<", at)
        found = _ATTRIBUTES.match(self._source, at, stop if stop >= 0 else len(self._source))
        return found.end() if found else 0

    def _after(self, what: str, start: int) -> int:
        """Behind the next `what`, 0 where there is none; what was not found is not looked for again."""
        at = -1 if what in self._missing else self._lower.find(what, start)
        if at < 0:
            self._missing.add(what)
            return 0
        return at + len(what)

    def _keep(self, text: str) -> None:
        if text:
            self._kept.append(text)

    def _at_line_start(self) -> bool:
        return not self._kept or self._kept[-1].endswith("\n")
