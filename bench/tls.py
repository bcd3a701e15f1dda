#!/usr/bin/env python3
"""TLS servers assessed in a CPU second: thousands of simulated ones of mixed age, and real ones beside sslscan."""

import json
import pathlib
import resource
import shutil
import socket
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
    subprocess.run(["ninja", "-C", BUILD, "bench/tls/bench-tls-servers"], check=True, stdout=subprocess.DEVNULL)


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


def simulated(figures, folder, count):
    port = free_port()
    targets = folder / "targets"
    targets.write_text("".join(f"127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}:{port}\n" for i in range(count)))
    servers = subprocess.Popen([BUILD / "bench/tls/bench-tls-servers", str(port), folder / "rsa.der", folder / "ec.der"], stdout=subprocess.PIPE)
    try:
        servers.stdout.readline()
        rates = {}
        for name, extra in (("for the grade", ["--quick"]), ("everything", [])):
            cpu, wall, output = spent([BUILD / "bartizan", "tls", "--file", targets, "--json", *extra])
            results = [json.loads(line) for line in output.splitlines()]
            assert len(results) == count and not any(r["failure"] for r in results), "not every server was assessed"
            connections = sum(r["accounting"]["connections"] for r in results) / count
            rates[name] = figures.add(f"{name}: servers a CPU second", count / cpu, "/s", f"{connections:.1f} connections each, {wall:.1f} s for {count}")
        return rates["for the grade"]
    finally:
        servers.kill()
        servers.wait()


def real(figures, folder, rounds):
    """CPU of sslscan for one server, and ours for the same."""
    total = {"sslscan": 0.0, "bartizan": 0.0}
    for name, share, extra in REAL:
        port = free_port()
        server = subprocess.Popen(["openssl", "s_server", "-accept", str(port), "-cert", "rsa.pem", "-key", "rsa.key", "-www", "-quiet", *extra],
                                  cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(port)
            where = f"127.0.0.1:{port}"
            theirs = sum(spent(["sslscan", where])[0] for _ in range(rounds)) / rounds
            targets = folder / "same"
            targets.write_text(f"{where}\n" * 50)
            ours = spent([BUILD / "bartizan", "tls", "--file", targets, "--quick", "--json"])[0] / 50
            total["sslscan"] += theirs * share / 100
            total["bartizan"] += ours * share / 100
            figures.add(f"{name}: sslscan", theirs * 1000, "ms CPU", f"ours, for the grade: {ours * 1000:.2f} ms, {theirs / ours:.0f} times less")
        finally:
            server.kill()
            server.wait()
    figures.add("by their shares: sslscan", total["sslscan"] * 1000, "ms CPU", f"ours: {total['bartizan'] * 1000:.2f} ms")
    return 1 / total["sslscan"]


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
    args = options(__doc__, servers=2000, rounds=2)
    figures = Figures("TLS assessment")
    build()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        certificate(folder, "rsa", "-newkey", "rsa:2048")
        certificate(folder, "ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        figures.section(f"{args.servers} simulated servers (goal: 800 servers a CPU second for the grade)")
        rate = simulated(figures, folder, args.servers)
        if shutil.which("sslscan"):
            figures.section("the same real servers, one after another")
            theirs = real(figures, folder, args.rounds)
            figures.add("sslscan: servers a CPU second", theirs, "/s")
            figures.add("ours over simulated servers, beside that", rate / theirs, "times", "goal: 300")
    figures.save(args.json)


if __name__ == "__main__":
    main()
