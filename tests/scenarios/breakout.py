#!/usr/bin/env python3
"""What an attacker within a process could do: forbidden system calls are made inside each one, and each is refused."""

import json
import os
import re
import socket
import struct

from lab import Agent, Lab, Server, build_folder, check, equal, isolate, need_root, note, read_text, story, tell, wait_for
from lab.inject import Injected, need_injection
from lab.programs import descendants, later

# Numbers of x86-64.
SOCKET, CONNECT, BIND, EXECVE, KILL, PTRACE, SETUID, CAPSET, MOUNT, INIT_MODULE, OPENAT, UNSHARE = 41, 42, 49, 59, 62, 101, 105, 126, 165, 175, 257, 272
PROCESS_VM_READV, EXECVEAT, BPF, USERFAULTFD, IO_URING_SETUP, PIDFD_OPEN, KEYCTL, CLOSE, CHROOT, PERF_EVENT_OPEN = 310, 322, 321, 323, 425, 434, 250, 3, 161, 298
AT_FDCWD, O_RDONLY, O_WRONLY_CREAT, O_RDWR = -100, 0, 0o101, 2
REFUSED = ("EPERM", "EACCES")
CAPABILITIES_3 = 0x20080522
ALL = 0xFFFFFFFF


def attempts(lab):
    """Name -> the call that tries it."""
    header = struct.pack("=Ii", CAPABILITIES_3, 0)
    raised = struct.pack("=6I", ALL, ALL, ALL, ALL, ALL, ALL)
    return {
        "network socket": (SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0),
        "raw socket": (SOCKET, socket.AF_INET, socket.SOCK_RAW, 1),
        "packet socket": (SOCKET, socket.AF_PACKET, socket.SOCK_RAW, 0),
        "netlink socket": (SOCKET, socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "read shadow": (OPENAT, AT_FDCWD, "/etc/shadow", O_RDONLY),
        "write outside": (OPENAT, AT_FDCWD, str(lab.folder / "written"), O_WRONLY_CREAT, 0o600),
        "device": (OPENAT, AT_FDCWD, lab.device, O_RDWR),
        "kill another": (KILL, os.getpid(), 0),
        "raise capabilities": (CAPSET, header, raised),
        "another user": (SETUID, 1),
        "user namespace": (UNSHARE, 0x10000000),
        "chroot": (CHROOT, "/tmp"),
        "memory of another": (PROCESS_VM_READV, os.getpid(), 0, 0, 0, 0, 0),
        "io_uring": (IO_URING_SETUP, 8, bytes(120)),
        "userfaultfd": (USERFAULTFD, 0),
        "pidfd": (PIDFD_OPEN, os.getpid(), 0),
        "keys": (KEYCTL, 0, -3, 0),
        "perf": (PERF_EVENT_OPEN, bytes(128), 0, -1, -1, 0),
    }


FATAL = {
    "execve": (EXECVE, "/bin/true", 0, 0),
    "execveat": (EXECVEAT, AT_FDCWD, "/bin/true", 0, 0, 0),
    "ptrace": (PTRACE, 16, os.getpid(), 0, 0),
    "mount": (MOUNT, "none", "/mnt", "tmpfs", 0, 0),
    "bpf": (BPF, 0, bytes(128), 128),
    "module": (INIT_MODULE, bytes(16), 16, ""),
}

# By design: who may do what others may not.
MAY = {
    "btz-collector": {"read shadow"},  # for the table accounts
    "btz-connector": {"network socket"},
    # reads nothing; holds the rights of the collector that it will start next
    "agent": {"network socket", "netlink socket", "read shadow", "write outside", "device", "kill another", "pidfd", "perf"},
    "bartizand": {"network socket", "read shadow", "pidfd"},  # starts roles, feeds among them
    "feeds": {"network socket", "pidfd"},
    "feeds: fetch": {"network socket"},
    "feeds: prove": {"network socket"},
    "queries": {"pidfd"},
}
SLOW_QUERY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def filters(pid):
    found = re.search(r"^Seccomp_filters:\s*(\d+)", read_text(f"/proc/{pid}/status"), re.M)
    return int(found.group(1)) if found else 0


def refused_all(lab, name, pid):
    """Tries all in one process; returns how many were refused."""
    done = {}
    with Injected(pid) as process:
        for what, call in attempts(lab).items():
            done[what] = process.call(*call)
            if isinstance(done[what], int) and call[0] in (SOCKET, OPENAT, PIDFD_OPEN, IO_URING_SETUP, USERFAULTFD):
                process.call(CLOSE, done[what])
    wrong = {what: result for what, result in done.items() if result not in REFUSED and what not in MAY.get(name, ())}
    equal(wrong, {}, f"what {name} may do")
    check(any(result in REFUSED for result in done.values()), f"{name} was refused nothing: {done}")
    return sum(result in REFUSED for result in done.values())


@story("all programs run, a query and the fetching of a feed among them", deadline_s=90)
def begin(lab):
    need_injection()
    lab.device = next(d for d in ("/dev/mem", "/dev/kmsg", "/dev/full") if os.path.exists(d))
    # a mirror that takes connections and never answers
    lab.mirror = socket.create_server(("127.0.0.1", 0))
    lab.server = Server(lab, options=["--feed-mirror", f"http://127.0.0.1:{lab.mirror.getsockname()[1]}/"])
    lab.agent = Agent(lab, lab.server, token=lab.server.token())
    wait_for(lambda: lab.server.get("/api/v1/assets")["items"], 30, "the asset")


def start_query(lab):
    """A process that computes for someone from outside."""
    lab.query = later(lambda: lab.server.request("POST", "/api/v1/query", {"sql": SLOW_QUERY, "limit": 1, "timeout_ms": 20000}, deadline_s=60))

    def at_work():
        return next((p for p, n in descendants(lab.server.pid).items() if n == "query" and filters(p) > filters(lab.server.role("queries"))), None)

    return wait_for(at_work, 10, "the process of the query", pause_s=0.002)


def processes(lab):
    found = {name: pid for program in (lab.server, lab.agent) for pid, name in descendants(program.pid).items() if name != "query"}
    return dict(found, agent=lab.agent.pid, bartizand=lab.server.pid)


@story("each is refused whatever its work does not need", deadline_s=90)
def refused(lab):
    need_injection()
    wait_for(lambda: "feeds: fetch" in processes(lab), 20, "the process that fetches a feed")
    found = dict(processes(lab), query=start_query(lab))
    check({"engine", "ingest", "api", "feeds", "feeds: fetch", "queries", "btz-collector", "btz-connector"} <= set(found), found)
    for name, pid in found.items():
        note(f"{name}: {refused_all(lab, name, pid)} of {len(attempts(lab))} refused")
    check(not (lab.folder / "written").exists() or "write outside" in MAY["agent"], "a file was written")
    lab.agent.wait_role("collector", deadline_s=1)


def address_of(port):
    return struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton("127.0.0.1") + bytes(8)


@story("the connector reaches its server's port alone, and serves nobody", deadline_s=30)
def one_port(lab):
    need_injection()
    other = socket.create_server(("127.0.0.1", 0))
    with Injected(lab.agent.wait_role("connector")) as process:
        made = process.call(SOCKET, socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0)
        check(isinstance(made, int), f"a socket of the connector: {made}")
        bound = process.call(BIND, made, address_of(0), 16)
        elsewhere = process.call(CONNECT, made, address_of(other.getsockname()[1]), 16)
        allowed = process.call(CONNECT, made, address_of(int(lab.server.sensors.rsplit(":", 1)[1])), 16)
        process.call(CLOSE, made)
    other.close()
    check(bound in REFUSED, f"bind: {bound}")
    check(allowed in (0, "EINPROGRESS"), f"connecting to its server: {allowed}")
    if tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 7):  # Landlock's fourth version
        equal(elsewhere, "EACCES", "connecting to another port")


