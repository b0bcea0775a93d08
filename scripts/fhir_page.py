"""Writes docs/fhir-resources.md's examples: one complete resource of each kind, as the code makes it.

Run without arguments to rewrite the page's end, with --check to fail when it is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.fhir_examples import resources

PAGE = Path(__file__).resolve().parent.parent / "docs/fhir-resources.md"
BEGIN = "<!-- examples: written by scripts/fhir_page.py -->\n"


def page(text: str) -> str:
    """The page with its examples made anew."""
    head, _, _ = text.partition(BEGIN)
    parts = [f"\n### {name}\n\n```json\n{json.dumps(one, indent=2)}\n```\n" for name, one in resources().items()]
    return head + BEGIN + "".join(parts)


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = page(text)
    if text != wanted and "--check" in sys.argv:
        raise SystemExit(f"stale: {PAGE}; run python scripts/fhir_page.py")
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
