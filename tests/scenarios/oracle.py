#!/usr/bin/env python3
"""Each table against another program's answer to the same question, row by row, on this machine."""

import base64
import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import subprocess

from lab import Agent, Lab, Machine, Schema, Server, Skipped, check, digest_of, equal, is_root, isolate, note, story, tell, wait_for
from lab.rows import seconds

PEM = re.compile(r"-----BEGIN (?:TRUSTED )?CERTIFICATE-----\s+(.*?)-----END", re.S)


def output(*words, env=None):
    if shutil.which(words[0]) is None:
        raise Skipped(f"{words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, env=dict(os.environ, LC_ALL="C.UTF-8", **(env or {})))
    if done.returncode != 0:
        raise Skipped(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def same(lab, table, columns, expected, keep=lambda row: True):
    """Compares rows cut to some columns with what expected() says; both anew until they agree, for the machine lives."""
    state = {}

    def agree():
        rows = [r for r in lab.server.table(lab.asset, table) if keep(r)]
        state["found"] = sorted(repr(tuple(r[c] for c in columns)) for r in rows)
        state["expected"] = sorted(map(repr, expected()))
        return state["found"] == state["expected"]

    try:
        wait_for(agree, 15, "agreement", pause_s=0.5)
    except AssertionError:
        found, wanted = state["found"], state["expected"]
        extra, missing = [r for r in found if r not in wanted], [r for r in wanted if r not in found]
        check(False, f"{table}: {len(extra)} rows only here: {extra[:5]}; {len(missing)} only there: {missing[:5]}; {len(found)} and {len(wanted)} rows")
    note(f"{table}: {len(state['found'])} rows, {len(columns)} columns each")


@story("an agent reports this machine", deadline_s=120)
def begin(lab):
    if is_root():
        # links, addresses and listeners of every kind, in namespaces of this scenario's own
        lab.machine = Machine(lab)
        for words in ("link add vlan7 link lo type vlan id 7", "link add veth7 type veth peer name veth8", "link add bridge7 type bridge", "link set veth7 master bridge7",
                      "link set veth7 up", "link set veth8 up", "link set bridge7 up", "link add bridge8 type bridge", "link set bridge8 mtu 1400",
                      "address add 192.0.2.9/25 dev bridge8", "address add 2001:db8::7/64 dev bridge8 nodad", "address add 10.9.8.7/32 dev bridge7"):
            subprocess.run(["ip", *words.split()], check=False, capture_output=True)
        # the distribution's own trust store is not collected; copies of it in another place are
        for number, path in enumerate(sorted(pathlib.Path("/usr/share/ca-certificates").rglob("*.crt"))):
            pathlib.Path("/etc/ssl/oracle").mkdir(exist_ok=True)
            shutil.copy(path, f"/etc/ssl/oracle/{number}.pem")
    lab.sockets = [socket.create_server(("127.0.0.1", 0)), socket.create_server(("0.0.0.0", 0)), socket.create_server(("::1", 0), family=socket.AF_INET6),
                   socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)]
    if is_root():
        lab.other = subprocess.Popen(["setpriv", "--reuid", "nobody", "--clear-groups", "python3", "-c",
                                      "import socket,time; s=socket.create_server(('127.0.0.1',0)); time.sleep(600)"])
        lab.closing.append(lab.other.kill)
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token())

    def settled():
        items = lab.server.get("/api/v1/assets")["items"]
        if not items:
            return None
        detail = lab.server.get(f"/api/v1/assets/{items[0]['id']}")
        have = {t["name"] for t in detail["tables"] if t["rows"]}
        return items[0]["id"] if {"packages", "users", "groups", "listeners", "os", "kernel"} <= have else None

    lab.asset = wait_for(settled, 90, "the first inventory")


@story("packages as dpkg-query lists them")
def packages(lab):
    fields = ("Package", "Version", "Architecture", "db:Status-Status", "source:Package", "source:Version", "Section", "Maintainer", "Installed-Size")

    def expected():
        text = output("dpkg-query", "-W", "-f", "\\t".join("${%s}" % f for f in fields) + "\\n")
        for line in text.splitlines():
            *values, size = line.split("\t")
            if values[3] != "not-installed":
                yield tuple(v or None for v in values) + (int(size) * 1024 if size else None,)

    same(lab, "packages", ("name", "version", "architecture", "status", "source", "source_version", "section", "vendor", "size_bytes"), expected,
         keep=lambda row: row["manager"] == "dpkg")


@story("users as getent passwd lists them")
def users(lab):
    def expected():
        for line in output("getent", "passwd").splitlines():
            name, _, uid, gid, gecos, home, shell = line.split(":")
            yield name, int(uid), int(gid), gecos.split(",")[0] or None, home or None, shell or None

    same(lab, "users", ("name", "uid", "gid", "full_name", "home", "shell"), expected)


