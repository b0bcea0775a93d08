"""Text out of encapsulated documents (HL7 v2.8 §2A.2.24, ED): plain text, RTF, PDF and HTML, by libraries."""

from __future__ import annotations

import base64
import binascii
import re

from integration.documents import Unreadable, text_of
from integration.hl7v2.charset import decode

IMAGES = frozenset({"JPEG", "JPG", "PNG", "TIFF", "GIF", "DICOM", "ZIP"})
_BLANKS = re.compile(r"\s+")


class NoText(ValueError):
    """The document gives no text; the reason names the fault, never the content."""


def document_text(data: str, encoding: str, subtype: str) -> str:
    """The text of an ED. `encoding` is ED.4 (A, Hex, Base64), `subtype` ED.3; what the bytes are counts more.

    Raises NoText.
    """
    content = _content(data, encoding)
    kind = _kind(content, subtype.upper())
    if kind.startswith("text/"):
        content = decode(content).text.encode()
    try:
        return text_of(content, kind).replace("\x00", "")
    except Unreadable as error:
        raise NoText(str(error)) from None


def _content(data: str, encoding: str) -> bytes:
    name = encoding.strip().upper()
    try:
        if name == "BASE64":
            return base64.b64decode(_BLANKS.sub("", data), validate=True)
        if name == "HEX":
            return bytes.fromhex(_BLANKS.sub("", data))
    except (binascii.Error, ValueError):
        raise NoText(f"ED.5 is not valid {name.lower()}") from None
    return data.encode()


def _kind(content: bytes, subtype: str) -> str:
    """The MIME type, from what the bytes are and then from what the sender calls them."""
    head = content[:1024].lstrip()
    if head.startswith(b"%PDF"):
        return "application/pdf"
    if head.startswith(b"{\\rtf"):
        return "application/rtf"
    if "HTML" in subtype or head[:200].lower().startswith((b"<!doctype html", b"<html")):
        return "text/html; charset=utf-8"
    if b"\x00" in content[:4096] or subtype in IMAGES:
        raise NoText(f"the {re.sub(r'[^A-Z0-9-]', '', subtype)[:20] or 'unnamed'} document is not text")
    return "text/plain; charset=utf-8"
