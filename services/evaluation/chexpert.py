"""CSV with the 14 columns of the CheXpert labeler to labelled reports.

Columns and values: Irvin et al., CheXpert (AAAI 2019, arXiv:1901.07031), and MIMIC-CXR-JPG 2.0.0: 1 positive,
0 negative, -1 uncertain, blank not mentioned. Such a file holds no quotes, so that the labels are scored and no
quote is.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from integration.canonical import Status
from services.evaluation.dataset import SHOWN, DatasetError, Gold, Labelled, Origin

CATALOGUE = "chest_xray"
FINDINGS = {
    "Enlarged Cardiomediastinum": "enlarged_cardiomediastinum",
    "Cardiomegaly": "cardiomegaly",
    "Lung Opacity": "lung_opacity",
    "Edema": "pulmonary_edema",
    "Consolidation": "consolidation",
    "Pneumonia": "pneumonia",
    "Atelectasis": "atelectasis",
    "Pneumothorax": "pneumothorax",
    "Pleural Effusion": "pleural_effusion",
    "Pleural Other": "pleural_other",
    "Fracture": "fracture",
    "Support Devices": "support_devices",
}
"""Columns whose meaning is that of one finding of the chest x-ray catalogue."""
NOT_MAPPED = {
    "No Finding": "the labeler concludes it from the other columns; the report need not say it",
    "Lung Lesion": "a nodule or a mass: the catalogue has lung_nodule and lung_mass, each narrower",
}
VALUES = {"": Status.NOT_MENTIONED, "1": Status.PRESENT, "0": Status.ABSENT, "-1": Status.UNCERTAIN}
TEXTS = ("text", "report", "reports", "report impression", "report text", "impression")
IDS = ("id", "study_id", "accession", "accession number", "report id", "path")
_LONGEST = 1_000_000
"""Characters of one cell; Python's own limit would refuse a long report without saying where."""


@dataclass
class Imported:
    """What came of a file. `labels` by column and status; `not_mapped` by column, with the labels it holds;
    `unknown`: columns that mean nothing here; `without_text`: rows left out.
    """

    items: list[Labelled] = field(default_factory=list)
    labels: dict[str, Counter[Status]] = field(default_factory=dict)
    not_mapped: Counter[str] = field(default_factory=Counter)
    unknown: tuple[str, ...] = ()
    without_text: int = 0


@dataclass(frozen=True)
class Columns:
    """Which column of the file holds what; `text` is "" when the texts lie in files."""

    id: str
    text: str
    findings: dict[str, str]
    not_mapped: tuple[str, ...]
    unknown: tuple[str, ...]


Texts = Callable[[str], str | None]
"""The text of a report by its id; None if there is none."""


def read_csv(
    path: Path, *, origin: Origin, id_column: str = "", text_column: str = "", texts: Texts | None = None
) -> Imported:
    """The labelled reports of a file. Raises DatasetError naming the file, line and column, never a value."""
    csv.field_size_limit(_LONGEST)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _imported(path.name, file, origin, id_column, text_column, texts)
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path.name}: not UTF-8 at byte {error.start} of a part; save it as CSV UTF-8") from None


def texts_in(folder: Path) -> Texts:
    """Reports as files of a folder named by id: `ID.txt`, or `sID.txt` as MIMIC-CXR has them."""

    def text(name: str) -> str | None:
        # An id is a name here, never a path out of the folder.
        for path in (folder / f"{Path(name).name}.txt", folder / f"s{Path(name).name}.txt"):
            if path.is_file():
                return path.read_text("utf-8")
        return None

    return text


def _imported(name: str, file: TextIO, origin: Origin, id_: str, text: str, texts: Texts | None) -> Imported:
    reader = csv.DictReader(file, strict=True)
    try:
        columns = _columns(name, reader.fieldnames or (), id_, text, texts is not None)
        result = Imported(labels={title: Counter() for title in columns.findings}, unknown=columns.unknown)
        result.not_mapped.update(dict.fromkeys(columns.not_mapped, 0))
        problems = list(_rows(name, reader, columns, texts, origin, result))
    except csv.Error as error:
        raise DatasetError(f"{name}, line {reader.line_num}: not CSV ({error})") from None
    if problems:
        more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise DatasetError("\n".join([*problems[:SHOWN], *more]))
    if not result.items:
        raise DatasetError(f"{name}: no row with a report's text")
    return result


