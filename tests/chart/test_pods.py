"""What schemas miss in pods: selectors, mounts, ports, probes, secrets, security."""

from __future__ import annotations

import json
import re
from pathlib import Path

from services.settings import Settings, describe, load
from tests.chart.conftest import (
    CHART,
    Helm,
    Manifest,
    component,
    containers,
    environment,
    manifests,
    of_kind,
    pods,
    selects,
)

OURS = {"listener", "subscriber", "relay", "worker", "sender", "worklist"}


def test_names_fit_and_are_used_once(objects: list[Manifest]) -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in objects]
    assert len(names) == len(set(names))
    assert all(len(name) <= 63 and re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name) for _, name in names)


def test_long_release_names_still_fit(helm: Helm) -> None:
    house = str(CHART / "ci/many-nodes-router-values.yaml")
    done = helm("template", "a" * 53, str(CHART), "-f", house)
    names = re.findall(r"^  name: (\S+)$", done.stdout, re.MULTILINE)
    assert names and max(map(len, names)) <= 63


def test_every_selector_finds_its_own_pods(objects: list[Manifest]) -> None:
    for item in of_kind(objects, "Deployment", "StatefulSet"):
        assert selects(item["spec"]["selector"], item["spec"]["template"]["metadata"]["labels"])


def test_no_two_owners_share_pods(objects: list[Manifest]) -> None:
    for item in of_kind(objects, "Deployment", "StatefulSet"):
        owners = [name for name, pod in pods(objects) if selects(item["spec"]["selector"], pod["metadata"]["labels"])]
        assert owners == [item["metadata"]["name"]]


def test_every_service_leads_to_a_port_that_is_open(objects: list[Manifest]) -> None:
    for service in of_kind(objects, "Service"):
        behind = [
            pod
            for _, pod in pods(objects)
            if selects({"matchLabels": service["spec"]["selector"]}, pod["metadata"]["labels"])
        ]
        assert behind, service["metadata"]["name"]
        for pod in behind:
            open_ports = {port["name"] for item in containers(pod) for port in item.get("ports", [])}
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports


def test_every_disruption_budget_covers_pods(objects: list[Manifest]) -> None:
    covered = set()
    for budget in of_kind(objects, "PodDisruptionBudget"):
        owners = {name for name, pod in pods(objects) if selects(budget["spec"]["selector"], pod["metadata"]["labels"])}
        assert len(owners) == 1
        covered |= owners
    long_lived = {item["metadata"]["name"] for item in of_kind(objects, "Deployment", "StatefulSet")}
    assert covered == {name for name in long_lived if "-trial-" not in name}


def test_every_mount_has_its_volume_and_every_volume_a_mount(objects: list[Manifest]) -> None:
    claims = {
        item["metadata"]["name"]: [claim["metadata"]["name"] for claim in item["spec"].get("volumeClaimTemplates", [])]
        for item in of_kind(objects, "StatefulSet")
    }
    for name, pod in pods(objects):
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])} | set(claims.get(name, []))
        mounts = {mount["name"] for item in containers(pod) for mount in item["volumeMounts"]}
        assert mounts == volumes, name


def test_every_config_map_and_key_that_is_mounted_exists(objects: list[Manifest]) -> None:
    maps = {item["metadata"]["name"]: set(item.get("data") or {}) for item in of_kind(objects, "ConfigMap")}
    external = {"model-checksums", "house-authorities"}
    for name, pod in pods(objects):
        for volume in pod["spec"].get("volumes", []):
            if (source := volume.get("configMap")) and source["name"] not in external:
                assert {item["key"] for item in source.get("items") or []} <= maps[source["name"]], name
        for item in containers(pod):
            assert {source["configMapRef"]["name"] for source in item.get("envFrom", [])} <= set(maps)


def test_every_file_a_variable_names_is_mounted(objects: list[Manifest]) -> None:
    for name, pod in pods(objects):
        files = {
            f"/run/secrets/countersign/{item['path']}"
            for volume in pod["spec"].get("volumes", [])
            for source in volume.get("projected", {}).get("sources", [])
            for item in source["secret"]["items"]
        }
        values = {entry.get("value", "") for item in containers(pod) for entry in item.get("env", [])}
        assert {value for value in values if value.startswith("/run/secrets/countersign/")} <= files, name


