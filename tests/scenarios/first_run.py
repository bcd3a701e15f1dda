#!/usr/bin/env python3
"""The first five minutes: names and behaviour that the documents promise, from the ready line to exit codes."""

import csv
import io
import json
import re
import stat

from lab import Agent, Lab, Server, Skipped, Tree, Watch, build_folder, check, descendants, equal, is_root, isolate, story, tell, wait_for

SUBCOMMANDS = ("enroll-token", "assets", "asset", "query", "watch", "history", "tenants", "sensors", "schema", "signin-link")


def asset_of(server, name):
    found = [a for a in server.get("/api/v1/assets")["items"] if a["name"] == name]
    return found[0] if found else None


@story("the first start makes the data folder and says where it serves")
def first_start(lab):
    lab.server = Server(lab)
    check(re.fullmatch(r"127\.0\.0\.1:[1-9][0-9]*", lab.server.sensors), lab.server.sensors)
    equal(lab.server.out.count("\n"), 1, "lines on stdout")
    for name, mode in (("operator.token", 0o600), ("ca.key", 0o600), ("ca.pem", None)):
        path = lab.server.data / name
        check(path.exists(), f"{name} is missing in {sorted(p.name for p in lab.server.data.iterdir())}")
        if mode is not None:
            equal(oct(stat.S_IMODE(path.stat().st_mode)), oct(mode), f"mode of {name}")
    for path in lab.server.data.rglob("*"):
        if path.is_file() and path.name != "ca.pem":
            equal(stat.S_IMODE(path.stat().st_mode) & 0o022, 0, f"write bits for others of {path.name}")
        if path.is_file() and path.suffix in (".key", ".db"):
            equal(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, f"bits for others of {path.name}")


@story("each role is a process of its own")
def roles(lab):
    for role in ("ingest", "engine", "api"):
        lab.server.wait_role(role)


@story("a second start on the same folder is refused and says why")
def second_start(lab):
    second = Server(lab, lab.server.data, is_awaited=False)
    check(second.wait_end(30) != 0, "the second start did not fail")
    check(str(lab.server.pid) in second.log or "already" in second.log or "running" in second.log, second.log)
    equal(second.out, "", "stdout of the refused start")
    check(lab.server.get("/healthz")["status"] == "ok", "the first one no longer serves")


@story("enroll-token prints the token and nothing else")
def token_alone(lab):
    out = lab.server.cli("enroll-token").stdout
    check(re.fullmatch(r"bte_[A-Za-z0-9_-]{43}\n", out), repr(out))
    check(re.fullmatch(r"bte_[A-Za-z0-9_-]{43}\n", lab.server.cli("enroll-token", "--tenant", "default", "--uses", "3", "--ttl", "1h").stdout), "with options")


@story("an agent of a file system tree enrols, sends its state and ends with --once")
def once(lab):
    lab.tree = Tree.debian(lab.new_folder("tree"), package_count=40)
    agent = Agent(lab, lab.server, token=lab.server.token(), options=["--root", lab.tree.folder, "--once"])
    equal(agent.wait_end(30), 0, f"exit status; its log: {agent.log}")
    lab.state = agent.state
    name = lab.tree.folder.name
    lab.asset = wait_for(lambda: asset_of(lab.server, name), 10, f"an asset named {name}")
    for path in agent.state.rglob("*"):
        equal(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, f"bits for others of {path.name} in the state folder")


@story("what the tree holds is what the server shows")
def tree_rows(lab):
    asset = lab.asset["id"]
    packages = lab.server.table(asset, "packages")
    equal(len(packages), 40, "packages")
    one = next(p for p in packages if p["name"] == "package-0007")
    equal((one["manager"], one["version"], one["architecture"], one["status"], one["source"]), ("dpkg", "1.7-1", "amd64", "installed", "source-2"), "package-0007")
    equal(sorted(u["name"] for u in lab.server.table(asset, "users")), ["alice", "daemon", "root", "www-data"], "users")
    equal([k["fingerprint"][:7] for k in lab.server.table(asset, "authorized_keys")], ["SHA256:"], "authorized keys")
    equal([s["name"] for s in lab.server.table(asset, "services")], ["webd.service"], "services")
    equal(sorted(c["command"] for c in lab.server.table(asset, "cron")), ["/usr/local/bin/backup --all", "cd / && run-parts --report /etc/cron.hourly"], "cron")
    equal([o["name"] for o in lab.server.table(asset, "os")], ["Debian GNU/Linux 12 (bookworm)"], "os")
    for table in ("listeners", "modules", "mounts", "interfaces", "addresses", "hardware"):
        equal(lab.server.table(asset, table), [], f"{table} of a tree that does not run")


