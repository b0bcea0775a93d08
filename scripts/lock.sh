#!/bin/sh
# Rewrites the hashed locks from pyproject.toml. Needs uv. No index addresses are written.
set -eu
cd "$(dirname "$0")/.."
flags="--generate-hashes --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url --quiet"
uv pip compile $flags --extra embedded --extra evaluation pyproject.toml -o requirements.lock "$@"
uv pip compile $flags --extra embedded --extra evaluation --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock "$@"
uv pip compile $flags -c requirements.lock pyproject.toml -o requirements-image.lock "$@"
# Fitting a calibration is the work of a command, not of a process: its libraries are not in the image.
uv pip compile $flags --extra calibration -c requirements.lock pyproject.toml -o requirements-calibration.lock "$@"
# The model server needs Linux on x86-64, glibc 2.34 and CUDA 13: a lock of its own, for GPU hosts alone.
uv pip compile --generate-hashes --python-version 3.11 --python-platform x86_64-manylinux_2_35 --no-header \
  --no-annotate --no-emit-index-url --quiet --extra serving pyproject.toml -o requirements-serving.lock "$@"
# The site of the documentation is made in an environment of its own: nothing else needs what it brings.
uv pip compile $flags requirements-docs.in -o requirements-docs.lock "$@"
python3 scripts/platforms.py
