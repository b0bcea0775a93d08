"""A hook of MkDocs: links of the documentation that lead out of its folder become the path in the source.

On a forge they lead to the file; a site has no such file, and a link that leads nowhere ends the build.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """MkDocs calls this for every page before it is rendered."""
    docs = Path(config["docs_dir"]).resolve()
    return rewritten(markdown, docs / page.file.src_uri, docs)


def rewritten(markdown: str, page: Path, docs: Path) -> str:
    """The page with its links as a site has them; a folder stands for its README."""

    def link(found: re.Match[str]) -> str:
        words, target, anchor = found[1], (page.parent / found[2]).resolve(), found[3] or ""
        if not target.is_relative_to(docs):
            return f"{words} (`{target.relative_to(docs.parent)}`)" if target.is_relative_to(docs.parent) else words
        if target.is_dir():
            index = target / "README.md"
            return f"[{words}]({found[2].rstrip('/')}/README.md{anchor})" if index.exists() else words
        return found[0]

    return LINK.sub(link, markdown)
