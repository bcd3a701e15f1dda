#!/usr/bin/env python3
"""`bartizan scan` where the way is not plain: several routes, links that share an address, gateways that are not there, senders that fail half way, and what
people write wrongly."""

import json
import os
import subprocess
import sys

from lab import Lab, Skipped, build_folder, check, equal, isolate, need_root, note, story, tell, wait_for

SNMP_V2C = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 161))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(2048)
    # a device of version 2c: a version it does not know is dropped; the request's number is repeated
    if data[2:5] == b"\\x02\\x01\\x01" and b"public" in data:
        number = data[17:21]
        text = b"Lab switch 12.2(55)SE"
        binding = b"\\x06\\x08\\x2b\\x06\\x01\\x02\\x01\\x01\\x01\\x00\\x04" + bytes([len(text)]) + text
        binding = b"\\x30" + bytes([len(binding)]) + binding
        pdu = b"\\x02\\x04" + number + b"\\x02\\x01\\x00\\x02\\x01\\x00\\x30" + bytes([len(binding)]) + binding
        body = b"\\x02\\x01\\x01\\x04\\x06public\\xa2" + bytes([len(pdu)]) + pdu
        s.sendto(b"\\x30" + bytes([len(body)]) + body, peer)
"""


def run(*words, check_code=True, **options):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, **options)
    if check_code and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done


def command(*words):
    return [str(build_folder() / "bartizan"), "scan", *map(str, words), "--authorized", "--no-identify", "--wait", "600ms"]


def scan(*words, code=0):
    done = run(*command(*words, "--json"), check_code=False, timeout=60)
    check("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr[-2000:])
    equal(done.returncode, code, f"exit code ({done.stderr[-300:]})")
    return json.loads(done.stdout) if done.stdout else done.stderr


def ports_of(found):
    rows = [(h["address"], p.get("port"), p["state"]) for h in found["hosts"] for p in h["ports"] if p["transport"] in ("tcp", "udp")]
    equal(len(rows), len(set(rows)), "rows without a repeat")
    return rows


def inside(side, *words, **options):
    return run("nsenter", "-t", side.pid, "-n", *words, **options)


def new_side(lab, name, number):
    """Another machine behind a link of its own; both sides call themselves fe80::2."""
    side = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    lab.closing.append(side.kill)
    ours = os.readlink("/proc/self/ns/net")
    wait_for(lambda: os.readlink(f"/proc/{side.pid}/ns/net") != ours, 5, "the other name space")
    run("ip", "link", "add", "name", name, "type", "veth", "peer", "name", "far0", "netns", side.pid)
    for words in (f"addr add 192.0.{number}.1/24 dev {name}", f"-6 addr add 2001:db8:{number}::1/64 dev {name} nodad", f"-6 addr add fe80::1/64 dev {name} nodad",
                  f"link set {name} up"):
        run("ip", *words.split())
    for words in (f"addr add 192.0.{number}.2/24 dev far0", f"-6 addr add 2001:db8:{number}::2/64 dev far0 nodad", "-6 addr add fe80::2/64 dev far0 nodad",
                  "link set far0 up", "link set lo up", "route add local 10.20.0.0/16 dev lo", "-6 route add local 2001:db8:20::/48 dev lo",
                  f"route add default via 192.0.{number}.1", f"-6 route add default via 2001:db8:{number}::1"):
        inside(side, "ip", *words.split())
    inside(side, "sh", "-c", "echo 200000 > /proc/sys/net/ipv4/tcp_max_syn_backlog; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; echo 200000 > /proc/sys/net/core/somaxconn")
    return side


def listen(lab, side, port):
    code = (f"import socket,time\nk=[socket.create_server(('0.0.0.0',{port}),backlog=65535),socket.create_server(('::',{port}),family=socket.AF_INET6,backlog=65535)]\n"
            "print('ready',flush=True)\ntime.sleep(600)")
    listener = subprocess.Popen(["nsenter", "-t", str(side.pid), "-n", sys.executable, "-c", code], stdout=subprocess.PIPE)
    lab.closing.append(listener.kill)
    equal(listener.stdout.readline(), b"ready\n", "the listener")


@story("two machines behind two links")
def begin(lab):
    need_root("namespaces and raw packets")
    lab.left, lab.right = new_side(lab, "way-a", 2), new_side(lab, "way-b", 3)
    listen(lab, lab.left, 80)
    listen(lab, lab.right, 81)


@story("a range that several routes share is sent each part its way")
def several_routes(lab):
    for words in ("route add 10.20.0.0/25 via 192.0.2.2", "route add 10.20.0.128/26 via 192.0.3.2", "route add unreachable 10.20.0.192/26",
                  "-6 route add 2001:db8:20::/121 via 2001:db8:2::2", "-6 route add 2001:db8:20::80/121 via 2001:db8:3::2"):
        run("ip", *words.split())
    found = scan("10.20.0.0/24", "2001:db8:20::/120", "-p", "80,81", "--rate", "20000")
    rows = ports_of(found)
    equal({(h.split(".")[-1], p) for h, p, _ in rows if "." in h}, {(str(i), 80) for i in range(128)} | {(str(i), 81) for i in range(128, 192)}, "IPv4, each where it is")
    equal(sum(p == 80 and ":" in h for h, p, _ in rows), 128, "IPv6 on the left")
    equal(sum(p == 81 and ":" in h for h, p, _ in rows), 128, "IPv6 on the right")
    equal(found["report"]["unreachable"], 64, "addresses without a way")


@story("a network's own address and its broadcast address are nobody's, and all the others are reached")
def whole_link(lab):
    found = scan("192.0.2.0/24", "-p", "80", "--rate", "20000")
    equal((found["report"]["unreachable"], found["report"]["nobodys"]), (0, 2), "addresses without a way, and nobody's")
    check(("192.0.2.2", 80) in {(h, p) for h, p, _ in ports_of(found)}, "who is on the link")


@story("a rule that sends a part by another table is followed, too")
def rules(lab):
    run("ip", "route", "add", "default", "via", "192.0.3.2", "table", "77")
    run("ip", "rule", "add", "to", "10.20.0.64/26", "lookup", "77")
    try:
        rows = ports_of(scan("10.20.0.0/25", "-p", "80,81", "--rate", "20000"))
    finally:
        run("ip", "rule", "del", "to", "10.20.0.64/26", "lookup", "77")
    equal((sum(p == 80 for _, p, _ in rows), sum(p == 81 for _, p, _ in rows)), (64, 64), "by the routes, and by the rule's table")


@story("a link-local address is another machine on each link")
def zones(lab):
    found = scan("fe80::2%way-a", "fe80::2%way-b", "-p", "80,81", "--rate", "2000")
    equal(sorted(ports_of(found)), [("fe80::2%way-a", 80, "open"), ("fe80::2%way-b", 81, "open")], "each by its own link")
    equal(len({h["mac"] for h in found["hosts"]}), 2, "and by its own card")
    found = scan("fe80::2%way-a", "-p", "80,81", "--sender", "connect")
    equal(ports_of(found), [("fe80::2%way-a", 80, "open")], "by connections")
    macs = {h["mac"] for h in scan("fe80::2%way-a", "-p", "80")["hosts"]}
    lists = lab.new_folder("lists") / "oui.txt"
    inside(lab.left, "ip", "link", "set", "far0", "address", "28:6f:b9:00:00:01")
    lists.write_text("28-6F-B9   (hex)\t\tNokia Shanghai Bell\r\n")
    found = scan("192.0.2.2", "-p", "80", "--oui", lists)["hosts"][0]
    equal((found["mac"], found["mac_maker"]), ("28:6f:b9:00:00:01", "Nokia Shanghai Bell"), f"the card's maker, by a list of this machine (before: {macs})")
    check("cannot be read" in scan("192.0.2.2", "-p", "80", "--oui", "/nowhere", code=1), "a list that is not there")
    check("say on which link" in scan("fe80::2", "-p", "80", code=2), "without a zone")
    check("no interface of this machine" in scan("fe80::2%nowhere", "-p", "80", code=2), "an interface that is not there")


@story("a gateway that does not answer is said, and does not hold up the rest")
def gateways(lab):
    run("ip", "route", "add", "10.30.0.0/24", "via", "192.0.2.99")
    said = scan("10.30.0.0/24", "-p", "80", code=1)
    check("the gateway 192.0.2.99 on way-a does not answer" in said, said)
    found = scan("10.30.0.0/24", "10.20.0.0/26", "-p", "80", "--rate", "20000")
    equal(len(ports_of(found)), 64, "what can be reached is scanned")
    check("192.0.2.99" in found["report"]["note"] and found["report"]["probes_skipped"] == 512, found["report"])


def set_gro(side, is_on):
    """As ethtool does it: the far end of a pair takes XDP frames while it has GRO."""
    code = ("import fcntl,socket,struct,array\nv=array.array('B',struct.pack('II',0x2c,%d))\n"
            "fcntl.ioctl(socket.socket(),0x8946,struct.pack('16sP',b'far0',v.buffer_info()[0]))" % is_on)
    inside(side, sys.executable, "-c", code)


def watch_until(scanner, interface, packets):
    """Until that many went out."""

    def count():
        return int(next(line for line in open("/proc/net/dev", encoding="ascii") if interface in line).split()[10])
    begun = count()
    wait_for(lambda: count() - begun > packets or scanner.poll() is not None, 20, f"{packets} probes on the wire")
    equal(scanner.poll(), None, "the scanner still runs")


@story("a sender that fails half way gives its work to the next rung, says so, and loses no probe")
def falls(lab):
    run("ip", "route", "add", "10.20.64.0/18", "via", "192.0.2.2")
    set_gro(lab.left, True)
    scanner = subprocess.Popen(command("10.20.64.0/21", "-p", "80", "--rate", "2000", "--probes", "2", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lab.closing.append(scanner.kill)
    watch_until(scanner, "way-a", 1000)
    set_gro(lab.left, False)
    out, said = scanner.communicate(timeout=40)
    found = json.loads(out)
    report = found["report"]
    if "sender_failed" not in report and "XDP" not in report["sender"]:
        raise Skipped(f"no XDP live frames here: {report.get('sender_not_better')}")
    equal((scanner.returncode, report["is_complete"]), (0, True), said[-300:])
    note(report["sender_failed"])
    check("XDP live frames failed after" in said and "AF_XDP goes on" in said, said)
    equal(report["sender"], "AF_XDP", "the sender at the end")
    equal(len(ports_of(found)), 2048, "found")
    equal((report["answered_both"], report["probes_sent"]), (2048, 2 * 2048 + 2048), "both probes of each answered; none sent twice, none left out")


@story("a link that goes down is waited for")
def link(lab):
    scanner = subprocess.Popen(command("10.20.64.0/21", "-p", "80", "--rate", "2000", "--probes", "2", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lab.closing.append(scanner.kill)
    watch_until(scanner, "way-a", 1000)
    run("ip", "link", "set", "way-a", "down")
    line = scanner.stderr.readline()
    while line and "the link is down" not in line:
        line = scanner.stderr.readline()
    check("waiting for it" in line, line)
    run("ip", "link", "set", "way-a", "up")
    for words in ("route add 10.20.0.0/25 via 192.0.2.2", "route add 10.20.64.0/18 via 192.0.2.2", "-6 addr add 2001:db8:2::1/64 dev way-a nodad"):
        run("ip", *words.split(), check_code=False)
    out, said = scanner.communicate(timeout=40)
    found = json.loads(out)
    equal((scanner.returncode, found["report"]["is_complete"]), (0, True), said[-300:])
    check("up again" in said, said)
    check(len(ports_of(found)) >= 2040, f"{len(ports_of(found))} found: an answer may have met the closed door twice")


@story("an interface that goes away ends the scan, which can be resumed")
def gone(lab):
    side = new_side(lab, "way-c", 4)
    listen(lab, side, 80)
    run("ip", "route", "add", "10.20.128.0/18", "via", "192.0.4.2")
    path = lab.new_folder("gone") / "file"
    words = ("10.20.128.0/21", "-p", "80", "--probes", "2", "--resume", path)
    scanner = subprocess.Popen(command(*words, "--rate", "2000", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lab.closing.append(scanner.kill)
    watch_until(scanner, "way-c", 1000)
    run("ip", "link", "del", "way-c")
    out, said = scanner.communicate(timeout=40)
    report = json.loads(out)["report"]
    equal((scanner.returncode, report["is_complete"]), (1, False), said[-300:])
    check("the interface is gone" in report["note"] and "go on with" in said, said)
    run("ip", "route", "add", "10.20.128.0/18", "via", "192.0.2.2")
    found = scan(*words, "--rate", "50000")
    equal(len(ports_of(found)), 2048, "found in the end, by another way")


@story("a device that speaks version 2c of SNMP only is found, and not where that is not wanted")
def snmp(lab):
    device = subprocess.Popen(["nsenter", "-t", str(lab.left.pid), "-n", sys.executable, "-c", SNMP_V2C], stdout=subprocess.PIPE)
    lab.closing.append(device.kill)
    equal(device.stdout.readline(), b"ready\n", "the device")
    found = scan("192.0.2.2", "-p", "U:161", "--rate", "1000")
    equal(ports_of(found), [("192.0.2.2", 161, "open")], "asked with a community")
    equal(found["report"]["duplicates"], 0, "duplicates")
    equal(ports_of(scan("192.0.2.2", "-p", "U:161", "--no-anonymous-asks")), [], "not asked with one")
    words = [w for w in command("192.0.2.2", "-p", "U:161", "--json") if w != "--no-identify"]
    service = json.loads(run(*words).stdout)["hosts"][0]["ports"][-1]["service"]
    equal((service["protocol"], service["found"]), ("snmp", "answer to discovery"), "told at once")


HEARERS = """
import socket, struct, threading
def hear(port, greeting, answer):
    server = socket.create_server(("0.0.0.0", port))
    while True:
        s, _ = server.accept()
        s.settimeout(1)
        try:
            s.sendall(greeting)
            said = s.recv(4096)
            if said:
                print(repr(said), flush=True)
                s.sendall(answer)
                s.recv(4096)
        except OSError:
            pass
        s.close()
