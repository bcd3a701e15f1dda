#!/usr/bin/env python3
"""At least 200 kills -9 at random moments while the machine changes; at the end nothing is lost, repeated or wrong.

The release build: what is tested is the order of things, and with sanitizers restarts would take most of the time.
BARTIZAN_SEED=N repeats a run's choices.
"""

import collections
import json
import os
import pathlib
import random
import socket
import threading
import time

from lab import Agent, Lab, Machine, Schema, Sensor, Server, Tree, build_folder, check, digest_of, encode_row, equal, isolate, note, row_hash, story, tell, wait_for
from lab.sensor import ACK, BATCH, RESYNC

KILLS = 210
CERTIFICATES = 12
SEED = int(os.environ.get("BARTIZAN_SEED", random.SystemRandom().randrange(1 << 32)))
SERVER_ROLES = ("ingest", "engine", "api")
AGENT_ROLES = ("collector", "connector")
# how often the whole program is killed with its supervisor, and how often where the role is in its pause
WHOLE_SHARE, PAUSED_SHARE = 0.04, 0.4


class Generator(threading.Thread):
    """Changes the machine until it is told to stop."""

    def __init__(self, lab, seed):
        super().__init__(daemon=True)
        self.random, self.tree, self.folder = random.Random(seed), Tree("/"), lab.folder
        self.pool = [make_certificate(lab, number) for number in range(CERTIFICATES)]
        self.sockets, self.addresses, self.crons, self.certificates = [], set(), set(), set()
        self.stopping, self.error, self.done = threading.Event(), None, collections.Counter()
        self.lab = lab

    def package(self):
        name = f"bzt-{self.random.randrange(60):02}"
        if name in self.tree.packages and self.random.random() < 0.4:
            del self.tree.packages[name]
        else:
            self.tree.packages[name] = f"{self.random.randrange(9)}.{self.random.randrange(1000)}-1"
        self.tree.save_packages()

    def user(self):
        name = f"bzt{self.random.randrange(30)}"
        if name in self.tree.users:
            del self.tree.users[name]
        else:
            self.tree.users[name] = 20000 + self.random.randrange(1000)
        self.tree.save_users()

    def cron(self):
        name = f"etc/cron.d/bzt-{self.random.randrange(20)}"
        if name in self.crons and self.random.random() < 0.5:
            self.crons.discard(name)
            self.tree.remove(name)
        else:
            self.crons.add(name)
            self.tree.write(name, f"{self.random.randrange(60)} * * * * root /bin/true {self.random.randrange(1000)}\n")

    def certificate(self):
        number = self.random.randrange(CERTIFICATES)
        name = f"etc/ssl/certs/bzt-{number}.pem"
        if name in self.certificates:
            self.certificates.discard(name)
            self.tree.remove(name)
        else:
            self.certificates.add(name)
            self.tree.write(name, self.pool[number])

    def listener(self):
        if self.sockets and self.random.random() < 0.5:
            self.sockets.pop(self.random.randrange(len(self.sockets))).close()
        elif len(self.sockets) < 20:
            self.sockets.append(socket.create_server(("127.0.0.1", 0)))

    def address(self):
        address = f"192.0.2.{self.random.randrange(1, 30)}/24"
        verb = "del" if address in self.addresses else "add"
        self.addresses ^= {address}
        self.lab.run("ip", "address", verb, address, "dev", "change0")

    def run(self):
        acts = (self.package, self.package, self.user, self.cron, self.cron, self.certificate, self.listener, self.address)
        try:
            while not self.stopping.wait(self.random.random() * 0.06):
                act = self.random.choice(acts)
                act()
                self.done[act.__name__] += 1
        except Exception as error:  # pylint: disable=broad-except
            self.error = error


def make_certificate(lab, number):
    path = lab.folder / f"pool-{number}.pem"
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", lab.folder / "pool.key", "-out", path,
            "-subj", f"/CN=bzt-{number}", "-days", "30")
    return path.read_text()


@story("an agent reports a machine of its own", deadline_s=90)
def begin(lab):
    note(f"seed {SEED}")
    lab.machine = Machine(lab)
    lab.machine.run("ip", "link", "add", "change0", "type", "bridge")
    # deleting an address must not take the others of its network with it
    pathlib.Path("/proc/sys/net/ipv4/conf/change0/promote_secondaries").write_text("1")
    lab.server = Server(lab)
    # all that it does here is more than its share of processor time, which its health would tell of
    status, answer = lab.server.request("PUT", "/api/v1/policies/default", {"budget": {"cpu_permille": 1000}})
    check(status in (200, 201, 204), f"no policy: {status} {answer}")
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    lab.asset = wait_for(lambda: assets(lab.server), 60, "the asset")[0]["id"]
    wait_for(lambda: lab.server.table(lab.asset, "packages"), 60, "the first packages")


