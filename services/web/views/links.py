"""Links to the image archive and the record system, from the site's URL templates."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from urllib.parse import quote


def filled(templates: Mapping[str, str], values: Mapping[str, str]) -> list[tuple[str, str]]:
    """(label, address) of each template all of whose values are known; values are escaped for a URL."""
    known = {name: quote(value, safe="") for name, value in values.items() if value}
    return [(label, url.format(**known)) for label, url in templates.items() if names(url) <= known.keys()]


def names(template: str) -> set[str]:
    """The values a template asks for. Raises ValueError for one with a brace left open."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}
