"""What all tables share: metadata with stable constraint names, and the usual columns."""

from typing import Any

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


def moment(name: str, *, now: bool = False, **kwargs: Any) -> Column[Any]:
    """timestamptz; with `now`, set by the database's clock."""
    if now:
        kwargs.update(server_default=func.now(), nullable=False)
    return Column(name, DateTime(timezone=True), **kwargs)


def one_of(column: str, values: tuple[str, ...], name: str | None = None) -> CheckConstraint:
    """CHECK that a column holds one of these states."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)
