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
        pathlib.Path("/var/log/auth.log").touch()  # for what follows a log where there is no journal
        for words in ("link add vlan7 link lo type vlan id 7", "link add veth7 type veth peer name veth8", "link add bridge7 type bridge", "link set veth7 master bridge7",
                      "link set veth7 up", "link set veth8 up", "link set bridge7 up", "link add bridge8 type bridge", "link set bridge8 mtu 1400",
                      "address add 192.0.2.9/25 dev bridge8", "address add 2001:db8::7/64 dev bridge8 nodad", "address add 10.9.8.7/32 dev bridge7",
                      "link set bridge7 up", "link set bridge8 up", "route add 198.51.100.0/24 via 192.0.2.1 metric 7", "route add blackhole 203.0.113.0/24 table 99",
                      "route add 10.77.0.0/16 proto static nexthop via 192.0.2.1 weight 2 nexthop dev bridge7", "route add 2001:db8:1::/48 via 2001:db8::1", "route add unreachable 2001:db8:2::/48",
                      "neighbour add 192.0.2.77 lladdr 02:00:00:00:00:77 dev bridge8 nud permanent", "neighbour add 2001:db8::77 lladdr 02:00:00:00:00:78 dev bridge8 nud reachable"):
            subprocess.run(["ip", *words.split()], check=False, capture_output=True)
        # the distribution's own trust store is not collected; copies of it in another place are
        for number, path in enumerate(sorted(pathlib.Path("/usr/share/ca-certificates").rglob("*.crt"))):
            pathlib.Path("/etc/ssl/oracle").mkdir(exist_ok=True)
            shutil.copy(path, f"/etc/ssl/oracle/{number}.pem")
    lab.sockets = [socket.create_server(("127.0.0.1", 0)), socket.create_server(("0.0.0.0", 0)), socket.create_server(("::1", 0), family=socket.AF_INET6),
                   socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)]
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::")):
        lab.sockets.append(socket.socket(family, socket.SOCK_DGRAM))
        lab.sockets[-1].bind((address, 0))
    if is_root():
        lab.other = subprocess.Popen(["setpriv", "--reuid", "nobody", "--clear-groups", "python3", "-c",
                                      "import socket,time; s=socket.create_server(('127.0.0.1',0)); time.sleep(600)"])
        lab.closing.append(lab.other.kill)
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token(), options=["--read-firewall"])

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
        for protocol, line in ((p, x) for p in ("tcp", "udp") for x in output("ss", "-H", "-l", "--" + p, "-n", "-p", "-e").splitlines()):
            local = line.split()[3]
            address, port = local.rsplit(":", 1)
            address = "::" if address == "*" else address.strip("[]").split("%")[0]
            uid = re.search(r"uid:(\d+)", line)
            owner = output("getent", "passwd", uid.group(1) if uid else "0").split(":")[0]
            shared[protocol, int(port)] = {(name, os.readlink(f"/proc/{pid}/exe")) for name, pid in re.findall(r'\("([^"]*)",pid=(\d+)', line)}
            yield protocol, address, int(port), owner

    same(lab, "listeners", ("protocol", "address", "port", "user"), expected)
    for row in lab.server.table(lab.asset, "listeners"):
        # a socket that several processes hold is any one's of them
        holders = shared[row["protocol"], row["port"]] or {(None, None)}
        check((row["process"], row["executable"]) in holders, f"{row}: held by {holders}")


@story("processes as ps lists them")
def processes(lab):
    def of(line):
        pid, _, user, name = line.split(None, 3)
        try:
            return name, os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)"), user
        except OSError:
            return None

    def listed(age):
        # one with a program, or with a parent that has one: all but the kernel's threads
        lines = output("ps", "-e", "-o", "pid=,etimes=,euser:32=,comm:32=").splitlines()
        return {p for p in (of(x) for x in lines if int(x.split()[1]) >= age) if p}

    def agree():
        old, rows = listed(30), lab.server.table(lab.asset, "processes")
        found = {(r["name"], r["executable"], r["user"]) for r in rows if r["executable"]}
        state.update(missing=sorted(old - found), extra=sorted(found - listed(4)), rows=len(rows))
        return found and not state["missing"] and not state["extra"]

    state = {}
    try:
        wait_for(agree, 40, "agreement", pause_s=1)
    except AssertionError:
        check(False, f"processes: only there {state['missing'][:5]}, only here {state['extra'][:5]}")
    note(f"processes: {state['rows']} rows")


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


