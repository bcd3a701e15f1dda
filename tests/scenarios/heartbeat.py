#!/usr/bin/env python3
"""A collector that does not move: the server says so, and at which table; it is started anew, and all is well again."""

import os
import pathlib
import signal

from lab import Agent, Lab, Server, Tree, check, equal, story, tell, wait_for

# Instead of two minutes. The server is told from a third of it on, and believes it from ten seconds on.
SILENCE = "18s"
MANY = 20000


class Watched:
    """An agent of a tree, and what the server says of it."""

    def __init__(self, lab):
        self.server, self.tree = lab.server, Tree.debian(lab.new_folder("tree"))
        known = self.assets()
        self.agent = Agent(lab, lab.server, token=lab.server.token(), options=["--root", self.tree.folder], env={"BARTIZAN_AGENT_SILENCE": SILENCE})
        self.asset = wait_for(lambda: self.assets() - known, 30, "the asset").pop()
        wait_for(lambda: len(self.packages()) == 40, 20, "its packages")
        self.collector = self.agent.wait_role("collector")

    def assets(self):
        return {a["id"] for a in self.server.get("/api/v1/assets")["items"]}

    def packages(self):
        return self.server.table(self.asset, "packages")

    def shown(self):
        return self.server.get(f"/api/v1/sensors/{self.asset}")

    def wait_status(self, status, deadline_s):
        wait_for(lambda: self.shown()["status"] == status, deadline_s, f"the sensor to be shown as {status}")

    def cpu(self):
        """Ticks that the collector used."""
        return sum(map(int, pathlib.Path(f"/proc/{self.collector}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))


@story("two agents report")
def begin(lab):
    lab.server = Server(lab)
    lab.idle, lab.busy = Watched(lab), Watched(lab)
    equal([w.shown()["status"] for w in (lab.idle, lab.busy)], ["online", "online"], "the status")


@story("their collectors stand still: API and command line say for how long and while reading what", deadline_s=60)
def silent(lab):
    os.kill(lab.idle.collector, signal.SIGSTOP)
    before = lab.busy.cpu()
    lab.busy.tree.packages.update({f"changed-meanwhile-{n}": "1-1" for n in range(MANY)})
    lab.busy.tree.save_packages()
    wait_for(lambda: lab.busy.cpu() > before + 1, 10, "the collector to read", pause_s=0.001)
    os.kill(lab.busy.collector, signal.SIGSTOP)
    lab.busy.wait_status("silent", 30)
    lab.idle.wait_status("silent", 5)
    found = lab.busy.shown()
    check(10 <= found["silent_s"] <= 30, found)
    equal(found["busy_table"], "packages", "the table that is being read")
    check(all(a["is_connected"] for a in lab.server.get("/api/v1/assets")["items"]), "an asset is not connected")
    text = lab.server.cli("sensors").stdout
    check("reader silent for" in text and "while reading packages" in text, text)


@story("one that moves again is soon told to be well", deadline_s=30)
def continued(lab):
    os.kill(lab.idle.collector, signal.SIGCONT)
    lab.idle.wait_status("online", 8)
    equal(lab.idle.agent.role("collector"), lab.idle.collector, "the collector")


@story("one that does not is killed and started anew, without the table at which it stood", deadline_s=40)
def recovered(lab):
    watched = lab.busy
    watched.agent.wait_log("the collector does not move and is started anew.*packages", 30)
    watched.agent.wait_role("collector", other_than=watched.collector)
    watched.wait_status("online", 20)
    watched.tree.users["ann"] = 2001
    watched.tree.save_users()
    wait_for(lambda: "ann" in {u["name"] for u in lab.server.table(watched.asset, "users")}, 20, "a change of another table")
    check("reader silent" not in lab.server.cli("sensors").stdout, "the command line still says it")
    equal(len(watched.packages()), 40, "the packages as they were known")


if __name__ == "__main__":
    tell(Lab)
