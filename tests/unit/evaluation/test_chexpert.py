"""A CSV with CheXpert's columns: what is mapped, what is not, and what is wrong, by line and column."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.canonical import Status
from services.evaluation.chexpert import FINDINGS, NOT_MAPPED, Imported, read_csv, texts_in
from services.evaluation.dataset import DatasetError, Origin, load
from services.reading.catalogue import load as load_library

ALL = (*FINDINGS, *NOT_MAPPED)


def _csv(tmp_path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    path = tmp_path / "labels.csv"
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows(rows)
    return path


def _read(path: Path, **more: object) -> Imported:
    return read_csv(path, origin=Origin.DEIDENTIFIED, **more)  # type: ignore[arg-type]


def test_the_fourteen_columns_are_mapped_or_said_not_to_be() -> None:
    known = {candidate.finding.id for candidate in load_library().catalogues["chest_xray"].candidates}

    assert len(ALL) == 14
    assert set(FINDINGS.values()) <= known


def test_one_zero_minus_one_and_blank_are_present_absent_uncertain_and_not_mentioned(tmp_path: Path) -> None:
    titles = ["study_id", "Edema", "Pneumothorax", "Pneumonia", "Fracture", "Report"]
    found = _read(_csv(tmp_path, [titles, ["s1", "1.0", "0", "-1.0", "", "No pneumothorax."]]))

    (item,) = found.items
    assert {name: label.status for name, label in item.gold.items()} == {
        "pulmonary_edema": Status.PRESENT,
        "pneumothorax": Status.ABSENT,
        "pneumonia": Status.UNCERTAIN,
        "fracture": Status.NOT_MENTIONED,
    }
    assert (item.id, item.text, item.origin, item.catalogue) == ("s1", "No pneumothorax.", "deidentified", "chest_xray")


def test_what_could_not_be_used_is_counted(tmp_path: Path) -> None:
    rows = [
        ["id", "text", "Edema", "Lung Lesion", "No Finding", "reader"],
        ["1", "Edema.", "1", "1", "", "A"],
        ["2", " ", "1", "", "1", "B"],
    ]
    found = _read(_csv(tmp_path, rows))

    assert dict(found.not_mapped) == {"Lung Lesion": 1, "No Finding": 0}
    assert found.unknown == ("reader",)
    assert (found.without_text, len(found.items)) == (1, 1)


def test_texts_may_lie_in_files_and_an_id_is_no_path_out_of_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "s7.txt").write_text("Edema.")
    (tmp_path / "secret.txt").write_text("Not for anybody.")
    found = _read(_csv(tmp_path, [["study_id", "Edema"], ["7", "1"], ["../secret", "1"]]), texts=texts_in(folder))

    assert [(item.id, item.text) for item in found.items] == [("7", "Edema.")]
    assert found.without_text == 1


def test_a_file_saved_by_a_spreadsheet_keeps_its_first_column(tmp_path: Path) -> None:
    path = _csv(tmp_path, [["id", "text", "Edema"], ["1", "Edema.", "1"]], encoding="utf-8-sig")

    assert _read(path).items[0].id == "1"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["id", "text", "Edema"], ["1", "SECRET", "2"]], "labels.csv, line 2, Edema: only 1, 0, -1 and blank"),
        ([["id", "text", "Edema"], ["1", "SECRET"]], "labels.csv, line 2: another number of cells"),
        ([["id", "text", "Edema"], ["1", "a", "1"], ["1", "b", "1"]], "line 3, id: also in line 2"),
        ([["id", "text", "Edema"], ["", "a", "1"]], "line 2, id: empty"),
        ([["id", "text"], ["1", "a"]], "line 1: none of the columns Enlarged Cardiomediastinum"),
        ([["id", "Edema"], ["1", "1"]], "line 1: no column of texts"),
        ([["id", "text", "Edema", "edema"], ["1", "a", "1", "0"]], "line 1: a column stands there twice"),
        ([["id", "text", "Edema"]], "labels.csv: no row with a report's text"),
        ([], "labels.csv, line 1: no column of texts"),
    ],
)
def test_a_mistake_is_told_by_line_and_column(tmp_path: Path, rows: list[list[str]], told: str) -> None:
    with pytest.raises(DatasetError) as error:
        _read(_csv(tmp_path, rows))

    assert told in str(error.value)
    assert "SECRET" not in str(error.value)


def test_a_column_of_an_unusual_name_can_be_named(tmp_path: Path) -> None:
    path = _csv(tmp_path, [["Untersuchung", "Befund", "Edema"], ["1", "Edema.", "1"]])

    assert _read(path, id_column="Untersuchung", text_column="Befund").items[0].id == "1"
    with pytest.raises(DatasetError, match="there is no column 'Text'"):
        _read(path, text_column="Text")


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, max_size=5), max_size=5), st.binary(max_size=60))
def test_any_file_is_read_or_refused(tmp_path: Path, rows: list[list[str]], end: bytes) -> None:
    path = _csv(tmp_path, [["id", "text", "Edema"], *rows])
    path.write_bytes(path.read_bytes() + end)
    try:
        _read(path)
    except DatasetError as error:
        assert "labels.csv" in str(error)


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    found = read_csv(Path("docs/evaluation/chest.csv"), origin=Origin.SYNTHETIC)
    path = tmp_path / "chest.jsonl"
    path.write_text("".join(item.model_dump_json(exclude_defaults=True) + "\n" for item in found.items))

    assert (len(found.items), found.without_text) == (12, 1)
    assert load(str(path)) == found.items
