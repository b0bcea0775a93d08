"""Settings: one way in, and a mistake fails at start with its name."""

import re
import subprocess
from pathlib import Path

import pytest

from services.setting_shapes import Setting
from services.settings import NOT_SETTINGS, SettingsError, describe, load, markdown

DOCUMENT = Path(__file__).parents[3] / "docs/settings.md"


def test_defaults_need_no_environment() -> None:
    assert load({}).database.port == 5432


def test_nested_settings_come_from_the_environment() -> None:
    settings = load({"COUNTERSIGN_MLLP__PORT": "2600", "COUNTERSIGN_FHIR__AUTHORITIES": '{"HOSP": "urn:oid:1.2.3"}'})
    assert settings.mllp.port == 2600 and settings.fhir.authorities == {"HOSP": "urn:oid:1.2.3"}


def test_a_value_that_is_not_allowed_is_named_with_what_is() -> None:
    with pytest.raises(SettingsError, match=r"COUNTERSIGN_MLLP__PORT: .*65535"):
        load({"COUNTERSIGN_MLLP__PORT": "99999"})


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("COUNTERSIGN_MLLP__PORT", "many", "it takes: whole number from 1 to 65535, for example"),
        (
            "COUNTERSIGN_MLLP__ALLOWED_SENDERS",
            "RIS",
            """JSON list of texts, for example COUNTERSIGN_MLLP__ALLOWED_SENDERS='["RIS""",
        ),
        ("COUNTERSIGN_MLLP__ALLOWED_SENDERS", "['RIS']", "not JSON"),
        (
            "COUNTERSIGN_MLLP__ALLOWED_SENDERS",
            '{"RIS": 1}',
            "COUNTERSIGN_MLLP__ALLOWED_SENDERS: Input should be a valid list",
        ),
        ("COUNTERSIGN_FHIR__AUTHORITIES", "NORTH=urn:oid:1", "JSON object of texts, for example"),
        ("COUNTERSIGN_FHIR__AUTHORITIES", '{"NORTH": 1}', "COUNTERSIGN_FHIR__AUTHORITIES [NORTH]: "),
        ("COUNTERSIGN_WORKLIST__SMART__ROLES", "[1]", "COUNTERSIGN_WORKLIST__SMART__ROLES [0]: "),
        ("COUNTERSIGN_BROKER__TLS", "maybe", "it takes: true or false"),
        ("COUNTERSIGN_TELEMETRY__LEVEL", "loud", "it takes: one of debug, info, warning, error"),
        ("COUNTERSIGN_FHIR__URL", "fhir.example", "it takes: URL, for example COUNTERSIGN_FHIR__URL='https://"),
        ("COUNTERSIGN_WORKLIST__RATED_SHARE", "2", "number from 0 to 1"),
    ],
)
def test_a_refusal_names_the_variable_what_it_takes_and_an_example(variable: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load({variable: value})
    (line,) = str(refusal.value).splitlines()
    assert line.startswith(variable) and says in line


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        load({"COUNTERSIGN_MLLP__PORT": "0", "COUNTERSIGN_QUEUE__LEASE": "-1"})
    assert len(str(refusal.value).splitlines()) == 2


def written_in_the_document() -> list[tuple[str, str]]:
    """(variable, default) of every row, as a reader copies them."""
    rows = re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? \|", DOCUMENT.read_text(), re.MULTILINE)
    assert len(rows) == len(describe())
    return rows


def test_what_the_document_says_works_when_it_is_pasted_into_a_shell() -> None:
    pasted = "\n".join(f"export {name}='{value}'" for name, value in written_in_the_document())
    done = subprocess.run(["sh", "-c", f"{pasted}\nenv -0"], capture_output=True, text=True, check=True, env={})
    given = dict(line.split("=", 1) for line in done.stdout.split("\0") if line.startswith("COUNTERSIGN_"))
    assert load(given) == load({})


@pytest.mark.parametrize("each", [each for each in describe() if each.example], ids=lambda each: each.name)
def test_every_example_is_taken(each: Setting) -> None:
    training = {"COUNTERSIGN_TRAINING": "false"} if each.name != "COUNTERSIGN_TRAINING" else {}
    load({**training, each.name: each.example})


def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(SettingsError, match="COUNTERSIGN_MLLP__PROT: no such setting"):
        load({"COUNTERSIGN_MLLP__PROT": "2575"})


def test_a_secret_can_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    settings = load({"COUNTERSIGN_DATABASE__PASSWORD_FILE": str(tmp_path / "password")})
    assert settings.database.password.get_secret_value() == "s3cret"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="COUNTERSIGN_BROKER__PASSWORD_FILE: cannot read") as refusal:
        load({"COUNTERSIGN_BROKER__PASSWORD_FILE": str(tmp_path / "missing")})
    assert "for example COUNTERSIGN_BROKER__PASSWORD_FILE=/run/secrets/missing" in str(refusal.value)


def test_a_secret_is_never_in_the_error_nor_in_the_representation() -> None:
    settings = load({"COUNTERSIGN_DATABASE__PASSWORD": "s3cret"})
    assert "s3cret" not in repr(settings)


def test_every_setting_is_documented_with_its_meaning() -> None:
    assert all(each.meaning for each in describe())
    assert DOCUMENT.read_text() == markdown(), "run: countersign settings > docs/settings.md"


PAGES = sorted([*DOCUMENT.parents[1].glob("*.md"), *DOCUMENT.parent.rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_writes_a_variable_out_as_it_is_pasted(page: Path) -> None:
    text = page.read_text()
    known = {each.name for each in describe()} | NOT_SETTINGS
    named = {name.removesuffix("_FILE") for name in re.findall(r"\bCOUNTERSIGN_[A-Z_]+[A-Z]\b", text)}
    assert named - known == set()
    assert page.name == "CHANGELOG.md" or not re.findall(r"…__[A-Z]\w+", text)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("COUNTERSIGN_READING__VOTE", "COUNTERSIGN_READING__VOTES"),
        ("COUNTERSIGN_MLLP_PORT", "COUNTERSIGN_MLLP__PORT"),
        ("COUNTERSIGN_WORKLIST__OIDC_ISSUER", "COUNTERSIGN_WORKLIST__OIDC__ISSUER"),
    ],
)
def test_a_misspelled_variable_is_told_the_one_that_was_meant_and_what_it_takes(wrong: str, near: str) -> None:
    with pytest.raises(SettingsError, match=rf"{wrong}: no such setting; did you mean {near}\? it takes: "):
        load({wrong: "1"})


def test_a_variable_like_no_other_is_offered_none() -> None:
    with pytest.raises(SettingsError, match="COUNTERSIGN_ZZZ: no such setting; `countersign settings`"):
        load({"COUNTERSIGN_ZZZ": "1"})
