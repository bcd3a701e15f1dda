"""A systemd of the scenario's own: process 1 of a namespace, with a control group that goes with it."""

import os
import pathlib
import subprocess

from lab.programs import children_of
from lab.machine import is_isolated
from lab.story import Skipped, wait_for

PROGRAM = "/lib/systemd/systemd"


def _mount(*words):
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skipped("systemd cannot run here: " + done.stderr.strip())


class Systemd:
    """Runs the units given (name -> text) and nothing else; /run and /sys/fs/cgroup are its own, and seen by the scenario."""

    def __init__(self, lab, units):
        if not is_isolated() or not pathlib.Path(PROGRAM).exists():
            raise Skipped("needs root and systemd")
        self.lab = lab
        groups = lab.new_folder("groups")
        _mount("-t", "cgroup2", "none", groups)
        self.group = groups / f"bartizan-lab-{os.getpid()}-{os.urandom(4).hex()}"
        self.group.mkdir()
        lab.closing.append(self._close)
        _mount("-t", "tmpfs", "bartizan-run", "/run")
        subprocess.run(["umount", "-l", "/sys/fs/cgroup"], check=False, capture_output=True)
        _mount("--bind", self.group, "/sys/fs/cgroup")
        folder = pathlib.Path("/etc/systemd/system")
        for name, text in units.items():
            (folder / name).write_text("[Unit]\nDefaultDependencies=no\n" + text)
        (folder / "lab.target").write_text(f"[Unit]\nDefaultDependencies=no\nWants={' '.join(u for u in units if '@' not in u)}\n")
        script = (f'echo $$ > "{self.group}/cgroup.procs" && exec unshare --pid --fork --kill-child --mount --cgroup --uts --ipc sh -c "'
                  f'mount -t proc proc /proc && umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && '
                  f'exec env container=lab {PROGRAM} --unit=lab.target --log-target=console --show-status=no"')
        with open(lab.folder / "systemd.log", "wb") as log:
            self.outer = subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = wait_for(lambda: next((p for p, n in children_of(self.outer.pid).items() if n == "systemd"), None), 20, "systemd")
        wait_for(lambda: self.run("is-active", "lab.target").stdout.strip() == "active", 30, "lab.target")

    def run(self, *words):
        """systemctl, as somebody within would call it."""
        return subprocess.run(["nsenter", "--target", str(self.pid), "--pid", "--mount", "--", "systemctl", "--no-pager", *words],
                              capture_output=True, text=True, check=False)

    def _close(self):
        if hasattr(self, "outer"):
            self.outer.kill()
            self.outer.wait()
        kill = self.group / "cgroup.kill"
        if kill.exists():
            kill.write_text("1")
        events = self.group / "cgroup.events"
        wait_for(lambda: not events.exists() or "populated 0" in events.read_text(), 10, "an empty control group")
        for folder in sorted((p for p in self.group.rglob("*") if p.is_dir()), key=lambda p: -len(p.parts)):
            folder.rmdir()
        if self.group.exists():
            self.group.rmdir()
