#!/usr/bin/env python3
"""What a scanner finds becomes assets, joins, exposures and alerts. Scanner and agents are spoken by hand, on addresses nobody sends to."""

import contextlib
import json
import time

from lab import Lab, Server, Skipped, cbor, check, equal, story, tell, wait_for
from lab.clock import Clock
from lab.programs import Program, build_folder
from lab.rows import Schema, encode_row
from lab.sensor import GOODBYE, HELLO, NO_POLICY, POLICY, REFUSE
from lab.teller import DAY, PRIVATE, PUBLIC, REPORTS, Teller, certificate, host, port


def asset_at(lab, address, tenant=None):
    rows = lab.server.sql(f"SELECT asset FROM asset_joins WHERE address = '{address}'")
    equal(len(rows), 1, f"assets at {address}")
    return rows[0]["asset"]


def assets(lab, kind):
    return {a["id"]: a for a in lab.server.get("/api/v1/assets?limit=1000")["items"] if a["kind"] == kind}


@story("nothing is anybody's before its scope is registered and proved")
def unproved(lab):
    lab.server = Server(lab)
    lab.schema = Schema(lab.server)
    lab.scanner = Teller(lab, REPORTS, "scanner")
    lab.scanner.tell("scan_hosts", host("10.7.0.1"))
    equal(assets(lab, "scanned"), {}, "assets outside of every scope")
    lab.server.cli("scope", "add", "10.7.9.9/16", "--every", "3600", "--between", "22:00-06:00", "--rate", "500", "--ports", "22,80-90")
    equal(assets(lab, "scanned"), {}, "assets in a scope that nobody proved")
    lab.server.cli("scope", "prove", PRIVATE, "--statement", "the office, by the owner")
    found = assets(lab, "scanned")
    equal([(a["name"], a["sensor"], a["is_connected"], a["addresses"]) for a in found.values()], [("10.7.0.1", None, None, ["10.7.0.1"])],
          "the asset")
    check("scope-prove" in lab.server.cli("audit").stdout, "the proof is not in the audit log")
    lab.server.cli("scope", "add", "127.0.0.0/8", expected=2)
    lab.server.cli("scope", "add", "224.1.0.0/16", expected=2)


@story("the scanner is asked to scan what is proved, and nothing else")
def asked(lab):
    answer = lab.scanner.sensor.receive(10)
    while answer[0] != POLICY or len(cbor.decode(answer[2])) < 5:
        answer = lab.scanner.sensor.receive(10)
    equal(cbor.decode(answer[2])[4], [[PRIVATE, 3600, 22 * 60, 6 * 60, 500, [[22, 22], [80, 90]]]], "the scopes")
    agent = Teller(lab, ["os"], "agent")
    agent.sensor.send([4, int(time.time() * 1000)])
    equal(assets(lab, "agent").keys() >= {agent.id()}, True, "an agent is there")
    agent.sensor.close()


