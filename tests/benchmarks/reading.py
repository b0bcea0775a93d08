"""Reading chest reports beside other programs: python -m tests.benchmarks.reading [--out docs/benchmarks] [--pipeline]

The 1,000 chest reports of the PyPI package radlabels 0.2.0 (MIT), its published labels (RadGraph-XL and a dictionary
of aliases), our rules, and medspaCy with the phrases of our catalogue. What they say of 18 findings is compared, and
scored on the settled labels that `COUNTERSIGN_CORPUS` holds (reading/chest_adjudicated.jsonl): where rules and package
disagreed, settled blind by careful reading, no radiologist. `--pipeline` runs the package's own pipeline too, where its
libraries (gigabytes) and its model can be had. No report's text is printed. The other programs live in an environment
of their own, `.cache/reading`, which the command makes; nothing of it is a dependency of the product or its tests.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from services.figures.proportions import wilson
from services.reading.catalogue import load
from services.reading.reader import Catalogue, Question
from services.reading.rules.reader import RulesReader
from tests.benchmarks.chart import shares

HOME = Path(".cache/reading")
PACKAGES = {"radlabels": "0.2.0", "medspacy": "1.3.1"}
SCRIPT = Path(__file__).with_name("medspacy_reader.py")
# Our findings by the package's names for them.
FINDINGS = {
    "atelectasis": ("atelectasis",),
    "cardiomegaly": ("cardiomegaly",),
    "central_venous_catheter": ("central_venous_catheter",),
    "chest_tube": ("intercostal_drain",),
    "consolidation": ("consolidation",),
    "emphysema": ("emphysema",),
    "endotracheal_tube": ("endotracheal_tube",),
    "enlarged_cardiomediastinum": ("enlarged_cardiomediastinum",),
    "enteric_tube": ("enteric_tube",),
    "pacemaker": ("pacemaker_electronic_cardiac_device_or_wires", "implantable_electronic_device"),
    "pleural_effusion": ("pleural_effusion",),
    "pneumomediastinum": ("pneumomediastinum",),
    "pneumonia": ("pneumonia",),
    "pneumoperitoneum": ("pneumoperitoneum",),
    "pneumothorax": ("pneumothorax",),
    "pulmonary_edema": ("pulmonary_edema",),
    "pulmonary_vascular_congestion": ("pulmonary_congestion_pulmonary_venous_congestion",),
    "subcutaneous_emphysema": ("subcutaneous_emphysema",),
}
STATUSES = {"definitely present": "present", "definitely absent": "absent", "uncertain": "uncertain"}
SILENT = "not_mentioned"
Said = dict[str, dict[str, str]]
"""Report → finding → status."""


class Column(NamedTuple):
    """A program: what it said, and CPU milliseconds a report (None: its published labels)."""

    name: str
    said: Said
    milliseconds: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description="Rules, published labels and medspaCy on the same chest reports.")
    parser.add_argument("--out", type=Path, help="folder for reading.md and reading.svg")
    parser.add_argument("--pipeline", action="store_true", help="install and run the package's own pipeline")
    given = parser.parse_args()
    python = environment()
    reports, published = corpus(python)
    columns = [ours(reports), Column(f"radlabels {PACKAGES['radlabels']}, published labels", published, None)]
    columns.append(medspacy(python, reports))
    notes = [pipeline(python, reports, columns)] if given.pipeline else [NOT_RUN]
    settled = adjudicated()
    page = "\n\n".join([HEAD.format(reports=len(reports)), *tables(columns, settled), *notes, TAIL]) + "\n"
    sys.stdout.write(page)
    if given.out:
        (given.out / "reading.md").write_text(page, encoding="utf-8")
        (given.out / "reading.svg").write_text(picture(columns, settled), encoding="utf-8")


HEAD = """# Reading chest reports beside other programs

The {reports:,} chest reports of the PyPI package `radlabels` 0.2.0 (MIT, J.-B. Delbrouck), 18 findings. Nothing was
tuned on the package's labels; the rules' authors read half of the texts at most."""
NOT_RUN = """The package's own pipeline (RadGraph-XL) was not run: its libraries take gigabytes and its model is fetched
from a model hub. `make bench-reading ARGS=--pipeline` tries; the published labels are what it said."""
TAIL = """Settled labels: where rules and package disagreed and some where they agreed, settled blind by careful
reading, by no radiologist. They are rich in hard cases: the share that is right compares programs and is no accuracy in
a clinic. They were chosen where an earlier version of our rules and the package disagreed, and errors on them were
read: our figure here says how far that list is worked off. On sets nobody tuned on:
[docs/reading.md](../reading.md).

