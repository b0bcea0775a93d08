"""The tables, by noun. Sets of states are CHECK constraints, named here once."""

from services.store.tables.advisory import advisory
from services.store.tables.base import metadata
from services.store.tables.delivery import delivery, fhir_resource, subscription
from services.store.tables.evaluation import calibration, exercise, instance
from services.store.tables.message import answer_time, job, message, message_search, replay
from services.store.tables.people import (
    account,
    audit,
    local_password,
    login_attempt,
    login_session,
    notice,
    rating,
    saved_view,
)
from services.store.tables.report import (
    analysis,
    patient_alias,
    report,
    report_alias,
    report_source,
    report_version,
    suggestion,
)
from services.store.tables.review import draft, opening, review, showing
from services.store.tables.run import circuit, worker
from services.store.tables.second_reading import second_answer, second_reading

__all__ = [
    "account",
    "advisory",
    "analysis",
    "answer_time",
    "audit",
    "calibration",
    "circuit",
    "delivery",
    "draft",
    "exercise",
    "fhir_resource",
    "instance",
    "job",
    "local_password",
    "login_attempt",
    "login_session",
    "message",
    "message_search",
    "metadata",
    "notice",
    "opening",
    "patient_alias",
    "rating",
    "replay",
    "report",
    "report_alias",
    "report_source",
    "report_version",
    "review",
    "saved_view",
    "second_answer",
    "second_reading",
    "showing",
    "subscription",
    "suggestion",
    "worker",
]
