"""The programs under test as long-lived children, their logs, and the command line and API as a person uses them."""

import collections
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time

from lab.story import Failed, check, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = os.environ.get("BARTIZAN_BUILD", "test")
START_DEADLINE_S = 60
STOP_DEADLINE_S = 60
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which Python's ssl does not name
REPORTS = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:|AddressSanitizer:DEADLYSIGNAL|Assertion .* failed")


def build_folder(build=None):
    return ROOT / "build" / (build or BUILD)


def read_text(path):
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _parents():
    """Process number -> (parent, name) of all that run."""
    table = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            name, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
            if rest[0] != "Z":
                table[int(entry)] = (int(rest[1]), name)
    return table


def children_of(pid):
    """Process number -> name of its children."""
    return {child: name for child, (parent, name) in _parents().items() if parent == pid}


def descendants(pid):
    """Process number -> name of all below it."""
    table, found, seen = _parents(), {}, {pid}
    while True:
        more = {c: n for c, (p, n) in table.items() if p in seen and c not in seen}
        if not more:
            return found
        found.update(more)
        seen.update(more)


class Program:
    """A child process with its output in files. Started in front of `prefix` (nsenter and the like)."""

    def __init__(self, lab, name, command, prefix=(), env=None):
        self.lab, self.name = lab, name
        lab.count[name] += 1
        stem = lab.folder / f"{name}-{lab.count[name]}"
        self.out_path, self.log_path = stem.with_suffix(".out"), stem.with_suffix(".log")
        with open(self.out_path, "wb") as out, open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([*prefix, *map(str, command)], stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                            env=dict(lab.env, **(env or {})))
        lab.programs.append(self)

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return read_text(self.log_path)

    @property
    def out(self):
        return read_text(self.out_path)

    def is_running(self):
        return self.process.poll() is None

    def role(self, word):
        """The process number of the child whose name holds the word, or None."""
        for pid, name in descendants(self.pid).items():
            if word in name:
                return pid
        return None

    def wait_role(self, word, other_than=None, deadline_s=START_DEADLINE_S):
        def found():
            pid = self.role(word)
            return pid if pid != other_than else None

        return wait_for(found, deadline_s, f"the process '{word}' of {self.name}")

    def wait_log(self, words, deadline_s=START_DEADLINE_S):
        """Waits until the log holds a line with the words (a regular expression)."""
        return wait_for(lambda: re.search(words, self.log), deadline_s, f"'{words}' in the log of {self.name}")

    def wait_end(self, deadline_s=STOP_DEADLINE_S):
        try:
            return self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {deadline_s} s") from None

    def stop(self):
        """SIGTERM; the exit status."""
        if self.is_running():
            self.process.terminate()
        return self.wait_end()

    def kill(self):
        """SIGKILL to the program, and waits until its children are gone too."""
        below = list(descendants(self.pid)) if self.is_running() else []
        self.process.kill()
        self.wait_end()
        wait_for(lambda: not [p for p in below if p in _parents()], STOP_DEADLINE_S, f"the children of {self.name} to be gone")