@story("groups as getent group lists them")
def groups(lab):
    def expected():
        for line in output("getent", "group").splitlines():
            name, _, gid, members = line.split(":")
            yield name, int(gid), sorted(m for m in members.split(",") if m)

    def found():
        return sorted(repr((r["name"], r["gid"], sorted(r["members"] or []))) for r in lab.server.table(lab.asset, "groups"))

    equal(found(), sorted(map(repr, expected())), "groups")


@story("listeners as ss lists them, with process, program and owner")
def listeners(lab):
    shared = {}

    def expected():
        for line in output("ss", "-H", "-l", "-t", "-n", "-p", "-e").splitlines():
            local = line.split()[3]
            address, port = local.rsplit(":", 1)
            address = "::" if address == "*" else address.strip("[]").split("%")[0]
            uid = re.search(r"uid:(\d+)", line)
            owner = output("getent", "passwd", uid.group(1) if uid else "0").split(":")[0]
            shared[int(port)] = {(name, os.readlink(f"/proc/{pid}/exe")) for name, pid in re.findall(r'\("([^"]*)",pid=(\d+)', line)}
            yield "tcp", address, int(port), owner

    same(lab, "listeners", ("protocol", "address", "port", "user"), expected)
    for row in lab.server.table(lab.asset, "listeners"):
        # a socket that several processes hold is any one's of them
        holders = shared[row["port"]] or {(None, None)}
        check((row["process"], row["executable"]) in holders, f"{row}: held by {holders}")


@story("interfaces as ip link lists them")
def interfaces(lab):
    def expected():
        for link in json.loads(output("ip", "-j", "-d", "link")):
            kind = link.get("linkinfo", {}).get("info_kind") or link["link_type"]
            yield link["ifname"], kind, link.get("address"), link["mtu"], "UP" in link["flags"], link["operstate"].lower(), link.get("master")

    same(lab, "interfaces", ("name", "type", "mac", "mtu", "is_up", "state", "master"), expected)


@story("addresses as ip address lists them")
def addresses(lab):
    def expected():
        for link in json.loads(output("ip", "-j", "address")):
            for address in link.get("addr_info", []):
                yield link["ifname"], {"inet": "ipv4", "inet6": "ipv6"}[address["family"]], address["local"], address["prefixlen"], address["scope"]

    same(lab, "addresses", ("interface", "family", "address", "prefix_length", "scope"), expected)


@story("modules as lsmod lists them")
def modules(lab):
    def expected():
        if not pathlib.Path("/proc/modules").exists():
            raise Skipped("this kernel has no modules")
        if shutil.which("lsmod"):
            lines = output("lsmod").splitlines()[1:]
        else:
            lines = pathlib.Path("/proc/modules").read_text().splitlines()
        for line in lines:
            yield line.split()[0], int(line.split()[1])

    same(lab, "modules", ("name", "size_bytes"), expected)


@story("mounts as findmnt lists them")
def mounts(lab):
    def expected():
        text = output("findmnt", "--list", "--json", "--nofsroot", "-o", "TARGET,SOURCE,FSTYPE,OPTIONS", "--kernel")
        # of mounts of the same on the same place only the last is seen
        last = {tuple(m.values())[:3]: m["options"] for m in json.loads(text)["filesystems"]}
        for (target, source, kind), options in last.items():
            yield target, source, kind, options, "ro" in options.split(",")

    same(lab, "mounts", ("target", "source", "type", "options", "is_read_only"), expected)


def certificates_in(path):
    """Fingerprint -> DER of every certificate in a file."""
    data = pathlib.Path(path).read_bytes()
    blocks = [base64.b64decode(b) for b in PEM.findall(data.decode("latin-1"))] or [data]
    return {hashlib.sha256(der).hexdigest(): der for der in blocks}


@story("certificates as openssl x509 prints them", deadline_s=120)
def certificates(lab):
    rows = lab.server.table(lab.asset, "certificates")
    if not rows:
        raise Skipped("no certificate on this machine")
    files = {r["path"] for r in rows}
    equal({(r["path"], r["fingerprint"]) for r in rows}, {(f, p) for f in files for p in certificates_in(f)}, "certificates in the files")
    for pem in pathlib.Path("/etc/ssl").rglob("*.pem"):
        if not pem.is_symlink() and PEM.search(pem.read_text(errors="replace")):
            check(str(pem) in files, f"{pem} is not in the inventory")
    wrong = []
    for fingerprint, row in {r["fingerprint"]: r for r in rows}.items():
        problem = judge_certificate(lab, certificates_in(row["path"])[fingerprint], row)
        if problem:
            wrong.append(problem)
    check(not wrong, f"{len(wrong)} differ: {wrong[:4]}")
    note(f"certificates: {len(rows)} rows, {len({r['fingerprint'] for r in rows})} distinct")