@story("the process that digests a feed is refused the same", deadline_s=60)
def digest(lab):
    need_injection()
    path = lab.folder / "kev.json"
    entries = [{"cveID": f"CVE-2024-{1000 + i}", "dateAdded": "2024-01-01", "shortDescription": "x" * 200} for i in range(100000)]
    path.write_text(json.dumps({"catalogVersion": "1", "dateReleased": "2025-08-25T17:04:19.9796Z", "count": len(entries), "vulnerabilities": entries}))
    server = Server(lab, options=["--offline"])
    imported = later(lambda: server.cli("feed", "import", "kev", path, expected=None))
    role = server.wait_role("feeds")

    def at_work():
        return next((p for p, n in descendants(server.pid).items() if n == "feeds: digest" and filters(p) > filters(role)), None)

    note(f"feeds: digest: {refused_all(lab, 'feeds: digest', wait_for(at_work, 20, 'the process that digests', pause_s=0.001))} refused")
    imported()
    server.stop()


@story("the process that looks for a scope's proof is refused the same, and sees nothing of the server's", deadline_s=60)
def prove(lab):
    need_injection()
    need_root("an address with a web server that never answers")
    lab.run("ip", "address", "add", "10.1.2.3/32", "dev", "lo")
    silent = socket.create_server(("10.1.2.3", 443))
    server = Server(lab, options=["--feed-mirror", f"http://127.0.0.1:{lab.mirror.getsockname()[1]}/", "--prove-private"])
    server.cli("scope", "add", "10.1.2.3")
    server.cli("scope", "prove", "10.1.2.3", "--https", "--no-wait")
    role = server.wait_role("feeds")

    def at_work():
        return next((p for p, n in descendants(server.pid).items() if n == "feeds: prove" and filters(p) > filters(role)), None)

    pid = wait_for(at_work, 20, "the process that looks", pause_s=0.001)
    note(f"feeds: prove: {refused_all(lab, 'feeds: prove', pid)} refused")
    for path, flags in (("ca.key", O_RDONLY), ("platform.db", O_RDONLY), ("operator.token", O_RDONLY), ("tenants/default.db", O_RDONLY), ("feeds/written", O_WRONLY_CREAT)):
        with Injected(pid) as process:
            check(process.call(OPENAT, AT_FDCWD, str(server.data / path), flags, 0o600) in REFUSED, f"{path} can be opened")
    opened = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd") if int(n) > 2]
    check(sum(o.startswith("pipe:") for o in opened) == 1 and all(o.startswith(("pipe:", "socket:")) for o in opened), f"open there: {opened}")
    server.stop()
    silent.close()


