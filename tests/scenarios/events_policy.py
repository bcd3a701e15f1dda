#!/usr/bin/env python3
"""Events arrive once and are seen; policies and tags reach the sensors they are for. By a sensor that is spoken by hand."""

import hashlib
import json
import os
import signal
import time

from lab import Lab, Sensor, Server, cbor, check, equal, row_hash, story, tell, wait_for
from lab.programs import Program, build_folder
from lab.sensor import ALIVE, EVENTS_ACK, GOODBYE, NO_POLICY, POLICY, RESTART

LOGINS, EXECUTIONS = 3, 2
OS, PACKAGES, SENSOR_HEALTH = 1, 4, 33


def login(user, is_success=False):
    return cbor.encode([user, is_success, "sshd", "password", "192.0.2.9"])


def execution(path, *arguments):
    return cbor.encode([path, list(arguments), "root", 4711])


def now():
    return int(time.time() * 1000)


@story("a sensor that knows events is welcome")
def begin(lab):
    lab.server = Server(lab)
    lab.sensor = Sensor(lab, lab.server)
    equal(lab.sensor.enrol(lab.server.token())[0], 200, "enrolment")
    lab.sensor.connect().hello([PACKAGES], NO_POLICY)


@story("what it tells is acknowledged, and seen by every way there is")
def seen(lab):
    at = now()
    lab.sensor.events(77, 0, [(LOGINS, at, login("ann")), (EXECUTIONS, at + 1, execution("/bin/ls", "ls", "-l"))])
    lab.sensor.events_stored(77, 2)
    items = lab.server.get("/api/v1/events")["items"]
    equal([(e["no"], e["kind"]) for e in items], [(2, "executions"), (1, "logins")], "the events by REST")
    equal(items[0]["row"]["arguments"], ["ls", "-l"], "the arguments")
    equal(lab.server.sql("SELECT user, is_success, at FROM logins"), [{"user": "ann", "is_success": 0, "at": at}], "the events by SQL")
    text = lab.server.cli("events", "--kind", "executions", "--since", "1h").stdout
    check("executable=/bin/ls arguments=ls -l user=root pid=4711" in text and "logins" not in text, text)
    equal(len(json.loads(lab.server.cli("events", "--asset", lab.sensor.id()[:6], "--json").stdout)["items"]), 2, "the events of one asset")
    equal(int(lab.server.metric("bartizan_events_total")), 2, "the metric")


@story("they are in the live stream of whoever asked for them")
def followed(lab):
    lab.follow = Program(lab, "follow", [build_folder() / "bartizan", "--data", lab.server.data, "events", "--follow", "--json"])
    lab.follow.wait_log("connected")
    lab.sensor.events(77, 2, [(LOGINS, now(), login("bob"))])
    lab.sensor.events_stored(77, 3)
    line = wait_for(lambda: lab.follow.out.strip(), 10, "the event in the stream")
    equal(json.loads(line)["row"]["user"], "bob", "the user")


def until_restart(sensor):
    """Takes what the server still says until it asks for a new hello. True where it acknowledged events."""
    is_acknowledged = False
    while True:
        answer = sensor.receive(30)
        if answer[0] == RESTART:
            return is_acknowledged
        is_acknowledged = is_acknowledged or answer[0] == EVENTS_ACK


@story("a kill of the engine loses nothing and doubles nothing")
def exactly_once(lab):
    number = 3
    for _ in range(3):
        users = [(LOGINS, now(), login(f"u{number + n}")) for n in range(50)]
        engine = lab.server.role("engine")
        lab.sensor.events(77, number, users)
        os.kill(engine, signal.SIGKILL)
        # the connection stays; what was not acknowledged is told again
        is_acknowledged = until_restart(lab.sensor)
        lab.sensor.hello([PACKAGES], NO_POLICY)
        if not is_acknowledged:
            lab.sensor.events(77, number, users)
            lab.sensor.events_stored(77, number + 50)
        number += 50
    rows = lab.server.sql("SELECT user FROM logins WHERE user LIKE 'u%'")
    equal(sorted(r["user"] for r in rows), sorted(f"u{n}" for n in range(3, number)), "the users, each once")
    equal(lab.server.sql("SELECT count(*) AS n FROM gaps"), [{"n": 0}], "gaps")
    lab.number = number


@story("what was lost on the way is an event that says how much")
def lost(lab):
    lab.sensor.events(77, lab.number + 1000, [(LOGINS, now(), login("late"))])
    lab.sensor.events_stored(77, lab.number + 1001)
    equal(lab.server.sql("SELECT reason, count FROM gaps"), [{"reason": "ring", "count": 1000}], "the gap")
    lab.sensor.events(78, 0, [(LOGINS, now(), login("anew"))])
    lab.sensor.events_stored(78, 1)
    equal(lab.server.sql("SELECT count(*) AS n FROM gaps"), [{"n": 1}], "gaps after counting began anew")


