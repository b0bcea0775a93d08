"""A client of OpenID Connect providers: authorization code with PKCE, the ID token checked in full.

OpenID Connect Core 1.0 §3.1 (code flow), RFC 7636 (PKCE, S256), RFC 9207 (issuer in the answer).
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from pydantic import SecretStr

from integration.fhir.smart import ASSERTION_SECONDS, SmartKeyError, signing_key
from services.setting_groups import BY_KEY, ClientAuthentication
from services.web.auth.discovery import NONSENSE, TIMEOUT_SECONDS, Discovery, OidcError

# What a provider may sign ID tokens with; symmetric algorithms and "none" are not among them.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
LEEWAY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Registration:
    """How we are known to a provider. Without a secret we are a public client; with `private_key_jwt` it is our key."""

    client_id: str
    client_secret: SecretStr
    redirect_uri: str
    scope: str
    authentication: ClientAuthentication = "client_secret_basic"


@dataclass(frozen=True, slots=True)
class Started:
    """A login under way: where to send the browser, and what the answer must match."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A login that came through: who it is, and the token response it came with."""

    claims: Mapping[str, Any]
    token: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider, known by its discovery document."""

    discovery: Discovery

    async def start(self, registration: Registration, **more: str) -> Started:
        """A new login. `more` are further parameters: prompt, max_age, aud, launch."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        endpoint = await self.discovery.address("authorization_endpoint")
        client = OAuth2Client(None, registration.client_id, code_challenge_method="S256", **_place(registration))
        url, _ = client.create_authorization_url(endpoint, state=state, code_verifier=verifier, nonce=nonce, **more)
        return Started(url, state, nonce, verifier)

    async def end(self, registration: Registration, back: str) -> str:
        """Where a browser goes to end the provider's session, and then `back` (RP-Initiated Logout 1.0 §2).

        No ID token is kept for a hint, so that the provider may ask first. Raises OidcError.
        """
        endpoint = await self.discovery.address("end_session_endpoint")
        asked = {"client_id": registration.client_id, "post_logout_redirect_uri": back}
        return str(httpx2.URL(endpoint).copy_merge_params(asked))

    async def finish(
        self, registration: Registration, code: str, verifier: str, nonce: str, max_age: float | None = None
    ) -> Finished:
        """The person a code stands for. Raises OidcError.

        With `max_age` (seconds) the provider must say that they logged in no longer ago than that (Core §2,
        auth_time): one that ignored our `prompt=login` has not confirmed who sits at the screen.
        """
        token = await self._exchange(registration, code, verifier)
        if not isinstance(token.get("id_token"), str):
            raise OidcError("The identity provider did not say who you are (no ID token).")
        claims = await self.claims(registration, token, nonce)
        if max_age is not None and not _is_recent(claims.get("auth_time"), max_age):
            raise OidcError("The identity provider did not ask you who you are again. Log in there, then try again.")
        return Finished(claims, token)

    async def _exchange(self, registration: Registration, code: str, verifier: str) -> Mapping[str, Any]:
        endpoint = await self.discovery.address("token_endpoint")
        try:
            async with _client(registration, endpoint) as client:
                return dict(await client.fetch_token(endpoint, code=code, code_verifier=verifier))
        except SmartKeyError as error:
            raise OidcError(f"Logins are not set up: {error}. Tell an administrator.") from None
        except (OAuthError, httpx2.HTTPError, *NONSENSE):
            raise OidcError("The identity provider did not accept the login. Try again.") from None

    async def claims(self, registration: Registration, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The checked claims of a token response's ID token (OpenID Connect Core §3.1.3.7). Raises OidcError."""
        issuer, keys = (await self.discovery.document())["issuer"], await self.discovery.keys()
        wanted = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": registration.client_id},
            # Authlib takes an empty one.
            "sub": {"essential": True},
        }
        known = {"nonce": nonce, "client_id": registration.client_id, "access_token": token.get("access_token")}
        try:
            found = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(found.claims, found.header, wanted, known)
            claims.validate(leeway=LEEWAY_SECONDS)
        except NONSENSE:
            raise OidcError("The identity provider's answer could not be verified.") from None
        return dict(claims)


def _place(registration: Registration) -> dict[str, str]:
    return {"redirect_uri": registration.redirect_uri, "scope": registration.scope}


def _client(registration: Registration, endpoint: str) -> AsyncOAuth2Client:
    """Raises SmartKeyError for a key that cannot sign."""
    secret, method = _credentials(registration, endpoint)
    client = AsyncOAuth2Client(
        registration.client_id,
        secret,
        token_endpoint_auth_method=method,
        timeout=TIMEOUT_SECONDS,
        **_place(registration),
    )
    client.register_compliance_hook("access_token_response", httpx2.Response.raise_for_status)
    return client


def _credentials(registration: Registration, endpoint: str) -> tuple[Any, Any]:
    """The secret or key, and how it is used: by a method's name, or by what changes the request."""
    secret = registration.client_secret.get_secret_value()
    # For some minutes (RFC 7523 §3).
    until = {"exp": int(time.time()) + ASSERTION_SECONDS}
    if not secret:
        return None, "none"
    if registration.authentication == "client_secret_jwt":
        return secret, ClientSecretJWT(endpoint, claims=until)
    if registration.authentication == BY_KEY:
        key = signing_key(secret, "")
        return key.key, PrivateKeyJWT(endpoint, claims=until, headers={"kid": key.key_id}, alg=key.algorithm)
    return secret, _basic if registration.authentication == "client_secret_basic" else registration.authentication


def _basic(client: Any, _: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """Both parts form-encoded first (RFC 6749 §2.3.1), which Authlib leaves out."""
    shown = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {base64.b64encode(shown.encode()).decode()}"
    return uri, headers, body


def _is_recent(auth_time: Any, max_age: float) -> bool:
    return isinstance(auth_time, int | float) and time.time() - auth_time <= max_age + LEEWAY_SECONDS


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by name, or by a path through objects as Keycloak has them: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def practitioner(value: Any, fhir_url: str) -> str:
    """The reference of a `fhirUser` that is a Practitioner: relative on our own FHIR server, else as given."""
    if not isinstance(value, str) or "Practitioner" not in value.split("/")[-2:-1]:
        return ""
    own = fhir_url.rstrip("/") + "/"
    return value.removeprefix(own) if fhir_url and value.startswith(own) else value
