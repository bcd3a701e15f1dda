#!/usr/bin/env python3
"""Events from a real agent to a real server: each once and in order, whoever is killed meanwhile; what is lost is counted."""

import json
import os
import signal
import subprocess

from lab import Agent, Lab, Server, check, equal, note, story, tell, wait_for
from lab.programs import Program, build_folder
from lab.story import need_root

# The agent's /var/log is a folder of the scenario's.
WITH_LOGS = 'mount --bind "$0" /var/log && exec "$@"'
RING_BYTES = 65536
RING_LINES = 3000
RATE, RATE_LINES = 100, 250


class Logs:
    """auth.log and syslog, as the agent sees them."""

    def __init__(self, lab):
        self.folder = lab.new_folder("logs")
        self.count = 0
        for name in ("auth.log", "syslog"):
            (self.folder / name).touch()

    def prefix(self):
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", WITH_LOGS, str(self.folder)]

    def write(self, *lines, name="auth.log"):
        with open(self.folder / name, "a", encoding="utf-8") as log:
            log.write("".join(f"2026-11-22T03:11:00+00:00 lab {line}\n" for line in lines))

    def logins(self, count):
        """So many successful logins of users that are numbered through."""
        self.write(*[f"sshd[7]: Accepted publickey for u{self.count + n:05} from 192.0.2.7 port 5 ssh2: RSA x" for n in range(count)])
        self.count += count


def users(lab):
    return [int(row["user"][1:]) for row in lab.server.sql("SELECT user FROM logins WHERE user GLOB 'u[0-9]*' ORDER BY no")]


def gaps(lab, reason):
    return [row["count"] for row in lab.server.sql(f"SELECT count FROM gaps WHERE reason = '{reason}' ORDER BY no")]


def each_once(lab, deadline_s=30):
    """All logins that were written have come, each once and in order."""
    wait_for(lambda: len(users(lab)) >= lab.logs.count, deadline_s, f"{lab.logs.count} logins")
    equal(users(lab), list(range(lab.logs.count)), "the logins in the order in which they were told")


def start_agent(lab, **how):
    how.setdefault("prefix", lab.logs.prefix())
    return Agent(lab, lab.server, **how)


def set_policy(lab, document):
    status, body = lab.server.request("PUT", "/api/v1/policies/default", document)
    equal(status, 200, f"setting the policy: {body}")
    asset = lab.server.get("/api/v1/assets")["items"][0]["id"]
    wait_for(lambda: lab.server.get(f"/api/v1/sensors/{asset}")["policy"]["is_in_force"], 10, "the policy to be in force")


def followed(lab):
    """What the live stream showed: (kind, row) each."""
    lines = lab.follow.out[:lab.follow.out.rfind("\n") + 1].splitlines()
    return [(e["kind"], e["row"]) for e in map(json.loads, lines)]


@story("an agent is there and follows the log")
def begin(lab):
    need_root("a mount namespace for the agent's logs")
    lab.server = Server(lab)
    lab.logs = Logs(lab)
    lab.agent = start_agent(lab, token=lab.server.token())
    wait_for(lambda: lab.server.get("/api/v1/assets")["items"], 30, "the asset")
    lab.follow = Program(lab, "follow", [build_folder() / "bartizan", "--data", lab.server.data, "events", "--follow", "--json"])
    lab.follow.wait_log("connected")

    def is_followed():  # what was there before the agent looked is not told
        lab.logs.write("sshd[6]: Accepted password for ready from 192.0.2.7 port 5 ssh2")
        return lab.server.sql("SELECT no FROM logins WHERE user = 'ready'")

    wait_for(is_followed, 20, "the first login that is told", pause_s=0.5)


@story("logins, sudo, accounts, services and programs are rows of SQL and lines of the live stream, without their secrets")
def every_kind(lab):
    need_root("a mount namespace for the agent's logs")
    lab.logs.write("sshd[901]: Failed password for invalid user oracle from 192.0.2.66 port 4711 ssh2",
                   "sshd[902]: Accepted publickey for ann from 2001:db8::7 port 22022 ssh2: ED25519 SHA256:x",
                   "sudo: ann : TTY=pts/3 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/mysql -phunter2 --host db",
                   "useradd[903]: new user: name=carol, UID=1007, GID=1007, home=/home/carol, shell=/bin/bash, from=/dev/pts/0")
    lab.logs.write("systemd[1]: nginx.service: Failed with result 'exit-code'.", name="syslog")
    subprocess.run(["/bin/echo", "bzt-live", "--api-key", "s3cr3t", "a b", ""], check=True, stdout=subprocess.DEVNULL)

    def row(sql):
        return wait_for(lambda: lab.server.sql(sql), 15, sql)

    failed = row("SELECT user, is_success, address, service FROM logins WHERE user = 'oracle'")
    equal(failed, [{"user": "oracle", "is_success": 0, "address": "192.0.2.66", "service": "sshd"}], "the failed login")
    good = row("SELECT user, is_success, address, method FROM logins WHERE user = 'ann'")
    equal(good, [{"user": "ann", "is_success": 1, "address": "2001:db8::7", "method": "publickey"}], "the login")
    sudo = row("SELECT user, runas, command, folder, is_allowed FROM sudo_uses")
    equal(sudo, [{"user": "ann", "runas": "root", "command": "/usr/bin/mysql -p*** --host db", "folder": "/srv", "is_allowed": 1}], "the use of sudo")
    equal(row("SELECT account, action, kind FROM account_changes"), [{"account": "carol", "action": "added", "kind": "user"}], "the account")
    equal(row("SELECT unit, action, result FROM service_changes"), [{"unit": "nginx.service", "action": "failed", "result": "exit-code"}], "the service")
    run = row("SELECT arguments FROM executions WHERE arguments LIKE '%bzt-live%'")
    equal(run, [{"arguments": '["/bin/echo","bzt-live","--api-key","***","a b",""]'}], "the execution")
    for secret in ("hunter2", "s3cr3t"):
        found = lab.server.sql(f"SELECT count(*) AS n FROM events WHERE \"row\" LIKE '%{secret}%'")
        equal(found, [{"n": 0}], f"events with {secret}")
    kinds = {"logins", "sudo_uses", "account_changes", "service_changes", "executions"}
    wait_for(lambda: kinds <= {kind for kind, _ in followed(lab)}, 10, "every kind in the live stream")