@story("kinds that the server does not know are counted, rows that are malformed end the session")
def unknown(lab):
    lab.sensor.events(78, 1, [(30, now(), cbor.encode(["?"])), (LOGINS, now(), login("known"))])
    lab.sensor.events_stored(78, 3)
    equal(int(lab.server.metric("bartizan_unknown_events_total")), 1, "unknown ones")
    lab.sensor.events(78, 3, [(LOGINS, now(), login("good")), (LOGINS, now(), cbor.encode([1]))])
    answer = lab.sensor.receive()
    equal(answer[:2], [GOODBYE, 3], "the answer to a malformed event")
    equal(lab.server.sql("SELECT count(*) AS n FROM logins WHERE user = 'good'"), [{"n": 0}], "what came with it")



def policy_of(message):
    """A policy message as (digest, collectors, events, files, budget)."""
    check(message[0] == POLICY, f"no policy, but {message}")
    equal(hashlib.sha256(message[2]).digest()[:16], message[1], "the digest")
    return message[1], *cbor.decode(message[2])


def set_policy(lab, name, document, status=200):
    found, body = lab.server.request("PUT", f"/api/v1/policies/{name}", document)
    equal(found, status, f"setting {name}: {body}")
    return body


@story("a policy reaches a sensor that is connected, within a second")
def policy_arrives(lab):
    lab.sensor.close()
    lab.sensor.connect().hello([PACKAGES], NO_POLICY)
    path = lab.folder / "policy.json"
    path.write_text(json.dumps({"collectors": {"processes": {"enabled": False}}, "files": {"paths": ["/srv"]}}))
    started = time.monotonic()
    lab.server.cli("policy", "set", "default", "--file", path)
    digest, collectors, _, files, _ = policy_of(lab.sensor.receive(5))
    check(time.monotonic() - started < 3, "it took seconds")  # a wide margin: sanitizers, and machines that are busy
    equal((collectors, files[1]), ([[16, False, None]], ["/srv"]), "the policy")
    shown = json.loads(lab.server.cli("policy", "show", "default").stdout)
    equal(shown["collectors"], {"processes": {"enabled": False}}, "the policy as it is shown")
    equal(shown["retention"], {"events_days": 30, "events_max": 1000000000}, "how long events are kept")
    lab.digest = digest


@story("tags bring more policies, in alphabetical order; the sensor says what is in force")
def tags(lab):
    lab.sensor.send([ALIVE, now(), lab.digest, 0, 0])
    set_policy(lab, "tag:web", {"collectors": {"processes": {"period_s": 60}}, "budget": {"cpu_permille": 20}})
    set_policy(lab, "tag:db", {"budget": {"cpu_permille": 50}, "events": {"executions": {"enabled": True}}})
    asset = lab.sensor.id()
    equal(lab.server.cli("tag", asset[:8], "+web", "+db").stdout.split(), ["db", "web"], "the tags")
    digest, collectors, events, files, budget = policy_of(lab.sensor.receive(5))
    equal((collectors, events, files[1], budget[0]), ([[16, False, 60]], [[2, True, None]], ["/srv"], 20), "the merged policy")
    effective = json.loads(lab.server.cli("policy", "effective", asset, "--json").stdout)
    equal((effective["made_of"], effective["digest"]), (["default", "tag:db", "tag:web"], digest.hex()), "what applies")
    equal(lab.server.sql("SELECT tag FROM tags ORDER BY tag"), [{"tag": "db"}, {"tag": "web"}], "the tags by SQL")
    lab.sensor.send([ALIVE, now(), digest, 0, 0])
    wait_for(lambda: lab.server.sql("SELECT policy FROM sensors")[0]["policy"] == digest.hex(), 10, "the policy in force")
    lab.server.cli("tag", asset, "--", "-web")
    equal(policy_of(lab.sensor.receive(5))[4][0], 50, "the budget without web")


@story("a sensor that has it in force is not sent it; one that knows no policies is sent none")
def not_again(lab):
    wanted = bytes.fromhex(lab.server.get(f"/api/v1/assets/{lab.sensor.id()}/policy")["digest"])
    lab.sensor.close()
    lab.sensor.connect().hello([PACKAGES], wanted)
    lab.sensor.events(78, 3, [(LOGINS, now(), login("order"))])
    lab.sensor.events_stored(78, 4)  # and nothing in front
    older = Sensor(lab, lab.server)
    equal(older.enrol(lab.server.token())[0], 200, "enrolment")
    older.connect().hello([PACKAGES])
    set_policy(lab, "default", {})
    policy_of(lab.sensor.receive(5))
    older.delta(PACKAGES, [cbor.encode(["dpkg", "bash", "5.2", "amd64"])])
    older.applied(PACKAGES)  # and nothing in front
    older.close()


