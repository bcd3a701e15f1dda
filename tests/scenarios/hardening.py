#!/usr/bin/env python3
"""What the release programs are built with, and what each running process may still do."""

import os
import pathlib
import re

from lab import Agent, Lab, Server, Skipped, Tree, build_folder, check, descendants, equal, is_root, isolate, story, tell, wait_for

PROGRAMS = ("bartizand", "bartizan", "bartizan-agent", "bartizan-scanner")


def readelf(lab, name, *options):
    path = build_folder("release") / name
    if not path.exists():
        raise Skipped("there is no release build")
    return lab.run("readelf", "-W", *options, path).stdout


@story("release programs are position-independent")
def pie(lab):
    for name in PROGRAMS:
        check(re.search(r"Type:\s+DYN", readelf(lab, name, "-h")), f"{name} is no PIE")
        check("Flags: NOW PIE" in readelf(lab, name, "-d") or re.search(r"FLAGS_1.*PIE", readelf(lab, name, "-d")), f"{name}: no PIE flag")


@story("release programs bind now and keep relocations read-only")
def relro(lab):
    for name in PROGRAMS:
        check("GNU_RELRO" in readelf(lab, name, "-l"), f"{name}: no RELRO")
        check(re.search(r"BIND_NOW|FLAGS_1.*NOW", readelf(lab, name, "-d")), f"{name}: lazy binding")


@story("release programs have no executable stack and no segment that is writable and executable")
def stack(lab):
    for name in PROGRAMS:
        segments = readelf(lab, name, "-l")
        check(re.search(r"GNU_STACK\s.*\sRW\s", segments), f"{name}: executable stack")
        check(not re.search(r"LOAD\s.*\sRWE\s", segments), f"{name}: RWE segment")


@story("release programs carry stack protector and fortified calls")
def protector(lab):
    for name in PROGRAMS:
        symbols = readelf(lab, name, "--dyn-syms")
        check("__stack_chk_fail" in symbols, f"{name}: no stack protector")
        check(re.search(r"__\w+_chk\b(?<!__stack_chk)", symbols.replace("__stack_chk_fail", "")), f"{name}: no fortified call")


@story("every global function of the release programs begins with a landing pad (control-flow protection)")
def control_flow(lab):
    # the program's own note cannot be asked: the linker drops it where the distribution's crt1.o has none
    if os.uname().machine != "x86_64":
        raise Skipped("endbr64 is x86-64's")
    for name in PROGRAMS:
        symbols = readelf(lab, name, "--syms")
        own = set(re.findall(r"FUNC\s+GLOBAL\s+DEFAULT\s+\d+ (\w+)$", symbols, re.M)) - {"_start", "_init", "_fini"}
        code = lab.run("objdump", "-d", "--no-show-raw-insn", "-j", ".text", build_folder("release") / name).stdout
        padded = set(re.findall(r"^[0-9a-f]+ <(\w+)>:\n\s+[0-9a-f]+:\s+endbr64", code, re.M))
        check(len(own) > 50, f"{name} is stripped")
        equal(sorted(own - padded), [], f"{name}: functions without endbr64")


@story("release programs hold no path of the machine that built them")
def paths(lab):
    for name in PROGRAMS:
        readelf(lab, name, "-h")
        data = (build_folder("release") / name).read_bytes()
        check(str(build_folder().parent.parent).encode() + b"/src/" not in data, f"{name} holds a build path")


def status(pid):
    return dict(re.findall(r"^(\w+):\s*(.*)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M))


def judge(pid, name, may_read_all):
    facts = status(pid)
    equal((facts["Seccomp"], facts["NoNewPrivs"]), ("2", "1"), f"{name}: Seccomp and NoNewPrivs")
    effective = int(facts["CapEff"], 16)
    # CAP_DAC_READ_SEARCH (2), CAP_SYS_PTRACE (19), CAP_NET_ADMIN (12), CAP_PERFMON (38): for reading only
    allowed = (1 << 2 | 1 << 19 | 1 << 38) if may_read_all else 0
    equal(hex(effective & ~allowed), "0x0", f"{name}: capabilities beyond those for reading")
    equal(int(facts["CapBnd"], 16) & ~allowed if is_root() else 0, 0, f"{name}: bounding set")


@story("every role of the server is confined")
def roles(lab):
    lab.server = Server(lab)
    for role in ("ingest", "engine", "api"):
        pid = lab.server.wait_role(role)
        wait_for(lambda pid=pid: status(pid)["Seccomp"] == "2", 20, f"{role} to confine itself")
        judge(pid, role, False)
    lab.server.sql("SELECT 1")
    for pid, name in descendants(lab.server.pid).items():
        judge(pid, name, False)


@story("both processes of the agent are confined, and the connector holds no capability")
def agent(lab):
    tree = Tree.debian(lab.new_folder("tree"))
    program = Agent(lab, lab.server, token=lab.server.token(), options=["--root", tree.folder])
    wait_for(lambda: lab.server.get("/api/v1/assets")["items"], 30, "the asset")
    judge(program.wait_role("collector"), "collector", True)
    judge(program.wait_role("connector"), "connector", False)


def sockets(pid):
    kinds = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith("socket:"):
            kinds.append(target[8:-1])
    return kinds


@story("the collector holds no Internet socket, the connector no file of the system")
def separation(lab):
    if not is_root():
        raise Skipped("needs root: another process's descriptors")
    live = Agent(lab, lab.server, token=lab.server.token())
    wait_for(lambda: len([a for a in lab.server.get("/api/v1/assets")["items"] if a["is_connected"]]) == 2, 40, "the second agent")
    collector, connector = live.wait_role("collector"), live.wait_role("connector")
    internet = set()
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        internet |= {line.split()[9] for line in pathlib.Path(f"/proc/{collector}/net/{table}").read_text().splitlines()[1:]}
    equal([s for s in sockets(collector) if s in internet], [], "Internet sockets of the collector")
    opened = [os.readlink(f"/proc/{connector}/fd/{n}") for n in os.listdir(f"/proc/{connector}/fd")]
    wrong = [f for f in opened if f.startswith("/") and not f.startswith((str(live.state), str(lab.folder), "/dev/null"))]
    equal(wrong, [], "files of the connector")


if __name__ == "__main__":
    isolate()
    tell(Lab)
