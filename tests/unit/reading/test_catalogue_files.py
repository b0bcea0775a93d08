"""Reading catalogue files: what is told of a bad one, and how a site's files lie over the built-in ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reading.catalogue import CatalogueError, load
from services.reading.catalogue.files import read
from services.reading.catalogue.phrases import normalise

FINDING = """\
id: site_chest
title: Chest, our way
findings:
  - id: azygos_lobe
    name: Azygos lobe
    definition: An accessory lobe at the right apex.
    synonyms: [Azygos-lobe, azygos fissure]
"""


def written(folder: Path, name: str, text: str) -> Path:
    """The file, with that text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    """What is said of a file that cannot be used."""
    with pytest.raises(CatalogueError) as caught:
        read(path)
    return str(caught.value)


def test_a_file_that_is_not_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, "broken.yaml", "id: x\nfindings: [a, b\nc: d\n"))
    assert "broken.yaml, line 3: not YAML" in said


def test_a_list_where_a_mapping_belongs_is_refused(tmp_path: Path) -> None:
    assert "expected a mapping" in refusal(written(tmp_path, "list.yaml", "- id: x\n"))


def test_a_file_in_another_encoding_is_refused_with_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("id: x\ntitle: Röntgen\n".encode("latin-1"))
    assert "not UTF-8 at byte 14" in refusal(path)


def test_a_missing_definition_is_told_with_the_finding_s_line(tmp_path: Path) -> None:
    text = FINDING.replace("    definition: An accessory lobe at the right apex.\n", "")
    said = refusal(written(tmp_path, "site.yaml", text))
    assert "site.yaml, line 4: findings.0.definition: " in said
    assert said.count("\n") == 0


def test_an_unknown_field_is_told_with_its_own_line(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, "site.yaml", FINDING + "    synonymes: [x]\n"))
    assert "site.yaml, line 8: findings.0.synonymes" in said


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = FINDING + "    critical: perhaps\n  - id: Bad Id\n    name: x\n    definition: y\n"
    said = refusal(written(tmp_path, "site.yaml", text))
    assert "line 8: findings.0.critical" in said
    assert "line 9: findings.1.id" in said


def test_a_code_without_a_source_is_refused(tmp_path: Path) -> None:
    text = FINDING + '    codes:\n      - {system: snomed, code: "1", verified: true}\n'
    assert "line 9: findings.0.codes.0.source" in refusal(written(tmp_path, "site.yaml", text))


def test_a_finding_listed_twice_is_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, "site.yaml", FINDING + "  - use: azygos_lobe\n"))
    assert "line 3: findings: Value error, listed twice: azygos_lobe" in said


def test_the_use_of_a_finding_nobody_defines_stops_the_start(tmp_path: Path) -> None:
    written(tmp_path, "site.yaml", "id: site_chest\nfindings:\n  - use: no_such_thing\n")
    with pytest.raises(CatalogueError, match=r"site_chest\.yaml: use of findings no file defines: no_such_thing"):
        load(tmp_path)


def test_a_group_the_file_does_not_define_stops_the_start(tmp_path: Path) -> None:
    written(tmp_path, "site.yaml", FINDING + "    normal_groups: [lungs_clear]\n")
    with pytest.raises(CatalogueError, match="groups the file does not define: lungs_clear"):
        load(tmp_path)


def test_a_site_adds_a_catalogue_and_it_is_chosen_by_its_procedure_code(tmp_path: Path) -> None:
    written(tmp_path, "site.yaml", FINDING + "applies:\n  procedure_codes: [XCHAZ]\n")
    library = load(tmp_path)
    assert library.choose(procedure_code="xchaz", modality="CT", body_part="HEAD").id == "site_chest"
    assert library.find("azygos lobe") is not None
    assert library.choose(modality="CR", body_part="CHEST").id == "chest_xray"


def test_a_site_adds_and_removes_findings_of_a_built_in_catalogue(tmp_path: Path) -> None:
    text = FINDING.replace("site_chest", "chest_xray").replace(
        "title: Chest, our way\n", "remove: [hilar_enlargement]\n"
    )
    written(tmp_path, "chest.yaml", text)
    plain, changed = load().catalogues["chest_xray"], load(tmp_path).catalogues["chest_xray"]
    before, after = ([each.finding.id for each in one.candidates] for one in (plain, changed))
    assert set(after) - set(before) == {"azygos_lobe"}
    assert set(before) - set(after) == {"hilar_enlargement"}
    assert changed.title == plain.title
    assert changed.version != plain.version


def test_a_site_s_definition_replaces_ours_wherever_the_finding_is_asked(tmp_path: Path) -> None:
    text = "id: chest_xray\nfindings:\n  - id: pneumothorax\n    name: Pneumothorax\n    definition: Ours.\n"
    written(tmp_path, "chest.yaml", text)
    library = load(tmp_path)
    asked = [one for cat in library.catalogues.values() for one in cat.candidates if one.finding.id == "pneumothorax"]
    assert len(asked) > 1
    assert {one.definition for one in asked} == {"Ours."}


def test_a_site_starts_a_catalogue_anew_with_replace(tmp_path: Path) -> None:
    written(tmp_path, "chest.yaml", FINDING.replace("id: site_chest", "id: mammography\nreplace: true"))
    assert [one.finding.id for one in load(tmp_path).catalogues["mammography"].candidates] == ["azygos_lobe"]


def test_a_missing_site_folder_is_no_error(tmp_path: Path) -> None:
    assert load(tmp_path / "none").catalogues.keys() == load().catalogues.keys()


def test_an_explicit_version_is_kept_and_still_shows_changed_content(tmp_path: Path) -> None:
    written(tmp_path, "site.yaml", "version: '7'\n" + FINDING)
    first = load(tmp_path).catalogues["site_chest"].version
    written(tmp_path, "site.yaml", "version: '7'\n" + FINDING.replace("fissure", "vein"))
    second = load(tmp_path).catalogues["site_chest"].version
    assert first.startswith("7+")
    assert second.startswith("7+")
    assert first != second


@given(st.text())
def test_the_normal_form_of_a_phrase_is_stable_and_plain(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert not set(once) - set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert once == once.strip()


@given(st.text(max_size=200))
def test_any_text_in_a_file_is_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read(path)
    except CatalogueError as error:
        assert "any.yaml" in str(error)
