#!/opt/house/bin/python3
"""Which server a container is: its variables or its command say so, as for the images this one stands for."""

import os
import sys

sys.path.insert(0, "/opt/stand-ins")


def fhir() -> None:
    """The embedded FHIR server, reached from other containers by the base URL of `hapi.fhir.server_address`."""
    from services.embedded import fhir_server

    argv, extra = fhir_server.command(8080, os.environ["hapi.fhir.server_address"], "/data/fhir")  # noqa: SIM112
    argv[argv.index("127.0.0.1")] = "0.0.0.0"
    os.execve(argv[0], argv, {**os.environ, **extra})


if "POSTGRES_USER" in os.environ:
    os.execv("/opt/stand-ins/postgresql.sh", ["postgresql.sh"])
if sys.argv[1:]:
    os.execvp(sys.argv[1], sys.argv[1:])
fhir()
