"""A fresh Debian below a folder: made by debootstrap once, kept as a tarball, and changed by its own dpkg and apt."""

import hashlib
import os
import pathlib
import pwd
import re
import shutil
import subprocess

from lab.machine import is_isolated
from lab.programs import ROOT
from lab.story import Skipped, is_root

REASON = "BARTIZAN_LAB_NO_DEBIAN"
CONTROL = ROOT / "packaging" / "debian" / "control"
# what the packages depend on, so that apt finds it without a network
WANTED = ("adduser", "systemd-sysv", "libssl3", "libsqlite3-0", "libmicrohttpd12", "libjansson4", "libcurl4", "libc-ares2", "libexpat1", "libpcre2-8-0", "libzstd1")


def cache_folder():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "bartizan"


def codename():
    text = pathlib.Path("/etc/os-release").read_text()
    found = re.search(r"^VERSION_CODENAME=(\w+)", text, re.M)
    return found.group(1) if found and re.search(r"^ID=debian", text, re.M) else None


def tarball():
    """One for these packages: when others are wanted, another is made."""
    wanted = hashlib.sha256(" ".join(WANTED).encode()).hexdigest()[:8]
    return cache_folder() / f"debian-{codename()}-minbase-{wanted}.tar"


def mirror(suite):
    """The address from which this machine itself installs the suite."""
    folder = pathlib.Path("/etc/apt")
    for path in [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))]:
        if path.exists():
            for line in path.read_text().splitlines():
                found = re.match(rf"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+{suite}\s", line)
                if found:
                    return found.group(1)
    for path in sorted(folder.glob("sources.list.d/*.sources")):
        for paragraph in path.read_text().split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z-]+):\s*(.*)$", paragraph, re.M))
            if suite in fields.get("Suites", "").split():
                return fields["URIs"].split()[0]
    return None


def _make(suite, target):
    """Debootstraps into a tarball; the reason where it cannot."""
    address = mirror(suite)
    if not address:
        return f"/etc/apt names no mirror of {suite}"
    work = target.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    print(f"# making a fresh Debian ({suite}) once; it is kept at {target}", flush=True)
    steps = (["debootstrap", "--variant=minbase", suite, str(work), address],
             ["chroot", str(work), "apt-get", "install", "-q", "-y", "--download-only", "--no-install-recommends", *WANTED],
             ["tar", "-C", str(work), "--numeric-owner", "-cf", f"{target}.part", "."])
    try:
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
            if done.returncode != 0:
                last = ((done.stderr.strip() or done.stdout.strip()).splitlines() or ["?"])[-1]
                return f"{step[0]} failed: {last}"
        os.rename(f"{target}.part", target)
        for other in target.parent.glob("debian-*-minbase-*.tar"):
            if other != target:
                other.unlink()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return None


def prepare_debian():
    """Makes the tarball where it is not there yet. To be called before isolate(), which takes the network away."""
    if not is_root() or is_isolated() or REASON in os.environ:
        return
    suite, reason = codename(), None
    if suite is None:
        reason = "this machine is no Debian, and its packages fit no Debian"
    elif tarball().exists():
        return
    elif not shutil.which("debootstrap"):
        reason = "debootstrap is not here"
    else:
        reason = _make(suite, tarball())
    if reason:
        os.environ[REASON] = reason


class DebianTree:
    """One of the scenario's own, with /proc; gone with the scenario."""

    def __init__(self, lab):
        if not is_isolated():
            raise Skipped("needs root: a Debian of its own")
        if os.environ.get(REASON):
            raise Skipped(os.environ[REASON])
        self.lab, self.folder = lab, lab.new_folder("debian")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=2g", "bartizan-debian", str(self.folder)], check=True)
        lab.closing.append(lambda: subprocess.run(["umount", "-l", str(self.folder)], check=False))
        lab.run("tar", "-C", self.folder, "--numeric-owner", "-xf", tarball())
        lab.run("mount", "-t", "proc", "proc", self.folder / "proc")

    def path(self, inside):
        return self.folder / inside.lstrip("/")

    def command(self, *words):
        """The words of a command that runs in the tree."""
        return ["chroot", str(self.folder), *map(str, words)]

    def run(self, *words, **how):
        return self.lab.run(*self.command(*words), env={"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}, **how)

    def apt(self, *words):
        return self.run("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", *words)

    def install(self, paths):
        """Packages of the machine's own, by the tree's apt."""
        inside = []
        for path in paths:
            shutil.copy(path, self.path("/root"))
            inside.append(f"/root/{path.name}")
        self.apt("install", "--no-install-recommends", *inside)
        for name in inside:
            self.path(name).unlink()

    def write(self, path, text, mode):
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def status(self, name):
        return self.run("dpkg-query", "-W", "-f", "${Status}", name).stdout

    def mode(self, path):
        return self.path(path).stat().st_mode & 0o7777

    def owner(self, path):
        """The name of a file's owner, in the tree's own terms."""
        uid = self.path(path).stat().st_uid
        for line in self.path("/etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if int(fields[2]) == uid:
                return fields[0]
        return pwd.getpwuid(uid).pw_name
