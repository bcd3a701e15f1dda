#!/usr/bin/env python3
"""What the agent costs while programs are executed 1,000 times a second; beside forkstat and auditd where they are."""

import os
import pathlib
import shutil
import subprocess
import time

import figures
from figures import Figures, cpu_s, memory_kb, wakeups
from lab import Agent, Lab, Server, build_folder, descendants, is_root, wait_for

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
        agent = Agent(lab, server, token=server.token())
        nothing = Storm(lab, "a short command line")
        wait_for(lambda: nothing.run(10, 1) and stored(server) > 0, 90, "the first execution that is told", pause_s=0.5)
        time.sleep(given.settle)
        for what in LINES:
            cost[what] = under(server, agent, Storm(lab, what), given, out, what)
        for pid, name in {agent.pid: "supervisor", **descendants(agent.pid)}.items():
            resident, proportional, private = memory_kb(pid)
            out.add(f"{name}: proportional afterwards", proportional, "KB", f"resident {resident:,}, private {private:,}")
    return cost


def peer(given, out, name, command, what, own):
    """A program that follows executions by itself, over the same storm."""
    with Lab("release") as lab:
        log = lab.folder / "said"
        with open(log, "wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        lab.closing.append(process.kill)
        time.sleep(1)
        storm = Storm(lab, what)
        if process.poll() is not None:
            print(f"  {name} does not run here: {log.read_text(errors='replace').strip()[:200]}")
            return
        before, started = cpu_s(process.pid), time.monotonic()
        count = storm.run(given.rate, given.seconds)
        took, used = time.monotonic() - started, cpu_s(process.pid) - before
        told = log.read_bytes().count(b"bench-nothing") or log.read_bytes().count(b"exec")
        out.add(f"{name}, {what}", 100 * used / took, "% of core", f"{1e6 * used / count:.1f} us an execution, {told:,} of {count:,} told")
        out.add(f"the agent beside {name}", own[what] * count / used, "x", "which hashes, masks, keeps and sends besides")


def main():
    given = figures.options(__doc__, rate=1000, seconds=20, settle=30)
    out = Figures("agent_execs")
    if not is_root():
        print("needs root: executions are told by the kernel")
        return
    out.section(f"CPU over {given.seconds} s of {given.rate} executions a second, from the kernel to the inventory (goal: {GOAL_PERCENT} % of a core)")
    own = agent_storms(given, out)
    out.section("Peers, alone on the same storm (CPU of the process; what the kernel spends in the executing program is in neither)")
    for name, command in (("forkstat", ["forkstat", "-e", "exec", "-l"]), ("auditd", ["auditd", "-f", "-n"])):
        if shutil.which(command[0]) is None:
            print(f"  {name} is not installed")
            continue
        peer(given, out, name, command, "a kernel build", own)
    out.save(given.json)


if __name__ == "__main__":
    main()
