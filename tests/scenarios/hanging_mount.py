#!/usr/bin/env python3
"""A file system that does not answer (a stopped FUSE server stands for a dead NFS one too) never stops the agent."""

import time

from lab import Agent, Hanging, Lab, Machine, Server, Tree, Watch, check, equal, isolate, story, tell, wait_for

STOP_S = 6


def table(lab, name):
    assets = lab.server.get("/api/v1/assets")["items"]
    return lab.server.table(assets[0]["id"], name) if assets else []


def health_of(lab, collector):
    return next((row["error"] or "" for row in table(lab, "sensor_health") if row["collector"] == collector), "")


def stop(lab):
    started = time.monotonic()
    equal(lab.agent.stop(), 0, "the exit status")
    check(time.monotonic() - started < STOP_S, f"it took {time.monotonic() - started:.1f} s to end")


@story("a file tree with mounts that hang is read but for them", deadline_s=90)
def tree(lab):
    lab.server = Server(lab)
    root = lab.new_folder("root")
    lab.tree = Tree.debian(root)
    for path in ("etc/hang", "home/alice/.ssh"):
        mount = Hanging(lab, root / path)
        mount.hang()
        check(mount.hangs(), "the mount answers, so this shows nothing")
    lab.agent = Agent(lab, lab.server, token=lab.server.token(), options=["--root", root])
    wait_for(lambda: any(row["path"] == "/etc/passwd" for row in table(lab, "files")), 30, "the files around the mount")
    check(not [row for row in table(lab, "files") if row["path"].startswith("/etc/hang")], "rows of the mount")


@story("a mount that comes and hangs while the agent runs does not keep it from reporting")
def while_it_runs(lab):
    watch = Watch(lab.server)
    mount = Hanging(lab, lab.tree.folder / "usr/lib/systemd/system")
    mount.hang()
    check(mount.hangs(), "the mount answers, so this shows nothing")
    lab.tree.users["late"] = 4711
    lab.tree.save_users()
    watch.wait("users", "added", ["late"], 10)
    lab.tree.write("etc/new", "new\n")
    watch.wait("files", "added", ["/etc/new"], 10)


@story("asked to end it ends, at once and cleanly")
def ends(lab):
    stop(lab)


@story("the running machine with a mount that hangs: all but what lies there, and that is said", deadline_s=120)
def live(lab):
    lab.machine = Machine(lab)
    for path in ("/etc/bartizan-hang", "/root/.ssh"):
        Hanging(lab, path).hang()
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    wait_for(lambda: table(lab, "mounts") and table(lab, "privileged_files") and table(lab, "certificates"), 60, "the first inventory")
    watch = Watch(lab.server)
    other = Hanging(lab, "/usr/local/lib/bartizan-hang")
    other.hang()
    lab.machine.run("useradd", "bzt-user")
    watch.wait("users", "added", ["bzt-user"], 10)
    watch.wait("mounts", "added", ["/usr/local/lib/bartizan-hang"], 10)
    wait_for(lambda: "/etc/bartizan-hang: fuse is not read" in health_of(lab, "files"), 60, "what is left out, in words")
    wait_for(lambda: "/root/.ssh: fuse is not read" in health_of(lab, "authorized_keys"), 20, "the same of another collector")
    stop(lab)


isolate()
tell(Lab)
