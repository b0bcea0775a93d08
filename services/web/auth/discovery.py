"""What a provider says of itself: its discovery document and keys, from which nothing is taken unlooked at.

OpenID Connect Discovery 1.0 §3 and §4, RFC 8414 §3.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

TIMEOUT_SECONDS = 10
METADATA_SECONDS = 3600
# What a document that is not what it should be raises on its way through a library.
NONSENSE = (JoseError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
AWAY = "The identity provider cannot be reached. Try again, or ask an administrator."


class OidcError(Exception):
    """The login did not work; the message is for the person and holds no token."""


@dataclass
class Discovery:
    """One provider's document, read at the first login, then once an hour. `issuer`: its name, where that is known."""

    url: str
    http: httpx2.AsyncClient
    issuer: str = ""
    _document: dict[str, Any] = field(default_factory=dict)
    _read_at: float = 0.0

    async def document(self) -> Mapping[str, Any]:
        """What was read last, where the provider cannot be reached now. Raises OidcError where nothing was."""
        if not self._document or time.monotonic() - self._read_at > METADATA_SECONDS:
            try:
                self._document = self._checked(await self._get(self.url))
            except OidcError:
                if not self._document:
                    raise
            self._read_at = time.monotonic()
        return self._document

    async def address(self, name: str) -> str:
        """An endpoint by its name in the document. Raises OidcError."""
        return address(await self.document(), name)

    async def keys(self) -> KeySet:
        """The keys it signs with; those of kinds we do not know are left out (RFC 7517 §5). Raises OidcError."""
        listed = (await self._get(await self.address("jwks_uri"))).get("keys")
        found = []
        for each in listed if isinstance(listed, list) else ():
            with contextlib.suppress(*NONSENSE):
                found.append(JWKRegistry.import_key(each))
        return KeySet(found)

    def _checked(self, document: dict[str, Any]) -> dict[str, Any]:
        said = document.get("issuer")
        if not isinstance(said, str) or not said:
            raise OidcError("The identity provider does not say who it is (no issuer). Tell an administrator.")
        if self.issuer and said.rstrip("/") != self.issuer.rstrip("/"):
            raise OidcError("The identity provider has another name than the settings have. Tell an administrator.")
        return document

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = await self.http.get(url, timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
            found = answer.json()
        except (httpx2.HTTPError, *NONSENSE):
            raise OidcError(AWAY) from None
        if not isinstance(found, dict):
            raise OidcError(AWAY)
        return found


def address(document: Mapping[str, Any], name: str) -> str:
    """A web address by its name. Raises OidcError where there is none, or something else."""
    said = document.get(name)
    try:
        if isinstance(said, str) and httpx2.URL(said).scheme in ("http", "https"):
            return said
    except httpx2.InvalidURL:
        pass
    raise OidcError(f"The identity provider names no {name}. Tell an administrator.")
