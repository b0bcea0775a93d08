"""The outbox, the ledger of what we wrote on FHIR servers, and how we hear from them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB

from services.domain.words import DeliveryKind, DeliveryState
from services.store.tables.base import key, metadata, moment, one_of, site

_LEASED = "(lost > 0 OR lease_until IS NOT NULL)"

# `destination` is a FHIR endpoint's name, an MLLP host:port or a webhook's name. Content is made from the rows when it
# is sent, so that nothing stale leaves. Of one report the deliveries go out in the order of their ids. `lost`: leases
# that ran out with their sender, one after the other.
delivery = Table(
    "delivery",
    metadata,
    key(),
    site(),
    Column("kind", Text, nullable=False),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("version_id", BigInteger, ForeignKey("report_version.id"), nullable=False),
    Column("destination", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("lease_epoch", Integer, nullable=False, server_default="0"),
    moment("lease_until"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lost", Integer, nullable=False, server_default="0"),
    moment("not_before", now=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("trace", Text, nullable=False, server_default=""),
    moment("created_at", now=True),
    moment("sent_at"),
    one_of("state", DeliveryState),
    one_of("kind", DeliveryKind),
    Index("ix_delivery_pending", "not_before", "id", postgresql_where=text("state = 'pending'")),
    Index("ix_delivery_leased", "id", postgresql_where=text(f"state = 'pending' AND {_LEASED}")),
    Index("ix_delivery_stopped", "id", postgresql_where=text("state IN ('blocked', 'dead')")),
    Index("ix_delivery_report_id", "report_id", "id"),
)

# Every resource we created or found on a server. `identifier` is the search that finds it there; `digest` that
# of what we last wanted it to say, "" for a resource of the server's own, which is never updated;
# `attempted` lists updates that were sent and whose answers have not been seen.
fhir_resource = Table(
    "fhir_resource",
    metadata,
    key(),
    site(),
    Column("endpoint", Text, nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("version", Text, nullable=False, server_default=""),
    Column("digest", Text, nullable=False, server_default=""),
    Column("attempted", JSONB, nullable=False, server_default=text("'[]'")),
    Column("report_id", BigInteger, ForeignKey("report.id")),
    moment("written_at", now=True),
    UniqueConstraint("endpoint", "resource_type", "identifier"),
    Index("ix_fhir_resource_reference", "endpoint", "resource_type", "resource_id"),
    Index("ix_fhir_resource_report_id", "report_id"),
    Index("ix_fhir_resource_resource_id", "resource_id"),
)

# One row an endpoint: how far polling came (`watermark`) and the last event number a subscription gave.
subscription = Table(
    "subscription",
    metadata,
    key(),
    site(),
    Column("endpoint", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False, server_default=""),
    Column("reference", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False, server_default=""),
    moment("watermark"),
    Column("events", BigInteger, nullable=False, server_default="0"),
    moment("last_event_at"),
    moment("updated_at", now=True),
)
