"""Writes docs/map.md: every file of services/ and integration/ with its purpose, as the file itself says it first.

A Python file says it in its docstring, YAML, CSS and JavaScript in their first comment; what cannot say it is named
in OTHERS. `--check` writes nothing and fails when the map is stale or a file says nothing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "docs/map.md"
# Fewer letters are no purpose.
SHORTEST = 15
OTHERS = {
    "services/*/templates/_*.html": "",
    "services/*/templates/*.html": "",
    "services/web/static/icon.svg": "the mark in a browser's tab",
    "services/samples/*": "",
    "services/store/migrations/script.py.mako": "what Alembic makes a new migration from",
    "services/store/migrations/versions/*": "",
    "services/evaluation/data/*": "",
    "services/evaluation/gates/*": "",
    "services/evaluation/report/page.html.j2": "the HTML page of a result",
    "services/capacity/*.yaml": "figures others published, with where they stand",
    "services/reading/catalogue/*.yaml": "",
    "services/reading/lexicon/*.yaml": "",
    "services/reading/grades.yaml": "the grades of suggestions with their measured precision",
    "services/reading/limits.yaml": "sizes up to which a structure is of normal width, beyond which large",
    "*/py.typed": "",
}
FOLDERS = {
    "integration/fhir": "FHIR R4: reports in; Observations, Tasks and the rest out; client, search, subscription",
    "integration/hl7v2": "HL7 v2: frames, headers, acknowledgements; ORU and MDM in, ORU out",
    "integration/sglang/tiny/stand_ins": "what a machine without a GPU lacks, so that SGLang starts on it",
    "services/actions": "what somebody can do: each one transaction with its audit row, for pages, API and commands",
    "services/evaluation": "data sets, scores and comparisons; figures from reviewers, drift, calibration, the shadow",
    "services/evaluation/data": "data sets of our own writing; see README.md there",
    "services/evaluation/gates": "what a release must reach, set by set",
    "services/processes": "one folder a process: thin shells around workflow/ and web/",
    "services/processes/listener": "HL7 over MLLP comes in",
    "services/processes/relay": "hands out what is due, sweeps what was lost",
    "services/processes/sender": "what leaves: the outbox, until each destination has it",
    "services/processes/subscriber": "reports of a FHIR server come in, by notification or polling",
    "services/processes/worker": "reads messages in and has reports read",
    "services/processes/worklist": "the web application's process",
    "services/samples": "sample reports of our own writing, as a RIS and a FHIR server send them",
    "services/store/migrations/versions": "the migrations, by number",
    "services/web": "the worklist: HTML, JSON and the FHIR read API",
    "services/web/api": "what the pages do, as JSON",
    "services/web/auth": "who is asking: logins, sessions, tokens, SMART launches",
    "services/web/fhir": "the FHIR read API over our rows",
    "services/web/pages": "the pages: read a form, call an action or a view, show what came of it",
    "services/web/static": "scripts and styles",
    "services/web/templates": "the pages' HTML; a name with an underscore is a part",
    "services/web/views": "what pages and API show, made once for both",
    "services/workflow": "a report's life, a step a file",
}


class Unnamed(Exception):
    """A file or folder without a purpose; the message names it."""


def tracked() -> list[str]:
    """Files of services/ and integration/, as git has or will have them."""
    listed = ["git", "ls-files", "-co", "--exclude-standard", "services", "integration"]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return sorted({name for name in found if (ROOT / name).exists()})


def purpose(name: str) -> str | None:
    """What a file is for, without its last stop; None for one of many that its folder's purpose names."""
    for pattern, words in OTHERS.items():
        if fnmatch(name, pattern):
            return words or None
    said = _said(ROOT / name)
    if len(said) < SHORTEST:
        raise Unnamed(f"{name} does not say what it is for: begin it with a sentence, or name it in {__file__}")
    return said.rstrip(".")


def _said(path: Path) -> str:
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        words = ast.get_docstring(ast.parse(text)) or ""
    elif path.suffix in (".yaml", ".yml"):
        words = " ".join(re.findall(r"\A(?:# ?(.*)\n)+", text)) if not text.startswith("#") else _comment(text, "#")
    else:
        words = _comment(text, "//") or text.removeprefix("/*").partition("*/")[0]
    return re.split(r"\.\s|\n\n|;\s", words.strip().replace("\n", " ") + " ")[0].strip()


def _comment(text: str, mark: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith(mark):
            break
        lines.append(line.removeprefix(mark).strip())
    return " ".join(lines)


def _of_folder(folder: str, names: list[str]) -> str:
    own = f"{folder}/__init__.py"
    if folder in FOLDERS:
        return FOLDERS[folder]
    if own in names and len(_said(ROOT / own)) >= SHORTEST:
        return _said(ROOT / own).rstrip(".")
    raise Unnamed(f"{folder}/ does not say what it is for: name it in {__file__}, or in its __init__.py")


def lines() -> Iterator[str]:
    """The page. Raises Unnamed."""
    yield "# Map"
    yield ""
    yield "Every file and what it is for. Written by `python scripts/code_map.py` from what each file says first."
    names = tracked()
    for folder in sorted({str(Path(name).parent) for name in names}):
        here = [name for name in names if str(Path(name).parent) == folder]
        yield from ("", f"## {folder}/", "", f"{_of_folder(folder, here)}.", "")
        named = [(Path(name).name, purpose(name)) for name in here if not name.endswith("__init__.py")]
        rows = [f"| `{name}` | {words} |" for name, words in named if words]
        yield from (["| File | Purpose |", "|---|---|", *rows] if rows else [])


def main() -> int:
    """Writes the map, or with --check says whether it is true."""
    try:
        page = "\n".join(lines()) + "\n"
    except Unnamed as unnamed:
        print(unnamed, file=sys.stderr)
        return 1
    if "--check" in sys.argv[1:]:
        if MAP.exists() and MAP.read_text("utf-8") == page:
            return 0
        print("docs/map.md is stale: run `python scripts/code_map.py`", file=sys.stderr)
        return 1
    MAP.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
