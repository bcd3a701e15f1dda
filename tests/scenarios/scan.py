#!/usr/bin/env python3
"""`bartizan scan` against machines that are known to the last port: nothing missed, nothing invented, nothing twice."""

import base64
import bisect
import collections
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time

from lab import Lab, Skipped, build_folder, check, children_of, equal, is_root, isolate, note, read_text, story, tell, wait_for

# the far side answers for all of this: 80 open, 81 closed, 82 filtered, 83 refused by a filter
WIDE = "10.9.0.0/16" if os.environ.get("BARTIZAN_SLOW") else "10.9.0.0/20"
SIZE = 2 ** (32 - int(WIDE.split("/")[1]))
NET6 = "2001:db8:9::"

LISTENER = """
import resource, select, socket, struct
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
keep = [socket.create_server(("0.0.0.0", 80), backlog=65535), socket.create_server(("::", 80), family=socket.AF_INET6, backlog=65535)]
u4, u6 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
u6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
u6.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND: to answer from addresses that are only routed here
for u, level, option in ((u4, socket.IPPROTO_IP, 8), (u6, socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO)):
    u.setsockopt(level, option, 1)
    u.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    u.setsockopt(socket.SOL_SOCKET, 32, 64 << 20)
u4.bind(("0.0.0.0", 53)); u6.bind(("::", 53))
print("ready", flush=True)
while True:
    for u in select.select([u4, u6], [], [])[0]:
        data, notes, _, peer = u.recvmsg(2048, 256)
        info = notes[0][2]
        # from the address that was asked, with the question's id
        if u is u4:
            u.sendmsg([data[:2] + b"\\x81\\x85" + data[4:]], [(socket.IPPROTO_IP, 8, struct.pack("=I4s4s", 0, info[8:12], b"\\0" * 4))], 0, peer)
        else:
            u.sendmsg([data[:2] + b"\\x81\\x85" + data[4:]], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info[:16] + b"\\0" * 4)], 0, peer[:2])
"""

# speaks as its port asks; each connection is a line: our port, theirs, how many of them then
SPEAKERS = """
import asyncio, sys
active = {}
def serve(port, words, closes):
    async def handle(reader, writer):
        peer = writer.get_extra_info("peername")
        ours = writer.get_extra_info("sockname")
        active[ours[0]] = active.get(ours[0], 0) + 1
        print(port, peer[1], active[ours[0]], ours[0], file=open(sys.argv[1], "a"), flush=True)
        try:
            if port == 8080:
                await reader.readuntil(b"\\r\\n\\r\\n")
            writer.write(words)
            await writer.drain()
            if not closes:
                await reader.read(-1)
        except (OSError, asyncio.IncompleteReadError):
            pass
        active[ours[0]] -= 1
        writer.close()
    return asyncio.start_server(handle, "0.0.0.0", port, backlog=1000)
async def main():
    await serve(22, b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\\r\\n", False)
    await serve(8080, b"HTTP/1.1 200 OK\\r\\nServer: lab/1.0\\r\\nContent-Length: 0\\r\\n\\r\\n", True)
    for port in range(7000, 7064):
        await serve(port, b"", True)
    for port in range(7100, 7108):
        await serve(port, b"", False)
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

# when each SYN to port 81 came off the wire, by the kernel's clock: nanoseconds, one a line
WATCHER = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
s.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
s.bind(("far0", 0x0800))
print("ready", flush=True)
times = []
while len(times) < int(sys.argv[1]):
    frame, notes, _, _ = s.recvmsg(128, 256)
    if frame[23] == 6 and frame[36:38] == b"\\0\\x51" and frame[47] == 2:
        times.append(struct.unpack("=qq", notes[0][2]))
print(*(a * 10**9 + b for a, b in times), sep="\\n", flush=True)
"""

RECOG = """<?xml version='1.0' encoding='UTF-8'?>
<fingerprints matches="ssh.banner" protocol="ssh" database_type="service" preference="0.90">
  <fingerprint pattern="^OpenSSH_(\\S+) Debian-\\S*deb12\\S*$">
    <description>OpenSSH of Debian 12</description>
    <param pos="1" name="service.version"/>
    <param pos="0" name="service.vendor" value="OpenBSD"/>
    <param pos="0" name="service.product" value="OpenSSH"/>
    <param pos="0" name="service.cpe23" value="cpe:/a:openbsd:openssh:{service.version}"/>
    <param pos="0" name="os.vendor" value="Debian"/>
    <param pos="0" name="os.family" value="Linux"/>
    <param pos="0" name="os.product" value="Linux"/>
    <param pos="0" name="os.version" value="12.0"/>
  </fingerprint>
</fingerprints>
"""


