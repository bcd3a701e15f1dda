#!/usr/bin/env python3
"""`bartizan check` against debsecan on the same feed data: every difference has a rule of docs/vulnerability-matching.md.

Trees are made of what the archive says (the mirror is the one that this machine's apt uses; what it answers is kept in build/oracle),
of this machine itself, and of the versions that the feed names, bent in every way that versions are bent. All are judged as bookworm,
for that is what the feed speaks of: a tree of bullseye is one that was never upgraded, one of trixie a mixture.
"""

import collections
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import zlib

from lab import Lab, Skipped, build_folder, check, equal, note, story, tell

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("BARTIZAN_SHARED_DATA", ROOT.parent / "shared" / "data")) / "feeds" / "debian-tracker-bookworm.json"
SMALL = ROOT / "tests" / "fixtures" / "feeds" / "debian-tracker-small.json"
CACHE = ROOT / "build" / "oracle"
RULES = ROOT / "docs" / "vulnerability-matching.md"
OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
SEED = 20240229

# suite, whether its security updates are there, what is installed beside all that it needs
ARCHIVE = {
    "bookworm as it was released, a web server": ("bookworm", False, "apt openssh-server apache2 php mariadb-server exim4 python3-pip wget"),
    "bookworm up to date, a workhorse": ("bookworm", True, "apt openssh-server nginx postgresql git imagemagick linux-image-amd64 linux-headers-amd64 "
                                         "grub-efi-amd64-signed shim-signed bind9 curl chromium openjdk-17-jre-headless"),
    "bullseye, never upgraded": ("bullseye", False, "apt openssh-server apache2 bind9 openssl linux-image-amd64 grub-efi-amd64-signed shim-signed samba"),
    "trixie, a mixture": ("trixie", False, "apt openssh-server nginx postgresql linux-image-amd64 git curl"),
}


def feed_file():
    return SHARED if SHARED.exists() else SMALL


def read_feed():
    return json.loads(feed_file().read_text())


# --- debsecan

def convert(feed, to):
    """The tracker's JSON as debsecan's own format: VERSION, vulnerabilities, packages, sources and their binaries."""
    names, lines = {}, []
    for package, vulnerabilities in feed.items():
        for name, said in vulnerabilities.items():
            state = said["releases"].get("bookworm")
            if state is None or state["status"] == "undetermined" or state.get("fixed_version") == "0":
                continue  # the format has no word for "undetermined", and none for what never was
            index = names.setdefault(name, len(names))
            urgency = {"low": "L", "medium": "M", "high": "H"}.get(state["urgency"].rstrip("*"), " ")
            is_fixed = state["status"] == "resolved"
            lines.append(f"{package},{index},S{urgency}?{'F' if is_fixed else ' '},{state['fixed_version'] if is_fixed else ''},")
    text = "VERSION 1\n" + "".join(f"{name},,\n" for name in names) + "\n" + "\n".join(lines) + "\n\n\n"
    to.mkdir(parents=True, exist_ok=True)
    (to / "bookworm").write_bytes(zlib.compress(text.encode()))
    return to


def debsecan(lab, root):
    """(vulnerability, binary package) -> whether a fix is there."""
    if shutil.which("debsecan") is None:
        raise Skipped("debsecan is not installed")
    done = subprocess.run(["debsecan", "--suite", "bookworm", "--source", f"file://{lab.converted}", "--status", root / "var/lib/dpkg/status",
                           "--config", "/dev/null", "--whitelist", lab.folder / "none", "--format", "summary"], capture_output=True, text=True, check=False)
    equal((done.returncode, done.stderr), (0, ""), "debsecan's exit code and complaints")
    found = {}
    for line in done.stdout.splitlines():
        name, package, *notes = line.split(" ", 2)
        found[name, package] = "fixed" in "".join(notes)
    return found


# --- ours

def ours(lab, root):
    done = subprocess.run([build_folder(lab.build) / "bartizan", "check", "--root", root, "--feed", feed_file(), "--json"], capture_output=True, text=True, check=False)
    equal((done.returncode, done.stderr), (0, ""), "exit code and complaints of bartizan check")
    document = json.loads(done.stdout)
    found = collections.defaultdict(list)
    for finding in document["findings"]:
        found[finding["id"], finding["package"]].append(finding)
    return document, found


