"""Settings: one way in, and a mistake fails at start with its name."""

from pathlib import Path

import pytest

from services.settings import SettingsError, describe, load, markdown

DOCUMENT = Path(__file__).parents[3] / "docs/settings.md"


def test_defaults_need_no_environment() -> None:
    assert load({}).database.port == 5432


def test_nested_settings_come_from_the_environment() -> None:
    settings = load({"COUNTERSIGN_MLLP__PORT": "2600", "COUNTERSIGN_FHIR__AUTHORITIES": '{"HOSP": "urn:oid:1.2.3"}'})
    assert settings.mllp.port == 2600 and settings.fhir.authorities == {"HOSP": "urn:oid:1.2.3"}


def test_a_value_that_is_not_allowed_is_named_with_what_is() -> None:
    with pytest.raises(SettingsError, match=r"COUNTERSIGN_MLLP__PORT: .*65535"):
        load({"COUNTERSIGN_MLLP__PORT": "99999"})


def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(SettingsError, match="COUNTERSIGN_MLLP__PROT: no such setting"):
        load({"COUNTERSIGN_MLLP__PROT": "2575"})


def test_a_secret_can_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    settings = load({"COUNTERSIGN_DATABASE__PASSWORD_FILE": str(tmp_path / "password")})
    assert settings.database.password.get_secret_value() == "s3cret"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="COUNTERSIGN_BROKER__PASSWORD_FILE: cannot read"):
        load({"COUNTERSIGN_BROKER__PASSWORD_FILE": str(tmp_path / "missing")})


def test_a_secret_is_never_in_the_error_nor_in_the_representation() -> None:
    settings = load({"COUNTERSIGN_DATABASE__PASSWORD": "s3cret"})
    assert "s3cret" not in repr(settings)


def test_every_setting_is_documented_with_its_meaning() -> None:
    assert all(meaning for _, _, meaning in describe())
    assert DOCUMENT.read_text() == markdown(), "run: countersign settings > docs/settings.md"
