"""The contents of Secrets and ConfigMaps a rendered house asks for, as files or as manifests."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.certificates import Authority
from tests.chart.conftest import Manifest, containers, of_kind

# Secrets that are mounted whole: their keys are those that settings name as files.
WHOLE = ("/run/secrets/engines", "/run/secrets/webhooks")
SECRETS, CONFIG = "/run/secrets/countersign", "/etc/countersign"


class Contents:
    """What stands under a key of a Secret: keys and certificates that can be used, else a word."""

    def __init__(self, folder: Path, given: dict[str, str] | None = None) -> None:
        authority = Authority(folder, "house")
        certificate, key = authority.issue("countersign")
        private = ec.generate_private_key(ec.SECP384R1())
        self.known = {
            "ca.crt": authority.path.read_text(encoding="utf-8"),
            "tls.crt": certificate.read_text(encoding="utf-8"),
            "tls.key": key.read_text(encoding="utf-8"),
            "tls.pem": certificate.read_text(encoding="utf-8") + key.read_text(encoding="utf-8"),
            "private-key.pem": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "pager": f"whsec_{base64.b64encode(bytes(32)).decode()}",
            **(given or {}),
        }

    def of(self, key: str) -> str:
        return self.known.get(key, "test-only")


class Files:
    """A house's volumes, laid down in a folder."""

    def __init__(self, objects: list[Manifest], folder: Path) -> None:
        self.objects, self.folder, self.contents = objects, folder, Contents(folder)

    def environment(self, owner: Manifest) -> dict[str, str]:
        """The variables of an owner's first container, paths leading to the files laid down here."""
        pod = owner["spec"]["template"]
        item = containers(pod)[0]
        mounts = {mount["name"]: mount["mountPath"] for mount in item["volumeMounts"]}
        for volume in pod["spec"]["volumes"]:
            self._lay(volume, mounts[volume["name"]])
        maps = {each["metadata"]["name"]: each.get("data") or {} for each in of_kind(self.objects, "ConfigMap")}
        given = [maps[source["configMapRef"]["name"]] for source in item.get("envFrom", [])]
        own = {entry["name"]: str(entry["value"]) for entry in item.get("env", [])}
        found = {name: value for each in [*given, own] for name, value in each.items()}
        for key in named(found) if any(path in WHOLE for path in mounts.values()) else ():
            self._write(*key, self.contents.of(key[1]))
        return {name: self._here(value, set(mounts.values())) for name, value in found.items()}

    def _here(self, value: str, mounts: set[str]) -> str:
        inside = any(value == mount or value.startswith(f"{mount}/") for mount in mounts)
        return f"{self.folder}{value}" if inside else value.replace('"/run/secrets/', f'"{self.folder}/run/secrets/')

    def _lay(self, volume: dict[str, Any], mount: str) -> None:
        maps = {each["metadata"]["name"]: each.get("data") or {} for each in of_kind(self.objects, "ConfigMap")}
        if source := volume.get("configMap"):
            data = maps.get(source["name"])
            for item in source.get("items") or []:
                text = data[item["key"]] if data is not None else self.contents.of(item["key"])
                self._write(mount, item["path"], text)
        sources = volume.get("projected", {}).get("sources", [])
        secrets = [each["secret"] for each in sources] + [each for each in [volume.get("secret")] if each]
        for secret in secrets:
            for item in secret.get("items", []):
                self._write(mount, item["path"], self.contents.of(item["key"]))

    def _write(self, mount: str, path: str, text: str) -> None:
        target = Path(f"{self.folder}{mount}/{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        # What the file itself names in the pod lies here too.
        target.write_text(text.replace("/run/secrets/", f"{self.folder}/run/secrets/"), encoding="utf-8")


def named(node: Any) -> list[tuple[str, str]]:
    """(mount, key) of the files of secrets mounted whole that anything below names."""
    found = re.findall(rf"({'|'.join(WHOLE)})/([\w.-]+)", json.dumps(node))
    return sorted({(mount, key) for mount, key in found})


def secrets_of(objects: list[Manifest], contents: Contents) -> list[Manifest]:
    """Secrets (and outside ConfigMaps) the pods of a house mount or read and the chart does not make."""
    made = {(item["kind"], item["metadata"]["name"]) for item in of_kind(objects, "Secret", "ConfigMap")}
    wanted: dict[tuple[str, str], set[str]] = {}
    for kind, name, key in mentioned(objects):
        if (kind, name) not in made:
            wanted.setdefault((kind, name), set()).update([key] if key else [file for _, file in named(objects)])
    return [outside(kind, name, {key: contents.of(key) for key in keys}) for (kind, name), keys in wanted.items()]


def outside(kind: str, name: str, data: dict[str, str]) -> Manifest:
    text = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()} if kind == "Secret" else data
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": text}


def mentioned(node: Any) -> list[tuple[str, str, str]]:
    """(kind, name, key) of everything read from Secrets and ConfigMaps anywhere below; no key of what is read whole."""
    if isinstance(node, list):
        return [found for item in node for found in mentioned(item)]
    if not isinstance(node, dict):
        return []
    here = []
    for word, kind, name in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
        source = node.get(word)
        if isinstance(source, dict):
            where = source.get(name) or source.get("name", "")
            here += [(kind, where, item["key"]) for item in source.get("items") or [{"key": ""}]]
    reference = node.get("secretKeyRef")
    if isinstance(reference, dict):
        here.append(("Secret", reference["name"], reference["key"]))
    return here + [found for value in node.values() for found in mentioned(value)]