def sandboxed(lab, name):
    """The process of this name once it has put itself into its sandbox."""
    pid = processes(lab).get(name)
    above = lab.agent.pid if name.startswith("btz-") else lab.server.pid
    return pid if pid and filters(pid) > filters(above) else None


def try_in(lab, name, call):
    """What becomes of a process that makes a call. One that ends by itself just then (the API does when its launcher of queries is gone) is
    followed by another."""
    while True:
        pid = wait_for(lambda: sandboxed(lab, name), 20, f"the process {name} in its own sandbox")
        try:
            with Injected(pid) as process:
                return process.call(*call)
        except (PermissionError, ProcessLookupError):
            if pid == sandboxed(lab, name):
                raise


@story("programs, ptrace, mounts, BPF and modules: who tries is killed, and the programs go on", deadline_s=120)
def killed(lab):
    need_injection()
    for what, call in FATAL.items():
        # each before the one whose end is also its own
        for name in ("queries", "engine", "ingest", "api", "feeds", "btz-connector", "btz-collector"):
            if name == "btz-collector":
                lab.agent.kill()
                lab.agent = lab.agent.again()
            equal(try_in(lab, name, call), "killed", f"{what} in {name}")
        lab.server.kill()
        lab.agent.kill()
        lab.server, lab.agent = lab.server.again(), lab.agent.again()
        wait_for(lambda: {"queries", "feeds", "btz-connector"} <= set(processes(lab)), 20, "all processes")
        wait_for(lambda: lab.server.get("/api/v1/assets")["items"][0]["is_connected"], 30, "the agent to come back")


def wait_gone(pids):
    """Until none of them runs; nobody may have buried them."""

    def is_running(pid):
        return f"{pid} (" in read_text(f"/proc/{pid}/stat") and ") Z " not in read_text(f"/proc/{pid}/stat")

    wait_for(lambda: not any(map(is_running, pids)), 10, "its processes to follow it")


@story("the supervisors run no program, mount nothing and load no module", deadline_s=60)
def supervisors(lab):
    need_injection()
    for what, call in FATAL.items():
        below = descendants(lab.agent.pid)
        with Injected(lab.agent.pid) as process:
            # it keeps BPF for the next collector
            wanted = ("killed", "EINVAL", "E2BIG", "EPERM") if what == "bpf" else ("killed",)
            found = process.call(*call)
            check(found in wanted, f"{what} in the agent's supervisor: {found}")
        if process.is_dead:
            wait_gone(below)
            lab.agent = lab.agent.again()
            lab.agent.wait_role("collector")
    for what in ("execve", "ptrace", "mount"):
        below = descendants(lab.server.pid)
        with Injected(lab.server.pid) as process:
            equal(process.call(*FATAL[what]), "killed", f"{what} in the server's supervisor")
        wait_gone(below)
        lab.server = lab.server.again()


if __name__ == "__main__":
    isolate()
    # a sanitizer needs calls that are refused otherwise
    tell(lambda: Lab("release" if (build_folder("release") / "bartizand").exists() else None))