@story("the first scan of a scope raises no alert, what comes after it does")
def alerted(lab):
    s = lab.scanner
    s.tell("scan_hosts", host("10.7.0.1"), host("10.7.0.2"))
    s.tell("scan_ports", port("10.7.0.1", 22, "ssh"), port("10.7.0.2", 80, "http"))
    s.tell("scan_host_keys", dict(scope=PRIVATE, address="10.7.0.1", port=22, type="ssh-ed25519", bits=256, fingerprint="SHA256:one"))
    s.tell("scan_certificates", certificate("10.7.0.2", "aa", 200))
    equal(lab.server.get("/api/v1/alerts")["items"], [], "alerts of a first scan")
    s.tell("scan_scopes", dict(scope=PRIVATE, runs=1, state="waiting", started=1, finished=int(time.time()), hosts=2))
    lab.follow = Program(lab, "follow", [build_folder() / "bartizan", "--data", lab.server.data, "events", "--follow", "--json"])
    lab.follow.wait_log("connected")
    s.tell("scan_hosts", host("10.7.0.1"), host("10.7.0.2"), host("10.7.0.3", mac="02:00:00:00:00:03"))
    s.tell("scan_ports", port("10.7.0.1", 22, "ssh"), port("10.7.0.2", 80, "http"), port("10.7.0.2", 8080, "http"))
    s.tell("scan_host_keys", dict(scope=PRIVATE, address="10.7.0.1", port=22, type="ssh-ed25519", bits=256, fingerprint="SHA256:two"))
    s.tell("scan_certificates", certificate("10.7.0.2", "bb", 200))
    items = lab.server.get("/api/v1/alerts")["items"]
    equal([(a["alert"], a["address"], a["port"], a["before"], a["after"]) for a in reversed(items)],
          [("new-host", "10.7.0.3", None, None, None), ("new-port", "10.7.0.2", 8080, None, None),
           ("host-key-changed", "10.7.0.1", 22, "SHA256:one", "SHA256:two"), ("certificate-replaced", "10.7.0.2", 443, "aa", "bb")], "alerts")
    equal(json.loads(wait_for(lambda: lab.follow.out.strip(), 10, "the alert in the stream").splitlines()[0])["row"]["alert"], "new-host", "live")
    check("SHA256:two" in lab.server.cli("alerts", "--alert", "host-key-changed").stdout, "the command")
    # the same again, with a banner: not new
    s.tell("scan_ports", port("10.7.0.1", 22, "ssh"), port("10.7.0.2", 80, "http"), port("10.7.0.2", 8080, "http", banner="x"))
    equal(len(lab.server.get("/api/v1/alerts")["items"]), 4, "alerts after an update")
    rows = lab.server.sql("SELECT port, appeared IS NOT NULL AS is_new FROM open_ports WHERE address = '10.7.0.2' ORDER BY port")
    equal(rows, [{"port": 80, "is_new": 0}, {"port": 8080, "is_new": 1}], "what is new")


@story("a machine with an agent is one asset, with the reason")
def joined(lab):
    agent = lab.agent = Teller(lab, ["os", "interfaces", "addresses", "listeners", "certificates"], "agent")
    agent.tell("os", dict(hostname="web1", id="debian"))
    agent.tell("interfaces", dict(name="eth0", mac="02:00:00:00:00:03"))
    agent.tell("addresses", dict(interface="eth0", family="ipv4", address="10.7.0.3", prefix_length=16, scope="global"))
    equal(asset_at(lab, "10.7.0.3"), agent.id(), "by address and MAC")
    joins = lab.server.get(f"/api/v1/assets/{agent.id()}/joins")["items"]
    equal([(j["evidence"], j["confidence"], j["by"]) for j in joins], [("mac", 99, None)], "the reason")
    # by what listens: no MAC was seen
    agent.tell("addresses", dict(interface="eth0", family="ipv4", address="10.7.0.2", prefix_length=16, scope="global"))
    check(asset_at(lab, "10.7.0.2") != agent.id(), "the address alone joined them")
    listener = dict(protocol="tcp", address="0.0.0.0", process="nginx")
    agent.tell("listeners", dict(listener, port=80), dict(listener, port=8080), dict(listener, port=9))
    equal(asset_at(lab, "10.7.0.2"), agent.id(), "by what listens")
    tables = {t["name"]: t["rows"] for t in lab.server.get(f"/api/v1/assets/{agent.id()}")["tables"]}
    equal((tables["open_ports"], tables["listeners"], tables["served_certificates"]), (2, 3, 1), "both its own and what was found")
    equal(json.loads(lab.server.sql("SELECT names FROM served_certificates")[0]["names"]), ["www.example.org", 'a"b\\c\n'], "a list as it came")
    # its certificate, served by nobody else
    agent.tell("addresses")
    check(asset_at(lab, "10.7.0.2") != agent.id(), "a join outlived its evidence")
    agent.tell("certificates", dict(path="/etc/ssl/a.pem", fingerprint="bb", served_at=["nginx 0.0.0.0:443"]))
    equal(asset_at(lab, "10.7.0.2"), agent.id(), "by its certificate")


