"""The images: ours from the Dockerfile, and stand-ins for those a registry would give.

The base is a fresh Debian with python3. The stand-ins keep to what compose.yaml and the chart ask of the images they
stand for (commands, variables, users, folders), and hold the same servers: PostgreSQL 18 and Valkey 9 from the
wheels, HAPI FHIR and Keycloak from Maven. Their tags say what they are; nothing of them is published.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.containers.engine import CACHE, ROOT, environment, exists, podman
from tests.contract.hapi import live

BASE = "localhost/base:bookworm"
OURS = "localhost/countersign:local"
STAND_IN = "localhost/countersign-stand-in:local"
JAVA = "localhost/countersign-stand-in-java:local"
HAPI = "localhost/countersign-stand-in-hapi:local"
KEYCLOAK = "localhost/countersign-stand-in-keycloak:local"
KEYCLOAK_ARTIFACT = "org.keycloak:keycloak-quarkus-dist:26.5.6:zip"
HERE = Path(__file__).parent
# What makes pip work behind a house's own mirror and authority; absent files are left out.
HOST_FILES = ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")


def base() -> str:
    """The base image, made once."""
    if not exists(BASE):
        environment()
        folder = CACHE / "base"
        shutil.rmtree(folder, ignore_errors=True)
        packages = "--include=python3,python3-venv,ca-certificates"
        subprocess.run(["debootstrap", "--variant=minbase", packages, "bookworm", str(folder)], check=True)
        for stale in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(folder / stale, ignore_errors=True)
        archive = CACHE / "base.tar"
        subprocess.run(["tar", "--numeric-owner", "-C", str(folder), "-cf", str(archive), "."], check=True)
        podman("import", "--quiet", str(archive), BASE)
        archive.unlink()
        shutil.rmtree(folder)
    return BASE


def build(tag: str, context: Path, dockerfile: Path, digest: str, *more: str, base: Callable[[], str] = base) -> str:
    """Builds an image on `base` unless one of this digest is there."""
    if not is_current(tag, digest):
        mounts = [part for path in HOST_FILES if Path(path).exists() for part in ("--volume", f"{path}:{path}:ro")]
        options = ["--network=host", "--pull=never", "--layers=false", "--format=docker", *mounts, *more]
        variables = [f"--env={name}={value}" for name, value in os.environ.items() if name in PASSED_ON]
        label = f"--label=source={digest}"
        arguments = [f"--build-arg=BASE_IMAGE={base()}", label, "--file", str(dockerfile), "--tag", tag, str(context)]
        podman("build", *options, *variables, *arguments)
    return tag


def is_current(tag: str, digest: str) -> bool:
    """Whether an image is there and nothing of what goes into it has changed; KEEP_IMAGES takes what is there."""
    if not exists(tag):
        return False
    made_of = podman("inspect", "--format", '{{index .Labels "source"}}', tag).strip()
    return bool(os.environ.get("KEEP_IMAGES")) or made_of == digest


PASSED_ON = ("PIP_INDEX_URL",)


def ours() -> str:
    """Our image, of this checkout."""
    dockerfile = ROOT / "Dockerfile"
    made_of = ("services", "integration", "pyproject.toml", "hatch_build.py", "requirements-image.lock")
    return build(OURS, ROOT, dockerfile, fingerprint(dockerfile, *made_of))


def released(version: str, revision: str, source: Path) -> str:
    """The image of a release, of its source as it was at a commit."""
    return build(f"localhost/countersign:{version}", source, source / "Dockerfile", revision)


def stand_in() -> str:
    """One image with PostgreSQL, Valkey and the embedded FHIR server; the command says which."""
    dockerfile = HERE / "stand_ins/Dockerfile"
    digest = fingerprint(dockerfile, "services/embedded", "tests/containers/stand_ins", "requirements.lock")
    return build(STAND_IN, ROOT, dockerfile, digest, f"--ignorefile={HERE}/stand_ins/dockerignore")


def java() -> str:
    """The base with a Java runtime."""
    dockerfile = HERE / "stand_ins/java.Dockerfile"
    return build(JAVA, HERE / "stand_ins", dockerfile, fingerprint(dockerfile))


def hapi() -> str:
    """HAPI FHIR, which keeps its data in PostgreSQL as compose.yaml says; compiled on this machine."""
    dockerfile = HERE / "stand_ins/hapi.Dockerfile"
    digest = fingerprint(dockerfile, "tests/contract/hapi/server", "tests/contract/hapi/pom.xml")
    if not is_current(HAPI, digest):
        live.build("server")
    return build(HAPI, live.BUILT / "server", dockerfile, digest, base=java)


def keycloak() -> str:
    """The identity provider of compose.yaml's profile."""
    dockerfile, folder = HERE / "stand_ins/keycloak.Dockerfile", CACHE / "keycloak"
    digest = hashlib.sha256(dockerfile.read_bytes() + KEYCLOAK_ARTIFACT.encode()).hexdigest()
    if not is_current(KEYCLOAK, digest):
        goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
        given = [f"-Dartifact={KEYCLOAK_ARTIFACT}", f"-DoutputDirectory={folder}"]
        subprocess.run(["mvn", "--batch-mode", "--quiet", goal, *given], cwd=CACHE, check=True)
    return build(KEYCLOAK, folder, dockerfile, digest, base=java)


def fingerprint(dockerfile: Path, *inside: str) -> str:
    """SHA-256 over the Dockerfile and everything that git knows of, or will, in what it copies."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *inside], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    digest = hashlib.sha256(dockerfile.read_bytes())
    for name in sorted(listed):
        path = ROOT / name
        if path.is_file():
            digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()