def assets(server):
    return server.get("/api/v1/assets")["items"]


def wait_commit(lab, deadline_s=0.5):
    """Until the engine writes: its write-ahead log changes."""
    log = lab.server.data / "tenants" / "default.db-wal"

    def state():
        try:
            found = log.stat()
            return found.st_size, found.st_mtime_ns
        except FileNotFoundError:
            return None

    before, end = state(), time.monotonic() + deadline_s
    while state() == before and time.monotonic() < end:
        pass


def kill_whole(lab, program):
    program.kill()
    if program is lab.server:
        lab.server = program.again()
        return "bartizand"
    lab.agent = program.again()
    return "bartizan-agent"


def kill_once(lab, choose):
    """One kill -9. Returns what was killed, or None where it was just not there.

    What dies often is started after a growing pause. To come to 200 kills in time, some that are met in their pause are killed with their
    supervisor, which begins anew."""
    program, roles = (lab.server, (*SERVER_ROLES, "engine")) if choose.random() < 0.5 else (lab.agent, AGENT_ROLES)
    role = choose.choice(roles)
    pid = program.role(role)
    if choose.random() < (WHOLE_SHARE if pid else PAUSED_SHARE):
        return kill_whole(lab, program)
    if pid is None:
        return None
    if role == "engine" and choose.random() < 0.7:
        wait_commit(lab)
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return None  # it ended together with one that was killed before
    return role


@story(f"{KILLS} kills at random moments, while the machine changes", deadline_s=420)
def kills(lab):
    choose, killed = random.Random(SEED), collections.Counter()
    lab.generator = Generator(lab, SEED + 1)
    lab.generator.start()
    started = time.monotonic()
    while sum(killed.values()) < KILLS:
        time.sleep(choose.random() * 0.5)
        victim = kill_once(lab, choose)
        if victim:
            killed[victim] += 1
        check(lab.generator.error is None, f"the generator failed: {lab.generator.error!r}")
        for program in (lab.server, lab.agent):
            check(program.is_running(), f"{program.name} ended by itself with status {program.process.returncode} after {dict(killed)}")
    lab.generator.stopping.set()
    lab.generator.join()
    note(f"killed in {time.monotonic() - started:.0f} s: {dict(killed)}; changes made: {dict(lab.generator.done)}")


def comparable(rows, table):
    """Rows as a multiset; without what the second server and agent are themselves."""
    if table == "listeners":
        rows = [r for r in rows if not (r["executable"] or "").endswith("/bartizand")]
    if table == "sensor_health":
        rows = [dict(r, rows=None) for r in rows if r["collector"] != "files"]  # told last: the second ends with them
    return collections.Counter(json.dumps(r, sort_keys=True) for r in rows)


@story("the inventory equals what an agent that never crashed says of the same machine", deadline_s=150)
def equals_machine(lab):
    judge = Server(lab)
    schema = Schema(judge)
    witness = Agent(lab, judge, token=judge.token(), options=["--once"])
    equal(witness.wait_end(60), 0, f"the witness's exit status; {witness.log}")
    other = assets(judge)[0]["id"]
    wait_for(lambda: assets(lab.server)[0]["is_connected"], 60, "the agent to be connected")
    total = 0
    for table in schema.names():
        expected = comparable(judge.table(other, table), table)

        def differences(table=table, expected=expected):
            found = comparable(lab.server.table(lab.asset, table), table)
            return list((found - expected).items())[:3], list((expected - found).items())[:3]

        try:
            wait_for(lambda: differences() == ([], []), 40, f"{table} to be equal")
        except AssertionError:
            check(False, f"{table} differs: too much {differences()[0]}, missing {differences()[1]}")
        total += sum(expected.values())
    health = {r["collector"]: r["state"] for r in lab.server.table(lab.asset, "sensor_health")}
    equal(health["files"], "ok", "the state of files")
    generated = set(lab.generator.tree.packages.items())
    found = {(p["name"], p["version"]) for p in lab.server.table(lab.asset, "packages") if p["name"].startswith("bzt-")}
    equal(found, generated, "the generator's own packages")
    equal({u["name"] for u in lab.server.table(lab.asset, "users") if u["name"].startswith("bzt")}, set(lab.generator.tree.users), "the generator's own users")
    note(f"{total} rows equal")
    equal(judge.stop(), 0, "exit status of the second server")


