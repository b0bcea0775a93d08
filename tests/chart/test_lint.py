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
    "config.senders.RIS.site=north": "/config/senders': additional properties 'RIS' not allowed",
    "config.senders.senders[0].zones=UTC": "/config/senders/senders/0': additional properties 'zones' not allowed",
    "config.senders.senders[0].status.PSCRIB=prelim": "/config/senders/senders/0/status/PSCRIB",
    "config.senders.senders.application=RIS": "/config/senders/senders': got object, want array",
    "config.engines[0].name=House": "/config/engines/0",
    "sglang.hold=null": "sglang.hold is required",
    "subscriber.ingress.enabled=false": "fhir.notifyUrl or subscriber.ingress.enabled is required",
    "subscriber.ingress.tlsSecret=": "subscriber.ingress.tlsSecret are required",
    "fhir.smart.clientId=countersign": "fhir.smart.existingSecret is required",
    "database.ca.existingSecret=house-ca": "worker.autoscaling.sslmode is required",
    "trust.existingSecret=house-ca": "worker.autoscaling.sslmode is required",
    "worker.extraEnv[0].value=x": "/worker/extraEnv/0",
    "purge.days.messages=-1": "/purge/days/messages",
}


@pytest.mark.parametrize("value", REFUSED)
def test_a_production_house_is_refused_with_the_name_of_the_value(helm: Helm, value: str) -> None:
    done = helm("template", "cs", str(CHART), "-f", str(CHART / "ci/8xh200-values.yaml"), "--set", value)
    assert done.returncode != 0
    assert REFUSED[value] in done.stderr


def test_several_subscribers_need_one_secret(helm: Helm) -> None:
    house = str(CHART / "ci/8xh200-values.yaml")
    unset = ("--set", "fhir.notifySecret.existingSecret=")
    assert helm("template", "cs", str(CHART), "-f", house, *unset).returncode == 0
    for more in ("subscriber.replicas=2", "subscriber.autoscaling.enabled=true"):
        done = helm("template", "cs", str(CHART), "-f", house, *unset, "--set", more)
        assert "fhir.notifySecret.existingSecret is required" in done.stderr


@pytest.mark.parametrize(
    "url", ["http://fhir:8080/r4", "https://fhir.ehr.svc:8443/r4", "http://hapi.ehr.svc.cluster.local"]
)
def test_a_fhir_server_of_this_cluster_reaches_the_service(helm: Helm, url: str) -> None:
    house = str(CHART / "ci/8xh200-values.yaml")
    done = helm("template", "cs", str(CHART), "-f", house, "--set", f"subscriber.ingress.enabled=false,fhir.url={url}")
    assert done.returncode == 0, done.stderr


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
