"""helm takes the chart without a warning, and refuses values that are wrong or missing, by name."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from tests.chart.conftest import CHART, HOUSES, script

Helm = Callable[..., CompletedProcess[str]]


def test_helm_lint_has_no_complaint_about_any_house(helm: Helm) -> None:
    for house in HOUSES:
        done = helm("lint", "--strict", str(CHART), "-f", str(CHART / f"ci/{house}-values.yaml"))
        assert done.returncode == 0, f"{house}: {done.stdout}"


REFUSED = {
    "mode=": "/mode",
    "writeback.preliminary=": "/writeback/preliminary",
    "image.digest=": "image.digest is required in production",
    "image.digest=sha256:short": "/image/digest",
    "image.repository=": "image.repository is required",
    "sglang.revision=": "sglang.revision is required",
    "sglang.revision=main": "/sglang/revision",
    "sglang.image.digest=": "sglang.image.digest is required",
    "sglang.apiKey.existingSecret=": "sglang.apiKey.existingSecret is required",
    "sglang.profile=r1-8xa100": 'sglang.profile "r1-8xa100" is not a file of profiles/',
    "sglang.replicas=2": "router.enabled is required",
    "database.host=": "database.host is required",
    "database.existingSecret.name=": "database.existingSecret.name is required",
    "broker.host=": "broker.host is required",
    "fhir.url=": "fhir.url is required",
    "listener.service.sourceRanges=null": "listener.service.sourceRanges is required in production",
    "trial.postgresql.enabled=true": "trial.postgresql is for trials",
    "worklist.ingress.tlsSecret=": "worklist.ingress.tlsSecret are required",
    "listner.replicas=3": "'listner' not allowed",
    "settings.COUNTERSIGN_QUEUE__LEASES=3": "'COUNTERSIGN_QUEUE__LEASES' not allowed",
    "settings.COUNTERSIGN_FHIR__TOKEN=secret": "'COUNTERSIGN_FHIR__TOKEN' not allowed",
    "worker.settings.COUNTERSIGN_TYPO=3": "'COUNTERSIGN_TYPO' not allowed",
}


@pytest.mark.parametrize("value", REFUSED)
def test_a_production_house_is_refused_with_the_name_of_the_value(helm: Helm, value: str) -> None:
    done = helm("template", "cs", str(CHART), "-f", str(CHART / "ci/8xh200-values.yaml"), "--set", value)
    assert done.returncode != 0
    assert REFUSED[value] in done.stderr


def test_the_chart_alone_asks_for_what_has_no_default(helm: Helm) -> None:
    done = helm("template", "cs", str(CHART))
    assert "/mode" in done.stderr
    assert "/writeback/preliminary" in done.stderr


def test_external_engines_in_production_need_named_addresses(helm: Helm) -> None:
    house = str(CHART / "ci/external-everything-values.yaml")
    done = helm("template", "cs", str(CHART), "-f", house, "--set", "networkPolicy.engines=null")
    assert "networkPolicy.engines is required" in done.stderr


def test_schema_and_table_follow_from_values_yaml_and_the_settings() -> None:
    """After a change of either: `python scripts/chart_values.py`."""
    values = script("chart_values")
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    page = (CHART / "README.md").read_text(encoding="utf-8")
    stale = "stale: run `python scripts/chart_values.py`"
    # Compared before the assertion: their difference would be pages long.
    schema_is_current = values.schema(text) == (CHART / "values.schema.json").read_text(encoding="utf-8")
    assert schema_is_current, stale
    table_is_current = values.readme(text, page) == page
    assert table_is_current, stale
