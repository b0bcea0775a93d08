"""A row of the audit trail in words, and what kind of event it is to those who take AuditEvents."""

from __future__ import annotations

from integration.canonical import EventKind
from services.domain.audit_actions import AuditAction


def deed(word: str) -> str:
    """What a row says was done; the word itself of an action that another release wrote."""
    action = AuditAction.known(word)
    return action.label if action else word.replace(".", " ").replace("_", " ")


def kind(word: str) -> EventKind:
    """The kind of a row's action; of one that another release wrote, that a record was changed."""
    action = AuditAction.known(word)
    return action.kind if action else EventKind.CHANGE
