#!/usr/bin/env python3
"""How smoothly the console's map of 10,000 hosts moves in headless Chromium, drawn in software."""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

CONSOLE = pathlib.Path(__file__).resolve().parent.parent / "console"
WORDS = {"pan_all": "moving all of it", "pan_close": "moving a part of it", "zoom": "zooming", "hover": "pointing"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="of each movement")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    args = parser.parse_args()
    if shutil.which("node") is None or not pathlib.Path("/usr/bin/chromium").exists():
        print("this needs node and chromium", file=sys.stderr)
        return 2
    if not (CONSOLE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=CONSOLE, check=True)
    done = subprocess.run(["node", "test/mapbench.mjs", str(args.seconds)], cwd=CONSOLE, stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout)
    print(f"{figures['hosts']} hosts, shown after {figures['shown_ms']} ms; {args.seconds} s of each, software rendering, 1280x800")
    for name, words in WORDS.items():
        f = figures[name]
        print(f"  {words:20} {f['fps']:5.1f} frames/s  median {f['median_ms']:.1f} ms  95% {f['p95_ms']:.1f}  99% {f['p99_ms']:.1f}"
              f"  longest {f['max_ms']:.1f}  late {f['late']} of {f['frames']}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
