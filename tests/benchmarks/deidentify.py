"""Our de-identifier beside Presidio on one labelled set: what is left of people, what is lost of the report.

    python -m tests.benchmarks.deidentify                          # ours alone
    python -m tests.benchmarks.deidentify --presidio PYTHON        # beside it, run by a Python that has it
    python -m tests.benchmarks.deidentify --set FILE               # writes the set, a JSON line a report

The set: the reports of `dev`, which name nobody, with people, numbers and dates of our own making put in by fixed
chance. Half of the people stand in the order's record, half do not. Every identifier is labelled; nobody in it exists.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from services.evaluation.dataset import load
from services.evaluation.deidentify import BRACKETED, Unsafe, clean
from services.evaluation.identity import Known

GIVEN = (
    "Maria",
    "Tomasz",
    "Aiko",
    "Kwame",
    "Ingrid",
    "Rahul",
    "Chloe",
    "Mateo",
    "Fatima",
    "Liam",
    "Noor",
    "Pavel",
    "Grace",
    "Hiroshi",
    "Leila",
    "Oscar",
)
FAMILY = (
    "Delgado",
    "Kowalczyk",
    "Tanaka",
    "Mensah",
    "Lindqvist",
    "Iyer",
    "Fontaine",
    "Alvarez",
    "Haddad",
    "Gallagher",
    "Novak",
    "Whitfield",
    "Castellanos",
    "Bergström",
    "Ferreira",
    "Osei",
)
STREETS = ("Maple Avenue", "Harbour Street", "Linden Road", "Station Road")
HOSPITALS = ("St. Brendan's Hospital", "Lakeview Medical Center", "Northgate Imaging Centre")
DATES = ("03/14/2025", "14 March 2025", "2025-03-14", "Mar 14, 2025", "14.03.2025")
KNOWN_FRAMES = (
    "Patient: {patient}   MRN: {mrn}   Accession: {accession}",
    "Electronically signed by {radiologist}, MD on {date} at 14:32",
    "{patient} tolerated the procedure well.",
    "Report dictated by Dr. {radiologist}.",
    "RE: {patient}, DOB {date}",
    "Case ID {accession} reviewed for {patient}.",
)
UNKNOWN_FRAMES = (
    "Findings were discussed with Dr. {other} by telephone at {phone}.",
    "Comparison: {date}, performed at {hospital}.",
    "Results called to {other} RN at 10:15 on {date}.",
    "The patient's daughter {other} was present.",
    "cc: {other}, {number} {street}, Springfield",
    "Questions: {mail} or {phone}.",
    "Insurance number {insurance}.",
    "{age}-year-old resident of the nursing home.",
    "Referred by {other} of {hospital}.",
)


@dataclass(frozen=True)
class Labelled:
    """A report with people in it; `plain`: before. `identifiers`: (kind, words, whether the record has it)."""

    text: str
    plain: str
    identifiers: list[tuple[str, str, bool]]
    known: dict[str, list[str]]


@dataclass
class Score:
    """Over the set."""

    reports: int = 0
    refused: int = 0
    leaking: int = 0
    left: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    words: int = 0


def made(seed: int = 1) -> Iterator[Labelled]:
    """The set; the same seed, the same set."""
    chance = random.Random(seed)
    for item in load("dev"):
        patient = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
        doctor = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
        digits = chance.randrange
        values = {
            "patient": patient,
            "radiologist": doctor,
            "mrn": f"{digits(10**6, 10**7)}",
            "accession": f"A{digits(10**7, 10**8)}",
        }
        yield _report(item.text, values, chance)


def _report(text: str, values: dict[str, str], chance: random.Random) -> Labelled:
    lines, identifiers = text.splitlines(), []
    for frames, has in ((KNOWN_FRAMES, True), (UNKNOWN_FRAMES, False)):
        for frame in chance.sample(frames, 2):
            said = {**values, **_strangers(chance)}
            lines.insert(chance.randrange(len(lines) + 1), frame.format(**said))
            names = re.findall(r"{(\w+)}", frame)
            identifiers += [(name, said[name], has and name != "date") for name in names if name != "number"]
    split = {name: values[name].split() for name in ("patient", "radiologist")}
    known = {"patient": split["patient"], "physicians": split["radiologist"]}
    known |= {"identifiers": [values["mrn"]], "accessions": [values["accession"]]}
    return Labelled("\n".join(lines), text, identifiers, known)


def _strangers(chance: random.Random) -> dict[str, str]:
    """What no record holds."""
    return {
        "other": f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}",
        "date": chance.choice(DATES),
        "phone": f"555-01{chance.randrange(10)}-{chance.randrange(1000, 10000)}",
        "hospital": chance.choice(HOSPITALS),
        "street": chance.choice(STREETS),
        "number": str(chance.randrange(2, 400)),
        "mail": f"{chance.choice(FAMILY).lower()}@example.org",
        "insurance": f"{chance.randrange(10**8, 10**9)}",
        "age": str(chance.randrange(90, 104)),
    }


def is_left(words: str, output: str, kind: str) -> bool:
    """Whether an identifier can still be read: all of it, or of a name any part."""
    parts = words.split() if kind in ("patient", "radiologist", "other") else [words]
    return any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", output, re.IGNORECASE) for part in parts)


def scored(reports: Sequence[Labelled], outputs: Sequence[str | None]) -> Score:
    """None for a report that was refused: nothing of it left the house."""
    found = Score(reports=len(reports))
    for report, output in zip(reports, outputs, strict=True):
        found.labelled.update(kind for kind, _, _ in report.identifiers)
        if output is None:
            found.refused += 1
            continue
        left = [kind for kind, words, _ in report.identifiers if is_left(words, output, kind)]
        found.left.update(left)
        found.leaking += bool(left)
        before = Counter(re.findall(r"\w+", report.plain))
        found.lost += sum((before - Counter(re.findall(r"\w+", output))).values())
        found.words += sum(before.values())
    return found


def ours(report: Labelled) -> str | None:
    """As `countersign dataset export` does it, without words that a person looked at."""
    try:
        return BRACKETED.sub(" ", clean(report.text, Known.model_validate(report.known)).text)
    except Unsafe:
        return None


def theirs(python: str, reports: Sequence[Labelled], *, record: bool) -> list[str | None]:
    """Presidio's, with or without a deny list of what the record holds."""
    worker = Path(__file__).with_name("presidio_worker.py")
    lines = "\n".join(json.dumps({**asdict(each), "record": record}) for each in reports)
    done = subprocess.run([python, str(worker)], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def row(name: str, found: Score) -> str:
    """One line of the table."""
    left, labelled = sum(found.left.values()), sum(found.labelled.values())
    kinds = ", ".join(f"{kind} {count}/{found.labelled[kind]}" for kind, count in found.left.most_common()) or "none"
    lost = f"{1000 * found.lost / found.words:.1f}" if found.words else "–"
    return f"| {name} | {left} of {labelled} | {found.leaking} | {found.refused} | {lost} | {kinds} |"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presidio", default="", help="a Python that has presidio-analyzer and a spaCy model")
    parser.add_argument("--set", type=Path, help="only write the set there")
    chosen = parser.parse_args(arguments)
    reports = list(made())
    if chosen.set:
        chosen.set.write_text("".join(json.dumps(asdict(each)) + "\n" for each in reports), encoding="utf-8")
        return
    results: dict[str, Any] = {"Countersign": [ours(each) for each in reports]}
    if chosen.presidio:
        results["Presidio"] = theirs(chosen.presidio, reports, record=False)
        results["Presidio, the record as a deny list"] = theirs(chosen.presidio, reports, record=True)
    print(f"{len(reports)} reports\n")
    print(
        "| | identifiers left | reports with one left | reports refused | clinical words lost in 1,000 | left by kind |"
    )
    print("|---|---|---|---|---|---|")
    for name, outputs in results.items():
        print(row(name, scored(reports, outputs)))


if __name__ == "__main__":
    main(sys.argv[1:])
