#!/usr/bin/env python3
"""Fingerprints: texts matched per CPU second in one pass, beside trying every pattern in turn; loading, memory."""

import argparse
import json
import os
import pathlib
import subprocess
import sys

from figures import ROOT, Figures

PROGRAM = ROOT / "build" / "release" / "bench" / "fingerprints" / "bench-fingerprints"
SHARED = pathlib.Path(os.environ.get("BARTIZAN_SHARED_DATA", ROOT.parent / "shared" / "data")) / "recog"


def measure(folder, mode, what, seconds):
    out = subprocess.run([PROGRAM, folder, mode, what, str(seconds)], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def report(figures, title, folder, what, seconds, rounds):
    """The best of some rounds, one way after the other: others use this machine too."""
    linear, plain = [], []
    for _ in range(rounds):
        linear.append(measure(folder, "linear", what, seconds))
        plain.append(measure(folder, "plain", what, seconds))
    if {(r["matched"], r["lines"]) for r in linear + plain} != {(linear[0]["matched"], linear[0]["lines"])}:
        sys.exit("the two ways do not find the same fingerprints")
    best, beside = max(r["texts_per_s"] for r in linear), max(r["texts_per_s"] for r in plain)
    figures.section(title)
    figures.add("texts", linear[0]["texts"], "", f"{linear[0]['matched']} matched, the same fingerprints both ways")
    figures.add("in one pass", best, "/CPU s", f"{linear[0]['candidates'] / linear[0]['texts']:.2f} patterns tried for each")
    figures.add("every pattern in turn (PCRE2)", beside, "/CPU s", f"{plain[0]['candidates'] / plain[0]['texts']:.0f} patterns tried for each")
    figures.add("ratio", best / beside, "times")
    return linear, plain


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    parser.add_argument("--folder", type=pathlib.Path, default=SHARED, help=f"Recog's files (default {SHARED})")
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts (default 3)")
    args = parser.parse_args()
    if not args.folder.is_dir():
        sys.exit(f"Recog's files are not in {args.folder}: give --folder (github.com/rapid7/recog/releases, its xml/)")
    subprocess.run(["ninja", "--quiet", "-C", ROOT / "build" / "release", PROGRAM.relative_to(ROOT / "build" / "release")], check=True)
    figures = Figures("Fingerprints")
    linear, plain = report(figures, "Recog's own examples, kinds mixed", args.folder, "examples", args.seconds, args.rounds)
    report(figures, "The same texts turned around: what no pattern knows", args.folder, "unknown", args.seconds, args.rounds)
    figures.section("Loading")
    figures.add("reading all files", min(r["read_ms"] for r in linear + plain), "ms CPU")
    figures.add("automata of all kinds", min(r["ready_ms"] for r in linear), "ms CPU")
    figures.add("automata", linear[0]["automata_bytes"] >> 10, "KiB")
    figures.add("peak resident, loaded", linear[0]["peak_kb"], "KiB", f"without automata {plain[0]['peak_kb']:,}")
    figures.save(args.json)


if __name__ == "__main__":
    main()
