"""Report documents as attachments carry them → plain text. Used by both doors."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable

from bs4 import BeautifulSoup
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from striprtf.striprtf import rtf_to_text

from integration.characters import storable

# pypdf tells of every oddity of a file, with its content; none of that may reach a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_to_text: Callable[..., str] = rtf_to_text
_MAX_PAGES = 200
_BLOCKS = ["p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "section", "pre"]
_PARAMETER = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_\-]+)", re.I)


class Unreadable(Exception):
    """The document gives no text. The message says why and holds nothing of the document."""


def text_of(data: bytes, content_type: str) -> str:
    """The document's text. `content_type` is a MIME type, parameters allowed.

    Raises Unreadable for a type we do not read, damaged or encrypted data, or a document without text.
    """
    kind = content_type.split(";")[0].strip().lower()
    convert = _CONVERTERS.get(kind)
    if convert is None:
        raise Unreadable(f"documents of type {kind[:60] or '(none)'} are not read")
    text = storable(convert(data, content_type))
    if not text.strip():
        raise Unreadable(f"the {kind} document holds no text")
    return text.strip()


def html_text(html: str) -> str:
    """The visible text of HTML or XHTML, one line per block."""
    soup = BeautifulSoup(html, "html.parser")
    for hidden in soup(["script", "style", "head", "title"]):
        hidden.decompose()
    for block in soup(_BLOCKS):
        block.append("\n")
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in soup.get_text().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _plain(data: bytes, content_type: str) -> str:
    named = _PARAMETER.search(content_type)
    try:
        return data.decode(named[1] if named else "utf-8-sig")
    except (LookupError, UnicodeDecodeError):
        return data.decode("utf-8" if named and _is_utf8(data) else "latin-1")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _html(data: bytes, content_type: str) -> str:
    return html_text(_plain(data, content_type))


def _rtf(data: bytes, _: str) -> str:
    if not data.lstrip().startswith(b"{\\rtf"):
        raise Unreadable("the RTF document does not begin as one")
    try:
        return _to_text(data.decode("latin-1"), errors="replace")
    except Exception as error:
        raise Unreadable(f"the RTF document is damaged ({type(error).__name__})") from None


def _pdf(data: bytes, _: str) -> str:
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("the PDF document is encrypted")
        pages = reader.pages[:_MAX_PAGES]
        return "\n".join(page.extract_text() for page in pages)
    except Unreadable:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, IndexError) as error:
        raise Unreadable(f"the PDF document is damaged ({type(error).__name__})") from None


_CONVERTERS: dict[str, Callable[[bytes, str], str]] = {
    "text/plain": _plain,
    "text/html": _html,
    "application/xhtml+xml": _html,
    "text/rtf": _rtf,
    "application/rtf": _rtf,
    "application/pdf": _pdf,
}
# Preferred first, when one report comes in several forms.
READABLE = tuple(_CONVERTERS)
