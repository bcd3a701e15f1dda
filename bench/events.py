#!/usr/bin/env python3
"""Events that one server stores a second, beside plain SQLite appending the same bytes."""

import pathlib
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from figures import Figures, cpu_s, disk_kb, options  # pylint: disable=wrong-import-position
from lab import Lab, Sensor, Server, cbor  # pylint: disable=wrong-import-position
from lab.sensor import EVENTS, EVENTS_ACK, NO_POLICY  # pylint: disable=wrong-import-position

EXECUTIONS, GOAL = 2, 20000


def row(number):
    """An execution as a busy build server has them."""
    return cbor.encode([f"/usr/lib/gcc/x86_64-linux-gnu/12/cc{number % 7}", ["cc1", "-quiet", f"file-{number}.c", "-O2"], "builder", number,
                        "/usr/bin/make", number - 1, None, "builder"])


def messages(count, each):
    """Frames' bodies, made beforehand, so that the sensor's side costs next to nothing."""
    at = int(time.time() * 1000)
    for first in range(0, count, each):
        yield first, [[EXECUTIONS, at + first + n, row(first + n)] for n in range(min(each, count - first))]


def plain(count, each):
    """Each event a row of its own with the same indexes, a transaction for each message, durable as ours is."""
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(pathlib.Path(folder) / "plain.db", isolation_level=None)
        db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE events(no INTEGER PRIMARY KEY, asset INTEGER,"
                         "kind INTEGER, at INTEGER, received INTEGER, row BLOB); CREATE INDEX by_asset ON events(asset);"
                         "CREATE INDEX by_kind ON events(kind); CREATE INDEX by_at ON events(at)")
        made = [[(1, e[0], e[1], e[1], e[2]) for e in events] for _, events in messages(count, each)]
        wall, cpu = time.monotonic(), time.process_time()
        for rows in made:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO events(asset, kind, at, received, row) VALUES(?, ?, ?, ?, ?)", rows)
            db.execute("COMMIT")
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        return wall, cpu, (pathlib.Path(folder) / "plain.db").stat().st_size


def ours(lab, count, each):
    server = Server(lab)
    sensor = Sensor(lab, server)
    sensor.enrol(server.token())
    sensor.connect().hello([], NO_POLICY)
    made = [cbor.encode([EVENTS, 1, first, events]) for first, events in messages(count, each)]
    roles = [server.role(name) for name in ("ingest", "engine")]
    cpu, wall = sum(map(cpu_s, roles)), time.monotonic()
    for frame in made:
        sensor.send_frame(frame)
        answer = sensor.receive()
        assert answer[0] == EVENTS_ACK, answer
    wall, cpu = time.monotonic() - wall, sum(map(cpu_s, roles)) - cpu
    stored = server.sql("SELECT count(*) AS n FROM executions")[0]["n"]
    assert stored == count, stored
    started = time.monotonic()
    newest = server.get("/api/v1/events?limit=100")["items"]
    page_s = time.monotonic() - started
    assert len(newest) == 100
    server.stop()
    return wall, cpu, disk_kb(server.data / "tenants") * 1024, page_s


def main():
    chosen = options(__doc__, events=200000, each=500)
    figures = Figures("Events")
    with Lab("release") as lab:
        wall, cpu, size, page_s = ours(lab, chosen.events, chosen.each)
    plain_wall, plain_cpu, plain_size = plain(chosen.events, chosen.each)
    figures.section(f"{chosen.events} executions of one sensor, {chosen.each} a message, each message acknowledged before the next")
    figures.add("stored, by the clock", chosen.events / wall, "a second", "sensor, TLS, ingest, engine and disk in turn")
    figures.add("stored, by processor time", chosen.events / cpu, "a core-s", f"ingest and engine; goal {GOAL}: {chosen.events / cpu / GOAL:.1f} times")
    figures.add("newest page of 100 afterwards", page_s * 1000, "ms")
    figures.section("plain SQLite: a row an event, three indexes, a transaction a message")
    figures.add("stored, by processor time", chosen.events / plain_cpu, "a core-s")
    figures.add("ours in processor time", cpu / plain_cpu, "times", "with TLS, protocol and validation on top")
    figures.add("ours by the clock", wall / plain_wall, "times")
    figures.add("ours on disk", size / plain_size, "times", f"{size / chosen.events:.0f} bytes an event")
    figures.save(chosen.json)


if __name__ == "__main__":
    main()