@story("an operator undoes a join, and it stays undone")
def undone(lab):
    lab.server.cli("asset", "split", "web1", "10.7.0.2", "--reason", "a load balancer")
    other = asset_at(lab, "10.7.0.2")
    check(other != lab.agent.id(), "it is still joined")
    lab.agent.tell("listeners")
    lab.agent.tell("addresses", dict(interface="eth0", family="ipv4", address="10.7.0.2", prefix_length=16, scope="global"))
    equal(asset_at(lab, "10.7.0.2"), other, "joined again by itself")
    lab.server.stop()
    lab.server = lab.server.again()
    lab.agent.sensor.server = lab.scanner.sensor.server = lab.server
    lab.agent.sensor.close()
    lab.scanner.sensor.close()
    lab.agent.sensor.connect().hello(list(lab.agent.tables), NO_POLICY)
    lab.scanner.sensor.connect().hello(list(lab.scanner.tables), NO_POLICY, "scanner")
    equal(asset_at(lab, "10.7.0.2"), other, "after a restart")
    decisions = lab.server.get(f"/api/v1/assets/{lab.agent.id()}/joins")["decisions"]
    equal([(d["is_join"], d["reason"]) for d in decisions], [(False, "a load balancer")], "what is remembered")
    lab.server.cli("asset", "join", "web1", "10.7.0.2", "--scope", PRIVATE)
    equal(asset_at(lab, "10.7.0.2"), lab.agent.id(), "by an operator's word")
    lab.server.cli("asset", "split", "web1", "10.7.0.2")
    equal(asset_at(lab, "10.7.0.2"), other, "the same asset as before")


@story("a machine keeps its identity when its address changes")
def moved(lab):
    s = lab.scanner
    s.tell("scan_ports")
    s.tell("scan_hosts", host("10.7.0.50", mac="02:00:00:00:00:50"))
    before = asset_at(lab, "10.7.0.50")
    alerts = len(lab.server.get("/api/v1/alerts")["items"])
    s.tell("scan_hosts", host("10.7.0.51", mac="02:00:00:00:00:50"))
    equal(asset_at(lab, "10.7.0.51"), before, "the same MAC")
    equal(lab.server.sql("SELECT count(*) AS n FROM asset_joins WHERE address = '10.7.0.50'"), [{"n": 0}], "the address that it left")
    equal(len(lab.server.get("/api/v1/alerts")["items"]), alerts, "alerts of a move")
    s.tell("scan_hosts", host("10.7.0.51", mac="02:00:00:00:00:99"))
    check(asset_at(lab, "10.7.0.51") != before, "another machine at the same address")


@story("what is exposed is judged, and goes with its reason")
def exposed(lab):
    s = lab.scanner
    lab.server.cli("scope", "add", PUBLIC)
    lab.server.cli("scope", "prove", PUBLIC, "--statement", "ours")
    a = "45.33.32.9"
    s.tell("scan_hosts", host(a, PUBLIC, names=["db.example.org"]), host("10.7.0.51"))
    s.tell("scan_ports", port(a, 6379, "redis", PUBLIC, access="anyone"), port(a, 23, "telnet", PUBLIC), port(a, 443, "http", PUBLIC, is_tls=True))
    s.tell("scan_certificates", certificate(a, "cc", 5, PUBLIC), certificate("10.7.0.51", "dd", -3))
    s.tell("scan_tls", dict(scope=PUBLIC, address=a, port=443, name="www.example.org", grade="F", score=0, protocols=["SSLv3"], reasons=["SSL 3"],
                            vulnerabilities=["poodle_ssl"], is_trusted=True))
    s.tell("scan_web", dict(scope=PUBLIC, address=a, port=443, is_tls=True, status=200, title="admin", page="admin"))
    found = {(e["asset_name"], e["id"], e["level"]) for e in lab.server.get("/api/v1/exposures")["items"]}
    name = "db.example.org"
    for expected in [(name, "database-open", "critical"), (name, "telnet", "critical"), (name, "certificate-expires-7", "high"), (name, "tls-weak", "high"),
                     (name, "tls-vulnerable", "high"), (name, "admin-page", "high"), ("10.7.0.51", "certificate-expired", "high")]:
        check(expected in found, f"{expected} is not among {sorted(found)}")
    equal(lab.server.get("/api/v1/exposures?level=critical&search=redis")["total"], 1, "filtered")
    check("Redis can be reached from the Internet" in lab.server.cli("exposures", "--level", "high").stdout, "the command")
    s.tell("scan_ports", port(a, 6379, "redis", PUBLIC, state="filtered"), port(a, 443, "http", PUBLIC, is_tls=True))
    equal(lab.server.get("/api/v1/exposures?family=services")["items"], [], "what was closed")
    lab.agent.tell("listeners", dict(protocol="tcp", address="0.0.0.0", port=23, process="in.telnetd"))
    items = lab.server.get("/api/v1/exposures?rule=telnet")["items"]
    equal([(e["asset_name"], e["seen_by"], e["level"]) for e in items], [("web1", "agent", "medium")], "what an agent tells")


