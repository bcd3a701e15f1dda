#!/usr/bin/env python3
"""State folders that were copied, put back, damaged, or have no room: who is who stays right, and a person is told what to do."""

import os
import shutil

from lab import Agent, Lab, Server, Tree, check, equal, isolate, note, story, tell, wait_for
from lab.machine import mount_tmpfs
from lab.story import need_root

OTHER_MACHINE = 'mount --bind "$0" /etc/machine-id && exec "$@"'
TABLE_ROWS = 40


def assets(lab):
    return {a["id"]: a for a in lab.server.get("/api/v1/assets")["items"]}


def shown(lab, asset):
    return lab.server.get(f"/api/v1/sensors/{asset}")


def elsewhere(lab):
    """In front of a command: a machine with another machine-id."""
    path = lab.new_folder("elsewhere") / "machine-id"
    path.write_text(os.urandom(16).hex() + "\n")
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", OTHER_MACHINE, str(path)]


def copy(lab, state):
    target = lab.new_folder("copies") / "state"
    shutil.copytree(state, target)
    return target


@story("a state folder on a second machine enrols anew without a token, and both report side by side")
def copied(lab):
    need_root("a mount namespace with another machine-id")
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    lab.original = wait_for(lambda: assets(lab), 30, "the asset").popitem()[0]
    wait_for(lambda: lab.server.table(lab.original, "users"), 30, "its users")
    lab.agent.stop()
    state = copy(lab, lab.agent.state)
    lab.agent = lab.agent.again()
    prefix = elsewhere(lab)
    clone = Agent(lab, lab.server, state, prefix=prefix)
    clone.wait_log("this state folder was copied from another machine")
    clone.wait_log("enrolled anew, as a machine of its own")
    new = wait_for(lambda: set(assets(lab)) - {lab.original}, 20, "the clone's own asset").pop()
    equal(shown(lab, new)["clone_of"], lab.original, "whose copy it is")
    check(f"enrolled as a clone of {lab.original}" in lab.server.cli("sensors").stdout, "the operator does not see it")
    wait_for(lambda: all(a["is_connected"] for a in assets(lab).values()), 20, "both to be connected")
    wait_for(lambda: lab.server.table(new, "users") == lab.server.table(lab.original, "users"), 20, "the clone's users")
    equal(lab.server.sql("SELECT count(*) AS n FROM gaps"), [{"n": 0}], "gaps")
    # from now on it is at home
    clone.stop()
    again = clone.again(prefix=prefix)
    wait_for(lambda: assets(lab)[new]["is_connected"], 20, "the clone to come back")
    check("copied" not in again.log, again.log)
    equal(len(assets(lab)), 2, "assets")
    again.stop()


@story("a state folder that was put back on its machine keeps its identity")
def restored(lab):
    need_root("the machine's own state folder")
    lab.agent.stop()
    lab.backup = copy(lab, lab.agent.state)
    shutil.rmtree(lab.agent.state)
    shutil.copytree(lab.backup, lab.agent.state)
    count = len(assets(lab))
    lab.agent = lab.agent.again()
    wait_for(lambda: assets(lab)[lab.original]["is_connected"], 20, "the asset to come back")
    equal(len(assets(lab)), count, "assets")


@story("what is remembered of the machine is damaged: the identity stays, and it is remembered anew")
def forgotten(lab):
    need_root("the machine's own state folder")
    for data in damages((lab.agent.state / "machine").read_bytes()).values():
        lab.agent.stop()
        (lab.agent.state / "machine").write_bytes(data)
        lab.agent = lab.agent.again()
        wait_for(lambda: assets(lab)[lab.original]["is_connected"], 20, "the asset to come back")
        check((lab.agent.state / "machine").read_bytes() != data, "it was not remembered anew")


@story("one key in two places at once is told of", deadline_s=60)
def twice(lab):
    need_root("the machine's own state folder")
    # a virtual machine that was copied with its machine-id: nothing in the folder tells, but it has another name
    second = Agent(lab, lab.server, lab.backup, prefix=["unshare", "--uts", "sh", "-c", 'hostname second && exec "$0" "$@"'])
    wait_for(lambda: shown(lab, lab.original)["is_duplicated"], 50, "the sensor to be shown as used twice")
    check("Two machines use one state folder" in lab.server.cli("sensors", "show", lab.original).stdout, "the operator is not told what to do")
    second.stop()
    lab.agent.stop()