def whole_history(lab):
    """Every change of the asset, oldest first."""
    changes, before = [], None
    while True:
        page = lab.server.get(f"/api/v1/assets/{lab.asset}/history?limit=1000" + (f"&before={before}" if before is not None else ""))
        changes += page["items"]
        before = page["next"]
        if before is None:
            return sorted(changes, key=lambda c: (c["no"], c["index"]))
        check(page["items"], "an empty page with a next one")


def replayed(changes):
    """Applies changes to nothing, each held against what is there by then: table -> rows."""
    state = collections.defaultdict(set)
    for change in changes:
        rows = state[change["table"]]
        where = f"change {change['no']}.{change['index']} ({change['op']} {change['table']} {change['key']})"
        equal(change["op"], {(True, False): "removed", (False, True): "added", (True, True): "updated"}[change["old"] is not None, change["row"] is not None], where)
        if change["old"] is not None:
            old = json.dumps(change["old"], sort_keys=True)
            check(old in rows, f"{where}: the row that went was not there")
            rows.remove(old)
        if change["row"] is not None:
            new = json.dumps(change["row"], sort_keys=True)
            check(new not in rows, f"{where}: the row that came was there already")
            rows.add(new)
    return state


@story("the history, replayed from nothing, leads to the inventory without a gap or a repeat", deadline_s=120)
def replay(lab):
    def agree():
        changes = whole_history(lab)
        state = replayed(changes)
        for table in lab.server.get(f"/api/v1/assets/{lab.asset}")["tables"]:
            if {json.dumps(r, sort_keys=True) for r in lab.server.table(lab.asset, table["name"])} != state[table["name"]]:
                return None
        return changes

    # the machine lives: a change may come between the two questions
    changes = wait_for(agree, 20, "the replayed history to equal the inventory", pause_s=0.5)
    places = [(c["no"], c["index"]) for c in changes]
    equal(len(places), len(set(places)), "changes told twice")
    numbers = sorted({c["no"] for c in changes})
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "numbers of the changes")
    note(f"{len(changes)} changes replayed, numbers {numbers[0]} to {numbers[-1]}")


@story("each table's digest is the sum of its rows' hashes, and no digest ever disagreed", deadline_s=60)
def digests(lab):
    schema = Schema(lab.server)
    for table in lab.server.get(f"/api/v1/assets/{lab.asset}")["tables"]:
        equal(table["digest"], digest_of(schema, table["name"], lab.server.table(lab.asset, table["name"])), f"digest of {table['name']}")
    note(f"disagreements: {lab.server.get('/api/v1/overview')['disagreements']}")


@story("a digest that disagrees is counted, and the table is repaired by ranges")
def disagreement(lab):
    schema, sensor = Schema(lab.server), Sensor(lab, lab.server)
    equal(sensor.enrol(lab.server.token())[0], 200, "enrolment")
    users = schema.number("users")
    rows = sorted((encode_row(schema, "users", {"name": f"u{n}", "uid": n, "gid": n, "full_name": None, "home": None, "shell": None}) for n in range(5)),
                  key=lambda row: row_hash(users, row))
    sensor.connect().hello([users])
    sensor.delta(users, adds=rows[:4])
    sensor.applied(users)
    before = lab.server.metric("bartizan_disagreements_total")
    sensor.delta(users, adds=rows[4:], digest=b"\x01" * 16)
    answer = sensor.receive()
    equal(answer[:2], [RESYNC, users], "the answer to a wrong digest")
    wait_for(lambda: lab.server.metric("bartizan_disagreements_total") == before + 1, 10, "the disagreement to be counted")
    hashes = [row_hash(users, row) for row in rows[1:]]
    digest = (sum(int.from_bytes(h, "big") for h in hashes) % (1 << 128)).to_bytes(16, "big")
    sensor.send([BATCH, users, answer[2], int(time.time() * 1000), 1, digest, b"\x00" * 16 + b"\xff" * 16, b"".join(hashes), rows[1:]])
    equal(sensor.receive()[:3], [ACK, users, answer[2]], "the answer to the range")
    asset = next(a["id"] for a in assets(lab.server) if a["sensor"] == sensor.id())
    held = [r for r in lab.server.table(asset, "users")]
    equal(sorted(row_hash(users, encode_row(schema, "users", r)) for r in held), sorted(hashes), "the repaired table")
    sensor.close()


if __name__ == "__main__":
    isolate()
    tell(lambda: Lab("release" if (build_folder("release") / "bartizand").exists() else None))
