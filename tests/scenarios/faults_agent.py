#!/usr/bin/env python3
"""What the system does to a sensor: queues that overflow, files that are half written, processes that vanish, clocks that jump."""

import os
import pathlib
import signal
import subprocess
import time

from lab import Agent, Lab, Machine, Server, Skipped, Tree, build_folder, check, equal, isolate, note, story, tell, wait_for
from lab.clock import YEAR_S, Clock

STATUS = "/var/lib/dpkg/status"
QUEUE = "/proc/sys/fs/inotify/max_queued_events"
ADDRESSES = 600
STORM_S = 4
SOAK = int(os.environ.get("BARTIZAN_SOAK", "3000"))


def names(lab, table, column="name"):
    return {row[column] for row in lab.server.table(lab.asset, table)}


def health(lab, name):
    rows = lab.server.sql(f"SELECT state, error FROM sensor_health WHERE collector = '{name}'")
    return (rows[0]["state"], rows[0]["error"]) if rows else None


def changes(lab, table, op):
    return lab.server.sql(f"SELECT count(*) AS n FROM changes WHERE table_name = '{table}' AND op = '{op}'")[0]["n"]


class Stopped:
    """The collector stands still meanwhile."""

    def __init__(self, lab):
        self.pid = lab.agent.wait_role("collector")

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)


@story("an agent reports a machine of its own")
def begin(lab):
    lab.machine = Machine(lab)
    lab.machine.run("ip", "link", "add", "lab0", "type", "bridge")
    lab.machine.run("ip", "link", "set", "lab0", "up")
    open("/var/log/auth.log", "a", encoding="utf-8").close()
    lab.server = Server(lab)
    lab.tree = Tree("/")
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    lab.asset = wait_for(lambda: lab.server.get("/api/v1/assets")["items"], 30, "the asset")[0]["id"]
    wait_for(lambda: names(lab, "packages") and health(lab, "packages"), 30, "the packages")


