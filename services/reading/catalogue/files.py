"""What a catalogue file may hold, and reading it so that a mistake is told with its line."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

import yaml
from pydantic import Field, ValidationError, field_validator

from integration.canonical import Code, Record
from services.reading.catalogue.phrases import normal_forms

Wording = Annotated[str, Field(min_length=2, max_length=60, pattern=r"^[^\n<>]+$")]
Slug = r"^[a-z][a-z0-9_]*$"

SYSTEMS = {
    "snomed": "http://snomed.info/sct",
    "radlex": "http://radlex.org",
    "loinc": "http://loinc.org",
    "radelement": "http://radelement.org",
    "oifm": "https://github.com/openimagingdata/findingmodels",
    "gamuts": "http://gamuts.net",
}


class CatalogueError(ValueError):
    """A catalogue file cannot be used. The message gives file, line, reason and what to write instead."""


class Readable(Protocol):
    """A file: `importlib.resources` Traversable or pathlib.Path."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        ...

    def read_text(self, encoding: str | None = None) -> str:
        """Its content."""
        ...


class CodeEntry(Record):
    """A code and where it was taken from; `verified` by the rule in docs/catalogue.md."""

    system: Literal["snomed", "radlex", "loinc", "radelement", "oifm", "gamuts"]
    code: str = Field(min_length=1)
    display: str = ""
    source: str = Field(min_length=1)
    verified: bool

    def as_code(self) -> Code:
        """The record the rest of the house speaks."""
        return Code(
            system=SYSTEMS[self.system],
            code=self.code,
            display=self.display,
            source=self.source,
            verified=self.verified,
        )


class FindingEntry(Record):
    """One finding as a file defines it; `normal_groups` and `structure_groups` name lists of the file.

    `synonyms` name it, as its name does; `signs` support it where nothing names or denies it. `ask`: what else a model
    is told it is called; without any, the first synonyms.
    """

    id: str = Field(pattern=Slug)
    name: str = Field(min_length=1)
    ask: tuple[Wording, ...] = Field((), max_length=4)
    definition: str = Field(min_length=1)
    synonyms: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    normal_phrases: tuple[str, ...] = ()
    normal_groups: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    structure_groups: tuple[str, ...] = ()
    parent: str = ""
    critical: bool = False
    sides: bool = False
    one_sided: bool = False
    codes: tuple[CodeEntry, ...] = ()

    _normal_form = field_validator("synonyms", "signs", "normal_phrases", "structures")(normal_forms)


class UseEntry(Record):
    """A finding defined in another file, asked here too: one id means one thing everywhere.

    The phrases are added: those that mean this finding only in this kind of exam ("effusion" of a knee).
    """

    use: str = Field(pattern=Slug)
    synonyms: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    normal_phrases: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()

    _normal_form = field_validator("synonyms", "signs", "normal_phrases", "structures")(normal_forms)


class Applies(Record):
    """Which orders the catalogue fits. `modalities`: DICOM codes; words are matched whole, without case.

    `procedure_codes` decide alone. `unless`: words that say the order is for something else.
    """

    procedure_codes: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    _normal_form = field_validator("words", "unless")(normal_forms)


class CatalogueFile(Record):
    """One file. A site's file with a known `id` adds to it (`replace: true` starts it anew).

    `version` empty: derived from the content. `shared_phrases`: synonyms that mean several findings on purpose.
    `rank`: where two catalogues use one phrase for different findings, the lower rank has it.
    """

    id: str = Field(pattern=Slug)
    title: str = ""
    version: str = ""
    rank: int = 50
    replace: bool = False
    remove: tuple[str, ...] = ()
    shared_phrases: tuple[str, ...] = ()
    applies: Applies = Applies()
    normal_groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    structure_groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    findings: tuple[FindingEntry | UseEntry, ...] = ()
    digest: str = ""

    _normal_form = field_validator("shared_phrases")(normal_forms)

    @field_validator("findings")
    @classmethod
    def _each_once(cls, entries: tuple[FindingEntry | UseEntry, ...]) -> tuple[FindingEntry | UseEntry, ...]:
        ids = [entry.use if isinstance(entry, UseEntry) else entry.id for entry in entries]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"listed twice: {', '.join(twice)}")
        return entries

    @field_validator("normal_groups", "structure_groups")
    @classmethod
    def _groups_normal_form(cls, groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {name: normal_forms(phrases) for name, phrases in groups.items()}


# The C parser reads all catalogues in a tenth of the time; it is missing where libyaml is.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(file: Readable) -> CatalogueFile:
    """Parse one YAML file. Raises CatalogueError naming file, line and reason."""
    try:
        text = file.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=Loader)  # noqa: S506 (both choices are safe loaders)
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{file}: not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, problem = (mark.line + 1 if mark else 1), getattr(error, "problem", "unreadable character")
        raise CatalogueError(f"{file}, line {line}: not YAML: {problem}") from None
    if not isinstance(content, dict):
        raise CatalogueError(f"{file}, line 1: expected a mapping with id, title, applies and findings")
    return _validated(str(file), content, text)


def _validated(name: str, content: dict[str, Any], text: str) -> CatalogueFile:
    content["digest"] = hashlib.sha256(text.encode()).hexdigest()[:12]
    try:
        return CatalogueFile.model_validate(_discriminated(content))
    except ValidationError as error:
        root = yaml.compose(text, Loader=Loader)
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            place = [part for part in problem["loc"] if part not in ("FindingEntry", "UseEntry")]
            where = ".".join(str(part) for part in place)
            lines.append(f"{name}, line {line_of(root, place)}: {where}: {problem['msg']}")
        raise CatalogueError("\n".join(lines)) from None


def _discriminated(content: dict[str, Any]) -> dict[str, Any]:
    """Findings parsed as what they are, so that a mistake is reported once and not once per alternative."""
    entries = content.get("findings")
    if not isinstance(entries, list):
        return content
    kinds: list[type[Record]] = [
        UseEntry if isinstance(entry, dict) and "use" in entry else FindingEntry for entry in entries
    ]
    errors: list[Any] = []
    parsed: list[Record] = []
    for index, (kind, entry) in enumerate(zip(kinds, entries, strict=True)):
        try:
            parsed.append(kind.model_validate(entry))
        except ValidationError as error:
            errors += [
                {
                    "type": "value_error",
                    "loc": ("findings", index, *problem["loc"]),
                    "ctx": {"error": problem["msg"]},
                }
                for problem in error.errors(include_url=False, include_input=False)
            ]
    if errors:
        raise ValidationError.from_exception_data("CatalogueFile", errors)
    return content | {"findings": parsed}


def line_of(root: yaml.Node | None, place: Sequence[int | str]) -> int:
    """The 1-based line of the deepest node on the way to `place`."""
    node, line = root, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            entry = next(((key, value) for key, value in node.value if key.value == part), None)
            if entry is None:
                return line
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
