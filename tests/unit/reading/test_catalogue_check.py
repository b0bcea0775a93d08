"""The faults `countersign catalogue check` finds, and the commands themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.commands.catalogue import app
from services.reading.catalogue import load
from services.reading.catalogue.check import check
from services.reading.catalogue.verhoeff import checks, is_sctid

HEAD = "id: site_test\ntitle: Test\nfindings:\n"


def finding(name: str, more: str = "") -> str:
    """A finding of that id, with further lines."""
    return f"  - id: {name}\n    name: {name.replace('_', ' ')}\n    definition: A test.\n{more}"


def faults(folder: Path, findings: str) -> list[str]:
    """What is said of a site's file with these findings."""
    (folder / "site.yaml").write_text(HEAD + findings, encoding="utf-8")
    return check(load(folder))


def code(system: str, value: str) -> str:
    """A codes entry."""
    return f'    codes:\n      - {{system: {system}, code: "{value}", source: a book, verified: false}}\n'


# 60567007 and 78381009 stand in public lists of chest findings.
@pytest.mark.parametrize("value", ["60567007", "78381009", "36118009", "361180080", "12345", "036118008"])
def test_a_snomed_code_that_cannot_exist_is_told(tmp_path: Path, value: str) -> None:
    assert faults(tmp_path, finding("azygos_lobe", code("snomed", value))) == [
        f"azygos_lobe: SNOMED CT code {value} fails its check digit"
    ]


@pytest.mark.parametrize(
    ("system", "value"),
    [("radlex", "5352"), ("oifm", "OIFM_x_1"), ("radelement", "RDX1"), ("loinc", "19005"), ("gamuts", "G1")],
)
def test_a_code_of_the_wrong_form_is_told(tmp_path: Path, system: str, value: str) -> None:
    (fault,) = faults(tmp_path, finding("azygos_lobe", code(system, value)))
    assert fault.startswith(f"azygos_lobe: {value} has not the form")


def test_right_codes_are_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, finding("azygos_lobe", code("snomed", "36118008"))) == []
    assert faults(tmp_path, finding("azygos_lobe", code("radlex", "RID5352"))) == []


def test_an_id_defined_in_two_files_is_told(tmp_path: Path) -> None:
    assert "pneumothorax: defined in chest_xray, site_test; define it once and `use` it elsewhere" in faults(
        tmp_path, finding("pneumothorax")
    )


def test_a_parent_nobody_defines_is_told(tmp_path: Path) -> None:
    assert faults(tmp_path, finding("azygos_lobe", "    parent: lobe\n")) == [
        "site_test: azygos_lobe: its parent lobe is defined nowhere"
    ]


def test_parents_that_run_in_a_circle_are_told(tmp_path: Path) -> None:
    circle = finding("one_a", "    parent: one_b\n") + finding("one_b", "    parent: one_a\n")
    assert faults(tmp_path, circle) == [
        "site_test: one_a: is its own ancestor",
        "site_test: one_b: is its own ancestor",
    ]


def test_a_synonym_of_two_strangers_is_told(tmp_path: Path) -> None:
    both = finding("one_a", "    synonyms: [shadow]\n") + finding("one_b", "    synonyms: [Shadow]\n")
    assert faults(tmp_path, both) == ["site_test: 'shadow' is a synonym of one_a and one_b"]


def test_a_synonym_within_a_family_is_no_fault(tmp_path: Path) -> None:
    child = finding("one_b", "    synonyms: [shadow]\n    parent: one_a\n")
    assert faults(tmp_path, finding("one_a", "    synonyms: [shadow]\n") + child) == []


def test_a_synonym_shared_on_purpose_is_no_fault(tmp_path: Path) -> None:
    both = finding("one_a", "    synonyms: [shadow]\n") + finding("one_b", "    synonyms: [shadow]\n")
    assert faults(tmp_path, both + "shared_phrases: [Shadow]\n") == []


@given(st.from_regex(r"[1-9][0-9]{4,16}", fullmatch=True))
def test_exactly_one_digit_completes_a_number(digits: str) -> None:
    assert sum(checks(digits + str(last)) for last in range(10)) == 1


@given(st.sampled_from(["36118008", "46621007", "59282003", "8186001"]), st.data())
def test_one_mistyped_digit_or_two_swapped_ones_are_noticed(right: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(right) - 2))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != right[at]]))
    assert not checks(right[:at] + other + right[at + 1 :])
    if right[at] != right[at + 1]:
        assert not checks(right[:at] + right[at + 1] + right[at] + right[at + 2 :])


@given(st.text(max_size=20))
def test_any_text_can_be_asked_whether_it_is_a_code(text: str) -> None:
    assert is_sctid(text) in (True, False)


def test_the_check_command_says_that_all_is_well() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 0
    assert "11 catalogues" in result.stdout


def test_the_check_command_fails_with_each_fault_of_a_site(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(HEAD + finding("azygos_lobe", "    parent: lobe\n"), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--site", str(tmp_path)])
    assert result.exit_code == 1
    assert "its parent lobe is defined nowhere" in result.stdout


def test_the_check_command_tells_a_file_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("findings: []\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--site", str(tmp_path)])
    assert result.exit_code == 2
    assert "site.yaml, line 1: id: Field required" in result.stderr


def test_the_show_command_lists_catalogues_and_findings() -> None:
    assert "chest_xray" in CliRunner().invoke(app, ["show"]).stdout
    shown = CliRunner().invoke(app, ["show", "chest_xray"]).stdout
    assert "pneumothorax" in shown
    assert "RID5352?" in shown


def test_the_show_command_names_what_there_is() -> None:
    result = CliRunner().invoke(app, ["show", "feet"])
    assert result.exit_code == 2
    assert "there are: chest_xray" in result.stderr
