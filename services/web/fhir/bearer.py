"""Bearer tokens of other systems: signature by the issuer's JWKS, audience, lifetime, SMART system scopes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.settings import Worklist

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384"]
KEYS_SECONDS = 300.0
LEEWAY_SECONDS = 30


class NotAllowed(Exception):
    """401 or 403; `reason` may be told to the caller."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, by the name the audit trail knows, and the site whose findings they may see."""

    name: str
    site: str


@dataclass
class Tokens:
    """Verifies tokens of the one issuer in the settings; its keys are kept for five minutes. `site`: that of clients
    where the settings name none."""

    settings: Worklist
    site: str = "default"
    _keys: KeySet | None = field(default=None)
    _until: float = field(default=0.0)

    async def allowed(self, token: str, resource_type: str, permission: str) -> Asker:
        """Who asks. `permission`: r to read, s to search. Raises NotAllowed."""
        claims = await self.claims(token)
        if not covers(str(claims.get("scope", "")), resource_type, permission):
            raise NotAllowed(403, f"the token's scopes do not allow this on {resource_type}")
        name = str(claims.get("client_id") or claims.get("sub") or "unnamed client")
        return Asker(name, self._site_of(name))

    def _site_of(self, client: str) -> str:
        known = self.settings.api_sites
        if known and client not in known:
            raise NotAllowed(403, "this client is of no site: COUNTERSIGN_WORKLIST__API_SITES names it")
        return known.get(client, self.site)

    async def claims(self, token: str) -> dict[str, Any]:
        """What a token says, its signature, issuer, audience and lifetime checked. Raises NotAllowed."""
        if not self.settings.api_issuer:
            raise NotAllowed(401, "this installation takes no bearer tokens")
        claims = self._claims(token, await self._jwks(renew=False)) or self._claims(token, await self._jwks(renew=True))
        if claims is None:
            raise NotAllowed(401, "the token is not valid")
        return claims

    def _claims(self, token: str, keys: KeySet) -> dict[str, Any] | None:
        rules: dict[str, Any] = {
            "iss": {"essential": True, "value": self.settings.api_issuer},
            "exp": {"essential": True},
        }
        # A token given for another program says nothing here: without a setting it must name our own URL.
        rules["aud"] = {"essential": True, "values": self._audiences()}
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(leeway=LEEWAY_SECONDS, **rules).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError):
            return None
        return dict(claims)

    def _audiences(self) -> list[str]:
        if self.settings.api_audience:
            return [self.settings.api_audience]
        own = self.settings.address
        return [own, f"{own}/fhir", f"{own}/api/v1"]

    async def _jwks(self, *, renew: bool) -> KeySet:
        """The issuer's keys; a token that does not fit them makes us look once more, at most each 10 s."""
        now = time.monotonic()
        fresh = self._keys is not None and now < self._until
        if self._keys is not None and fresh and not (renew and now > self._until - KEYS_SECONDS + 10):
            return self._keys
        try:
            async with httpx2.AsyncClient(timeout=10) as http:
                url = self.settings.api_jwks_url or await _from_metadata(http, self.settings.api_issuer)
                self._keys = KeySet.import_key_set((await http.get(url)).json())
        except (httpx2.HTTPError, ValueError, KeyError, JoseError):
            if self._keys is None:
                raise NotAllowed(401, "the issuer's keys cannot be had just now") from None
        self._until = now + KEYS_SECONDS
        return self._keys


async def _from_metadata(http: httpx2.AsyncClient, issuer: str) -> str:
    found = (await http.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")).json()
    return str(found["jwks_uri"])


def covers(scope: str, resource_type: str, permission: str) -> bool:
    """SMART system scopes, version 1 (`.read`, `.*`) and 2 (`.rs`), without search restrictions."""
    for each in scope.split():
        level, _, rest = each.partition("/")
        kind, _, granted = rest.partition(".")
        if level == "system" and kind in ("*", resource_type) and "?" not in granted:
            letters = {"read": "rs", "*": "cruds"}.get(granted, granted)
            if permission in letters and granted != "write":
                return True
    return False
