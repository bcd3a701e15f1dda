#!/usr/bin/env python3
"""A fleet of simulated sensors: enrolment, first inventories, random changes and a mass reconnect, beside plain SQLite."""

import json
import os
import sqlite3
import subprocess
import sys
import time

import figures
from figures import Figures, cpu_s, disk_kb
from lab import ROOT, Lab, Server, isolate

GOAL_ROWS = 300_000
ASSETS_A_COMMIT = 4
SHARED, OWN = 2144, 60
PLAIN_CHANGES, PLAIN_GROUP = 20000, 100
ROLES = ("ingest", "engine", "api")


def build():
    folder = ROOT / "build" / "release"
    subprocess.run(["ninja", "-C", str(folder), "bench/ingest/bench-ingest"], check=True, stdout=subprocess.DEVNULL)
    return folder / "bench" / "ingest" / "bench-ingest"


def phases(command, server):
    """Runs the generator; name -> its figures, with the CPU seconds of each process."""
    found, before = {}, {}
    generator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pids = {role: server.wait_role(role) for role in ROLES}
    pids["generator"] = generator.pid
    for line in generator.stdout:
        said = json.loads(line)
        now = {name: cpu_s(pid) for name, pid in pids.items()}
        if said["event"] == "begin":
            before = now
        else:
            said["cpu"] = {name: now[name] - before[name] for name in pids}
            found[said["phase"]] = said
    if generator.wait() != 0:
        sys.exit("the generator failed")
    return found


def show_cpu(out, phase):
    used = ", ".join(f"{name} {seconds:.1f}" for name, seconds in phase["cpu"].items())
    out.add("CPU seconds", sum(phase["cpu"].values()), "s", used)


def plain_rows(asset):
    """The same shape of rows, flat: one row an asset and fact."""
    for n in range(SHARED):
        version = 100 + asset % 8 if n % 8 == 0 else 7
        yield (asset, "dpkg", f"package-{n}", f"1:{version}-1~deb12u1", "amd64", "installed", f"source-{n // 3}", f"1:{version}-1~deb12u1", "libs",
               "Debian Team <team@packages.example.org>", n * 1024)
    for n in range(OWN):
        yield (asset, "dpkg", f"extra-{n}", f"1:{1000 + asset}-1~deb12u1", "amd64", "installed", f"source-{n // 3}", f"1:{1000 + asset}-1~deb12u1", "libs",
               "Debian Team <team@packages.example.org>", n * 1024)


UPSERT = ("INSERT INTO packages VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (asset, manager, name, architecture) DO UPDATE SET version = excluded.version, "
          "status = excluded.status, source_version = excluded.source_version, size_bytes = excluded.size_bytes")


def plain_sqlite(lab, assets, changes):
    """(rows a second, KB, changes a second): upserts into one wide table, synchronous=FULL, the rows made beforehand."""
    path = lab.folder / "plain.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE packages (asset INTEGER, manager TEXT, name TEXT, version TEXT, architecture TEXT, status TEXT, source TEXT, source_version TEXT, "
               "section TEXT, vendor TEXT, size_bytes INTEGER, PRIMARY KEY (asset, manager, name, architecture)) WITHOUT ROWID")
    spent = 0.0
    for first in range(0, assets, ASSETS_A_COMMIT):
        rows = [row for asset in range(first, min(first + ASSETS_A_COMMIT, assets)) for row in plain_rows(asset)]
        started = time.perf_counter()
        db.execute("BEGIN")
        db.executemany(UPSERT, rows)
        db.execute("COMMIT")
        spent += time.perf_counter() - started
    size = sum(os.stat(p).st_blocks for p in lab.folder.glob("plain.db*")) // 2
    updates = [(n * 7919 % assets, "dpkg", f"extra-{n % OWN}", f"1:{n}-2", "amd64", "installed", "s", f"1:{n}-2", "libs", "v", n) for n in range(changes)]
    started = time.perf_counter()
    for first in range(0, changes, PLAIN_GROUP):
        db.execute("BEGIN")
        db.executemany(UPSERT, updates[first:first + PLAIN_GROUP])
        db.execute("COMMIT")
    changed = time.perf_counter() - started
    db.close()
    return assets * (SHARED + OWN) / spent, size, changes / changed