def sniff():
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", 1900))
    threading.Thread(target=lambda: print(repr(udp.recv(2048)), flush=True), daemon=True).start()
    while True:
        data = raw.recv(2048)
        if data[20] == 8:
            print(repr(data[28:]), flush=True)
            return
threading.Thread(target=sniff, daemon=True).start()
for spoken in ((8000, b"", b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"), (22, b"SSH-2.0-Lab\\r\\n", b""), (25, b"220 lab ESMTP\\r\\n", b"250 lab\\r\\n"),
               (143, b"* OK lab\\r\\n", b"b1 OK\\r\\n"), (554, b"", b"RTSP/1.0 200 OK\\r\\nCSeq: 1\\r\\n\\r\\n")):
    threading.Thread(target=hear, args=spoken, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""


@story("who scans, why and where to ask is told wherever a protocol has a place for it")
def contact(lab):
    hearers = subprocess.Popen(["nsenter", "-t", str(lab.left.pid), "-n", sys.executable, "-c", HEARERS], stdout=subprocess.PIPE, text=True)
    lab.closing.append(hearers.kill)
    equal(hearers.stdout.readline(), "ready\n", "the hearers")
    words = [w for w in command("192.0.2.2", "-p", "22,25,143,554,8000,U:1900,ping", "--json", "--contact", "Lab https://scan.example/why abuse@lab.example") if w != "--no-identify"]
    run(*words, timeout=60)
    hearers.terminate()
    heard = hearers.stdout.read()
    for text in ("User-Agent: Mozilla/5.0 (compatible; bartizan; +https://scan.example/why)", "From: abuse@lab.example", "SSH-2.0-bartizan Lab https://scan.example/why",
                 "EHLO scan.example", '"support-url" "https://scan.example/why"', "CSeq: 1\\r\\nUser-Agent: bartizan (+https://scan.example/why)",
                 "ST: ssdp:all\\r\\nUser-Agent: bartizan (+https://scan.example/why)", "b'Lab https://scan.example/why abuse@lab.example'"):
        check(text in heard, f"{text!r} is not in\n{heard}")
    check("1 to 96 characters" in scan("192.0.2.2", "--contact", "a\nb", code=2), "a text that could break out of a header")


@story("every port of UDP can be asked")
def all_udp(lab):
    found = scan("192.0.2.2", "-p", "U:-", "--rate", "100000", "--probes", "1")
    equal((found["report"]["is_complete"], found["report"]["probes_sent"]), (True, 65536), "one each, and one question more")


@story("what is written wrongly is said, with what is right")
def wrong(lab):
    folder = lab.new_folder("wrong")
    (folder / "list").write_text("10.20.0.1\n10.20.0.300\n")
    (folder / "resume").write_text("not a scan's file\n")
    for words, code, text in (
            (("nonsense.invalid",), 1, "cannot find the address of 'nonsense.invalid'"), (("10.20.0.1/33",), 2, "no length of a prefix"), (("10.20.0.300",), 2, "no IPv4 address"),
            (("10.20.0.9-10.20.0.1",), 2, "ends before it begins"), (("@" + str(folder / "none"),), 1, "cannot be read"), (("@" + str(folder / "list"),), 2, "10.20.0.300"),
            ((), 2, "TARGETS"), (("10.20.0.1", "-p", "99999"), 2, "is no port"), (("10.20.0.1", "-p", ""), 2, "no port is named"),
            (("10.20.0.1", "--rate", "0"), 2, "give a number from 1"), (("10.20.0.1", "--rate", "fast"), 2, "give a number from 1"),
            (("10.20.0.1", "--shard", "5/4"), 2, "give I/N"), (("10.20.0.1", "--shard", "0/4"), 2, "give I/N"), (("10.20.0.1", "--shard", "x"), 2, "give I/N"),
            (("10.20.0.1", "--exclude", str(folder / "none")), 1, "cannot be read"), (("10.20.0.1", "--resume", str(folder / "resume")), 1, "resume"),
            (("10.20.0.1", "--resume", "/nowhere/at/all"), 1, "/nowhere/at/all"), (("10.20.0.1", "--opt-out", str(folder / "none")), 1, "there is no opt-out list"),
            (("10.20.0.1", "--interface", "nowhere"), 2, "there is no interface nowhere"), (("10.20.0.1", "--sender", "pigeon"), 2, "none of best"),
            (("10.20.0.1", "--json", "--csv"), 2, "--csv"), (("10.20.0.1", "--frobnicate"), 2, "--frobnicate"), (("10.20.0.1", "--probes", "9"), 2, "from 1 to 3"),
            (("::/0", "-p", "80"), 1, "IPv6 is scanned by hit list")):
        done = run(*command(*words), check_code=False, stdin=subprocess.DEVNULL, timeout=30)
        check(done.returncode == code and text in done.stderr and "Sanitizer" not in done.stderr, f"{words}: {done.returncode}, {done.stderr.strip()[-300:]}")


if __name__ == "__main__":
    isolate()
    tell(Lab)