@story("the map, ports, certificates and grades are there to be drawn")
def drawn(lab):
    m = lab.server.get("/api/v1/map")
    hosts = {h[m["columns"].index("name")]: dict(zip(m["columns"], h)) for h in m["hosts"]}
    equal((hosts["db.example.org"]["kind"], hosts["db.example.org"]["subnet"], hosts["db.example.org"]["site"]), ("scanned", "45.33.32.0/24", PUBLIC),
          "a host that was scanned")
    equal((hosts["web1"]["kind"], hosts["web1"]["is_connected"]), ("agent", True), "a host with an agent")
    equal([(p["port"], p["assets"]) for p in lab.server.get("/api/v1/ports")["items"]], [(443, 1)], "ports")
    holders = lab.server.get("/api/v1/ports/holders?port=443")
    equal([(p["asset_name"], p["address"], p["protocol"], p["is_tls"]) for p in holders["items"]], [("db.example.org", "45.33.32.9", "http", True)], "who has it")
    equal(lab.server.get("/api/v1/ports/holders?protocol=redis")["total"], 0, "what was closed")
    equal([(p["name"], p["assets"], p["ports"]) for p in lab.server.get("/api/v1/services")["items"]], [("http", 1, [443])], "protocols")
    expiring = lab.server.get("/api/v1/certificates/expiring?days=30")["items"]
    equal([(c["fingerprint"], c["days_left"] < 0) for c in expiring], [("dd", True), ("cc", False)], "certificates")
    equal([c["place_count"] for c in expiring], [1, 1], "how often each is shown")
    shown = lab.server.get("/api/v1/certificates/holders?fingerprint=cc")
    equal([(h["asset_name"], h["place"], h["seen_by"]) for h in shown["items"]], [("db.example.org", "45.33.32.9:443", "scan")], "where")
    grades = lab.server.get("/api/v1/tls/grades")
    equal((grades["grades"], grades["items"][0]["protocols"]), ([{"name": "F", "count": 1}], ["SSLv3"]), "grades")
    equal((grades["next"], grades["total"]), (None, 1), "its only page")
    rules = {r["id"]: r for r in lab.server.get("/api/v1/tls/rules")["items"]}
    check("TLSv1.3" in [c["lines"] for c in rules["no-tls-1.3"]["configuration"] if c["program"] == "nginx"][0], f"how to mend: {rules['no-tls-1.3']}")


OFFICE = "10.8.0.0/24"


def run_ended(scope, finished, runs=1):
    return dict(scope=scope, runs=runs, state="waiting", started=1, finished=finished, hosts=2)


def one(lab, address):
    """The asset that is, or was, at an address."""
    found = [a for a in assets(lab, "scanned").values() if address in a["addresses"]]
    equal(len(found), 1, f"assets at {address}")
    return found[0]


def alerts_of(lab, address):
    return [a["alert"] for a in reversed(lab.server.get("/api/v1/alerts?limit=1000")["items"]) if a["address"] == address]


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


