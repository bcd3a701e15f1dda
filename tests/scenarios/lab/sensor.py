"""A sensor by hand: enrols over EST and speaks frames, well or badly, as a scenario wishes."""

import base64
import http.client
import socket
import ssl
import struct
import time

from lab import cbor
from lab.frames import Frames
from lab.programs import trust
from lab.rows import row_hash
from lab.story import Failed, check

HELLO, BATCH, ROWS, ALIVE, EVENTS = 1, 2, 3, 4, 5
WELCOME, WANT, ACK, RESYNC, REFUSE, GOODBYE, RESTART, POLICY, EVENTS_ACK = 16, 17, 18, 19, 20, 21, 22, 23, 24
NO_POLICY = bytes(16)


def _address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


class Sensor(Frames):
    """One sensor: a key, a certificate, a connection."""

    peer = "the server"

    def __init__(self, lab, server):
        self.lab, self.server = lab, server
        self.folder = lab.new_folder("sensor")
        self.key, self.certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        self.stream, self.held = None, b""
        self.seq = {}

    def context(self, is_enrolled=True):
        context = trust(self.server.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if is_enrolled:
            context.load_cert_chain(str(self.certificate), str(self.key))
            context.set_alpn_protocols(["bartizan/1"])
        return context

    def enrol(self, token=None, copied=None):
        """EST simpleenroll (RFC 7030), with a token, or with the certificate of a sensor that was copied. HTTP status and body."""
        request = self.folder / "request.der"
        self.lab.run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
                     "-outform", "DER", "-out", request, "-subj", "/CN=by-hand")
        raw = socket.create_connection(_address(self.server.sensors), timeout=60)
        connection = http.client.HTTPConnection("bartizand", timeout=60)
        context = self.context(False)
        if copied:
            context.load_cert_chain(str(copied.certificate), str(copied.key))
        connection.sock = context.wrap_socket(raw, server_hostname="bartizand")
        fields = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}
        if token:
            fields["Authorization"] = "Basic " + base64.b64encode(b"enroll:" + token.encode()).decode()
        try:
            connection.request("POST", "/.well-known/est/simpleenroll", base64.encodebytes(request.read_bytes()), fields)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status == 200:
            message = self.folder / "answer.p7"
            message.write_bytes(base64.b64decode(body))
            pem = self.lab.run("openssl", "pkcs7", "-inform", "DER", "-in", message, "-print_certs").stdout
            self.certificate.write_text(pem)
        return answer.status, body.decode("utf-8", "replace")

    def id(self):
        text = self.lab.run("openssl", "x509", "-in", self.certificate, "-noout", "-subject", "-nameopt", "multiline").stdout
        return text[text.index("commonName"):].split("=", 1)[1].split()[0]

    def connect(self):
        raw = socket.create_connection(_address(self.server.sensors), timeout=20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.context().wrap_socket(raw, server_hostname="bartizand")
        self.held = b""
        check(self.stream.selected_alpn_protocol() == "bartizan/1", "the server does not speak bartizan/1")
        return self

    def close(self):
        if self.stream:
            self.stream.close()
            self.stream = None

    def send(self, message):
        """A message as a list, in one frame."""
        self.send_frame(cbor.encode(message))

    def send_frame(self, body, length=None):
        """A frame's bytes, with a length that may lie."""
        self.send_bytes(struct.pack(">I", len(body) if length is None else length) + body)

    def send_bytes(self, data):
        self.stream.sendall(data)

    def hello(self, tables, policy=None, kind="agent"):
        """Says hello for tables and takes the welcome: table -> (seq, count, digest). policy: the digest of the one in force;
        without one it is a sensor that knows no policies and no events."""
        self.send([HELLO, 1, kind, "by-hand", int(time.time() * 1000), list(tables)] + ([policy] if policy is not None else []))
        answer = self.receive()
        check(answer and answer[0] == WELCOME, f"hello was answered with {answer}")
        held = {t[0]: (t[1], t[2], t[3]) for t in answer[4]}
        self.seq = {t: held.get(t, (0,))[0] for t in tables}
        return held

    def delta(self, table, adds=(), removes=(), digest=None, seq=None, inline=True):
        """A batch of rows' bytes to add and remove. The digest must be given unless the adds are all there is."""
        hashes = [row_hash(table, row) for row in adds]
        if digest is None:
            digest = (sum(int.from_bytes(h, "big") for h in hashes) % (1 << 128)).to_bytes(16, "big")
        seq = self.seq[table] + 1 if seq is None else seq
        self.send([BATCH, table, seq, int(time.time() * 1000), 0, digest, b"".join(row_hash(table, r) for r in removes), b"".join(hashes),
                   list(adds) if inline else []])

    def events(self, epoch, first, events):
        """Events as (kind's number, time in ms, row's bytes), numbered from first."""
        self.send([EVENTS, epoch, first, [list(e) for e in events]])

    def events_stored(self, epoch, following):
        """Takes the acknowledgement of the events in flight."""
        answer = self.receive()
        check(answer == [EVENTS_ACK, epoch, following], f"good events were answered with {answer}")

    def applied(self, table):
        """Takes the acknowledgement of the batch in flight."""
        answer = self.receive()
        check(answer and answer[:3] == [ACK, table, self.seq[table] + 1], f"a good batch was answered with {answer}")
        self.seq[table] += 1


def drain(stream, deadline_s):
    """Reads until the other side closes: the bytes. Failed where it does not within the deadline."""
    end, data = time.monotonic() + deadline_s, b""
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise Failed(f"the server kept the connection for {deadline_s} s")
        stream.settimeout(left)
        try:
            more = stream.recv(65536)
        except (TimeoutError, socket.timeout):
            continue
        except (ConnectionError, ssl.SSLError, OSError):
            return data
        if not more:
            return data
        data += more


