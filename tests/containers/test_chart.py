"""The chart's pods, as rendered, in podman: every process of five houses is well by its own probes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.chart.conftest import Manifest, component, find, helm_path, of_kind, rendered_by
from tests.containers import images
from tests.containers.compose import PATIENCE, eventually
from tests.containers.kube import Cluster
from tests.containers.readme import MOST, commands
from tests.containers.reviewer import Reviewer

pytestmark = [pytest.mark.containers, pytest.mark.timeout(7200)]

HOUSES = ("external-everything", "hl7-only", "fhir-only", "restricted")
# Whose certificate the house's own authority signed: nothing else of the values is changed.
SAID = {each: ["trust.existingConfigMap=house-authorities"] for each in ("hl7-only", "fhir-only", "restricted")}
TRIAL_IMAGES = {"postgresql": images.STAND_IN, "valkey": images.STAND_IN, "fhir": images.HAPI}


@pytest.fixture(params=HOUSES)
def house(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def played(name: str, objects: list[Manifest], folder: Path) -> Iterator[Cluster]:
    """Every process of a house, each well by its own probes; the images are those built here."""
    images.ours()
    images.stand_in()
    for item in of_kind(objects, "Deployment", "StatefulSet", "Job"):
        for each in item["spec"]["template"]["spec"]["containers"]:
            if each["image"].startswith("registry.example/countersign"):
                each["image"] = images.OURS
            each["imagePullPolicy"] = "Never"
    cluster = Cluster(f"cs-{name}", objects, folder)
    try:
        start_services(cluster)
        cluster.run_job("migrate")
        for part in cluster.processes():
            cluster.play(part)
        for part in cluster.processes():
            for which in ("startupProbe", "livenessProbe", "readinessProbe"):
                well(cluster, part, which, expected(name, part, which))
        yield cluster
    finally:
        cluster.end()


def well(cluster: Cluster, part: str, which: str, wanted: int) -> None:
    """Waits until a probe is answered as it should be."""
    eventually(lambda: cluster.probe(part, which) == wanted, PATIENCE, lambda: f"{part} {which}: {cluster.logs(part)}")


def test_every_process_is_well_by_its_own_probes(house: str, tmp_path: Path) -> None:
    with played(house, rendered_by(helm_path(), house, *SAID.get(house, [])), tmp_path):
        pass


def test_a_newcomer_installs_the_trial_and_signs_what_is_seen_on_its_fhir_server(tmp_path: Path) -> None:
    """By the README's commands: its `helm install` rendered and played, its `kubectl exec` run in the pods."""
    images.hapi()
    install, login, send, forward, look = commands("Run it in Kubernetes")
    with played("trial", trial(install), tmp_path) as cluster:
        password = run(cluster, login).split("with the password ")[1].strip()
        assert "9 sent" in run(cluster, send)
        assert forward[:3] == ["kubectl", "port-forward", "service/countersign-worklist"]
        reviewer = Reviewer(f"http://{cluster.address('worklist')}:{forward[3].partition(':')[2]}", "ada", password)
        waiting = eventually(reviewer.reports, PATIENCE, lambda: cluster.logs("worker"))
        reviewer.sign(waiting[0]["report_id"])
        reviewer.close()
        final = '"status": "final"'
        eventually(lambda: final in run(cluster, look), PATIENCE, lambda: cluster.logs("sender"))
    assert len(["git clone", "cd", install, login, send, forward, look]) < MOST


def run(cluster: Cluster, words: list[str]) -> str:
    """A `kubectl exec deploy/NAME -- COMMAND` of the README."""
    assert words[:2] == ["kubectl", "exec"] and words[3] == "--"
    return cluster.exec(words[2], *words[4:])


def trial(install: list[str]) -> list[Manifest]:
    """What `helm install` would make, with the images that no registry gives here."""
    assert install[:2] == ["helm", "install"]
    instead = []
    for part, image in TRIAL_IMAGES.items():
        repository, _, tag = image.rpartition(":")
        instead += ["--set", f"trial.{part}.image.repository={repository},trial.{part}.image.tag={tag}"]
    command = [str(helm_path()), "template", *install[2:], *instead]
    done = subprocess.run(command, cwd=images.ROOT, capture_output=True, text=True, check=True)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def expected(house: str, part: str, which: str) -> int:
    """Well is 200. There is no FHIR server but the trial's: elsewhere the subscriber lives, and says that it waits."""
    waits = part == "subscriber" and house != "trial" and which == "readinessProbe"
    return 503 if waits else 200


def start_services(cluster: Cluster) -> None:
    """The trial's own, or those outside the release."""
    parts = {component(item) for item in of_kind(cluster.objects, "Deployment", "StatefulSet")}
    if "trial-postgresql" in parts:
        for part in ("trial-postgresql", "trial-valkey", "trial-fhir"):
            cluster.play(part)
        well(cluster, "trial-fhir", "startupProbe", 200)
        return
    tls = find(cluster.objects, "ConfigMap", "settings")["data"]["COUNTERSIGN_BROKER__TLS"] == "true"
    database = {"POSTGRES_USER": "countersign", "POSTGRES_DB": "countersign"}
    cluster.serve("postgresql.example", POSTGRES_PASSWORD_FILE="/run/secrets/password", **database)
    if cluster.name.endswith("external-everything"):
        cluster.make_role("postgresql.example", "countersign_owner")
    server = ["valkey-server", "--requirepass", "test-only", "--bind", "*", *(["--port", "6380"] if tls else [])]
    front = 'python3 /opt/stand-ins/tls.py redis 6379 6380 & exec "$@"'
    cluster.serve("valkey.example", *(["sh", "-c", front, "sh", *server] if tls else server))