Repeat with `make bench-reading OUT=docs/benchmarks` (makes `.cache/reading`, needs PyPI), and `COUNTERSIGN_CORPUS` for
the settled labels. CPU of one core of a shared machine.

![right on settled labels](reading.svg)"""


def environment() -> Path:
    """The Python of the environment the other programs live in; made once."""
    python = HOME / "bin" / "python"
    marker = HOME / "complete"
    if not marker.exists():
        venv.create(HOME, with_pip=True, clear=True)
        pip(python, f"medspacy=={PACKAGES['medspacy']}")
        # The package's own dependencies are gigabytes, and its labels need none of them.
        pip(python, "--no-deps", f"radlabels=={PACKAGES['radlabels']}")
        marker.touch()
    return python.absolute()


def pip(python: Path, *what: str) -> None:
    """Installs with the machine's own settings of pip. Ends the command, saying why, where that fails."""
    run = subprocess.run([python, "-m", "pip", "install", "--quiet", *what])
    if run.returncode:
        raise SystemExit(f"pip install {' '.join(what)} failed; its reason stands above")


def corpus(python: Path) -> tuple[dict[str, str], Said]:
    """The package's reports, and its published labels of our findings."""
    (folder,) = (python.parent.parent / "lib").glob("python*/site-packages/radlabels/samples")
    reports = {each.stem: each.read_text("utf-8") for each in sorted((folder / "synthetic_reports").glob("*.txt"))}
    labels = json.loads((folder / "synthetic_labels.json").read_text("utf-8"))
    return reports, {name: translated(labels.get(name, {})) for name in reports}


def translated(labels: Mapping[str, str]) -> dict[str, str]:
    """The package's labels of one report under our names; of two of its findings that are one of ours, the stronger."""
    rank = (*STATUSES.values(), SILENT)
    return {
        ours: min((STATUSES[labels[each]] if each in labels else SILENT for each in theirs), key=rank.index)
        for ours, theirs in FINDINGS.items()
    }


def catalogue() -> Catalogue:
    """The chest catalogue, whole: denied parents and named children count."""
    return load().catalogues["chest_xray"]


def ours(reports: Mapping[str, str]) -> Column:
    """What the rules say."""
    reader, asked = RulesReader(), catalogue()
    questions = {name: Question(text=text, catalogue=asked, modality="CR") for name, text in reports.items()}
    reader.read(next(iter(questions.values())))
    began = time.process_time()
    answers = {name: reader.read(question) for name, question in questions.items()}
    seconds = time.process_time() - began
    said = {
        name: {each.finding.id: each.status.value for each in reading.verdicts if each.finding.id in FINDINGS}
        for name, reading in answers.items()
    }
    return Column("rules", said, 1000 * seconds / len(reports))