# --- trees

def paragraphs(text):
    for block in re.split(r"\n\n+", text.strip()):
        fields = {}
        for line in block.splitlines():
            if line[:1] in " \t":
                continue
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        yield fields


def write_tree(lab, name, status):
    root = lab.folder / re.sub(r"\W+", "-", name)
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text(OS_RELEASE)
    (root / "var/lib/dpkg/status").write_text(status)
    return root


def stanza(name, version, source=None, status="install ok installed", arch="amd64"):
    return f"Package: {name}\nStatus: {status}\nArchitecture: {arch}\nVersion: {version}\n" + (f"Source: {source}\n" if source else "") + "\n"


def mirrors():
    """Label -> (address, keys), as this machine's apt has them."""
    if shutil.which("apt-get") is None:
        raise Skipped("apt is not installed")
    done = subprocess.run(["apt-get", "indextargets", "Created-By: Packages", "Origin: Debian", "Component: main"], capture_output=True, text=True, check=False)
    found = {}
    for target in paragraphs(done.stdout):
        found.setdefault(target.get("Label"), (target["Repo-URI"], target.get("Signed-By")))
    if "Debian" not in found:
        raise Skipped("this machine's apt has no Debian archive")
    return found


class Archive:
    """One suite in an apt of its own: nothing of this machine's is read but its mirror, nothing is changed."""

    def __init__(self, suite, with_security):
        known = mirrors()
        self.folder = CACHE / (suite + ("-security" if with_security else ""))
        for path in ("state/lists/partial", "cache/archives/partial", "log"):
            (self.folder / path).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").write_text("")
        lines = [self.line(known, "Debian", suite)]
        if with_security:
            if "Debian-Security" not in known:
                raise Skipped("this machine's apt has no security archive")
            lines.append(self.line(known, "Debian-Security", suite + "-security"))
        text = "\n".join(lines) + "\n"
        sources = self.folder / "sources.list"
        if not (self.folder / "done").exists() or sources.read_text() != text:
            sources.write_text(text)
            done = self.apt("apt-get", "update", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10", "-o", "Acquire::Retries=0",
                            "-o", "Acquire::Languages=none", "-o", "APT::Update::Error-Mode=any")
            if done.returncode != 0:
                raise Skipped(f"the archive's {suite} cannot be read here: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no answer'}")
            (self.folder / "done").write_text("")

    @staticmethod
    def line(known, label, suite):
        address, keys = known[label]
        return f"deb {'[signed-by=' + keys + '] ' if keys else ''}{address} {suite} main"

    def apt(self, program, *words):
        f = self.folder
        return subprocess.run([program, "-o", f"Dir::State={f}/state", "-o", f"Dir::State::status={f}/status", "-o", f"Dir::Cache={f}/cache", "-o", f"Dir::Log={f}/log",
                               "-o", f"Dir::Etc::sourcelist={f}/sources.list", "-o", "Dir::Etc::sourceparts=-", "-o", "Dir::Etc::preferencesparts=-",
                               "-o", "Dir::Etc::preferences=-", "-o", "APT::Install-Recommends=false", "-o", "APT::Architecture=amd64", "-o", "APT::Architectures=amd64",
                               "-o", "APT::Sandbox::User=root", *words], capture_output=True, text=True, check=False, env=dict(os.environ, LC_ALL="C.UTF-8"))

    def installed(self, wanted):
        """The status file of a machine with these packages and all that they need, as dpkg would write it from the packages' control files."""
        kept = self.folder / (hashlib.sha256(wanted.encode()).hexdigest()[:16] + ".status")
        if not kept.exists():
            kept.write_text(self.work_out(wanted))
        text = kept.read_text()
        return text, text.count("Package: ")

    def work_out(self, wanted):
        done = self.apt("apt-get", "install", "-s", "-y", *wanted.split())
        equal(done.returncode, 0, f"apt's answer on {wanted}: {done.stderr}")
        chosen = re.findall(r"^Inst (\S+) \((\S+)", done.stdout, re.M)
        shown = self.apt("apt-cache", "show", *[f"{name}={version}" for name, version in chosen]).stdout
        kept = []
        for p in paragraphs(shown):
            kept.append(f"Package: {p['Package']}\nStatus: install ok installed\nPriority: {p.get('Priority', 'optional')}\nSection: {p.get('Section', 'misc')}\n"
                        f"Maintainer: {p['Maintainer']}\nArchitecture: {p['Architecture']}\n" + (f"Source: {p['Source']}\n" if "Source" in p else "") + f"Version: {p['Version']}\n\n")
        return "".join(kept)


