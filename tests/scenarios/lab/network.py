"""Network name spaces of a scenario's own, linked to it or to each other, and a scanner that looks into them."""

import os
import shutil
import socket
import subprocess

from lab.programs import Program, build_folder
from lab.story import wait_for


def run(*words, **options):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


class Space:
    """A network name space."""

    def __init__(self, lab):
        self.lab = lab
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        lab.closing.append(self.holder.kill)
        ours = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != ours, 5, "the other name space")
        self.run("ip", "link", "set", "lo", "up")

    def link(self, number, router=None):
        """A link 192.0.NUMBER.0/30 and 2001:db8:NUMBER::/126 to a router, or to us."""
        near = router.run if router else run
        near("ip", "link", "add", "name", f"lab{number}", "type", "veth", "peer", "name", "up0", "netns", self.holder.pid)
        near("ip", "addr", "add", f"192.0.{number}.1/30", "dev", f"lab{number}")
        near("ip", "addr", "add", f"2001:db8:{number}::1/126", "dev", f"lab{number}", "nodad")
        near("ip", "link", "set", f"lab{number}", "up")
        for words in (f"addr add 192.0.{number}.2/30 dev up0", f"addr add 2001:db8:{number}::2/126 dev up0 nodad", "link set up0 up",
                      f"route add default via 192.0.{number}.1"):
            self.run("ip", *words.split())

    def own(self, address):
        length = 128 if ":" in address else 32
        self.run("ip", "addr", "add", f"{address}/{length}", "dev", "lo", *(["nodad"] if length == 128 else []))

    @property
    def prefix(self):
        return ["nsenter", "-t", str(self.holder.pid), "-n"]

    def run(self, *words, **options):
        return run(*self.prefix, *words, **options)

    def start(self, name, *words):
        return Program(self.lab, name, [shutil.which(words[0]) or words[0], *words[1:]], prefix=self.prefix)


def wait_port(address, port):
    def answers():
        with socket.socket() as s:
            s.settimeout(1)
            return s.connect_ex((address, port)) == 0

    wait_for(answers, 15, f"{address}:{port}")


class Scanner(Program):
    def __init__(self, lab, *options, state=None, token=None, **how):
        self.state = state or lab.new_folder("scanner")
        words = [build_folder(lab.build) / "bartizan-scanner", "--state", self.state, *options]
        if hasattr(lab, "fingerprints"):
            words += ["--fingerprints", lab.fingerprints]
        if token:
            words += ["--server", lab.server.sensors, "--ca", lab.server.ca, "--token", token]
        super().__init__(lab, "scanner", words, **how)

    def again(self, *options):
        return Scanner(self.lab, *options, state=self.state)
