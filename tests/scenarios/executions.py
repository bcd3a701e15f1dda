#!/usr/bin/env python3
"""What is run on a machine is told once each: by a real agent, from the kernel to SQL."""

import hashlib
import os
import pathlib
import subprocess
import sys

from lab import Agent, Lab, Server, check, equal, story, tell, wait_for

MANY = 300


def events(lab, marker):
    return lab.server.sql(f"SELECT * FROM executions WHERE arguments LIKE '%{marker}%'")


@story("an agent is there, and it can see executions", deadline_s=90)
def begin(lab):
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    lab.sees = False

    def is_seen():
        subprocess.run(["/bin/true", "bzt-ready"], check=True)
        return events(lab, "bzt-ready")

    if os.getuid() != 0:
        print("# skipped: executions are seen by root only")
        return
    wait_for(is_seen, 60, "the first execution that is told", pause_s=0.5)
    lab.sees = True


@story("a program that has ended is told with arguments, parent and hash, and without its password")
def one(lab):
    if not lab.sees:
        return
    subprocess.run(["/bin/true", "bzt-one", "--password=hunter2", "", "last"], check=True)
    row = wait_for(lambda: events(lab, "bzt-one"), 20, "the execution")[0]
    path = os.path.realpath("/bin/true")
    equal(row["executable"], path, "the program")
    equal(row["arguments"], '["/bin/true","bzt-one","--password=***","","last"]', "the arguments")
    equal(row["parent"], os.path.realpath(sys.executable), "the parent")
    equal(row["parent_pid"], os.getpid(), "the parent's number")
    equal(row["sha256"], hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest(), "the hash")
    equal(row["user"], "root", "the user")


@story("of many at once each is told, and once")
def many(lab):
    if not lab.sees:
        return
    for i in range(MANY):
        subprocess.run(["/bin/true", f"bzt-many-{i}-"], check=True)
    wait_for(lambda: len(events(lab, "bzt-many-")) >= MANY, 30, f"{MANY} executions")
    told = sorted(row["arguments"] for row in events(lab, "bzt-many-"))
    equal(told, sorted(f'["/bin/true","bzt-many-{i}-"]' for i in range(MANY)), "what was told")
    check(not lab.server.sql("SELECT * FROM gaps"), "nothing was lost")


if __name__ == "__main__":
    tell(Lab)
