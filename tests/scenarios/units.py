#!/usr/bin/env python3
"""The units under a real systemd: a fresh Debian boots in name spaces of its own, and the packages are installed as an administrator would."""

import json
import os
import pathlib
import subprocess
import sys

from lab import ROOT, Lab, Skipped, check, descendants, equal, isolate, read_text, story, tell, wait_for
from lab.debian import DebianTree, prepare_debian
from lab.network import Space
from lab.programs import Program, rows_of

DATA = "/var/lib/bartizan"
STATE = "/var/lib/bartizan-agent"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f alice@laptop\n"

# A control group of its own as systemd's root, so that it can touch no other; then the tree becomes the root.
BOOT = r"""
set -e
mount --bind "$TREE" "$TREE"
cd "$TREE"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
	mknod -m 666 dev/$name c $((0x$(stat -c %t /dev/$name))) $((0x$(stat -c %T /dev/$name)))
done
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts devpts dev/pts
ln -s pts/ptmx dev/ptmx
ip link set lo up
pivot_root . mnt
umount -l /mnt
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=console --show-status=0
"""


class Booted:
    """The tree with systemd as its first process."""

    def __init__(self, lab, tree):
        self.lab = lab
        self.group = pathlib.Path("/sys/fs/cgroup/unified" if pathlib.Path("/sys/fs/cgroup/unified").is_dir() else "/sys/fs/cgroup", f"bartizan-lab-{os.getpid()}")
        try:
            self.group.mkdir()
            (self.group / "cgroup.procs").write_text("0")
            unshare = ["unshare", "--cgroup", "--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "--kill-child", "--propagation", "private"]
            self.outer = Program(lab, "systemd", [*unshare, "sh", "-c", BOOT], env={"TREE": str(tree.folder)})
            (self.group.parent / "cgroup.procs").write_text("0")  # the scenario itself stays outside
        except OSError as reason:
            raise Skipped(f"no control group for a systemd here: {reason}") from None
        lab.closing.append(self.close)
        self.pid = wait_for(self.first, 10, "the first process")
        try:
            wait_for(lambda: self.run("systemctl", "is-system-running", expected=None).stdout.strip() in ("running", "degraded"), 30, "systemd to have booted")
        except AssertionError:
            raise Skipped(f"systemd does not boot here: {self.outer.out[-200:]} {self.outer.log[-200:]}") from None

    def first(self):
        if not self.outer.is_running():
            raise Skipped(f"a Debian cannot be booted here: {self.outer.log[-300:]}")
        done = subprocess.run(["pgrep", "-P", str(self.outer.pid)], capture_output=True, text=True, check=False)
        pid = done.stdout.split()[0] if done.stdout.split() else None
        return pid if pid and pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "systemd" else None

    def run(self, *words, **how):
        return self.lab.run("nsenter", "-t", self.pid, "-m", "-p", "-n", "-u", "-i", "-C", "-r", "-w", *words,
                            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}, **how)

    def close(self):
        self.outer.process.kill()
        self.outer.process.wait()
        for folder in sorted(self.group.rglob("*"), reverse=True):
            if folder.is_dir():
                wait_for(lambda f=folder: remove(f), 10, "the control groups to be empty")
        wait_for(lambda: remove(self.group), 10, "the control group to be empty")


def remove(folder):
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def query(lab, sql):
    return rows_of(json.loads(lab.host.run("bartizan", "--data", DATA, "query", "--json", sql).stdout))


def is_active(lab, name):
    return lab.host.run("systemctl", "is-active", name, expected=None).stdout.strip() == "active"


def processes(lab, name):
    """Process numbers, as the scenario sees them."""
    return [pid for pid in descendants(int(lab.host.pid)) if read_text(f"/proc/{pid}/cmdline").startswith(f"/usr/sbin/{name}\0")]


def explain(lab, name):
    return lab.host.run("systemctl", "status", "--no-pager", "-l", name, expected=None).stdout + lab.host.outer.out[-1500:] + lab.host.outer.log[-1500:]


