#!/usr/bin/env python3
"""What the agent costs while programs are executed 1,000 times a second; beside forkstat and auditd where they are."""

import pathlib
import re
import shutil
import subprocess
import time

import figures
from figures import Figures, cpu_s, memory_kb, wakeups
from lab import Agent, Failed, Lab, Server, build_folder, descendants, is_root, wait_for
from relay import Relay

GOAL_PERCENT = 1.0
LINES = {
    "a short command line": "/usr/bin/test -e /etc/passwd\n",
    "90 bytes of arguments": "/usr/bin/rsync --archive --delete --quiet /srv/data/projects/current backup:/srv/data/projects\n",
    "a kernel build": None,
}


class Storm:
    """Executions at a steady rate by a small program that is not a shell."""

    def __init__(self, lab, what):
        build = build_folder("release")
        subprocess.run(["ninja", "-C", str(build), "bench/execs/bench-execs", "bench/execs/bench-nothing"], check=True, stdout=subprocess.DEVNULL)
        self.program, self.nothing = build / "bench/execs/bench-execs", build / "bench/execs/bench-nothing"
        self.lines = figures.ROOT / "bench/execs/kernel_build.txt"
        if LINES[what]:
            self.lines = lab.new_folder("lines") / "lines.txt"
            self.lines.write_text(LINES[what])

    def run(self, rate, seconds):
        """How many were executed."""
        done = subprocess.run([str(self.program), str(self.nothing), str(self.lines), str(rate), str(seconds)], check=True, capture_output=True, text=True)
        return int(done.stdout)


def stored(server):
    return server.sql("SELECT count(*) AS n FROM executions WHERE executable LIKE '%bench-nothing'")[0]["n"]


def told(server):
    return server.sql("SELECT count(*) AS n FROM executions")[0]["n"]


def under(server, agent, storm, given, out, what):
    """CPU of the agent's processes over a storm, and until the server has the last execution."""
    pids = {agent.pid: "supervisor", **descendants(agent.pid)}
    had, gaps = stored(server), server.sql("SELECT count(*) AS n FROM gaps")[0]["n"]
    before = {pid: (cpu_s(pid), wakeups(pid)) for pid in pids}
    started = time.monotonic()
    count = storm.run(given.rate, given.seconds)
    took = time.monotonic() - started
    wait_for(lambda: stored(server) - had >= count, 30, "the last execution in the inventory", pause_s=0.2)
    total = 0.0
    for pid, name in pids.items():
        used, woken = cpu_s(pid) - before[pid][0], wakeups(pid) - before[pid][1]
        out.add(f"{what}: {name}", 100 * used / took, "% of core", f"{1e6 * used / count:.1f} us an execution, {woken / took:.1f} wake-ups/s")
        total += used
    out.add(f"{what}: all", 100 * total / took, "% of core", f"{count / took:,.0f} executions/s, {100 * total / took / GOAL_PERCENT:.2f} x goal")
    out.add(f"{what}: told twice or lost", abs(stored(server) - had - count) + server.sql("SELECT count(*) AS n FROM gaps")[0]["n"] - gaps)
    return total / count


def agent_storms(given, out):
    """CPU seconds an execution, by kind of command line."""
    cost = {}
    with Lab("release") as lab:
        server = Server(lab)
        relay = Relay(server.sensors)
        agent = Agent(lab, server, token=server.token(), address=relay.address)
        nothing = Storm(lab, "a short command line")
        wait_for(lambda: nothing.run(10, 1) and stored(server) > 0, 90, "the first execution that is told", pause_s=0.5)
        time.sleep(given.settle)
        for what in LINES:
            had, up = told(server), relay.up
            cost[what] = under(server, agent, Storm(lab, what), given, out, what)
            out.add(f"{what}: sent", (relay.up - up) / (told(server) - had), "bytes", "an execution, TLS included, those of others on this machine among them")
        for pid, name in {agent.pid: "supervisor", **descendants(agent.pid)}.items():
            resident, proportional, private = memory_kb(pid)
            out.add(f"{name}: proportional afterwards", proportional, "KB", f"resident {resident:,}, private {private:,}")
    return cost


