"""A TCP relay in a thread, which counts the bytes of both directions."""

import selectors
import socket
import threading


class Relay:
    """Listens on loopback and passes everything on to an address."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self.target = host, int(port)
        self.up = self.down = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        threading.Thread(target=self._run, daemon=True).start()

    def total(self):
        return self.up + self.down

    def _accept(self):
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(self.target, timeout=10)
        except OSError:
            near.close()
            return
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(near, selectors.EVENT_READ, (far, "up"))
        self.selector.register(far, selectors.EVENT_READ, (near, "down"))

    def _pass(self, source, other, direction):
        try:
            data = source.recv(65536)
            other.sendall(data)
        except OSError:
            data = b""
        setattr(self, direction, getattr(self, direction) + len(data))
        if not data:
            for end in (source, other):
                try:
                    self.selector.unregister(end)
                except KeyError:
                    pass
                end.close()

    def _run(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    self._accept()
                elif key.fileobj.fileno() >= 0:
                    self._pass(key.fileobj, *key.data)
