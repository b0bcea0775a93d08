"""Every command of ours on a page is one that there is, with the options it has; so is every target and module.

Whether it does what the page says is held by the tests of that command. Commands of other programs are listed on
docs/operations/README.md as run here or not.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from services.cli import build

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]
    if page.name != "CHANGELOG.md"
)
FENCE = re.compile(r"^```(?:sh|console|bash)?\n(.*?)^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
OURS = re.compile(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/)?(countersign|make|python3?)( .+)")
OPEN = ("…", "[", "<", "|", "COMMAND")
"""A line with one of these is a form to fill in, not a command."""
EXTERNAL = {"build", "venv", "pip", "twine", "http.server"}


@cache
def cli() -> TyperGroup:
    found = typer.main.get_command(build())
    assert isinstance(found, TyperGroup)
    return found


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each command of ours on a page."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *INDENTED.findall(text), *INLINE.findall(text)]:
        found = OURS.fullmatch(line.strip())
        if found and not any(sign in line.split("  #")[0] for sign in OPEN):
            yield [found[1], *words(found[2])]


def words(text: str) -> list[str]:
    """As a shell splits them, up to a comment, a pipe or the next command."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    taken: list[str] = []
    for word in lexer:
        if word in (">", "&", "&&", ";", "2>", ">>"):
            break
        taken.append(word)
    return taken


def fault(said: list[str]) -> str:
    """What is wrong with a command, "" for nothing."""
    program, *rest = said
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return next((f"make {word}: no such target" for word in rest if "=" not in word and word not in targets), "")
    if program != "countersign":
        return _python(rest)
    return _ours(rest)


def _python(rest: list[str]) -> str:
    if rest[0] == "-m":
        module = rest[1]
        there = module in EXTERNAL or module.startswith("sglang") or find_spec(module)
        return "" if there else f"python -m {module}: no such module"
    script = ROOT / rest[0]
    return "" if rest[0].startswith("-") or script.exists() else f"python {rest[0]}: no such file"


def _ours(rest: list[str]) -> str:
    command: Any = cli()
    context = typer.Context(command)
    while True:
        try:
            _, left, _ = command.make_parser(context).parse_args(list(rest))
        except Exception as error:  # typer's own class of it has no public name
            return f"countersign {' '.join(rest)}: {error}"
        if not isinstance(command, TyperGroup) or not left:
            return ""
        name, *rest = left
        if (found := command.get_command(context, name)) is None:
            return f"countersign: no command {name}"
        command, context = found, typer.Context(found, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_page_is_one_that_there_is(page: Path) -> None:
    assert [wrong for said in commands(page) if (wrong := fault(said))] == []


def test_the_pages_hold_commands() -> None:
    assert sum(len(list(commands(page))) for page in PAGES) > 150


@pytest.mark.parametrize(
    "said",
    [
        "countersign messages --no-such-option",
        "countersign no-such-command",
        "countersign evaluate no-such-part results.json",
        "make no-such-target",
        "python -m tests.benchmarks.no_such",
    ],
)
def test_what_there_is_not_is_found(said: str) -> None:
    assert fault(said.split())
