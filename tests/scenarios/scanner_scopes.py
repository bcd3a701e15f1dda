#!/usr/bin/env python3
"""A scanner's scopes as an operator has them: IPv6, a name, several at once, a /16; paused, at hours, slow, restarted in the middle, opted out of."""

import base64
import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

from lab import Lab, Machine, Server, Skipped, check, children_of, equal, is_root, isolate, note, story, tell, wait_for
from lab.network import Scanner, Space, run, wait_port

SMALL, NET6, NAME, WIDE = "10.20.255.0/28", "2001:db8:20::/120", "www.lab.test", "10.20.0.0/16"
SPARED = "10.20.255.9"
# two passes in some six seconds, echo requests beside them
WIDE_RATE = 40000
GOING_ON = r"scanning.*10\.20\.0\.0/16.* from=[1-9]"
SMALL_HOSTS = ["10.20.255.2", "10.20.255.7"]
NET6_HOSTS = ["2001:db8:20::2", "2001:db8:20::fe"]
NAMED = "10.20.200.5"
WIDE_HOSTS = sorted([*SMALL_HOSTS, NAMED, *(f"10.20.{i * 9}.{i * 11 % 250 + 1}" for i in range(27))])

WEB = """
import asyncio, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(sys.argv[1], sys.argv[2])
async def handle(reader, writer):
    try:
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(b"HTTP/1.1 200 OK\\r\\nServer: lab/1.0\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    writer.close()
async def main():
    for host in ("0.0.0.0", "::"):
        await asyncio.start_server(handle, host, 80, backlog=1000)
    await asyncio.start_server(handle, "10.20.255.2", 443, ssl=context)
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def scopes(lab):
    return {r["scope"]: r for r in lab.server.sql("SELECT * FROM scan_scopes")}


def state(lab, scope):
    return scopes(lab).get(scope, {}).get("state")


def hosts(lab, scope):
    return {r["address"]: r for r in lab.server.sql(f"SELECT * FROM scan_hosts WHERE scope = '{scope}'")}


def add(lab, scope, *options):
    lab.server.cli("scope", "add", scope, *map(str, options))
    lab.server.cli("scope", "prove", scope, "--statement", "the lab, by who runs it")


def finished(lab, scope, deadline_s=40):
    def there():
        row = scopes(lab).get(scope)
        return row if row and row["runs"] >= 1 and row["finished"] and row["state"] == "waiting" else None

    return wait_for(there, deadline_s, f"{scope} to be scanned; the scanner said {lab.scanner.log[-1500:]}")


def counted(lab, name):
    """Packets that came off the wire at the far side."""
    listed = json.loads(lab.far.run("nft", "-j", "list", "counter", "inet", "lab", name))
    return next(o["counter"]["packets"] for o in listed["nftables"] if "counter" in o)


def is_idle(lab):
    """No process that sends."""
    return not children_of(lab.scanner.role("scan-find"))


def opt_out(folder, *lines):
    """The signed list, as docs/scanning.md says how to make it."""
    words = "".join(line + "\n" for line in lines).encode()
    (folder / "list").write_bytes(words)
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "key.pem")
    run("openssl", "pkeyutl", "-sign", "-inkey", folder / "key.pem", "-rawin", "-in", folder / "list", "-out", folder / "list.sig")
    target = pathlib.Path("/etc/bartizan")
    target.mkdir(exist_ok=True)
    (target / "opt-out").write_bytes(words + b"signature " + base64.b64encode((folder / "list.sig").read_bytes()) + b"\n")
    run("openssl", "pkey", "-in", folder / "key.pem", "-pubout", "-out", target / "opt-out.pub")


@story("a network of 65,536 addresses, another of IPv6, names, and a list of who is not to be scanned")
def begin(lab):
    if not is_root():
        raise Skipped("needs root: namespaces and raw packets")
    for program in ("dnsmasq", "nft", "openssl"):
        if shutil.which(program) is None:
            raise Skipped(f"{program} is not installed")
    lab.machine = Machine(lab)
    lab.work = lab.new_folder("scopes")
    lab.far = Space(lab)
    lab.far.link(2)
    for words in (f"route add {WIDE} via 192.0.2.2", f"-6 route add {NET6} via 2001:db8:2::2"):
        run("ip", *words.split())
    for address in (*WIDE_HOSTS, SPARED, *NET6_HOSTS):
        lab.far.own(address)
    # else the kernel would say for half of them that they are not there
    lab.far.run("nft", "-f", "-", input="table inet lab { counter wide { }\n counter spared { }\n counter syns { }\n"
                " chain in { type filter hook prerouting priority -300;\n tcp flags & (syn | ack) == syn counter name syns\n"
                f" ip daddr {WIDE} tcp dport 80 tcp flags & (syn | ack) == syn counter name wide\n ip daddr {SPARED} counter name spared\n }}\n }}\n")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Box.lab.test", "-days", "90",
        "-addext", "subjectAltName=DNS:Box.lab.test,DNS:*.lab.test", "-keyout", lab.work / "tls.key", "-out", lab.work / "tls.pem")
    lab.web = lab.far.start("web", sys.executable, "-c", WEB, lab.work / "tls.pem", lab.work / "tls.key")
    pathlib.Path("/etc/resolv.conf").unlink(missing_ok=True)
    pathlib.Path("/etc/resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    reverse = ".".join(reversed(SMALL_HOSTS[0].split("."))) + ".in-addr.arpa"
    lab.names = subprocess.Popen(["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--log-facility=-", "--log-queries",
                                  "--listen-address=127.0.0.1", "--bind-interfaces", f"--host-record={NAME},{NAMED}", f"--ptr-record={reverse},two.lab.test",
                                  "--local=/lab.test/", "--local=/in-addr.arpa/", "--local=/ip6.arpa/", "--user=root", "--pid-file="],
                                 stdout=subprocess.DEVNULL, stderr=open(lab.work / "dnsmasq.log", "wb"))
    lab.closing.append(lab.names.kill)
    opt_out(lab.work, f"{SPARED} # asked on Monday")
    wait_port(SMALL_HOSTS[0], 443)
    lab.server = Server(lab)
    lab.scanner = Scanner(lab, token=lab.server.cli("enroll-token", "--kind", "scanner").stdout.split()[0])
    lab.scanner.wait_log("connected")


@story("a prefix of IPv6, a name and a prefix of IPv4 are scanned side by side, each to its end")
def several(lab):
    for scope in (NET6, NAME, SMALL):
        add(lab, scope, "--ports", "80,443", "--rate", "2000", "--every", "86400")
    rows = {scope: finished(lab, scope) for scope in (NET6, NAME, SMALL)}
    equal({s: (r["addresses"], r["hosts"]) for s, r in rows.items()}, {NET6: (256, 2), NAME: (1, 1), SMALL: (15, 2)}, "addresses and hosts of each")
    equal(sorted(hosts(lab, NET6)), sorted(NET6_HOSTS), "hosts of IPv6")
    equal(sorted(hosts(lab, SMALL)), SMALL_HOSTS, "hosts of IPv4")
    ports = {(r["scope"], r["address"], r["port"], r["protocol"]) for r in lab.server.sql("SELECT * FROM scan_ports")}
    equal(ports, {(NET6, a, 80, "http") for a in NET6_HOSTS} | {(SMALL, a, 80, "http") for a in SMALL_HOSTS} | {(SMALL, SMALL_HOSTS[0], 443, "http"), (NAME, NAMED, 80, "http")},
          "ports")
    equal({r["name"] for r in lab.server.sql(f"SELECT name FROM scan_web WHERE scope = '{NAME}'")}, {NAME}, "a name is asked for by its name")


@story("hosts have the names that DNS, and their certificates, tell, and only addresses of scopes are looked up")
def named(lab):
    wait_for(lambda: len(json.loads(hosts(lab, SMALL)[SMALL_HOSTS[0]]["names"] or "[]")) == 2, 20, "two names")
    equal(json.loads(hosts(lab, SMALL)[SMALL_HOSTS[0]]["names"]), ["two.lab.test", "box.lab.test"], "names")
    asked = [line.split("query[PTR] ")[1].split()[0] for line in (lab.work / "dnsmasq.log").read_text().splitlines() if "query[PTR]" in line]
    known = [*SMALL_HOSTS, *NET6_HOSTS, NAMED]
    check(asked and len(set(asked)) <= len(known), f"looked up: {asked}")
    equal([a for a in asked if not a.endswith(("20.10.in-addr.arpa", "0.2.0.0.8.b.d.0.1.0.0.2.ip6.arpa"))], [], "look-ups of other addresses")


@story("who asked not to be scanned is not: no packet, though the address answers")
def spared(lab):
    equal(counted(lab, "spared"), 0, "packets to it")


@story("a /16 that is stopped in the middle goes on: every host, no gap, and twice only what the last answers were waited for")
def middle(lab):
    before = counted(lab, "wide")
    add(lab, WIDE, "--ports", "80", "--rate", WIDE_RATE, "--every", "86400")
    # what was sent within the last seconds is not surely answered
    wait_for(lambda: counted(lab, "wide") > before + WIDE_RATE * 9 // 4, 30, "a part of it that is surely done")
    equal(lab.scanner.stop(), 0, "exit status in the middle of a run")
    sent = counted(lab, "wide") - before
    check(sent < 2 * 65536, f"it was stopped in the middle, after {sent} probes")
    lab.scanner = lab.scanner.again()
    lab.scanner.wait_log(GOING_ON)
    row = finished(lab, WIDE)
    equal((row["addresses"], row["hosts"], row["open_ports"]), (65535, len(WIDE_HOSTS), len(WIDE_HOSTS)), "addresses, hosts, open ports")
    equal(sorted(hosts(lab, WIDE)), WIDE_HOSTS, "hosts")
    sent = counted(lab, "wide") - before
    note(f"{sent} probes of a port, for {2 * 65535} that two passes are")
    check(2 * 65535 <= sent < 2 * 65535 + 5 * WIDE_RATE // 2, f"{sent} probes for {2 * 65535}")
    equal(counted(lab, "spared"), 0, "packets to who asked not to be scanned")


@story("a fast run that was asked for keeps its rate, and is as fast after a restart")
def fast(lab):
    # other ports are looked for at once, at the rate that is asked for
    lab.server.cli("scope", "add", WIDE, "--ports", "80,81", "--rate", "9000")
    lab.scanner.wait_log(r"scanning.*10\.20\.0\.0/16.*run=2.* rate=9000")
    first, started = counted(lab, "syns"), time.monotonic()
    wait_for(lambda: counted(lab, "syns") > first + 30000, 30, "probes")
    rate = (counted(lab, "syns") - first) / (time.monotonic() - started)
    note(f"{rate:.0f} SYNs a second, of 9,000 probes")
    check(rate < 9500, f"{rate} SYNs a second")
    equal(lab.scanner.stop(), 0, "exit status")
    lab.scanner = lab.scanner.again()
    lab.scanner.wait_log(GOING_ON + ".*rate=9000")


@story("a scope that is turned off stops at once, and goes on where it was when it is turned on; at other hours nothing is sent")
def paused(lab):
    lab.server.cli("scope", "add", WIDE, "--off")
    wait_for(lambda: is_idle(lab), 5, "the senders to be gone")
    wait_for(lambda: state(lab, WIDE) == "off", 5, "the scope is off")
    equal(sorted(hosts(lab, WIDE)), WIDE_HOSTS, "what was found stays")
    lab.server.cli("scope", "add", WIDE, "--on")
    wait_for(lambda: len(re.findall(GOING_ON, lab.scanner.log)) == 2, 10, "it goes on")
    now = datetime.datetime.now(datetime.timezone.utc)
    later, around = ("-".join((now + datetime.timedelta(hours=h)).strftime("%H:%M") for h in pair) for pair in ((2, 3), (-1, 2)))
    lab.server.cli("scope", "add", WIDE, "--between", later)
    wait_for(lambda: is_idle(lab), 10, "the senders to be gone")
    wait_for(lambda: state(lab, WIDE) == "waiting", 5, "the scope waits for its hours")
    lab.server.cli("scope", "add", WIDE, "--between", around, "--rate", "60000")
    wait_for(lambda: scopes(lab)[WIDE]["runs"] == 2 and state(lab, WIDE) == "waiting", 40, "the run's end within its hours")
    equal(sorted(hosts(lab, WIDE)), WIDE_HOSTS, "hosts")


@story("the scanner says why a scope cannot be scanned, and that no server of names answers")
def health(lab):
    lab.names.kill()
    lab.server.cli("scope", "remove", NAME)
    add(lab, "elsewhere.lab.test", "--ports", "80")
    wait_for(lambda: state(lab, "elsewhere.lab.test") == "refused", 20, "the scope is refused")

    def limited():
        told = lab.server.sql("SELECT collector, state, error FROM sensor_health WHERE collector = 'scopes' AND state = 'limited'")
        return told and "elsewhere.lab.test" in told[0]["error"]

    wait_for(limited, 10, "sensor_health says so")
    equal(lab.scanner.stop(), 0, "exit status")


if __name__ == "__main__":
    isolate()
    tell(Lab)
