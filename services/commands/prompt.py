"""`countersign prompt`: what a model would be asked about a report, exactly as it would be sent; nothing is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from integration.sglang.chat_answer import ChatAnswer
from integration.sglang.endpoint import ChatCall, request
from services.engines import RULES, EngineError, EngineSpec, load_engines, spec_of
from services.reading.catalogue import CatalogueError, load
from services.reading.reader import Question
from services.reading.rules.reader import RulesReader
from services.settings import Settings, SettingsError
from services.settings import load as load_settings
from services.workflow.context import in_folder
from services.workflow.model_reader import ModelReader


def prompt(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="the text of one report")],
    engine: Annotated[str, typer.Option(help="a name of engines.yaml; the one that reads if not given")] = "",
    modality: Annotated[str, typer.Option(help="DICOM modality of the exam: CR, CT, MR, …")] = "",
    procedure: Annotated[str, typer.Option(help="what was ordered, in words")] = "",
    body_part: Annotated[str, typer.Option(help="body part of the order")] = "",
    plain: Annotated[bool, typer.Option("--text", help="the words alone, as a person reads them")] = False,
) -> None:
    """Print the requests that would go to a model about one report: a JSON body each, or with --text the words."""
    try:
        settings = load_settings()
        spec = _spec(engine or settings.reading.engine, settings)
        library = load(in_folder(settings, "catalogue"))
        catalogue = library.choose(procedure=procedure, modality=modality, body_part=body_part)
        text = source.read_text(encoding="utf-8")
    except (EngineError, SettingsError, CatalogueError) as error:
        raise _refused(str(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(f"{source}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    question = Question(text=text, catalogue=catalogue, modality=modality, procedure=procedure, body_site=body_part)
    for body in _bodies(spec, question, settings):
        typer.echo(_words(body) if plain else json.dumps(body, ensure_ascii=False, indent=1))


class _Nobody:
    """Is asked nothing."""

    def ask(self, call: ChatCall) -> ChatAnswer:
        raise NotImplementedError


def _spec(name: str, settings: Settings) -> EngineSpec:
    """Without its key: nothing is sent."""
    if name == RULES:
        raise EngineError("the rules engine asks nobody: name a model of engines.yaml with --engine")
    found = spec_of(name, load_engines(settings.config_dir))
    return found.model_copy(update={"api_key_env": "", "api_key_file": None})


def _bodies(spec: EngineSpec, question: Question, settings: Settings) -> list[dict[str, Any]]:
    reader = ModelReader(spec, _Nobody(), RulesReader(), per_call=settings.reading.candidates_per_call)
    return [request(spec.endpoint({}), call) for call in reader.first_calls(question)]


def _words(body: dict[str, Any]) -> str:
    return "\n".join(f"[{message['role']}]\n{message['content']}" for message in body["messages"])


def _refused(message: str) -> typer.Exit:
    typer.echo(f"countersign prompt: {message}", err=True)
    return typer.Exit(2)