class Server(Program):
    def __init__(self, lab, data=None, sensors="127.0.0.1:0", api="127.0.0.1:0", options=(), build=None, is_awaited=True, **how):
        self.data = pathlib.Path(data or lab.new_folder("server"))
        self.build = build or lab.build
        # no test looks for feeds in the world; one that tests fetching names a mirror of its own
        feeds = [] if any(str(o).startswith("--feed") for o in options) else ["--offline"]
        command = [build_folder(self.build) / "bartizand", "--data", self.data, "--sensors", sensors, "--api", api, *feeds, *options]
        super().__init__(lab, "bartizand", command, **how)
        self.sensors = self.api = None
        if is_awaited:
            self.wait_ready()

    def wait_ready(self, deadline_s=START_DEADLINE_S):
        def ready():
            if not self.is_running():
                raise Failed(f"bartizand ended with {self.process.returncode} instead of serving: {self.log[-2000:]}")
            return re.search(r"^ready sensors=(\S+) api=https://(\S+)$", self.out, re.M)

        found = wait_for(ready, deadline_s, "bartizand's ready line")
        self.sensors, self.api = found.group(1), found.group(2)
        return self

    def again(self, **how):
        """A new process on the same data and addresses, after this one ended."""
        return Server(self.lab, self.data, self.sensors, self.api, build=self.build, **how)

    @property
    def ca(self):
        return self.data / "ca.pem"

    @property
    def operator_token(self):
        return (self.data / "operator.token").read_text().strip()

    def cli(self, *words, expected=0, input=None, deadline_s=180):
        """Runs `bartizan --data DIR WORDS...`; what it wrote. expected None: any exit status."""
        return self.lab.cli("--data", self.data, *words, expected=expected, input=input, build=self.build, deadline_s=deadline_s)

    def token(self, uses=1, tenant="default", kind="agent"):
        """A new enrolment token."""
        status, body = self.request("POST", f"/api/v1/enrolment-tokens?tenant={tenant}", {"uses": uses, "kind": kind})
        check(status == 201, f"no enrolment token: {status} {body}")
        return body["token"]

    def query(self, sql, *words):
        """Rows as dictionaries."""
        return rows_of(json.loads(self.cli("query", "--json", *words, sql).stdout))

    def request(self, method, path, body=None, token=None, headers=None, deadline_s=180):
        """Calls the API as the platform's operator (token "": as nobody). (status, decoded JSON or text)."""
        context = trust(self.ca)
        host, port = self.api.rsplit(":", 1)
        connection = http.client.HTTPSConnection(host, int(port), timeout=deadline_s, context=context)
        fields = dict(headers or {})
        if token != "":
            fields["Authorization"] = "Bearer " + (token or self.operator_token)
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, data, fields)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
            return answer.status, json.loads(text) if is_json and text else text
        finally:
            connection.close()

    def get(self, path, **how):
        status, body = self.request("GET", path, **how)
        check(status == 200, f"GET {path}: {status} {body}")
        return body

    def sql(self, text, limit=100000, deadline_s=180):
        """Rows as dictionaries, by the API."""
        body = {"sql": text, "limit": limit, "timeout_ms": 60000}
        status, answer = self.request("POST", "/api/v1/query", body, deadline_s=deadline_s)
        check(status == 200, f"{text}: {status} {answer}")
        check(not answer["is_truncated"], f"{text}: more than {limit} rows")
        return rows_of(answer)

    def table(self, asset, table, at=None):
        """An asset's rows of one table, as dictionaries with values as the API types them."""
        return rows_of(self.get(f"/api/v1/assets/{asset}/tables/{table}" + (f"?at={at}" if at else "")))

    def metric(self, name):
        """The sum over all label sets of one metric."""
        found = re.findall(rf"^{name}(?:\{{[^}}]*\}})? ([0-9.e+-]+)$", self.get("/metrics"), re.M)
        check(found, f"/metrics has no {name}")
        return sum(map(float, found))


def trust(ca):
    """A TLS context that trusts one CA, and judges no times: scenarios set clocks."""
    context = ssl.create_default_context(cafile=str(ca))
    context.verify_flags |= NO_CHECK_TIME
    return context


def rows_of(document):
    """A document {columns, rows} or a list of objects, as a list of dictionaries."""
    if isinstance(document, list):
        return document
    return [dict(zip(document["columns"], row)) for row in document["rows"]]


class Agent(Program):
    def __init__(self, lab, server=None, state=None, token=None, options=(), build=None, address=None, **how):
        self.server, self.build = server, build or lab.build
        self.state = pathlib.Path(state or lab.new_folder("agent"))
        command = [build_folder(self.build) / "bartizan-agent", "--state", self.state]
        if token is not None:
            command += ["--server", address or server.sensors, "--ca", server.ca, "--token", token]
        super().__init__(lab, "agent", [*command, *options], **how)

    def again(self, **how):
        return Agent(self.lab, self.server, self.state, build=self.build, **how)


