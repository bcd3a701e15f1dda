#!/usr/bin/env python3
"""A real scanner, a real server, real services: what is in a scope becomes assets, joins, exposures and alerts, and what is not is left alone."""

import json
import os
import shutil
import signal
import sys
import time

from lab import Agent, Lab, Server, Skipped, check, children_of, equal, is_root, isolate, note, story, tell, wait_for
from lab.network import Scanner, Space, run, wait_port

# the machine with an agent, and one without, both behind a router: no MAC is seen
SCOPE, WATCHED, BOX = "10.9.0.0/28", "10.9.0.2", "10.9.0.3"
PORTS = "22,80,443,6379,8080"

PAGE = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<html><title>Sign in to Widgets</title></html>"
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *words): pass
http.server.HTTPServer(("0.0.0.0", int(sys.argv[1])), Page).serve_forever()
"""


# as Recog writes them
FINGERPRINTS = """<?xml version="1.0" encoding="UTF-8"?>
<fingerprints matches="ssh.banner" protocol="ssh" database_type="service" preference="0.90">
  <fingerprint pattern="^OpenSSH_([^ ]+)">
    <description>OpenSSH</description>
    <param pos="0" name="service.vendor" value="OpenBSD"/>
    <param pos="0" name="service.product" value="OpenSSH"/>
    <param pos="1" name="service.version"/>
    <param pos="0" name="service.cpe23" value="cpe:/a:openbsd:openssh:{service.version}"/>
    <param pos="0" name="os.family" value="Linux"/>
  </fingerprint>
