"""Writes what follows from the chart's values.yaml: values.schema.json and the table of values in its README.

The schema is closed: every name that values.yaml does not have is refused, and `settings` takes exactly the
variables of services/settings.py that are no secrets. `--check` writes nothing and fails when a file is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr

from integration.hl7v2.senders import SenderMap
from services.engines import EngineSpec
from services.settings import PREFIX, Group, Settings, Webhook, describe

CHART = Path(__file__).resolve().parent.parent / "deploy/helm/countersign"
BEGIN, END = "<!-- values: begin -->\n", "<!-- values: end -->\n"

TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
ANY = {"type": "object"}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
QUANTITIES = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
PEER = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"podSelector": ANY, "namespaceSelector": ANY, "ipBlock": ANY},
}
DIGEST = {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"}


def enum(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


BY_NAME: dict[str, dict[str, Any]] = {
    "digest": DIGEST,
    "pullPolicy": enum("Always", "IfNotPresent", "Never"),
    "requests": QUANTITIES,
    "limits": QUANTITIES,
    "annotations": TEXTS,
    "labels": TEXTS,
    "nodeSelector": TEXTS,
    "tolerations": array(ANY),
    "affinity": ANY,
    "port": PORT,
    "replicas": {"type": "integer", "minimum": 1},
    "pullSecrets": array(TEXT),
    "extraEnv": array({**ANY, "required": ["name"]}),
    "extraVolumes": array({**ANY, "required": ["name"]}),
    "extraVolumeMounts": array({**ANY, "required": ["name", "mountPath"]}),
    "extraArgs": array(TEXT),
    "days": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
}
BY_PATH: dict[str, dict[str, Any]] = {
    "mode": enum("production", "trial"),
    "writeback.preliminary": enum("review-server", "ehr", "none"),
    "fhir.subscription": enum("auto", "rest-hook", "topic", "none"),
    "fhir.authorities": TEXTS,
    "database.sslmode": enum("disable", "prefer", "require", "verify-ca", "verify-full"),
    "listener.service.type": enum("LoadBalancer", "NodePort", "ClusterIP"),
    "listener.service.nodePort": {"type": ["integer", "null"], "minimum": 1, "maximum": 65535},
    "listener.service.sourceRanges": array(TEXT),
    "listener.allowedSenders": array(TEXT),
    "worker.autoscaling.type": enum("keda", "hpa"),
    "worker.concurrency": {"type": ["integer", "null"], "minimum": 1, "maximum": 512},
    "worklist.gateway.hostnames": array(TEXT),
    "worklist.gateway.parentRefs": array(ANY),
    "worklist.smart.issuers": TEXTS,
    "worker.autoscaling.sslmode": enum("", "disable", "prefer", "require", "verify-ca", "verify-full"),
    "config.catalogue": TEXTS,
    "sglang.weights.mode": enum("download", "existing"),
    "sglang.weights.accessMode": enum("ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"),
    "sglang.revision": {"type": "string", "pattern": "^([0-9a-f]{40})?$"},
    "sglang.hold": {"type": ["boolean", "null"]},
    "sglang.gpuProduct.values": array(TEXT),
    "telemetry.level": enum("debug", "info", "warning", "error"),
    "pods.topologyKeys": array(TEXT),
}


def plain_settings(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[str]:
    """Names of the variables that hold no secret."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Group):
            yield from plain_settings(kind, f"{prefix}{name.upper()}__")
        elif kind is not SecretStr:
            yield f"{prefix}{name.upper()}"


def settings_schema() -> dict[str, Any]:
    meaning = {each.name: each.meaning for each in describe()}
    scalar = ["string", "number", "boolean"]
    names = {name: {"type": scalar, "description": meaning[name]} for name in plain_settings()}
    return {"type": "object", "additionalProperties": False, "properties": names}


def model_schema(model: type[BaseModel], required: bool = True) -> dict[str, Any]:
    """The JSON schema of a file's entry; what it refers to is named once, under $defs of the whole."""
    found = model.model_json_schema(ref_template="#/$defs/{model}")
    DEFINITIONS.update(found.pop("$defs", {}))
    return found if required else {key: value for key, value in found.items() if key != "required"}