def medspacy(python: Path, reports: Mapping[str, str]) -> Column:
    """What medspaCy says with the phrases of our catalogue."""
    asked = catalogue().candidates
    family: dict[str, Any] = {
        "phrases": {each.finding.id: list(each.synonyms) for each in asked},
        "normal": {each.finding.id: list(each.normal_phrases) for each in asked},
        "texts": [*reports.values()],
    }
    given = json.dumps({"families": {"chest": family}})
    # Standard error is let go: medspaCy's sentence splitter writes report text to it.
    run = subprocess.run([python, SCRIPT], input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if run.returncode:
        raise SystemExit(f"{python} cannot run medspaCy: {python} {SCRIPT} says why")
    told = json.loads(run.stdout)
    said = dict(zip(reports, told["answers"]["chest"], strict=True))
    return Column(f"medspaCy {told['version']}, our phrases", said, 1000 * told["seconds"] / len(reports))


PIPELINE = """
import json, sys, time
from radlabels import label_reports
reports = json.load(sys.stdin)
began = time.process_time()
found = label_reports([*reports.values()], ids=[*reports])
json.dump({"said": {each.report_id: each.labels for each in found}, "seconds": time.process_time() - began}, sys.stdout)
"""


def pipeline(python: Path, reports: Mapping[str, str], columns: list[Column]) -> str:
    """Adds the column of the package's own pipeline; a note, where it cannot run here, that says why."""
    for step in ([python, "-m", "pip", "install", "--quiet", f"radlabels=={PACKAGES['radlabels']}"], None):
        command = step or [python, "-c", PIPELINE]
        run = subprocess.run(command, input=json.dumps(reports), capture_output=True, text=True)
        if run.returncode:
            return f"The package's own pipeline (RadGraph-XL) did not run on this machine: {reason(run.stderr)}"
    told = json.loads(run.stdout)
    said = {name: translated(told["said"].get(name, {})) for name in reports}
    columns.append(Column("radlabels, own pipeline here", said, 1000 * told["seconds"] / len(reports)))
    return "The package's own pipeline was run on this machine's CPU."


def reason(errors: str) -> str:
    """The line of a traceback that says what was missing."""
    said = [" ".join(line.split()) for line in errors.splitlines() if any(map(str.isalpha, line))]
    telling = [line for line in said if "Error" in line or "not found" in line]
    return (telling or said or ["no reason given"])[-1].replace("\x1b[93m", "").replace("\x1b[0m", "")[:200]


def adjudicated() -> list[tuple[str, str, str]]:
    """Settled labels as (report, finding, status); none without the corpus."""
    home = os.environ.get("COUNTERSIGN_CORPUS", "")
    path = Path(home, "reading", "chest_adjudicated.jsonl")
    if not home or not path.exists():
        return []
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return [(row["id"], finding, status) for row in rows for finding, status in row["gold"].items()]


def tables(columns: Sequence[Column], settled: Sequence[tuple[str, str, str]]) -> list[str]:
    """Agreement on all reports, and the share that is right on the settled labels."""
    found = [agreement(columns)]
    return (
        [right(columns, settled), *found]
        if settled
        else [*found, "`COUNTERSIGN_CORPUS` is not set: no settled labels."]
    )


def right(columns: Sequence[Column], settled: Sequence[tuple[str, str, str]]) -> str:
    """Who is right on the settled labels, and how often present stands for absent or the reverse."""
    rows = [f"| | CPU a report | right of {len(settled)} settled labels | | flips |", "|---|---|---|---|---|"]
    for column in columns:
        correct, flips = score(column, settled)
        low, high = wilson(correct, len(settled))
        speed = "–" if column.milliseconds is None else f"{column.milliseconds:.1f} ms"
        share = f"{correct / len(settled):.2f} [{low:.2f}, {high:.2f}]"
        rows.append(f"| {column.name} | {speed} | {correct} | {share} | {flips} |")
    return "\n".join(rows)


def score(column: Column, settled: Iterable[tuple[str, str, str]]) -> tuple[int, int]:
    """How many labels are right, and how many the opposite."""
    pairs = [(column.said[report].get(finding, SILENT), gold) for report, finding, gold in settled]
    return sum(said == gold for said, gold in pairs), sum({*pair} == {"present", "absent"} for pair in pairs)


def agreement(columns: Sequence[Column]) -> str:
    """Of each program with the published labels: where either speaks, how often they say the same; Cohen's kappa."""
    published = columns[1]
    rows = [
        "Beside the published labels, all reports and 18 findings: where both speak, how often they say the same,",
        "how often one says present and the other absent, and kappa over the four statuses.",
        "",
        "| | both speak | same | opposite | only one speaks | kappa |",
        "|---|---|---|---|---|---|",
    ]
    for column in (each for each in columns if each is not published):
        pairs = Counter(
            (column.said[report].get(finding, SILENT), published.said[report].get(finding, SILENT))
            for report, finding in product(published.said, FINDINGS)
        )
        both = sum(count for pair, count in pairs.items() if SILENT not in pair)
        same = sum(count for (one, other), count in pairs.items() if one == other != SILENT)
        opposite = sum(count for pair, count in pairs.items() if {*pair} == {"present", "absent"})
        single = sum(count for pair, count in pairs.items() if pair.count(SILENT) == 1)
        rows.append(f"| {column.name} | {both} | {same} | {opposite} | {single} | {kappa(pairs):.2f} |")
    return "\n".join(rows)


def kappa(pairs: Counter[tuple[str, str]]) -> float:
    """Cohen's kappa of two columns of statuses."""
    total = pairs.total()
    first, second = Counter[str](), Counter[str]()
    for (one, other), count in pairs.items():
        first[one] += count
        second[other] += count
    seen = sum(count for (one, other), count in pairs.items() if one == other) / total
    chance = sum(first[each] * second[each] for each in first) / total**2
    return (seen - chance) / (1 - chance)


def picture(columns: Sequence[Column], settled: Sequence[tuple[str, str, str]]) -> str:
    """The shares right on settled labels with their intervals."""
    rows = {column.name: (score(column, settled)[0], len(settled)) for column in columns} if settled else {}
    return shares("Right on settled labels (95 % interval)", rows)


if __name__ == "__main__":
    main()