@story("dpkg's database is written in place, slowly: nothing is told to be removed, and it says so", deadline_s=60)
def half_written(lab):
    whole = pathlib.Path(STATUS).read_bytes()
    if not pathlib.Path(STATUS + "-old").exists():
        pathlib.Path(STATUS + "-old").write_bytes(whole)
    before, removed = names(lab, "packages"), changes(lab, "packages", "removed")
    third = whole.index(b"\nVersion:", len(whole) // 3) + 5
    added = b"Package: bzt-in-place\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nDescription: x\n\n"
    pathlib.Path(STATUS).write_bytes(b"")
    wait_for(lambda: health(lab, "packages")[0] == "failing", 10, "the collector to say that it is empty")
    pathlib.Path(STATUS).write_bytes(whole[:third])
    lab.tree.users["bzt"] = 5000
    lab.tree.save_users()
    wait_for(lambda: "bzt" in names(lab, "users"), 10, "a change of another table")
    equal(health(lab, "packages")[0], "failing", "the state while it is half written")
    equal(names(lab, "packages"), before, "the packages while it is half written")
    pathlib.Path(STATUS).write_bytes(whole + added)
    wait_for(lambda: "bzt-in-place" in names(lab, "packages"), 20, "the package that was added")
    wait_for(lambda: health(lab, "packages") == ("ok", None), 10, "the collector to be well")
    equal(changes(lab, "packages", "removed"), removed, "packages that were told to be removed")
    pathlib.Path(STATUS).write_bytes(whole)
    wait_for(lambda: names(lab, "packages") == before, 20, "the package that is really gone")


@story("the queue of inotify overflows: everything is read again, nothing is missed", deadline_s=60)
def inotify(lab):
    limit = int(pathlib.Path(QUEUE).read_text())
    path = pathlib.Path("/etc/cron.d/bzt-many")
    with Stopped(lab):
        count = 0
        while count < limit + 100:  # two events each, which are not the same twice in a row
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            path.unlink()
            count += 2
        lab.tree.users["overflown"] = 5001
        lab.tree.save_users()
        lab.tree.write("etc/cron.d/overflown", "1 1 * * * root /bin/overflown\n")
    wait_for(lambda: "overflown" in names(lab, "users"), 20, "a change behind the overflow")
    wait_for(lambda: "/bin/overflown" in names(lab, "cron", "command"), 20, "another one")
    note(f"{count} events into a queue of {limit}")


@story("netlink is overrun: addresses and routes are as the kernel has them afterwards", deadline_s=60)
def netlink(lab):
    lines = [f"address add 198.18.{n // 250}.{n % 250 + 1}/32 dev lab0" for n in range(ADDRESSES)]
    with Stopped(lab):
        for _ in range(4):
            for verb in ("add", "del"):
                lab.run("ip", "-batch", "-", input="\n".join(line.replace(" add ", f" {verb} ") for line in lines) + "\n", expected=None)
        lab.run("ip", "-batch", "-", input="\n".join(lines) + "\n")

    def told():
        return {a for a in names(lab, "addresses", "address") if a.startswith("198.18.")}

    wait_for(lambda: len(told()) == ADDRESSES, 20, f"{ADDRESSES} addresses")
    lab.machine.run("ip", "address", "flush", "dev", "lab0")
    wait_for(lambda: not told(), 20, "no address")


@story("processes come and go while they are read: no table fails", deadline_s=60)
def processes(lab):
    pid = lab.agent.role("collector")
    storm = [subprocess.Popen(["sh", "-c", "while :; do /bin/true & /bin/true; done"]) for _ in range(2)]
    try:
        end, number = time.monotonic() + STORM_S, 0
        while time.monotonic() < end:
            lab.tree.users[f"storm{number}"] = 5100 + number
            lab.tree.save_users()
            wait_for(lambda number=number: f"storm{number}" in names(lab, "users"), 20, "a change during the storm")
            number += 1
    finally:
        for shell in storm:
            shell.kill()
            shell.wait()
    equal(lab.agent.role("collector"), pid, "the collector")
    failing = lab.server.sql("SELECT collector, error FROM sensor_health WHERE state = 'failing'")
    equal([f for f in failing if f["collector"] in ("processes", "listeners", "package_use", "users")], [], "what fails")


@story("the clock jumps a year ahead and two back: events are told once, in the order in which they were", deadline_s=90)
def clock(lab):
    if not (build_folder("release") / "bartizan-agent").exists():
        raise Skipped("a preloaded library needs the release build (the sanitizers' must come first)")
    lab.agent.stop()
    own = Clock(lab)
    agent = Agent(lab, lab.server, lab.agent.state, build="release", env=own.env)
    number = 0

    def log(user):
        with open("/var/log/auth.log", "a", encoding="utf-8") as file:
            file.write(f"2026-11-22T03:11:00+00:00 lab sshd[7]: Accepted password for {user} from 192.0.2.7 port 5 ssh2\n")

    def told():
        return [e["user"] for e in lab.server.sql("SELECT user FROM logins WHERE user LIKE 'jump%' ORDER BY no")]

    wait_for(lambda: lab.server.get("/api/v1/assets")["items"][0]["is_connected"], 20, "the agent")
    wait_for(lambda: log("ready") or lab.server.sql("SELECT no FROM logins"), 20, "the first login", pause_s=0.3)
    for offset in (YEAR_S, -YEAR_S, 0, YEAR_S):
        own.set(offset)
        for _ in range(20):
            log(f"jump{number:03}")
            number += 1
        wait_for(lambda: len(told()) >= number, 20, "the logins")
    agent.kill()
    own.set(-YEAR_S)
    for _ in range(20):
        log(f"jump{number:03}")
        number += 1
    agent = Agent(lab, lab.server, lab.agent.state, build="release", env=own.env)
    wait_for(lambda: len(told()) >= number, 20, "the logins")
    equal(told(), [f"jump{n:03}" for n in range(number)], "the logins in the order in which they were told")
    equal(lab.server.sql("SELECT count(*) AS n FROM gaps"), [{"n": 0}], "gaps")
    own.set(0)
    agent.stop()
    lab.agent = lab.agent.again()
    lab.agent.wait_role("collector")


def private_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("Private_Dirty", "Private_Clean")))


@story(f"{SOAK} changes: memory does not grow with them (BARTIZAN_SOAK=100000 for more)", deadline_s=3600)
def soak(lab):
    if lab.build != "release" and (build_folder("release") / "bartizan-agent").exists():
        lab.agent.stop()  # a sanitizer keeps what was freed
        lab.agent = Agent(lab, lab.server, lab.agent.state, build="release")
    wait_for(lambda: lab.server.get("/api/v1/assets")["items"][0]["is_connected"], 20, "the agent")
    pids, sizes = [lab.agent.wait_role("collector"), lab.agent.wait_role("connector")], []
    for number in range(SOAK):
        lab.tree.users = {f"soak{number}": 6000 + number % 1000}
        lab.tree.save_users()
        if number % (SOAK // 10) == SOAK // 10 - 1:
            wait_for(lambda: set(lab.tree.users) <= names(lab, "users"), 30, "the last change")
            sizes.append(sum(map(private_kb, pids)))
    equal([lab.agent.role("collector"), lab.agent.role("connector")], pids, "the processes")
    note(f"private memory of both, KB: {sizes}")
    check(max(sizes[5:]) <= max(sizes[:5]) + 512, f"memory grows: {sizes}")


if __name__ == "__main__":
    isolate()
    tell(Lab)
