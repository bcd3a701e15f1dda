#!/usr/bin/env python3
"""What the scanner costs as a sensor: memory, CPU idle, per 1,000 addresses, per service, and continuously."""

import os
import pathlib
import subprocess
import sys
import time

import figures
from figures import Figures, cpu_s, memory_kb
from lab import Lab, Server, descendants, is_root, isolate, wait_for
from lab.network import Scanner, Space, run, wait_port

WIDE, WEB, SECURE = "10.20.0.0/16", "10.21.0.0/24", "10.22.0.0/24"
DAY_S = 24 * 3600
TICK_S = 1 / os.sysconf("SC_CLK_TCK")

SERVERS = """
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
    await asyncio.start_server(handle, "0.0.0.0", 80, backlog=4000)
    await asyncio.start_server(handle, "0.0.0.0", 443, backlog=4000, ssl=context)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def family(scanner):
    found = {"supervisor": scanner.pid}
    for pid, name in descendants(scanner.pid).items():
        while name in found:
            name += "'"
        found[name] = pid
    return found


def waited_s(pid):
    """CPU of children that ended: catchers and shooters live as long as one scan."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) * TICK_S


def used_s(scanner):
    total = 0.0
    for pid in family(scanner).values():
        try:
            total += cpu_s(pid) + waited_s(pid)
        except FileNotFoundError:
            pass  # ended meanwhile: its parent has it
    return total


def memory(scanner, out, when):
    out.section(f"Memory {when}")
    total = [0, 0]
    for name, pid in family(scanner).items():
        resident, proportional, private = memory_kb(pid)
        out.add(f"{name}: proportional", proportional, "KB", f"resident {resident:,}, private {private:,}")
        total[0] += proportional
        total[1] += private
    out.add("all: proportional", total[0], "KB")
    out.add("all: private", total[1], "KB")


def scan(lab, scanner, scope, *options):
    """CPU seconds of one run of a new scope, and its row."""
    before = used_s(scanner)
    lab.server.cli("scope", "add", scope, *map(str, options))
    lab.server.cli("scope", "prove", scope, "--statement", "the bench")

    def told():
        rows = lab.server.sql(f"SELECT * FROM scan_scopes WHERE scope = '{scope}' AND runs > 0 AND state = 'waiting'")
        return rows[0] if rows and rows[0]["finished"] else None

    row = wait_for(told, 600, f"{scope}; {scanner.log[-1000:]}")
    return used_s(scanner) - before, row


def over(scanner, seconds):
    before = used_s(scanner)
    time.sleep(seconds)
    return (used_s(scanner) - before) / seconds


def services(lab, scanner, out):
    out.section("What answers: 254 web servers, then 254 with TLS, assessed")
    for what, scope, port in (("a web server", WEB, 80), ("a web server with TLS", SECURE, 443)):
        used, row = scan(lab, scanner, scope, "--ports", port, "--rate", 5000)
        known = lab.server.sql(f"SELECT count(*) AS n FROM scan_ports WHERE scope = '{scope}' AND protocol = 'http'")[0]["n"]
        out.add(f"CPU of {what}, probed and identified", 1000 * used / row["open_ports"], "ms", f"{known} of {row['open_ports']} identified, {used:.2f} s in all")


def main():
    given = figures.options(__doc__, seconds=60, rate=20000, settle=5)
    if not is_root():
        sys.exit("needs root: network namespaces and raw packets")
    isolate()
    out = Figures("scanner")
    with Lab("release") as lab:
        far = Space(lab)
        far.link(2)
        for scope in (WIDE, WEB, SECURE):
            run("ip", "route", "add", scope, "via", "192.0.2.2")
        for scope in (WEB, SECURE):
            far.run("ip", "route", "add", "local", scope, "dev", "lo")
        folder = lab.new_folder("servers")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench.test", "-days", "90",
                        "-keyout", folder / "key", "-out", folder / "pem"], check=True, capture_output=True)
        far.start("servers", sys.executable, "-c", SERVERS, folder / "pem", folder / "key")
        wait_port("10.22.0.1", 443)
        lab.server = Server(lab)
        scanner = Scanner(lab, "--no-names", token=lab.server.cli("enroll-token", "--kind", "scanner").stdout.split()[0])
        scanner.wait_log("connected")
        memory(scanner, out, "enrolled, without a scope")
        out.section(f"CPU over {given.seconds} s without a scope")
        idle = over(scanner, given.seconds)
        out.add("all: CPU idle", 100 * idle, "% of core")
        out.section(f"A /16 of which nothing answers, one port, {given.rate:,} probes a second at the most")
        used, row = scan(lab, scanner, WIDE, "--ports", 80, "--rate", given.rate, "--every", DAY_S)
        out.add("CPU of 1,000 addresses", 1000 * used * 1000 / row["addresses"], "ms", f"{row['probes']:,} probes, {used:.2f} s in all")
        out.add("CPU of a probe", 1e6 * used / row["probes"], "us")
        out.add("once a day, extrapolated", 100 * used / DAY_S, "% of core", "the run alone, whenever it is")
        services(lab, scanner, out)
        time.sleep(given.settle)  # memory of a busy time goes back
        memory(scanner, out, "after that")
        out.section(f"Continuous: a /16 of one port in a day is some 4 probes a second; over {given.seconds} s at 10, the least there is")
        lab.server.cli("scope", "add", WIDE, "--ports", "81", "--rate", "10")
        scanner.wait_log(r"scanning.*run=2.* rate=10\b")
        time.sleep(given.settle)  # its memory is touched for the first time
        steady = over(scanner, given.seconds)
        out.add("all: CPU continuous", 100 * steady, "% of core", f"{steady / idle:.1f} x idle")
        memory(scanner, out, "while it probes")
    out.save(given.json)


if __name__ == "__main__":
    main()
