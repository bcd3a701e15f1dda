#!/usr/bin/env python3
"""The agent elsewhere: arm64 under qemu, and musl. The same unit tests, corpora, and a tree reported to a server of this machine.

qemu answers for the kernel, and knows no seccomp, Landlock or sock_diag: what the agent does without is seen here, too.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from lab import ROOT, Lab, Server, Skipped, check, equal, note, story, tell
from lab.programs import Program

FIXTURES = ROOT / "tests" / "fixtures"
CANNOT_BE_HAD = 77

# Checks that ask the kernel for what qemu does not have; None: all of a test.
NOT_UNDER_QEMU = {
    "agent-integrity": None,  # qemu tells another process of a file's event than the kernel does
    "formats-versions": None,  # every order of many versions, which takes qemu long; formats-versions-vectors runs
    "agent-collectors": {"this_machine_is_read_without_error_and_every_key_once", "a_listening_socket_is_seen_with_its_process",
                         "a_udp_socket_is_seen_at_the_second_look", "old_processes_are_seen_and_young_ones_are_not"},
    "sys-sandbox": None,  # all of it is the kernel's answer; sys-sandbox_calls tests the filter itself
}


class Target:
    """One other machine: its build, and what runs its programs here."""

    def __init__(self, name, prefix, exempt):
        self.name, self.prefix, self.exempt = name, prefix, exempt
        self.build = ROOT / "build" / "cross" / name / "build"
        self.reason = None

    def make(self):
        done = subprocess.run([str(ROOT / "dev"), "cross", self.name], capture_output=True, text=True, check=False)
        if done.returncode == CANNOT_BE_HAD:
            self.reason = (done.stderr.strip().splitlines() or ["?"])[-1]
        else:
            equal(done.returncode, 0, f"./dev cross {self.name}: {done.stderr[-3000:]}")

    def need(self):
        if self.reason or not (self.build / "bartizan-agent").exists():
            raise Skipped(self.reason or "it was not built")

    def run(self, program, *words, deadline_s=120):
        """Exit status and output. What a check that failed left running goes with it."""
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen([*self.prefix, str(self.build / program), *map(str, words)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       env=dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP"), start_new_session=True)
            try:
                status = process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()
            out.seek(0)
            return status, out.read().decode("utf-8", "replace")


ARM64 = Target("arm64", [str(ROOT / "packaging" / "cross" / "run-arm64")], NOT_UNDER_QEMU)
MUSL = Target("musl", [], {})


def unit_test(target, name):
    """What failed in one unit test, beyond what it is exempt from; and how many checks passed."""
    exempt = target.exempt.get(name, set())
    if exempt is None:
        return [], 0
    status, said = target.run(f"test-{name}")
    failed = set(re.findall(r"^not ok \d+ (?!# SKIP)(?:- )?(\w+)", said, re.M))
    passed = len(re.findall(r"^ok \d+", said, re.M))
    if status is None or (status != 0 and not failed) or passed == 0:
        return [f"{name}: status {status}: {said[-1500:]}"], passed
    return [f"{name}: {check_name}\n{said[-1500:]}" for check_name in sorted(failed - exempt)], passed


def corpus(target, name):
    status, said = target.run(f"replay-{name}", ROOT / "tests" / "corpus" / name)
    return [] if status == 0 else [f"replay-{name}: status {status}: {said[-1000:]}"]


def names(target, prefix):
    return sorted(p.name.removeprefix(prefix) for p in target.build.glob(prefix + "*") if p.is_file() and os.access(p, os.X_OK))


def all_units(target):
    target.need()
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda n: unit_test(target, n), names(target, "test-")))
    failed = [line for lines, _ in results for line in lines]
    note(f"{target.name}: {sum(n for _, n in results)} checks of {len(results)} unit tests")
    check(not failed, "\n".join(failed))
    check(len(results) > 50, "too few unit tests were built")


def all_corpora(target):
    target.need()
    with ThreadPoolExecutor(max_workers=2) as pool:
        failed = [line for lines in pool.map(lambda n: corpus(target, n), names(target, "replay-")) for line in lines]
    check(not failed, "\n".join(failed))


def rows_of_tree(server, asset):
    tables = [t["name"] for t in server.get("/api/v1/schema")["tables"]]
    return {t: sorted(map(repr, server.table(asset, t))) for t in tables if t not in ("sensor_health", "hardware")}


def report(lab, command, name):
    """Reports a fixture tree with one agent; its rows as the server holds them."""
    state = lab.new_folder(name)
    agent = Program(lab, f"agent-{name}", [*command, "--state", state, "--server", lab.server.sensors, "--ca", lab.server.ca, "--token", lab.server.token(),
                                           "--root", FIXTURES / "root-debian", "--once"])
    equal(agent.wait_end(60), 0, f"the exit status of the agent of {name}: {agent.log}")
    assets = [a["id"] for a in lab.server.get("/api/v1/assets")["items"]]
    new = [a for a in assets if a not in lab.known]
    equal(len(new), 1, "assets that it brought")
    lab.known += new
    return agent, rows_of_tree(lab.server, new[0])


def same_rows(lab, target):
    target.need()
    if not hasattr(lab, "server"):
        lab.server, lab.known = Server(lab), []
        _, lab.here = report(lab, [ROOT / "build" / "release" / "bartizan-agent"], "here")
        check(sum(map(len, lab.here.values())) > 50, "the fixture has rows")
    agent, rows = report(lab, [*target.prefix, target.build / "bartizan-agent"], target.name)
    for table, expected in lab.here.items():
        equal(rows[table], expected, f"{table}, as {target.name} sees it")
    return agent


@story("arm64: the agent and all unit tests are built", deadline_s=300)
def arm64_build(_lab):
    ARM64.make()
    ARM64.need()


@story("arm64: it is an arm64 program", deadline_s=20)
def arm64_kind(lab):
    ARM64.need()
    check("AArch64" in lab.run("readelf", "-h", ARM64.build / "bartizan-agent").stdout, "bartizan-agent")


@story("arm64: the unit tests pass under qemu", deadline_s=200)
def arm64_units(_lab):
    all_units(ARM64)


@story("arm64: the corpora replay under qemu", deadline_s=120)
def arm64_corpora(_lab):
    all_corpora(ARM64)


@story("arm64: the agent reports a tree with the same rows as here, without seccomp and Landlock, and says so", deadline_s=90)
def arm64_agent(lab):
    agent = same_rows(lab, ARM64)
    check("does not filter system calls" in agent.log, agent.log)
    check("not confined by Landlock" in agent.log, agent.log)


@story("musl: OpenSSL, the agent and all unit tests are built", deadline_s=600)
def musl_build(_lab):
    MUSL.make()
    MUSL.need()


@story("musl: the unit tests pass", deadline_s=120)
def musl_units(_lab):
    all_units(MUSL)


@story("musl: the corpora replay", deadline_s=60)
def musl_corpora(_lab):
    all_corpora(MUSL)


@story("musl: the agent reports a tree with the same rows as here, confined", deadline_s=60)
def musl_agent(lab):
    agent = same_rows(lab, MUSL)
    check("does not filter system calls" not in agent.log, agent.log)


if __name__ == "__main__":
    if not (pathlib.Path("/usr/bin/dpkg").exists()):
        print("1..0 # skip needs Debian's packages")
        sys.exit(77)
    tell(Lab)