@story("a host that answers no more is shown as gone, and is the same when it is back")
def gone(lab):
    s = lab.office = Teller(lab, REPORTS, "scanner")
    lab.server.cli("scope", "add", OFFICE)
    lab.server.cli("scope", "prove", OFFICE, "--statement", "ours")
    hosts = [host(f"10.8.0.{n}", OFFICE, names=[f"pc{n}.example.org"]) for n in (1, 2)]
    ports = [port(f"10.8.0.{n}", 22, "ssh", OFFICE) for n in (1, 2)]
    first, second = int(time.time()) + 100, int(time.time()) + 200  # after all that the server sees now
    s.tell("scan_hosts", *hosts)
    s.tell("scan_ports", *ports)
    s.tell("scan_scopes", run_ended(OFFICE, first))
    two = one(lab, "10.8.0.2")
    check(two["gone"] is None and two["last_seen"].startswith(moment(first)), f"one that answered in the first run: {two}")
    s.tell("scan_ports", ports[0])
    s.tell("scan_hosts", hosts[0])
    s.tell("scan_scopes", run_ended(OFFICE, second, 2))
    check(one(lab, "10.8.0.1")["last_seen"].startswith(moment(second)), "one that answered in the second run, too")
    left = one(lab, "10.8.0.2")
    check(left["gone"] is not None and left["last_seen"].startswith(moment(first)) and left["id"] == two["id"], f"one that did not: {left}")
    equal(alerts_of(lab, "10.8.0.2"), ["host-gone"], "alerts")
    check("10.8.0.2" not in json.dumps(lab.server.get("/api/v1/map")), "what is gone is on the map")
    check("host-gone" in lab.server.cli("alerts", "--alert", "host-gone").stdout, "the command")
    joins = lab.server.get(f"/api/v1/assets/{two['id']}/joins")["items"]
    check(joins[0]["gone"] and joins[0]["answered"].startswith(moment(first)), f"its place: {joins}")
    s.tell("scan_hosts", *hosts)
    s.tell("scan_ports", *ports)
    back = one(lab, "10.8.0.2")
    equal((back["id"], back["gone"]), (two["id"], None), "when it is back")
    equal(alerts_of(lab, "10.8.0.2"), ["host-gone"], "alerts of one that is back as it was")


@story("a port that was closed and is open again is new, once more")
def reopened(lab):
    s = lab.office
    hosts = [host(f"10.8.0.{n}", OFFICE, names=[f"pc{n}.example.org"]) for n in (1, 2)]
    ssh = [port(f"10.8.0.{n}", 22, "ssh", OFFICE) for n in (1, 2)]
    s.tell("scan_scopes", run_ended(OFFICE, int(time.time()) + 300, 3))
    s.tell("scan_hosts", *hosts)
    s.tell("scan_ports", ssh[0], port("10.8.0.2", 80, "http", OFFICE))
    s.tell("scan_ports", *ssh)
    equal(alerts_of(lab, "10.8.0.2"), ["host-gone", "new-port", "new-port"], "alerts: 80, then 22 again")
    s.tell("scan_ports", ssh[0], port("10.8.0.2", 22, "ssh", OFFICE, banner="SSH-2.0-x"))
    equal(alerts_of(lab, "10.8.0.2"), ["host-gone", "new-port", "new-port"], "the same with a banner")


