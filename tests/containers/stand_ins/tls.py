"""TLS in front of a server whose wheel was built without it: `tls.py redis|postgresql PORT PORT_BEHIND`.

A client of PostgreSQL first asks in the clear whether there is TLS (protocol 3.0, SSLRequest); that of Redis begins.
"""

import asyncio
import ssl
import sys

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def main() -> None:
    kind, port, behind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if kind == "postgresql":
                if await reader.readexactly(8) != SSL_REQUEST:
                    return
                writer.write(b"S")
                await writer.start_tls(context)
            inside = await asyncio.open_connection("127.0.0.1", behind)
            await asyncio.gather(pump(reader, inside[1]), pump(inside[0], writer), return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "0.0.0.0", port, ssl=None if kind == "postgresql" else context)
    async with server:
        await server.serve_forever()


asyncio.run(main())
