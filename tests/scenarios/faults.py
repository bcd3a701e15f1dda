#!/usr/bin/env python3
"""A full disk, a clock that jumps, a network that goes away: a clear message, nothing wrong, full recovery."""

import time

from lab import Agent, Lab, Link, Server, Skipped, Tree, build_folder, check, equal, isolate, note, story, tell, wait_for
from lab.clock import YEAR_S, Clock
from lab.machine import mount_tmpfs
from lab.story import need_root

SILENCE_S = 8


class Pair:
    """A server and an agent of a tree, each where a story wants it."""

    def __init__(self, lab, name, data=None, state=None, link=None, env=None, package_count=30, build=None):
        self.tree = Tree.debian(lab.new_folder(name), package_count)
        sensors = f"{link.here}:0" if link else "127.0.0.1:0"
        self.server = Server(lab, data, sensors=sensors, env=env, build=build)
        self.agent = Agent(lab, self.server, state, token=self.server.token(), options=["--root", self.tree.folder], prefix=link.prefix if link else (),
                           env=env, build=build)
        self.package_count = package_count

    def arrived(self, deadline_s=60):
        """The first inventory is there."""
        asset = wait_for(lambda: self.server.get("/api/v1/assets")["items"], deadline_s, "the asset")[0]["id"]
        self.asset = asset
        wait_for(lambda: len(self.packages()) == self.package_count, deadline_s, f"{self.package_count} packages")
        return self

    def packages(self):
        return {p["name"]: p["version"] for p in self.server.table(self.asset, "packages")}

    def install(self, *names, version="1-1"):
        self.tree.packages.update({name: version for name in names})
        self.tree.save_packages()

    def has(self, *names, deadline_s=60, version="1-1"):
        wanted = {(name, version) for name in names}
        wait_for(lambda: wanted <= set(self.packages().items()), deadline_s, f"{len(names)} packages like {names[0]}")

    def stop(self):
        equal(self.agent.stop(), 0, "the agent's exit status")
        equal(self.server.stop(), 0, "the server's exit status")


def fill(folder):
    """Fills a file system to the last byte; the file to remove afterwards."""
    path = folder / "ballast"
    with open(path, "wb", buffering=0) as ballast:
        for size in (1 << 16, 4096, 1):
            try:
                while True:
                    ballast.write(b"\0" * size)
            except OSError:
                continue
    return path


@story("the server's disk is full: refused with a message, the agent keeps its difference, all arrives afterwards", deadline_s=150)
def full_disk(lab):
    need_root("a file system of its own")
    data = lab.new_folder("small")
    mount_tmpfs(lab, data, "24m")
    pair = Pair(lab, "full", data=data).arrived()
    roles = {role: pair.server.wait_role(role) for role in ("ingest", "engine", "api")}
    ballast = fill(data)
    pair.install(*[f"while-full-{n:04}" for n in range(4000)])
    pair.server.wait_log("disk|[Ss]pace|ENOSPC|full", 30)
    pair.agent.wait_log("disk|[Ss]pace|full|refuse", 30)
    equal(len(pair.packages()), 30, "packages while the disk is full: reading goes on")
    ballast.unlink()
    pair.has(*[f"while-full-{n:04}" for n in range(4000)], deadline_s=90)
    equal({role: pair.server.role(role) for role in roles}, roles, "the roles' processes: none died")
    pair.stop()


@story("the disk of the agent's state is full: the server learns of changes all the same, and a later start is right", deadline_s=120)
def full_state(lab):
    need_root("a file system of its own")
    state = lab.new_folder("small-state")
    mount_tmpfs(lab, state, "1m")
    pair = Pair(lab, "fullstate", state=state).arrived()
    ballast = fill(state)
    pair.install(*[f"unsaved-{n:03}" for n in range(200)])
    pair.has(*[f"unsaved-{n:03}" for n in range(200)])
    pair.agent.kill()
    again = pair.agent.again(options=["--root", pair.tree.folder])
    pair.install("full-start")
    if again.process.poll() is None:
        try:
            pair.has("full-start", deadline_s=20)
        except AssertionError:
            check("space" in again.log or "full" in again.log, f"a start on a full disk neither works nor says why: {again.log}")
    ballast.unlink()
    if not again.is_running():
        check("space" in again.log or "full" in again.log, again.log)
        again = pair.agent.again(options=["--root", pair.tree.folder])
    pair.install("after")
    pair.has("full-start", "after")
    pair.agent = again
    pair.stop()