@story("an exposure is accepted, with a reason, until something else is found there")
def accepted(lab):
    s = lab.office
    ssh = [port(f"10.8.0.{n}", 22, "ssh", OFFICE) for n in (1, 2)]
    subject = "tcp 10.8.0.1:8080"

    def new_port():
        return lab.server.get("/api/v1/exposures?rule=new-port&asset=pc1.example.org")["items"]

    def causes():
        return [(a["subject"], a["cause"]) for a in lab.server.get("/api/v1/exposures/acceptances?ended=true")["items"]]

    def on_the_map():
        m = lab.server.get("/api/v1/map")
        return {h[1]: h[m["columns"].index("exposures")] for h in m["hosts"]}["pc1.example.org"]

    s.tell("scan_ports", *ssh, port("10.8.0.1", 8080, "http", OFFICE, product="nginx"))
    equal([(e["subject"], e["accepted"], e["evidence"]) for e in new_port()], [(subject, None, "it speaks http: nginx")], "a new port")
    equal(on_the_map(), 1, "exposures on the map")
    lab.server.cli("exposures", "accept", "pc1.example.org", "new-port", subject, expected=2)  # why?
    lab.server.cli("exposures", "accept", "pc1.example.org", "new-port", "tcp 10.8.0.1:9", "--reason", "x", expected=1)
    lab.server.cli("exposures", "accept", "pc1.example.org", "new-port", subject, "--reason", "the new proxy")
    lab.server.cli("exposures", "accept", "pc1.example.org", "new-port", subject, "--reason", "twice", expected=1)
    equal([(e["accepted"]["reason"], e["accepted"]["until"]) for e in new_port()], [("the new proxy", None)], "accepted")
    equal((on_the_map(), lab.server.get("/api/v1/exposures?accepted=false&asset=pc1.example.org")["total"]), (0, 0), "what counts")
    check("the new proxy" in lab.server.cli("exposures", "acceptances").stdout and "exposure-accept" in lab.server.cli("audit").stdout, "the list and the log")
    s.tell("scan_ports", *ssh, port("10.8.0.1", 8080, "http", OFFICE, product="nginx", version="2", banner="x"))
    equal(new_port()[0]["accepted"]["reason"], "the new proxy", "another version of the same")
    s.tell("scan_ports", *ssh, port("10.8.0.1", 8080, "socks", OFFICE, product="Dante"))
    equal((new_port()[0]["accepted"], causes()[0]), (None, (subject, "changed")), "another program")
    body = dict(asset="pc1.example.org", rule="new-port", subject=subject, reason="Dante, too", until="2099-01-01")
    number = lab.server.request("POST", "/api/v1/exposures/acceptances", body)[1]["no"]
    equal(new_port()[0]["accepted"]["no"], number, "by the API")
    s.tell("scan_ports", *ssh)
    equal((new_port(), causes()[0]), ([], (subject, "gone")), "closed")
    s.tell("scan_ports", *ssh, port("10.8.0.1", 8080, "socks", OFFICE, product="Dante"))
    equal([e["accepted"] for e in new_port()], [None], "open again")
    number = lab.server.request("POST", "/api/v1/exposures/acceptances", body)[1]["no"]
    lab.server.cli("exposures", "unaccept", str(number))
    equal((new_port()[0]["accepted"], causes()[0]), (None, (subject, "withdrawn")), "taken back")
    lab.server.cli("exposures", "unaccept", str(number), expected=1)


def held(lab):
    """All that the scanners' rows were made into."""
    tables = ["asset_joins", "scanned_hosts", "open_ports", "network_services", "exposures", "served_certificates", "web"]
    m = lab.server.get("/api/v1/map")
    connected = m["columns"].index("is_connected")
    pages = {p: lab.server.get(f"/api/v1/{p}") for p in ("ports", "ports/holders", "services", "services?by=product")}
    pages["map"] = [[cell for i, cell in enumerate(row) if i != connected] for row in m["hosts"]]
    return pages | {t: sorted(json.dumps(r, sort_keys=True) for r in lab.server.sql(f"SELECT * FROM {t}")) for t in tables}