@story("what makes no sense is refused by its name, and every change is in the audit log")
def refused(lab):
    for document, words in (({"collectors": {"pakages": {}}}, "there is no collector 'pakages'"),
                            ({"run": "rm -rf /"}, "unknown member 'run'"),
                            ({"budget": {"cpu_permille": "all"}}, "'budget.cpu_permille' must be a whole number")):
        check(words in set_policy(lab, "default", document, 400)["error"]["message"], words)
    set_policy(lab, "web", {}, 400)
    done = lab.server.cli("tag", lab.sensor.id(), "+No", expected=1)
    check("'No' is no tag" in done.stderr, done.stderr)
    actions = [(e["action"], e["subject"].split()[0]) for e in lab.server.get("/api/v1/audit")["items"]]
    for wanted in (("policy-set", "default"), ("policy-set", "tag:web"), ("asset-tags", lab.sensor.id())):
        check(wanted in actions, f"{wanted} is not in the audit log")
    lab.server.cli("policy", "delete", "tag:db")
    policy_of(lab.sensor.receive(5))
    lab.server.cli("policy", "show", "tag:db", expected=1)



def shown(lab, sensor):
    return lab.server.get(f"/api/v1/sensors/{sensor.id()}")


@story("the server shows how a sensor is: online, its reader silent, its policy pending or in force")
def heartbeat(lab):
    set_policy(lab, "default", {"budget": {"cpu_permille": 30}})
    digest = policy_of(lab.sensor.receive(5))[0]
    equal((shown(lab, lab.sensor)["status"], shown(lab, lab.sensor)["policy"]["is_in_force"]), ("online", False), "before it says so")
    lab.sensor.send([ALIVE, now(), digest, 600, PACKAGES])
    wait_for(lambda: shown(lab, lab.sensor)["status"] == "silent", 10, "the sensor to be shown as silent")
    found = shown(lab, lab.sensor)
    check(590 <= found["silent_s"] <= 630 and found["busy_table"] == "packages" and found["policy"]["is_in_force"], found)
    check("while reading packages" in lab.server.cli("sensors").stdout, "the command line does not say it")
    lab.sensor.send([ALIVE, now(), digest, 0, 0])
    wait_for(lambda: shown(lab, lab.sensor)["status"] == "online", 10, "the sensor to be well again")
    lab.sensor.close()
    lab.sensor.connect().hello([PACKAGES, SENSOR_HEALTH], digest)
    lab.sensor.delta(SENSOR_HEALTH, [cbor.encode(["packages", "failing", "no such file", 0]), cbor.encode(["os", "ok", None, 1])])
    lab.sensor.applied(SENSOR_HEALTH)
    found = shown(lab, lab.sensor)
    equal((found["collectors_failing"], found["health"]), (1, [{"collector": "packages", "state": "failing", "error": "no such file"}]),
          "its collectors")
    check("no such file" in lab.server.cli("sensors", "show", lab.sensor.id()).stdout, "the reason is not shown")


@story("a copied state folder enrols anew without a token, and the operator sees whose copy it is")
def clone(lab):
    lab.copy = Sensor(lab, lab.server)
    equal(lab.copy.enrol(copied=lab.sensor)[0], 200, "the copy's enrolment")
    check(lab.copy.id() != lab.sensor.id(), "the copy has the original's id")
    lab.copy.connect().hello([PACKAGES])
    equal(shown(lab, lab.copy)["clone_of"], lab.sensor.id(), "whose copy it is")
    check(f"enrolled as a clone of {lab.sensor.id()}" in lab.server.cli("sensors").stdout, "the command line does not say it")
    entry = next(e for e in lab.server.get("/api/v1/audit")["items"] if e["action"] == "sensor-clone")
    equal(entry["subject"], f"{lab.copy.id()} of {lab.sensor.id()} from 127.0.0.1", "the audit log")
    status, text = Sensor(lab, lab.server).enrol()
    equal(status, 401, f"enrolment with neither token nor certificate: {text}")


@story("one key in two places is told of")
def duplicated(lab):
    def os_row(name):
        return cbor.encode([name])

    for turn in range(6):
        lab.sensor.connect()  # the one before is still open: it is replaced
        held = lab.sensor.hello([OS])
        rows = [os_row("one"), os_row("two")]
        before = [rows[turn % 2 - 1]] if OS in held and held[OS][1] else []
        new = rows[turn % 2]
        lab.sensor.delta(OS, [new], before, row_hash(OS, new))
        lab.sensor.applied(OS)
    wait_for(lambda: shown(lab, lab.sensor)["is_duplicated"], 10, "the sensor to be shown as used twice")
    text = lab.server.cli("sensors", "show", lab.sensor.id()).stdout
    check("two machines behind 127.0.0.1" in text and "Two machines use one state folder" in text, text)


@story("what was revoked has no copies")
def revoked(lab):
    lab.server.cli("sensors", "revoke", lab.sensor.id())
    status, text = Sensor(lab, lab.server).enrol(copied=lab.sensor)
    equal(status, 403, text)
    equal(shown(lab, lab.sensor)["status"], "revoked", "the status")


if __name__ == "__main__":
    tell(Lab)
