#!/usr/bin/env python3
"""What 10,000 scanned hosts cost: pages about the network, a change, a decision; and how long anybody else waits meanwhile."""

import argparse
import http.client
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "scenarios"))

from lab import Lab, Server
from lab.programs import trust
from lab.rows import Schema
from lab.teller import DAY, REPORTS, Teller, certificate, host, port

SCOPE = "10.7.0.0/16"
GRADES = ["A+", "A", "A", "B", "T", "F"]
SERVICES = [(22, "ssh", "OpenSSH", "9.2p1"), (80, "http", "nginx", "1.22.1"), (443, "http", "nginx", "1.22.1"), (3306, "mysql", "MySQL", "8.0.36"),
            (8080, "http", "Jetty", "9.4")]
PAGES = ["map", "ports", "ports?scope=10.7.0.0/16", "ports/holders?port=22&limit=100", "services", "services?by=product", "exposures", "tls/grades", "tls/trend",
         "certificates/expiring", "alerts", "assets", "assets?search=10.7.3", "overview"]


def address(n):
    return f"10.7.{n // 250}.{1 + n % 250}"


def seed(scanner, hosts):
    now = int(time.time())
    every = range(hosts)
    scanner.add("scan_hosts", [host(address(n), SCOPE, names=[f"host{n}.example.org"], system="Linux", device="server", confidence=80) for n in every])
    scanner.add("scan_ports", [port(address(n), *s[:2], SCOPE, product=s[2], version=s[3], is_tls=s[0] == 443, access="required" if s[0] == 3306 else None)
                               for n in every for s in SERVICES])
    tls = [n for n in every if n % 4 == 0]
    scanner.add("scan_certificates", [certificate(address(n), f"{n:064x}", n % 400, SCOPE) for n in tls])
    scanner.add("scan_tls", [dict(scope=SCOPE, address=address(n), port=443, name="www.example.org", grade=GRADES[n % 6], grade_without_trust="A", score=n % 100,
                                  protocols=["TLSv1.2", "TLSv1.3"], suite="TLS_AES_128_GCM_SHA256", key_exchange="x25519", is_post_quantum=n % 3 == 0, is_trusted=True,
                                  has_forward_secrecy=True, reasons=["no-hsts", "no-post-quantum"], vulnerabilities=[], certificate=f"{n:064x}") for n in tls])
    scanner.tell("scan_scopes", dict(scope=SCOPE, runs=1, state="waiting", started=now - 60, finished=now, hosts=hosts))


class Client:
    def __init__(self, server):
        self.host, self.port = server.api.rsplit(":", 1)
        self.server = server
        self.connection = http.client.HTTPSConnection(self.host, int(self.port), timeout=120, context=trust(server.ca))
        self.headers = {"Authorization": "Bearer " + (server.data / "operator.token").read_text().strip()}

    def get(self, path):
        """Milliseconds, and bytes."""
        start = time.perf_counter()
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        size = len(answer.read())
        if answer.status != 200:
            raise SystemExit(f"GET {path}: {answer.status}")
        return 1000 * (time.perf_counter() - start), size


class Bystander(threading.Thread):
    """Asks for something small all the time: what it waits is what the loop is blocked."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client, self.longest_ms, self.is_over = Client(server), 0, False

    def run(self):
        while not self.is_over:
            self.longest_ms = max(self.longest_ms, self.client.get("/healthz")[0])


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


def measure(server, client, path, count, before=lambda: None):
    times, size = [], 0
    client.get(path)
    bystander = Bystander(server)
    bystander.start()
    for _ in range(count):
        before()
        ms, size = client.get(path)
        times.append(ms)
    bystander.is_over = True
    bystander.join()
    times.sort()
    return dict(median_ms=round(percentile(times, 0.5), 1), p99_ms=round(percentile(times, 0.99), 1), kilobytes=size // 1000,
                others_ms=round(bystander.longest_ms, 1))


def done(answer):
    if answer[0] >= 300:
        raise SystemExit(f"refused: {answer}")


def timed(name, figures, run):
    start = time.perf_counter()
    run()
    figures[name] = round(1000 * (time.perf_counter() - start), 1)
    print(f"  {name:40} {figures[name]:8.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=10000)
    parser.add_argument("--requests", type=int, default=100, help="of each page")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    args = parser.parse_args()
    figures = {"hosts": args.hosts}
    with Lab() as lab:
        lab.build = "release"
        lab.server = server = Server(lab, build="release")
        lab.schema = Schema(server)
        server.cli("scope", "add", SCOPE)
        server.cli("scope", "prove", SCOPE, "--statement", "of a benchmark")
        scanner = Teller(lab, REPORTS, "scanner")
        timed("all hosts told by the scanner", figures, lambda: seed(scanner, args.hosts))
        client = Client(server)

        def alive():
            scanner.sensor.send([4, int(time.time() * 1000)])

        print(f"{args.hosts} hosts, {len(SERVICES)} ports each; {args.requests} requests a page, while somebody else asks for /healthz")
        for page in PAGES:
            alive()
            figures[page] = f = measure(server, client, "/api/v1/" + page, args.requests)
            print(f"  {page:40} median {f['median_ms']:7.1f} ms  99% {f['p99_ms']:7.1f} ms  {f['kilobytes']:6} kB  others wait {f['others_ms']:6.1f} ms at the most")

        def change(state=[0]):
            state[0] += 1
            scanner.tell("scan_web", dict(scope=SCOPE, address=address(state[0] % args.hosts), port=80, name="x", is_tls=False, status=200, title=str(state[0])))

        for page in ("map", "ports"):
            figures[page + " after a change"] = f = measure(server, client, "/api/v1/" + page, args.requests, change)
            print(f"  {page + ', after a change each':40} median {f['median_ms']:7.1f} ms  99% {f['p99_ms']:7.1f} ms  {f['kilobytes']:6} kB  others wait {f['others_ms']:6.1f} ms at the most")
        asset = server.sql(f"SELECT asset FROM asset_joins WHERE address = '{address(7)}'")[0]["asset"]
        decisions = [("PUT", f"/api/v1/assets/{asset}/joins", dict(address=address(7), scope=SCOPE, is_join=False, reason="x")),
                     ("PUT", f"/api/v1/assets/{asset}/joins", dict(address=address(7), scope=SCOPE, is_join=True, reason="x"))]
        for method, path, body in decisions:
            alive()
            timed("a join decision" if body["is_join"] else "a split decision", figures, lambda: done(server.request(method, path, body)))
        done(server.request("PUT", "/api/v1/scopes", {"name": "10.9.0.0/24"}))
        timed("a scope without hosts is proved", figures, lambda: done(server.request("POST", "/api/v1/scopes/proof", {"name": "10.9.0.0/24", "statement": "x"})))
        timed("the scope with all hosts is removed", figures, lambda: done(server.request("DELETE", "/api/v1/scopes/" + SCOPE.replace("/", "%2F"))))
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
