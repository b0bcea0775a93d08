"""Report documents as attachments carry them → plain text. Used by both doors."""

from __future__ import annotations

import codecs
import email
import email.policy
import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from striprtf import striprtf

from integration.characters import storable
from integration.content import BINARY, HTML, MIME, PDF, RTF, XML, base64_bytes, hidden_document, kind_of
from integration.html_text import html_text
from integration.xml_text import xml_text

# pypdf tells of every oddity of a file, with its content; none of that may reach a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

# Two of striprtf's patterns go back over the document again and again: 600 KB took hours. The address behind a link is
# no word of a report, and of a font's entry only its number and character set count.
striprtf.HYPERLINKS = re.compile(r"(?!)()()")
striprtf.FONTTABLE = re.compile(r"\\f(\d++)(?:(?!\\f\d|\\fcharset)[^;])*+\\fcharset(\d++)()")
_to_text: Callable[..., str] = striprtf.rtf_to_text
# A document within a document within a document is nobody's report.
_DEEPEST = 3
_PARAMETER = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_\-]+)", re.I)


class OverLimit(Exception):
    """The document is larger than is opened here. The message names the limit."""


@dataclass(slots=True)
class _Limits:
    attachment: int = 24 * 1024 * 1024
    pages: int = 200


_LIMITS = _Limits()


def limit(*, attachment: int, pages: int) -> None:
    """Sets how many bytes of an attachment and pages of a PDF this process opens."""
    _LIMITS.attachment, _LIMITS.pages = attachment, pages


class Unreadable(Exception):
    """The document gives no text. The message says why and holds nothing of the document."""


def text_of(data: bytes, content_type: str, depth: int = 0) -> str:
    """The document's text. `content_type` is a MIME type, parameters allowed; what the bytes are counts more.

    Raises Unreadable for a type we do not read, damaged or encrypted data, or a document without text; OverLimit for
    one that is larger than this process opens.
    """
    if len(data) > _LIMITS.attachment:
        raise OverLimit(f"an attachment has more than {_LIMITS.attachment} bytes (COUNTERSIGN_LIMITS__ATTACHMENT)")
    kind = read_as(data, content_type)
    convert = _CONVERTERS.get(kind)
    if convert is None or depth > _DEEPEST:
        raise Unreadable(f"documents of type {kind[:60] or '(none)'} are not read")
    text = storable(convert(data, content_type, depth))
    if not text.strip():
        raise Unreadable(f"the {kind} document holds no text")
    return text.strip()


def read_as(data: bytes, content_type: str) -> str:
    """The MIME type a document is read as: what its bytes tell; else what it is called, if it is read at all."""
    named = content_type.split(";")[0].strip().lower()
    found = kind_of(data)
    if found and not (found == HTML and named in _MARKED_UP):
        return named if found == BINARY and named else found
    return "text/plain" if named in (PDF, RTF, "text/rtf", "") and _is_utf8(data) and data.strip() else named


def _plain(data: bytes, content_type: str, depth: int) -> str:
    text = _decoded(data, content_type)
    hidden = hidden_document(text)
    return text_of(hidden, "", depth + 1) if hidden else text


def _decoded(data: bytes, content_type: str) -> str:
    named = _PARAMETER.search(content_type)
    try:
        return data.decode(_codec(named[1]) if named else "utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except (LookupError, UnicodeError):
        return data.decode("utf-8" if named and _is_utf8(data) else "latin-1")


def _codec(name: str) -> str:
    """The codec of a character set. Raises LookupError for none, and for codecs of Python's that are none."""
    found = codecs.lookup(name).name
    if found in _NO_CHARSETS:
        raise LookupError
    return found


# Of names in a network and of source code; the first costs the square of its length.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _html(data: bytes, content_type: str, _: int) -> str:
    return html_text(_decoded(data, content_type))


def _xml(data: bytes, content_type: str, depth: int) -> str:
    def opened(encoded: str, kind: str) -> str:
        held = base64_bytes(encoded)
        if held is None:
            raise Unreadable("the document within the XML document is not base64")
        return text_of(held, kind, depth + 1)

    return xml_text(_decoded(data, content_type), opened)


def _mime(data: bytes, _: str, depth: int) -> str:
    """A MIME package (HL7 v2 carries CDA in one): its first part that is read."""
    parts = [
        part for part in email.message_from_bytes(data, policy=email.policy.default).walk() if not part.is_multipart()
    ]
    for part in parts:
        try:
            return text_of(bytes(part.get_payload(decode=True) or b""), part.get_content_type(), depth + 1)
        except Unreadable:
            continue
    raise Unreadable("no part of the MIME document is read")


def _rtf(data: bytes, _: str, __: int) -> str:
    if not data.lstrip().startswith(b"{\\rtf"):
        raise Unreadable("the RTF document does not begin as one")
    try:
        return _to_text(data.decode("latin-1"), errors="replace")
    except Exception as error:
        raise Unreadable(f"the RTF document is damaged ({type(error).__name__})") from None


def _pdf(data: bytes, _: str, __: int) -> str:
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("the PDF document is encrypted")
        if len(reader.pages) > _LIMITS.pages:
            raise OverLimit(f"a PDF has more than {_LIMITS.pages} pages (COUNTERSIGN_LIMITS__PAGES)")
        return "\n".join(page.extract_text() for page in reader.pages)
    except (Unreadable, OverLimit):
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, IndexError) as error:
        raise Unreadable(f"the PDF document is damaged ({type(error).__name__})") from None


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MARKED_UP = frozenset({"application/xhtml+xml"})
_CONVERTERS: dict[str, Callable[[bytes, str, int], str]] = {
    "text/plain": _plain,
    HTML: _html,
    "application/xhtml+xml": _html,
    "text/rtf": _rtf,
    RTF: _rtf,
    PDF: _pdf,
    XML: _xml,
    "text/xml": _xml,
    "application/cda+xml": _xml,
    "application/hl7-v3+xml": _xml,
    MIME: _mime,
}
# Preferred first, when one report comes in several forms.
READABLE = tuple(_CONVERTERS)