def test_every_container_is_locked_down(objects: list[Manifest]) -> None:
    for name, pod in pods(objects):
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["runAsUser"] > 0
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod["spec"])
        for item in containers(pod):
            security = item["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}


def test_every_volume_is_of_a_restricted_kind(objects: list[Manifest]) -> None:
    allowed = {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
    for _, pod in pods(objects):
        assert {key for volume in pod["spec"].get("volumes", []) for key in volume} - {"name"} <= allowed


def test_scratch_space_is_bounded(objects: list[Manifest]) -> None:
    for _, pod in pods(objects):
        for volume in pod["spec"].get("volumes", []):
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})


def test_every_container_says_what_it_needs(objects: list[Manifest]) -> None:
    for name, pod in pods(objects):
        for item in containers(pod):
            resources = item["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"]), name
            assert "memory" in resources["limits"], name


def test_no_secret_is_in_a_config_map(objects: list[Manifest]) -> None:
    for item in of_kind(objects, "ConfigMap"):
        for key, value in (item.get("data") or {}).items():
            assert not re.search(r"(PASSWORD|TOKEN|SECRET|PRIVATE_KEY)$", key), key
            assert "BEGIN" not in value and "api_key:" not in value


def test_kubernetes_puts_no_variables_of_its_own_into_our_processes(objects: list[Manifest]) -> None:
    for name, pod in pods(objects):
        assert pod["spec"]["enableServiceLinks"] is False, name


def test_a_process_is_probed_on_the_health_port(objects: list[Manifest]) -> None:
    for deployment in of_kind(objects, "Deployment"):
        if component(deployment) not in OURS:
            continue
        (item,) = containers(deployment["spec"]["template"])
        assert item["args"] == [component(deployment)]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert item[probe]["httpGet"]["port"] == "health"
            assert item[probe]["httpGet"]["path"] in {"/live", "/ready", "/progress"}


def test_replicas_are_left_to_the_autoscaler(objects: list[Manifest]) -> None:
    scaled = {
        item["spec"]["scaleTargetRef"]["name"] for item in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")
    }
    for item in of_kind(objects, "Deployment"):
        assert ("replicas" in item["spec"]) is (item["metadata"]["name"] not in scaled)


def test_every_variable_is_a_setting(objects: list[Manifest], tmp_path: Path) -> None:
    known = {each.name for each in describe()}
    for owner in of_kind(objects, "Deployment", "Job"):
        if component(owner) in OURS | {"migrate"}:
            names = {name for name in environment(objects, owner, tmp_path) if name.startswith("COUNTERSIGN_")}
            assert {name.removesuffix("_FILE") for name in names} <= known


def test_every_process_would_start_with_its_settings(objects: list[Manifest], tmp_path: Path) -> None:
    for owner in of_kind(objects, "Deployment", "Job"):
        if component(owner) in OURS | {"migrate"}:
            assert isinstance(load(environment(objects, owner, tmp_path)), Settings)


def test_helm_test_asks_the_doctor_and_opens_the_doors_of_the_house(objects: list[Manifest]) -> None:
    (pod,) = of_kind(objects, "Pod")
    doctor, doors = pod["spec"]["containers"]
    listens = any(component(item) == "listener" for item in of_kind(objects, "Deployment"))
    assert doctor["args"] == ["doctor"] if listens else doctor["args"] == ["doctor", "--no-listener"]
    assert listens is any("-listener:" in door for door in doors["command"])


def test_large_numbers_are_written_out(helm: Helm, tmp_path: Path) -> None:
    """Helm reads every number of a values file as a float, which a template prints as 2e+07 unless told otherwise."""
    values = tmp_path / "values.yaml"
    settings = {"COUNTERSIGN_MLLP__MAX_BYTES": "20000000", "COUNTERSIGN_FHIR__POLL_INTERVAL": "1200000"}
    values.write_text(f"security: {{uid: 1000680000}}\nsettings: {json.dumps(settings)}".replace('"', ""))
    made = manifests(helm, "trial", "-f", str(values))
    for _, pod in pods(made):
        wanted = {pod["spec"]["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")}
        assert [(each, type(each)) for each in wanted] == [(1000680000, int)]
    (data,) = [each["data"] for each in of_kind(made, "ConfigMap") if each["metadata"]["name"].endswith("settings")]
    assert {name: data[name] for name in settings} == settings
