"""People: their accounts, sessions and saved views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.reports import Json


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. `practitioner` is the FHIR reference a signature is made with; "" means they cannot sign."""

    id: int
    site: str
    name: str
    roles: frozenset[str]
    practitioner: str

    @property
    def actor(self) -> str:
        """How audit rows name them."""
        return f"account/{self.id}"

    def may(self, *roles: str) -> bool:
        """Whether they have one of these roles."""
        return bool(self.roles.intersection(roles))


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An identity that logged in once, and what it may do."""

    id: int
    site_id: str
    issuer: str
    subject: str
    name: str
    roles: list[str]
    practitioner: str
    preferences: Json
    active: bool
    created_at: datetime

    @property
    def person(self) -> Person:
        """Who acts under this account."""
        return Person(self.id, self.site_id, self.name, frozenset(self.roles), self.practitioner)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAccount(Account):
    """An account with a password of its own: its digest, and whether it must wait after wrong ones."""

    digest: str
    locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession(Account):
    """A session that is not over, with its account; ages in seconds."""

    session_id: int
    csrf: str
    authenticated_ago: float
    idle_for: float
    open_for: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """A login under way at an identity provider: what the answer must match."""

    id: int
    state_sha256: bytes
    issuer: str
    nonce: str
    verifier: str
    return_to: str
    launch: str
    max_age: float | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A list's filter under a name of its own."""

    id: int
    account_id: int
    name: str
    query: str
