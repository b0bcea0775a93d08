"""What all tables share: metadata with stable constraint names, and the usual columns."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Identity, MetaData, Text, func

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key() -> Column[int]:
    """bigint identity primary key, named id."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def site() -> Column[str]:
    """Every table from message to audit says whose row it is."""
    return Column("site_id", Text, nullable=False, server_default="default")


def moment(name: str, *, now: bool = False) -> Column[datetime]:
    """timestamptz; with `now`, set by the database's clock."""
    at = DateTime(timezone=True)
    return Column(name, at, server_default=func.now(), nullable=False) if now else Column(name, at)


def one_of(column: str, values: Iterable[str], name: str | None = None) -> CheckConstraint:
    """CHECK that a column holds one of these states."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)
