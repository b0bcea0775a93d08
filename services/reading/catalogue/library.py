"""All catalogues of this installation: built-in files, then the site's, resolved into what readers are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files as package_files
from pathlib import Path

from integration.canonical import Finding
from services.reading.catalogue.choice import Exam, fits
from services.reading.catalogue.files import (
    CatalogueError,
    CatalogueFile,
    FindingEntry,
    Readable,
    UseEntry,
    read,
)
from services.reading.catalogue.phrases import normalise
from services.reading.reader import Candidate, Catalogue

GENERAL = "general"
WIDEST = "widest"


@dataclass(frozen=True, eq=False)
class Library:
    """Every catalogue by id, in order of rank, and the files they were made from."""

    files: dict[str, CatalogueFile]
    catalogues: dict[str, Catalogue]
    _preferring: dict[str, Library] = field(default_factory=dict, repr=False)

    def choose(
        self, *, procedure_code: str = "", procedure: str = "", modality: str = "", body_part: str = ""
    ) -> Catalogue:
        """The catalogue for an exam; several joined when it covers several regions; the widest for none."""
        return self.choose_for([Exam(procedure_code, procedure, modality, body_part)])

    def choose_for(self, exams: Iterable[Exam]) -> Catalogue:
        """The catalogue of a report of several exams: all of theirs; the widest where one of them is not known."""
        rules = {key: file.applies for key, file in self.files.items()}
        chosen = [fits(exam, rules) for exam in exams]
        found = [self.catalogues[key] for key in dict.fromkeys(key for keys in chosen for key in keys)]
        unknown = not all(chosen) or not chosen
        return joined([*found, self.widest] if unknown else found)

    @cached_property
    def widest(self) -> Catalogue:
        """What a report of an exam nobody knows is asked: `general` and every critical finding of the others."""
        general = self.catalogues[GENERAL]
        known = {candidate.finding.id for candidate in general.candidates}
        critical = [each for each in self.candidates() if each.finding.critical and each.finding.id not in known]
        content = "".join(candidate.model_dump_json() for candidate in critical)
        return Catalogue(
            id=WIDEST,
            version=f"{general.version}+{hashlib.sha256(content.encode()).hexdigest()[:12]}",
            title=f"{general.title}, and every critical finding",
            candidates=(*general.candidates, *critical),
        )

    def preferring(self, catalogue: Catalogue) -> Library:
        """This library, asked in the context of one catalogue: there an "effusion" is that of a knee."""
        if catalogue.id not in self._preferring:
            self._preferring[catalogue.id] = Library(self.files, {catalogue.id: catalogue, **self.catalogues})
        return self._preferring[catalogue.id]

    def find(self, text: str) -> Candidate | None:
        """The candidate of that id, name or synonym, in no case or punctuation.

        Ids win over names, names over synonyms, those over signs, and catalogues of lower rank over later ones.
        """
        return self._by_phrase.get(normalise(text))

    @cached_property
    def _by_phrase(self) -> dict[str, Candidate]:
        known = list(self.candidates())
        index = {normalise(candidate.finding.id): candidate for candidate in known}
        for candidate in known:
            index.setdefault(normalise(candidate.finding.name), candidate)
        for candidate in known:
            for synonym in candidate.synonyms:
                index.setdefault(synonym, candidate)
        for candidate in known:
            for sign in candidate.signs:
                index.setdefault(sign, candidate)
        return index

    def relatives(self, asked: tuple[Candidate, ...]) -> list[Candidate]:
        """The candidates these are kinds of, and those that are kinds of these."""
        ids = {candidate.finding.id for candidate in asked}
        above = {candidate.parent for candidate in asked}
        return [
            each
            for each in self.candidates()
            if each.finding.id not in ids and (each.parent in ids or each.finding.id in above)
        ]

    def candidates(self) -> Iterator[Candidate]:
        """Each finding once, in the order the catalogues ask them."""
        seen: set[str] = set()
        for catalogue in self.catalogues.values():
            for candidate in catalogue.candidates:
                if candidate.finding.id not in seen:
                    seen.add(candidate.finding.id)
                    yield candidate


def load(site: Path | None = None) -> Library:
    """Read the built-in catalogues and a site's folder of further `*.yaml` files over them.

    Raises CatalogueError with file, line and reason; a missing site folder is no error.
    """
    found = built_in()
    if site is not None and site.is_dir():
        found = merged(map(read, yaml_files(site.iterdir())), found)
    return resolved(found)


@cache
def built_in() -> dict[str, CatalogueFile]:
    """The catalogues that come with the package."""
    return merged(map(read, yaml_files(package_files("services.reading.catalogue").iterdir())))


def yaml_files(entries: Iterable[Readable]) -> list[Readable]:
    """The catalogue files of a folder, sorted by name."""
    return sorted((entry for entry in entries if entry.name.endswith((".yaml", ".yml"))), key=lambda entry: entry.name)


def merged(files: Iterable[CatalogueFile], base: dict[str, CatalogueFile] | None = None) -> dict[str, CatalogueFile]:
    """Files by id, later ones laid over earlier ones of the same id."""
    result = dict(base or {})
    for file in files:
        under = None if file.replace else result.get(file.id)
        result[file.id] = overlaid(under, file) if under else file
    return result


def overlaid(under: CatalogueFile, over: CatalogueFile) -> CatalogueFile:
    """`over`'s findings replace those of the same id in place and follow the others; `remove` drops some."""
    entries = {entry_id(entry): entry for entry in under.findings if entry_id(entry) not in over.remove}
    entries |= {entry_id(entry): entry for entry in over.findings}
    return under.model_copy(
        update={
            "title": over.title or under.title,
            "version": over.version,
            "rank": over.rank if "rank" in over.model_fields_set else under.rank,
            "applies": over.applies if "applies" in over.model_fields_set else under.applies,
            "normal_groups": under.normal_groups | over.normal_groups,
            "structure_groups": under.structure_groups | over.structure_groups,
            "shared_phrases": under.shared_phrases + over.shared_phrases,
            "findings": tuple(entries.values()),
            "digest": hashlib.sha256((under.digest + over.digest).encode()).hexdigest()[:12],
        }
    )


