#!/usr/bin/env python3
"""The store alone, beside plain SQLite upserts of the same rows (the C program bench-store)."""

import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = "src/server/inventory/bench-store"


def main():
    build = ROOT / "build" / "release"
    if not (ROOT / "bench" / "store").is_dir():
        sys.exit("bench/store is not in this tree")
    subprocess.run(["ninja", "-C", str(build), PROGRAM], check=True, stdout=subprocess.DEVNULL)
    # on the disk of the build, not in memory
    with tempfile.TemporaryDirectory(dir=build) as folder:
        sys.exit(subprocess.run([str(build / PROGRAM), "-d", folder, *sys.argv[1:]], check=False).returncode)


if __name__ == "__main__":
    main()