def run(*words, check_code=True, **options):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, **options)
    if check_code and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done


def command(*words, shown=()):
    return [str(build_folder() / "bartizan"), "scan", *words, "--authorized", "--no-identify", "--wait", "400ms", *shown]


def identifying(lab, *words):
    return [w for w in command(*words, "--fingerprints", lab.work / "recog.xml", "--json") if w != "--no-identify"]


def scan(lab, *words, code=0, made=command):
    done = run(*(identifying(lab, *words) if made == identifying else command(*words, "--json")), check_code=False, cwd=lab.work, timeout=60)
    check("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr[-2000:])
    equal(done.returncode, code, f"exit code ({done.stderr[-300:]})")
    return json.loads(done.stdout) if done.stdout else done.stderr


def ports_of(found):
    """(address, port, state) of everything listed; each once."""
    rows = [(h["address"], p.get("port"), p["state"]) for h in found["hosts"] for p in h["ports"] if p["transport"] in ("tcp", "udp")]
    equal(len(rows), len(set(rows)), "rows without a repeat")
    return rows


def far(lab, *words, **options):
    return run("nsenter", "-t", lab.far.pid, "-n", *words, **options)


def nft(lab, text):
    # rules and chains end with their lines
    far(lab, "nft", "-f", "-", input=text.replace(" }", "\n}\n"))


@story("a machine that answers for thousands of addresses")
def begin(lab):
    if not is_root():
        raise Skipped("needs root: namespaces and raw packets")
    lab.work = lab.new_folder("scan")
    lab.far = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    lab.closing.append(lab.far.kill)
    ours = os.readlink("/proc/self/ns/net")
    wait_for(lambda: os.readlink(f"/proc/{lab.far.pid}/ns/net") != ours, 5, "the other name space")
    run("ip", "link", "add", "name", "scan0", "type", "veth", "peer", "name", "far0", "netns", lab.far.pid)
    for words in ("addr add 192.0.2.1/24 dev scan0", "-6 addr add 2001:db8:1::1/64 dev scan0 nodad", "link set scan0 up",
                  "route add 10.9.0.0/16 via 192.0.2.2", "-6 route add 2001:db8:9::/48 via 2001:db8:1::2"):
        run("ip", *words.split())
    for words in ("addr add 192.0.2.2/24 dev far0", "-6 addr add 2001:db8:1::2/64 dev far0 nodad", "link set far0 up", "link set lo up",
                  "route add local 10.9.0.0/16 dev lo", "-6 route add local 2001:db8:9::/48 dev lo"):
        far(lab, "ip", *words.split())
    far(lab, "sh", "-c", "echo 200000 > /proc/sys/net/ipv4/tcp_max_syn_backlog; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; echo 200000 > /proc/sys/net/core/somaxconn;"
        "echo 0 > /proc/sys/net/ipv6/icmp/ratelimit")
    nft(lab, "table inet scan { chain in { type filter hook input priority 0; tcp dport 82 drop; tcp dport 83 reject with icmpx type admin-prohibited; } }")
    listener = subprocess.Popen(["nsenter", "-t", str(lab.far.pid), "-n", sys.executable, "-c", LISTENER], stdout=subprocess.PIPE)
    lab.closing.append(listener.kill)
    equal(listener.stdout.readline(), b"ready\n", "the listener")


@story("every address is found at full rate: open, closed and filtered as they are, none twice")
def exact(lab):
    for turn in range(5 if os.environ.get("BARTIZAN_SLOW") else 1):
        found = scan(lab, WIDE, "-p", "80-82", "--rate", "10000000", "--all")
        rows, report = ports_of(found), found["report"]
        equal(sum(r[1:] == (80, "open") for r in rows), SIZE, "open")
        equal(sum(r[1:] == (81, "closed") for r in rows), SIZE, "closed")
        equal(len(rows), 2 * SIZE, "rows in all: what is filtered is silent")
        equal((report["answered_both"], report["loss_estimated"], report["ring_drops"]), (2 * SIZE, 0, 0), "both probes answered; loss; drops")
        note(f"turn {turn + 1}: {report['probes_sent']} probes at {report['rate_achieved']}/s by {report['sender']}")


@story("a filter's refusal is told from a closed port, and the echo from both")
def refusals(lab):
    found = scan(lab, "10.9.0.0/28", "-p", "83,ping", "--all", "--rate", "500")
    equal({r[2] for r in ports_of(found)}, {"filtered"}, "states")
    check(all(any(p["reason"] == "echo" for p in h["ports"]) for h in found["hosts"]), "every host answers the echo")
    equal(len(found["hosts"]), 16, "hosts")


@story("UDP and IPv6 are as exact")
def other_kinds(lab):
    (lab.work / "hits").write_text("".join(f"{NET6}{i * 13 + 1:x}\n" for i in range(1000)))
    found = scan(lab, "@hits", "-p", "80,81,U:53", "--rate", "20000", "--all")
    rows = ports_of(found)
    equal({s: sum(r[1:] == s for r in rows) for s in ((80, "open"), (81, "closed"), (53, "open"))}, {(80, "open"): 1000, (81, "closed"): 1000, (53, "open"): 1000}, "IPv6")
    equal(len(rows), 3000, "rows of IPv6")
    found = scan(lab, "10.9.0.0/22", "-p", "U:53", "--rate", "20000")
    equal(len(ports_of(found)), 1024, "answers of UDP")


@story("with 2 % lost each way 99.9 % is found, and the loss is known")
def lossy(lab):
    drop = "table netdev lossy {{ chain {0} {{ type filter hook {0} device far0 priority 0; {1} numgen random mod 100 < 2 drop; }} }}\n"
    nft(lab, "".join(drop.format(way, f"{kind} {end} {net}") for kind, net in (("ip", "10.9.0.0/16"), ("ip6", "2001:db8:9::/48")) for way, end in (("ingress", "daddr"), ("egress", "saddr"))))
    (lab.work / "hits6").write_text("".join(f"{NET6}{i * 13 >> 16:x}:{i * 13 % 65536:x}\n" for i in range(1, SIZE + 1)))
    try:
        for net, ports, kind in ((WIDE, "81", ["--all"]), (WIDE, "U:53", []), ("@hits6", "81", ["--all"]))[:None if os.environ.get("BARTIZAN_SLOW") else 2]:
            found = scan(lab, net, "-p", ports, "--rate", "20000", *kind)
            report, count = found["report"], len(ports_of(found))
            real = 1 - (report["answered_first"] + report["answered_second"]) / 2 / SIZE
            note(f"{net} {ports}: {count} of {SIZE}, {report['passes']} probes each, {real:.4f} lost, {report['loss_estimated']:.4f} estimated")
            check(0.02 < real < 0.06, "something was lost")
            check(count >= 0.999 * SIZE, f"{count} of {SIZE} found")
            check(abs(report["loss_estimated"] - real) < 0.2 * real, "the estimate is within a fifth")
    finally:
        far(lab, "nft", "delete", "table", "netdev", "lossy")


@story("in no second are more probes sent than the rate and one percent, by the receiver's clock")
def rate(lab):
    for asked, net, sender in ((3000, "10.9.0.0/21", "best"), (3000, "10.9.0.0/21", "sendmmsg"), (25000, WIDE.split("/")[0] + "/17", "best")):
        wanted = 2 * 2 ** (32 - int(net.split("/")[1]))
        watcher = subprocess.Popen(["nsenter", "-t", str(lab.far.pid), "-n", sys.executable, "-c", WATCHER, str(wanted)], stdout=subprocess.PIPE)
        lab.closing.append(watcher.kill)
        equal(watcher.stdout.readline(), b"ready\n", "the watcher")
        scan(lab, net, "-p", "81", "--rate", str(asked), "--sender", sender, "--probes", "2")
        times = sorted(int(line) for line in watcher.communicate(timeout=20)[0].split())
        equal(len(times), wanted, "probes that came")
        most = max(bisect.bisect_left(times, t + 10**9) - i for i, t in enumerate(times))
        windows = collections.Counter((t - times[0]) // 10**7 for t in times)
        note(f"{asked}/s asked by {sender}: at most {most} in any second, {max(windows.values())} in any 10 ms")
        check(most <= asked * 1.01 + 1, f"{most} probes in a second; {asked} were asked for")


@story("shards together are the whole, and none repeats another")
def shards(lab):
    rows, sent = [], 0
    for number in range(1, 4):
        found = scan(lab, "10.9.0.0/23", "-p", "80,81", "--all", "--rate", "50000", "--probes", "2", "--shard", f"{number}/3")
        rows += ports_of(found)
        sent += found["report"]["probes_sent"]
    equal((len(rows), len(set(rows))), (1024, 1024), "rows of all shards, and different ones")
    equal(sent, 2 * 1024 + 512, "probes: two a port, and one of control for each address with an open one")


def start(lab, *words, name):
    """A scan under way, and the file that it keeps."""
    path = lab.work / name
    scanner = subprocess.Popen(command(*words, "--resume", str(path), "--json"), cwd=lab.work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return scanner, path


@story("Ctrl-C leaves a file to go on with: no gap, no repeat, and another scan is refused it")
def interrupted(lab):
    words = (WIDE, "-p", "80", "--all", "--rate", "2000", "--probes", "2")
    scanner, path = start(lab, *words, name="interrupted")
    wait_for(lambda: path.exists() and path.stat().st_size > 20000, 20, "some answers in the file")
    for child, name in children_of(scanner.pid).items():
        state = dict(line.split(":\t", 1) for line in read_text(f"/proc/{child}/status").splitlines() if ":\t" in line)
        equal((int(state["CapEff"], 16), state["Seccomp"]), (0, "2"), f"what {name} may: capabilities, filter of calls")
    scanner.send_signal(signal.SIGINT)
    first = json.loads(scanner.communicate(timeout=20)[0])
    equal(scanner.returncode, 1, "exit code of a scan that was stopped")
    check(not first["report"]["is_complete"] and 0 < len(ports_of(first)) < SIZE, "a part was found")
    refused = run(*command("10.9.0.0/24", "-p", "80", "--resume", path), check_code=False)
    check("is of another scan" in refused.stderr and "targets:" in refused.stderr, refused.stderr)
    faster = [w if w != "2000" else "50000" for w in words]
    second = scan(lab, *faster, "--resume", str(path))
    equal(len(ports_of(second)), SIZE, "found in the end")
    check(first["report"]["probes_sent"] + second["report"]["probes_sent"] < 3 * SIZE + 64, "nothing was probed again")


@story("a scan that was killed is taken up by another: no gap, no repeat")
def killed(lab):
    words = (WIDE, "-p", "80", "--all", "--probes", "2")
    scanner, path = start(lab, *words, "--rate", "2000", name="killed")
    wait_for(lambda: path.exists() and path.stat().st_size > 300000, 25, "some answers in the file")
    scanner.kill()
    scanner.wait()
    with open(path, "ab") as file:
        file.write(b"\x02\0\0\0\x40half a record")
    found = scan(lab, *words, "--rate", "50000", "--resume", str(path))
    equal(len(ports_of(found)), SIZE, "found in the end")
    check(found["report"]["probes_sent"] < 3 * SIZE, "what was surely answered is not probed again")
    again = scan(lab, *words, "--resume", str(path))
    equal((len(ports_of(again)), again["report"]["probes_sent"]), (SIZE, 0), "a complete one sends nothing")


@story("an address that answers every port is summarised")
def every_port(lab):
    nft(lab, "table ip every { chain pre { type nat hook prerouting priority -100; ip daddr 10.9.8.0/30 tcp dport 1-65535 redirect to :80; } }")
    try:
        found = scan(lab, "10.9.8.0/29", "-p", "80-85,443", "--rate", "2000")
    finally:
        far(lab, "nft", "delete", "table", "ip", "every")
    by = {h["address"]: h for h in found["hosts"]}
    for last in range(8):
        host = by[f"10.9.8.{last}"]
        equal((host.get("answers_every_port", False), len(host["ports"])), (True, 0) if last < 4 else (False, 1), host["address"])


def services_of(found, address):
    return {(p["transport"], p["port"]): p.get("service", {}) for h in found["hosts"] if h["address"] == address for p in h["ports"] if p["state"] == "open"}


@story("what answers is identified, by few connections at once and from ports of their own")
def identified(lab):
    (lab.work / "recog.xml").write_text(RECOG)
    lab.log = lab.work / "connections"
    speakers = subprocess.Popen(["nsenter", "-t", str(lab.far.pid), "-n", sys.executable, "-c", SPEAKERS, str(lab.log)], stdout=subprocess.PIPE)
    lab.closing.append(speakers.kill)
    equal(speakers.stdout.readline(), b"ready\n", "the speakers")
    found = scan(lab, "10.9.1.1", "10.9.1.2", "-p", "22,8080,7000-7063,81,U:53", "--rate", "2000", made=identifying)
    for address in ("10.9.1.1", "10.9.1.2"):
        services = services_of(found, address)
        ssh = services["tcp", 22]
        equal((ssh["protocol"], ssh["product"], ssh["version"]), ("ssh", "OpenSSH", "9.2p1"), "SSH")
        check(ssh["cpe"].startswith("cpe:2.3:a:openbsd:openssh:9.2p1:"), ssh)
        equal((services["tcp", 8080]["protocol"], services["udp", 53]["protocol"]), ("http", "dns"), "HTTP and DNS")
        equal((services["udp", 53]["found"], services["udp", 53]["connections"]), ("answer to discovery", 0), "not asked again")
        host = next(h for h in found["hosts"] if h["address"] == address)
        check(host["system"]["family"] == "Linux" and "TCP stack" in host["system"]["why"] and "ssh.banner" in host["system"]["why"], host["system"])
        check(85 <= host["system"]["confidence"] <= 95, host["system"])
    report = found["report"]["identification"]
    equal((report["asked"], report["known"], report["left"], report["lost"]), (134, 6, 0, 0), "of 67 ports each: asked, known, left, lost")
    check(report["not_asked_fruitless"] >= 20, f"after 32 ports that closed at once, and 4 for each other, the rest is let be: {report}")
    lines = [line.split() for line in lab.log.read_text().splitlines()]
    check(all(61000 <= int(line[1]) <= 61439 for line in lines), "source ports")
    check(max(int(line[2]) for line in lines) <= 2, "connections at once to one address")


@story("an address that answers every port is not followed")
def not_followed(lab):
    before = len(lab.log.read_text().splitlines())
    nft(lab, "table ip every { chain pre { type nat hook prerouting priority -100; ip daddr 10.9.8.1 tcp dport 1-65535 redirect to :7000; } }")
    try:
        found = scan(lab, "10.9.8.1", "-p", "1-2000", "--rate", "2000", made=identifying)
    finally:
        far(lab, "nft", "delete", "table", "ip", "every")
    report = found["report"]["identification"]
    check(report["not_asked_every_port"] >= 1990 and report["ended"] <= 8, report)
    check(len(lab.log.read_text().splitlines()) - before < 60, "connections")
    check("service" not in json.dumps(found["hosts"]), "no services are listed")


@story("what was not identified when Ctrl-C came is said, and identified by the next run")
def left(lab):
    words = ("10.9.1.3", "10.9.1.4", "-p", "22,7100-7107", "--rate", "2000", "--resume", lab.work / "left")
    # one address speaks, the other takes connections and is silent
    nft(lab, "table inet shut { chain in { type filter hook input priority 0; ip daddr 10.9.1.3 tcp dport 7100-7107 reject with tcp reset;"
        " ip daddr 10.9.1.4 tcp dport 22 reject with tcp reset; } }")
    scanner = subprocess.Popen([str(w) for w in identifying(lab, *words)], cwd=lab.work, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: b"OpenSSH" in (lab.work / "left").read_bytes() if (lab.work / "left").exists() else False, 20, "a service in the file")
    roles = {name: child for child, name in children_of(scanner.pid).items()}
    state = dict(line.split(":\t", 1) for line in read_text(f"/proc/{roles['scan-ask']}/status").splitlines() if ":\t" in line)
    equal((int(state["CapEff"], 16), state["Seccomp"]), (0, "2"), "what the process that identifies may: capabilities, filter of calls")
    open_files = {os.readlink(f"/proc/{roles['scan-ask']}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{roles['scan-ask']}/fd")}
    check(not any(name.startswith("/") and str(lab.work) in name for name in open_files), f"it holds no file of ours: {open_files}")
    second = run(*identifying(lab, *words), check_code=False, cwd=lab.work)
    check(second.returncode == 1 and "another scan is using" in second.stderr, second.stderr)
    scanner.send_signal(signal.SIGINT)
    time.sleep(0.2)
    scanner.send_signal(signal.SIGINT)
    out, said = scanner.communicate(timeout=20)
    equal(scanner.returncode, 1, said.decode())
    first = json.loads(out)["report"]["identification"]
    check(first["left"] == 8, first)
    nft(lab, "table inet shut { chain in { type filter hook input priority 0; tcp dport 7100-7107 reject with tcp reset; } }")
    try:
        found = scan(lab, *map(str, words), made=identifying)
    finally:
        far(lab, "nft", "delete", "table", "inet", "shut")
    report = found["report"]["identification"]
    check(report["asked"] <= first["left"] and report["left"] == 0, f"only what was left: {report}")
    equal(services_of(found, "10.9.1.3")["tcp", 22].get("product"), "OpenSSH", "what the first run learnt is listed")


@story("neighbours are found by their link, others there are not waited for")
def neighbours(lab):
    found = scan(lab, "192.0.2.0/29", "2001:db8:1::1-2001:db8:1::8", "-p", "80", "--rate", "2000", "--interface", "scan0")
    by = {h["address"]: h for h in found["hosts"]}
    mac = far(lab, "cat", "/sys/class/net/far0/address", check_code=False).stdout.strip()
    for address in ("192.0.2.2", "2001:db8:1::2"):
        equal([(p["transport"], p["state"]) for p in by[address]["ports"]], [("link", "host"), ("tcp", "open")], address)
        check(len(by[address]["mac"]) == 17 and by[address]["mac"] != "00:00:00:00:00:00", f"the MAC of {address} ({mac})")


@story("without raw packets connections find the same")
def connections(lab):
    here = socket.create_server(("127.0.0.1", 0))
    found = scan(lab, "10.9.0.0/28", "127.0.0.1", "-p", f"80,81,{here.getsockname()[1]},U:53", "--sender", "connect", "--rate", "5000", "--all")
    rows = ports_of(found)
    equal(sum(r[1:] == (80, "open") for r in rows), 16, "open")
    equal(sum(r[1:] == (53, "open") for r in rows), 16, "UDP")
    check(("127.0.0.1", here.getsockname()[1], "open") in rows, "our own listener")
    unprivileged = run("setpriv", "--reuid", "65534", "--clear-groups", *command("10.9.0.0/30", "-p", "80", "--json"), check_code=False)
    check("raw packets are not allowed" in unprivileged.stderr and "setcap" in unprivileged.stderr, unprivileged.stderr)
    equal(len(ports_of(json.loads(unprivileged.stdout))), 4, "found by a user without rights")


@story("nobody is scanned without permission, and it is asked for once")
def permission(lab):
    words = [str(build_folder() / "bartizan"), "scan", "10.9.0.0/30", "-p", "80", "--wait", "1s", "--no-identify", "--csv"]
    env = dict(os.environ, XDG_CONFIG_HOME=str(lab.work / "config"))
    done = run("setsid", "--wait", *words, check_code=False, env=env, stdin=subprocess.DEVNULL)
    equal(done.returncode, 1, "exit code without a terminal")
    check("--authorized" in done.stderr, done.stderr)
    for answer, code in (("no", 1), ("yes", 0)):
        child, terminal = pty.fork()
        if child == 0:
            os.execve(words[0], words, env)
        said = b""
        while b"Type yes: " not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, answer.encode() + b"\n")
        try:
            while os.read(terminal, 4096):
                pass
        except OSError:
            pass
        equal(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), code, f"exit code after '{answer}'")
        os.close(terminal)
    done = run("setsid", "--wait", *words, check_code=False, env=env, stdin=subprocess.DEVNULL)
    equal((done.returncode, done.stdout.count("open")), (0, 4), "scanned without being asked again")


@story("what must not be scanned is not: special addresses, exclusions, those who opted out")
def left_out(lab):
    refused = run(*command("224.0.0.0/24", "-p", "80"), check_code=False)
    check(refused.returncode == 1 and "nothing is left to scan" in refused.stderr, refused.stderr)
    (lab.work / "not").write_text("10.9.0.0/30 # theirs\n10.9.0.9\n")
    found = scan(lab, "10.9.0.0/28", "-p", "80", "--exclude", "not")
    equal((len(found["hosts"]), found["left_out"]), (11, 5), "without the excluded")
    path, key = lab.work / "opt-out", lab.work / "key"
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", key)
    run("openssl", "pkey", "-in", key, "-pubout", "-out", f"{path}.pub")
    text = b"# asked on a Monday\n10.9.0.4/30\n"
    (lab.work / "list").write_bytes(text)
    run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", lab.work / "list", "-out", lab.work / "list.sig")
    signature = base64.b64encode((lab.work / "list.sig").read_bytes())
    path.write_bytes(text + b"signature " + signature + b"\n")
    found = scan(lab, "10.9.0.0/28", "-p", "80", "--opt-out", "opt-out")
    check(len(found["hosts"]) == 12 and "10.9.0.5" not in {h["address"] for h in found["hosts"]}, "without those who opted out")
    path.write_bytes(text.replace(b"/30", b"/31") + b"signature " + signature + b"\n")
    check("signature" in scan(lab, "10.9.0.0/28", "-p", "80", "--opt-out", "opt-out", code=1), "a changed list is a reason not to scan")


if __name__ == "__main__":
    isolate()
    tell(Lab)