class Watch(Program):
    """`bartizan watch --json`, its lines as they come. The stream is open: what changes from now on is seen."""

    def __init__(self, server, *words):
        self.changes = []
        self._taken = 0
        super().__init__(server.lab, "watch", [build_folder(server.build) / "bartizan", "--data", server.data, "watch", "--json", *words])
        self.wait_log("connected")

    def read(self):
        with open(self.out_path, "rb") as out:
            out.seek(self._taken)
            text = out.read()
        whole = text[:text.rfind(b"\n") + 1]
        self._taken += len(whole)
        self.changes += [json.loads(line) for line in whole.splitlines()]
        return self.changes

    def wait(self, table, op, words, deadline_s=20):
        """Waits for a change of the table whose key or row holds all words."""

        def found():
            for change in self.read():
                row = change["row"] or change["old"] or {}
                text = " ".join([change["key"], *map(str, row.values())])
                if change["table"] == table and change["op"] == op and all(str(w) in text for w in words):
                    return change
            if not self.is_running():
                raise Failed(f"watch ended with {self.process.returncode}: {self.log}")
            return None

        return wait_for(found, deadline_s, f"{table} {op} {words} in the live stream")


class Lab:
    """A temporary folder and everything started in it. Leaving it stops and removes all."""

    def __init__(self, build=None):
        self.build = build or BUILD
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bartizan-lab-"))
        self.folder.chmod(0o755)
        self.programs, self.count, self.closing = [], collections.Counter(), []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("BARTIZAN_")}
        self.env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=1")
        self.env.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
        for name in ("bartizand", "bartizan", "bartizan-agent"):
            if not (build_folder(self.build) / name).exists():
                raise SystemExit(f"{build_folder(self.build) / name} is not there: ./dev test builds it")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            if program.is_running():
                program.process.kill()
                program.process.wait()
        for close in reversed(self.closing):
            close()
        if os.environ.get("BARTIZAN_KEEP"):
            print(f"# kept: {self.folder}", flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def new_folder(self, name):
        self.count["folder"] += 1
        folder = self.folder / f"{name}-{self.count['folder']}"
        folder.mkdir()
        return folder

    def run(self, *command, expected=0, input=None, deadline_s=180, env=None):
        """Runs a command to its end. Its exit status must be the expected one (None: any)."""
        try:
            done = subprocess.run([str(w) for w in command], input=input, capture_output=True, text=True, errors="replace", timeout=deadline_s,
                                  env=dict(self.env, **(env or {})), stdin=None if input is not None else subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(map(str, command))} did not end within {deadline_s} s") from None
        check(not REPORTS.search(done.stderr), f"{command}: {done.stderr}")
        if expected is not None:
            check(done.returncode == expected,
                  f"{' '.join(map(str, command))}: status {done.returncode}, expected {expected}: {done.stdout[-1000:]} {done.stderr[-1000:]}")
        return done

    def cli(self, *words, build=None, **how):
        return self.run(build_folder(build or self.build) / "bartizan", *words, **how)

    def tail(self):
        """The last lines of every log, for a failed story."""
        parts = []
        for program in self.programs[-4:]:
            text = program.log.strip()
            if text:
                parts.append(f"--- {program.log_path.name}\n" + "\n".join(text.splitlines()[-12:]))
        return "\n".join(parts)

    def end(self):
        """Stops what runs and judges every log. The supervisors must end cleanly."""
        for program in reversed(self.programs):
            if program.is_running():
                program.stop()
        for program in self.programs:
            found = REPORTS.search(program.log)
            check(not found, f"{program.log_path.name}: {program.log[found.start() - 200 if found and found.start() > 200 else 0:][:4000] if found else ''}")


def later(function):
    """Runs a function in a thread and returns a call that waits for its value."""
    box = {}

    def work():
        try:
            box["value"] = function()
        except Exception as error:  # pylint: disable=broad-except
            box["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def result(deadline_s=180):
        thread.join(deadline_s)
        if "error" in box:
            raise box["error"]
        check("value" in box, "a background call did not end")
        return box["value"]

    return result