@story("a decision changes what it speaks of, and nothing that a restart would change")
def bounded(lab):
    hosts, ports = host("10.8.0.7", OFFICE), port("10.8.0.7", 23, "telnet", OFFICE)
    lab.office.tell("scan_hosts", hosts)
    lab.office.tell("scan_ports", ports)
    before = held(lab)
    alerts = lab.server.get("/api/v1/alerts?limit=1000")["items"]
    lab.server.cli("scope", "remove", OFFICE)
    check("10.8.0.7" not in json.dumps(held(lab)["open_ports"]), "a port outside of every scope")
    lab.server.cli("scope", "add", OFFICE)
    lab.server.cli("scope", "prove", OFFICE, "--statement", "ours again")
    equal(held(lab), before, "what is held when the scope is back")
    asset = asset_at(lab, "10.8.0.7")
    lab.server.cli("asset", "split", asset, "10.8.0.7")
    check(asset_at(lab, "10.8.0.7") != asset, "it is still joined")
    lab.server.cli("asset", "join", asset, "10.8.0.7", "--scope", OFFICE)
    equal(asset_at(lab, "10.8.0.7"), asset, "by an operator's word")
    equal(lab.server.get("/api/v1/alerts?limit=1000")["items"], alerts, "decisions raise no alerts")
    now = held(lab)
    lab.server.stop()
    lab.server = lab.server.again()
    lab.office.sensor.server = lab.scanner.sensor.server = lab.server
    for teller in (lab.office, lab.scanner):
        teller.sensor.close()
        teller.sensor.connect().hello(list(teller.tables), NO_POLICY, "scanner")
    lab.office.tell("scan_web", dict(scope=OFFICE, address="10.8.0.7", port=80, name="x", is_tls=False, status=200))
    lab.office.tell("scan_web")
    equal(held(lab), now, "after a restart")


@story("tenants see nothing of each other")
def apart(lab):
    lab.server.cli("tenants", "add", "other")
    other = Teller(lab, REPORTS, "scanner", "other")
    other.tell("scan_hosts", host("45.33.32.77", PUBLIC))
    equal(lab.server.sql("SELECT count(*) AS n FROM asset_joins WHERE address = '45.33.32.77'"), [{"n": 0}], "in the tenant with the scope")
    equal(lab.server.get("/api/v1/map?tenant=other")["hosts"], [], "one's scope is not the other's")
    equal(lab.server.get("/api/v1/scopes?tenant=other")["items"], [], "scopes")
    equal(lab.server.get("/api/v1/alerts?tenant=other")["items"], [], "alerts")
    other.sensor.close()


@story("an agent cannot tell what a scanner tells, nor become one")
def refused(lab):
    number = lab.schema.number("scan_hosts")
    liar = Teller(lab, ["os", "scan_hosts"], "agent")
    row = encode_row(lab.schema, "scan_hosts", {c["name"]: host("10.7.0.66").get(c["name"]) for c in lab.schema.columns("scan_hosts")})
    liar.sensor.delta(number, [row])
    equal(liar.sensor.receive()[0], REFUSE, "an agent's report")
    liar.sensor.close()
    liar.sensor.connect().send([HELLO, 1, "scanner", "by-hand", int(time.time() * 1000), [number], NO_POLICY])
    answer = liar.sensor.receive()
    check(answer[0] == GOODBYE and "--kind scanner" in answer[2], f"the hello of an agent that says it is a scanner: {answer}")
    equal(lab.server.sql("SELECT count(*) AS n FROM asset_joins WHERE address = '10.7.0.66'"), [{"n": 0}], "assets")


@story("what was scanned goes when its scope is taken away")
def removed(lab):
    lab.server.cli("scope", "remove", PUBLIC)
    equal(lab.server.get("/api/v1/exposures?search=db.example.org")["items"], [], "exposures")
    check("db.example.org" not in json.dumps(lab.server.get("/api/v1/map")), "it is still on the map")


@contextlib.contextmanager
def elsewhere(lab, server):
    """The lab's server is another for a while."""
    before, lab.server = lab.server, server
    try:
        yield server
    finally:
        server.stop()
        lab.server = before


