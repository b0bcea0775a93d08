"""The rules engine beside medspaCy with the same phrases: python -m tests.benchmarks.rules --medspacy PYTHON

`--medspacy`: the Python of an environment of its own in which medspaCy is installed (`python -m venv V`,
`V/bin/pip install medspacy`); left out, only our side is measured. `--out docs/benchmarks` keeps the table as rules.md.

Both get the built-in labelled reports (dev, dev2, frozen), the same findings and the same phrases of the catalogues.
Time is CPU time of one process, both warm, each asked everything it knows of the exam, the rules in the mean of three
passes; memory is the process's peak.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

from services.reading.asked import candidate_for
from services.reading.catalogue import load
from services.reading.reader import Catalogue, Question
from services.reading.rules.reader import RulesReader

SETS = ("dev", "dev2", "frozen")
SCORED = ("present", "absent", "uncertain")
PASSES = 3
SCRIPT = Path(__file__).with_name("medspacy_reader.py")
Items = list[tuple[dict[str, Any], Question]]
Pairs = list[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description="The rules engine beside medspaCy.")
    parser.add_argument("--medspacy", type=Path, help="a Python that has medspaCy")
    parser.add_argument("--out", type=Path, help="folder for rules.md")
    given = parser.parse_args()
    items = questions()
    rows = [ours(items)]
    rows += [theirs(items, given.medspacy)] if given.medspacy else []
    table = f"{head(items)}\n" + "\n".join(rows) + "\n"
    sys.stdout.write(table)
    if given.out:
        (given.out / "rules.md").write_text(f"# Rules engine beside medspaCy\n\n{table}\n{NOTE}", encoding="utf-8")


NOTE = """Repeat with `python -m tests.benchmarks.rules --medspacy PYTHON --out docs/benchmarks`.

The phrases are the same; sides, levels, addenda, conflicts and normal statements in other words than the catalogue's
are what phrases alone cannot tell. The reports are of our own writing and three quarters of them were used to improve
the rules: the ratio of time and memory is what this page is for. F1 on reports the rules were not tuned on:
docs/reading.md.
"""


def head(items: Items) -> str:
    """What was measured and the head of the table."""
    labels = sum(len(item["candidates"]) for item, _ in items)
    said = f"{len(items)} reports, {labels} labels; Python {platform.python_version()}, one core of a shared machine."
    return f"{said}\n\n| Engine | CPU a report | peak memory | macro-F1 | polarity flips |\n|---|---|---|---|---|"


def questions() -> Items:
    """Every labelled report with its question."""
    library, found = load(), []
    for name in SETS:
        lines = files("services.evaluation").joinpath("data", f"{name}.jsonl").read_text("utf-8").splitlines()
        for item in map(json.loads, lines):
            exam = library.preferring(library.choose(modality=item["modality"], body_part=item["body_part"]))
            names = [item.get("names", {}).get(each, each) for each in item["candidates"]]
            asked = tuple(dict.fromkeys(candidate_for(each, exam).finding.id for each in names))
            known = {each.finding.id: each for each in (candidate_for(name, exam) for name in names)}
            item["asked"] = [candidate_for(each, exam).finding.id for each in names]
            catalogue = Catalogue(
                id="asked", version="", title="Asked", candidates=tuple(known[each] for each in asked)
            )
            exam_said = {"modality": item["modality"], "body_site": item["body_part"]}
            found.append((item, Question(text=item["text"], catalogue=catalogue, **exam_said)))
    return found


def ours(items: Items) -> str:
    """The row of the rules engine."""
    reader, pairs = RulesReader(), []
    for item, question in items:
        said = {each.finding.id: each.status.value for each in reader.read(question).verdicts}
        pairs += paired(item, said)
    exams = whole_exams(items)
    for question in exams:
        reader.read(question)
    began = time.process_time()
    for _ in range(PASSES):
        for question in exams:
            reader.read(question)
    seconds = (time.process_time() - began) / PASSES
    return row("rules", seconds / len(items), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, pairs)


def whole_exams(items: Items) -> list[Question]:
    """The reports as a site asks about them: every finding of the exam's catalogue."""
    library = load()
    catalogues = [library.choose(modality=item["modality"], body_part=item["body_part"]) for item, _ in items]
    return [
        question.model_copy(update={"catalogue": catalogue})
        for (_, question), catalogue in zip(items, catalogues, strict=True)
    ]


def theirs(items: Items, python: Path) -> str:
    """The row of medspaCy, read by a process of its own."""
    families: dict[str, dict[str, Any]] = {}
    for item, question in items:
        family = families.setdefault(item["catalogue"], {"phrases": {}, "normal": {}, "texts": []})
        family["texts"].append(item["text"])
        for each in question.catalogue.candidates:
            family["phrases"][each.finding.id] = list(each.synonyms)
            family["normal"][each.finding.id] = list(each.normal_phrases)
    asked = json.dumps({"families": families})
    # Standard error is let go: medspaCy's sentence splitter writes report text to it.
    run = subprocess.run([python, SCRIPT], input=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if run.returncode:
        raise SystemExit(f"{python} cannot run medspaCy: {python} {SCRIPT} says why")
    told = json.loads(run.stdout)
    answers = {name: iter(found) for name, found in told["answers"].items()}
    pairs = [pair for item, _ in items for pair in paired(item, next(answers[item["catalogue"]]))]
    return row(f"medspaCy {told['version']}", told["seconds"] / len(items), told["peak_kib"], pairs)


def paired(item: dict[str, Any], said: dict[str, str]) -> Pairs:
    """(gold, said) for each label of the report."""
    gold = [item["gold"][each]["status"] for each in item["candidates"]]
    return [(label, said.get(each, "not_mentioned")) for label, each in zip(gold, item["asked"], strict=True)]


def row(name: str, seconds: float, kib: int, pairs: Pairs) -> str:
    """One line of the table."""
    flips = sum({gold, said} == {"present", "absent"} for gold, said in pairs)
    return f"| {name} | {seconds * 1000:.1f} ms | {kib / 1024:.0f} MiB | {macro_f1(pairs):.3f} | {flips} |"


def macro_f1(pairs: Pairs) -> float:
    """Mean F1 over present, absent and uncertain."""
    gold, said = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    right = Counter(first for first, second in pairs if first == second)
    return sum(2 * right[each] / (gold[each] + said[each]) for each in SCORED) / len(SCORED)


if __name__ == "__main__":
    main()
