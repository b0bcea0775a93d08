"""SMART Backend Services: client credentials with a signed assertion (SMART App Launch 2.2, backend-services).

One token serves all requests until shortly before it expires; a 401 throws it away once.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from integration.fhir.errors import Unreachable

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 240
EARLY_SECONDS = 30
_ERROR = re.compile(r"[a-z_]{1,40}")

Flow = Generator[httpx2.Request, httpx2.Response, None]


class SmartKeyError(ValueError):
    """The private key cannot be used; the message says why and never holds the key."""


@dataclass(frozen=True)
class SigningKey:
    """An RSA key (RS384) or a P-384 key (ES384) with the `kid` under which its public half is published."""

    key: RSAKey | ECKey
    key_id: str

    @property
    def algorithm(self) -> str:
        """The two algorithms the guide asks servers to support."""
        return "RS384" if isinstance(self.key, RSAKey) else "ES384"

    def public_jwks(self) -> dict[str, Any]:
        """The JWKS to publish: the public half only."""
        public = self.key.as_dict(private=False)
        return {"keys": [{**public, "kid": self.key_id, "alg": self.algorithm, "use": "sig", "key_ops": ["verify"]}]}


def signing_key(pem: str, key_id: str) -> SigningKey:
    """Raises SmartKeyError for anything but a private RSA key of 2048 bits or more, or one on P-384."""
    for kind in (RSAKey, ECKey):
        try:
            key = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        return _checked(key, key_id)
    raise SmartKeyError("the key is not a PEM private key of type RSA or EC")


def _checked(key: RSAKey | ECKey, key_id: str) -> SigningKey:
    if not key.is_private:
        raise SmartKeyError("the key is a public key; the private one is needed")
    if isinstance(key, ECKey) and key.curve_name != "P-384":
        raise SmartKeyError(f"the EC key is on {key.curve_name}; ES384 needs P-384")
    if isinstance(key, RSAKey) and key.raw_value.key_size < 2048:
        raise SmartKeyError("the RSA key has fewer than 2048 bits")
    return SigningKey(key, key_id or key.thumbprint())


class BackendServices(httpx2.Auth):
    """Authorises every request of a client with a token from the server's token endpoint.

    Without `token_url` it is looked up once in {base_url}/.well-known/smart-configuration.
    """

    requires_response_body = True

    def __init__(self, client_id: str, key: SigningKey, scope: str, base_url: str, token_url: str = "") -> None:
        self._client_id = client_id
        self._key = key
        self._scope = scope
        self._base_url = base_url.rstrip("/")
        self._token_url = token_url
        self._token = ""
        self._until = 0.0
        self._lock = threading.Lock()

    def auth_flow(self, request: httpx2.Request) -> Flow:
        """A token if need be, then the request; after a 401 both once more."""
        for attempt in range(2):
            token = self._valid()
            if not token:
                token = yield from self._fetch()
            request.headers["Authorization"] = f"Bearer {token}"
            response = yield request
            if response.status_code != 401 or attempt:
                return
            self._forget(token)

    def _valid(self) -> str:
        with self._lock:
            return self._token if time.monotonic() < self._until else ""

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token = ""
                self._until = 0.0

    def _fetch(self) -> Generator[httpx2.Request, httpx2.Response, str]:
        if not self._token_url:
            self._token_url = yield from self._discover()
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(),
        }
        answer = yield httpx2.Request("POST", self._token_url, data=form, headers={"Accept": "application/json"})
        body = _object(answer)
        token = body.get("access_token")
        if answer.status_code != 200 or not isinstance(token, str):
            raise Unreachable(f"the token endpoint answered {answer.status_code}{_reason(body)}")
        self._keep(token, body.get("expires_in"))
        return token

    def _keep(self, token: str, lifetime: Any) -> None:
        seconds = float(lifetime) if isinstance(lifetime, int | float) else 60.0
        with self._lock:
            self._token = token
            self._until = time.monotonic() + max(seconds - EARLY_SECONDS, 1.0)

    def _discover(self) -> Generator[httpx2.Request, httpx2.Response, str]:
        url = f"{self._base_url}/.well-known/smart-configuration"
        answer = yield httpx2.Request("GET", url, headers={"Accept": "application/json"})
        found = _object(answer).get("token_endpoint")
        if answer.status_code != 200 or not isinstance(found, str):
            raise Unreachable(f"smart-configuration answered {answer.status_code} without a token endpoint")
        return found

    def _assertion(self) -> str:
        """A JWT of at most five minutes, never used twice (`jti`)."""
        now = int(time.time())
        header = {"alg": self._key.algorithm, "kid": self._key.key_id, "typ": "JWT"}
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._token_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(header, claims, self._key.key, algorithms=[self._key.algorithm])


def _object(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _reason(body: dict[str, Any]) -> str:
    """OAuth's error code (RFC 6749 §5.2), if it looks like one."""
    code = body.get("error")
    return f" ({code})" if isinstance(code, str) and _ERROR.fullmatch(code) else ""
