"""Build hook: puts htmx, from the django-htmx build requirement, beside the worklist's other static files."""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"
TARGET = Path("services/worklist/static/htmx.min.js")


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
