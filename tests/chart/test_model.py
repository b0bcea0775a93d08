"""The model node: the flags of the launch profile, its GPUs, probes it can meet, weights it can find."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from integration.sglang.profiles import load_profiles
from services.capacity.node import running_at_once, slots_for
from services.engines import load_engines, spec_of
from services.settings import Queue, load
from tests.chart.conftest import (
    CHART,
    ROOT,
    Helm,
    Manifest,
    Rendered,
    component,
    containers,
    environment,
    find,
    manifests,
    of_kind,
    pods,
    script,
)

MODEL_HOUSES = {
    "8xh200": "r1-8xh200",
    "many-nodes-router": "r1-8xh200",
    "single-h200": "llama-3.3-70b-1xh200",
    "restricted": "llama-3.3-70b-1xh200",
}
REVISION = "0123456789abcdef0123456789abcdef01234567"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def server(objects: list[Manifest]) -> Manifest:
    """The container that serves the model."""
    (container,) = find(objects, "StatefulSet", "sglang")["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_the_chart_has_a_copy_of_every_profile_a_hospital_can_start() -> None:
    wanted = script("chart_profiles").copies()
    assert {path: path.read_text(encoding="utf-8") for path in wanted} == wanted
    assert set((CHART / "profiles").iterdir()) == set(wanted)


@pytest.mark.parametrize("house", MODEL_HOUSES)
def test_the_node_is_started_as_its_profile_says(rendered: Rendered, house: str) -> None:
    profile = load_profiles()[MODEL_HOUSES[house]]
    arguments = profile.arguments(revision=REVISION)
    started = server(rendered[house])
    assert started["command"] == ["python3", "-m", profile.launcher]
    assert started["args"][: len(arguments)] == arguments
    variables = {entry["name"]: entry.get("value") for entry in started["env"]}
    assert {name: str(choice.value) for name, choice in profile.environment.items()}.items() <= variables.items()


@pytest.mark.parametrize("service", [name for name in COMPOSE["services"] if name.startswith("sglang-")])
def test_compose_starts_the_same_servers(service: str) -> None:
    entry = COMPOSE["services"][service]
    profile = load_profiles()[service.removeprefix("sglang-")]
    arguments = profile.arguments(revision="${SGLANG_REVISION:-set-SGLANG_REVISION}")
    assert entry["command"] == ["python3", "-m", profile.launcher, *arguments, "--host", "0.0.0.0", "--port", "30000"]
    assert entry["profiles"] == [profile.name]
    (devices,) = entry["deploy"]["resources"]["reservations"]["devices"]
    assert devices["count"] == profile.flags["tp-size"].value
    assert {name: str(choice.value) for name, choice in profile.environment.items()}.items() <= entry[
        "environment"
    ].items()


@pytest.mark.parametrize("house", MODEL_HOUSES)
def test_gpus_are_asked_for_and_limited_alike(rendered: Rendered, house: str) -> None:
    profile = load_profiles()[MODEL_HOUSES[house]]
    resources = server(rendered[house])["resources"]
    assert resources["requests"]["nvidia.com/gpu"] == profile.flags["tp-size"].value
    assert resources["limits"]["nvidia.com/gpu"] == profile.flags["tp-size"].value


def test_nobody_else_takes_a_gpu(objects: list[Manifest]) -> None:
    for name, pod in pods(objects):
        for item in containers(pod):
            if item["name"] != "sglang":
                assert "nvidia.com/gpu" not in str(item["resources"]), name


@pytest.mark.parametrize("house", MODEL_HOUSES)
def test_probes_wait_as_long_as_sglang_needs(rendered: Rendered, house: str) -> None:
    """/health generates a token, sleeps a second at least and gives up after 20; loading takes up to an hour."""
    probes = server(rendered[house])
    startup, ready, live = probes["startupProbe"], probes["readinessProbe"], probes["livenessProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 3600
    assert ready["httpGet"]["path"] == "/ready"
    assert live["httpGet"]["path"] == "/health"
    assert live["timeoutSeconds"] >= 30
    assert live["failureThreshold"] >= 5


@pytest.mark.parametrize("house", MODEL_HOUSES)
def test_a_node_is_replaced_only_when_someone_decides(rendered: Rendered, house: str) -> None:
    spec = find(rendered[house], "StatefulSet", "sglang")["spec"]
    assert spec["updateStrategy"] == {"type": "OnDelete"}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}


@pytest.mark.parametrize("house", MODEL_HOUSES)
def test_shared_memory_is_memory_and_weights_are_read_only(rendered: Rendered, house: str) -> None:
    pod = find(rendered[house], "StatefulSet", "sglang")["spec"]["template"]["spec"]
    shm = next(volume for volume in pod["volumes"] if volume["name"] == "shm")
    assert shm["emptyDir"] == {"medium": "Memory", "sizeLimit": "32Gi"}
    mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts["shm"]["mountPath"] == "/dev/shm"
    assert mounts["weights"]["readOnly"] is True


@pytest.mark.parametrize("house", MODEL_HOUSES)
def test_the_node_asks_no_hub_and_writes_only_to_its_volumes(rendered: Rendered, house: str) -> None:
    started = server(rendered[house])
    variables = {entry["name"]: entry.get("value") for entry in started["env"]}
    assert variables["HF_HUB_OFFLINE"] == "1"
    writable = [mount["mountPath"] for mount in started["volumeMounts"] if not mount.get("readOnly")]
    paths = {name: value for name, value in variables.items() if (value or "").startswith("/") and name != "HF_HOME"}
    assert paths
    assert all(any(path.startswith(place) for place in writable) for path in paths.values())


def test_every_node_has_a_job_that_fills_its_own_volume(rendered: Rendered) -> None:
    objects = rendered["many-nodes-router"]
    node = find(objects, "StatefulSet", "sglang")["metadata"]["name"]
    jobs = [item for item in of_kind(objects, "Job") if component(item) == "weights"]
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for job in jobs
        for volume in job["spec"]["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    ]
    assert claims == [f"weights-{node}-{i}" for i in range(3)]
    beside = [
        term["labelSelector"]["matchLabels"]["statefulset.kubernetes.io/pod-name"]
        for job in jobs
        for term in job["spec"]["template"]["spec"]["affinity"]["podAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
    ]
    assert beside == [f"{node}-{i}" for i in range(3)]


def test_a_filled_volume_needs_no_download(rendered: Rendered) -> None:
    objects = rendered["single-h200"]
    assert not [item for item in of_kind(objects, "Job") if component(item) == "weights"]
    pod = find(objects, "StatefulSet", "sglang")["spec"]["template"]["spec"]
    weights = next(volume for volume in pod["volumes"] if volume["name"] == "weights")
    assert weights["persistentVolumeClaim"] == {"claimName": "llama-weights", "readOnly": True}
    assert "initContainers" not in pod


def test_the_router_asks_every_node_by_its_name(rendered: Rendered) -> None:
    objects = rendered["many-nodes-router"]
    node = find(objects, "StatefulSet", "sglang")
    (item,) = find(objects, "Deployment", "router")["spec"]["template"]["spec"]["containers"]
    urls = item["args"][item["args"].index("--worker-urls") + 1 :]
    name, service = node["metadata"]["name"], node["spec"]["serviceName"]
    assert urls == [f"http://{name}-{i}.{service}:30000" for i in range(3)]
    assert "--disable-retries" in item["args"], "retries are made in one layer only"
    assert any(one["metadata"]["name"] == service for one in of_kind(objects, "Service"))


@pytest.mark.parametrize("house", [*MODEL_HOUSES, "external-everything"])
def test_the_worker_reads_its_engine_from_the_mounted_file(rendered: Rendered, house: str, tmp_path: Path) -> None:
    objects = rendered[house]
    variables = environment(objects, find(objects, "Deployment", "worker"), tmp_path)
    (tmp_path / "engines.yaml").write_text(find(objects, "ConfigMap", "config")["data"]["engines.yaml"])
    engine = spec_of(load(variables).reading.engine, load_engines(tmp_path))
    services = {item["metadata"]["name"] for item in of_kind(objects, "Service")}
    assert engine.local is True
    assert engine.url.host in services | {"model.example"}
    if house in MODEL_HOUSES:
        profile = load_profiles()[MODEL_HOUSES[house]]
        assert engine.model == profile.flags["served-model-name"].value
        assert str(engine.api_key_file) == "/run/secrets/countersign/model"


def test_compose_has_an_engine_for_each_of_its_servers() -> None:
    engines = load_engines(ROOT / "deploy/compose/config")
    assert {f"sglang-{name}" for name in engines} == {
        name for name in COMPOSE["services"] if name.startswith("sglang-")
    }
    for name, engine in engines.items():
        said = load_profiles()[name].engine
        assert {key: getattr(engine, key) for key in said} == said


@pytest.mark.parametrize("house", MODEL_HOUSES)
def test_all_workers_together_fill_the_model_as_the_planner_sizes_it(rendered: Rendered, house: str) -> None:
    objects = rendered[house]
    slots = slots_for(running_at_once(load_profiles()[MODEL_HOUSES[house]]), Queue().stat_reserve)
    wanted = slots * find(objects, "StatefulSet", "sglang")["spec"]["replicas"]
    scaled = [item for item in of_kind(objects, "ScaledObject") if component(item) == "worker"]
    pods = scaled[0]["spec"]["maxReplicaCount"] if scaled else find(objects, "Deployment", "worker")["spec"]["replicas"]
    concurrency = int(find(objects, "ConfigMap", "settings")["data"]["COUNTERSIGN_QUEUE__CONCURRENCY"])
    assert wanted <= concurrency * pods < wanted + pods


def test_a_house_that_says_how_many_reports_a_worker_reads_is_believed(helm: Helm) -> None:
    objects = manifests(helm, "8xh200", "--set", "worker.concurrency=5")
    assert find(objects, "ConfigMap", "settings")["data"]["COUNTERSIGN_QUEUE__CONCURRENCY"] == "5"


def test_without_a_model_the_chart_and_the_processes_have_the_same_default(rendered: Rendered) -> None:
    said = find(rendered["hl7-only"], "ConfigMap", "settings")["data"]["COUNTERSIGN_QUEUE__CONCURRENCY"]
    assert int(said) == Queue().concurrency


@pytest.mark.parametrize("name", ["rules", *(name for name, one in load_profiles().items() if one.revision_required)])
def test_every_engine_that_can_be_chosen_has_a_model_card(name: str) -> None:
    page = (ROOT / "docs/operations/model-cards.md").read_text(encoding="utf-8")
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert any(name in line.removeprefix("## ").partition(":")[0].split(", ") for line in headings)
