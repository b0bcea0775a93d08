"""CDA and other XML as plain text: the words a person would see, one line a block. One pass; entities mean nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

from integration.html_text import html_text

Opener = Callable[[str, str], str]
"""(base64 text, MIME type) → text: how a document inside a document is opened."""

_TAG = re.compile(r"<(/?)(?:[\w-]{1,40}:)?([A-Za-z][\w.-]{0,60})([^<>]*)>")
_LEAF = re.compile(r"<(?:[\w-]{1,40}:)?([A-Za-z][\w.-]{0,60})(?:\s[^<>]*)?>([^<>]+)</")
_ATTRIBUTE = re.compile(r"""(\w{1,40})\s*=\s*["']([^"'<>]{0,200})["']""")
# The narrative's own elements (HL7 CDA R2 §4.3.5) as those of HTML.
_AS_HTML = {"paragraph": "p", "item": "li", "list": "ul", "caption": "p", "content": "span"}
_NARRATIVE = ("title", "text")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|[_.-]+")


def xml_text(xml: str, opened: Opener) -> str:
    """The words of a CDA document: its sections' titles and narrative, or the document that it wraps.

    Of other XML the text of each element after its name.
    """
    wrapped = _wrapped(xml, opened)
    if wrapped is not None:
        return wrapped
    if "structuredbody" in xml.casefold():
        return "\n".join(filter(None, map(html_text, _narrative(xml)))).strip()
    leaves = ((name, " ".join(html.unescape(words).split())) for name, words in _LEAF.findall(xml))
    return "\n".join(f"{_HUMP.sub(' ', name)}: {words}" for name, words in leaves if words)


def _wrapped(xml: str, opened: Opener) -> str | None:
    """The text of CDA's nonXMLBody; None where there is none."""
    inside = False
    for tag in _TAG.finditer(xml):
        name = tag.group(2).casefold()
        inside = inside or name == "nonxmlbody"
        if inside and name == "text" and not tag.group(1):
            said = dict(_ATTRIBUTE.findall(tag.group(3).casefold()))
            end = xml.find("<", tag.end())
            held = xml[tag.end() : end if end >= 0 else len(xml)]
            if said.get("representation") == "b64":
                return opened(held, said.get("mediatype", ""))
            return html_text(held)
    return None


def _narrative(xml: str) -> Iterator[str]:
    """Titles and texts of the sections in order, as HTML; `entry` repeats them in codes."""
    inside, entries, kept, depth = False, 0, [""], 0
    at = 0
    for tag in _TAG.finditer(xml):
        closes, name = bool(tag.group(1)), tag.group(2).casefold()
        empty = tag.group(3).rstrip().endswith("/")
        if depth:
            kept += [xml[at : tag.start()], _as_html(tag.group(0), closes, name)]
        elif name == "structuredbody":
            inside = not closes
        elif name == "entry" and not empty:
            entries = max(0, entries + (-1 if closes else 1))
        at = tag.end()
        if inside and not entries and name in _NARRATIVE and not empty:
            depth = max(0, depth + (-1 if closes else 1))
            if depth == 0:
                yield "".join(kept)
                kept = [""]
    if depth:
        yield "".join([*kept, xml[at:]])


def _as_html(tag: str, closes: bool, name: str) -> str:
    return f"<{'/' if closes else ''}{_AS_HTML[name]}>" if name in _AS_HTML else tag
