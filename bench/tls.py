#!/usr/bin/env python3
"""TLS servers assessed in a CPU second: thousands of simulated ones of mixed age, beside sslscan and beside who learns nothing."""

import json
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from figures import ROOT, Figures, options

BUILD = ROOT / "build" / "release"
# Real servers for the comparison, as many of each age as among the simulated ones: sslscan makes whole handshakes, which those cannot.
BOTH = ["-dcert", "ec.pem", "-dkey", "ec.key"]
OLD = "ECDHE+AES:DHE+AES:AES128-SHA:AES256-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384:@SECLEVEL=0"
REAL = (
    ("TLS 1.2 and 1.3, AEAD, two certificates", 25, [*BOTH, "-cipher", "ECDHE+AESGCM:ECDHE+CHACHA20"]),
    ("TLS 1.2 and 1.3, every usual suite", 40, ["-serverpref"]),
    ("TLS 1.0 to 1.2", 25, ["-no_tls1_3", "-serverpref", "-cipher", OLD]),
    ("TLS 1.0 only", 10, ["-tls1", "-cipher", "AES128-SHA:AES256-SHA:DHE-RSA-AES128-SHA:DHE-RSA-AES256-SHA:@SECLEVEL=0"]),
)


def build():
    subprocess.run([ROOT / "dev", "build"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, "bench/tls/bench-tls-servers", "bench/tls/bench-tls-floor"], check=True, stdout=subprocess.DEVNULL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificate(folder, name, *key):
    command = ["openssl", "req", "-x509", *key, "-nodes", "-days", "30", "-subj", "/CN=bench.example", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["openssl", "x509", "-in", folder / f"{name}.pem", "-outform", "der", "-out", folder / f"{name}.der"], check=True)


def spent(command, **more):
    """CPU seconds (user and system, all children), wall seconds, output."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more).stdout
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, output


class Simulated:
    """Thousands of servers in one process, whose CPU nobody is charged for."""

    def __init__(self, folder, count, how):
        self.count, self.port, self.root = count, free_port(), folder / f"root-{how}.pem"
        self.targets = folder / f"targets-{how}"
        self.targets.write_text("".join(f"127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}:{self.port}\n" for i in range(count)))
        command = [BUILD / "bench/tls/bench-tls-servers", str(self.port), str(count), self.root, how]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def assess(self, *options):
        """CPU seconds a server, connections a server, wall seconds; every one is assessed."""
        cpu, wall, output = spent([BUILD / "bartizan", "tls", "--file", self.targets, "--ca", self.root, "--json", *options])
        results = [json.loads(line) for line in output.splitlines()]
        if "--pulse" in options:
            assert results[0]["servers"] == self.count, "not every server was assessed"
            return cpu / self.count, None, wall
        assert len(results) == self.count and not any(r["failure"] for r in results), "not every server was assessed"
        return cpu / self.count, sum(r["accounting"]["connections"] for r in results) / self.count, wall

    def floor(self, connections):
        """CPU seconds a server of a client that only connects, says a hello and takes the answer."""
        return spent([BUILD / "bench/tls/bench-tls-floor", str(self.port), str(self.count), str(connections)])[0] / self.count

    def stop(self):
        self.process.kill()
        self.process.wait()


class Real:
    """One openssl s_server of each age."""

    def __init__(self, folder):
        self.servers = []
        for name, share, extra in REAL:
            port = free_port()
            command = ["openssl", "s_server", "-accept", str(port), "-cert", "rsa.pem", "-key", "rsa.key", "-www", "-quiet", *extra]
            self.servers.append((name, share, port, subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))
        for _, _, port, _ in self.servers:
            wait(port)

    def sslscan(self, *options):
        """CPU seconds a server, the ages in their shares; and of each age."""
        each = [spent(["sslscan", *options, f"127.0.0.1:{port}"])[0] for _, _, port, _ in self.servers]
        return sum(cpu * share / 100 for cpu, (_, share, _, _) in zip(each, self.servers)), each

    def assess(self, folder):
        """The same of ours: 50 addresses of each."""
        total = 0
        for _, share, port, _ in self.servers:
            targets = folder / "real"
            targets.write_text("".join(f"127.0.1.{i + 1}:{port}\n" for i in range(50)))
            total += spent([BUILD / "bartizan", "tls", "--file", targets, "--ca", folder / "rsa.pem", "--quick", "--json"])[0] / 50 * share / 100
        return total

    def stop(self):
        for *_, process in self.servers:
            process.kill()
            process.wait()


# What is measured, in turn, in each round.
WAYS = (
    ("letters as a population (--pulse)", "shared", ["--quick", "--pulse"]),
    ("letter and JSON of each", "shared", ["--quick"]),
    ("letters as a population, a chain each", "", ["--quick", "--pulse"]),
    ("letter and JSON of each, a chain each", "", ["--quick"]),
)


def compare(figures, folder, fleets, rounds):
    has_sslscan = shutil.which("sslscan") is not None
    real = Real(folder) if has_sslscan else None
    costs, floors, beside, lean, same = {way: [] for way, *_ in WAYS}, [], {way: [] for way, *_ in WAYS}, [], []
    connections = 0
    for _ in range(rounds):
        theirs = real.sslscan()[0] if has_sslscan else 0
        for way, how, options in WAYS:
            cpu, each, _ = fleets[how].assess(*options)
            connections = each or connections
            costs[way].append(cpu)
            beside[way].append(theirs / cpu)
        floors.append(fleets["shared"].floor(round(connections)))
        if has_sslscan:
            lean.append(real.sslscan("--no-groups", "--no-heartbleed")[0] / costs[WAYS[0][0]][-1])
            same.append(theirs / real.assess(folder))
    for way, *_ in WAYS:
        cpu = statistics.median(costs[way])
        figures.add(way, 1 / cpu, "/s", f"{cpu * 1e6:.0f} us each; {statistics.median(beside[way]):.0f} times sslscan ({min(beside[way]):.0f} to {max(beside[way]):.0f})")
    floor = statistics.median(floors)
    figures.add("connections each", connections)
    figures.add("as many connections that learn nothing", 1 / floor, "/s",
                f"{floor * 1e6:.0f} us each: {floor / statistics.median(costs[WAYS[0][0]]):.0%} of the first line, {floor / statistics.median(costs[WAYS[3][0]]):.0%} of the last")
    if has_sslscan:
        cpu, each = real.sslscan()
        figures.add("sslscan, the ages in their shares", cpu * 1000, "ms CPU", ", ".join(f"{e * 1000:.0f}" for e in each) + " by age")
        figures.add("ours beside sslscan", statistics.median(beside[WAYS[0][0]]), "times", "the first line; goal: 300")
        figures.add("sslscan --no-groups --no-heartbleed, beside", statistics.median(lean), "times", "without what a letter needs least")
        figures.add("on the same real servers, 50 a run", statistics.median(same), "times", "start included")
        real.stop()


def wait(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("openssl s_server did not start")


def main():
    args = options(__doc__, servers=2000, rounds=5)
    figures = Figures("TLS assessment")
    build()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        certificate(folder, "rsa", "-newkey", "rsa:2048")
        certificate(folder, "ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        fleets = {how: Simulated(folder, args.servers, how) for how in ("shared", "")}
        try:
            figures.section(f"{args.servers} simulated servers, median of {args.rounds} rounds (goal: 800 servers a CPU second, 300 times sslscan)")
            compare(figures, folder, fleets, args.rounds)
            cpu, connections, wall = fleets["shared"].assess()
            figures.add("everything", 1 / cpu, "/s", f"{connections:.1f} connections each, {wall:.1f} s")
        finally:
            for fleet in fleets.values():
                fleet.stop()
    figures.save(args.json)


if __name__ == "__main__":
    main()
