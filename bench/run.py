#!/usr/bin/env python3
"""Runs a benchmark, or lists them. `run.py [NAME [OPTIONS]]`; every benchmark takes --help and --json FILE."""

import ast
import pathlib
import runpy
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
LIBRARIES = ("run.py", "agent_work.py", "figures.py", "relay.py")


def benchmarks():
    return {p.stem: p for p in sorted(FOLDER.glob("*.py")) if p.name not in LIBRARIES}


def main():
    known = benchmarks()
    if len(sys.argv) < 2:
        for name, path in known.items():
            print(f"{name:10} {ast.get_docstring(ast.parse(path.read_text())).splitlines()[0]}")
        print("\n./dev bench NAME [--json FILE] runs one.")
        return 0
    name = sys.argv[1]
    if name not in known:
        print(f"there is no benchmark '{name}'; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    sys.argv = sys.argv[1:]
    sys.argv[0] = str(known[name])
    runpy.run_path(str(known[name]), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