@story("accounts as passwd --status tells them")
def accounts(lab):
    def days(value):
        return None if value is None else seconds(value) // 86400

    def expected():
        now = {line.split()[0]: line.split() for line in output("passwd", "--status", "--all").splitlines()}
        fields = {line.split(":")[0]: line.split(":") for line in pathlib.Path("/etc/shadow").read_text().splitlines()}
        for name, (_, status, _, *numbers) in now.items():
            changed, expires = fields[name][2], fields[name][7]
            yield (name, status == "L", status == "NP", int(changed) if changed else None, *(None if n == "-1" else int(n) for n in numbers), int(expires) if expires else None)

    if not is_root():
        raise Skipped("only root reads /etc/shadow")
    rows = lab.server.table(lab.asset, "accounts")
    found = [(r["name"], r["is_locked"], not r["is_locked"] and not r["has_password"], days(r["last_change"]), r["min_days"], r["max_days"], r["warn_days"], r["inactive_days"],
              days(r["expires"])) for r in rows]
    equal(sorted(map(repr, found)), sorted(map(repr, expected())), "accounts")
    hashes = [h for line in pathlib.Path("/etc/shadow").read_text().splitlines() if len(h := line.split(":")[1].lstrip("!")) > 2]
    check(not any(h in json.dumps(rows) for h in hashes), "a hash has left the machine")


@story("sudo rules as cvtsudoers reads them")
def sudo_rules(lab):
    def names(items):
        for item in items:
            (kind, value), *rest = [(k, v) for k, v in item.items() if k != "negated"]
            mark = {"usergroup": "%", "userid": "#", "usergid": "%#", "netgroup": "+"}.get(kind, "")
            yield ("!" if item.get("negated") else "") + mark + str(value)

    def expected():
        for spec in json.loads(output("cvtsudoers", "-f", "json", "/etc/sudoers")).get("User_Specs", []):
            for grant in spec["Cmnd_Specs"]:
                runas = ",".join(names(grant.get("runasusers", []))), ",".join(names(grant.get("runasgroups", []))).replace("%", "")
                free = any(o.get("authenticate") is False for o in grant.get("Options", []))
                for command in names(grant["Commands"]):
                    yield ",".join(names(spec["User_List"])), ",".join(names(spec["Host_List"])), *runas, free, command

    def found():
        for row in lab.server.table(lab.asset, "sudo_rules"):
            user, _, group = (row["runas"] or "").replace(" ", "").partition(":")
            for command in re.split(r"(?<!\\), *", row["commands"]):
                yield row["users"].replace(" ", ""), row["hosts"].replace(" ", ""), user, group, "NOPASSWD" in (row["tags"] or ""), command

    wanted = sorted(map(repr, expected()))
    equal(sorted(map(repr, found())), wanted, "grants")
    note(f"sudo_rules: {len(wanted)} commands granted")


@story("the SSH server's settings as sshd -T prints them")
def sshd_config(lab):
    printed = {}
    for line in output("sshd", "-T").splitlines():
        keyword, _, value = line.partition(" ")
        printed.setdefault(keyword, []).append(value)
    rows = [r for r in lab.server.table(lab.asset, "sshd_config") if not r["condition"]]
    for row in rows:
        if row["keyword"] in printed:
            values = printed[row["keyword"]]
            check(row["value"].lower() in (" ".join(values).lower(), ", ".join(values).lower()), f"{row}: {values}")
    note(f"sshd_config: {len(rows)} settings")


@story("sysctl as sysctl(8) prints it")
def sysctl(lab):
    rows = lab.server.table(lab.asset, "sysctl")
    check(len(rows) >= 30, f"only {len(rows)} keys")
    for row in rows:
        equal(row["value"], output("sysctl", "-n", row["key"]).strip(), row["key"])
    note(f"sysctl: {len(rows)} rows")