def bent(feed):
    """For each source of the feed: the versions that it names, and near ones, in every state that dpkg knows."""
    r = random.Random(SEED)
    states = ["install ok installed"] * 6 + ["hold ok installed", "deinstall ok installed", "install ok half-installed", "install ok half-configured", "install ok unpacked",
                                             "install ok triggers-pending", "install ok triggers-awaited", "deinstall ok config-files", "purge ok not-installed", "install reinstreq half-installed"]
    bend = [lambda v: v, lambda v: v + "+b1", lambda v: v + "~", lambda v: v + "~bpo12+1", lambda v: v + "+deb12u9", lambda v: "9:" + v.split(":", 1)[-1], lambda v: v.split(":", 1)[-1],
            lambda v: v.rsplit("-", 1)[0], lambda v: v + ".1", lambda v: re.sub(r"\d+$", lambda m: str(max(0, int(m[0]) - 1)), v), lambda v: re.sub(r"\d+", lambda m: "0" + m[0], v, count=1)]
    for source, vulnerabilities in feed.items():
        named = sorted({s["releases"]["bookworm"].get("fixed_version", "0") for s in vulnerabilities.values() if "bookworm" in s["releases"]} | {"1.0-1"})
        for number, version in enumerate(r.sample(named, min(len(named), 8))):
            source_version = r.choice(bend)(version)
            binary = f"{source.lower()}-{number}"
            how = r.randrange(4)
            if how == 0 and number == 0:  # its own name, no Source field
                yield stanza(source, source_version, None, r.choice(states))
            elif how == 1:  # the same version, so none is stated
                yield stanza(binary, source_version, source, r.choice(states))
            elif how == 2:  # built again
                yield stanza(binary, source_version + "+b2", f"{source} ({source_version})", r.choice(states))
            else:  # a binary with a version of its own
                yield stanza(binary, "7:1.2.3-1", f"{source} ({source_version})", r.choice(states))
    for version in ("6.1.76-1", "6.1.90-1", "6.1.170-3"):
        yield stanza(f"linux-image-6.1.0-{version[-4:-2]}-amd64", version, f"linux-signed-amd64 ({version.replace('-', '+')})")


# --- what differs, and why

def explain(key, is_ours, findings, states):
    """The rule that a difference follows, or None."""
    state = states.get(key[1], set())
    if is_ours:
        if all(f["subject_rule"] == "signed" for f in findings):
            return "signed"  # debsecan looks for linux-signed-amd64, of which the tracker says nothing
        if all(f["status"] == "undetermined" for f in findings):
            return "undetermined"
        if "installed" not in state and state - {"config-files", "not-installed"}:
            return "half-installed"  # debsecan passes over all states but one
    elif any(s in state for s in ("config-files", "not-installed")) and "installed" not in state:
        return "removed"
    return None


def without_rules(status):
    """The same packages as debsecan would have to see them, for it to follow the rules 'signed' and 'half-installed' too."""
    def source_of(block):
        version = re.search(r"^Version: (\S+)", block, re.M)[1]
        signed = re.search(r"^Source: (linux-signed\S*|grub-efi-\S+-signed|shim-signed)(?: \((\S+)\))?$", block, re.M)
        name = re.search(r"^Package: (\S+)", block, re.M)[1]
        kind, own = (signed[1], signed[2] or version) if signed else (name, version)
        if kind.startswith("linux-signed"):
            return f"linux{re.sub(r'-(amd64|arm64|i386)$', '', kind[len('linux-signed'):])} ({version})"
        if re.fullmatch(r"grub-efi-\S+-signed", kind):
            return "grub2 ({}-{})".format(*own.split("+", 1)[1].split("+", 1))
        if kind == "shim-signed" and version != own:
            return f"shim ({version[len(own) + 1:]})"
        return None

    blocks = []
    for block in status.split("\n\n"):
        if block.strip() == "":
            continue
        if not re.search(r"^Status: \S+ \S+ (config-files|not-installed)$", block, re.M):
            block = re.sub(r"^Status: .*$", "Status: install ok installed", block, flags=re.M)
        source = source_of(block) if re.search(r"^Version:", block, re.M) else None
        if source:
            block = re.sub(r"^Source: .*\n?", "", block, flags=re.M).rstrip("\n") + f"\nSource: {source}"
        blocks.append(block)
    return "\n\n".join(blocks) + "\n\n"


