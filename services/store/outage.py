"""Whose fault a database error is: the server's, which then counts against no job, or what was to be stored."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError, SQLAlchemyError, TimeoutError

# SQLSTATE 54 (program limit exceeded) is an operational error to the driver; it is the row that is too large.
_ROW_TOO_LARGE = "54"


def is_outage(error: BaseException) -> bool:
    """Whether the server was away, full, read-only or busy: the same work may succeed later."""
    if not isinstance(error, SQLAlchemyError):
        return False
    if isinstance(error, DBAPIError) and (getattr(error.orig, "sqlstate", None) or "").startswith(_ROW_TOO_LARGE):
        return False
    broken = isinstance(error, DBAPIError) and error.connection_invalidated
    return broken or isinstance(error, OperationalError | InterfaceError | InternalError | TimeoutError)
