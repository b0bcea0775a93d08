"""What every request shares: settings, the database, templates, the catalogue of findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from fastapi import Request
from fastapi.templating import Jinja2Templates
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reading.catalogue.library import Library
from services.settings import Settings
from services.web.auth.rate import Rate
from services.workflow.signing import Terms

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """One per application. `parents`: finding → the less specific one it implies."""

    settings: Settings
    engine: AsyncEngine
    library: Library
    templates: Jinja2Templates
    parents: Mapping[str, str]
    # From one address in a minute: logins begun, answers of providers that fit none, and wrong passwords.
    logins: Rate = field(default_factory=lambda: Rate(120))
    failures: Rate = field(default_factory=lambda: Rate(20))
    wrong_passwords: Rate = field(default_factory=lambda: Rate(30))

    @property
    def terms(self) -> Terms:
        """What the site asks of a signature."""
        return Terms.of(self.settings, self.parents)

    @property
    def public_url(self) -> str:
        """The URL people use, without a slash at its end."""
        return self.settings.worklist.address


def of(request: Request) -> Context:
    """The application's context."""
    context: Context = request.app.state.context
    return context


async def transact(
    request: Request, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Runs `work` in one transaction of its own; it is rolled back where `work` raises."""
    async with of(request).engine.begin() as connection:
        return await connection.run_sync(work, *args, **kwargs)


async def ask(request: Request, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs `work` with every statement a transaction of its own: two round trips less where one statement is all."""
    async with of(request).engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        return await alone.run_sync(work, *args, **kwargs)