@story("the clock jumps a year ahead and two years back, on both sides", deadline_s=180)
def clock(lab):
    if not (build_folder("release") / "bartizand").exists():
        raise Skipped("a preloaded library needs the release build (the sanitizers' must come first)")
    own = Clock(lab)
    pair = Pair(lab, "clock", env=own.env, build="release").arrived()
    for number, offset in enumerate((YEAR_S, -YEAR_S, 0)):
        own.set(offset)
        pair.install(f"jump-{number}")
        pair.has(f"jump-{number}", deadline_s=40)
        seen = next(c for c in history(pair) if c["key"].startswith(f"dpkg jump-{number} "))
        year = time.gmtime(time.time() + offset).tm_year
        check(abs(int(seen["at"][:4]) - year) <= 1, f"offset {offset}: committed at {seen['at']}")
    pair.server.stop()
    own.set(YEAR_S)
    pair.server = pair.server.again(env=own.env)
    pair.install("restarted-ahead")
    pair.has("restarted-ahead", deadline_s=60)
    pair.agent.kill()
    own.set(-YEAR_S)
    pair.agent = pair.agent.again(options=["--root", pair.tree.folder], env=own.env)
    pair.install("restarted-behind")
    pair.has("restarted-behind", deadline_s=60)
    numbers = [c["no"] for c in history(pair)]
    equal(numbers, sorted(numbers, reverse=True), "the history's order, whatever the clock said")
    pair.stop()


def history(pair):
    return pair.server.get(f"/api/v1/assets/{pair.asset}/history?limit=1000")["items"]


@story("the cable is pulled and put back", deadline_s=120)
def unplugged(lab):
    link = Link(lab)
    pair = Pair(lab, "unplugged", link=link).arrived()
    link.unplug()
    pair.install("during")
    time.sleep(2)  # long enough for retransmissions; nothing could be waited for
    check("during" not in pair.packages(), "a change came through a cut link")
    link.plug()
    pair.has("during", deadline_s=90)
    pair.stop()


@story("every packet vanishes silently for a while, and nothing is missing afterwards", deadline_s=180)
def swallowed(lab):
    link = Link(lab)
    pair = Pair(lab, "swallowed", link=link).arrived()
    link.swallow()
    end = time.monotonic() + SILENCE_S
    number = 0
    while time.monotonic() < end:
        pair.install(f"silent-{number}")
        number += 1
        time.sleep(0.2)
    equal([p for p in pair.packages() if p.startswith("silent")], [], "packages while nothing comes through")
    link.deliver()
    pair.has(*[f"silent-{n}" for n in range(number)], deadline_s=120)
    pair.stop()


@story("the server is away for a while and comes back at the same address", deadline_s=120)
def server_away(lab):
    pair = Pair(lab, "away").arrived()
    equal(pair.server.stop(), 0, "the server's exit status")
    pair.install("while-away")
    pair.agent.wait_log("connect|closed|server", 20)
    pair.server = pair.server.again()
    pair.has("while-away", deadline_s=60)
    pair.stop()


@story("a slow link delivers a first inventory of 1,500 rows", deadline_s=180)
def slow(lab):
    link = Link(lab)
    link.slow("256kbit")
    started = time.monotonic()
    pair = Pair(lab, "slow", link=link, package_count=1500).arrived(deadline_s=120)
    note(f"1,500 packages over 256 kbit/s in {time.monotonic() - started:.1f} s")
    link.fast()
    pair.stop()


if __name__ == "__main__":
    isolate()
    tell(Lab)