def forkstat(lab):
    """(process, the file that it writes, threads of the kernel that work for it, what ends it)"""
    log = lab.folder / "forkstat"
    with open(log, "wb") as said:
        process = subprocess.Popen(["forkstat", "-e", "exec", "-l"], stdout=said, stderr=said, stdin=subprocess.DEVNULL)
    return process, log, [], lambda: None


RULE = ["always,exit", "-F", "arch=b64", "-S", "execve", "-k", "bartizan-bench"]
AUDITD_CONF = """local_events = yes
log_file = {folder}/audit.log
log_format = RAW
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 500
max_log_file_action = IGNORE
space_left = 2
space_left_action = IGNORE
admin_space_left = 1
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
plugin_dir = {folder}/plugins.d
"""


def auditd(lab):
    """As forkstat(). Changes the kernel's audit rules meanwhile, so only where nobody else has any."""
    folder = lab.new_folder("audit")
    (folder / "plugins.d").mkdir()
    (folder / "auditd.conf").write_text(AUDITD_CONF.format(folder=folder))
    for path in (folder, folder / "plugins.d", folder / "auditd.conf"):
        path.chmod(0o750 if path.is_dir() else 0o640)
    if "pid 0" not in lab.run("auditctl", "-s").stdout or "No rules" not in lab.run("auditctl", "-l").stdout:
        raise Failed("somebody else uses the kernel's audit")
    process = subprocess.Popen(["auditd", "-n", "-c", str(folder)], stdin=subprocess.DEVNULL)
    wait_for(lambda: f"pid {process.pid}" in lab.run("auditctl", "-s").stdout, 10, "auditd", pause_s=0.2)
    lab.run("auditctl", "-b", "8192")
    lab.run("auditctl", "-a", *RULE)

    def end():
        lab.run("auditctl", "-d", *RULE)
        lab.run("auditctl", "-b", "64")
        process.terminate()
        process.wait(10)

    threads = [int(p.parent.name) for p in pathlib.Path("/proc").glob("[0-9]*/comm") if p.read_text() == "kauditd\n"]
    return process, folder / "audit.log", threads, end


PEERS = {"forkstat": (forkstat, b"bench-nothing"), "auditd": (auditd, b'exe="[^"]*bench-nothing"')}


def peer(given, out, name, what, own):
    """A program that follows executions by itself, over the same storm."""
    begin, mark = PEERS[name]
    with Lab("release") as lab:
        storm = Storm(lab, what)
        try:
            process, log, threads, end = begin(lab)
        except (Failed, OSError) as error:
            print(f"  {name} cannot be measured here: {error}")
            return
        lab.closing.append(process.kill)
        try:
            time.sleep(1)
            pids = [process.pid, *threads]
            before, started = sum(map(cpu_s, pids)), time.monotonic()
            count = storm.run(given.rate, given.seconds)
            took, used = time.monotonic() - started, sum(map(cpu_s, pids)) - before
            seen = len(re.findall(mark, log.read_bytes()))
        finally:
            end()
        out.add(f"{name}, {what}", 100 * used / took, "% of core", f"{1e6 * used / count:.1f} us an execution, {seen:,} of {count:,} told by name")
        out.add(f"the agent beside {name}", own[what] * count / used, "x", "which hashes, masks, keeps and sends besides")


def main():
    given = figures.options(__doc__, rate=1000, seconds=20, settle=30)
    out = Figures("agent_execs")
    if not is_root():
        print("needs root: executions are told by the kernel")
        return
    out.section(f"CPU over {given.seconds} s of {given.rate} executions a second, from the kernel to the inventory (goal: {GOAL_PERCENT} % of a core)")
    own = agent_storms(given, out)
    out.section("Peers, alone on the same storm (CPU of the process, and of kauditd; what the kernel spends in the executing program is in none)")
    for name in PEERS:
        if shutil.which(name) is None:
            print(f"  {name} is not installed")
            continue
        peer(given, out, name, "a kernel build", own)
    out.save(given.json)


if __name__ == "__main__":
    main()
