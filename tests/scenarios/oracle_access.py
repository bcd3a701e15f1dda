#!/usr/bin/env python3
"""Who may do what: sshd's Match blocks, sudo, ages of passwords, crontabs, groups; each against its own tool."""

import datetime
import os
import pathlib
import re
import shutil
import subprocess

from lab import Agent, Lab, Machine, Server, Skipped, check, equal, isolate, note, story, tell, wait_for
from lab.rows import seconds

SSHD = """
Include /etc/ssh/lab.d/*.conf
PermitRootLogin no
PasswordAuthentication yes
Match User lab-alice
	PasswordAuthentication no
	X11Forwarding yes
Match Group lab-ops Address 192.0.2.0/24
	MaxAuthTries 2
Match all
	ClientAliveInterval 77
"""
SUDOERS = """
User_Alias LAB = lab-alice, lab-bob
Cmnd_Alias LAB_LIST = /bin/ls, /usr/bin/id
LAB ALL = (root) NOPASSWD: LAB_LIST
%lab-ops ALL = (lab-bob : lab-ops) NOEXEC: /bin/cat /etc/hosts, PASSWD: /bin/date
lab-alice ALL = /bin/echo
"""


def tool(*words, expected=0):
    if shutil.which(words[0]) is None:
        raise Skipped(f"{words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=dict(os.environ, LC_ALL="C"))
    check(done.returncode == expected, f"{' '.join(words)}: {done.stderr}")
    return done.stdout


@story("an agent reports a machine with accounts of this scenario", deadline_s=90)
def begin(lab):
    lab.machine = Machine(lab)
    lab.machine.run("mount", "-t", "tmpfs", "lab-run", "/run")
    for words in (("groupadd", "--gid", "4300", "lab-ops"), ("useradd", "--create-home", "--gid", "4300", "lab-alice"),
                  ("useradd", "--groups", "lab-ops", "--expiredate", "2031-02-03", "lab-bob"), ("usermod", "--lock", "lab-bob")):
        lab.machine.run(*words)
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token())

    def settled():
        items = lab.server.get("/api/v1/assets")["items"]
        return items[0]["id"] if items and any(r["name"] == "lab-bob" for r in lab.server.table(items[0]["id"], "accounts")) else None

    lab.asset = wait_for(settled, 60, "the first inventory")


@story("groups as getent lists them: a primary group's users are not among its members")
def groups(lab):
    # of the first inventory it may be the last to come
    told = wait_for(lambda: lab.server.table(lab.asset, "groups"), 60, "groups")
    rows = {r["name"]: r for r in told}
    found = {name: (row["gid"], row["members"] or []) for name, row in rows.items()}
    expected = {}
    for line in tool("getent", "group").splitlines():
        name, _, gid, members = line.split(":")
        expected[name] = int(gid), sorted(m for m in members.split(",") if m)
    equal(found, expected, "groups")
    equal(found["lab-ops"], (4300, ["lab-bob"]), "the group of both")


@story("ages of passwords as chage lists them")
def ages(lab):
    def date(value):
        return None if value is None else datetime.datetime.fromtimestamp(seconds(value), datetime.timezone.utc).date()

    def read(text):
        return None if text == "never" else datetime.datetime.strptime(text, "%b %d, %Y").date()

    rows = lab.server.table(lab.asset, "accounts")
    for row in rows:
        said = dict(re.findall(r"^([^\t:]+?)\s*: (.*)$", tool("chage", "--list", row["name"]), re.M))
        expected = (read(said["Account expires"]), int(said["Minimum number of days between password change"]),
                    int(said["Maximum number of days between password change"]), int(said["Number of days of warning before password expires"]))
        found = (date(row["expires"]), *(-1 if row[c] is None else row[c] for c in ("min_days", "max_days", "warn_days")))
        equal(found, expected, row["name"])
        if said["Last password change"] not in ("never", "password must be changed"):
            equal(date(row["last_change"]), read(said["Last password change"]), row["name"])
    note(f"accounts: {len(rows)} compared")


@story("crontabs as crontab -l prints them")
def crontabs(lab):
    if shutil.which("crontab") is None:
        raise Skipped("crontab is not installed")
    lab.run("crontab", "-u", "lab-alice", "-", input="# comment\nMAILTO=root\n*/5 1-3 * * mon-fri /bin/echo a%b\n@daily\t/bin/true  --x\n")
    path = next(p for p in (pathlib.Path("/var/spool/cron/crontabs/lab-alice"), pathlib.Path("/var/spool/cron/lab-alice")) if p.exists())
    rows = wait_for(lambda: [r for r in lab.server.table(lab.asset, "cron") if r["path"] == str(path)], 10, "the crontab")
    printed = [re.match(r"(@\S+|(?:\S+\s+){4}\S+)\s+(.*\S)\s*$", line).groups() for line in tool("crontab", "-u", "lab-alice", "-l").splitlines()
               if re.match(r"[@*\d]", line)]
    # what stands behind % is the command's input (crontab(5))
    equal(sorted((r["schedule"], r["command"], r["user"]) for r in rows), sorted((s, c.split("%")[0], "lab-alice") for s, c in printed), "jobs")


