#!/usr/bin/env python3
"""A fleet's findings: all of them from nothing, after a feed's update, and asked for (the C program bench-vulns); debsecan on one host.

Where the simulation's rates are from: bench/vulns/simulated.c. What each feed takes to parse, beside jq: `./dev bench feeds`.
"""

import json
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import zlib

from figures import ROOT, options

PROGRAM = "src/server/api/bench-vulns"


def debsecan_cpu(folder, packages, advisories):
    """Seconds on a processor for one host, its database already fetched; the least of three."""
    r = random.Random(1)
    sources = [f"source-{i}" for i in range(4000)]
    names = "".join(f"CVE-{2015 + i % 11}-{i:05},,\n" for i in range(advisories))
    lines = "".join(f"{r.choice(sources)},{i},S ?F,1.0-{r.randrange(1, 9)},\n" for i in range(advisories))
    (folder / "bookworm").write_bytes(zlib.compress(f"VERSION 1\n{names}\n{lines}\n\n".encode()))
    (folder / "status").write_text("".join(f"Package: package-{i}\nStatus: install ok installed\nArchitecture: amd64\nSource: {sources[i // 3]}\nVersion: 1.0-{r.randrange(6, 9)}\n\n"
                                           for i in range(packages)))
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["debsecan", "--suite", "bookworm", "--source", f"file://{folder}", "--status", folder / "status", "--config", "/dev/null",
                        "--whitelist", folder / "none"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took)


def main():
    given = options(__doc__, assets=10000, packages=2000, advisories=30000, added=100)
    build = ROOT / "build" / "release"
    subprocess.run(["ninja", "-C", str(build), PROGRAM], check=True, stdout=subprocess.DEVNULL)
    # on the disk of the build, not in memory
    with tempfile.TemporaryDirectory(dir=build) as name:
        folder = pathlib.Path(name)
        kept = folder / "figures.json"
        done = subprocess.run([build / PROGRAM, "-d", folder, "-j", kept, "-a", str(given.assets), "-r", str(given.packages), "-n", str(given.advisories),
                               "-u", str(given.added)], check=False)
        if done.returncode != 0:
            sys.exit(done.returncode)
        figures = json.loads(kept.read_text())
        if shutil.which("debsecan"):
            one = debsecan_cpu(folder, given.packages, given.advisories)
            ratio = one * given.assets / figures["evaluation_from_nothing_cpu"]
            print(f"debsecan on one host: {one:.3g} s; on {given.assets:,}: {one * given.assets:,.0f} s, {ratio:,.0f} times the evaluation's CPU")
            figures.update(debsecan_one_host_s=one, debsecan_times=ratio)
        else:
            print("debsecan is not installed: not compared")
        if given.json:
            pathlib.Path(given.json).write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
