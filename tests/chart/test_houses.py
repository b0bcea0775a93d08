"""What a house's values turn on, and that every process starts with what each house gives it."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from services.cli import build
from tests.chart.conftest import Helm, Manifest, Rendered, component, containers, find, manifests, of_kind, pods
from tests.chart.files import Files
from tests.ports import free_port

OURS = ("listener", "subscriber", "relay", "worker", "sender", "worklist")


def test_every_workload_takes_what_a_house_adds(helm: Helm) -> None:
    added = {
        "extraEnv": "[{name: HOUSE, value: here}]",
        "extraVolumes": "[{name: house, emptyDir: {sizeLimit: 1Mi}}]",
        "extraVolumeMounts": "[{name: house, mountPath: /house}]",
    }
    flags = [part for name, value in added.items() for part in ("--set-json", f"pods.{name}={as_json(value)}")]
    for name, pod in pods(manifests(helm, "many-nodes-router", *flags)):
        main = pod["spec"]["containers"][0]
        assert {"name": "HOUSE", "value": "here"} in main["env"], name
        assert {"name": "house", "mountPath": "/house"} in main["volumeMounts"], name
        assert any(volume["name"] == "house" for volume in pod["spec"]["volumes"]), name


@pytest.mark.parametrize("part", [*OURS, "migrate", "purge", "verify", "sglang", "router"])
def test_each_workload_takes_arguments_and_variables_of_its_own(helm: Helm, part: str) -> None:
    flags = ("--set", f"{part}.extraArgs={{--house}},{part}.extraEnv[0].name=HOUSE,{part}.extraEnv[0].value=here")
    changed = [pod for name, pod in pods(manifests(helm, "many-nodes-router", *flags)) if component(pod) == part]
    assert changed
    for pod in changed:
        main = pod["spec"]["containers"][0]
        assert "--house" in main["args"]
        assert {"name": "HOUSE", "value": "here"} in main["env"]


def as_json(value: str) -> str:
    return json.dumps(yaml.safe_load(value))


def test_while_the_model_is_held_back_no_pod_asks_for_a_gpu(helm: Helm) -> None:
    held = manifests(helm, "8xh200", "--set", "sglang.hold=true")
    serving = manifests(helm, "8xh200")
    assert find(held, "StatefulSet", "sglang")["spec"]["replicas"] == 0
    assert find(serving, "StatefulSet", "sglang")["spec"]["replicas"] == 1
    job, later = find(held, "Job", "weights"), find(serving, "Job", "weights")
    # Its template differs, and that of a Job cannot be changed.
    assert job["metadata"]["name"] != later["metadata"]["name"]
    assert "podAffinity" not in job["spec"]["template"]["spec"]["affinity"]
    assert "nodeAffinity" in job["spec"]["template"]["spec"]["affinity"]
    asking = [item for item in containers(job["spec"]["template"]) if "nvidia.com/gpu" in item["resources"]["limits"]]
    assert asking == []


def test_the_claim_filled_while_held_is_the_one_the_model_looks_for_and_stays(helm: Helm) -> None:
    held = manifests(helm, "8xh200", "--set", "sglang.hold=true")
    (claim,) = of_kind(held, "PersistentVolumeClaim")
    server = find(held, "StatefulSet", "sglang")
    wanted = {
        f"{each['metadata']['name']}-{server['metadata']['name']}-0" for each in server["spec"]["volumeClaimTemplates"]
    }
    assert claim["metadata"]["name"] in wanted
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    template = {each["metadata"]["name"]: each["spec"] for each in server["spec"]["volumeClaimTemplates"]}["weights"]
    assert claim["spec"] == template
    volumes = find(held, "Job", "weights")["spec"]["template"]["spec"]["volumes"]
    assert claim["metadata"]["name"] in {each.get("persistentVolumeClaim", {}).get("claimName") for each in volumes}


def test_old_data_leave_and_what_stays_is_proved_every_night(objects: list[Manifest]) -> None:
    for part in ("purge", "verify"):
        job = find(objects, "CronJob", part)["spec"]
        assert job["concurrencyPolicy"] == "Forbid"
        assert containers(job["jobTemplate"]["spec"]["template"])[0]["args"][0] == part


def test_one_bundle_serves_every_connection_that_names_none(rendered: Rendered, helm: Helm) -> None:
    unset = ("--set", "database.ca.existingSecret=,broker.ca.existingSecret=")
    for part in ("relay", "worker"):
        (item,) = containers(
            find(manifests(helm, "external-everything", *unset), "Deployment", part)["spec"]["template"]
        )
        given = {entry["name"]: entry.get("value") for entry in item["env"]}
        bundle = "/etc/countersign-trust/ca.crt"
        assert given["SSL_CERT_FILE"] == given["PGSSLROOTCERT"] == given["COUNTERSIGN_BROKER__CA"] == bundle
        assert {"name": "trust", "mountPath": "/etc/countersign-trust", "readOnly": True} in item["volumeMounts"]
    (item,) = containers(find(rendered["external-everything"], "Deployment", "relay")["spec"]["template"])
    given = {entry["name"]: entry.get("value") for entry in item["env"]}
    assert given["PGSSLROOTCERT"] == "/run/secrets/countersign/database-ca"
    names = [entry["name"] for entry in item["env"]]
    assert len(names) == len(set(names))


def test_the_worklist_reaches_those_who_say_who_people_are(rendered: Rendered) -> None:
    rules = find(rendered["external-everything"], "NetworkPolicy", "worklist")["spec"]["egress"]
    open_to = {
        (who["ipBlock"]["cidr"], rule["ports"][0]["port"]) for rule in rules for who in rule["to"] if "ipBlock" in who
    }
    assert {("192.0.2.24/32", 443), ("192.0.2.26/32", 443)} <= open_to


def test_notifications_come_in_by_an_ingress_of_their_own(rendered: Rendered) -> None:
    objects = rendered["external-everything"]
    (backend,) = find(objects, "Ingress", "subscriber")["spec"]["rules"][0]["http"]["paths"]
    assert backend["backend"]["service"] == {"name": "cs-countersign-subscriber", "port": {"name": "notify"}}
    settings = find(objects, "ConfigMap", "settings")["data"]
    assert settings["COUNTERSIGN_FHIR__NOTIFY_URL"] == "https://countersign-notify.example/"
    policy = find(objects, "NetworkPolicy", "subscriber")["spec"]["ingress"]
    (rule,) = [rule for rule in policy if rule["ports"][0]["port"] == "notify"]
    assert any("namespaceSelector" in who for who in rule["from"])


def test_every_process_starts_with_what_its_house_gives_it(objects: list[Manifest], tmp_path: Path) -> None:
    """Real processes with the rendered variables and files; the database alone is missing, and they wait for it."""
    files = Files(objects, tmp_path)
    owners = [item for item in of_kind(objects, "Deployment") if component(item) in OURS]
    assert len(owners) >= 5
    started = [Started(files, owner, tmp_path) for owner in owners]
    assert [wrong for each in started if (wrong := each.what_is_wrong())] == []


# Processes of this test are forks of one that has read all of our code already.
SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload([f"services.processes.{name}.main" for name in OURS] + ["services.cli"])


def command(argv: list[str], environment: dict[str, str], errors: str) -> None:
    """One of our commands, in a process of its own."""
    with Path(errors).open("w", encoding="utf-8") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    build(argv[:1])(argv)


class Started:
    """A process of a house."""

    def __init__(self, files: Files, owner: Manifest, folder: Path) -> None:
        self.name, self.health = component(owner), free_port()
        self.errors = folder / f"{self.name}.err"
        free = {
            f"COUNTERSIGN_{each}": str(free_port()) for each in ("MLLP__PORT", "WORKLIST__PORT", "FHIR__NOTIFY_PORT")
        }
        nobody = {"COUNTERSIGN_DATABASE__HOST": "127.0.0.1", "COUNTERSIGN_DATABASE__PORT": "9"}
        settings = {**files.environment(owner), **free, **nobody, "COUNTERSIGN_HEALTH__PORT": str(self.health)}
        argv = containers(owner["spec"]["template"])[0]["args"]
        arguments = (argv, {"PATH": os.environ["PATH"], **settings}, str(self.errors))
        self.process = SPAWN.Process(target=command, args=arguments)
        self.process.start()

    def what_is_wrong(self) -> str:
        """ "" when it lives, waits for its database and ends on SIGTERM."""
        try:
            alive = self._lives()
            self.process.terminate()
            self.process.join(60)
            ended = self.process.exitcode in {0, -signal.SIGTERM}
            said = self.errors.read_text(encoding="utf-8")
            return "" if alive and ended else f"{self.name} ended with {self.process.exitcode}: {said[-500:]}"
        finally:
            self.process.kill()

    def _lives(self) -> bool:
        deadline = time.monotonic() + 60
        while self.process.is_alive() and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.health}/live", timeout=5).close()
            except OSError:
                time.sleep(0.1)
            else:
                return True
        return False
