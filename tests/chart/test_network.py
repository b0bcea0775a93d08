"""Who can reach whom, worked out from the NetworkPolicies as a cluster would."""

from __future__ import annotations

from services.settings import load
from tests.chart.conftest import Manifest, Rendered, component, find, of_kind, pods, selects


def policies_on(objects: list[Manifest], labels: dict[str, str]) -> list[Manifest]:
    return [item for item in of_kind(objects, "NetworkPolicy") if selects(item["spec"]["podSelector"], labels)]


def labels_of(objects: list[Manifest], part: str) -> dict[str, str]:
    return next(pod["metadata"]["labels"] for _, pod in pods(objects) if component(pod) == part)


def open_to(rules: list[Manifest], peer: dict[str, str], port: int | str) -> bool:
    """Whether a rule lets the pod with these labels through on the port; no peers or no ports: all of them."""
    return any(_names(rule, peer) and _on(rule, port) for rule in rules)


def _names(rule: Manifest, peer: dict[str, str]) -> bool:
    peers = rule.get("from", rule.get("to", [{"podSelector": {}}]))
    return any(selects(who["podSelector"], peer) for who in peers if "podSelector" in who)


def _on(rule: Manifest, port: int | str) -> bool:
    return any(entry["port"] == port for entry in rule.get("ports", [{"port": port}]))


def reaches(objects: list[Manifest], source: str, target: str, name: str, port: int) -> bool:
    """Whether egress of the source and ingress of the target both let a connection through."""
    out, into = labels_of(objects, source), labels_of(objects, target)
    leaving = [rule for item in policies_on(objects, out) for rule in item["spec"].get("egress", [])]
    entering = [rule for item in policies_on(objects, into) for rule in item["spec"].get("ingress", [])]
    return open_to(leaving, into, port) and open_to(entering, out, name)


def test_every_pod_is_under_default_deny_and_a_policy_of_its_own(objects: list[Manifest]) -> None:
    for name, pod in pods(objects):
        policies = policies_on(objects, pod["metadata"]["labels"])
        parts = {component(item) for item in policies}
        assert parts == {"default-deny", component(pod)}, name
        assert all(set(item["spec"]["policyTypes"]) == {"Ingress", "Egress"} for item in policies)


def test_default_deny_allows_nothing(objects: list[Manifest]) -> None:
    assert not {"ingress", "egress"} & set(find(objects, "NetworkPolicy", "default-deny")["spec"])


def test_the_model_can_call_nobody(rendered: Rendered) -> None:
    for house in ("8xh200", "single-h200", "many-nodes-router"):
        for item in policies_on(rendered[house], labels_of(rendered[house], "sglang")):
            assert item["spec"].get("egress", []) == []


def test_only_the_worker_and_the_test_reach_the_model(rendered: Rendered) -> None:
    objects = rendered["8xh200"]
    asking = {part for part in everyone(objects) if reaches(objects, part, "sglang", "http", 30000)}
    assert asking == {"worker", "test"}


def test_with_a_router_the_model_answers_the_router_alone(rendered: Rendered) -> None:
    objects = rendered["many-nodes-router"]
    assert {part for part in everyone(objects) if reaches(objects, part, "router", "http", 30000)} == {"worker", "test"}
    asking = {part for part in everyone(objects) if reaches(objects, part, "sglang", "http", 30000)}
    assert asking == {"router", "test"}


def test_only_relay_and_worker_reach_the_broker(rendered: Rendered) -> None:
    objects = rendered["trial"]
    asking = {part for part in everyone(objects) if reaches(objects, part, "trial-valkey", "valkey", 6379)}
    assert asking == {"relay", "worker", "test"}


def test_every_process_reaches_the_database(rendered: Rendered) -> None:
    objects = rendered["trial"]
    asking = {part for part in everyone(objects) if reaches(objects, part, "trial-postgresql", "postgresql", 5432)}
    assert asking == {"listener", "subscriber", "relay", "worker", "sender", "worklist", "migrate", "test"} | {
        "purge",
        "verify",
        "trial-fhir",
    }


def test_fhir_is_spoken_by_subscriber_and_sender(rendered: Rendered) -> None:
    objects = rendered["trial"]
    asking = {part for part in everyone(objects) if reaches(objects, part, "trial-fhir", "fhir", 8080)}
    assert asking == {"subscriber", "sender", "test"}
    assert reaches(objects, "trial-fhir", "subscriber", "notify", 8081)


def test_interface_engines_come_from_the_source_ranges_alone(rendered: Rendered) -> None:
    spec = find(rendered["8xh200"], "NetworkPolicy", "listener")["spec"]
    (rule,) = [rule for rule in spec["ingress"] if rule["ports"][0]["port"] == "mllp"]
    assert [who["ipBlock"]["cidr"] for who in rule["from"] if "ipBlock" in who] == ["192.0.2.10/32"]
    service = find(rendered["8xh200"], "Service", "listener")
    assert service["spec"]["loadBalancerSourceRanges"] == ["192.0.2.10/32"]
    assert service["spec"]["externalTrafficPolicy"] == "Local"


def test_with_every_peer_named_nothing_goes_to_any_address(rendered: Rendered) -> None:
    for item in of_kind(rendered["external-everything"], "NetworkPolicy"):
        assert all("to" in rule for rule in item["spec"].get("egress", [])), item["metadata"]["name"]


def test_weights_come_in_through_a_policy_of_their_own(rendered: Rendered) -> None:
    spec = find(rendered["8xh200"], "NetworkPolicy", "weights")["spec"]
    (download,) = [rule for rule in spec["egress"] if rule["ports"][0]["port"] == 443]
    assert download["to"] == [{"ipBlock": {"cidr": "192.0.2.30/32"}}]
    assert "ingress" not in spec


def everyone(objects: list[Manifest]) -> set[str]:
    return {component(pod) for _, pod in pods(objects)}


def test_the_sender_and_the_test_hold_the_secrets_of_webhooks_and_the_sender_alone_reaches_their_receivers(
    rendered: Rendered,
) -> None:
    objects = rendered["external-everything"]
    holding = {
        component(pod)
        for _, pod in pods(objects)
        for volume in pod["spec"].get("volumes", [])
        if volume.get("secret", {}).get("secretName") == "webhook-secrets"
    }
    assert holding == {"sender", "test"}
    reaching = {component(item) for item in of_kind(objects, "NetworkPolicy") if "192.0.2.77/32" in str(item)}
    assert reaching == {"sender"}
    settings = [
        item["data"] for item in of_kind(objects, "ConfigMap") if "COUNTERSIGN_WEBHOOKS" in item.get("data", {})
    ]
    found = load({"COUNTERSIGN_WEBHOOKS": settings[0]["COUNTERSIGN_WEBHOOKS"]}).webhooks
    assert {name: (hook.sites, str(hook.secret_file)) for name, hook in found.items()} == {
        "pager": (["north"], "/run/secrets/webhooks/pager")
    }
