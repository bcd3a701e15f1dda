#!/usr/bin/env python3
"""Software: what APT would upgrade, whose files are running and which of them are outdated; apt and dpkg are asked the same."""

import os
import pathlib
import re
import shutil
import subprocess

from lab import Agent, Lab, Machine, Server, Skipped, check, equal, isolate, note, story, tell, wait_for

CONTROL = "Package: lab-daemon\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: of a scenario\n"
AGE_S = 5


@story("an agent reports this machine", deadline_s=90)
def begin(lab):
    lab.machine = Machine(lab)
    lab.daemon = subprocess.Popen(["/bin/sleep", "600"])
    lab.closing.append(lab.daemon.kill)
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    lab.asset = wait_for(lambda: next((a["id"] for a in lab.server.get("/api/v1/assets")["items"] if lab.server.table(a["id"], "packages")), None), 60,
                         "the first inventory")


def updates(lab):
    return {(r["package"], r["architecture"], r["installed"], r["candidate"]): r for r in lab.server.table(lab.asset, "updates")}


def apt_list():
    """The same from apt: key -> the archives that have it."""
    text = subprocess.run(["apt", "list", "--upgradable"], capture_output=True, text=True, check=True, env=dict(os.environ, LC_ALL="C")).stdout
    found = re.findall(r"^([^/\s]+)/(\S+) (\S+) (\S+) \[upgradable from: (\S+)\]", text, re.M)
    return {(name, architecture, installed, candidate): suites.split(",") for name, suites, candidate, architecture, installed in found}


def agree_with_apt(lab, what):
    def agree():
        state["found"], state["expected"] = updates(lab), apt_list()
        return state["found"].keys() == state["expected"].keys()

    state = {}
    try:
        wait_for(agree, 30, "agreement", pause_s=0.5)
    except AssertionError:
        only_here, only_there = state["found"].keys() - state["expected"].keys(), state["expected"].keys() - state["found"].keys()
        check(False, f"{what}: only here {sorted(only_here)[:4]}, only apt {sorted(only_there)[:4]}")
    note(f"updates: {len(state['found'])} rows, {what}")
    return state["found"], state["expected"]


@story("updates as apt lists them", deadline_s=90)
def upgradable(lab):
    if shutil.which("apt") is None:
        raise Skipped("apt is not installed")
    if not list(pathlib.Path("/var/lib/apt/lists").glob("*_Packages*")):
        raise Skipped("apt has no lists here: apt-get update was not run")
    found, expected = agree_with_apt(lab, "as they are")
    for key, suites in expected.items():
        check(found[key]["is_security"] or not any(s.endswith("-security") for s in suites), f"{key} of {suites} is not told as security")
        check(found[key]["origin"], f"{key} has no origin")


@story("updates as apt lists them under pins", deadline_s=90)
def pinned(lab):
    if not updates(lab):
        raise Skipped("nothing to upgrade here")
    names = sorted({name for name, *_ in updates(lab)})
    security = [k for k, r in sorted(updates(lab).items()) if r["is_security"]]
    pins = [("zz*", "release a=nothing", 1), (names[0], "release o=*", -1), (names[-1], f"version {sorted(updates(lab))[-1][3]}", 50),
            (f"{names[len(names) // 2][:3]}*", "origin *", 99)]
    if security:
        pins += [(security[0][0], "release l=Debian-Security", 1)]
    folder = pathlib.Path("/etc/apt/preferences.d")
    folder.mkdir(exist_ok=True)
    text = "\n\n".join(f"Package: {p}\nPin: {pin}\nPin-Priority: {priority}" for p, pin, priority in pins)
    (folder / "lab.pref").write_text(text + "\n")
    (folder / "lab.ignored").write_text("Package: *\nPin: release o=*\nPin-Priority: -1\n")
    before = len(updates(lab))
    found, _ = agree_with_apt(lab, "with pins for packages")
    check(len(found) < before, "pins made no difference")
    (folder / "lab.pref").write_text("Package: *\nPin: release n=*-security\nPin-Priority: -5\n")
    agree_with_apt(lab, "without security archives")
    (folder / "lab.pref").unlink()
    found, _ = agree_with_apt(lab, "without pins again")
    equal(len(found), before, "updates")


