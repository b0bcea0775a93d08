"""Alerts and dashboard ask for metrics that exist, through labels that exist, and the handbook answers each alert."""

from __future__ import annotations

import json
import re
from typing import Any

import promql_parser
import pytest
import yaml
from fastapi.routing import APIRoute
from prometheus_client import Metric
from prometheus_client.registry import REGISTRY

from services.domain.words import MessageState
from services.telemetry import metrics
from services.web.app import PAGES
from tests.chart.conftest import CHART, ROOT, Manifest, Rendered, find, of_kind, selects

RULES = yaml.safe_load((CHART / "rules/countersign.yaml").read_text(encoding="utf-8"))
ALERTS = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
DASHBOARD = json.loads((CHART / "dashboards/countersign.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
METRICS = ROOT / "services/telemetry/metrics.py"
# Metrics of SGLang 0.5.23 (sglang/srt/observability/metrics_collector.py).
SGLANG = {"sglang:num_queue_reqs", "sglang:num_running_reqs", "sglang:token_usage", "sglang:cache_hit_rate"}


def ours() -> set[str]:
    """Names as Prometheus sees them."""
    assert metrics.JOBS
    described: list[Metric] = list(REGISTRY.collect())
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {
        item.name + end
        for item in described
        for end in suffixes.get(item.type, ())
        if item.name.startswith("countersign_")
    }


def asked(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:countersign_|sglang:)[a-z_]+", expression))


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_asks_for_metrics_that_exist(alert: str) -> None:
    names = asked(ALERTS[alert]["expr"])
    assert names <= ours() | SGLANG
    assert names or "up{" in ALERTS[alert]["expr"]


def test_what_became_of_a_message_is_one_of_its_states() -> None:
    """Who asks for an outcome that nobody counts waits for an alert that never comes."""
    wanted = {
        outcome
        for rule in ALERTS.values()
        for listed in re.findall(r'outcome=~?"([^"]+)"', rule["expr"])
        for outcome in listed.split("|")
    }
    assert wanted and wanted <= set(MessageState)


def test_every_metric_is_set_by_somebody() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "services").rglob("*.py") if path != METRICS)
    declared = re.findall(r"^([A-Z_]+) = ", METRICS.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in declared if not re.search(rf"\b{name}\.(labels|inc|set|observe)\(", code)] == []


@pytest.mark.parametrize("alert", ALERTS)
def test_the_handbook_says_what_to_do(alert: str) -> None:
    page = (ROOT / "docs/operations/alerts.md").read_text(encoding="utf-8")
    assert f"## {alert}\n" in page
    assert ALERTS[alert]["labels"]["severity"] in {"critical", "warning"}


def test_an_alert_leads_to_a_page_there_is() -> None:
    """Of what a person at the worklist can see the cause of."""
    pages = {alert: rule["annotations"]["page"] for alert, rule in ALERTS.items() if "page" in rule["annotations"]}
    routes = [route for part in PAGES for route in part.router.routes if isinstance(route, APIRoute)]
    for page in pages.values():
        assert any(route.path_regex.match(page.partition("?")[0]) for route in routes), page
    assert {alert for alert in ALERTS if "Feed" in alert} <= set(pages)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_asks_for_metrics_that_exist_and_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        names = asked(target["expr"])
        assert names <= ours() | SGLANG
        assert names or "up{" in target["expr"]


EXPRESSIONS = [rule["expr"] for rule in ALERTS.values()] + [t["expr"] for panel in PANELS for t in panel["targets"]]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_is_promql(expression: str) -> None:
    assert promql_parser.parse(expression.replace("$__rate_interval", "5m"))
    with pytest.raises(ValueError, match=r"\S"):
        promql_parser.parse(expression + " by")


def test_panels_do_not_overlap() -> None:
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_every_service_monitor_finds_one_service_with_its_port(rendered: Rendered) -> None:
    for house in ("external-everything", "8xh200", "many-nodes-router"):
        for monitor in of_kind(rendered[house], "ServiceMonitor"):
            found = [
                item for item in of_kind(rendered[house], "Service") if picked(monitor, item["metadata"]["labels"])
            ]
            assert len(found) == 1, monitor["metadata"]["name"]
            ports = {port["name"] for port in found[0]["spec"]["ports"]}
            assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= ports


def picked(monitor: Manifest, labels: dict[str, str]) -> bool:
    selector = monitor["spec"]["selector"]
    wanted = [item["key"] for item in selector.get("matchExpressions", [])]
    return selects(selector, labels) and all(key in labels for key in wanted)


def test_compose_and_chart_give_the_same_job_names(rendered: Rendered) -> None:
    prometheus = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text(encoding="utf-8"))
    compose = {job["job_name"] for job in prometheus["scrape_configs"]}
    chart = {
        rule["replacement"]
        for monitor in of_kind(rendered["8xh200"], "ServiceMonitor")
        for endpoint in monitor["spec"]["endpoints"]
        for rule in endpoint["relabelings"]
        if rule.get("targetLabel") == "job"
    }
    assert compose == chart
    used = {name for rule in ALERTS.values() for name in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert used <= chart


def test_the_rule_object_holds_the_rules_of_the_file(rendered: Rendered) -> None:
    assert find(rendered["8xh200"], "PrometheusRule", "rules")["spec"] == RULES


def test_the_dashboard_object_holds_the_dashboard_of_the_file(rendered: Rendered) -> None:
    assert json.loads(find(rendered["8xh200"], "ConfigMap", "dashboards")["data"]["countersign.json"]) == DASHBOARD