def main():
    given = figures.options(__doc__, sensors=1000, window=128, changes="10s", plain_sensors=0)
    program = build()
    isolate()
    out = Figures("ingest")
    with Lab("release") as lab:
        server = Server(lab)
        token = server.token(uses=given.sensors)
        found = phases([str(program), "--server", server.sensors, "--ca", str(server.ca), "--token", token, "--sensors", str(given.sensors),
                        "--window", str(given.window), "--changes", given.changes], server)
        rows = given.sensors * found["inventory"]["rows_each"]
        overview = server.get("/api/v1/overview")
        if overview["rows"]["held"] != rows:
            sys.exit(f"the server holds {overview['rows']['held']} rows, not {rows}")
        before_stop = disk_kb(server.data)
        server.stop()
        disk = disk_kb(server.data)
        plain_sensors = given.plain_sensors or given.sensors
        plain_rate, plain_disk, plain_changes = plain_sqlite(lab, plain_sensors, PLAIN_CHANGES)

    phase = found["enrol"]
    out.section(f"Enrolment over EST, {given.sensors} sensors: a new key, a TLS handshake, a certificate each")
    out.add("enrolments", phase["count"] / phase["seconds"], "/s")
    show_cpu(out, phase)
    phase = found["connect"]
    out.section("Mutual TLS 1.3 handshakes with hello and welcome")
    out.add("connections", phase["count"] / phase["seconds"], "/s")
    show_cpu(out, phase)
    phase = found["inventory"]
    out.section(f"First inventories: {rows:,} rows, {phase['rows_each']} a sensor, {100 * OWN / phase['rows_each']:.0f} % its own (goal: {GOAL_ROWS:,} rows/s)")
    rate = out.add("rows acknowledged durably", rows / phase["seconds"], "rows/s", f"{phase['seconds']:.1f} s; a sensor's whole inventory p50 {phase['p50_ms']:.0f} ms")
    out.add("ratio to the goal", rate / GOAL_ROWS, "x")
    out.add("plain SQLite upserts (no network)", plain_rate, "rows/s", f"{plain_sensors} assets, {ASSETS_A_COMMIT} a commit, synchronous=FULL")
    out.add("ratio to plain SQLite, whole path", rate / plain_rate, "x")
    out.add("ratio to plain SQLite, engine's share", rows / phase["cpu"]["engine"] / plain_rate, "x", "rows a CPU second of the engine")
    show_cpu(out, phase)
    phase = found["changes"]
    out.section(f"Random changes: a package upgraded on a random sensor, {given.window} in flight")
    changes = out.add("changes acknowledged durably", phase["count"] / phase["seconds"], "/s")
    out.add("acknowledgement: p50", phase["p50_ms"], "ms", f"p99 {phase['p99_ms']:.1f}, max {phase['max_ms']:.1f}")
    out.add("plain SQLite upserts (no network)", plain_changes, "/s", f"{PLAIN_GROUP} a commit, synchronous=FULL")
    out.add("ratio to plain SQLite, whole path", changes / plain_changes, "x")
    out.add("ratio to plain SQLite, engine's share", phase["count"] / phase["cpu"]["engine"] / plain_changes, "x", "changes a CPU second of the engine")
    show_cpu(out, phase)
    phase = found["reconnect"]
    out.section("Mass reconnect: every connection dropped, all come back")
    out.add("connections", phase["count"] / phase["seconds"], "/s", f"{phase['resumed']} of {phase['count']} resumed")
    out.add("ratio to full handshakes", found["connect"]["seconds"] / phase["seconds"], "x")
    show_cpu(out, phase)
    out.section("Disk")
    held = rows + found["changes"]["count"] * 2
    out.add("bartizan, stopped (with history)", disk / 1024, "MB", f"{before_stop / 1024:.0f} MB while it ran, {1024 * disk / rows:.1f} bytes a row held, {held:,} rows in history")
    per_plain = 1024 * plain_disk / (plain_sensors * (SHARED + OWN))
    out.add("plain SQLite", per_plain, "bytes/row", "without history")
    out.add("ratio to plain SQLite", 1024 * disk / rows / per_plain, "x")
    out.save(given.json)


if __name__ == "__main__":
    main()