def judge_certificate(lab, der, row):
    path = lab.folder / "one.der"
    path.write_bytes(der)
    text = lab.run("openssl", "x509", "-inform", "DER", "-in", path, "-noout", "-subject", "-issuer", "-serial", "-dates", "-dateopt", "iso_8601",
                   "-nameopt", "RFC2253,-esc_msb,utf8", "-text", "-certopt", "no_pubkey,no_sigdump").stdout
    facts = dict(re.findall(r"^(subject|issuer|serial|notBefore|notAfter)=\s*(.*)$", text, re.M))
    key = lab.run("openssl", "x509", "-inform", "DER", "-in", path, "-noout", "-text").stdout
    bits = re.search(r"Public-Key: \((\d+) bit", key)
    expected = {
        "subject": facts["subject"], "issuer": facts["issuer"], "serial": facts["serial"].lower().lstrip("0") or "0",
        "not_before": seconds(facts["notBefore"].replace(" ", "T")), "not_after": seconds(facts["notAfter"].replace(" ", "T")),
        "key_bits": int(bits.group(1)) if bits else row["key_bits"],
        "signature": re.search(r"Signature Algorithm: (\S+)", key).group(1),
        "is_ca": "CA:TRUE" in key, "is_self_signed": facts["subject"] == facts["issuer"],
    }
    found = {name: row[name] for name in expected}
    found["serial"] = (row["serial"] or "").lstrip("0") or "0"
    found["not_before"], found["not_after"] = seconds(row["not_before"]), seconds(row["not_after"])
    return {name: (found[name], value) for name, value in expected.items() if found[name] != value}


@story("services as systemctl list-unit-files lists them")
def services(lab):
    def expected():
        for line in output("systemctl", "--root=/", "list-unit-files", "--no-legend", "--no-pager", "--full", "--plain").splitlines():
            name, state = line.split()[:2]
            yield name, name.rsplit(".", 1)[1], state

    same(lab, "services", ("name", "type", "state"), expected)


@story("cron's scripts and tables as they lie in the folders")
def cron(lab):
    rows = lab.server.table(lab.asset, "cron")
    scripts = {str(p) for f in ("hourly", "daily", "weekly", "monthly") for p in pathlib.Path("/etc/cron." + f).glob("*")
               if p.is_file() and os.access(p, os.X_OK) and re.fullmatch(r"[A-Za-z0-9_-]+", p.name)}
    equal({r["path"] for r in rows if re.match(r"/etc/cron\.(hourly|daily|weekly|monthly)/", r["path"])}, scripts, "scripts of run-parts")
    entry = re.compile(r"^\s*(@\w+|(?:\S+\s+){4}\S+)\s+(\S+)\s+(.*\S)\s*$")
    jobs = set()
    for path in [pathlib.Path("/etc/crontab"), *pathlib.Path("/etc/cron.d").glob("*")]:
        if path.is_file() and re.fullmatch(r"[A-Za-z0-9_-]+", path.name):
            for line in path.read_text().splitlines():
                found = entry.match(line)
                if found and not line.lstrip().startswith("#") and not re.match(r"\s*\w+\s*=", line):
                    jobs.add((str(path), found.group(2), " ".join(found.group(1).split()), found.group(3)))
    equal({(r["path"], r["user"], " ".join(r["schedule"].split()), r["command"]) for r in rows if re.match(r"/etc/cron(tab$|\.d/)", r["path"])}, jobs, "jobs")


@story("os, kernel and hardware as the system names them")
def identity(lab):
    release = platform.freedesktop_os_release()
    os_row = lab.server.table(lab.asset, "os")[0]
    equal((os_row["hostname"], os_row["id"], os_row["name"], os_row["architecture"]),
          (platform.node(), release["ID"], release["PRETTY_NAME"], platform.machine()), "os")
    running = [k for k in lab.server.table(lab.asset, "kernel") if k["is_running"]]
    equal([(k["release"], k["version"]) for k in running], [(os.uname().release, os.uname().version)], "the running kernel")
    hardware = lab.server.table(lab.asset, "hardware")[0]
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) * 1024
    equal((hardware["cpus"], hardware["memory_bytes"]), (os.sysconf("SC_NPROCESSORS_ONLN"), memory), "hardware")


@story("authorized keys as ssh-keygen prints them")
def authorized_keys(lab):
    for row in lab.server.table(lab.asset, "authorized_keys"):
        printed = output("ssh-keygen", "-l", "-f", row["path"])
        check(f"{row['bits']} {row['fingerprint']} " in printed, f"{row}: {printed}")


@story("the digest of each table is the sum of its rows' hashes")
def digests(lab):
    schema = Schema(lab.server)
    for table in lab.server.get(f"/api/v1/assets/{lab.asset}")["tables"]:
        def agree(name=table["name"]):
            now = {t["name"]: t["digest"] for t in lab.server.get(f"/api/v1/assets/{lab.asset}")["tables"]}
            return now[name] == digest_of(schema, name, lab.server.table(lab.asset, name))

        wait_for(agree, 10, f"the digest of {table['name']} to be that of its rows", pause_s=0.3)


if __name__ == "__main__":
    isolate()
    tell(Lab)
