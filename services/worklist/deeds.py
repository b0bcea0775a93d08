"""What people did to a report, in a radiologist's words: the trail's actions as a report's history has them."""

from __future__ import annotations

DEEDS = {
    "review.view": "viewed",
    "review.view_as_prior": "viewed as a prior",
    "review.claim": "claimed",
    "review.take_over": "took over",
    "review.release": "gave back",
    "review.reasoning": "read the reasoning",
    "review.rate": "rated",
    "review.print": "printed",
    "review.sign": "signed",
    "review.amend": "opened again",
    "draft.approve": "approved",
    "draft.edit": "edited",
    "draft.reject": "rejected",
    "draft.add": "added",
    "draft.undo": "undid",
    "bulk.view": "viewed among others",
    "advisory.leave_out": "left an advisory out",
    "advisory.put_back": "put an advisory back",
    "second_reading.open": "began a second reading",
    "second_reading.finish": "finished a second reading",
    "report.release": "released",
    "report.retract": "retracted",
    "export": "exported",
}


def deed(action: str) -> str:
    """The word for an action; of others their own name."""
    return DEEDS.get(action, action.replace(".", " ").replace("_", " "))
