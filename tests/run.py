#!/usr/bin/env python3
"""Runs every test of the project and counts.

run.py [FILTER]: unit tests and corpora (built by meson, TAP), scenarios (tests/scenarios/*.py, TAP) and the
console in a browser. A test that ends badly without saying which check failed counts as one failure. What failed is
run once more, alone, at the end: that run counts, and a test that passes only then is named as shaky, with what it said.
The last line is "N passed, N failed" (", N skipped" where any was).
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEST_BUILD = ROOT / "build" / "test"
DEADLINE_S = 900
# More than this many failures are no accident.
AGAIN_MAX = 5


class Suite:
    def __init__(self, name, command, env=None, cwd=ROOT):
        self.name, self.command, self.env, self.cwd = name, command, env or {}, cwd


# Long stories that wait for nobody but their own programs, in folders and networks of their own: two at a time, the longest first.
BESIDE = ["portability", "hostile", "nothing_lost", "oracle_software", "api_contract", "packages", "vulnerabilities_oracle", "identify", "heartbeat",
          "versions_oracle"]


def unit_suites():
    described = subprocess.run(["meson", "introspect", "--tests", str(TEST_BUILD)], check=True, capture_output=True).stdout
    for test in json.loads(described):
        yield Suite(test["name"], test["cmd"], test["env"], test["workdir"] or ROOT)


def scenario_suites():
    for path in sorted((ROOT / "tests" / "scenarios").glob("*.py")):
        yield Suite("scenario " + path.stem, [sys.executable, str(path)])


def console_suites():
    if (ROOT / "console" / "test" / "run.mjs").exists():
        yield Suite("console", ["node", "test/run.mjs"], cwd=ROOT / "console")


def run(suite):
    """Runs one suite; returns (passed, failed, skipped, seconds, output)."""
    started = time.monotonic()
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=1", UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1", **suite.env)
    process = subprocess.Popen(suite.command, cwd=suite.cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        data, late = process.communicate(timeout=DEADLINE_S)[0], ""
    except subprocess.TimeoutExpired:
        # with all that it started
        os.killpg(process.pid, signal.SIGKILL)
        data, late = process.communicate()[0], f"\n# did not end within {DEADLINE_S} s\n"
    code, output = process.returncode, data.decode("utf-8", "replace") + late
    passed = failed = skipped = 0
    planned = None
    for line in output.splitlines():
        plan = re.match(r"1\.\.(\d+)", line)
        if plan:
            planned = int(plan.group(1))
        elif re.match(r"(not )?ok\b.*# *skip", line, re.I):  # cmocka writes "not ok N # SKIP"
            skipped += 1
        elif re.match(r"ok\b", line):
            passed += 1
        elif re.match(r"not ok\b(?! - tests$)", line) and not re.match(r"not ok - ", line):
            failed += 1
    if planned is not None and passed + failed + skipped < planned and failed == 0:
        failed = 1
        output += f"# {planned} checks were planned, {passed + skipped} ran\n"
    if code not in (0, 77) and failed == 0:
        failed = 1
    if passed + failed + skipped == 0:
        failed = 1
        output += "# no check ran\n"
    return passed, failed, skipped, time.monotonic() - started, output


def excerpt(lines):
    """The checks that failed with what they said, and the end of the output."""
    shown = []
    for at, line in enumerate(lines[:-20]):
        if re.match(r"not ok\b", line):
            shown.append(line)
            for said in lines[at + 1:min(at + 30, len(lines) - 20)]:
                if re.match(r"(not )?ok\b", said):
                    break
                shown.append(said)
    return shown[:400] + ["..."] * bool(shown) + lines[-20:]


def report(suite, result):
    passed, failed, skipped, seconds, output = result
    note = f", {skipped} skipped" if skipped else ""
    print(f"{'FAIL' if failed else 'ok  '} {suite.name}: {passed} checks{note} ({seconds:.1f} s)", flush=True)
    for line in output.splitlines():
        skip = re.match(r"(?:not )?ok\b[ \d-]*(.*)", line) if re.match(r"(not )?ok\b.*# *skip", line, re.I) else None
        if skip:
            print("     left out: " + re.sub(r" *# *skip *", " ", skip.group(1), flags=re.I).strip())
    if failed:
        # the plain closing line must stay the only one of its kind
        for line in excerpt(output.splitlines()):
            print("     | " + line)


def prepare_console():
    """The browser tests want the console's packages where npm puts them."""
    folder = ROOT / "console"
    if not (folder / "package-lock.json").exists():
        return
    lock = folder / "package-lock.json"
    stamp = folder / "node_modules" / ".package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        print("installing the console's npm packages", flush=True)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True, stdin=subprocess.DEVNULL)


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    prepare_console()
    totals = [0, 0, 0]
    failed = []

    def count(suite, result):
        report(suite, result)
        if result[1]:
            failed.append((suite, result))
            return
        for i in range(3):
            totals[i] += result[i]

    def two_at_a_time(suites):
        with ThreadPoolExecutor(max_workers=2) as pool:
            for suite, result in zip(suites, pool.map(run, suites)):
                count(suite, result)

    scenarios = [s for s in scenario_suites() if wanted in s.name]
    two_at_a_time([s for s in unit_suites() if wanted in s.name])
    # one at a time: they share the machine's name spaces and patience
    for suite in [s for s in scenarios if s.name.split()[-1] not in BESIDE] + [s for s in console_suites() if wanted in s.name]:
        count(suite, run(suite))
    two_at_a_time(sorted((s for s in scenarios if s.name.split()[-1] in BESIDE), key=lambda s: BESIDE.index(s.name.split()[-1])))
    failures, shaky = [], []
    for suite, result in failed:
        if len(failed) <= AGAIN_MAX:
            result = run(suite)
            report(suite, result)
            (failures if result[1] else shaky).append(suite.name)
        else:
            failures.append(suite.name)
        for i in range(3):
            totals[i] += result[i]
    if shaky:
        print("shaky, passed the second time only: " + ", ".join(shaky))
    if failures:
        print("failed: " + ", ".join(failures))
    note = f", {totals[2]} skipped" if totals[2] else ""
    print(f"{totals[0]} passed, {totals[1]} failed{note}")
    sys.exit(1 if totals[1] or totals[0] == 0 else 0)


if __name__ == "__main__":
    main()