def entry_id(entry: FindingEntry | UseEntry) -> str:
    """The finding an entry puts into its catalogue."""
    return entry.use if isinstance(entry, UseEntry) else entry.id


def resolved(files: dict[str, CatalogueFile]) -> Library:
    """Definitions looked up across files, groups expanded. Raises CatalogueError for a name nobody defines."""
    if GENERAL not in files:
        raise CatalogueError(f"no catalogue has the id {GENERAL}: it is asked when no other fits")
    definitions = {
        entry.id: candidate(file, entry)
        for file in files.values()
        for entry in file.findings
        if isinstance(entry, FindingEntry)
    }
    files = dict(sorted(files.items(), key=lambda item: item[1].rank))
    return Library(files, {key: as_catalogue(file, definitions) for key, file in files.items()})


def as_catalogue(file: CatalogueFile, definitions: dict[str, Candidate]) -> Catalogue:
    """The file with each entry's definition in place."""
    missing = [entry_id(entry) for entry in file.findings if entry_id(entry) not in definitions]
    if missing:
        raise CatalogueError(f"{file.id}.yaml: use of findings no file defines: {', '.join(missing)}")
    candidates = tuple(with_additions(definitions[entry_id(entry)], entry) for entry in file.findings)
    # A finding used from another file may have changed there, so the version covers what is really asked.
    content = "".join(candidate.model_dump_json() for candidate in candidates)
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    version = f"{file.version}+{digest}" if file.version else digest
    return Catalogue(id=file.id, version=version, title=file.title or file.id, candidates=candidates)


def with_additions(defined: Candidate, entry: FindingEntry | UseEntry) -> Candidate:
    """The candidate with the phrases a `use` adds for its kind of exam."""
    if isinstance(entry, FindingEntry):
        return defined
    fields = ("synonyms", "signs", "normal_phrases", "structures")
    return defined.model_copy(
        update={field: joined_phrases(getattr(defined, field), getattr(entry, field)) for field in fields}
    )


def joined_phrases(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Both lists in order, each phrase once."""
    return tuple(dict.fromkeys((*first, *second)))


def candidate(file: CatalogueFile, entry: FindingEntry) -> Candidate:
    """The record readers are asked with; the name itself is among the synonyms."""
    synonyms = dict.fromkeys((normalise(entry.name), *entry.synonyms))
    return Candidate(
        finding=Finding(
            id=entry.id,
            name=entry.name,
            codes=tuple(code.as_code() for code in entry.codes),
            critical=entry.critical,
        ),
        definition=entry.definition,
        synonyms=tuple(synonyms),
        signs=entry.signs,
        ask=entry.ask,
        normal_phrases=expanded(file, entry.normal_phrases, entry.normal_groups, file.normal_groups),
        structures=expanded(file, entry.structures, entry.structure_groups, file.structure_groups),
        parent=entry.parent,
        sides=entry.sides,
        one_sided=entry.one_sided,
    )


def expanded(
    file: CatalogueFile, own: tuple[str, ...], names: tuple[str, ...], groups: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Own phrases, then those of the named groups."""
    unknown = [name for name in names if name not in groups]
    if unknown:
        raise CatalogueError(f"{file.id}.yaml: groups the file does not define: {', '.join(unknown)}")
    return joined_phrases(own, tuple(phrase for name in names for phrase in groups[name]))


def joined(catalogues: list[Catalogue]) -> Catalogue:
    """One catalogue of several, each finding once; an exam of chest and abdomen is asked both lists."""
    if len(catalogues) == 1:
        return catalogues[0]
    candidates: dict[str, Candidate] = {}
    for each in (each for catalogue in catalogues for each in catalogue.candidates):
        candidates.setdefault(each.finding.id, each)
    return Catalogue(
        id="+".join(catalogue.id for catalogue in catalogues),
        version="+".join(catalogue.version for catalogue in catalogues),
        title=", ".join(catalogue.title for catalogue in catalogues),
        candidates=tuple(candidates.values()),
        groups=tuple(tuple(one.finding.id for one in catalogue.candidates) for catalogue in catalogues),
    )
