# Role and database of the FHIR server, made where they are missing; its password is set anew each time.
# PGHOST, PGUSER and PASSWORD_FILE: a superuser. FHIR_PASSWORD_FILE: what the FHIR server logs in with.
set -eu
PGPASSWORD=$(cat "$PASSWORD_FILE")
export PGPASSWORD PGDATABASE=postgres
until pg_isready --quiet; do sleep 1; done
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --set=password="$(cat "$FHIR_PASSWORD_FILE")" <<'SQL'
SELECT 'CREATE ROLE hapi LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hapi') \gexec
ALTER ROLE hapi PASSWORD :'password';
SELECT 'CREATE DATABASE hapi OWNER hapi' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'hapi') \gexec
SQL
