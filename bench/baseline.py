#!/usr/bin/env python3
"""How long file integrity takes for /etc and /usr/bin: the first time and after a restart, beside aide --init of the same folders."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import figures
from figures import Figures, cpu_s
from lab import Agent, Lab, Server, is_root, isolate, wait_for
from lab.machine import is_isolated

FOLDERS = ("etc", "usr/bin")
DEADLINE_S = 300


def bind(lab):
    """A tree for --root that holds nothing but the folders, which are this machine's own."""
    root = lab.new_folder("root")
    for name in FOLDERS:
        (root / name).mkdir(parents=True)
        subprocess.run(["mount", "--rbind", f"/{name}", str(root / name)], check=True)
        lab.closing.append(lambda folder=root / name: subprocess.run(["umount", "-l", str(folder)], check=False))
    return root


def contents(root):
    """(files, bytes) of regular files."""
    files = size = 0
    for name in FOLDERS:
        for at, _, names in os.walk(root / name):
            for entry in names:
                path = os.path.join(at, entry)
                if os.path.isfile(path) and not os.path.islink(path):
                    files, size = files + 1, size + os.path.getsize(path)
    return files, size


def known(agent, started):
    """(seconds until all was known, bytes read for it, seconds of CPU)."""
    line = wait_for(lambda: re.search(r"all watched files are known.* bytes_read=(\d+)", agent.log), DEADLINE_S, "all files to be known", pause_s=0.005)
    return time.monotonic() - started, int(line[1]), cpu_s(agent.wait_role("collector"))


def run_agent(lab, out, root):
    server = Server(lab, build="release")
    token = server.token()
    started = time.monotonic()
    agent = Agent(lab, server, token=token, build="release", options=["--root", root])
    first, read, cpu = known(agent, started)
    out.add("agent: first baseline", first, "s", f"{read:,} bytes read, within the default budget of 50 MiB/s")
    out.add("agent: CPU for it", cpu, "s", f"{read / max(cpu, 1e-9) / 1e6:,.0f} MB for a second of CPU")
    agent.stop()
    started = time.monotonic()
    agent = agent.again(options=["--root", root])
    again, read, cpu_again = known(agent, started)
    out.add("agent: restart", again, "s", f"{read:,} bytes read, {cpu_again:.3f} s CPU")
    agent.stop()
    return first, cpu


def run_aide(lab, root):
    """(seconds, seconds of CPU) of the second of two runs, as files are then in memory for both programs."""
    conf = lab.folder / "aide.conf"
    conf.write_text(f"database_out=file:{lab.folder}/aide.db\nROW = ftype+p+u+g+s+l+sha256\n" + "".join(f"{root}/{name} ROW\n" for name in FOLDERS))
    for _ in range(2):
        before, started = os.times(), time.monotonic()
        done = subprocess.run(["aide", "--init", "--config", str(conf)], capture_output=True, text=True, check=False, timeout=DEADLINE_S)
        took, after = time.monotonic() - started, os.times()
        if done.returncode != 0:
            raise SystemExit(f"aide failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    return took, after.children_user + after.children_system - before.children_user - before.children_system


def main():
    args = figures.options(__doc__.splitlines()[0])
    if not is_root() or not is_isolated():
        raise SystemExit("this benchmark needs root: bind mounts in a namespace of its own")
    out = Figures("File integrity: a baseline of /etc and /usr/bin")
    with Lab(build="release") as lab:
        root = bind(lab)
        files, size = contents(root)
        out.section("What there is")
        out.add("regular files", files)
        out.add("their bytes", size / 1e6, "MB")
        aide = None
        if shutil.which("aide"):
            out.section("aide --init, sha256 and the same facts")
            aide = run_aide(lab, root)
            out.add("aide", aide[0], "s")
            out.add("aide: CPU", aide[1], "s")
        out.section("bartizan-agent")
        first, cpu = run_agent(lab, out, root)
        out.section("Ratios (below 1: the agent takes less)")
        if aide is None:
            out.add("aide", "-", "", "not installed: apt-get install aide")
        else:
            out.add("time, agent to aide", first / aide[0], "x", "the agent keeps to its budget on purpose")
            out.add("CPU, agent to aide", cpu / aide[1], "x", "the agent's whole collector, with all its tables")
    out.save(args.json)


if __name__ == "__main__":
    isolate()
    main()