def _rows(
    name: str, reader: csv.DictReader[str], columns: Columns, texts: Texts | None, origin: Origin, result: Imported
) -> Iterator[str]:
    """Fills `result`; what is wrong, a line each."""
    seen: dict[str, int] = {}
    for row in reader:
        where = f"{name}, line {reader.line_num}"
        if None in row or None in row.values():
            yield f"{where}: another number of cells than the heading has"
            continue
        identifier = row[columns.id].strip() if columns.id else f"{Path(name).stem}-{reader.line_num}"
        if not identifier or seen.setdefault(identifier, reader.line_num) != reader.line_num:
            yield f"{where}, {columns.id}: " + (f"also in line {seen[identifier]}" if identifier else "empty")
            continue
        labels, wrong = _labels(row, columns)
        yield from (f"{where}, {title}: only 1, 0, -1 and blank mean something" for title in wrong)
        text = (texts(identifier) if texts else row[columns.text]) or ""
        if not text.strip():
            result.without_text += 1
        elif not wrong:
            _add(result, identifier, text, labels, row, columns, origin)


def _labels(row: Mapping[str, str], columns: Columns) -> tuple[dict[str, Status], list[str]]:
    """Labels by column, and the columns whose value means nothing. 1.0 is 1: the published files write floats."""
    values = {title: row[title].strip().removesuffix(".0") for title in columns.findings}
    known = {title: VALUES[value] for title, value in values.items() if value in VALUES}
    return known, [title for title in values if title not in known]


def _add(
    result: Imported,
    identifier: str,
    text: str,
    labels: Mapping[str, Status],
    row: Mapping[str, str],
    columns: Columns,
    origin: Origin,
) -> None:
    for title, status in labels.items():
        result.labels[title][status] += 1
    for title in columns.not_mapped:
        result.not_mapped[title] += bool(row[title].strip())
    gold = {columns.findings[title]: Gold(status=status) for title, status in labels.items()}
    result.items.append(
        Labelled(
            id=identifier,
            text=text,
            candidates=tuple(gold),
            gold=gold,
            modality="CR",
            body_part="CHEST",
            catalogue=CATALOGUE,
            origin=origin,
        )
    )


def _columns(name: str, titles: Sequence[str], id_: str, text: str, in_files: bool) -> Columns:
    by_name = {title.strip().casefold(): title for title in titles}
    if len(by_name) < len(titles):
        raise DatasetError(f"{name}, line 1: a column stands there twice")
    chosen_id = _chosen(name, by_name, id_, IDS)
    chosen_text = "" if in_files else _chosen(name, by_name, text, TEXTS)
    if not (chosen_text or in_files):
        raise DatasetError(f"{name}, line 1: no column of texts ({', '.join(TEXTS)}): name it with --text, or --texts")
    if in_files and not chosen_id:
        raise DatasetError(f"{name}, line 1: no column of ids ({', '.join(IDS)}): name it with --id")
    findings = {by_name[title.casefold()]: to for title, to in FINDINGS.items() if title.casefold() in by_name}
    if not findings:
        raise DatasetError(f"{name}, line 1: none of the columns {', '.join(FINDINGS)}")
    dropped = tuple(by_name[title.casefold()] for title in NOT_MAPPED if title.casefold() in by_name)
    used = {chosen_id, chosen_text, *findings, *dropped}
    return Columns(chosen_id, chosen_text, findings, dropped, tuple(t for t in titles if t not in used))


def _chosen(name: str, by_name: Mapping[str, str], wanted: str, usual: tuple[str, ...]) -> str:
    if wanted and wanted.casefold() not in by_name:
        raise DatasetError(f"{name}, line 1: there is no column {wanted!r}")
    options = (wanted.casefold(),) if wanted else usual
    return next((by_name[option] for option in options if option in by_name), "")