def follow_rules(lab, name, status, mine, rules):
    """What the rules explain is not only named so: with the rules applied to its input, debsecan finds the very same."""
    if not rules:
        return
    root = write_tree(lab, name + " with the rules applied", without_rules(status))
    theirs = debsecan(lab, root)
    here = {key for key, findings in mine.items() if any(f["status"] != "undetermined" for f in findings)}
    equal(sorted(here ^ theirs.keys())[:10], [], f"{name}: differences once debsecan's input follows the rules")


def compare(lab, name, status):
    root = write_tree(lab, name, status)
    document, mine = ours(lab, root)
    theirs = debsecan(lab, root)
    states = collections.defaultdict(set)
    for p in paragraphs(status):
        states[p["Package"]].add(p.get("Status", "install ok installed").split()[-1])
    rules, unexplained = collections.Counter(), []
    for key in sorted(mine.keys() ^ theirs.keys()):
        rule = explain(key, key in mine, mine.get(key, []), states)
        rules[rule] += 1
        if rule is None:
            unexplained.append(("only here" if key in mine else "only debsecan", *key))
    equal(unexplained[:10], [], f"{name}: differences without a rule ({len(unexplained)} of {len(mine.keys() | theirs.keys())})")
    follow_rules(lab, name, status, mine, rules)
    for key in mine.keys() & theirs.keys():
        fixable = any(f["fixed_version"] is not None for f in mine[key])
        equal(fixable, theirs[key], f"{name}: a fix for {' '.join(key)} is there")
    note(f"{name}: {document['summary']['packages']} packages, {len(theirs)} of debsecan, {len(mine)} here, {len(mine.keys() & theirs.keys())} the same; "
         + (", ".join(f"{count} by rule '{rule}'" for rule, count in sorted(rules.items())) or "no difference"))
    return document, rules


def known_rules():
    return set(re.findall(r"`([a-z-]+)`", RULES.read_text()))


def check_rules(document):
    known = known_rules()
    for finding in document["findings"]:
        for rule in (finding["rule"], finding["subject_rule"]):
            check(rule in known, f"{finding['id']} of {finding['package']} follows the rule {rule}, which {RULES.name} does not have")


@story("the versions that the feed names, bent in every way and in every state, give what debsecan finds or differ by a rule")
def bent_versions(lab):
    lab.converted = convert(read_feed(), lab.folder / "debsecan")
    document, rules = compare(lab, "bent versions", "".join(bent(read_feed())))
    check_rules(document)
    check(document["findings"], "nothing was found at all")
    check(rules["half-installed"] > 0, "no package in a state between was judged differently: debsecan or the tree changed")


def of_archive(name, suite, with_security, wanted):
    @story(f"{name}: what debsecan finds, or a rule that says why not", deadline_s=300)
    def tree(lab):
        lab.converted = convert(read_feed(), lab.folder / "debsecan")
        status, count = Archive(suite, with_security).installed(wanted)
        check(count > 50, f"only {count} packages were chosen")
        document, rules = compare(lab, name, status)
        check_rules(document)
        if "linux-image-amd64" in wanted and suite != "trixie" and SHARED.exists():
            check(rules["signed"] > 0, "the signed kernel was not judged as the kernel")


for each, parts in ARCHIVE.items():
    of_archive(each, *parts)


@story("this machine's own packages: what debsecan finds, or a rule that says why not", deadline_s=120)
def this_machine(lab):
    status = pathlib.Path("/var/lib/dpkg/status")
    if not status.exists():
        raise Skipped("this machine has no dpkg")
    lab.converted = convert(read_feed(), lab.folder / "debsecan")
    text = status.read_text(errors="replace")
    document, _ = compare(lab, "this machine", text)
    check_rules(document)


tell(Lab)
