"""Opens every door of the release once: "host:port" by TCP, "http://…" by GET. Names what is shut."""

import socket
import sys
import urllib.request


def shut(door: str) -> str:
    """Why the door is shut; empty when it is open."""
    try:
        if door.startswith("http://"):
            urllib.request.urlopen(door, timeout=10).close()
        else:
            host, port = door.rsplit(":", 1)
            socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        return f"{door}: {error}"
    print(f"{door}: open")
    return ""


if __name__ == "__main__":
    sys.exit("\n".join(filter(None, map(shut, sys.argv[1:]))) or 0)
