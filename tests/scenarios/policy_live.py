#!/usr/bin/env python3
"""What the server asks of a real agent: in force at once, remembered offline, for whom it is meant; and nothing else can be asked."""

import hashlib
import time

from lab import Agent, Lab, Machine, Server, Tree, cbor, check, equal, isolate, story, tell, wait_for
from lab.raw_server import RawServer
from lab.sensor import ALIVE, HELLO, POLICY

SOON_S = 2
PERIOD_S = 3


def set_policy(lab, name, document, expected=200):
    status, body = lab.server.request("PUT", f"/api/v1/policies/{name}", document)
    equal(status, expected, f"setting {name}: {body}")
    return body


def in_force(lab, asset=None, deadline_s=SOON_S):
    """Waits until the sensor says that the policy for it is in force."""
    path = f"/api/v1/sensors/{asset or lab.asset}"
    wait_for(lambda: lab.server.get(path)["policy"]["is_in_force"], deadline_s, "the policy to be in force")


def health(lab, name):
    rows = lab.server.sql(f"SELECT state, error FROM sensor_health WHERE asset = '{lab.asset}' AND collector = '{name}'")
    return (rows[0]["state"], rows[0]["error"]) if rows else None


def users(lab, asset=None):
    return {u["name"] for u in lab.server.table(asset or lab.asset, "users")}


def commands(lab, asset=None):
    return {c["command"] for c in lab.server.table(asset or lab.asset, "cron")}


def assets(lab):
    return {a["id"] for a in lab.server.get("/api/v1/assets")["items"]}


@story("two agents report, one of a machine, one of a tree")
def begin(lab):
    Machine(lab)
    open("/var/log/auth.log", "a", encoding="utf-8").close()
    lab.server = Server(lab)
    lab.tree = Tree("/")
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    lab.asset = wait_for(lambda: assets(lab), 30, "the asset").pop()
    lab.other_tree = Tree.debian(lab.new_folder("tree"))
    lab.other = Agent(lab, lab.server, token=lab.server.token(), options=["--root", lab.other_tree.folder])
    lab.other_asset = wait_for(lambda: assets(lab) - {lab.asset}, 30, "the second asset").pop()
    wait_for(lambda: "root" in users(lab) and "alice" in users(lab, lab.other_asset) and health(lab, "users"), 30, "their users")


@story("a collector is turned off: it says so, its rows stay, its changes are not told; turned on again it tells them")
def collector_off(lab):
    before = users(lab)
    set_policy(lab, "default", {"collectors": {"users": {"enabled": False}}})
    in_force(lab)
    wait_for(lambda: health(lab, "users") == ("off", "off by policy"), SOON_S, "the collector to say that it is off")
    lab.tree.users["off"] = 3001
    lab.tree.save_users()
    lab.tree.write("etc/cron.d/while-off", "1 1 * * * root /bin/while-off\n")
    wait_for(lambda: "/bin/while-off" in commands(lab), 10, "a later change of another table")
    equal(users(lab), before, "the users of a collector that is off")
    set_policy(lab, "default", {})
    wait_for(lambda: "off" in users(lab), SOON_S + 3, "the user that was added meanwhile")
    wait_for(lambda: health(lab, "users")[0] == "ok", SOON_S, "the collector to say that it is well")


@story("a period holds the second of two changes back")
def period(lab):
    set_policy(lab, "default", {"collectors": {"users": {"period_s": PERIOD_S}}})
    in_force(lab, lab.other_asset)
    for name in ("first", "second", "third"):
        lab.other_tree.users[name] = 3002
        lab.other_tree.save_users()
        wait_for(lambda name=name: name in users(lab, lab.other_asset), PERIOD_S + 5, f"the {name} change")
        if name == "second":
            told = time.monotonic()
    check(time.monotonic() - told > PERIOD_S - 1, "two changes came within less than the period")


