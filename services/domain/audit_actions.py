"""What the audit trail can say was done: each action with the words people read and its kind of audit event."""

from __future__ import annotations

from enum import StrEnum

from integration.canonical import EventKind


class AuditAction(StrEnum):
    """One action. `label`: as a report's history has it, in a radiologist's words; `kind`: as an AuditEvent has it."""

    label: str
    kind: EventKind

    def __new__(cls, value: str, label: str, kind: EventKind) -> AuditAction:
        """Takes all three: an action without label or kind does not come to be."""
        made = str.__new__(cls, value)
        made._value_, made.label, made.kind = value, label, kind
        return made

    LOGIN = "login", "logged in", EventKind.AUTHENTICATION
    LOGIN_REFUSED = "login.refused", "was refused a login", EventKind.AUTHENTICATION
    LOGOUT = "logout", "logged out", EventKind.AUTHENTICATION

    LIST_VIEW = "list.view", "looked at a list", EventKind.QUERY
    API_SEARCH = "api.search", "searched over the API", EventKind.QUERY
    API_READ = "api.read", "read over the API", EventKind.READ
    AUDIT_VIEW = "audit.view", "looked at the audit trail", EventKind.AUDIT_USED
    AUDIT_VERIFY = "audit.verify", "verified the audit trail", EventKind.AUDIT_USED
    EXPORT = "export", "exported", EventKind.EXPORT
    DATASET_EXPORT = "dataset.export", "exported a data set", EventKind.EXPORT

    REVIEW_VIEW = "review.view", "viewed", EventKind.READ
    REVIEW_VIEW_AS_PRIOR = "review.view_as_prior", "viewed as a prior", EventKind.READ
    REVIEW_CLAIM = "review.claim", "claimed", EventKind.CHANGE
    REVIEW_TAKE_OVER = "review.take_over", "took over", EventKind.CHANGE
    REVIEW_RELEASE = "review.release", "gave back", EventKind.CHANGE
    REVIEW_REASONING = "review.reasoning", "read the reasoning", EventKind.READ
    REVIEW_RATE = "review.rate", "rated", EventKind.CHANGE
    REVIEW_PRINT = "review.print", "printed", EventKind.EXPORT
    REVIEW_SIGN = "review.sign", "signed", EventKind.CHANGE
    REVIEW_TAKE_BACK = "review.take_back", "took the signature back", EventKind.CHANGE
    REVIEW_SIGNATURE_CANCELLED = "review.signature_cancelled", "the signature fell", EventKind.CHANGE
    REVIEW_RELEASE_SIGNATURE = "review.release_signature", "the signature stands", EventKind.CHANGE
    REVIEW_TOLD = "review.told", "recorded who was told of a critical result", EventKind.CHANGE
    REVIEW_TOLD_UNDONE = "review.told_undone", "took back who was told", EventKind.CHANGE
    REVIEW_AMEND = "review.amend", "opened again", EventKind.CHANGE
    DRAFT_APPROVE = "draft.approve", "approved", EventKind.CHANGE
    DRAFT_EDIT = "draft.edit", "edited", EventKind.CHANGE
    DRAFT_REJECT = "draft.reject", "rejected", EventKind.CHANGE
    DRAFT_ADD = "draft.add", "added", EventKind.CHANGE
    DRAFT_ACCEPT = "draft.accept", "accepted what a correction left as it was", EventKind.CHANGE
    DRAFT_UNDO = "draft.undo", "undid", EventKind.CHANGE
    BULK_VIEW = "bulk.view", "viewed among others", EventKind.READ
    ADVISORY_LEAVE_OUT = "advisory.leave_out", "left an advisory out", EventKind.CHANGE
    ADVISORY_PUT_BACK = "advisory.put_back", "put an advisory back", EventKind.CHANGE
    SECOND_READING_OPEN = "second_reading.open", "began a second reading", EventKind.READ
    SECOND_READING_FINISH = "second_reading.finish", "finished a second reading", EventKind.CHANGE

    REPORT_RELEASE = "report.release", "released", EventKind.CHANGE
    REPORT_RETRACT = "report.retract", "retracted", EventKind.CHANGE
    REPORT_MERGE = "report.merge", "moved to the patient's surviving number", EventKind.CHANGE
    REPORT_UNMERGE = "report.unmerge", "moved back to its patient's number", EventKind.CHANGE
    PURGED = "purged", "purged", EventKind.DELETION

    MESSAGE_SHOW = "message.show", "looked into a message", EventKind.READ
    TRACE_SHOW = "trace.show", "looked at its trace", EventKind.READ
    MESSAGE_REPLAY = "message.replay", "had a message read again", EventKind.ACTIVITY
    QUARANTINE_VIEW = "quarantine.view", "looked at the quarantine", EventKind.QUERY
    REPLAY_TRY = "replay.try", "tried how messages would be read", EventKind.READ
    REPLAY_UNDO = "replay.undo", "took a replay back", EventKind.ACTIVITY
    JOB_RETRY = "job.retry", "sent a job on its way again", EventKind.ACTIVITY
    JOB_CANCEL = "job.cancel", "gave a job up", EventKind.ACTIVITY
    DELIVERY_RETRY = "delivery.retry", "sent a delivery again", EventKind.ACTIVITY
    DELIVERY_DISMISS = "delivery.dismiss", "let a delivery go", EventKind.ACTIVITY
    NOTICE_CLEAR = "notice.clear", "saw to a notice", EventKind.ACTIVITY

    PREFERENCES = "setting.preferences", "set preferences", EventKind.ACTIVITY
    VIEW_SAVED = "setting.view_saved", "saved a view", EventKind.ACTIVITY
    VIEW_DROPPED = "setting.view_dropped", "dropped a view", EventKind.ACTIVITY
    ACCOUNT_OPENED = "setting.account_opened", "opened an account", EventKind.ACTIVITY
    ACCOUNT_CLOSED = "setting.account_closed", "closed an account", EventKind.ACTIVITY
    ACCOUNT_CREATED = "account.created", "made an account", EventKind.ACTIVITY
    ACCOUNT_PASSWORD = "account.password", "set a password", EventKind.ACTIVITY  # noqa: S105: a verb
    CALIBRATION_FIT = "calibration.fit", "fitted a calibration", EventKind.ACTIVITY
    CALIBRATION_RETIRE = "calibration.retire", "retired a calibration", EventKind.ACTIVITY
    TRAINING_SEED = "training.seed", "stored exercises", EventKind.ACTIVITY

    @classmethod
    def known(cls, word: str) -> AuditAction | None:
        """The action of a stored row; None for one that another release wrote."""
        return cls._value2member_map_.get(word)  # type: ignore[return-value]