@story("later starts need only --state, and send what changed meanwhile")
def later_start(lab):
    lab.tree.users["bob"] = 1001
    lab.tree.save_users()
    agent = Agent(lab, lab.server, lab.state, options=["--root", lab.tree.folder, "--once"])
    equal(agent.wait_end(30), 0, f"exit status; its log: {agent.log}")
    equal([u["uid"] for u in lab.server.table(lab.asset["id"], "users") if u["name"] == "bob"], [1001], "the user added meanwhile")
    equal(len(lab.server.get("/api/v1/sensors")["items"]), 1, "sensors: nothing enrolled anew")


@story("assets and asset show the same on a terminal, as JSON and as CSV")
def assets(lab):
    name = lab.tree.folder.name
    check(name in lab.server.cli("assets").stdout, "assets")
    listed = json.loads(lab.server.cli("assets", "--json").stdout)
    check(name in json.dumps(listed), listed)
    rows = list(csv.DictReader(io.StringIO(lab.server.cli("assets", "--csv").stdout)))
    equal([r["name"] for r in rows], [name], "assets --csv")
    for reference in (name, lab.asset["id"], lab.asset["id"][:8]):
        equal(json.loads(lab.server.cli("asset", reference, "--json").stdout)["id"], lab.asset["id"], f"asset {reference}")
    check("packages" in lab.server.cli("asset", name).stdout, "asset shows its tables")


@story("--data may stand before or behind the subcommand")
def either_order(lab):
    behind = lab.cli("assets", "--data", lab.server.data, "--json").stdout
    equal(lab.cli("--data", lab.server.data, "assets", "--json").stdout, behind, "before")
    equal(lab.cli(f"--data={lab.server.data}", "assets", "--json").stdout, behind, "before, with =")


@story("query answers as a table, as JSON and as CSV")
def query(lab):
    sql = "SELECT name, version FROM packages ORDER BY name LIMIT 2"
    lines = lab.server.cli("query", sql).stdout.splitlines()
    check(any("package-0000" in line and "1.0-1" in line for line in lines), lines)
    equal(lab.server.query(sql), [{"name": "package-0000", "version": "1.0-1"}, {"name": "package-0001", "version": "1.1-1"}], "--json")
    text = lab.server.cli("query", "--csv", sql).stdout
    equal(list(csv.reader(io.StringIO(text))), [["name", "version"], ["package-0000", "1.0-1"], ["package-0001", "1.1-1"]], "--csv")
    check("," in lab.server.cli("query", "--csv", "SELECT 'a,\"b' AS x").stdout.splitlines()[1], "a comma within a value")


@story("watch ends after --count changes and prints one JSON document a line")
def watch_count(lab):
    watch = Watch(lab.server, "--table", "cron", "--count", "2", "--timeout", "40")
    lab.agent = Agent(lab, lab.server, lab.state, options=["--root", lab.tree.folder])
    wait_for(lambda: asset_of(lab.server, lab.tree.folder.name)["is_connected"], 20, "the agent to be connected")
    lab.tree.write("etc/cron.d/first", "1 1 * * * root /bin/first\n2 2 * * * root /bin/second\n")
    equal(watch.wait_end(60), 0, f"exit status of watch; {watch.log}")
    changes = watch.read()
    equal(sorted((c["table"], c["op"], c["row"]["command"]) for c in changes), [("cron", "added", "/bin/first"), ("cron", "added", "/bin/second")], "changes")
    equal(changes[0]["asset"], lab.asset["id"], "the asset")


@story("watch ends after --timeout without a change")
def watch_timeout(lab):
    watch = Watch(lab.server, "--table", "users", "--timeout", "1")  # table files may still follow what was written
    check(watch.wait_end(20) in (0, 1), f"exit status {watch.process.returncode}")
    equal(watch.read(), [], "changes")


@story("history says what changed, newest first, and --at shows an asset as it was")
def history(lab):
    lab.tree.remove("etc/cron.d/first")
    words = ("history", lab.asset["id"], "--table", "cron", "--json")

    def gone():
        items = json.loads(lab.server.cli(*words).stdout)
        items = items["items"] if isinstance(items, dict) else items
        return items if sum(c["op"] == "removed" for c in items) == 2 else None

    items = wait_for(gone, 20, "both removals in the history")
    numbers = [c["no"] for c in items]
    equal(numbers, sorted(numbers, reverse=True), "numbers, newest first")
    check("removed" in lab.server.cli("history", lab.asset["id"]).stdout, "history on a terminal")
    added = next(c for c in items if c["op"] == "added" and c["row"]["command"] == "/bin/first")
    then = json.dumps(json.loads(lab.server.cli("history", lab.asset["id"], "--table", "cron", "--at", added["at"], "--json").stdout))
    check("/bin/first" in then, then)
    now = [c["command"] for c in lab.server.table(lab.asset["id"], "cron")]
    check("/bin/first" not in now, now)
    check("/bin/first" in [c["command"] for c in lab.server.table(lab.asset["id"], "cron", at=added["at"])], "the API, as of then")


