#!/usr/bin/env python3
"""What runs: services against a real systemd's own word, certificates against who shows them."""

import hashlib
import os
import pathlib
import shutil
import socket
import ssl
import subprocess

from lab import Agent, Lab, Machine, Server, check, equal, isolate, note, story, tell, wait_for
from lab.systemd import Systemd

UNITS = {
    "lab-runs.service": "[Service]\nExecStart=/bin/sleep 600\n",
    "lab-once.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n",
    "lab-fails.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n",
    "lab-waits.service": "[Service]\nType=simple\nRemainAfterExit=yes\nExecStart=/bin/cat /run/lab-door\n",
    "lab-tick.timer": "[Timer]\nOnActiveSec=1h\nUnit=lab-once.service\n",
    "lab-deep.service": "[Service]\nSlice=lab-deep.slice\nExecStart=/bin/sleep 600\n",
}


@story("an agent on a machine with a systemd of its own", deadline_s=90)
def begin(lab):
    lab.machine = Machine(lab)
    os.makedirs("/etc/systemd/system", exist_ok=True)
    lab.server = Server(lab)
    lab.systemd = Systemd(lab, UNITS)
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    lab.asset = wait_for(lambda: next((a["id"] for a in lab.server.get("/api/v1/assets")["items"] if lab.server.table(a["id"], "services")), None), 60,
                         "the first inventory")


def states(lab):
    return {r["name"]: r["active"] for r in lab.server.table(lab.asset, "services")}


@story("services are active as systemctl says")
def active(lab):
    words = {"running": "running", "exited": "exited", "dead": "inactive", "failed": "inactive"}

    def expected():
        lines = lab.systemd.run("list-units", "--all", "--type=service", "--plain", "--no-legend", "--full").stdout.splitlines()
        now = {line.split()[0]: line.split()[3] for line in lines}
        names = [r for r in lab.server.table(lab.asset, "services") if r["type"] == "service" and "@." not in r["name"] and r["state"] != "alias"]
        return {r["name"]: words.get(now.get(r["name"], "dead"), now.get(r["name"])) for r in names}

    def agree():
        wanted = expected()
        found = {n: s for n, s in states(lab).items() if n in wanted}
        state.update(differ={n: (found.get(n), s) for n, s in wanted.items() if found.get(n) != s}, count=len(wanted))
        return not state["differ"] and wanted["lab-runs.service"] == "running"

    state = {}
    try:
        wait_for(agree, 20, "agreement", pause_s=0.3)
    except AssertionError:
        check(False, f"services (found, systemctl): {state['differ']}")
    now = states(lab)
    expected = {"lab-runs.service": "running", "lab-once.service": "exited", "lab-fails.service": "inactive", "lab-tick.timer": None, "lab-deep.service": "running"}
    equal({n: now[n] for n in expected}, expected, "the units of this scenario")
    note(f"services: {state['count']} compared")


@story("a service that is stopped, started, or whose process ends is told at once")
def changes(lab):
    lab.systemd.run("stop", "lab-runs.service")
    wait_for(lambda: states(lab)["lab-runs.service"] == "inactive", 10, "the stopped service")
    lab.systemd.run("start", "lab-runs.service")
    wait_for(lambda: states(lab)["lab-runs.service"] == "running", 10, "the started service")
    # nothing but its control group tells that this one's process has ended: the unit stays active
    os.mkfifo("/run/lab-door")
    lab.systemd.run("restart", "lab-waits.service")
    wait_for(lambda: states(lab)["lab-waits.service"] == "running", 10, "the waiting service")
    with open("/run/lab-door", "w"):
        pass
    wait_for(lambda: states(lab)["lab-waits.service"] == "exited", 10, "its end")
    check("exited" in lab.systemd.run("show", "-p", "SubState", "lab-waits.service").stdout, "systemctl says otherwise")


def certificate(lab, path, name):
    path.parent.mkdir(parents=True, exist_ok=True)
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", lab.folder / "served.key", "-out", path,
            "-subj", f"/CN={name}", "-days", "30")


def shown_at(port):
    """The fingerprint of what a server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as wrapped:
        return hashlib.sha256(wrapped.getpeercert(True)).hexdigest()


@story("a certificate is served at the listeners of the server that names it")
def served(lab):
    pem, other = lab.folder / "site.pem", pathlib.Path("/etc/ssl/lab-unused.pem")
    certificate(lab, other, "unused.example.org")
    certificate(lab, pem, "site.example.org")
    folder = pathlib.Path("/etc/nginx/conf.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.conf").write_text(f"server {{ listen 443 ssl; ssl_certificate {pem}; # {other}\n}}\n")

    def row(path):
        return next((r for r in lab.server.table(lab.asset, "certificates") if r["path"] == str(path)), None)

    wait_for(lambda: row(pem), 10, "a certificate that only a configuration leads to")
    equal(row(pem)["served_at"], None, "without a listener")
    # openssl by the name of nginx
    program = lab.folder / "nginx"
    shutil.copy(shutil.which("openssl"), program)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen([program, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", pem, "-key", lab.folder / "served.key", "-quiet"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lab.closing.append(server.kill)
    wait_for(lambda: row(pem)["served_at"], 10, "the listener")
    lines = lab.run("ss", "-H", "-l", "-t", "-n", "-p").stdout.splitlines()
    equal(row(pem)["served_at"], sorted(f"nginx {line.split()[3]}" for line in lines if '"nginx"' in line), "where it is served, as ss says")
    equal(row(pem)["fingerprint"], shown_at(port), "what the server shows")
    equal(row(other)["served_at"], None, "one that is only in a comment")
    server.kill()
    server.wait()
    wait_for(lambda: row(pem)["served_at"] is None, 10, "the listener's end")


if __name__ == "__main__":
    isolate()
    tell(Lab)
