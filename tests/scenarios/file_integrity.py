#!/usr/bin/env python3
"""Table files against an independent walk, row by row: a baseline, every kind of change, restarts, each way of watching."""

import hashlib
import os
import pathlib
import re
import stat
import subprocess
import sys

from lab import Agent, Lab, Server, Skipped, Tree, build_folder, check, equal, is_root, isolate, mount_tmpfs, note, story, tell, wait_for

FOLDERS = ["etc", "boot", "usr/bin", "usr/lib/systemd"]
TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFSOCK: "socket", stat.S_IFIFO: "fifo"}


def names_of(root):
    """Users and groups by number, as the tree's own files have them."""
    def read(name):
        lines = (root / "etc" / name).read_text().splitlines()
        return {int(line.split(":")[2]): line.split(":")[0] for line in reversed(lines)}

    return read("passwd"), read("group")


def row_of(root, path, users, groups):
    facts = os.lstat(path)
    kind = TYPES[stat.S_IFMT(facts.st_mode)]
    shown = "/" + os.fsencode(path.relative_to(root)).decode("utf-8", "replace")
    return (shown, kind, f"{stat.S_IMODE(facts.st_mode):04o}", users.get(facts.st_uid, str(facts.st_uid)), groups.get(facts.st_gid, str(facts.st_gid)),
            facts.st_size if kind == "file" else None,
            hashlib.sha256(path.read_bytes()).hexdigest() if kind == "file" else None,
            os.readlink(path) if kind == "link" else None)


def walk(root, folders=FOLDERS):
    """Every row that the table should have."""
    users, groups = names_of(root)
    rows = []
    for folder in folders:
        if not (root / folder).exists():
            continue
        rows.append(row_of(root, root / folder, users, groups))
        for at, below, files in os.walk(root / folder):
            rows += [row_of(root, pathlib.Path(at) / name, users, groups) for name in below + files]
    return sorted(rows, key=lambda row: row[0])


def told(lab):
    """The rows that the server has."""
    assets = lab.server.get("/api/v1/assets")["items"]
    rows = lab.server.table(assets[0]["id"], "files") if assets else []
    columns = ("path", "type", "mode", "owner", "group", "size_bytes", "sha256", "target")
    return sorted((tuple(row[c] for c in columns) for row in rows), key=lambda row: row[0])


def settle(lab, what, deadline_s=30):
    """Waits until the table equals the tree; says the first difference where it never does."""
    expected = walk(lab.root)
    try:
        wait_for(lambda: told(lab) == expected, deadline_s, what, pause_s=0.05)
    except Exception:
        found = told(lab)
        for row in [r for r in expected if r not in found][:3]:
            print("# missing:", row)
        for row in [r for r in found if r not in expected][:3]:
            print("# too much:", row)
        raise


def bytes_read(agent):
    """What was read to be hashed, as the agent says after each look at all files."""
    found = re.findall(r"files looked at.*bytes_read=(\d+)", agent.log)
    return int(found[-1]) if found else None


@story("a baseline equals an independent walk, row by row", deadline_s=90)
def baseline(lab):
    lab.server = Server(lab)
    lab.root = lab.new_folder("root")
    tree = lab.tree = Tree.debian(lab.root)
    for n in range(400):
        tree.write(f"usr/bin/program-{n:03}", f"program {n}\n" * n)
    (lab.root / "usr/bin/large").write_bytes(os.urandom(6_000_000))
    os.symlink("program-001", lab.root / "usr/bin/link")
    os.symlink("/nowhere", lab.root / "etc/dangling")
    os.mkfifo(lab.root / "etc/fifo")
    (lab.root / "etc/empty").touch()
    (lab.root / "etc/a\nb\x1b[31m").write_text("a line break in the name\n")
    pathlib.Path(os.fsdecode(os.fsencode(lab.root / "etc") + b"/bad-\xff\xfe")).write_text("no UTF-8\n")
    (lab.root / "etc/deep/er/and/er").mkdir(parents=True)
    (lab.root / "etc/deep/er/and/er/file").write_text("deep\n")
    (lab.root / "etc/adjtime").write_text("not to be watched\n")
    (lab.root / "usr/bin/setuid").write_text("x")
    os.chmod(lab.root / "usr/bin/setuid", 0o4755)
    lab.agent = Agent(lab, lab.server, token=lab.server.token(), options=["--root", lab.root, "--verbose"])
    (lab.root / "etc/adjtime").unlink()
    settle(lab, "the baseline", 60)
    check(len(told(lab)) > 420, len(told(lab)))


@story("written, created, removed, renamed, chmod, link, type: each is seen")
def changes(lab):
    root = lab.root
    (root / "usr/bin/program-007").write_text("another content\n")
    settle(lab, "another content")
    (root / "usr/bin/new").write_text("new\n")
    (root / "etc/deep/er/new-folder").mkdir()
    (root / "etc/deep/er/new-folder/inside").write_text("inside\n")
    settle(lab, "a new file, and one in a new folder")
    os.chmod(root / "usr/bin/program-008", 0o6711)
    os.chmod(root / "etc/deep", 0o700)
    os.chmod(root / "usr/bin", 0o711)
    if is_root():
        os.chown(root / "usr/bin/program-009", 33, 33)
        os.chown(root / "etc/deep/er", 1000, 54321)
    settle(lab, "modes and owners")
    os.rename(root / "usr/bin/program-010", root / "etc/deep/moved")
    os.rename(root / "etc/deep/er/and", root / "boot/and")
    os.rename(root / "usr/bin/program-011", root / "usr/bin/program-012")
    settle(lab, "files and a folder in other places")
    (root / "usr/bin/link").unlink()
    os.symlink("program-002", root / "usr/bin/link")
    (root / "usr/bin/program-013").unlink()
    (root / "usr/bin/program-013").mkdir()
    settle(lab, "another target, and a folder in a file's place")
    # the same size and time of modification: only the time of change tells
    before = os.stat(root / "usr/bin/program-020")
    text = (root / "usr/bin/program-020").read_text()
    (root / "usr/bin/program-020").write_text(text.replace("program", "PROGRAM"))
    os.utime(root / "usr/bin/program-020", ns=(before.st_atime_ns, before.st_mtime_ns))
    settle(lab, "content changed behind an old time of modification")
    os.rename(root / "usr/lib/systemd", root / "usr/lib/was-systemd")
    settle(lab, "a watched folder that is gone")
    os.rename(root / "usr/lib/was-systemd", root / "usr/lib/systemd")
    settle(lab, "a watched folder that is back")