def senders_schema() -> dict[str, Any]:
    entries = {"senders": array(model_schema(SenderMap))}
    return {"type": "object", "additionalProperties": False, "properties": entries}


DEFINITIONS: dict[str, Any] = {}


def fixed(path: str) -> dict[str, Any] | None:
    """The schema of a value whose default does not tell its type."""
    name = path.rsplit(".", 1)[-1]
    if name == "settings":
        return {"$ref": "#/$defs/settings"}
    if path.startswith("networkPolicy.") or path == "sglang.weights.egress":
        return None if path == "networkPolicy.enabled" else array(PEER)
    if path == "webhooks":
        return {"type": "object", "additionalProperties": model_schema(Webhook)}
    if path == "config.engines":
        return array(model_schema(EngineSpec))
    if path == "config.senders":
        return senders_schema()
    if path == "sglang.engine":
        return model_schema(EngineSpec, required=False)
    return BY_PATH.get(path) or BY_NAME.get(name)


def schema_of(value: Any, path: str, comments: dict[str, str]) -> dict[str, Any]:
    said = {"description": comments[path]} if path in comments else {}
    known = fixed(path)
    if known is not None:
        return {**said, **known}
    if isinstance(value, dict):
        inner = {key: schema_of(item, f"{path}.{key}".lstrip("."), comments) for key, item in value.items()}
        return {**said, "type": "object", "additionalProperties": False, "properties": inner}
    kinds: dict[type, str] = {bool: "boolean", int: "integer", str: "string"}
    if type(value) not in kinds:
        raise SystemExit(f"{path}: its default {value!r} does not tell its type; add it to BY_PATH")
    return {**said, "type": kinds[type(value)]}


def comments_of(text: str) -> dict[str, str]:
    """Dotted path → the `# --` comment above it."""
    lines = text.splitlines()
    found: dict[str, str] = {}

    def walk(node: yaml.MappingNode, prefix: str) -> None:
        for key, value in node.value:
            path = f"{prefix}.{key.value}".lstrip(".")
            if comment := _above(lines, key.start_mark.line):
                found[path] = comment
            if isinstance(value, yaml.MappingNode) and not value.flow_style:
                walk(value, path)

    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    walk(root, "")
    return found


def _above(lines: list[str], line: int) -> str:
    block: list[str] = []
    while line and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        block.insert(0, lines[line].lstrip().removeprefix("#").strip())
        if block[0].startswith("-- "):
            return " ".join(block).removeprefix("-- ")
    return ""


def rows(value: Any, path: str, comments: dict[str, str]) -> Iterator[str]:
    if isinstance(value, dict) and value and fixed(path) is None:
        if path in comments:
            yield f"| `{path}` | | {comments[path]} |"
        for key, item in value.items():
            yield from rows(item, f"{path}.{key}".lstrip("."), comments)
        return
    default = json.dumps(value, ensure_ascii=False)
    yield f"| `{path}` | `{default}` | {comments.get(path, '')} |"


def schema(text: str) -> str:
    body = schema_of(yaml.safe_load(text), "", comments_of(text))
    body["properties"]["global"] = ANY
    return (
        json.dumps(
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "title": "Values of the countersign chart",
                "$defs": {"settings": settings_schema(), **DEFINITIONS},
                **body,
            },
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )


def readme(text: str, page: str) -> str:
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    table = ["| Value | Default | Meaning |", "|---|---|---|", *rows(yaml.safe_load(text), "", comments_of(text))]
    return head + BEGIN + "\n".join(table) + "\n" + END + tail


def main() -> None:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    page = CHART / "README.md"
    wanted = {CHART / "values.schema.json": schema(text), page: readme(text, page.read_text(encoding="utf-8"))}
    stale = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    if "--check" in sys.argv and stale:
        raise SystemExit(f"stale: {', '.join(map(str, stale))}; run python scripts/chart_values.py")
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")


if __name__ == "__main__":
    main()