@story("what TLS servers were worth is told of the days before, from the history")
def day_by_day(lab):
    if not (build_folder("release") / "bartizand").exists():
        raise Skipped("the clock can be moved in a release build alone")
    clock = Clock(lab)
    clock.set(-5 * DAY)
    with elsewhere(lab, Server(lab, env=clock.env, build="release")) as server:
        server.cli("scope", "add", PUBLIC)
        server.cli("scope", "prove", PUBLIC, "--statement", "ours")
        scanner = Teller(lab, REPORTS, "scanner")
        scanner.tell("scan_hosts", host("45.33.32.9", PUBLIC), host("45.33.32.10", PUBLIC))
        one, other = (dict(scope=PUBLIC, address=a, port=443, name="www.example.org", score=0) for a in ("45.33.32.9", "45.33.32.10"))
        scanner.tell("scan_tls", dict(one, grade="F", protocols=["TLSv1.0"]), dict(other, grade="A", is_post_quantum=True, is_trusted=True, protocols=["TLSv1.2"]))
        scanner.tell("scan_certificates", certificate("45.33.32.9", "aa", 90, PUBLIC))
        clock.set(-2 * DAY)
        scanner.tell("scan_tls", dict(one, grade="B", is_post_quantum=True, protocols=["TLSv1.2"]),
                     dict(other, grade="A", is_post_quantum=True, is_trusted=True, protocols=["TLSv1.2"]))
        clock.set(0)
        days = server.get("/api/v1/tls/trend")["items"]
        equal([[(g["name"], g["count"]) for g in d["grades"]] for d in days], [[("A", 1), ("F", 1)], [("A", 1), ("B", 1)], [("A", 1), ("B", 1)]], "grades")
        equal([(d["endpoints"], d["trusted"], d["post_quantum"], d["forward_secrecy"]) for d in days], [(2, 1, 1, 0), (2, 1, 2, 0), (2, 1, 2, 0)], "shares")
        equal([({p["name"]: p["count"] for p in d["protocols"]}, [k["name"] for k in d["keys"]]) for d in days],
              [({"TLSv1.0": 1, "TLSv1.2": 1}, ["ec 256"]), ({"TLSv1.2": 2}, ["ec 256"]), ({"TLSv1.2": 2}, ["ec 256"])], "protocols and keys")
        equal(len(server.get("/api/v1/tls/trend?days=3")["items"]), 2, "days, of the last three")
        scanner.sensor.close()


@story("what is gone for a month is listed no more, and an acceptance runs out")
def aged(lab):
    if not (build_folder("release") / "bartizand").exists():
        raise Skipped("the clock can be moved in a release build alone")
    clock = Clock(lab)
    clock.set(-40 * DAY)
    with elsewhere(lab, Server(lab, env=clock.env, build="release")) as server:
        server.cli("scope", "add", OFFICE)
        server.cli("scope", "prove", OFFICE, "--statement", "ours")
        scanner = Teller(lab, REPORTS, "scanner")
        hosts = [host(f"10.8.0.{n}", OFFICE) for n in (1, 2)]
        scanner.tell("scan_hosts", *hosts)
        scanner.tell("scan_ports", port("10.8.0.1", 23, "telnet", OFFICE))
        scanner.tell("scan_scopes", run_ended(OFFICE, int(time.time()) - 40 * DAY))
        body = dict(asset="10.8.0.1", rule="telnet", subject="tcp 10.8.0.1:23", reason="moving out", until=moment(time.time() - 20 * DAY) + "Z")
        server.request("POST", "/api/v1/exposures/acceptances", body)
        scanner.tell("scan_hosts", hosts[0])
        one = asset_at(lab, "10.8.0.2")
        clock.set(-15 * DAY)
        scanner.tell("scan_scopes", run_ended(OFFICE, int(time.time()) - 15 * DAY))  # a turn: the new day is seen
        wait_for(lambda: server.get("/api/v1/exposures?accepted=false&rule=telnet")["total"] == 1, 10, "the end of the acceptance")
        equal([a["cause"] for a in server.get("/api/v1/exposures/acceptances?ended=true")["items"]], ["until"], "why it ended")
        equal(sorted(a["gone"] is None for a in assets(lab, "scanned").values()), [False, True], "after 25 days")
        clock.set(-9 * DAY)
        scanner.tell("scan_scopes", run_ended(OFFICE, int(time.time()) - 9 * DAY))
        wait_for(lambda: len(assets(lab, "scanned")) == 1, 10, "what is listed after 31 days")
        equal(server.get(f"/api/v1/assets/{one}")["gone"], None, "it is found by its id")
        scanner.tell("scan_hosts", *hosts)
        equal(asset_at(lab, "10.8.0.2"), one, "the same asset when it is back")
        scanner.sensor.close()


if __name__ == "__main__":
    tell(Lab)
