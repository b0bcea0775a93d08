"""One reading of two: a model's and the rules'."""

from __future__ import annotations

from integration.canonical import Status, Verdict
from services.reading.reader import Reading
from services.reading.remarks import with_remarks


def merged(reading: Reading, rules: Reading) -> Reading:
    """The reading, with the rules' verdict wherever it says nothing, and their remarks among its own.

    Both answer the same question. The flagged spans are those of either.
    """
    by_id = {verdict.finding.id: verdict for verdict in rules.verdicts}
    verdicts = tuple(_said(verdict, by_id.get(verdict.finding.id)) for verdict in reading.verdicts)
    flagged = tuple(dict.fromkeys((*reading.flagged, *rules.flagged)))
    return with_remarks(reading.model_copy(update={"verdicts": verdicts, "flagged": flagged}), rules)


def _said(own: Verdict, rules: Verdict | None) -> Verdict:
    """The model's verdict, the rules' where it has none; what both say is shown whatever the rules' grade."""
    return rules if rules is not None and own.status is Status.NOT_MENTIONED else own
