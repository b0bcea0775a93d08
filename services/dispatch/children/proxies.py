"""The two things children do, in the shape the workflow knows: opening a message, and the rules as a Reader."""

from __future__ import annotations

from collections.abc import Sequence

from integration.canonical import Engine, Priority
from integration.hl7v2.report import Understood
from services.dispatch.children.limits import Over
from services.dispatch.children.pool import Pool
from services.domain.messages import ClaimedJob
from services.reading.reader import Question, Reader, Reading
from services.reading.rules.silence import LIMIT, silence
from services.workflow.context import Site
from services.workflow.intake import Opened


class ChildOpener:
    """Opens messages in a child. Raises Faulty for a defect of ours."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __call__(self, job: ClaimedJob, site: Site, parts: Sequence[bytes] = ()) -> Opened:
        """What a job's message says, or the whole that it is a part of; quarantined, with the limit named, where it met
        one.
        """
        letter = {name: getattr(job, name) for name in ("door", "peer", "application", "facility", "part", "site_id")}
        urgent = job.priority == Priority.STAT
        try:
            head = {"ask": "open", "letter": letter, "parts": [len(each) for each in parts]}
            text = self._pool.ask(head, b"".join(parts) or job.body, urgent=urgent)
        except Over as limit:
            return Opened(understood=Understood(quarantined=f"the message was not opened: {limit}"))
        return Opened.model_validate_json(text)


class ChildRules:
    """The rules read in a child. `inner` is the reader that the children were born with."""

    def __init__(self, inner: Reader) -> None:
        self.inner = inner
        self.pool: Pool | None = None

    @property
    def engine(self) -> Engine:
        """That of the rules."""
        return self.inner.engine

    def read(self, question: Question) -> Reading:
        """Decides every candidate; unread, with the limit named, where it met one. Raises Faulty for our defect."""
        if self.pool is None:
            return self.inner.read(question)
        catalogue = question.catalogue
        head = {"ask": "read", "catalogue": catalogue.id, "version": catalogue.version}
        # The catalogue is known to the child by its name.
        bare = question.model_dump_json(exclude={"catalogue": {"candidates"}}).encode()
        try:
            text = self.pool.ask(head, bare, urgent=question.priority == Priority.STAT)
        except Over as limit:
            return self._failed(question, str(limit))
        return Reading.model_validate_json(text)

    def _failed(self, question: Question, limit: str) -> Reading:
        catalogue = question.catalogue
        known = {"catalogue": catalogue.id, "catalogue_version": catalogue.version}
        return Reading(
            engine=self.engine.model_copy(update=known),
            verdicts=tuple(silence(candidate.finding, LIMIT) for candidate in catalogue.candidates),
            unread=f"The rules did not get to the end of this report: {limit}.",
        )
