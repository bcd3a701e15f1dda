"""Frames of the protocol over a TLS stream, read as either side reads them."""

import select
import ssl
import struct
import time

from lab import cbor
from lab.story import Failed


class Frames:
    """For who has a `stream`, keeps in `held` what came of the next frame, and names the other side as `peer`."""

    stream, held, peer = None, b"", "the other side"

    def receive(self, deadline_s=60):
        """The next message, or None where the other side ended the connection."""
        end = time.monotonic() + deadline_s
        while True:
            if len(self.held) >= 4:
                size = struct.unpack(">I", self.held[:4])[0]
                if len(self.held) >= 4 + size:
                    frame, self.held = self.held[4:4 + size], self.held[4 + size:]
                    return cbor.decode(frame)
            left = end - time.monotonic()
            if left <= 0:
                raise Failed(f"{self.peer} said nothing for {deadline_s} s")
            if not self.stream.pending() and not select.select([self.stream], [], [], left)[0]:
                continue
            try:
                more = self.stream.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return None
            if not more:
                return None
            self.held += more
