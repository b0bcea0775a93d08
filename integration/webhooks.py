"""Events sent to other programs, signed as Standard Webhooks 1.0.0 asks (HMAC-SHA256 over id, time and body)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ssl
import time
from dataclasses import dataclass

import httpx2

from integration.bounded import TooLarge, bounded_client, exchange

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a signing secret (Standard Webhooks, "Signature scheme")."""
SECONDS = 20.0
"""A receiver has this long for its whole answer ("Request timeouts": 15 to 30 s)."""
MOST = 65_536
"""Bytes of an answer that are read; nothing of them is used or kept."""
AGAIN = frozenset({408, 425, 429})
"""Refusals that say "later"."""


class NoAnswer(Exception):
    """The receiver was not reached, or has not answered in time; the message names the kind of failure alone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said. `retry_after`: seconds it asked us to wait, 0 if it did not."""

    status: int
    retry_after: float = 0

    @property
    def taken(self) -> bool:
        """2xx alone: a redirect is followed by nobody and is no success."""
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """410: the receiver wants no more."""
        return self.status == 410

    @property
    def later(self) -> bool:
        """The receiver is there and cannot take it now, whatever it is sent."""
        return self.status >= 500 or self.status in AGAIN


def keys_of(text: str) -> tuple[bytes, ...]:
    """The keys in a secret, the newest first; two while one takes the place of the other. Raises ValueError."""
    found = tuple(_key(each) for each in text.split())
    if not found:
        raise ValueError("the secret is empty")
    return found


def _key(text: str) -> bytes:
    if not text.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a secret is base64 after {PREFIX}") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a secret holds {SHORTEST} to {LONGEST} random bytes, this one {len(key)}")
    return key


def headers(message_id: str, at: int, body: bytes, keys: tuple[bytes, ...]) -> dict[str, str]:
    """The three headers of an attempt made `at` (seconds since 1970); a signature by each key."""
    content = b".".join((message_id.encode(), str(at).encode(), body))
    signed = (base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{each}" for each in signed),
    }


class Receiver:
    """One receiver. Safe to share between threads; redirects are not followed."""

    def __init__(self, url: str, keys: tuple[bytes, ...], tls: ssl.SSLContext | None = None) -> None:
        self._url, self._keys = url, keys
        self._http = bounded_client(timeout=SECONDS, verify=tls or True, follow_redirects=False)

    def post(self, message_id: str, body: bytes) -> Answer:
        """Sends an event, signed at this moment, and waits for the answer. Raises NoAnswer."""
        signed = headers(message_id, int(time.time()), body, self._keys)
        about = {"Content-Type": "application/json", "User-Agent": "countersign", **signed}
        request = self._http.build_request("POST", self._url, content=body, headers=about)
        try:
            found = exchange(self._http, request, seconds=SECONDS, most=MOST)
        except (httpx2.HTTPError, TooLarge) as error:
            raise NoAnswer(f"no answer ({type(error).__name__})") from None
        return Answer(found.status, _seconds(found.retry_after))

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


def _seconds(asked: str) -> float:
    return float(asked) if asked.strip().isascii() and asked.strip().isdecimal() else 0