@story("routes as ip route lists them")
def routes(lab):
    def expected():
        for family, option in (("ipv4", "-4"), ("ipv6", "-6")):
            for route in json.loads(output("ip", "-j", "-d", option, "route", "show", "table", "all") or "[]"):
                kind = route.get("type", "unicast")
                if kind in ("local", "broadcast", "multicast", "anycast") or route.get("table") in ("local", "255"):
                    continue
                destination = route["dst"]
                if destination != "default" and "/" not in destination:
                    destination += "/32" if family == "ipv4" else "/128"
                for hop in route.get("nexthops", [route]):
                    gateway = hop.get("gateway") or hop.get("via", {}).get("host")
                    yield family, destination, gateway, hop.get("dev"), route.get("metric", 0), route["protocol"], route.get("scope", "global"), str(route.get("table", "main")), kind

    same(lab, "routes", ("family", "destination", "gateway", "interface", "metric", "protocol", "scope", "routing_table", "type"), expected)


@story("neighbours as ip neighbour lists them")
def neighbours(lab):
    def expected():
        for neighbour in json.loads(output("ip", "-j", "neighbour", "show") or "[]"):
            if "lladdr" in neighbour and not {"FAILED", "INCOMPLETE", "NOARP"} & set(neighbour["state"]):
                yield neighbour["dst"], neighbour["lladdr"], neighbour["dev"], "PERMANENT" in neighbour["state"]

    same(lab, "neighbours", ("address", "mac", "interface", "is_permanent"), expected)


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


