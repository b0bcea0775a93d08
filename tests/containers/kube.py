"""The chart's rendered pods, played by podman.

`podman kube play` (4.3) knows pods and ConfigMaps, no Services, StatefulSets, Jobs or projected volumes. So each
workload becomes a Pod under the name of its Service, whose name then resolves, and its Secrets become folders of files;
nothing else of a pod is changed: command, variables, user, read-only root, mounts.
"""

from __future__ import annotations

import copy
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from services.embedded.instance import PROCESSES
from tests.certificates import Authority
from tests.chart.conftest import Manifest, component, of_kind
from tests.chart.files import Contents, secrets_of
from tests.containers import images
from tests.containers.compose import PATIENCE, eventually
from tests.containers.engine import environment, inspect, podman

OWNERS = ("Deployment", "StatefulSet", "Job")
PROBE = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


class Cluster:
    """One house's pods on a network of their own."""

    def __init__(self, name: str, objects: list[Manifest], folder: Path) -> None:
        self.name, self.objects, self.folder = name, objects, folder
        self.authority = Authority(folder, "house")
        self.contents = Contents(folder, {"ca.crt": self.authority.path.read_text(encoding="utf-8")})
        self.outside = secrets_of(objects, self.contents)
        self.played: list[Path] = []
        podman("network", "create", name)

    def serve(self, hostname: str, *command: str, **variables: str) -> None:
        """A stand-in for a service outside the release, under its host name, with a certificate of the house."""
        certificate, key = self.authority.issue(hostname)
        tls = ["-v", f"{certificate}:/tls/tls.crt:ro", "-v", f"{key}:/tls/tls.key:ro"]
        password = self.folder / "password"
        password.write_text("test-only", encoding="utf-8")
        given = [f"--env={name}={value}" for name, value in variables.items()]
        named = ["--name", f"{self.name}-{hostname}", "--network", self.name, "--network-alias", hostname]
        mounted = [*tls, "-v", f"{password}:/run/secrets/password:ro"]
        podman("run", "-d", *named, *mounted, *given, images.stand_in(), *command)

    def make_role(self, hostname: str, name: str) -> None:
        """A second role of the outside PostgreSQL, once it answers."""
        sql = f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD 'test-only'"
        psql = ["psql", "-p", "5433", "-U", "countersign", "-d", "countersign", "-c", sql]
        command = ["podman", "exec", f"{self.name}-{hostname}", *psql]

        def made() -> bool:
            return subprocess.run(command, env=environment(), capture_output=True, check=False).returncode == 0

        eventually(made, PATIENCE, lambda: f"{hostname} has the role {name}")

    def workload(self, part: str) -> Manifest:
        """The owner of a component's pods."""
        (found,) = [item for item in of_kind(self.objects, *OWNERS) if component(item) == part]
        return found

    def play(self, part: str) -> str:
        """Starts a component's pod; its name."""
        owner = self.workload(part)
        name = str(owner["metadata"]["name"])
        documents = [*of_kind(self.objects, "ConfigMap"), *self._maps(), self._pod(owner, name)]
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
        podman("kube", "play", "--network", self.name, str(path), timeout=300)
        self.played.append(path)
        return name

    def _maps(self) -> list[Manifest]:
        return [item for item in self.outside if item["kind"] == "ConfigMap"]

    def _pod(self, owner: Manifest, name: str) -> Manifest:
        template = copy.deepcopy(owner["spec"]["template"])
        for volume in template["spec"].get("volumes", []):
            self._flatten(volume, name, template["spec"]["securityContext"]["fsGroup"])
        for claim in owner["spec"].get("volumeClaimTemplates", []):
            source = {"claimName": f"{self.name}-{claim['metadata']['name']}"}
            template["spec"].setdefault("volumes", []).append(
                {"name": claim["metadata"]["name"], "persistentVolumeClaim": source}
            )
        for each in [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]:
            # Asked from outside: the image has no program that podman's own probes would call.
            # Its ports would be published on this machine, where every process has the same one.
            for left_out in ("startupProbe", "livenessProbe", "readinessProbe", "ports"):
                each.pop(left_out, None)
        template["spec"].pop("topologySpreadConstraints", None)
        # `once` would be removed when it has ended, which 4.3 tries too early.
        said = {"io.podman.annotations.init.container.type": "always"}
        metadata = {"name": name, "labels": template["metadata"]["labels"], "annotations": said}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
        return {**pod, "spec": template["spec"]}

    def _flatten(self, volume: dict[str, Any], pod: str, group: int) -> None:
        """A volume as a folder with the mode and group a cluster gives it.

        Secrets of podman 4.3 hold base64 where the text should be, and its empty volumes are closed to all but root.
        """
        sources = [each["secret"] for each in volume.pop("projected", {}).get("sources", [])]
        if "secret" in volume:
            sources = [volume.pop("secret")]
        empty = volume.pop("emptyDir", None) is not None or (not sources and set(volume) == {"name"})
        if sources or empty:
            folder = self.folder / f"{pod}-{volume['name']}"
            folder.mkdir()
            folder.chmod(0o777 if empty else 0o755)
            for each in sources:
                name = each.get("name") or each["secretName"]
                for item in each.get("items") or self._all_of(name):
                    self._write(folder / item["path"], self._value(name, item["key"]), group)
            volume["hostPath"] = {"path": str(folder), "type": "Directory"}

    def _write(self, path: Path, text: str, group: int) -> None:
        path.write_text(text, encoding="utf-8")
        os.chown(path, 0, group)
        path.chmod(0o440)

    def _all_of(self, secret: str) -> list[dict[str, str]]:
        """The items of a Secret from outside that is mounted whole."""
        found = [each["data"] for each in self.outside if each["metadata"]["name"] == secret]
        return [{"key": key, "path": key} for data in found for key in data]

    def _value(self, secret: str, key: str) -> str:
        made = {item["metadata"]["name"] for item in of_kind(self.objects, "Secret")}
        return f"made-by-the-chart-{key}" if secret in made else self.contents.of(key)

    def probe(self, part: str, which: str) -> int:
        """The status a component's probe is answered with, asked from its own network; 0 for none."""
        owner = self.workload(part)
        item = owner["spec"]["template"]["spec"]["containers"][0]
        asked = item[which]["httpGet"]
        ports = {port["name"]: port["containerPort"] for port in item["ports"]}
        url = f"http://{owner['metadata']['name']}:{ports[asked['port']]}{asked['path']}"
        command = ["podman", "run", "--rm", "--network", self.name, images.stand_in(), "python3", "-c", PROBE, url]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        return int(done.stdout or 0)

    def logs(self, part: str) -> str:
        return podman("logs", "--tail", "20", self.container(part), check=False)[-3000:]

    def container(self, part: str) -> str:
        """The name of the first container of a component's pod."""
        owner = self.workload(part)
        return f"{owner['metadata']['name']}-{owner['spec']['template']['spec']['containers'][0]['name']}"

    def exec(self, deployment: str, *command: str) -> str:
        """stdout of a command in a Deployment's pod, as `kubectl exec` runs it."""
        (part,) = [component(each) for each in self.objects if f"deploy/{each['metadata']['name']}" == deployment
                   and each["kind"] == "Deployment"]  # fmt: skip
        return podman("exec", self.container(part), *command)

    def address(self, part: str) -> str:
        """Where a component's pod is reached from this machine, as by `kubectl port-forward`."""
        infra = podman("pod", "inspect", "--format", "{{.InfraContainerID}}", self.workload(part)["metadata"]["name"])
        return str(inspect(infra.strip())["NetworkSettings"]["Networks"][self.name]["IPAddress"])

    def run_job(self, part: str) -> None:
        """Plays a Job's pod and waits for its good end."""
        self.play(part)

        def done() -> bool:
            state = inspect(self.container(part))["State"]
            return state["Status"] == "exited" and state["ExitCode"] == 0

        eventually(done, PATIENCE, lambda: f"{part} ended well: {self.logs(part)}")

    def processes(self) -> list[str]:
        """The components of ours that this house runs."""
        return [component(item) for item in of_kind(self.objects, "Deployment") if component(item) in PROCESSES]

    def end(self) -> None:
        for path in reversed(self.played):
            podman("kube", "down", str(path), check=False)
        served = podman("ps", "-aq", "--filter", f"network={self.name}", check=False).split()
        if served:
            podman("rm", "-f", "-t", "2", *served, check=False)
        podman("network", "rm", "-f", self.name, check=False)
        podman("volume", "rm", "-f", f"{self.name}-data", check=False)
