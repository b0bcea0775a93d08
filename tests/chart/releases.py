"""Keeps what a released chart has that Kubernetes cannot change in place, with the values files it was installed with.

    git archive TAG deploy/helm/countersign | tar -x -C FOLDER
    python -m tests.chart.releases FOLDER/deploy/helm/countersign

writes tests/chart/releases/VERSION/: one values file and one JSON file a house. Run it once for each version.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

KEPT = Path(__file__).with_name("releases")
FIELDS = ("selector", "serviceName", "volumeClaimTemplates", "podManagementPolicy", "clusterIP")


def fixed_for_life(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """What Kubernetes refuses to change in place, by kind and name. Jobs and test pods are new with every change."""
    return {
        f"{item['kind']}/{item['metadata']['name']}": {
            key: item["spec"].get(key) for key in FIELDS if item["kind"] in {"Deployment", "StatefulSet", "Service"}
        }
        for item in objects
        if item["kind"] not in {"Job", "Pod"}
    }


def keep(helm: Path, chart: Path) -> None:
    """Renders a chart with its own values files as release `cs`, and writes down what is fixed."""
    folder = KEPT / yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))["version"]
    folder.mkdir(parents=True, exist_ok=True)
    for values in sorted((chart / "ci").glob("*-values.yaml")):
        command = [str(helm), "template", "cs", str(chart), "-f", str(values)]
        rendered = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        fixed = fixed_for_life([item for item in yaml.safe_load_all(rendered) if item])
        house = values.name.removesuffix("-values.yaml")
        shutil.copy(values, folder / values.name)
        (folder / f"{house}.json").write_text(json.dumps(fixed, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    from tests.chart.conftest import helm_path

    keep(helm_path(), Path(sys.argv[1]))
