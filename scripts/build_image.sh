#!/bin/sh
# Builds the image of the Dockerfile without Docker and without a registry, then starts every process once from it.
# As root, on Debian, with debootstrap and buildah installed: the base is a fresh Debian with python3.
#   BUILD_OPTIONS  further options of `buildah build`, such as --volume /etc/pip.conf:/etc/pip.conf:ro for a mirror
#   SUITE          Debian release of the base (default bookworm)
#   STORE          folder of the images (default .cache/image)
# On a machine with Docker, `docker build .` does the same on python:3.12-slim.
set -eu
cd "$(dirname "$0")/.."
suite=${SUITE:-bookworm}
store=$(realpath -m "${STORE:-.cache/image}")
buildah() { command buildah --root "$store/storage" --runroot "$store/run" --storage-driver vfs "$@"; }

for tool in debootstrap buildah; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install debootstrap buildah" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "debootstrap needs root" >&2; exit 1; }

mkdir -p "$store"
if ! buildah inspect --type image localhost/base:"$suite" >/dev/null 2>&1; then
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$store/base" >"$store/debootstrap.log"
  rm -rf "$store"/base/var/cache/apt/archives/*.deb "$store"/base/var/lib/apt/lists/*
  base=$(buildah from scratch)
  buildah add --quiet "$base" "$store/base" / >/dev/null
  buildah commit --quiet "$base" localhost/base:"$suite" >/dev/null
  buildah rm "$base" >/dev/null
  rm -rf "$store/base"
fi

# shellcheck disable=SC2086  # several options in one variable
buildah build --isolation chroot --network host --pull-never --layers=false --format docker ${BUILD_OPTIONS:-} \
  --build-arg BASE_IMAGE=localhost/base:"$suite" --build-arg REVISION="$(git rev-parse HEAD)" \
  --tag localhost/countersign:local .

container=$(buildah from --pull-never localhost/countersign:local)
root=$(buildah mount "$container")
trap 'umount "$root/proc" 2>/dev/null || true; buildah umount "$container" >/dev/null; buildah rm "$container" >/dev/null' EXIT
echo "base: $(du -sm "$root" --exclude=opt/countersign | cut -f1) MiB"
echo "countersign: $(du -sm "$root/opt/countersign" | cut -f1) MiB"
for compiler in gcc cc g++ make pip pip3; do
  [ ! -e "$root/usr/bin/$compiler" ] && [ ! -e "$root/opt/countersign/bin/$compiler" ] || { echo "$compiler is in the image" >&2; exit 1; }
done
mount -t proc proc "$root/proc"
python3 scripts/start_each_process.py "$root"