def damages(data):
    return {"empty": b"", "garbage": bytes(b * 7 + 3 & 255 for b in range(256)) * 4, "truncated": data[:len(data) // 2], "flipped": data[:-9] + b"\0" * 9}


def outcome(lab, agent, number):
    """Starts over a damaged folder: True where it reports again, the last words where it ends or asks for a person."""
    lab.tree.users = {f"after{number}": 4000 + number}
    lab.tree.save_users()

    def done():
        if f"after{number}" in {u["name"] for u in lab.server.table(lab.asset, "users")}:
            return "reports"
        if not agent.is_running() or ' do="' in agent.log:
            return agent.log
        return None

    return wait_for(done, 20, f"an agent that reports, or says what to do: {agent.log}")


@story("each file of the state folder is damaged in each way: it heals, or a person is told what to do", deadline_s=120)
def damaged(lab):
    if not hasattr(lab, "server"):
        lab.server = Server(lab)
    known = set(assets(lab))
    lab.tree = Tree.debian(lab.new_folder("tree"), TABLE_ROWS)
    options = ["--root", lab.tree.folder]
    agent = Agent(lab, lab.server, token=lab.server.token(), options=options)
    lab.asset = wait_for(lambda: set(assets(lab)) - known, 30, "the asset").pop()
    wait_for(lambda: len(lab.server.table(lab.asset, "packages")) == TABLE_ROWS, 30, "its packages")
    equal(agent.stop(), 0, "the exit status")
    good = copy(lab, agent.state)
    heals, told, number = [], [], 0
    files = sorted(p.relative_to(good) for p in good.rglob("*") if p.is_file())
    check(len(files) >= 7, files)
    for name in files:
        for how, data in damages((good / name).read_bytes()).items():
            number += 1
            state = copy(lab, good)
            (state / name).write_bytes(data)
            again = Agent(lab, lab.server, state, options=options)
            said = outcome(lab, again, number)
            (heals if said == "reports" else told).append(f"{name}:{how}")
            if said != "reports":
                words = said.lower()
                check("give --" in words or "token" in words or "check the ca" in words or "check that" in words, f"{name} {how}: {said}")
            if again.is_running():
                equal(again.stop(), 0, f"the exit status after {name} {how}")
            shutil.rmtree(state)
    note(f"heal: {' '.join(heals)}")
    note(f"a person is told what to do: {' '.join(told)}")
    for name in ("snapshot.0", "snapshot.1", "events", "policy", "lock"):
        check(not [t for t in told if t.startswith(name + ":")], f"{name} does not heal: {told}")
    equal(len(set(assets(lab)) - known), 1, "assets of it")
    lab.good, lab.options = good, options


@story("a key that is damaged is replaced where a token is given")
def replaced(lab):
    (lab.good / "key" / "identity.pem").write_bytes(b"garbage")
    known = set(assets(lab))
    again = Agent(lab, lab.server, lab.good, token=lab.server.token(), options=lab.options)
    again.wait_log("it enrols anew with the token")
    wait_for(lambda: set(assets(lab)) - known, 20, "the new asset")
    again.stop()


@story("no room in the state folder at the first start: it is said, and the agent enrols once there is room", deadline_s=60)
def full(lab):
    need_root("a file system of its own")
    state = lab.new_folder("small-state")
    mount_tmpfs(lab, state, "256k")
    state.chmod(0o700)
    known = set(assets(lab))
    token = lab.server.token(uses=2)
    ballast = state / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    agent = Agent(lab, lab.server, state, token=token, options=lab.options)
    wait_for(lambda: "space" in agent.log or "full" in agent.log, 20, f"a word about the disk: {agent.log}")
    ballast.unlink()

    def enrolled():
        nonlocal agent
        if not agent.is_running():  # it may have ended, and need some time for that
            agent = Agent(lab, lab.server, state, token=token, options=lab.options)
        return set(assets(lab)) - known

    wait_for(enrolled, 40, "the asset")
    agent.stop()


if __name__ == "__main__":
    isolate()
    tell(Lab)