</fingerprints>
"""


def certificate(folder, name, days):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-days", days,
        "-addext", f"subjectAltName=DNS:{name}", "-keyout", folder / "tls.key", "-out", folder / "tls.pem")


def scan_rows(lab, table):
    return lab.server.sql(f"SELECT * FROM {table}")


def scopes(lab):
    return {r["scope"]: r for r in scan_rows(lab, "scan_scopes")}


def runs(lab, count, deadline_s=25):
    """Waits for so many runs, told as complete."""
    def there():
        row = scopes(lab).get(SCOPE)
        return row if row and row["runs"] >= count and row["finished"] and row["state"] == "waiting" else None

    return wait_for(there, deadline_s, f"run {count} of the scope; the scanner said {lab.scanner.log[-1500:]}")


@story("a machine with an agent, one without, a server, and no scope")
def begin(lab):
    if not is_root():
        raise Skipped("needs root: namespaces and raw packets")
    for program in ("sshd", "nginx", "redis-server"):
        if shutil.which(program) is None:
            raise Skipped(f"{program} is not installed")
    lab.work = lab.new_folder("services")
    lab.fingerprints = lab.work / "fingerprints"
    lab.fingerprints.mkdir()
    (lab.fingerprints / "ssh_banners.xml").write_text(FINGERPRINTS)
    router, lab.watched, lab.box = Space(lab), Space(lab), Space(lab)
    router.link(2)
    router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    router.run("ip", "route", "add", "blackhole", SCOPE)
    run("ip", "route", "add", SCOPE, "via", "192.0.2.2")
    for number, box, address in ((3, lab.watched, WATCHED), (4, lab.box, BOX)):
        box.link(number, router)
        box.own(address)
        router.run("ip", "route", "add", f"{address}/32", "via", f"192.0.{number}.2")
        run("ip", "route", "add", f"192.0.{number}.0/30", "via", "192.0.2.2")
    lab.server = Server(lab, sensors="192.0.2.1:0")
    os.makedirs("/run/sshd", exist_ok=True)
    lab.ssh_keys = [f"/etc/ssh/ssh_host_{kind}_key" for kind in ("ed25519", "rsa")]
    if not all(os.path.exists(key) for key in lab.ssh_keys):
        run("ssh-keygen", "-A")
    keys = [word for key in lab.ssh_keys for word in ("-h", key)]
    lab.sshd = lab.watched.start("sshd", "/usr/sbin/sshd", "-D", "-e", *keys, "-p", "22", "-o", "PidFile=none")
    certificate(lab.work, "box.lab.test", 5)
    (lab.work / "nginx.conf").write_text(
        f"daemon off; pid {lab.work}/nginx.pid; error_log stderr; events {{}}\nhttp {{ access_log off; client_body_temp_path {lab.work}/b; proxy_temp_path {lab.work}/p;"
        f" fastcgi_temp_path {lab.work}/f; uwsgi_temp_path {lab.work}/u; scgi_temp_path {lab.work}/s;"
        f" server {{ listen 443 ssl; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {lab.work}/tls.pem; ssl_certificate_key {lab.work}/tls.key; return 200 ok; }} }}\n")
    lab.nginx = lab.box.start("nginx", "nginx", "-c", lab.work / "nginx.conf", "-p", lab.work)
    lab.redis = lab.box.start("redis", "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--dir", str(lab.work))
    for address, port in ((WATCHED, 22), (BOX, 443), (BOX, 6379)):
        wait_port(address, port)
    lab.agent = Agent(lab, lab.server, token=lab.server.token(), prefix=lab.watched.prefix)
    lab.scanner = Scanner(lab, token=lab.server.cli("enroll-token", "--kind", "scanner").stdout.split()[0])
    lab.scanner.wait_log("sensor enrolled|enrolled|connected")


@story("nothing is scanned before a scope is proved")
def unproved(lab):
    wait_for(lambda: lab.server.sql("SELECT 1 FROM listeners") and lab.server.sql("SELECT 1 FROM addresses"), 15, "the agent's tables")
    lab.server.cli("scope", "add", SCOPE, "--ports", PORTS, "--rate", "2000", "--every", "3600")
    equal(scan_rows(lab, "scan_hosts"), [], "hosts found without a proof")
    lab.server.cli("scope", "prove", SCOPE, "--statement", "the lab, by who runs it")
    row = runs(lab, 1)
    equal((row["addresses"], row["hosts"], row["open_ports"], row["loss_permille"]), (16, 2, 3, 0), "addresses, hosts, open ports, loss")


@story("services are what they are: product, version, TLS, certificate, page, host key")
def services(lab):
    found = {(r["address"], r["port"]): r for r in scan_rows(lab, "scan_ports")}
    equal({k: v["protocol"] for k, v in found.items()}, {(WATCHED, 22): "ssh", (BOX, 443): "http", (BOX, 6379): "redis"}, "protocols")
    equal((found[BOX, 443]["is_tls"], found[BOX, 6379]["access"]), (1, "anyone"), "TLS; who may enter")
    ssh = found[WATCHED, 22]
    version = ssh["banner"].split("OpenSSH_")[1].split()[0]
    equal((ssh["vendor"], ssh["product"], ssh["version"]), ("OpenBSD", "OpenSSH", version), "the program, by its fingerprint")
    check(ssh["cpe"].startswith("cpe:2.3:a:openbsd:openssh:"), ssh["cpe"])
    equal({h["address"]: h["system"] for h in scan_rows(lab, "scan_hosts")}[WATCHED], "Linux", "the system")
    (tls,) = scan_rows(lab, "scan_tls")
    equal((tls["address"], tls["grade"], json.loads(tls["protocols"])), (BOX, "T", ["TLSv1.2", "TLSv1.3"]), "TLS")
    (served,) = scan_rows(lab, "scan_certificates")
    lab.fingerprint = served["fingerprint"]
    seen = run("openssl", "x509", "-in", lab.work / "tls.pem", "-noout", "-fingerprint", "-sha256").strip().split("=")[1].replace(":", "").lower()
    equal((served["fingerprint"], json.loads(served["names"])), (seen, ["box.lab.test"]), "certificate")
    listed = {tuple(run("ssh-keygen", "-lf", key + ".pub").split()[:2]) for key in lab.ssh_keys}
    equal({(str(key["bits"]), key["fingerprint"]) for key in scan_rows(lab, "scan_host_keys")}, listed, "host keys, as ssh-keygen says them")
    (page,) = scan_rows(lab, "scan_web")
    check(page["status"] == 200 and page["server"].startswith("nginx"), str(page))


@story("the machine with an agent is known by its host key, the other one is an asset of its own")
def joined(lab):
    joins = {r["address"]: r for r in scan_rows(lab, "asset_joins")}
    agent = [a["id"] for a in lab.server.get("/api/v1/assets?limit=100")["items"] if a["kind"] == "agent"]
    equal((joins[WATCHED]["evidence"], joins[WATCHED]["asset"]), ("host-key", agent[0]), "the agent's machine")
    equal((joins[BOX]["evidence"], joins[BOX]["asset"] != agent[0]), ("address", True), "the other one")
    exposed = {(r["asset"], r["id"]) for r in scan_rows(lab, "exposures")}
    check((joins[BOX]["asset"], "database-open") in exposed, f"exposures: {exposed}")
    check(any(a == joins[BOX]["asset"] and "certificate" in i for a, i in exposed), f"the certificate that ends soon: {exposed}")
    equal(lab.server.get("/api/v1/alerts")["items"], [], "alerts of a first scan")


def nvd(*products):
    """NVD's form: a CVE for each vendor, product and the version before which it is affected."""
    return {"format": "NVD_CVE", "version": "2.0", "timestamp": "2026-01-01T00:00:00.000", "vulnerabilities": [{"cve": {
        "id": f"CVE-2020-{99001 + i}", "vulnStatus": "Analyzed", "descriptions": [{"lang": "en", "value": "of the lab"}],
        "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [
            {"vulnerable": True, "criteria": f"cpe:2.3:a:{vendor}:{product}:*:*:*:*:*:*:*:*", "versionEndExcluding": before}]}]}]}}
        for i, (vendor, product, before) in enumerate(products)]}