@story("timers as systemctl lists them and their files say")
def timers(lab):
    def expected():
        for line in output("systemctl", "--root=/", "list-unit-files", "--type=timer", "--no-legend", "--no-pager", "--full", "--plain").splitlines():
            name, state = line.split()[:2]
            yield name, state

    same(lab, "timers", ("name", "state"), expected)
    for row in lab.server.table(lab.asset, "timers"):
        for path in (pathlib.Path(f) / row["name"] for f in ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")):
            if path.is_file() and not list(pathlib.Path("/").glob(f"*/systemd/system/{row['name']}.d")):
                written = re.findall(r"^On(?:Calendar|\w+Sec)=.*\S", path.read_text(), re.M)
                equal(row["schedule"], written, row["name"])
                break


@story("the trust store as openssl reads it", deadline_s=120)
def trust_store(lab):
    rows = lab.server.table(lab.asset, "trust_store")
    bundle = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
    if not bundle.exists():
        raise Skipped("no ca-certificates on this machine")
    files = [bundle, *(p for p in pathlib.Path("/etc/ssl/certs").iterdir() if p.is_file() and PEM.search(p.read_text(errors="replace")))]
    trusted = {}
    for path in files:
        trusted |= certificates_in(path)
    equal(sorted(r["fingerprint"] for r in rows), sorted(trusted), "fingerprints")
    for row in rows:
        check(row["fingerprint"] in certificates_in(row["path"]), f"{row} is not in its file")
        (lab.folder / "one.der").write_bytes(trusted[row["fingerprint"]])
        text = lab.run("openssl", "x509", "-inform", "DER", "-in", lab.folder / "one.der", "-noout", "-subject", "-enddate", "-dateopt", "iso_8601", "-nameopt",
                       "RFC2253,-esc_msb,utf8").stdout
        facts = dict(re.findall(r"^(subject|notAfter)=\s*(.*)$", text, re.M))
        equal((row["subject"], seconds(row["not_after"])), (facts["subject"], seconds(facts["notAfter"].replace(" ", "T"))), row["fingerprint"])
    note(f"trust_store: {len(rows)} rows")


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


@story("the SSH server's keys as ssh-keygen prints them")
def ssh_host_keys(lab):
    files = sorted(str(p) for p in pathlib.Path("/etc/ssh").glob("ssh_host_*_key.pub"))
    rows = {row["path"]: row for row in lab.server.table(lab.asset, "ssh_host_keys")}
    equal(sorted(rows), files, "files")
    for path, row in rows.items():
        printed = output("ssh-keygen", "-l", "-f", path)
        check(f"{row['bits']} {row['fingerprint']} " in printed, f"{row}: {printed}")


@story("disks as lsblk lists them")
def disks(lab):
    names = {"part": "partition", "mpath": "multipath"}

    def expected():
        # by the kernel's names; lsblk calls a zram disk a disk
        for disk in json.loads(output("lsblk", "--json", "--list", "--bytes", "-o", "KNAME,TYPE,SIZE,RO,RM"))["blockdevices"]:
            kind = "ram" if "ram" in disk["kname"] else "raid" if disk["type"].startswith("raid") else names.get(disk["type"], disk["type"])
            if disk["size"]:
                yield disk["kname"], kind, int(disk["size"]), bool(disk["ro"]), bool(disk["rm"])

    same(lab, "disks", ("name", "type", "size_bytes", "is_read_only", "is_removable"), expected)


@story("devices as lspci and lsusb list them")
def devices(lab):
    def expected():
        for line in output("lspci", "-D", "-n").splitlines():
            address, kind, number = line.split()[:3]
            vendor, product = number.split(":")
            yield "pci", address, vendor, product, kind.rstrip(":")
        if not pathlib.Path("/sys/bus/usb").exists():
            note("no USB here")
            return
        for path in pathlib.Path("/sys/bus/usb/devices").glob("*"):
            if (path / "idVendor").exists():
                yield "usb", path.name, (path / "idVendor").read_text().strip(), (path / "idProduct").read_text().strip(), (path / "bDeviceClass").read_text().strip()

    output("lspci", "-n")
    rows = [(r["bus"], r["address"], r["vendor_id"], r["product_id"], r["class"][:4]) for r in lab.server.table(lab.asset, "devices")]
    equal(sorted(rows), sorted(expected()), "devices")
    note(f"devices: {len(rows)} rows")


@story("privileged files as find -perm and getcap list them", deadline_s=120)
def privileged_files(lab):
    places = ["/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/lib", "/usr/lib32", "/usr/local/bin", "/usr/local/sbin", "/usr/local/libexec", "/usr/local/lib", "/opt"]
    places = [p for p in places if pathlib.Path(p).is_dir() and not pathlib.Path(p).is_symlink()]

    def expected():
        capabilities = {}
        for line in output("getcap", "-r", *places).splitlines():
            path, text = line.split(" ", 1)
            capabilities[path] = text
        found = set(output("find", *places, "-xdev", "-type", "f", "-perm", "/6000").splitlines()) | set(capabilities)
        for path in found:
            mode, owner, group = output("stat", "-c", "%04a %U %G", path).split()
            yield path, mode, owner, group, capabilities.get(path)

    same(lab, "privileged_files", ("path", "mode", "owner", "group", "capabilities"), expected)
    if is_root():
        program = pathlib.Path("/usr/local/bin/oracle-privileged")
        program.write_text("")
        program.chmod(0o2755)
        wait_for(lambda: [r for r in lab.server.table(lab.asset, "privileged_files") if r["path"] == str(program) and r["mode"] == "2755"], 10, "a new setgid file")
        program.chmod(0o755)
        wait_for(lambda: not [r for r in lab.server.table(lab.asset, "privileged_files") if r["path"] == str(program)], 10, "its end")


RULES = """
table inet oracle {
  set blocked { type ipv4_addr; elements = { 192.0.2.7, 192.0.2.9 } }
  chain input {
    type filter hook input priority 10; policy accept;
    ct state established,related accept
    ip saddr @blocked counter drop
    ip saddr 10.1.2.0/23 tcp dport 22 counter accept
    jump more
  }
  chain more {
    udp dport 1000-2000 limit rate 5/second return
  }
}
table ip oracle_nat {
  chain post {
    type nat hook postrouting priority 100;
    oifname "eth0" masquerade
  }
}
"""


@story("the firewall as nft lists it, and its changes at once")
def firewall(lab):
    if not is_root():
        raise Skipped("needs root: CAP_NET_ADMIN")
    output("nft", "--version")
    lab.run("nft", "-f", "-", input=RULES)

    def expected():
        items = json.loads(output("nft", "-j", "list", "ruleset"))["nftables"]
        rules = [(r["rule"]["family"], r["rule"]["table"], r["rule"]["chain"]) for r in items if "rule" in r]
        for chain in (i["chain"] for i in items if "chain" in i):
            name = chain["family"], chain["table"], chain["name"]
            yield *name, chain.get("type"), chain.get("hook"), chain.get("prio"), chain.get("policy"), rules.count(name)

    same(lab, "firewall", ("family", "table", "chain", "type", "hook", "priority", "policy", "rules"), expected)

    def chain(name):
        return next(r for r in lab.server.table(lab.asset, "firewall") if r["chain"] == name)

    text = chain("input")["text"]
    check("meta nfproto ipv4 ip saddr 10.1.2.0/23 meta l4proto tcp tcp dport 22 accept" in text, f"rules as text: {text}")
    before = chain("more")["hash"], chain("input")["hash"]
    lab.run("nft", "add", "rule", "inet", "oracle", "more", "ct", "state", "invalid", "drop")
    wait_for(lambda: chain("more")["rules"] == 2, 5, "the new rule")
    check(chain("more")["hash"] != before[0], "the changed chain's hash is another")
    equal(chain("input")["hash"], before[1], "the other chain's hash")
    lab.run("nft", "-f", "-", input="flush ruleset\n" + RULES)
    wait_for(lambda: chain("more")["rules"] == 1, 5, "the rules anew")
    equal((chain("more")["hash"], chain("input")["hash"]), before, "the hashes of the same rules loaded anew")


@story("language packages as npm, pip and Python's own metadata list them", deadline_s=120)
def language_packages(lab):
    rows = lab.server.table(lab.asset, "language_packages")
    folders = [str(f) for lib in ("/usr/lib", "/usr/local/lib") for f in pathlib.Path(lib).glob("python3*/*-packages")]
    script = ("import importlib.metadata as m,json,sys;print(json.dumps(sorted({(d.metadata['Name'], d.version) for f in sys.argv[1:]"
              " for d in m.distributions(path=[f]) if d.metadata['Name']})))")
    expected = [tuple(p) for p in json.loads(output("python3", "-c", script, *folders))] if folders else []
    found = sorted({(r["name"], r["version"]) for r in rows if r["ecosystem"] == "pypi" and r["path"].startswith(tuple(folders))}) if folders else []
    equal(found, expected, "Python's packages")
    found = {r["path"]: (r["name"], r["version"]) for r in rows if r["ecosystem"] == "npm"}
    expected = {}
    for root in ("/usr/lib/node_modules", "/usr/local/lib/node_modules", "/usr/share/nodejs"):
        for path in pathlib.Path(root).rglob("package.json"):
            parts = path.relative_to(root).parts[:-1]
            # a package's own folder: NAME or @SCOPE/NAME behind the last node_modules
            behind = parts[len(parts) - 1 - parts[::-1].index("node_modules") + 1:] if "node_modules" in parts else parts
            is_own = len(behind) == (2 if behind and behind[0].startswith("@") else 1) and not any(p.is_symlink() for p in [path.parent, *path.parent.parents])
            try:
                data = json.loads(path.read_text()) if is_own else {}
            except ValueError:
                continue
            if data.get("name") and data.get("version"):
                expected[str(path)] = data["name"], data["version"]
    missing, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
    check(found == expected, f"npm: missing {sorted(missing)[:5]}, extra {sorted(extra)[:5]}, {len(found)} and {len(expected)}")
    note(f"language_packages: {len(rows)} rows, " + ", ".join(f"{e} {sum(r['ecosystem'] == e for r in rows)}" for e in sorted({r["ecosystem"] for r in rows})))


@story("containers as docker lists them")
def containers(lab):
    def expected():
        for line in output("docker", "ps", "--all", "--no-trunc", "--format", "{{json .}}").splitlines():
            container = json.loads(line)
            yield container["ID"], container["Names"], container["Image"]

    same(lab, "containers", ("id", "name", "image"), expected, keep=lambda row: row["runtime"] == "docker")


@story("every collector of the sensor says that it is well")
def sensor_health(lab):
    def reported():
        return [r for r in lab.server.table(lab.asset, "sensor_health") if r["state"] != "ok"]

    wait_for(lambda: len(lab.server.table(lab.asset, "sensor_health")) > 15, 30, "the sensor's health")
    rows = reported()
    if not is_root():
        rows = [r for r in rows if r["collector"] not in ("firewall", "executions", "sudo_uses", "account_changes", "service_changes", "file_changes")]
    # the scenario has a process namespace of its own, and some kernels have no fanotify
    known = {"executions": "within a container's processes", "file_changes": "no fanotify"}
    equal([r for r in rows if known.get(r["collector"], "-") not in r["error"]], [], "collectors that are not well")


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