@story("a kind of event is turned off and on: what happened meanwhile is not told")
def event_off(lab):
    def log(user):
        with open("/var/log/auth.log", "a", encoding="utf-8") as file:
            file.write(f"2026-11-22T03:11:00+00:00 lab sshd[7]: Accepted password for {user} from 192.0.2.7 port 5 ssh2\n")
            file.write(f"2026-11-22T03:11:00+00:00 lab sudo: {user} : TTY=pts/3 ; PWD=/ ; USER=root ; COMMAND=/bin/ls\n")

    def told(kind):
        return [e["user"] for e in lab.server.sql(f"SELECT user FROM {kind} ORDER BY no")]

    log("before")
    wait_for(lambda: told("logins") and told("sudo_uses"), 20, "the first login")
    set_policy(lab, "default", {"events": {"logins": {"enabled": False}}})
    in_force(lab)
    wait_for(lambda: health(lab, "logins") == ("off", "off by policy"), SOON_S, "logins to be off")
    log("meanwhile")
    wait_for(lambda: told("sudo_uses") == ["before", "meanwhile"], 20, "the other kind of event")
    set_policy(lab, "default", {})
    in_force(lab)
    log("after")
    wait_for(lambda: "after" in told("logins"), 20, "the login")
    equal(told("logins"), ["before", "after"], "logins")
    equal(told("sudo_uses"), ["before", "meanwhile", "after"], "uses of sudo, of the same source")


@story("a budget is kept, and the sensor says that it waits for it")
def budget(lab):
    set_policy(lab, "default", {"budget": {"bytes_per_day": 1}})
    in_force(lab)
    for n in range(4):
        lab.tree.users[f"held{n}"] = 3100 + n
        lab.tree.save_users()
    wait_for(lambda: (health(lab, "bytes_budget") or ("",))[0] == "limited", 10, "the budget to be told")
    set_policy(lab, "default", {})
    in_force(lab)
    wait_for(lambda: "held3" in users(lab), 10, "what waited")


@story("a tag's policy is for the assets with the tag alone")
def tagged(lab):
    before = lab.server.get(f"/api/v1/sensors/{lab.other_asset}")["policy"]
    set_policy(lab, "tag:web", {"collectors": {"cron": {"enabled": False}}})
    lab.server.cli("tag", lab.asset, "+web")
    in_force(lab)
    wait_for(lambda: health(lab, "cron") == ("off", "off by policy"), SOON_S, "cron to be off")
    equal(lab.server.get(f"/api/v1/sensors/{lab.other_asset}")["policy"], before, "the other one's policy")
    lab.other_tree.write("etc/cron.d/after", "1 1 * * * root /bin/after\n")
    wait_for(lambda: "/bin/after" in commands(lab, lab.other_asset), 10, "the other one's cron")


@story("it is remembered: an agent that starts without its server follows it")
def offline(lab):
    lab.server.kill()
    lab.agent.kill()
    lab.agent = lab.agent.again()
    lab.tree.write("etc/cron.d/bzt-offline", "1 1 * * * root /bin/offline\n")
    lab.server = lab.server.again()
    in_force(lab, deadline_s=20)
    lab.tree.users["online"] = 3200
    lab.tree.save_users()
    wait_for(lambda: "online" in users(lab), 20, "a change of a table that is on")
    check("/bin/offline" not in commands(lab), "a table that is off was read")
    lab.server.cli("tag", lab.asset, "--", "-web")
    wait_for(lambda: "/bin/offline" in commands(lab), 10, "the table once it is on")


@story("policies that are no policies, or too big, cannot be made")
def refused(lab):
    for document in ({"exec": "/bin/sh"}, {"collectors": []}, {"collectors": {"users": {"command": "id"}}}, {"files": {"paths": ["relative"]}},
                     {"files": {"paths": [f"/{n}" for n in range(257)]}}, {"files": {"paths": ["/" + "x" * 2000]}}, {"budget": {"cpu_permille": 0}},
                     {"budget": {"ring_bytes": 1 << 60}}, {"events": {"gaps": {"enabled": "no"}}}, b"{", b"\xff", b'{"collectors":{"users":{"enabled":1e400}}}',
                     b"[" * 5000, []):
        status, body = lab.server.request("PUT", "/api/v1/policies/default", document)
        equal(status, 400, f"{str(document)[:80]}: {body}")
    huge = {"files": {"paths": ["/" + f"{n}".zfill(1000) for n in range(256)]}}
    status, body = lab.server.request("PUT", "/api/v1/policies/default", huge)
    check(status in (400, 413), f"a policy of 256 KB: {status} {body}")
    equal(lab.server.get("/api/v1/policies/default").get("files", {}).get("paths", []), [], "the policy that holds")


