"""Reports in, findings out: the JSON lines of `countersign read`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from integration.canonical import Verdict
from services.evaluation.production import exam_of, read_exam
from services.reading.asked import candidate_for
from services.reading.catalogue import Library
from services.reading.reader import Candidate, Catalogue, Question, Reader


class BatchError(Exception):
    """A line that cannot be read, said with its number and what to change; never with its text."""


def read_file(
    source: Path,
    target: Path,
    reader: Reader,
    library: Library,
    rules: Reader | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> int:
    """Read every line of `source` and write one line each to `target`; the number of reports.

    `rules`: what joins the reader's answer to a line without candidates, as in production; None: it answers alone.
    `tell` hears how far that is.
    Raises BatchError for the first line that cannot be used; the lines before it are written.
    """
    count = 0
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
        for answer in answers(lines, reader, library, rules):
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")
            count += 1
            tell(f"{count} reports read")
    return count


def answers(
    lines: Iterable[str], reader: Reader, library: Library, rules: Reader | None = None
) -> Iterator[dict[str, Any]]:
    """One answer for each non-blank line.

    With candidates `{"id", "findings": [{"finding", "status", "evidence"}]}`; without, what production's question
    over the exam's whole catalogue is answered with (services/evaluation/production.py).
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            item = _parsed(number, line)
            yield (
                answer(item, reader, library) if "candidates" in item else _whole(number, item, reader, library, rules)
            )


def _whole(number: int, item: dict[str, Any], reader: Reader, library: Library, rules: Reader | None) -> dict[str, Any]:
    try:
        exam = exam_of(item)
    except ValueError as error:
        raise BatchError(f"line {number}: {error}") from None
    return read_exam(exam, reader, library, rules)


def answer(item: dict[str, Any], reader: Reader, library: Library) -> dict[str, Any]:
    """The findings of one report, one a candidate, in the order given and under the name given."""
    # The exam decides what an ambiguous name means: the effusion of a knee or of a chest.
    library = library.preferring(
        library.choose(modality=str(item.get("modality") or ""), body_part=str(item.get("body_part") or ""))
    )
    candidates = candidates_of(item["candidates"], library)
    verdicts = reader.read(asked(item, candidates.values(), library)).verdicts if candidates else ()
    by_id = {verdict.finding.id: verdict for verdict in verdicts}
    found = [
        _finding(name, by_id[candidates[name].finding.id] if name in candidates else None)
        for name in item["candidates"]
    ]
    return {"id": item["id"], "findings": found}


def candidates_of(names: Iterable[str], library: Library) -> dict[str, Candidate]:
    """Each name once with its candidate; a name without a letter asks for nothing."""
    lettered = (name for name in dict.fromkeys(names) if any(letter.isalpha() for letter in name))
    return {name: candidate_for(name, library) for name in lettered}


def asked(item: dict[str, Any], wanted: Iterable[Candidate], library: Library) -> Question:
    """The question a line asks; two names of one finding are asked once.

    The findings a candidate is a kind of, and its own kinds, are asked with it: "no fracture" denies a rib
    fracture, and a rib fracture is a fracture, whether or not both were asked for.
    """
    candidates = {candidate.finding.id: candidate for candidate in wanted}
    candidates = {each.finding.id: each for each in library.relatives(tuple(candidates.values()))} | candidates
    catalogue = Catalogue(id="asked", version="", title="As asked", candidates=tuple(candidates.values()))
    return Question(
        text=item["text"],
        catalogue=catalogue,
        modality=str(item.get("modality") or ""),
        body_site=str(item.get("body_part") or ""),
        # A file has no site: its reports share the server's prefix cache.
        site="",
    )


def _finding(name: str, verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"finding": name, "status": "not_mentioned", "evidence": []}
    return {
        "finding": name,
        "status": verdict.status.value,
        "evidence": [quote.text for quote in verdict.quotes],
    }


def _parsed(number: int, line: str) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except json.JSONDecodeError as error:
        raise BatchError(f"line {number}: not JSON ({error.msg} at column {error.colno})") from None
    if not isinstance(item, dict):
        raise BatchError(f"line {number}: a JSON object is needed, with id and text")
    names = item.get("candidates", [])
    if "id" not in item or not isinstance(item.get("text"), str):
        raise BatchError(f'line {number}: "id" and "text" (a string) are needed')
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BatchError(f'line {number}: "candidates" must be a list of names or catalogue ids, or left out')
    return item
