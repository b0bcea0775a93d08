"""An interface engine's receiving side: a real MLLP server in a thread, told how to answer."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections import deque
from typing import Self

from integration.hl7v2.mllp import Deframer, frame
from integration.hl7v2.msh import read_header

HANG_UP = "hang up"


class InterfaceEngine:
    """Answers AA unless `answers` says otherwise: MSA-1 codes, or HANG_UP. `received` are the bodies.

    An answer written "LATE AA" is preceded by an acknowledgement of some other message.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[bytes] = []
        self.answers: deque[str] = deque()
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                deframer = Deframer(1 << 20)
                while data := self.request.recv(65536):
                    for found in deframer.feed(data):
                        if not outer.take(self, found.body):
                            return

        return Handler

    def take(self, handler: socketserver.BaseRequestHandler, body: bytes) -> bool:
        self.received.append(body)
        code = self.answers.popleft() if self.answers else "AA"
        if code == HANG_UP:
            return False
        if code.startswith("LATE "):
            handler.request.sendall(answer("AA", b"another message"))
        header = read_header(body)
        handler.request.sendall(answer(code.removeprefix("LATE "), header.raw_control_id if header else b""))
        return True


def answer(code: str, control_id: bytes) -> bytes:
    return frame(b"MSH|^~\\&|ENGINE|||||||ACK|1|P|2.5.1\rMSA|%s|%s\r" % (code.encode(), control_id))
