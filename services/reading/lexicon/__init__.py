"""Word lists of the rules, kept as data: `NAME.yaml` beside this file, checked by `countersign catalogue check`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUFFIX = ".yaml"


def names() -> list[str]:
    """The lists there are, without the suffix."""
    return sorted(each.name.removesuffix(_SUFFIX) for each in files(__package__).iterdir() if _SUFFIX in each.name)


def text_of(name: str) -> str:
    """The file as written."""
    return (files(__package__) / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


@cache
def lexicon(name: str) -> dict[str, tuple[str, ...]]:
    """The lists of `NAME.yaml` by their names; a list may be written as running text, split at commas.

    Raises ValueError for a file that is no mapping of names to lists.
    """
    content = yaml.load(text_of(name), Loader=_LOADER)  # noqa: S506 (both choices are safe loaders)
    if not isinstance(content, dict):
        raise ValueError(f"{name}.yaml: expected a mapping of names to lists")
    return {str(key): _listed(entry) for key, entry in content.items()}


def _listed(entry: str | list[str]) -> tuple[str, ...]:
    words = entry.split(",") if isinstance(entry, str) else entry
    return tuple(" ".join(str(word).split()) for word in words if word)
