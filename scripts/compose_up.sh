#!/bin/sh
# compose.yaml in one command: makes the secrets, starts everything, makes a first login, and says where to go.
#   COMPOSE  the program (default: docker compose where there is docker, else podman-compose)
#   LOGIN    name of the first account (default: radiologist); an account that is there is left alone
#   COMPOSE_PROFILES=identity  an identity provider with four people as well
# Arguments go to `up`, such as --build.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${COMPOSE:-}" ]; then
  if docker compose version >/dev/null 2>&1; then
    COMPOSE="docker compose"
  elif command -v podman-compose >/dev/null; then
    COMPOSE=podman-compose
  else
    echo "neither docker compose nor podman-compose is here: install one, or run \`make demo\`, which needs neither" >&2
    exit 1
  fi
fi
case ",${COMPOSE_PROFILES:-}," in
  *,identity,*)
    identity=http://identity.localhost:${IDENTITY_PORT:-8083}/realms/countersign
    export OIDC_ISSUER="${OIDC_ISSUER:-$identity}" ;;
esac
sh scripts/compose_secrets.sh
$COMPOSE up --detach "$@"

ready='import urllib.request as r; r.urlopen("http://127.0.0.1:9090/ready", timeout=4)'
printf 'waiting for the worklist' >&2
tries=0
until $COMPOSE exec -T worklist python3 -c "$ready" >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 150 ] || { echo; echo "it does not become ready: $COMPOSE logs worklist migrate postgresql" >&2; exit 1; }
  printf . >&2
  sleep 2
done
echo >&2

login=${LOGIN:-radiologist}
if [ ! -e secrets/first_login ]; then
  $COMPOSE exec -T worklist countersign admin create "$login" --generate | tr -d '\r' >secrets/first_login
  chmod 600 secrets/first_login
fi
echo "Worklist      http://127.0.0.1:${HTTP_PORT:-8080}   ($(cat secrets/first_login))"
echo "FHIR server   http://127.0.0.1:${FHIR_PORT:-8082}/fhir"
echo "HL7 over MLLP 127.0.0.1:${MLLP_PORT:-2575}"
if [ -n "${identity:-}" ]; then
  echo "Identity      $identity   (rita, sam, otto or anna, with the password $(cat secrets/people_password))"
  echo "To keep it so: COMPOSE_PROFILES=identity and OIDC_ISSUER=$OIDC_ISSUER in a file .env beside compose.yaml"
fi
echo "Further people: $COMPOSE exec worklist countersign admin create NAME"
echo "$COMPOSE down stops everything; the data stay."