def owners(paths):
    """Path -> packages, as dpkg tells; of a merged /usr both names are asked for."""
    names = {}
    for path in paths:
        names[path] = path
        if re.match(r"/usr/(lib\w*|bin|sbin)/", path):
            names[path.removeprefix("/usr")] = path
    text = subprocess.run(["dpkg-query", "-S", *sorted(names)], capture_output=True, text=True, check=False).stdout
    found = {}
    for line in text.splitlines():
        packages, _, path = line.partition(": ")
        if path in names and not packages.startswith("diversion"):
            found.setdefault(names[path], set()).update(p.split(":")[0] for p in packages.split(", "))
    return found


def mapped(age_s):
    """(name, program, path, is deleted) of what processes of this age have mapped to be executed."""
    ticks = os.sysconf("SC_CLK_TCK")
    uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = pathlib.Path("/proc", pid, "stat").read_text()
            name, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
            program = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
            lines = pathlib.Path("/proc", pid, "maps").read_text().splitlines()
        except OSError:
            continue
        if uptime - int(rest[19]) / ticks >= age_s:
            for line in lines:
                words = line.split(None, 5)
                if len(words) == 6 and words[5].startswith("/") and "x" in words[1]:
                    found.add((name, program, words[5].removesuffix(" (deleted)"), words[5].endswith(" (deleted)")))
    return found


@story("packages in use as /proc and dpkg tell them", deadline_s=120)
def package_use(lab):
    def with_packages(uses):
        whose = owners({path for _, _, path, _ in uses})
        return {(package, name, program, path) for name, program, path, _ in uses for package in whose.get(path, ())}

    def agree():
        rows = {(r["package"], r["process"], r["executable"], r["path"]) for r in lab.server.table(lab.asset, "package_use")}
        # what is young may be there or not; a second process of a kind may have more mapped since
        state.update(missing=sorted(with_packages(mapped(30)) - rows), extra=sorted(rows - with_packages(mapped(AGE_S))), count=len(rows))
        return rows and not state["missing"] and not state["extra"]

    state = {}
    try:
        wait_for(agree, 60, "agreement", pause_s=1)
    except AssertionError:
        check(False, f"package_use: only there {state['missing'][:5]}, only here {state['extra'][:5]}")
    note(f"package_use: {state['count']} rows")


def deb(lab, version):
    folder = lab.new_folder("deb")
    for path in ("DEBIAN", "opt/lab-daemon"):
        (folder / path).mkdir(parents=True)
    (folder / "DEBIAN/control").write_text(CONTROL.format(version=version))
    shutil.copy("/bin/sleep", folder / "opt/lab-daemon/lab-daemon")
    (folder / "opt/lab-daemon/version").write_text(version)
    lab.run("dpkg-deb", "--build", "--root-owner-group", folder, folder.with_suffix(".deb"))
    return folder.with_suffix(".deb")


@story("a program whose package was upgraded is outdated until it is restarted", deadline_s=240)
def stale(lab):
    def row():
        return next((r for r in lab.server.table(lab.asset, "package_use") if r["package"] == "lab-daemon"), None)

    def run():
        daemon = subprocess.Popen(["/opt/lab-daemon/lab-daemon", "600"])
        lab.closing.append(daemon.kill)
        return daemon

    lab.machine.run("dpkg", "--install", deb(lab, "1.0"))
    daemon = run()
    found = wait_for(row, 100, "the daemon's program")
    equal((found["process"], found["executable"], found["path"], found["is_stale"]),
          ("lab-daemon", "/opt/lab-daemon/lab-daemon", "/opt/lab-daemon/lab-daemon", False), "the daemon")
    lab.machine.run("dpkg", "--install", deb(lab, "2.0"))
    check("(deleted)" in os.readlink(f"/proc/{daemon.pid}/exe"), "dpkg has not replaced the program")
    wait_for(lambda: row()["is_stale"], 10, "the outdated program")
    daemon.kill()
    daemon.wait()
    daemon = run()
    wait_for(lambda: row() and not row()["is_stale"], 60, "the restarted program")


if __name__ == "__main__":
    isolate()
    tell(Lab)
