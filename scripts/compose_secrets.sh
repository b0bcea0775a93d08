#!/bin/sh
# Makes the secrets compose.yaml mounts, 32 random bytes each, in ./secrets; keeps those that are there.
# The folder is closed to others; the files are readable, since the containers' users are not yours.
set -eu
cd "$(dirname "$0")/.."
mkdir -p secrets
chmod 700 secrets
for name in database_password fhir_database_password broker_password notify_secret people_password grafana_password \
  sglang_api_key; do
  if [ ! -e "secrets/$name" ]; then
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
    chmod 444 "secrets/$name"
  fi
done