@story("any role of the server is killed: every event is told once and in order", deadline_s=90)
def roles_killed(lab):
    need_root("a mount namespace for the agent's logs")
    feeds = lab.server.wait_role("feeds")
    for role in ("ingest", "engine", "api", "engine", "ingest"):
        pid = lab.server.wait_role(role)
        lab.logs.logins(40)
        os.kill(pid, signal.SIGKILL)
        lab.logs.logins(40)
        lab.server.wait_role(role, other_than=pid)
    each_once(lab)
    equal(gaps(lab, "ring"), [], "gaps")
    equal(lab.server.role("feeds"), feeds, "a role that was not killed")

    def streamed():
        return [int(row["user"][1:]) for kind, row in followed(lab) if kind == "logins" and row["user"][0] == "u"]

    wait_for(lambda: streamed()[-1:] == [lab.logs.count - 1], 20, "the last login in the live stream")
    equal(streamed(), list(range(lab.logs.count)), "the logins in the live stream, which lost its server on the way")


@story("the whole server is killed and comes back: every event is told once and in order", deadline_s=90)
def server_killed(lab):
    need_root("a mount namespace for the agent's logs")
    lab.logs.logins(50)
    lab.server.kill()
    lab.logs.logins(200)
    lab.server = lab.server.again()
    lab.logs.logins(50)
    each_once(lab)


@story("the agent is killed at any time: nothing is lost, nothing is told twice", deadline_s=90)
def agent_killed(lab):
    need_root("a mount namespace for the agent's logs")
    before = gaps(lab, "ring")
    for turn in range(4):
        lab.logs.logins(60)
        # at once, in the middle of it, and behind it
        wait_for(lambda: len(users(lab)) >= lab.logs.count - 60 + 20 * turn, 20, "some of the logins", pause_s=0.005)
        if turn % 2:
            lab.agent.kill()
        else:
            os.kill(lab.agent.role("collector"), signal.SIGKILL)
            lab.agent.kill()
        lab.logs.logins(60)
        lab.agent = lab.agent.again(prefix=lab.logs.prefix())
    each_once(lab)
    equal(gaps(lab, "ring"), before, "gaps")


@story("the ring is full while the server is away: one gap says exactly how many are lost, the newest are there", deadline_s=90)
def ring_full(lab):
    need_root("a mount namespace for the agent's logs")
    set_policy(lab, {"budget": {"ring_bytes": RING_BYTES}, "events": {"executions": {"enabled": False}}})
    before, told = gaps(lab, "ring"), lab.logs.count
    lab.server.kill()
    for _ in range(RING_LINES // 500):
        lab.logs.logins(500)
    # read to the end while there is no server
    wait_for(lambda: (lab.agent.state / "events").stat().st_size >= RING_BYTES / 2, 20, "a ring that fills")
    lab.server = lab.server.again()
    wait_for(lambda: users(lab)[-1] == lab.logs.count - 1, 30, "the last login")
    found = users(lab)
    kept = len(found) - told
    equal(found[told:], list(range(lab.logs.count - kept, lab.logs.count)), "the logins after the gap")
    equal(gaps(lab, "ring"), before + [RING_LINES - kept], "the gap")
    check(kept > 100, f"only {kept} were kept in {RING_BYTES} bytes")
    note(f"{kept} logins in a ring of {RING_BYTES} bytes")
    order = lab.server.sql("SELECT kind, json_extract(\"row\", '$.user') AS user FROM events ORDER BY no")
    at = next(n for n, e in enumerate(order) if e["user"] == f"u{found[told]:05}")
    equal(order[at - 1]["kind"], "gaps", "what stands before the first login that was kept")


@story("a rate that the policy sets is kept; what is beyond is counted", deadline_s=60)
def rate(lab):
    need_root("a mount namespace for the agent's logs")
    set_policy(lab, {"events": {"logins": {"per_minute_max": RATE}, "executions": {"enabled": False}}})
    before = len(users(lab))
    lab.logs.logins(RATE_LINES)
    wait_for(lambda: len(users(lab)) - before + sum(gaps(lab, "rate")) >= RATE_LINES, 20, "logins and gaps")
    told = len(users(lab)) - before
    equal(told + sum(gaps(lab, "rate")), RATE_LINES, "logins that were told, and those in gaps")
    check(RATE <= told <= RATE + 10, f"{told} were told where {RATE} may be")


if __name__ == "__main__":
    tell(Lab)
