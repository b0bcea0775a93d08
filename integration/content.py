"""What a document is, told by its bytes: senders name types wrongly, encode what they do not say, or say nothing."""

from __future__ import annotations

import base64
import binascii
import re

PDF, RTF, HTML, XML = "application/pdf", "application/rtf", "text/html", "application/xml"
MIME, BINARY = "message/rfc822", "application/octet-stream"
_LOOKED_AT = 4096
_MAGIC = (
    (b"%PDF", PDF),
    (b"{\\rtf", RTF),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xd0\xcf\x11\xe0", "application/msword"),
)
_BEFORE = b"\xef\xbb\xbf\x00 \t\r\n\x0b\x0c"
_HTML_START = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_XML_START = re.compile(r"\s*(?:<\?xml\b|<(?:\w+:)?ClinicalDocument\b)")
_MIME_START = re.compile(r"(?:MIME-Version\s*:|Content-Type\s*:\s*multipart/)", re.I)
# Elements that stand in reports; "<5 mm" and "<sender@example.org>" are none.
_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|font|pre|ul|ol|li|table|tbody|tr|td|th|h[1-6]|hr|center|sup|sub|a|html|body)"
    r"(?:\s+[\w:-]{1,30}\s*=\s*(?:\"[^\"<>]{0,500}\"|'[^'<>]{0,500}'|[^\s<>\"']{1,200})){0,20}\s*/?>",
    re.I,
)
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_SHORTEST = 24


def is_markup(text: str) -> bool:
    """Whether a text is HTML, wholly or in its lines, or an XML document."""
    return "<" in text and bool(_HTML_START.match(text) or _XML_START.match(text) or _TAG.search(text))


def kind_of(data: bytes) -> str:
    """The MIME type that the first bytes tell, "" where it may be plain text."""
    head = data[:_LOOKED_AT].lstrip(_BEFORE)
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    if found:
        return found
    if b"%PDF-" in head[:1024]:
        return PDF
    text = head.decode("latin-1")
    if _HTML_START.match(text):
        return HTML
    if _XML_START.match(text):
        return XML
    if _MIME_START.match(text):
        return MIME
    if b"\x00" in data[:_LOOKED_AT] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return BINARY
    return HTML if _TAG.search(text) else ""


def base64_bytes(text: str) -> bytes | None:
    """What a text says in base64, None where it is none. Wrapped lines, URL-safe letters and lost padding are borne."""
    dense = "".join(text.split()).translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        return base64.b64decode(dense + "=" * (-len(dense) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def hidden_document(text: str) -> bytes | None:
    """The document that a text holds as base64 or hexadecimal digits without saying so; None where it is just text."""
    start = text[:200].split()
    if not start or len(start[0]) < _SHORTEST or not _ENCODED.fullmatch(start[0]):
        return None
    dense = "".join(text.split())
    if not _ENCODED.fullmatch(dense):
        return None
    for data in (_hexadecimal(dense), base64_bytes(dense)):
        if data and (kind_of(data) not in ("", BINARY) or _is_prose(data)):
            return data
    return None


def _hexadecimal(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _is_prose(data: bytes) -> bool:
    """Whether bytes are words with blanks between them; a long word taken for base64 gives none."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(text.split()) > 2 and all(each.isprintable() or each in "\r\n\t" for each in text)