def policy(*parts):
    """A policy's message, with its digest."""
    body = cbor.encode(list(parts))
    return [POLICY, hashlib.sha256(body).digest()[:16], body]


NOTHING = [None, [], [], None, None]
GOOD = policy([[6, False, None]], [], NOTHING, [None, None, None, None])


def keeps_policy(lab, raw, digest):
    """The session goes on with the same policy: it says so when it is asked to say hello anew."""
    raw.send([22, 0])
    hello = raw.until((HELLO,), 20)
    check(hello and hello[6] == digest, f"after it the sensor says {hello}")
    raw.send([16, 1, int(time.time() * 1000), 30, []])


@story("nothing else can be commanded: whatever a server says, the agent keeps its policy and ends the session, or goes on", deadline_s=120)
def commanded(lab):
    lab.other.stop()
    lab.server.stop()
    raw = RawServer(lab, lab.server)
    raw.greet()
    raw.send(GOOD)
    told = raw.until((ALIVE,), 10)
    check(told and told[2] == GOOD[1], f"a good policy was answered with {told}")
    collector = lab.agent.wait_role("collector")
    # the session goes on: what cannot be read is not applied
    for bad in ([POLICY, bytes(16), GOOD[2]], [POLICY, hashlib.sha256(b"\xff").digest()[:16], b"\xff"], policy("run", "/bin/sh"), policy([[6, "x"]], [], [], []),
                policy([], [], [None, ["/x" * 700], [], None, None], []), policy([], [], [None, ["/x"] * 300, [], None, None], [])):
        raw.send(bad)
    keeps_policy(lab, raw, GOOD[1])
    equal(lab.agent.role("collector"), collector, "the collector")
    for words in ([200, "exec", "/bin/sh"], [6], [HELLO, 1, "agent", "x", 0, []], [2, 6, 1, 0, 0, bytes(16), b"", b"", []], [4, 0], [5, 1, 0, []], [17, 6, 1, b"x"],
                  [18, 6, 99], [19, 200, 1, "x"], [POLICY, GOOD[1], b"\x80" * 70000], [24, 1], [16, 1, 0, 30, []], [21, 3, "x", 0], [21], [], [POLICY], b"text", 7,
                  [22, -1]):
        raw.send(words)
        ended_or_going(lab, raw, words)
    for body, length in ((b"\xff" * 40, None), (b"\x9f\xff", None), (b"", 0), (b"x", 1 << 21), (b"\x81" * 3000, None)):
        raw.send_frame(body, length)
        ended_or_going(lab, raw, (body, length))
    keeps_policy(lab, raw, GOOD[1])
    raw.close()
    lab.server = lab.server.again()
    in_force(lab, deadline_s=60)
    lab.tree.users["afterwards"] = 3300
    lab.tree.save_users()
    wait_for(lambda: "afterwards" in users(lab), 20, "a change afterwards")


def ended_or_going(lab, raw, said):
    """Either the sensor closes, and comes again with its policy, or it goes on with it."""
    raw.send([22, 0])
    try:
        answer = raw.until((HELLO,), 5)
    except AssertionError as error:
        raise AssertionError(f"{str(said)[:80]} made it silent") from error
    if answer is None:
        # a new process need not wait for the growing pause
        equal(lab.agent.stop(), 0, f"the agent's exit status after {str(said)[:80]}")
        lab.agent = lab.agent.again()
        answer = raw.greet()
    else:
        raw.send([16, 1, int(time.time() * 1000), 30, []])
    equal(answer[6], GOOD[1], f"the policy after {str(said)[:80]}")


if __name__ == "__main__":
    isolate()
    tell(Lab)
