#!/usr/bin/env python3
"""The console's pages about the network in a browser, against a real server to which a scanner and an agent are spoken by hand."""

import json
import shutil
import subprocess
import sys
import threading
import time

from lab import ROOT, Lab, Server
from lab.rows import Schema
from lab.teller import PRIVATE, PUBLIC, REPORTS, Teller, certificate, host, port

DEADLINE_S = 600
HOSTILE = "<img src=x onerror=alert(1)>\u202egpj.exe\x1b[31m"
DATABASE = "45.33.32.9"


def found(scanner):
    """A fleet in small: a machine with an agent, a database for everyone, a hostile host, and one that nobody knows."""
    scanner.tell("scan_hosts", host(DATABASE, PUBLIC, names=["db.example.org"], system="Linux", device="server", confidence=90),
                 host("10.7.0.3", mac="02:00:00:00:00:03"), host("10.7.0.66", names=[HOSTILE], device=HOSTILE, confidence=50), host("10.7.0.99"))
    scanner.tell("scan_ports", port(DATABASE, 6379, "redis", PUBLIC, access="anyone", product="Redis", version="7.0.15", cpe="cpe:2.3:a:redis:redis:7.0.15:*:*:*:*:*:*:*"), port(DATABASE, 443, "http", PUBLIC, is_tls=True),
                 port("10.7.0.3", 22, "ssh", product="OpenSSH", version="9.2p1"), port("10.7.0.66", 80, "http", product=HOSTILE, banner=HOSTILE))
    scanner.tell("scan_certificates", certificate(DATABASE, "cc" * 32, 5, PUBLIC), {**certificate("10.7.0.66", "dd" * 32, -3), "subject": HOSTILE})
    scanner.tell("scan_tls", dict(scope=PUBLIC, address=DATABASE, port=443, name="www.example.org", grade="F", grade_without_trust="F", score=0,
                                  protocols=["SSLv3", "TLSv1.2"], suite="TLS_RSA_WITH_AES_128_CBC_SHA", key_exchange="x25519", is_post_quantum=False,
                                  has_forward_secrecy=False, reasons=["ssl-3", HOSTILE], vulnerabilities=["poodle_ssl"], is_trusted=True))
    now = int(time.time())
    for scope in (PRIVATE, PUBLIC):
        row = dict(scope=scope, runs=1, state="waiting", started=now - 60, finished=now, addresses=256, hosts=2, open_ports=2, loss_permille=4)
        rows = [row] if scope == PRIVATE else [dict(row, scope=PRIVATE), row]
        scanner.tell("scan_scopes", *rows)


def know(lab):
    """NVD's word about what the database says of itself."""
    path = lab.new_folder("feed") / "nvd.json"
    path.write_text(json.dumps({"format": "NVD_CVE", "timestamp": "2026-01-01", "vulnerabilities": [{"cve": {
        "id": "CVE-2024-0007", "descriptions": [{"lang": "en", "value": HOSTILE}], "configurations": [{"nodes": [{"operator": "OR", "cpeMatch": [
            {"vulnerable": True, "criteria": "cpe:2.3:a:redis:redis:*:*:*:*:*:*:*:*", "versionEndExcluding": "7.0.16"}]}]}]}}]}))
    lab.server.cli("feed", "import", "nvd", path)


def appear(scanner, stopping):
    """Hosts that come while one looks."""
    known = [host(DATABASE, PUBLIC, names=["db.example.org"], system="Linux", device="server", confidence=90), host("10.7.0.3", mac="02:00:00:00:00:03"),
             host("10.7.0.66", names=[HOSTILE], device=HOSTILE, confidence=50), host("10.7.0.99")]
    number = 0
    while not stopping.wait(1):
        number += 1
        known.append(host(f"10.7.{1 + number // 250}.{1 + number % 250}"))
        scanner.tell("scan_hosts", *known)


def main():
    runner = ROOT / "console" / "test" / "run.mjs"
    if not runner.exists() or shutil.which("node") is None:
        print("1..0 # SKIP no node or no console")
        print("ok 1 the console's network pages against a real server # SKIP no node, or the console is not there")
        return 0
    with Lab() as lab:
        lab.server = server = Server(lab)
        lab.schema = Schema(server)
        for scope in (PRIVATE, PUBLIC):
            server.cli("scope", "add", scope)
            server.cli("scope", "prove", scope, "--statement", "the office, by the owner")
        agent = Teller(lab, ["os", "interfaces", "addresses"], "agent")
        agent.tell("os", dict(hostname="web1", id="debian", name="Debian GNU/Linux 12"))
        agent.tell("interfaces", dict(name="eth0", mac="02:00:00:00:00:03"))
        agent.tell("addresses", dict(interface="eth0", family="ipv4", address="10.7.0.3", prefix_length=16, scope="global"))
        scanner = Teller(lab, REPORTS, "scanner")
        found(scanner)
        know(lab)
        code = server.request("POST", "/api/v1/signin-links")[1]["code"]
        stopping = threading.Event()
        threading.Thread(target=appear, args=(scanner, stopping), daemon=True).start()
        try:
            done = subprocess.run(["node", str(runner), "--url", f"https://{server.api}", f"--code={code}", "--scans", *sys.argv[1:]], cwd=ROOT / "console", timeout=DEADLINE_S,
                                  check=False)
        finally:
            stopping.set()
        lab.end()
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
