#!/bin/sh
# The contract of the image postgres:18: POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD_FILE, POSTGRES_INITDB_ARGS,
# PGDATA; as root it changes to the user 999; files of /docker-entrypoint-initdb.d run once.
set -eu
PGDATA=${PGDATA:-/var/lib/postgresql/18/docker}
export PGDATA
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R 999:999 /var/lib/postgresql /var/run/postgresql
  cp "$POSTGRES_PASSWORD_FILE" /var/run/postgresql/password
  chown 999:999 /var/run/postgresql/password
  chmod 400 /var/run/postgresql/password
  export POSTGRES_PASSWORD_FILE=/var/run/postgresql/password
  # The wheel's server knows no TLS: where there is a certificate, it stands behind a program that does.
  [ ! -e /tls/tls.key ] || python3 /opt/stand-ins/tls.py postgresql 5432 5433 &
  exec setpriv --reuid=999 --regid=999 --clear-groups "$0"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # shellcheck disable=SC2086  # several options in one variable
  initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust ${POSTGRES_INITDB_ARGS:-} --pgdata="$PGDATA" >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl --silent --wait --options="-c listen_addresses='' -k /var/run/postgresql" start
  psql=/usr/local/bin/psql
  [ "$POSTGRES_DB" = postgres ] || $psql -q -h /var/run/postgresql -U "$POSTGRES_USER" -d postgres -c "CREATE DATABASE \"$POSTGRES_DB\""
  for script in /docker-entrypoint-initdb.d/*.sh; do
    # shellcheck disable=SC1090  # files of compose.yaml
    [ ! -e "$script" ] || PGHOST=/var/run/postgresql sh "$script"
  done
  pg_ctl --silent --wait stop
fi
[ ! -e /tls/tls.key ] || set -- -p 5433
exec postgres "$@" -c listen_addresses='*' -k /var/run/postgresql