@story("a fresh Debian boots systemd", deadline_s=90)
def boot(lab):
    lab.tree = DebianTree(lab)
    lab.tree.apt("install", "--no-install-recommends", "systemd-sysv")
    lab.run("umount", lab.tree.folder / "proc")
    lab.host = Booted(lab, lab.tree)


@story("installed, the server runs confined as its unit says, and the agent waits for a token", deadline_s=90)
def install(lab):
    if not hasattr(lab, "host"):
        raise Skipped("no systemd was booted")
    lab.run(sys.executable, ROOT / "packaging" / "debian.py", "--build", ROOT / "build" / "release", "--out", lab.tree.path("/srv"))
    lab.host.run("sh", "-c", "apt-get -q -y install --no-install-recommends /srv/*.deb")
    wait_for(lambda: lab.host.run("test", "-e", f"{DATA}/run/addresses.json", expected=None).returncode == 0, 30, f"the server; {explain(lab, 'bartizan-server')}")
    check(is_active(lab, "bartizan-server"), explain(lab, "bartizan-server"))
    equal(lab.host.run("systemctl", "show", "-P", "ConditionResult", "bartizan-agent").stdout.strip(), "no", "the agent's condition")


@story("with a token the agent runs confined, sees what its confinement hides, and uses what it may", deadline_s=90)
def agent(lab):
    if not hasattr(lab, "host"):
        raise Skipped("no systemd was booted")
    host, tree = lab.host, lab.tree
    host.run("useradd", "--create-home", "alice")
    host.run("sh", "-c", f"mkdir -m 700 /home/alice/.ssh && echo '{KEY.strip()}' >/home/alice/.ssh/authorized_keys && chmod -R go= /home/alice")
    host.run("cp", f"{DATA}/ca.pem", "/etc/bartizan/ca.pem")
    host.run("sh", "-c", f"umask 077; bartizan --data {DATA} enroll-token --uses 1 --ttl 1h >/etc/bartizan/token")
    host.run("sed", "-i", "s/^BARTIZAN_AGENT_SERVER=.*/BARTIZAN_AGENT_SERVER=127.0.0.1:7443/", "/etc/bartizan/agent.conf")
    host.run("systemctl", "restart", "bartizan-agent")
    wait_for(lambda: query(lab, "SELECT asset FROM authorized_keys WHERE user = 'alice'"), 30, f"alice's key; {explain(lab, 'bartizan-agent')}")
    check(is_active(lab, "bartizan-agent"), explain(lab, "bartizan-agent"))
    check(not [m for m in query(lab, "SELECT target, is_read_only FROM mounts") if m["target"] == "/" and int(m["is_read_only"])], "the unit's own mounts are told")
    wait_for(lambda: query(lab, "SELECT port FROM listeners WHERE port = 7443"), 20, "the server's listening socket")
    ports = {(int(r["port"]), r["process"]) for r in query(lab, "SELECT port, process FROM listeners")}
    check({(7443, "bartizand"), (7444, "bartizand")} <= ports, ports)
    bad = [r for r in query(lab, "SELECT * FROM sensor_health") if r.get("state") not in ("ok", "off") and r["collector"] != "file_changes"]  # the unit has no CAP_SYS_ADMIN to ask who changed a file
    check(not bad, f"collectors that fail under the unit: {bad}")
    equal(host.run("sh", "-c", f"ls -A {STATE}/key /etc/bartizan").stdout.split(),
          ["/etc/bartizan:", "agent.conf", "ca.pem", "scanner.conf", "server.conf", f"{STATE}/key:", "identity.pem"], "the token is used up")