@story("tenants, sensors and schema say what there is")
def lists(lab):
    check("default" in lab.server.cli("tenants").stdout, "tenants")
    sensor = json.loads(lab.server.cli("sensors", "--json").stdout)
    check(lab.asset["sensor"] in json.dumps(sensor), sensor)
    check("CREATE" in lab.cli("schema", "--sql").stdout.upper(), "schema --sql")
    check("packages" in lab.cli("schema", "--cddl").stdout, "schema --cddl")
    check(re.search(r"^\|.*packages|^#+.*packages", lab.cli("schema", "--markdown").stdout, re.M), "schema --markdown")
    check("packages" in lab.cli("schema").stdout, "schema")


@story("what --sql describes is what can be queried")
def schema_is_true(lab):
    for table in lab.server.get("/api/v1/schema")["tables"]:
        names = ", ".join(f'"{c["name"]}"' for c in table["columns"])
        lab.server.sql(f"SELECT asset, asset_name, {names} FROM {table['name']} LIMIT 1")
    for table in ("assets", "sensors", "changes"):
        lab.server.sql(f"SELECT * FROM {table} LIMIT 1")


@story("exit codes are 0, 1 for what fails, 2 for wrong usage, with the reason on stderr")
def exit_codes(lab):
    for words, code in ((["query", "SELECT nothing FROM nowhere"], 1), (["asset", "ffffffffffffffff"], 1), (["no-such-word"], 2), ([], 2), (["query"], 2),
                        (["assets", "--no-such-option"], 2)):
        done = lab.server.cli(*words, expected=code)
        check(done.stderr.strip(), f"{words}: nothing on stderr")
        equal(done.stdout, "", f"{words}: stdout")
    lab.cli("--data", lab.folder / "nowhere", "assets", expected=1)


@story("the place of the server can also come from the environment")
def environment(lab):
    token = lab.folder / "token"
    token.write_text(lab.server.operator_token + "\n")
    env = {"BARTIZAN_URL": f"https://{lab.server.api}", "BARTIZAN_TOKEN_FILE": str(token), "BARTIZAN_CA": str(lab.server.ca)}
    check(lab.tree.folder.name in lab.cli("assets", env=env).stdout, "assets by environment")


@story("--help teaches, everywhere")
def helps(lab):
    for program in ("bartizand", "bartizan", "bartizan-agent"):
        text = lab.run(build_folder() / program, "--help").stdout
        check(program in text and "--" in text and len(text) > 200, f"{program} --help: {text}")
    for word in SUBCOMMANDS:
        text = lab.cli(word, "--help").stdout
        check(word in text and len(text) > 100, f"bartizan {word} --help: {text}")


@story("the completion loads in bash and completes subcommands")
def completion(lab):
    script = lab.cli("completion", "bash").stdout
    check("complete " in script, script[:500])
    path = lab.folder / "completion.bash"
    path.write_text(script)
    done = lab.run("bash", "--norc", "-c", f"set -e; source {path}; complete -p bartizan; "
                   "COMP_WORDS=(bartizan ass); COMP_CWORD=1; COMP_LINE='bartizan ass'; COMP_POINT=12; "
                   "$(complete -p bartizan | sed -E 's/.*-F ([^ ]+).*/\\1/') bartizan ass bartizan || true; echo \"${COMPREPLY[@]}\"")
    check("assets" in done.stdout.splitlines()[-1], done.stdout)


@story("a wrong token, a used token and a wrong CA are refused with a reason, and end the agent", deadline_s=120)
def wrong_enrolment(lab):
    for token in ("bte_" + "A" * 43, "nonsense"):
        agent = Agent(lab, lab.server, token=token, options=["--root", lab.tree.folder, "--once"])
        check(agent.wait_end(40) != 0, "a wrong token enrolled")
        check("token" in agent.log, agent.log)
    used = lab.server.token()
    for expected in (True, False):
        agent = Agent(lab, lab.server, token=used, options=["--root", lab.tree.folder, "--once"])
        equal(agent.wait_end(40) == 0, expected, f"enrolment with a token of one use; {agent.log}")
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", lab.folder / "x.key", "-out",
            lab.folder / "other-ca.pem", "-subj", "/CN=other", "-days", "9")
    agent = Agent(lab, None, lab.new_folder("agent"), options=["--server", lab.server.sensors, "--ca", lab.folder / "other-ca.pem", "--token",
                                                               lab.server.token(), "--root", lab.tree.folder, "--once"])
    check(agent.wait_end(40) != 0, "a server of another CA was believed")
    check(re.search("certificate|CA", agent.log), agent.log)