@story("what services say of themselves is held against NVD, where no agent and no distribution's banner says more")
def inferred(lab):
    (lab.work / "nvd.json").write_text(json.dumps(nvd(("redis", "redis", "99"), ("openbsd", "openssh", "99"), ("redis", "redis", "0.1"))))
    lab.server.cli("feed", "import", "auto", lab.work / "nvd.json")
    version = {r["port"]: r["version"] for r in scan_rows(lab, "scan_ports") if r["address"] == BOX}[6379]
    found = wait_for(lambda: scan_rows(lab, "vulnerabilities"), 20, "findings")
    equal([(f["id"], f["package"], f["version"], f["fixed_version"], f["confidence"], f["path"]) for f in found],
          [("CVE-2020-99001", "Redis", version, "99", "possible", f"inferred from the banner at {BOX} port 6379")], "the findings of the machine without an agent")
    check(f"cpe:2.3:a:redis:redis:{version}:" in found[0]["evidence"], found[0]["evidence"])
    text = lab.server.cli("vulns", "why", found[0]["asset"], "CVE-2020-99001").stdout
    check("possible: it says" in text and "banner-cpe" in text, text)


@story("a host has the names that its certificate tells, and the scanner says how its parts fare")
def told(lab):
    names = {h["address"]: json.loads(h["names"] or "[]") for h in scan_rows(lab, "scan_hosts")}
    equal(names[BOX], ["box.lab.test"], "names")
    scanner = next(s for s in lab.server.get("/api/v1/sensors?limit=10")["items"] if s["kind"] == "scanner")
    health = {h["collector"]: h["state"] for h in lab.server.sql(f"SELECT collector, state FROM sensor_health WHERE asset = '{scanner['id']}'")}
    equal({k: health.get(k) for k in ("discovery", "identification", "scopes", "processes")},
          {"discovery": "ok", "identification": "ok", "scopes": "ok", "processes": "ok"}, f"health: {health}")


@story("a port that opens later and a certificate that is replaced raise alerts")
def alerts(lab):
    lab.page = lab.box.start("page", sys.executable, "-c", PAGE, "8080")
    wait_port(BOX, 8080)
    certificate(lab.work, "box.lab.test", 90)
    lab.nginx.process.send_signal(signal.SIGHUP)
    # other ports are looked for at once; else the next run is due in an hour
    lab.server.cli("scope", "add", SCOPE, "--ports", PORTS + ",8081")
    runs(lab, 2)
    said = {a["alert"] for a in lab.server.get("/api/v1/alerts")["items"]}
    equal(said, {"new-port", "certificate-replaced"}, "alerts")
    (served,) = scan_rows(lab, "scan_certificates")
    check(served["fingerprint"] != lab.fingerprint, "the new certificate")
    titles = {r["port"]: (r["title"], r["page"]) for r in scan_rows(lab, "scan_web")}
    equal(titles[8080], ("Sign in to Widgets", "login"), "the page")


