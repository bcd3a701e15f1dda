#!/usr/bin/env python3
"""What `./dev run` shows: a server on loopback, an agent for this machine, and what to look at.

Everything lands in var/. Ctrl-C stops both programs; a second run goes on where the first stopped.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
DATA, STATE = ROOT / "var" / "server", ROOT / "var" / "agent"
SENSORS_PORT, API_PORT = 7443, 7444
READY_DEADLINE_S = 30
INVENTORY_DEADLINE_S = 60
QUIET_S = 1.5
POLL_S = 0.1

# what an agent without root sees less of
LESS_WITHOUT_ROOT = (
    ("listeners", "no process and program for sockets of other users"),
    ("authorized_keys", "no keys in homes that you may not enter"),
    ("cron", "no users' own crontabs"),
    ("hardware", "no serial number"),
    ("certificates", "none in folders that only root may read"),
)

IS_TERMINAL = sys.stdout.isatty()


class Trouble(Exception):
    """Ends the demo; says what to do."""


def bold(text):
    return f"\033[1m{text}\033[0m" if IS_TERMINAL else text


def say(text=""):
    print(text, flush=True)


def step(text):
    say(f"{bold('bartizan:')} {text}")


def cli(*words):
    done = subprocess.run([str(BUILD / "bartizan"), "--data", str(DATA), *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Trouble(f"'bartizan {' '.join(words)}' failed: {done.stderr.strip()}")
    return done.stdout


def running_programs():
    """(pid, program) of our own bartizand and bartizan-agent that run on var/, from an earlier run or by hand."""
    found, parents = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        name = os.path.basename(words[0]).decode("utf-8", "replace")
        folders = {os.path.realpath(w.decode("utf-8", "replace")) for w in words[1:] if w.startswith(b"/")}
        if name in ("bartizand", "bartizan-agent") and folders & {str(DATA), str(STATE)}:
            found[int(entry.name)] = name
    # their own processes bear the same command line
    return [(pid, name) for pid, name in found.items() if parents[pid] not in found]


def refuse_second_run():
    found = sorted(running_programs(), key=lambda p: p[1], reverse=True)
    if not found:
        return
    step("already running here:")
    for pid, name in found:
        say(f"  {name} (process {pid})")
    say()
    names = {name for _, name in found}
    if names == {"bartizand", "bartizan-agent"}:
        say("Use it as it is (the commands below work from any terminal):")
        say(f"  {ROOT / 'build/release/bartizan'} --data {DATA} signin-link")
    say(f"Or stop {'both' if len(found) > 1 else 'it'} and start again:")
    say(f"  kill {' '.join(str(pid) for pid, _ in found)} && ./dev run")
    sys.exit(1)


def free_port(wanted):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
            return wanted
        except OSError:
            step(f"port {wanted} is taken by another program; the system picks a free one")
            return 0


def remembered_ports():
    """An enrolled agent comes back to the address it enrolled at, so that is where the server goes."""
    try:
        sensors, api = json.loads((ROOT / "var" / "ports.json").read_text())
        return int(sensors), int(api)
    except (OSError, ValueError):
        return SENSORS_PORT, API_PORT


class Child:
    """A program of ours in the background, its output in a file under var/."""

    def __init__(self, name, words):
        self.name, self.log = name, ROOT / "var" / f"{name}.log"
        self.start = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            # a group of its own: Ctrl-C reaches this script, which stops them in order
            self.process = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def text(self):
        with open(self.log, "rb") as log:
            log.seek(self.start)
            return log.read().decode("utf-8", "replace")

    def must_run(self):
        if self.process.poll() is not None:
            tail = "\n".join("  | " + line for line in self.text().splitlines()[-8:])
            raise Trouble(f"{self.name} ended with status {self.process.returncode}. Its log, {self.log.relative_to(ROOT)}, ends with:\n{tail}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def wait(condition, deadline_s, what):
    end = time.monotonic() + deadline_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise Trouble(f"waited {deadline_s} s for {what}; the logs are in var/")
        time.sleep(POLL_S)
    return value


def start_server():
    sensors, api = remembered_ports()
    step("starting the server (bartizand); its data is in var/server")
    server = Child("bartizand", [BUILD / "bartizand", "--data", DATA, "--sensors", f"127.0.0.1:{free_port(sensors)}", "--api", f"127.0.0.1:{free_port(api)}"])

    def ready():
        server.must_run()
        return re.search(r"^ready sensors=(\S+) api=(\S+)$", server.text(), re.M)

    found = wait(ready, READY_DEADLINE_S, "the server to be ready")
    (ROOT / "var" / "ports.json").write_text(json.dumps([int(a.rsplit(":", 1)[1]) for a in found.groups()]) + "\n")
    return server, found.group(1), found.group(2)


def start_agent(sensors):
    words = [BUILD / "bartizan-agent", "--state", STATE]
    if not (STATE / "key" / "identity.pem").exists():
        step("enrolling an agent for this machine with a one-time token; its key never leaves var/agent")
        words += ["--server", sensors, "--ca", DATA / "ca.pem", "--token", cli("enroll-token", "--uses", "1", "--ttl", "10m").strip()]
    else:
        step("starting the agent; it enrolled earlier and sends only what changed since")
        words += ["--server", sensors]
    return Child("bartizan-agent", words)


def this_asset(agent):
    """The asset that the agent watches, once it is connected and its rows stand still."""
    seen = {"rows": -1, "since": time.monotonic()}

    def settled():
        agent.must_run()
        assets = [a for a in json_rows(cli("assets", "--json")) if a["is_connected"]]
        if not assets:
            return None
        rows = assets[0]["rows"]
        if rows != seen["rows"]:
            seen.update(rows=rows, since=time.monotonic())
        return assets[0] if rows > 0 and time.monotonic() - seen["since"] > QUIET_S else None

    return wait(settled, INVENTORY_DEADLINE_S, "the first inventory")


def json_rows(text):
    document = json.loads(text)
    if isinstance(document, list):
        return document
    if "items" in document:
        return document["items"]
    return [dict(zip(document["columns"], row)) for row in document["rows"]]


def show_found(asset):
    detail = json.loads(cli("asset", asset["id"], "--json"))
    say()
    say(f"  {bold(asset['name'])}  {asset['os'] or ''}")
    tables = [t for t in detail["tables"] if t["rows"]]
    width = max((len(t["name"]) for t in tables), default=0)
    for table in tables:
        say(f"  {table['rows']:6}  {table['name']:{width}}  {table['summary']}")
    say(f"  {sum(t['rows'] for t in tables):6}  rows in all")
    if os.geteuid() != 0:
        say()
        say("The agent runs without root. It works, and sees less of:")
        for table, less in LESS_WITHOUT_ROOT:
            say(f"  {table}: {less}")
        say("As root (sudo ./dev run) these are complete.")


def show_next(api):
    bartizan = f"build/release/bartizan --data {DATA.relative_to(ROOT)}"
    link = cli("signin-link").strip().splitlines()[-1]
    say()
    say(f"{bold('The console')} (the link signs in once, within ten minutes; the browser will warn about the platform's own CA):")
    say(f"  {link if link.startswith('http') else api + link}")
    say()
    say(f"{bold('Try next')}, in another terminal:")
    say(f"  {bartizan} watch                      # then open a port, add a user, install a package")
    say(f"  {bartizan} query \"SELECT name, version FROM packages WHERE source LIKE 'openssl%'\"")
    say(f"  {bartizan} history {cli_name()}       # what changed here, newest first")
    say()
    say("Ctrl-C stops the server and the agent. ./dev run starts them again; rm -r var forgets everything.")


def cli_name():
    return json_rows(cli("assets", "--json"))[0]["name"]


def stay(children):
    """Until Ctrl-C, or until a program ends by itself."""
    while True:
        for child in children:
            child.must_run()
        time.sleep(1)


def main():
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    for program in ("bartizand", "bartizan", "bartizan-agent"):
        if not (BUILD / program).exists():
            sys.exit(f"{BUILD / program} is not there; ./dev run builds it")
    refuse_second_run()
    (ROOT / "var").mkdir(exist_ok=True)
    children = []
    try:
        server, sensors, api = start_server()
        children.append(server)
        agent = start_agent(sensors)
        children.append(agent)
        step("reading this machine: packages, users, listeners, services, certificates ...")
        show_found(this_asset(agent))
        show_next(api)
        stay(children)
    except Trouble as trouble:
        step(str(trouble))
        sys.exit(1)
    except KeyboardInterrupt:
        say()
        step("stopping the agent and the server")
    finally:
        for child in reversed(children):
            child.stop()
    step("stopped; everything is kept in var/")


if __name__ == "__main__":
    main()