@story("a second agent on the same state folder is refused, and the first goes on")
def second_agent(lab):
    second = lab.agent.again(options=["--root", lab.tree.folder])
    check(second.wait_end(30) != 0, "the second agent did not fail")
    check(re.search(r"already|running|in use|held|locked", second.log), second.log)
    check(lab.agent.is_running(), "the first agent ended")


@story("a sensor that is revoked is cut off at once and stays out", deadline_s=90)
def revoked(lab):
    sensor = lab.asset["sensor"]
    lab.server.cli("sensors", "revoke", sensor)
    equal([s["is_revoked"] for s in lab.server.get("/api/v1/sensors")["items"] if s["id"] == sensor], [True], "is_revoked")
    wait_for(lambda: not asset_of(lab.server, lab.tree.folder.name)["is_connected"], 10, "the revoked sensor's connection to end")
    lab.agent.wait_log("revoked", 20)
    lab.tree.write("etc/cron.d/late", "1 1 * * * root /bin/late\n")
    wait_for(lambda: lab.agent.log.count("revoked") > 1 or not lab.agent.is_running(), 60, "another try of the revoked sensor, or its end")
    check("/bin/late" not in json.dumps(lab.server.table(lab.asset["id"], "cron")), "a revoked sensor was heard")
    check(lab.server.table(lab.asset["id"], "packages"), "asset and history stay")


@story("certificates renew themselves, and the key's name stays", deadline_s=120)
def renewal(lab):
    server = Server(lab, options=["--cert-life", "9s"])
    tree = Tree.debian(lab.new_folder("renews"), package_count=5)
    agent = Agent(lab, server, token=server.token(), options=["--root", tree.folder])
    first = wait_for(lambda: server.get("/api/v1/sensors")["items"], 20, "the sensor")[0]

    def renewed():
        now = server.get("/api/v1/sensors")["items"]
        equal([s["id"] for s in now], [first["id"]], "sensors")
        return now[0]["certificate_not_after"] > first["certificate_not_after"]

    wait_for(renewed, 60, "a renewed certificate", pause_s=0.2)
    wait_for(lambda: asset_of(server, tree.folder.name)["is_connected"], 20, "the sensor to be connected after it renewed")
    tree.users["carol"] = 1002
    tree.save_users()
    asset = asset_of(server, tree.folder.name)["id"]
    wait_for(lambda: [u for u in server.table(asset, "users") if u["name"] == "carol"], 20, "a change after the renewal")
    equal(agent.stop(), 0, "the agent's exit status")
    equal(server.stop(), 0, "the server's exit status")


@story("server and agent run without root, and the agent says which tables see less", deadline_s=90)
def without_root(lab):
    prefix = []
    if is_root():
        prefix = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        if lab.run(*prefix, "test", "-x", build_folder() / "bartizand", expected=None).returncode != 0:
            raise Skipped("the build folder is not readable for others")
    data, state = lab.new_folder("nobody"), lab.new_folder("nobody")
    for folder in (data, state):
        lab.run("chmod", "777", folder)
    server = Server(lab, data / "server", prefix=prefix)
    agent = Agent(lab, server, state / "agent", token=server.token(), prefix=prefix)
    asset = wait_for(lambda: [a for a in server.get("/api/v1/assets")["items"] if a["rows"] > 100], 60, "the inventory")[0]["id"]
    wait_for(lambda: len(server.table(asset, "packages")) > 50, 60, "packages")
    check(server.table(asset, "users"), "users")
    check(re.search("root|privilege|less|partly", agent.log), f"nothing about what is missing: {agent.log}")
    equal(agent.stop(), 0, "the agent's exit status")
    equal(server.stop(), 0, "the server's exit status")


@story("SIGTERM ends server and agent cleanly, and a second start goes on where the first stopped")
def restart(lab):
    below = list(descendants(lab.server.pid))
    equal(lab.server.stop(), 0, "exit status of bartizand")
    check(not [p for p in below if p in descendants(1)], "roles outlived the server")
    lab.server = lab.server.again()
    equal(len(lab.server.table(lab.asset["id"], "packages")), 40, "packages after the restart")


if __name__ == "__main__":
    isolate()
    tell(Lab)
