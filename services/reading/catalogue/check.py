"""What `countersign catalogue check` looks at, and what `show` prints."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

from services.reading.catalogue.files import SYSTEMS, CatalogueFile, FindingEntry
from services.reading.catalogue.lexicon_check import lexicon_faults
from services.reading.catalogue.library import Library
from services.reading.catalogue.verhoeff import is_sctid
from services.reading.reader import Candidate, Catalogue, ancestors
from services.reading.rules.wordings import bare_heads, same_patterns

# The form each system gives its identifiers; SNOMED CT is checked by its check digit as well.
FORMS = {
    SYSTEMS["radlex"]: re.compile(r"RID\d+"),
    SYSTEMS["oifm"]: re.compile(r"OIFM_[A-Z]+_\d{6}"),
    SYSTEMS["radelement"]: re.compile(r"RDES?\d+"),
    SYSTEMS["loinc"]: re.compile(r"(LP|LA)?\d+-\d"),
    SYSTEMS["gamuts"]: re.compile(r"\d+"),
}


def check(library: Library) -> list[str]:
    """Every fault of the catalogues, a line each that names catalogue and finding; empty when there is none."""
    found = [*lexicon_faults(), *repeated_definitions(library.files.values())]
    parents = {each.finding.id: each.parent for each in library.candidates()}
    for candidate in library.candidates():
        found += [*code_faults(candidate), *bare_heads(candidate)]
    for key, catalogue in library.catalogues.items():
        found += parent_faults(catalogue, library)
        found += collisions(catalogue, library, library.files[key])
        shared = library.files[key].shared_phrases
        found += same_patterns(catalogue, shared, partial(related, parents=parents))
    return found


def repeated_definitions(files: Iterable[CatalogueFile]) -> Iterator[str]:
    """Ids defined in more than one file: one of them should `use` the other."""
    homes: dict[str, list[str]] = defaultdict(list)
    for file in files:
        for entry in file.findings:
            if isinstance(entry, FindingEntry):
                homes[entry.id].append(file.id)
    for finding, where in homes.items():
        if len(where) > 1:
            yield f"{finding}: defined in {', '.join(where)}; define it once and `use` it elsewhere"


def code_faults(candidate: Candidate) -> Iterator[str]:
    """Codes that cannot exist: a wrong check digit or form."""
    for code in candidate.finding.codes:
        form = FORMS.get(code.system)
        if code.system == SYSTEMS["snomed"] and not is_sctid(code.code):
            yield f"{candidate.finding.id}: SNOMED CT code {code.code} fails its check digit"
        elif form and not form.fullmatch(code.code):
            yield f"{candidate.finding.id}: {code.code} has not the form of a code of {code.system}"


def parent_faults(catalogue: Catalogue, library: Library) -> Iterator[str]:
    """Parents nobody defines, and findings that are their own ancestor."""
    parents = {each.finding.id: each.parent for each in library.candidates()}
    for candidate in catalogue.candidates:
        name = candidate.finding.id
        if candidate.parent and candidate.parent not in parents:
            yield f"{catalogue.id}: {name}: its parent {candidate.parent} is defined nowhere"
        elif name in ancestors(name, parents):
            yield f"{catalogue.id}: {name}: is its own ancestor"


def collisions(catalogue: Catalogue, library: Library, file: CatalogueFile) -> Iterator[str]:
    """Synonyms of two findings that are not of one family and that the file does not declare as shared."""
    parents = {each.finding.id: each.parent for each in library.candidates()}
    owners: dict[str, list[str]] = defaultdict(list)
    for candidate in catalogue.candidates:
        for synonym in candidate.synonyms:
            owners[synonym].append(candidate.finding.id)
    for synonym, names in owners.items():
        strangers = len(names) > 1 and not all(related(names[0], other, parents) for other in names[1:])
        if strangers and synonym not in file.shared_phrases:
            yield f"{catalogue.id}: {synonym!r} is a synonym of {' and '.join(names)}"


def related(one: str, other: str, parents: dict[str, str]) -> bool:
    """Whether one is an ancestor of the other."""
    return one in ancestors(other, parents) or other in ancestors(one, parents)


def overview(library: Library) -> list[tuple[str, str, str, str, str]]:
    """A row for each catalogue: id, version, title, findings, of which with a verified SNOMED CT code."""
    return [
        (
            each.id,
            each.version,
            each.title,
            str(len(each.candidates)),
            str(sum(map(has_verified_snomed, each.candidates))),
        )
        for each in library.catalogues.values()
    ]


def table(catalogue: Catalogue) -> list[tuple[str, str, str, str, str]]:
    """A row for each finding: id, name, parent, marks (critical, sides), codes (? for unverified)."""
    return [
        (
            each.finding.id,
            each.finding.name,
            each.parent,
            " ".join(mark for mark, on in (("critical", each.finding.critical), ("sides", each.sides)) if on),
            " ".join(code.code + ("" if code.verified else "?") for code in each.finding.codes),
        )
        for each in catalogue.candidates
    ]


def has_verified_snomed(candidate: Candidate) -> bool:
    """Whether an Observation of it can carry SNOMED CT without a setting."""
    return any(code.verified and code.system == SYSTEMS["snomed"] for code in candidate.finding.codes)
