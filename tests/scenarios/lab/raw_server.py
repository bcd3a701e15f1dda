"""A server by hand, with a real server's certificate: says to a sensor whatever a scenario wishes."""

import socket
import ssl
import struct
import time

from lab import cbor
from lab.frames import Frames
from lab.sensor import HELLO, WELCOME
from lab.story import Failed, check


class RawServer(Frames):
    """Listens where the server whose place it takes did, with its key; one sensor at a time."""

    peer = "the sensor"

    def __init__(self, lab, server):
        data, (host, port) = server.data, server.sensors.rsplit(":", 1)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(str(data / "server.pem"), str(data / "server.key"))
        self.context.load_verify_locations(cafile=str(data / "ca.pem"))
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.set_alpn_protocols(["bartizan/1"])
        self.listener = socket.create_server((host, int(port)))
        self.stream, self.held = None, b""
        lab.closing.append(self.close)

    def close(self):
        self.end_session()
        self.listener.close()

    def end_session(self):
        if self.stream:
            self.stream.close()
            self.stream = None

    def greet(self, deadline_s=60):
        """Takes a connection and its hello, and says welcome with no table held: the hello."""
        self.end_session()
        self.listener.settimeout(deadline_s)
        try:
            raw, _ = self.listener.accept()
        except TimeoutError:
            raise Failed(f"no sensor connected within {deadline_s} s") from None
        raw.settimeout(20)
        self.stream, self.held = self.context.wrap_socket(raw, server_side=True), b""
        hello = self.receive()
        check(hello and hello[0] == HELLO, f"a session began with {hello}")
        self.send([WELCOME, 1, int(time.time() * 1000), 30, []])
        return hello

    def send(self, message):
        self.send_frame(cbor.encode(message))

    def send_frame(self, body, length=None):
        """A frame's bytes, with a length that may lie."""
        try:
            self.stream.sendall(struct.pack(">I", len(body) if length is None else length) + body)
        except OSError:
            pass  # the sensor went: receive() says so

    def until(self, kinds, deadline_s=60):
        """The next message of one of these kinds, or None where the sensor went."""
        end = time.monotonic() + deadline_s
        while True:
            message = self.receive(max(0.1, end - time.monotonic()))
            if message is None or message[0] in kinds:
                return message
