"""Other servers as tests need them: real sockets on loopback, and whatever bytes a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Play = Callable[[socket.socket, bytes], None]
"""What a server does with a connection when it has read a request."""


@dataclass
class Peer:
    """A server that runs.

    :ivar requests: what it was sent, each up to the end of its body.
    :ivar connections: how many there were.
    """

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sparql"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def peer(play: Play) -> Iterator[Peer]:
    """Run a server that plays its part on each request."""
    listener = socket.create_server(("127.0.0.1", 0))
    made = Peer(listener.getsockname()[1])
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(20)
            try:
                while (request := _request(connection)) and not stopped.is_set():
                    made.requests.append(request)
                    play(connection, request)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if stopped.is_set():
                connection.close()
                return
            made.connections += 1
            threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield made
    finally:
        stopped.set()
        socket.create_connection(("127.0.0.1", made.port)).close()
        accepting.join(5)
        listener.close()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(body: bytes, media_type: str = "application/sparql-results+json", *, status: int = 200,
          headers: str = "", length: int | None = None) -> bytes:
    """Write a response."""
    size = len(body) if length is None else length
    head = (f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {size}\r\n"
            f"{headers}\r\n")
    return head.encode() + body


def saying(*replies: bytes, close: bool = False) -> Play:
    """Answer with the replies in turn, the last one again and again."""
    waiting = list(replies)

    def play(connection: socket.socket, request: bytes) -> None:
        connection.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])
        if close:
            connection.shutdown(socket.SHUT_RDWR)

    return play
