"""`countersign explain`: for whoever mends a reading, how the rules came to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from services.evaluation.production import answer_of, exam_of, question_of
from services.reading.catalogue import CatalogueError, load
from services.reading.reader import Question
from services.reading.rules.explain import Explained, Said
from services.reading.rules.explain import explain as explained
from services.reading.rules.reader import RulesReader

_FILE = "a report as text, or JSON lines as for `read`"


def explain(
    file: Annotated[Path, typer.Argument(help=_FILE)],
    id: Annotated[str, typer.Option(help="which line of a JSON-lines file; left out: the first")] = "",
    procedure: Annotated[str, typer.Option(help="of a text file's order, as in `read`")] = "",
    modality: Annotated[str, typer.Option(help="likewise")] = "",
    body_part: Annotated[str, typer.Option(help="likewise")] = "",
) -> None:
    """Print every statement the rules find in one report, and what each became."""
    try:
        item = _item(file, id) | {
            name: said
            for name, said in (("procedure", procedure), ("modality", modality), ("body_part", body_part))
            if said
        }
        question = question_of(exam_of(item), load())
    except (CatalogueError, ValueError) as error:
        _end(str(error))
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}")
    for sentence in explained(question):
        _show(sentence)
    _sum_up(question)


def _item(file: Path, id: str) -> dict[str, Any]:
    text = file.read_text("utf-8")
    if file.suffix not in (".json", ".jsonl"):
        return {"id": file.name, "text": text}
    try:
        items = [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: not JSON ({error.msg})") from None
    found = next((each for each in items if isinstance(each, dict) and (not id or str(each.get("id")) == id)), None)
    if found is None:
        raise ValueError(f"{file}: no report{' of that id' if id else ''}")
    return found


def _show(sentence: Explained) -> None:
    note = f"  ({sentence.silent})" if sentence.silent else ""
    typer.echo(f"[{sentence.section}] {sentence.text}{note}")
    for said in sentence.statements:
        typer.echo(f"    {_line(said)}")


def _line(said: Said) -> str:
    facts = (
        said.status.value,
        f"where: {said.where}" if said.where else "",
        f"level: {said.levels}" if said.levels else "",
        f"side: {said.side}" if said.side else "",
        f"time: {said.time}" if said.time else "",
        f"by: {said.by}",
    )
    arrow = "=>" if said.counted else "->"
    return f'"{said.what}" {", ".join(fact for fact in facts if fact)} {arrow} {said.finding}: {said.became}'


def _sum_up(question: Question) -> None:
    """The suggestions and advisories that came of it."""
    answer = answer_of("", question.catalogue, RulesReader().read(question))
    unread = f": {answer['unread']}" if answer["unread"] else ""
    typer.echo(f"\ncatalogue {answer['catalogue']}, {answer['asked']} asked{unread}")
    for each in answer["suggestions"]:
        folded = "" if each["shown"] else " (folded)"
        typer.echo(f"  {each['finding']}: {each['status']}, side {each['side'] or '-'}, by {each['grade']}{folded}")
    typer.echo(f"  absent: {', '.join(answer['absent']) or '-'}")
    for each in answer["advisories"]:
        detail = ", ".join(f"{name} {value}" for name, value in each["detail"].items() if value)
        typer.echo(f"  {each['kind']}: {each['message']} ({detail})")


def _end(message: str) -> NoReturn:
    typer.echo(f"countersign explain: {message}", err=True)
    raise typer.Exit(2)
