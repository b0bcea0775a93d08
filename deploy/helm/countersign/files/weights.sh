#!/bin/sh
# Downloads one revision of a model into $HF_HOME, checks it, and leaves the mark the model server waits for.
# Large files are stored under their sha256, so each is checked against the name the hub gave it; $CHECKSUMS,
# a SHA256SUMS file, is checked besides when it is given. Safe to run again after any interruption.
set -eu
: "${MODEL:?the repository of the model}" "${REVISION:?the commit of the model}" "${HF_HOME:?where models are}"
mark="$HF_HOME/complete-$REVISION"
if [ -e "$mark" ]; then
  echo "$MODEL at $REVISION is already here"
  exit 0
fi
hf download "$MODEL" --revision "$REVISION" --quiet
repository="$HF_HOME/hub/models--$(echo "$MODEL" | sed 's#/#--#g')"
cd "$repository/blobs"
for blob in *; do
  if [ "${#blob}" -eq 64 ] && ! echo "$blob  $blob" | sha256sum --check --status; then
    rm -f "$blob"
    echo "$blob does not have the sha256 of its name; it was removed and will be downloaded again" >&2
    exit 1
  fi
done
cd "$repository/snapshots/$REVISION"
if [ -n "${CHECKSUMS:-}" ]; then
  sha256sum --check --quiet "$CHECKSUMS"
fi
touch "$mark"
echo "$MODEL at $REVISION is complete"
