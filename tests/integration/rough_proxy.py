"""A TCP proxy between the worker and the region that can be made to behave badly."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time

OPEN, STALL, RESET, CUT = "open", "stall", "reset", "cut"


def reset(connection: socket.socket) -> None:
    """Closes with RST instead of FIN. A thread that reads from it is woken first: until then the
    kernel would keep the connection open."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    connection.close()


class RoughProxy:
    """`mode`: open; stall (connections are accepted and what is open goes silent, for good: those
    connections never recover); reset (every connection is reset, now and in the middle of what
    comes); cut (answers end somewhere in their middle). down() refuses connections until up()."""

    def __init__(self, server_port: int, seed: int = 1):
        self.server = ("127.0.0.1", server_port)
        self.random = random.Random(seed)
        self.mode = OPEN
        self.port = 0
        self.listener: socket.socket | None = None
        self.connections: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.closed = False
        self.up()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self) -> None:
        listener, self.listener = self.listener, None
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.drop_all()

    def become(self, mode: str) -> None:
        self.mode = mode
        if mode == RESET:
            self.drop_all()

    def drop_all(self) -> None:
        with self.lock:
            connections, self.connections = self.connections, set()
        for connection in connections:
            reset(connection)

    def close(self) -> None:
        self.closed = True
        self.down()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if self.mode == RESET and self.random.random() < 0.7:
                reset(client)
                continue
            with self.lock:
                self.connections.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.server)
        except OSError:
            reset(client)
            return
        with self.lock:
            self.connections.add(server)
        upwards = threading.Thread(target=self._pump, args=(client, server, False), daemon=True)
        upwards.start()
        self._pump(server, client, True)
        upwards.join()
        with self.lock:
            self.connections -= {client, server}
        for connection in (client, server):
            connection.close()

    def _pump(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.mode == STALL:
                    self._go_silent()
                    return
                if self.mode == RESET and self.random.random() < 0.5:
                    reset(source)
                    reset(target)
                    return
                if self.mode == CUT and is_answer and self.random.random() < 0.5:
                    target.sendall(data[:self.random.randrange(1, len(data))])
                    target.shutdown(socket.SHUT_RDWR)
                    reset(source)
                    return
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _go_silent(self) -> None:
        """Neither an answer nor an end, for as long as there is a proxy."""
        while not self.closed:
            time.sleep(0.1)
