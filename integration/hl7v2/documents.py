"""Text out of encapsulated documents (HL7 v2.8 §2A.2.24, ED): plain text, RTF, PDF and HTML, by libraries."""

from __future__ import annotations

import base64
import binascii
import io
import logging
import re

from bs4 import BeautifulSoup
from pypdf import PdfReader
from striprtf.striprtf import rtf_to_text

from integration.hl7v2.charset import decode

MOST_PDF_PAGES = 200
_BLANKS = re.compile(r"\s+")
# pypdf tells of every oddity of a file, with its content; none of that may reach a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


class NoText(ValueError):
    """The document gives no text; the reason names the fault, never the content."""


def document_text(data: str, encoding: str, subtype: str) -> str:
    """The text of an ED. `encoding` is ED.4 (A, Hex, Base64), `subtype` ED.3; what the bytes are counts more.

    Raises NoText.
    """
    content = _content(data, encoding)
    try:
        text = _extract(content, subtype.upper())
    except NoText:
        raise
    except Exception as error:
        raise NoText(f"the {_kind(content, subtype)} document cannot be read ({type(error).__name__})") from None
    if not text.strip():
        raise NoText(f"the {_kind(content, subtype)} document has no text layer")
    return text.replace("\x00", "")


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
    if content.startswith(b"%PDF"):
        return "PDF"
    if content.startswith(b"{\\rtf"):
        return "RTF"
    return re.sub(r"[^A-Z0-9-]", "", subtype.upper())[:20] or "unnamed"


def _extract(content: bytes, subtype: str) -> str:
    head = content[:1024].lstrip()
    if head.startswith(b"%PDF"):
        return _pdf(content)
    text = decode(content).text
    if head.startswith(b"{\\rtf"):
        return str(rtf_to_text(text, errors="ignore"))  # type: ignore[no-untyped-call]
    if "HTML" in subtype or head[:200].lower().startswith((b"<!doctype html", b"<html")):
        return BeautifulSoup(text, "html.parser").get_text("\n")
    if b"\x00" in content[:4096] or subtype in ("JPEG", "JPG", "PNG", "TIFF", "GIF", "DICOM", "ZIP"):
        raise NoText(f"the {_kind(content, subtype)} document is not text")
    return text


def _pdf(content: bytes) -> str:
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise NoText("the PDF document is encrypted")
    return "\n".join(page.extract_text() for page in reader.pages[:MOST_PDF_PAGES])
