"""A machine of the scenario's own: namespaces that vanish with it, overlays over the system's folders, links to cut."""

import os
import pathlib
import subprocess
import sys

from lab.story import Failed, Skipped, check, is_root, wait_for

OUTER = "BARTIZAN_LAB_OUTER_MOUNTS"
OVERLAID = ("etc", "var", "usr", "root", "home", "opt", "boot")


def isolate():
    """Starts this script again in mount, network and process namespaces of its own (root only). Call it first."""
    if not is_root():
        return
    if OUTER not in os.environ:
        os.environ[OUTER] = os.readlink("/proc/self/ns/mnt")
        # killing the outer process kills everything within
        os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
                              sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def is_isolated():
    return OUTER in os.environ and os.environ[OUTER] != os.readlink("/proc/self/ns/mnt")


def _run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def mount_tmpfs(lab, folder, size):
    """A small file system; size as mount takes it ("8m")."""
    if not is_isolated():
        raise Skipped("needs root: a file system of its own")
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "bartizan-lab", folder)
    lab.closing.append(lambda: subprocess.run(["umount", "-l", str(folder)], check=False))


class Machine:
    """Overlays over /etc, /var, /usr and the like: what is written there is seen by this scenario only."""

    def __init__(self, lab):
        if not is_isolated():
            raise Skipped("needs root: a machine of its own, in namespaces")
        self.lab = lab
        upper = lab.new_folder("machine")
        _run("mount", "-t", "tmpfs", "bartizan-machine", upper)
        lab.closing.append(lambda: subprocess.run(["umount", "-l", str(upper)], check=False))
        for name in OVERLAID:
            if not pathlib.Path("/", name).is_dir():
                continue
            for part in ("up", "work"):
                (upper / name / part).mkdir(parents=True)
            options = f"lowerdir=/{name},upperdir={upper / name / 'up'},workdir={upper / name / 'work'}"
            done = subprocess.run(["mount", "-t", "overlay", "-o", options, "bartizan-overlay", f"/{name}"], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Skipped(f"no overlay over /{name} here: {done.stderr.strip()}")
        mounts = pathlib.Path("/proc/self/mounts").read_text()
        check("bartizan-overlay /etc overlay" in mounts, "the overlay over /etc is not there; nothing is changed without it")

    def run(self, *words, **how):
        return self.lab.run(*words, **how)


class Link:
    """A network namespace at the end of a wire: 10.88.N.1 is here, 10.88.N.2 there."""

    _count = 0

    def __init__(self, lab):
        if not is_isolated():
            raise Skipped("needs root: a network namespace")
        Link._count += 1
        self.lab, self.near = lab, f"wire{Link._count}"
        self.here, self.there = f"10.88.{Link._count}.1", f"10.88.{Link._count}.2"
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        lab.closing.append(self.holder.kill)
        own = os.readlink("/proc/self/ns/net")

        def moved():
            try:
                return os.readlink(f"/proc/{self.holder.pid}/ns/net") != own
            except OSError:
                return False

        wait_for(moved, 10, "a network namespace")
        self.prefix = ["nsenter", "--net", "--target", str(self.holder.pid)]
        _run("ip", "link", "add", self.near, "type", "veth", "peer", "name", "far0", "netns", self.holder.pid)
        _run("ip", "address", "add", f"{self.here}/24", "dev", self.near)
        _run("ip", "link", "set", self.near, "up")
        for words in (["address", "add", f"{self.there}/24", "dev", "far0"], ["link", "set", "far0", "up"], ["link", "set", "lo", "up"]):
            _run(*self.prefix, "ip", *words)

    def unplug(self):
        """Both ends notice that the carrier is gone."""
        _run("ip", "link", "set", self.near, "down")

    def plug(self):
        _run("ip", "link", "set", self.near, "up")

    def swallow(self):
        """Every packet vanishes and nobody is told: each side sends to an address that no card has."""
        _run("ip", "neigh", "replace", self.there, "lladdr", "02:00:00:00:00:99", "dev", self.near, "nud", "permanent")
        _run(*self.prefix, "ip", "neigh", "replace", self.here, "lladdr", "02:00:00:00:00:98", "dev", "far0", "nud", "permanent")

    def deliver(self):
        _run("ip", "neigh", "flush", "dev", self.near, "nud", "permanent")
        _run(*self.prefix, "ip", "neigh", "flush", "dev", "far0", "nud", "permanent")

    def slow(self, rate):
        """Both directions at a rate ("64kbit"). Skipped where the kernel cannot."""
        for prefix, device in ((), self.near), (self.prefix, "far0"):
            done = subprocess.run([*prefix, "tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate, "burst", "4kb", "latency", "2s"],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Skipped("this kernel cannot slow a link down: " + done.stderr.strip())

    def fast(self):
        _run("tc", "qdisc", "del", "dev", self.near, "root")
        _run(*self.prefix, "tc", "qdisc", "del", "dev", "far0", "root")
