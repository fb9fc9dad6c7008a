"""A TCP proxy that changes bytes on their way to the server."""

from __future__ import annotations

import socket
import threading


class TamperingProxy:
    """Forwards to `target` ("http://127.0.0.1:port"); replaces `old` by `new`, equally long."""

    def __init__(self, target: str, old: bytes, new: bytes):
        assert len(old) == len(new)
        host, port = target.removeprefix("http://").split(":")
        self.target = (host, int(port))
        self.old, self.new = old, new
        self.tampered = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            for source, sink, change in ((client, server, True), (server, client, False)):
                pump = threading.Thread(target=self._pump, args=(source, sink, change), daemon=True)
                pump.start()

    def _pump(self, source: socket.socket, sink: socket.socket, change: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if change and self.old in data:
                    data = data.replace(self.old, self.new)
                    self.tampered += 1
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
