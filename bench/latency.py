#!/usr/bin/env python3
"""From a change on the machine to the line in `bartizan watch`: six kinds of change, p50, p99 and maximum."""

import http.client
import json
import os
import pathlib
import queue
import random
import socket
import ssl
import subprocess
import threading
import time

import figures
from figures import Figures, percentile
from lab import Agent, Lab, Machine, Server, build_folder, isolate, wait_for

LINE_DEADLINE_S = 10
CONTROL = "Package: bench-{n}\nVersion: {v}\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: of a benchmark\n"
GOAL_P99_MS = 1000


class Lines:
    """`bartizan watch --json`: (moment, change) in a queue, the moment taken as the line is read."""

    def __init__(self, server):
        self.queue = queue.Queue()
        log = server.lab.folder / "lines.log"
        with open(log, "wb") as said:
            self.process = subprocess.Popen([str(build_folder("release") / "bartizan"), "--data", str(server.data), "watch", "--json"], stdout=subprocess.PIPE,
                                            stderr=said)
        server.lab.closing.append(self.process.kill)
        wait_for(lambda: "connected" in log.read_text(), 20, "the live stream")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            now = time.time_ns()
            self.queue.put((now, json.loads(line)))

    def wait(self, table, op, word, status=None):
        """The moment of a change; other lines are dropped."""
        end = time.monotonic() + LINE_DEADLINE_S
        while True:
            try:
                moment, change = self.queue.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                return None
            row = change["row"] or change["old"]
            is_it = change["table"] == table and (op is None or change["op"] == op) and str(word) in map(str, row.values())
            if is_it and (status is None or row["status"] == status):
                return moment


def changed_at(path):
    """When a file was renamed into place: its inode's change time."""
    return os.stat(path).st_ctime_ns


class Kinds:
    """Each method makes change number n and returns (moment done in ns, what to wait for)."""

    def __init__(self, lab, machine):
        self.lab, self.machine, self.sockets = lab, machine, {}
        self.pem = lab.folder / "pool.pem"

    def prepare(self, count):
        for n in range(count):
            folder = self.lab.new_folder("deb")
            (folder / "DEBIAN").mkdir()
            (folder / "DEBIAN/control").write_text(CONTROL.format(n=n, v="1.0"))
            self.lab.run("dpkg-deb", "--build", "--root-owner-group", folder, self.lab.folder / f"bench-{n}.deb")
            self.lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.lab.folder / "k",
                         "-out", self.lab.folder / f"pool-{n}.pem", "-subj", f"/CN=bench-{n}", "-days", "9")
        self.machine.run("ip", "link", "add", "bench0", "type", "bridge")

    def useradd(self, n):
        self.machine.run("useradd", "--no-create-home", f"bench{n}")
        return changed_at("/etc/passwd"), ("users", "added", f"bench{n}")

    def dpkg(self, n):
        self.machine.run("dpkg", "--install", self.lab.folder / f"bench-{n}.deb")
        return changed_at("/var/lib/dpkg/status"), ("packages", None, f"bench-{n}", "installed")

    def listener_opened(self, n):
        listener = self.sockets[n] = socket.create_server(("127.0.0.1", 0))
        return time.time_ns(), ("listeners", "added", listener.getsockname()[1])

    def listener_closed(self, n):
        listener = self.sockets.pop(n)
        port = listener.getsockname()[1]
        listener.close()
        return time.time_ns(), ("listeners", "removed", port)

    def certificate(self, n):
        path = f"/etc/ssl/certs/bench-{n}.pem"
        pathlib.Path(path).write_text((self.lab.folder / f"pool-{n}.pem").read_text())
        return time.time_ns(), ("certificates", "added", path)

    def address(self, n):
        self.machine.run("ip", "address", "add", f"192.0.2.{n + 1}/32", "dev", "bench0")
        return time.time_ns(), ("addresses", "added", f"192.0.2.{n + 1}")

    def cron(self, n):
        path = pathlib.Path(f"/etc/cron.d/bench-{n}")
        path.write_text(f"1 1 * * * root /bin/bench-{n}\n")
        return time.time_ns(), ("cron", "added", f"/bin/bench-{n}")


ORDER = ("useradd", "dpkg", "listener_opened", "listener_closed", "certificate", "address", "cron")


def floor_ms(server, count):
    """A round trip to the API on a connection that is open: what TLS and two processes cost alone."""
    host, port = server.api.rsplit(":", 1)
    connection = http.client.HTTPSConnection(host, int(port), context=ssl.create_default_context(cafile=str(server.ca)))
    took = []
    for _ in range(count):
        started = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        took.append(1000 * (time.perf_counter() - started))
    return took


def main():
    given = figures.options(__doc__, times=50, seed=1)
    isolate()
    out = Figures("latency")
    choose = random.Random(given.seed)
    with Lab("release") as lab:
        machine = Machine(lab)
        server = Server(lab)
        Agent(lab, server, token=server.token())
        wait_for(lambda: [a for a in server.get("/api/v1/assets")["items"] if a["rows"] > 300], 60, "the first inventory")
        kinds, lines = Kinds(lab, machine), Lines(server)
        kinds.prepare(given.times)
        round_trip = floor_ms(server, 200)
        floor = percentile(round_trip, 0.5)
        out.add("API round trip (floor): p50", floor, "ms", f"p99 {percentile(round_trip, 0.99):.2f}")
        out.section(f"From change to line, {given.times} times each (goal: p99 under {GOAL_P99_MS} ms)")
        for name in ORDER:
            took, lost = [], 0
            for n in range(given.times):
                # unrelated to any period of the agent's
                time.sleep(choose.random() * 0.3)
                done, what = getattr(kinds, name)(n)
                moment = lines.wait(*what)
                if moment is None:
                    lost += 1
                else:
                    took.append(max(0.0, (moment - done) / 1e6))
            label = name.replace("_", " ")
            if took:
                p50 = percentile(took, 0.5)
                out.add(f"{label}: p50", p50, "ms", f"{p50 / floor:.0f} x floor")
                out.add(f"{label}: p99", percentile(took, 0.99), "ms", f"max {max(took):.0f}, {percentile(took, 0.99) / GOAL_P99_MS:.2f} x goal")
            if lost:
                out.add(f"{label}: not seen within {LINE_DEADLINE_S} s", lost, "changes")
    out.save(given.json)


if __name__ == "__main__":
    main()