@story("a restart forgets nothing and scans nothing anew")
def restarted(lab):
    before = {t: scan_rows(lab, t) for t in ("scan_hosts", "scan_ports", "scan_tls", "scan_certificates", "scan_host_keys")}
    lab.scanner.kill()
    lab.scanner = lab.scanner.again()
    lab.scanner.wait_log("connected|in sync|session")
    wait_for(lambda: scopes(lab)[SCOPE]["state"] == "waiting", 10, "the scope waits")
    equal({t: scan_rows(lab, t) for t in before}, before, "rows after a restart")
    check("scanning" not in lab.scanner.log, lab.scanner.log)


@story("what went away is looked for once more, then it is gone")
def gone(lab):
    lab.page.kill()
    lab.server.cli("scope", "add", SCOPE, "--ports", PORTS)
    runs(lab, 3)
    lab.scanner.wait_log("looking once more")
    equal(sorted(r["port"] for r in scan_rows(lab, "scan_ports") if r["address"] == BOX), [443, 6379], "ports that are still there")


@story("without the right to raw packets ordinary connections find the same; --once ends by itself")
def connecting(lab):
    other = Scanner(lab, "--once", token=lab.server.token(kind="scanner"), prefix=["setpriv", "--bounding-set=-net_raw"])
    equal(other.wait_end(20), 0, f"exit status; {other.log}")
    check("no CAP_NET_RAW" in other.log, other.log)
    found = {(r["address"], r["port"], r["reason"], r["protocol"]) for r in scan_rows(lab, "scan_ports") if r["reason"] == "connected"}
    equal(found, {(WATCHED, 22, "connected", "ssh"), (BOX, 443, "connected", "http"), (BOX, 6379, "connected", "redis")}, "ports")
    lab.once = other


@story("a scope that is withdrawn is left alone within a second, its connections too")
def withdrawn(lab):
    # slow enough that it is still at it
    lab.server.cli("scope", "add", SCOPE, "--ports", "1-2000", "--rate", "100")
    lab.scanner.wait_log(r"scanning.*run=4")

    def sent():
        return json.loads(run("ip", "-j", "-s", "link", "show", "lab2"))[0]["stats64"]["tx"]["packets"]

    first = sent()
    wait_for(lambda: sent() > first + 500, 10, "probes")
    equal(lab.scanner.stop(), 0, "exit status in the middle of a run")
    lab.scanner = lab.scanner.again()
    lab.scanner.wait_log(r"scanning.* from=[1-9]")  # on from where it surely was
    first = sent()
    wait_for(lambda: sent() > first + 5, 10, "probes")
    lab.server.cli("scope", "remove", SCOPE)
    after = time.monotonic()
    wait_for(lambda: not children_of(lab.scanner.role("scan-find")), 1, "the senders to be gone")
    note(f"its senders were gone {time.monotonic() - after:.2f} s after")
    wait_for(lambda: "off" in {r["state"] for r in scan_rows(lab, "scan_scopes")}, 5, "the scope is off")


@story("an agent's token does not make a scanner, and what is enrolled as one thing stays it")
def refused(lab):
    other = Scanner(lab, token=lab.server.token())
    other.wait_log("enroll-token --kind scanner")
    other.stop()
    equal([s["kind"] for s in lab.server.get("/api/v1/sensors?limit=10")["items"]].count("scanner"), 2, "scanners")
    status, _ = lab.server.request("POST", "/api/v1/enrolment-tokens", {"kind": "robot"})
    equal(status, 400, "a kind that there is not")


@story("each process has what it needs and nothing else", 20)
def confined(lab):
    def caps(pid):
        with open(f"/proc/{pid}/status") as f:
            return next(int(line.split()[1], 16) for line in f if line.startswith("CapEff"))

    def files(pid):
        return [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]

    net_raw = 1 << 13
    for word, allowed in (("btz-scanner", 0), ("scan-find", net_raw), ("scan-ask", 0), ("resolve", 0), ("btz-connector", 0)):
        pid = lab.scanner.role(word)
        check(pid is not None, f"{word} runs")
        equal(caps(pid), allowed, f"capabilities of {word}")
        if word.startswith(("scan-", "resolve")):
            equal([f for f in files(pid) if f.startswith(f"{lab.scanner.state}/")], [], f"files of the state folder open in {word}")
    equal(lab.scanner.stop(), 0, "exit status")


if __name__ == "__main__":
    isolate()
    tell(Lab)