@story("with a token the scanner runs confined, sends raw packets, and tells what it found and how it fares", deadline_s=90)
def scanner(lab):
    if not hasattr(lab, "host"):
        raise Skipped("no systemd was booted")
    host = lab.host
    other = Space(lab)
    for words in (f"link add lan type veth peer name wire netns {other.holder.pid}", "addr add 10.77.0.1/29 dev lan", "link set lan up"):
        lab.run("nsenter", "-t", host.pid, "-n", "ip", *words.split())
    for words in ("addr add 10.77.0.2/29 dev wire", "link set wire up"):
        other.run("ip", *words.split())
    web = other.start("web", sys.executable, "-u", "-m", "http.server", "--directory", lab.new_folder("web"), "--bind", "10.77.0.2", "8080")
    wait_for(lambda: "Serving" in web.out + web.log or not web.is_running(), 10, "a web server")
    for words in (("add", "10.77.0.0/29", "--ports", "8080,81", "--rate", "500"), ("prove", "10.77.0.0/29", "--statement", "the lab, by who runs it")):
        host.run("bartizan", "--data", DATA, "scope", *words)
    host.run("sh", "-c", f"umask 077; bartizan --data {DATA} enroll-token --kind scanner --uses 1 --ttl 1h >/etc/bartizan/scanner-token")
    host.run("sed", "-i", "s/^BARTIZAN_SCANNER_SERVER=.*/BARTIZAN_SCANNER_SERVER=127.0.0.1:7443/", "/etc/bartizan/scanner.conf")
    host.run("systemctl", "restart", "bartizan-scanner")
    wait_for(lambda: query(lab, "SELECT scope FROM scan_scopes WHERE runs > 0 AND finished IS NOT NULL"), 40, f"a run; {explain(lab, 'bartizan-scanner')}")
    check(is_active(lab, "bartizan-scanner"), explain(lab, "bartizan-scanner"))
    equal([r["reason"] or "" for r in query(lab, "SELECT reason FROM scan_scopes")], [""], "what kept it from all of the link's network")
    equal([(r["address"], int(r["port"]), r["protocol"], r["reason"]) for r in query(lab, "SELECT address, port, protocol, reason FROM scan_ports")],
          [("10.77.0.2", 8080, "http", "syn-ack")], "what it found, by raw packets")
    (asset,) = {r["asset"] for r in query(lab, "SELECT asset FROM scan_scopes")}
    health = {r["collector"]: r["state"] for r in query(lab, f"SELECT collector, state FROM sensor_health WHERE asset = '{asset}'")}
    equal({k: v for k, v in health.items() if k in ("discovery", "scopes", "processes")}, {"discovery": "ok", "scopes": "ok", "processes": "ok"}, "how it fares")
    allowed = {pid: dict(line.split(":\t", 1) for line in read_text(f"/proc/{pid}/status").splitlines() if ":\t" in line)
               for pid in processes(lab, "bartizan-scanner")}
    check(len(allowed) >= 7, allowed)
    equal({(a["NoNewPrivs"], a["Seccomp"]) for a in allowed.values()}, {("1", "2")}, "no new privileges, calls filtered")
    able = {a["Name"] for a in allowed.values() if int(a["CapEff"], 16) != 0}
    equal(able - {"bartizan-scanne"}, {"scan-find"}, "who may send raw packets, but the one that starts the others")
    equal(host.run("sh", "-c", "ls /etc/bartizan/scanner-token /var/lib/bartizan-scanner/token", expected=None).stdout, "", "the token is used up")


@story("all stop cleanly, and purging stops and removes agent and scanner", deadline_s=60)
def stop(lab):
    if not hasattr(lab, "host"):
        raise Skipped("no systemd was booted")
    lab.host.run("systemctl", "stop", "bartizan-agent", "bartizan-scanner", "bartizan-server")
    for name in ("bartizan-agent", "bartizan-scanner", "bartizan-server"):
        equal(lab.host.run("systemctl", "show", "-P", "Result", name).stdout.strip(), "success", f"how {name} ended")
    lab.host.run("systemctl", "start", "bartizan-server", "bartizan-agent", "bartizan-scanner")
    lab.host.run("apt-get", "-q", "-y", "purge", "bartizan-agent", "bartizan-scanner")
    for name in ("bartizan-agent", "bartizan-scanner"):
        equal(processes(lab, name), [], f"processes of {name}")
        equal(lab.host.run("getent", "passwd", name, expected=None).stdout, "", f"the user {name}")
        equal(lab.host.run("ls", "-d", f"/var/lib/{name}", expected=None).stdout, "", f"the state folder of {name}")
    lab.host.close()
    lab.closing.remove(lab.host.close)
    lab.programs.remove(lab.host.outer)  # it was killed, as a machine is switched off


if __name__ == "__main__":
    prepare_debian()
    isolate()
    tell(Lab)
