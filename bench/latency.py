#!/usr/bin/env python3
"""From a change on the machine to the line in `bartizan watch`: a kind of change for each table, p50, p99 and maximum."""

import http.client
import json
import queue
import random
import ssl
import subprocess
import threading
import time

import figures
from figures import Figures, cpu_s, percentile, unleash
from lab import Agent, Lab, Machine, Server, build_folder, descendants, isolate, wait_for
from lab.changes import KINDS, NONE, Changes

LINE_DEADLINE_S = 10

# Kinds that are looked at seldom are made this many times less often.
SELDOM_TIMES = 10
GOAL_P99_MS = 1000

# The numbers of packages in which something is found begin there.
FINDING = 100000


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

    def wait(self, table, word, deadline_s):
        """The moment of a change that brings a row with this value; other lines are dropped."""
        end = time.monotonic() + deadline_s
        while True:
            try:
                moment, change = self.queue.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                return None
            if change["table"] == table and change["row"] and str(word) in map(str, change["row"].values()):
                return moment


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


def import_feed(server, count):
    """The tracker's word on the packages that `find` installs: each has a flaw of its own."""
    path = server.lab.new_folder("feed") / "tracker.json"
    said = {"status": "resolved", "urgency": "high", "fixed_version": "2.0", "repositories": {}}
    path.write_text(json.dumps({f"lab-{FINDING + n}": {f"CVE-2042-{FINDING + n}": {"scope": "remote", "releases": {"bookworm": said}}} for n in range(count)}))
    server.cli("feed", "import", "debian", path, "--force")


def find(changes, n):
    """A package with a flaw comes: when, and the vulnerability that the server finds in it."""
    done, _ = changes.make("package", FINDING + n)
    return done, f"CVE-2042-{FINDING + n}"


def used_s(agent):
    return sum(cpu_s(pid) for pid in (agent.pid, *descendants(agent.pid)))


def measure(out, lines, agent, name, kind, times, choose, floor):
    (table, seldom, make), took, lost = kind, [], 0
    used = used_s(agent)
    for n in range(times if seldom is None else max(2, times // SELDOM_TIMES)):
        # unrelated to any period of the agent's
        time.sleep(choose.random() * 0.3)
        done, word = make(n)
        moment = lines.wait(table, word, LINE_DEADLINE_S + 3 * (seldom or 0))
        if moment is None:
            lost += 1
        else:
            took.append(max(0.0, (moment - done) / 1e6))
    label = f"{table} ({name.replace('_', ' ')})"
    cost = 1000 * (used_s(agent) - used) / (len(took) + lost)
    if took:
        p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
        out.add(f"{label}: p50", p50, "ms", f"{p50 / floor:.0f} x floor; {cost:.0f} ms of CPU a change")
        out.add(f"{label}: p99", p99, "ms", f"max {max(took):.0f}, {p99 / GOAL_P99_MS:.2f} x goal" + (f", {len(took)} times" if seldom else ""))
    if lost:
        out.add(f"{label}: not seen", lost, "changes")


def main():
    given = figures.options(__doc__, times=50, seed=1, only="")
    isolate()
    out = Figures("latency")
    choose = random.Random(given.seed)
    with Lab("release") as lab:
        machine = Machine(lab)
        server = Server(lab)
        unleash(server)
        agent = Agent(lab, server, token=server.token(), options=["--read-firewall"])
        wait_for(lambda: [a for a in server.get("/api/v1/assets")["items"] if a["rows"] > 300], 60, "the first inventory")
        changes, lines = Changes(lab, machine), Lines(server)
        round_trip = floor_ms(server, 200)
        floor = percentile(round_trip, 0.5)
        out.add("API round trip (floor): p50", floor, "ms", f"p99 {percentile(round_trip, 0.99):.2f}")
        out.section(f"From change to line, {given.times} times each (goal: p99 under {GOAL_P99_MS} ms)")
        import_feed(server, given.times)
        kinds = {name: (table, seldom, lambda n, name=name: changes.make(name, n)) for name, (table, _, seldom, _) in KINDS.items()}
        kinds["finding"] = ("vulnerabilities", None, lambda n: find(changes, n))
        for name, kind in kinds.items():
            if given.only not in ("", name):
                continue
            try:
                measure(out, lines, agent, name, kind, given.times, choose, floor)
            except AssertionError as error:
                print(f"{name}: cannot be made here: {error}")
        out.section("Not measured")
        for table, why in NONE.items():
            if table != "vulnerabilities":
                print(f"  {table}: {why}")
    out.save(given.json)


if __name__ == "__main__":
    main()
