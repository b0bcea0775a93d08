"""The one interface every reader implements, and the records it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from integration.canonical import (
    Advisory,
    Engine,
    Finding,
    Priority,
    Quote,
    Record,
    Section,
    Sex,
    Side,
    Verdict,
)


class Candidate(Record):
    """One finding to ask about, as the catalogue defines it. Phrases are lower case, without punctuation.

    `synonyms` name the finding; `signs` only support it, where nothing names or denies it. `ask`: other names of it as
    a model is told them, in plain writing.
    `parent`: id of the less specific finding this one implies. `sides`: whether a side can be said of it;
    `one_sided`: whether it always lies on one or on both.
    `structures`: the anatomy whose being called normal denies the finding ("liver", "lungs").
    """

    finding: Finding
    definition: str = ""
    synonyms: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    normal_phrases: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    parent: str = ""
    sides: bool = False
    one_sided: bool = False


def ancestors(name: str, parents: Mapping[str, str]) -> list[str]:
    """The less specific findings above one, nearest first; itself among them only where the parents run in a circle.

    `parents`: finding → the one above it.
    """
    above: list[str] = []
    while (name := parents.get(name, "")) and name not in above:
        above.append(name)
    return above


class Catalogue(Record):
    """The candidates for one exam family, in the order they are asked and shown.

    `groups`: where several catalogues were joined, the ids of each in its own order; a model is asked by group.
    """

    id: str
    version: str
    title: str
    candidates: tuple[Candidate, ...]
    groups: tuple[tuple[str, ...], ...] = ()


class Question(Record):
    """One report and the candidates to decide. Nothing here names a patient.

    `order_side`, `sex` and `age_years` serve the discrepancy checks; `site` separates prefix caches.
    """

    text: str
    catalogue: Catalogue
    sections: tuple[Section, ...] = ()
    modality: str = ""
    body_site: str = ""
    procedure: str = ""
    order_side: Side | None = None
    sex: Sex = Sex.UNKNOWN
    age_years: int | None = None
    priority: Priority = Priority.ROUTINE
    site: str = "default"


class Usage(Record):
    """What one reading cost; counts in tokens, time in seconds. All zero for rules but seconds.

    `estimated`: the server does not say how many of its tokens were thinking; the share is by characters.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    answer_tokens: int = 0
    calls: int = 0
    seconds: float = 0.0
    estimated: bool = False


class Reading(Record):
    """A reader's whole answer: one verdict a candidate, in the order asked.

    `unread`: why the report could not be read at all (a language the reader does not know, say); then every
    verdict is not_mentioned and nothing may be concluded from it. `flagged`: spans that look like
    instructions to the reader; they support no verdict. `reasoning` is kept for the one key that shows it.
    """

    engine: Engine
    verdicts: tuple[Verdict, ...]
    advisories: tuple[Advisory, ...] = ()
    flagged: tuple[Quote, ...] = ()
    unread: str = ""
    reasoning: str = ""
    usage: Usage = Usage()


class Failing(StrEnum):
    """What kept a reader from an answer."""

    PARSE = "parse"
    CUT = "cut"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    SERVER = "server"
    AWAY = "away"


class ReadingError(Exception):
    """The reader gave no usable answer. `retryable` separates an outage from a poisonous report.

    `usage`: what the reading had cost until it failed. The message never holds text of the report.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        outage: bool = False,
        failing: Failing = Failing.SERVER,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.outage = outage
        self.failing = failing
        self.usage = usage or Usage()


class Reader(Protocol):
    """Answers a question about one report.

    Raises ReadingError when there is no usable answer; never returns a partial one.
    """

    @property
    def engine(self) -> Engine:
        """Name and versions, as they will be stored beside each suggestion; catalogue fields are empty."""
        ...

    def read(self, question: Question) -> Reading:
        """Decide every candidate of the question."""
        ...
