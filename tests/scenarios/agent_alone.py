#!/usr/bin/env python3
"""The agent without a server: what it can see (doctor), what it would report (--dump), and that this is what a server is told."""

import json
import signal

from lab import Agent, Lab, Server, Skipped, Tree, build_folder, check, equal, is_root, isolate, story, tell, wait_for
from lab.programs import Program

GROUPS = ["kernel and privileges", "events", "tables"]
EVENTS = ["executions", "logins", "sudo_uses", "account_changes", "service_changes", "file_changes"]


def agent_program(lab):
    return build_folder(lab.build) / "bartizan-agent"


def dump(lab, *words, expected=0):
    return lab.run(agent_program(lab), "--dump", *words, expected=expected)


def same_rows(found, expected, what):
    equal(sorted(json.dumps(row, sort_keys=True) for row in found), sorted(json.dumps(row, sort_keys=True) for row in expected), what)


@story("what is dumped of a tree is what a server is told of it, table by table")
def equal_to_the_server(lab):
    lab.tree = Tree.debian(lab.new_folder("tree"), package_count=40)
    lab.dumped = json.loads(dump(lab, "all", "--json", "--root", lab.tree.folder).stdout)
    server = Server(lab)
    agent = Agent(lab, server, token=server.token(), options=["--root", lab.tree.folder, "--once"])
    equal(agent.wait_end(30), 0, f"exit status; its log: {agent.log}")
    lab.state = agent.state
    asset = server.get("/api/v1/assets")["items"][0]["id"]
    check(len(lab.dumped) > 10, sorted(lab.dumped))
    for table, rows in lab.dumped.items():
        if table == "os":  # a tree without a name of its own is called after its folder: by the agent that knows which
            equal(len(rows), 1, "rows of os")
        same_rows(rows, server.table(asset, table), table)
    equal(len(lab.dumped["packages"]), 40, "packages")
    check(any(row["sha256"] for row in lab.dumped["files"]), "no file of the tree has a hash")
    equal(server.stop(), 0, "the server's exit status")


@story("one table alone is the same, as JSON and as aligned text")
def one_table(lab):
    for table in ("packages", "users", "os", "authorized_keys", "services"):
        words = (table, "--root", lab.tree.folder)
        rows = json.loads(dump(lab, *words, "--json").stdout)
        same_rows(rows, lab.dumped[table], table)
        lines = dump(lab, *words).stdout.splitlines()
        equal(len(lines), len(rows) + 1, f"lines of {table}")
        if rows:
            equal(lines[0].split(), list(rows[0]), f"head of {table}")
    line = next(l for l in dump(lab, "packages", "--root", lab.tree.folder).stdout.splitlines() if "package-0007" in l)
    equal(line.split()[:4], ["dpkg", "package-0007", "1.7-1", "amd64"], "a line")


@story("every table of this machine can be dumped, and says why where it cannot")
def this_machine(lab):
    done = dump(lab, "all", "--json")
    lab.everything = everything = json.loads(done.stdout)
    names = {row["collector"] for row in everything["sensor_health"]}
    check(names <= set(everything), names - set(everything))
    check(len(everything) >= 30 and everything["os"] and everything["mounts"] and everything["interfaces"], sorted(everything))
    for table, rows in everything.items():
        for row in rows:
            check(set(row) == set(everything[table][0]), f"columns of {table}")
    for row in everything["sensor_health"]:
        if row["state"] == "off":
            check(f"{row['collector']} cannot be read: {row['error']}" in done.stderr, done.stderr)


@story("a table that does not exist is refused with those that do")
def unknown_table(lab):
    done = dump(lab, "nonsense", expected=2)
    check("nonsense" in done.stderr and "packages" in done.stderr and "events" in done.stderr, done.stderr)
    equal(done.stdout, "", "stdout")
    done = dump(lab, "mounts", "--root", lab.tree.folder, expected=1)
    check("--root" in done.stderr, done.stderr)


@story("events are followed until somebody has seen enough")
def events(lab):
    follower = Program(lab, "follower", [agent_program(lab), "--dump", "events"])
    for event in EVENTS:
        follower.wait_log(rf"{event}: (by \w+|not seen: .+)")
    if "executions: by" in follower.log:
        wait_for(lambda: lab.run("/bin/true") and '"executions"' in follower.out, 20, "an execution")
    follower.process.send_signal(signal.SIGINT)
    equal(follower.wait_end(), 0, f"exit status; its log: {follower.log}")
    for line in follower.out.splitlines():
        check({"time", "event"} <= set(json.loads(line)), line)


@story("the doctor speaks of every table, every event and the kernel, and its exit status is its judgement")
def doctor(lab):
    done = lab.run(agent_program(lab), "doctor", "--json", expected=None)
    said = json.loads(done.stdout)
    equal(done.returncode, 0 if said["ok"] else 1, "exit status")
    equal(said["ok"], not [c for c in said["checks"] if c["state"] == "bad"], "ok")
    groups = {group: [c["name"] for c in said["checks"] if c["group"] == group] for group in GROUPS}
    equal(sorted(groups["events"]), sorted(EVENTS), "events")
    for word in ("user", "bpf tracepoint", "fanotify", "proc connector", "audit", "pressure (PSI)", "inotify", "landlock"):
        check(word in groups["kernel and privileges"], f"{word} is not in {groups['kernel and privileges']}")
    equal(sorted(groups["tables"]), sorted(set(lab.everything) - {"sensor_health"}), "tables")
    text = lab.run(agent_program(lab), "--doctor", expected=done.returncode).stdout
    for check_line in said["checks"]:
        check(check_line["name"] in text, f"{check_line['name']} is not in the text")


@story("the doctor says what the state folder holds, and that the server is away")
def doctor_of_a_folder(lab):
    before = sorted((p.name, p.stat().st_mtime_ns) for p in lab.state.rglob("*"))
    said = json.loads(lab.run(agent_program(lab), "doctor", "--json", "--state", lab.state, expected=1).stdout)
    found = {c["name"]: c for c in said["checks"] if c["group"] == "state folder and server"}
    equal(found["identity"]["state"], "ok", found["identity"])
    check("default" in found["identity"]["text"], found["identity"])
    equal(found["server"]["state"], "bad", found["server"])
    equal(found["agent"]["state"], "note", found["agent"])
    equal(sorted((p.name, p.stat().st_mtime_ns) for p in lab.state.rglob("*")), before, "the folder afterwards")
    (lab.state / "key" / "identity.pem").write_text("garbage")
    said = json.loads(lab.run(agent_program(lab), "doctor", "--json", "--state", lab.state, expected=1).stdout)
    check(any(c["name"] == "identity" and c["state"] == "bad" and "--token" in c["text"] for c in said["checks"]), said)


@story("without root the doctor says what stays unseen")
def without_root(lab):
    prefix = []
    if is_root():
        prefix = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        if lab.run(*prefix, "test", "-x", agent_program(lab), expected=None).returncode != 0:
            raise Skipped("the build folder is not readable for others")
    said = json.loads(lab.run(*prefix, agent_program(lab), "doctor", "--json", expected=1).stdout)
    user = next(c for c in said["checks"] if c["name"] == "user")
    check(user["state"] == "bad" and "not root" in user["text"], user)


if __name__ == "__main__":
    isolate()
    tell(Lab)
