#!/usr/bin/env python3
"""A fleet's findings: all of them from nothing, after a feed's update, and asked for (the C program bench-vulns)."""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = "src/server/api/bench-vulns"


def main():
    build = ROOT / "build" / "release"
    subprocess.run(["ninja", "-C", str(build), PROGRAM], check=True, stdout=subprocess.DEVNULL)
    arguments = ["-j" if a == "--json" else a for a in sys.argv[1:]]
    # on the disk of the build, not in memory
    with tempfile.TemporaryDirectory(dir=build) as folder:
        sys.exit(subprocess.run([str(build / PROGRAM), "-d", folder, *arguments], check=False).returncode)


if __name__ == "__main__":
    main()