@story("an event says who changed a file: process, program, user")
def who(lab):
    if not is_root():
        raise Skipped("needs root: fanotify tells the process to nobody else")
    # it stays until it was looked up
    writer = subprocess.Popen([sys.executable, "-c", "import sys; open(sys.argv[1], 'w').write('x'); sys.stdin.read()", str(lab.root / "etc/who")], stdin=subprocess.PIPE)
    rows = wait_for(lambda: lab.server.sql("SELECT * FROM file_changes WHERE path = '/etc/who' AND action = 'created'"), 20, "the event")
    writer.communicate()
    equal((rows[0]["pid"], rows[0]["user"], rows[0]["executable"]), (writer.pid, "root", str(pathlib.Path(sys.executable).resolve())), "who did it")
    check("python" in rows[0]["process"], rows[0])
    equal(len(rows), 1, "how often it is told")


@story("a thousand changes at once do not make it look a thousand times")
def storm(lab):
    for n in range(1000):
        lab.tree.write(f"usr/bin/program-{100 + n % 250:03}", f"storm {n}\n")
    settle(lab, "the last state of all")


@story("a restart reads no content again but what has changed meanwhile")
def restart(lab):
    equal(lab.agent.stop(), 0, "the exit status")
    (lab.root / "usr/bin/program-100").write_text("while it was away\n")
    lab.agent = lab.agent.again(options=["--root", lab.root, "--verbose"])
    settle(lab, "the change of meanwhile")
    wait_for(lambda: bytes_read(lab.agent) is not None, 20, "a look at all files")
    (lab.root / "etc/after").write_text("after\n")
    settle(lab, "a change after the restart")
    check(bytes_read(lab.agent) < 100_000, f"{bytes_read(lab.agent)} bytes were read again")


@story("a cache that was tampered with is not believed")
def corrupt(lab):
    equal(lab.agent.stop(), 0, "the exit status")
    for path in lab.agent.state.glob("hashes.*"):
        data = bytearray(path.read_bytes())
        if len(data) > 200:
            data[150] ^= 1
            path.write_bytes(data)
    lab.agent = lab.agent.again(options=["--root", lab.root, "--verbose"])
    lab.agent.wait_log("hashes_remembered=0")
    (lab.root / "etc/after").write_text("after a broken cache\n")
    settle(lab, "all of it hashed anew")


@story("a setuid program deep below is told of without waiting for the hourly walk")
def deep_setuid(lab):
    if not is_root():
        raise Skipped("needs root: fanotify, which tells of folders that nobody watches one by one")
    folder = lab.root / "usr/lib/a/b/c"
    folder.mkdir(parents=True)
    lab.agent.stop()
    lab.agent = lab.agent.again(options=["--root", lab.root, "--verbose"])

    def rows():
        return {row["path"]: row["mode"] for row in lab.server.table(lab.server.get("/api/v1/assets")["items"][0]["id"], "privileged_files")}

    wait_for(lambda: "/usr/bin/setuid" in rows(), 20, "the one that is there")
    settle(lab, "all files, so that all folders were looked into")
    (folder / "deep").write_text("x")
    os.chmod(folder / "deep", 0o4755)
    wait_for(lambda: rows().get("/usr/lib/a/b/c/deep") == "4755", 10, "the deep one")


@story("a million names in a watched folder: the limit is kept and said, memory is bounded, all else is seen", deadline_s=150)
def million(lab):
    if not build_folder("release").exists():
        raise Skipped("needs build/release: too slow under sanitizers")
    root = lab.new_folder("crowded")
    mount_tmpfs(lab, root, "2g")
    tree = Tree.debian(root)
    crowd = root / "etc/crowd"
    crowd.mkdir()
    (crowd / "0").write_text("x")
    inside = os.open(crowd, os.O_RDONLY)
    for n in range(1, 1_000_000):
        os.link("0", str(n), src_dir_fd=inside, dst_dir_fd=inside)
    os.close(inside)
    agent = Agent(lab, lab.server, token=lab.server.token(), build="release", options=["--root", root, "--verbose"])
    agent.wait_log("more files than are watched.*beyond=9[0-9]{5}", 60)

    collector = agent.wait_role("collector")
    wait_for(lambda: re.search(r"files looked at", agent.log), 60, "the look at all files")
    tree.users["late"] = 4711
    tree.save_users()
    wait_for(lambda: lab.server.sql("select name from users where name = 'late'"), 20, "a change beside the crowd")
    peak = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{collector}/status").read_text())[1])
    note(f"the collector's memory was {peak} KiB at most")
    check(peak < 48 * 1024, f"{peak} KiB")
    equal(agent.stop(), 0, "the exit status")


isolate()
tell(Lab)
