"""The browser's only way out: a forward proxy on loopback that resolves, checks and pins every address.

A browser follows redirects, frames, scripts and sockets by itself, and its own interception sees only some of them.
Here every connection passes, whatever opened it.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from crawler.addresses import is_public

LONGEST_HEAD = 64 * 1024  # bytes of a request's head
MOST_BYTES = 32 * 1024 * 1024  # of one connection's answers; a page's document and scripts are far smaller
IDLE_SECONDS = 30.0
CONNECT_SECONDS = 10.0

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Target(NamedTuple):
    """Where a request wants to go."""

    host: str
    port: int


class Proxy:
    """Serves one browser. ``open_targets`` may lead inward; everything else must be public.

    ``refused`` says what was refused, ``addresses`` which numeric address each host and port was last reached at.
    ``allowance``: bytes of answers yet to be passed on by all connections together, ``turns``: connections yet to be made;
    ``None`` without such a bound. ``mark`` stands in the ``Touchstone-Proxy`` header of what it answers itself.
    """

    def __init__(
        self,
        open_targets: frozenset[Target] = frozenset(),
        *,
        resolve: Resolve | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._open = open_targets
        self._resolve = resolve or _resolve
        self._most_bytes = most_bytes
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.refused: list[str] = []
        self.addresses: dict[Target, str] = {}
        self.allowance: int | None = None
        self.turns: int | None = None
        self.mark = secrets.token_hex(8)

    async def start(self) -> str:
        """Listen on a free port of loopback; returns the proxy's address."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LONGEST_HEAD)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # a coroutine that runs has one
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ValueError):
            pass  # the browser sees a connection that ended
        except asyncio.CancelledError:
            pass  # by `close`; a task that ended in it would be logged as a fault
        finally:
            self._connections.discard(task)
            with contextlib.suppress(OSError):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_SECONDS)
        method, address, version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{address}" if tunnel else address)
        target = Target((parts.hostname or "").lower(), parts.port or (443 if tunnel else 80))
        if self.turns is not None:
            self.turns -= 1
            if self.turns < 0:
                self.refused.append("too many connections")
                await self._answer(writer, "403 Forbidden", "the page has asked for too much; nothing more is fetched")
                return
        ip = await self._allowed(target)
        if ip is None:
            self.refused.append(f"{target.host}:{target.port}")
            await self._answer(writer, "403 Forbidden", f"{target.host} is not on the open internet; it is not fetched")
            return
        try:
            upstream, out = await asyncio.wait_for(asyncio.open_connection(ip, target.port), CONNECT_SECONDS)
        except (OSError, TimeoutError):
            await self._answer(writer, "502 Bad Gateway", f"{target.host} cannot be reached")
            return
        self.addresses[target] = ip
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                out.write(_forwarded(head, method, address, version))
            await self._relay(reader, out, upstream, writer)
        finally:
            with contextlib.suppress(OSError):
                out.close()

    async def _allowed(self, target: Target) -> str | None:
        """The numeric address to connect to, or ``None``; all addresses of a name must be public."""
        try:
            addresses = await self._resolve(target.host, target.port)
        except OSError:
            return None
        if not addresses or not (target in self._open or all(map(is_public, addresses))):
            return None
        return addresses[0]

    async def _relay(
        self, reader: asyncio.StreamReader, out: asyncio.StreamWriter, upstream: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:  # fmt: skip
        """Pass bytes both ways until the server ends or sends more than is allowed."""
        sending = asyncio.ensure_future(_pump(reader, out))
        try:
            passed = 0
            while chunk := await asyncio.wait_for(upstream.read(65536), IDLE_SECONDS):
                passed += len(chunk)
                if self.allowance is not None:
                    self.allowance -= len(chunk)
                if passed > self._most_bytes or (self.allowance is not None and self.allowance < 0):
                    self.refused.append("too many bytes")
                    return
                writer.write(chunk)
                await writer.drain()
        finally:
            sending.cancel()

    async def _answer(self, writer: asyncio.StreamWriter, status: str, text: str) -> None:
        body = text.encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
            f"Touchstone-Proxy: {self.mark}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()


def _forwarded(head: bytes, method: str, address: str, version: str) -> bytes:
    """The head of a plain request as its server expects it: the path alone, and one request to a connection."""
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [line for line in head.split(b"\r\n")[1:-2] if not line.lower().startswith((b"proxy-", b"connection:"))]
    first = f"{method} {path} {version}".encode("latin-1")
    return b"\r\n".join([first, *lines, b"Connection: close"]) + b"\r\n\r\n"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))
