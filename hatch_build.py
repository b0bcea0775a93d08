"""Build hooks: htmx, from the django-htmx build requirement, beside the worklist's other static files; the addresses
and the description of what is published.
"""

import hashlib
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"
TARGET = Path("services/web/static/htmx.min.js")


class HtmxBuildHook(BuildHookInterface):
    """Copies htmx 2 into the package; refuses a file other than the pinned one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Runs before a wheel or an editable install is built."""
        spec = find_spec("django_htmx")
        if spec is None or spec.origin is None:
            raise RuntimeError("django-htmx is missing from the build environment")
        data = (Path(spec.origin).parent / "static/django_htmx/htmx-2.min.js").read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != SHA256:
            raise RuntimeError(f"htmx.min.js has sha256 {found}, expected {SHA256}")
        target = Path(self.root) / TARGET
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        build_data["artifacts"].append(str(TARGET))


class AddressHook(MetadataHookInterface):
    """PROJECT_URL is where whoever publishes keeps the source; without it there are no addresses to give.

    A package index shows the README without the files beside it: its links and pictures then lead there (paths as on
    GitHub, Gitea and Forgejo).
    """

    def update(self, metadata: dict[str, Any]) -> None:
        """`project.urls` and `project.readme`."""
        home, tag = os.environ.get("PROJECT_URL", "").rstrip("/"), f"v{metadata['version']}"
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["urls"] = {}
        if home:
            pages = {"Documentation": "docs/README.md", "Changelog": "CHANGELOG.md", "Security": "SECURITY.md"}
            blobs = {name: f"{home}/blob/{tag}/{page}" for name, page in pages.items()}
            metadata["urls"] = {"Homepage": home, "Source": home, **blobs}
            text = re.sub(r"(!\[[^\]]*\]\()(?!https?:)([^)]+)", rf"\g<1>{home}/raw/{tag}/\g<2>", text)
            text = re.sub(r"(?<!!)(\[[^\]]*\]\()(?!https?:|#)([^)]+)", rf"\g<1>{home}/blob/{tag}/\g<2>", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