@story("sudo's rules as sudo -l grants them")
def sudo(lab):
    tool("sudo", "--version")
    path = pathlib.Path("/etc/sudoers.d/lab")
    path.write_text(SUDOERS)
    path.chmod(0o440)
    rows = wait_for(lambda: [r for r in lab.server.table(lab.asset, "sudo_rules") if r["path"] == str(path)], 10, "the rules")
    aliases = {"LAB": {"lab-alice", "lab-bob"}, "LAB_LIST": ["/bin/ls", "/usr/bin/id"]}
    members = {"lab-alice": {"lab-ops"}, "lab-bob": {"lab-ops", "lab-bob"}}

    def granted(user):
        """(runas, without password, command) of our rows."""
        for row in rows:
            who = {u for word in re.split(r",\s*", row["users"]) for u in aliases.get(word, {word})}
            if user in who or any("%" + g in who for g in members[user]):
                runas = re.sub(r"\s*:\s*", " : ", row["runas"] or "root")
                for command in re.split(r",\s*", row["commands"]):
                    for one in aliases.get(command, [command]):
                        yield runas, "NOPASSWD" in (row["tags"] or ""), "NOEXEC" in (row["tags"] or ""), one

    def listed(user):
        text = tool("sudo", "--list", "--other-user", user)
        for line in text[text.index("may run"):].splitlines()[1:]:
            runas, rest = re.match(r"\s+\(([^)]*)\)\s+(.*)$", line).groups()
            free = noexec = False
            for part in rest.split(", "):
                for tag in re.findall(r"([A-Z]+):", part):
                    free, noexec = {"NOPASSWD": True, "PASSWD": False}.get(tag, free), {"NOEXEC": True, "EXEC": False}.get(tag, noexec)
                yield runas, free, noexec, re.sub(r"^(?:[A-Z]+:\s*)+", "", part)

    for user in members:
        equal(sorted(granted(user)), sorted(listed(user)), user)
    note(f"sudo_rules: {len(rows)} rows, grants of {len(members)} users")
    path.unlink()
    wait_for(lambda: not [r for r in lab.server.table(lab.asset, "sudo_rules") if r["path"] == str(path)], 10, "their end")


@story("settings of the SSH server as sshd -T prints them for a connection")
def sshd(lab):
    if shutil.which("sshd", path="/usr/sbin:/usr/bin") is None:
        raise Skipped("sshd is not installed")
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    folder = pathlib.Path("/etc/ssh/lab.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "10.conf").write_text("Port 2222\nPort 2200\nPermitEmptyPasswords no\nBanner none\nMatch User lab-bob\n\tAllowTcpForwarding no\n")
    (folder / "20.conf").write_text("PermitRootLogin prohibit-password\n")
    key = lab.folder / "host"
    lab.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    pathlib.Path("/etc/ssh/sshd_config").write_text(f"HostKey {key}\n" + SSHD)

    def rows():
        return {(r["condition"].lower(), r["keyword"]): r["value"].lower() for r in lab.server.table(lab.asset, "sshd_config")}

    wait_for(lambda: ("", "port") in rows() and any(c for c, _ in rows()), 10, "the settings")
    now = rows()
    cases = {"": ("user=nobody", "host=a", "addr=198.51.100.1"), "user lab-alice": ("user=lab-alice", "host=a", "addr=198.51.100.1"),
             "user lab-bob": ("user=lab-bob", "host=a", "addr=198.51.100.1"), "group lab-ops address 192.0.2.0/24": ("user=lab-bob", "host=a", "addr=192.0.2.7")}
    compared = 0
    for condition, connection in cases.items():
        printed = {}
        for line in tool("/usr/sbin/sshd", "-T", *(w for c in connection for w in ("-C", c))).splitlines():
            keyword, _, value = line.lower().partition(" ")
            printed.setdefault(keyword, []).append(value)
        own = {k: v for (c, k), v in now.items() if c == condition}
        check(own, f"no setting of '{condition}' in {sorted(now)}")
        for keyword, value in own.items():
            if keyword in printed:
                compared += 1
                values = {v.replace("prohibit-password", "without-password") for v in (value, *re.split(r",\s*", value))}
                said = {" ".join(printed[keyword]), ", ".join(printed[keyword]), *printed[keyword]}
                check(values & said, f"{condition or 'whole server'}: {keyword} is {value}, sshd says {printed[keyword]}")
    check(compared >= 8, f"only {compared} compared")
    note(f"sshd_config: {compared} settings of {len(cases)} connections")


if __name__ == "__main__":
    isolate()
    tell(Lab)
