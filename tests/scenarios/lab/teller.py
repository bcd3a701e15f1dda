"""A scanner or an agent that is spoken by hand, and rows as scanners tell them."""

import time

from lab.rows import encode_row, row_hash
from lab.sensor import ACK, NO_POLICY, POLICY, Sensor
from lab.story import check, equal

PUBLIC, PRIVATE = "45.33.32.0/24", "10.7.0.0/16"
REPORTS = ["scan_scopes", "scan_hosts", "scan_ports", "scan_tls", "scan_certificates", "scan_web", "scan_host_keys"]
DAY = 86400


class Teller:
    """A sensor that remembers what it told, so that it can say what changed."""

    def __init__(self, lab, tables, kind, tenant="default"):
        self.sensor = Sensor(lab, lab.server)
        equal(self.sensor.enrol(lab.server.token(tenant=tenant, kind=kind))[0], 200, "enrolment")
        self.schema = lab.schema
        self.tables = {self.schema.number(t): {} for t in tables}
        self.sensor.connect().hello(list(self.tables), NO_POLICY, kind)

    def id(self):
        return self.sensor.id()

    def tell(self, table, *rows):
        """The table holds exactly these rows from now on."""
        number = self.schema.number(table)
        names = [c["name"] for c in self.schema.columns(table)]
        new = {}
        for row in rows:
            check(set(row) <= set(names), f"{table} has no {set(row) - set(names)}")
            data = encode_row(self.schema, table, {n: row.get(n) for n in names})
            new[data] = row_hash(number, data)
        old = self.tables[number]
        digest = (sum(int.from_bytes(h, "big") for h in new.values()) % (1 << 128)).to_bytes(16, "big")
        adds = sorted((d for d in new if d not in old), key=new.get)
        removes = sorted((d for d in old if d not in new), key=old.get)
        self.sensor.delta(number, adds, removes, digest)
        self.tables[number] = new
        self.acknowledged(number, table)

    def acknowledged(self, number, table):
        while True:  # a policy may come between
            answer = self.sensor.receive()
            check(answer and answer[0] in (ACK, POLICY), f"{table} was answered with {answer}")
            if answer[0] == ACK:
                self.sensor.seq[number] += 1
                return

    def add(self, table, rows, batch=1000):
        """Adds rows to the table, so many in a batch."""
        number = self.schema.number(table)
        names = [c["name"] for c in self.schema.columns(table)]
        held = self.tables[number]
        total = sum(int.from_bytes(h, "big") for h in held.values())
        data = [encode_row(self.schema, table, {n: row.get(n) for n in names}) for row in rows]
        for start in range(0, len(data), batch):
            adds = sorted(data[start:start + batch], key=lambda d: row_hash(number, d))
            for d in adds:
                held[d] = row_hash(number, d)
                total += int.from_bytes(held[d], "big")
            self.sensor.delta(number, adds, [], (total % (1 << 128)).to_bytes(16, "big"))
            self.acknowledged(number, table)


def host(address, scope=PRIVATE, **more):
    return dict(scope=scope, address=address, alive_by="syn-ack", **more)


def port(address, number, protocol=None, scope=PRIVATE, state="open", **more):
    return dict(scope=scope, address=address, transport="tcp", port=number, state=state, reason="syn-ack", protocol=protocol, **more)


def certificate(address, fingerprint, days, scope=PRIVATE, number=443, **more):
    now = int(time.time())
    return dict(scope=scope, address=address, port=number, name="www.example.org", fingerprint=fingerprint, subject="CN=www.example.org",
                names=["www.example.org", 'a"b\\c\n'], not_before=now - DAY, not_after=now + days * DAY, key_type="ec", key_bits=256,
                is_name_matched=True, chain=0, **more)
