#!/usr/bin/env python3
"""`bartizan tls` against sslscan, point by point, and its letters against testssl.sh's, on servers of every age (TAP).

Differences that are known have a name, which docs/tls-grading.md explains; any other is a failure. testssl.sh takes a
minute and a half for each server: its letters are in LETTERS as version 3.2.4 gave them, and BARTIZAN_SLOW=1 asks it
again (TESTSSL=PATH where it is not the one in PATH; versions before 3.2 give no letter).
"""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree

from lab import ROOT, Lab, Skipped, build_folder, check, equal, isolate, note, story, tell
from lab.tls_certificates import HOST
from lab.tls_servers import CONFIGS, start

DOCUMENT = ROOT / "docs" / "tls-grading.md"
AT_ONCE = 8
SERVERS_MIN = 25

# name of a server -> letter of testssl.sh 3.2.4, ours, and why they differ
LETTERS = {
    "nginx-modern": ("A+", "A+", None),
    "nginx-without-hsts": ("A+", "A", "hsts-demanded"),
    "nginx-short-hsts": ("A-", "A", "hsts-short"),
    "nginx-both-keys": ("A+", "A+", None),
    "nginx-old": ("B", "B", None),
    "nginx-tls12-only": ("A-", "A-", None),
    "nginx-tls13-only": ("A+", "A+", None),
    "nginx-expired": ("T", "T", None),
    "nginx-not-yet": ("T", "T", None),
    "nginx-wrong-name": ("M", "M", None),
    "nginx-common-name": ("A+", "M", "common-name-ignored"),
    "nginx-wildcard": ("A+", "A+", None),
    "nginx-self-signed": ("T", "T", None),
    "nginx-incomplete": ("B", "B", None),
    "nginx-no-tickets": ("A+", "A+", None),
    "nginx-long-lived": ("A+", "A+", None),
    "openssl-rsa4096": ("A+", "A", "hsts-demanded"),
    "openssl-rsa1024": ("B", "B", None),
    "openssl-sha1": ("T", "T", None),
    "openssl-tls10-only": ("C", "C", None),
    "openssl-tls11-only": ("C", "C", None),
    "openssl-no-fs": ("B", "B", None),
    "openssl-no-aead": ("A-", "B", "aead-demanded"),
    "openssl-dhe1024": ("A-", "B", "dh-strength-counted"),
    "openssl-dhe": ("A-", "A-", None),
    "openssl-null": ("F", "F", None),
    "openssl-anonymous": ("A-", "F", "anonymous-counted"),
    "openssl-exotic": ("A-", "A-", None),
    "openssl-ed25519": ("A+", "A", "hsts-demanded"),
    "openssl-pss": ("A+", "A", "hsts-demanded"),
    "openssl-both-keys": ("A+", "A", "hsts-demanded"),
    "openssl-few-groups": ("A+", "A", "hsts-demanded"),
    "openssl-renegotiates": ("A-", "A-", None),
    "openssl-few-schemes": ("A+", "A", "hsts-demanded"),
    "openssl-stapled": ("A+", "A", "hsts-demanded"),
    "openssl-revoked": ("T", "T", None),
    "openssl-must-staple": ("A+", "A", "hsts-demanded"),
    "gnutls-modern": ("A+", "A", "hsts-demanded"),
    "gnutls-tls13-only": ("A+", "A", "hsts-demanded"),
    "gnutls-rc4": ("B", "C", "rc4-counted"),
    "gnutls-rc4-only": ("C", "F", "rc4-only"),
    "gnutls-3des": ("B", "C", "sweet32-counted"),
    "gnutls-3des-only": ("B", "C", "sweet32-counted"),
    "gnutls-unsafe-renegotiation": ("A-", "F", "insecure-renegotiation"),
    "gnutls-old-groups": ("B", "B", None),
    "gnutls-no-ems": ("A-", "A-", None),
}

# Where sslscan and we differ: (server, point) -> the difference's name.
DIFFERENCES = {
    **{(name, "groups TLSv1.2"): "groups-with-ecdsa-key"
       for name in ("nginx-modern", "nginx-tls12-only", "nginx-expired", "nginx-not-yet", "nginx-wrong-name", "nginx-common-name",
                    "nginx-wildcard", "nginx-incomplete", "nginx-long-lived", "openssl-few-groups", "openssl-stapled", "openssl-revoked",
                    "openssl-must-staple")},
    ("openssl-dhe", "groups TLSv1.2"): "groups-behind-dhe",
    ("openssl-exotic", "groups TLSv1.2"): "groups-with-rare-suites",
    ("nginx-tls13-only", "schemes TLSv1.3"): "schemes-of-1.3-alone",
    ("gnutls-tls13-only", "schemes TLSv1.3"): "schemes-of-1.3-alone",
    ("gnutls-unsafe-renegotiation", "suites TLSv1.2"): "legacy-server-refused",
    ("gnutls-unsafe-renegotiation", "groups TLSv1.2"): "legacy-server-refused",
    ("gnutls-unsafe-renegotiation", "dh bits"): "legacy-server-refused",
    ("gnutls-unsafe-renegotiation", "certificates"): "legacy-server-refused",
}

# Points where sslscan tells of one, we of all: what it found must be among ours.
PARTS = ("certificates", "schemes TLSv1.3")

# What none of these servers is open to; and what could not be tried, for OpenSSL here speaks no 3DES and no RC4.
ATTACKS = ("heartbleed", "ccs_injection", "robot", "poodle_tls", "padding_oracle", "ticketbleed", "drown", "freak", "crime", "no_downgrade_guard")
UNTRIED = {("gnutls-3des-only", "poodle_tls"), ("gnutls-3des-only", "padding_oracle"), ("gnutls-3des-only", "ticketbleed"),
           ("gnutls-rc4-only", "ticketbleed")}

# ffdhe8192 takes a server so long that sslscan, on a busy machine, gives up on it: `slow-group`
SLOW_GROUP = 0x0104

_lab = {}


def need(program):
    if not shutil.which(program):
        raise Skipped(f"{program} is not installed")


def name_the_host(lab):
    """/etc/hosts of this mount namespace names the servers."""
    hosts = lab.new_folder("hosts") / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {HOST}\n")
    done = subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skipped(f"needs root: a name of its own ({done.stderr.strip()})")


def servers(lab):
    if "running" not in _lab:
        name_the_host(lab)
        running, certificates, left_out = start(lab.new_folder("tls"))
        for server in running:
            lab.closing.append(server.stop)
        for reason in left_out:
            note(reason)
        _lab.update(running=running, root=certificates.path("root.pem"))
    return _lab["running"]


def ask_ours(lab, server):
    words = ["tls", "--json", "--ca", str(_lab["root"]), f"{HOST}:{server.port}"]
    done = subprocess.run([str(build_folder(lab.build) / "bartizan"), *words], capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 0, f"{server.config.name}: exit {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def ours(lab):
    if "ours" not in _lab:
        running = servers(lab)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda server: ask_ours(lab, server), running))
        _lab["ours"] = {server.config.name: answer for server, answer in zip(running, answers)}
    return _lab["ours"]


# --- sslscan

def ask_sslscan(server):
    words = ["sslscan", "--xml=-", "--show-certificate", "--show-sigs", "--no-colour", f"--sni-name={HOST}", f"127.0.0.1:{server.port}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return xml.etree.ElementTree.fromstring(done.stdout).find("ssltest")


def version_of(element):
    version = element.get("version")
    return ("SSLv" if element.get("type") == "ssl" else "TLSv") + version


def points_of_sslscan(tree):
    """What sslscan says, as plain values."""
    found = {"protocols": sorted(version_of(p) for p in tree.findall("protocol") if p.get("enabled") == "1")}
    for version in found["protocols"]:
        suites = [c for c in tree.findall("cipher") if c.get("sslversion") == version]
        groups = [g for g in tree.findall("group") if g.get("sslversion") == version]
        found[f"suites {version}"] = sorted(int(c.get("id"), 16) for c in suites)
        if version in ("TLSv1.2", "TLSv1.3"):
            found[f"groups {version}"] = sorted(int(g.get("id"), 16) for g in groups)
    # up to TLS 1.2 sslscan asks in a way that misses most: see the document, `schemes-up-to-1.2`
    found["schemes TLSv1.3"] = sorted({s.get("name") for s in tree.findall("connection-signature-algorithm") if s.get("sslversion") == "TLSv1.3"})
    found["compression"] = one(tree, "compression", "supported")
    found["fallback"] = one(tree, "fallback", "supported")
    # it says no where the server merely refuses to renegotiate: `renegotiation-attempted`
    found["renegotiation"] = one(tree, "renegotiation", "secure") or None
    found["heartbleed"] = any(h.get("vulnerable") == "1" for h in tree.findall("heartbleed"))
    found["dh bits"] = min((int(c.get("dhebits")) for c in tree.findall("cipher") if c.get("dhebits")), default=0)
    found["certificates"] = sorted(certificate_of_sslscan(c) for c in tree.iter("certificate") if c.get("type") == "short")
    return found


def one(tree, tag, attribute):
    element = tree.find(tag)
    return None if element is None else element.get(attribute) == "1"


def text_of(element, tag):
    child = element.find(tag)
    return "" if child is None or child.text is None else child.text.strip()


def certificate_of_sslscan(element):
    key = element.find("pk")
    # of other keys it tells the bits of security: `bits-of-security`
    bits = int(key.get("bits")) if key is not None and key.get("type") == "RSA" and key.get("bits") else 0
    return (text_of(element, "subject"), text_of(element, "issuer"), text_of(element, "signature-algorithm"), bits, text_of(element, "self-signed") == "true",
            text_of(element, "expired") == "true", text_of(element, "altnames").count(":"))


# --- the same of ours

def points_of_ours(answer):
    found = {"protocols": sorted(v["version"] for v in answer["versions"] if v["offered"])}
    for version in answer["versions"]:
        name = version["version"]
        if version["offered"]:
            found[f"suites {name}"] = sorted(s["id"] for s in version["suites"])
            if name in ("TLSv1.2", "TLSv1.3"):
                found[f"groups {name}"] = sorted(g["id"] for g in answer["groups"]["list"] if name in g["versions"])
    features = answer["features"]
    found["schemes TLSv1.3"] = sorted(answer["signature_schemes"])
    found["compression"] = features["compression"]
    found["fallback"] = features["fallback_scsv"]
    found["renegotiation"] = features["secure_renegotiation"]
    found["heartbleed"] = answer["vulnerabilities"]["heartbleed"]["vulnerable"] is True
    found["dh bits"] = answer["key_exchange"]["dh_bits_min"]
    found["certificates"] = sorted(certificate_of_ours(c) for c in answer["certificates"])
    return found


def certificate_of_ours(certificate):
    common = [part[3:] for part in certificate["issuer"].split(",") if part.startswith("CN=")]
    bits = certificate["key"]["bits"] if certificate["key"]["type"] == "rsa" else 0
    return (certificate["common_name"], common[0], certificate["signature"], bits,
            certificate["chain"]["trust"] == "self-signed", certificate["days_left"] < 0, certificate["names"])


def is_same(point, theirs, mine):
    if theirs is None:
        return True  # it does not say: `not-told`
    if point == "groups TLSv1.3" and SLOW_GROUP not in theirs:
        mine = [group for group in mine if group != SLOW_GROUP]
    return set(theirs) <= set(mine or ()) if point in PARTS else theirs == mine


def explained(names):
    """The document has a heading or row for each."""
    text = DOCUMENT.read_text()
    missing = sorted(n for n in names if f"`{n}`" not in text)
    check(not missing, f"docs/tls-grading.md explains not: {missing}")


@story("what sslscan finds on each server is found by us, and nothing else, or the difference has a name", 170)
def same_as_sslscan(lab):
    need("sslscan")
    running = servers(lab)
    check(len(running) >= SERVERS_MIN, f"only {len(running)} servers are up")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        theirs = list(pool.map(lambda server: points_of_sslscan(ask_sslscan(server)), running))
    wrong, compared, used = [], 0, set()
    for server, their in zip(running, theirs):
        mine = points_of_ours(ours(lab)[server.config.name])
        for point in sorted(their.keys() | mine.keys()):
            compared += 1
            if is_same(point, their.get(point), mine.get(point)):
                continue
            name = DIFFERENCES.get((server.config.name, point))
            used.add(name)
            if name is None:
                wrong.append(f"{server.config.name}: {point}: sslscan {their.get(point)}, we {mine.get(point)}")
    note(f"{compared} points on {len(running)} servers; known differences: {sorted(u for u in used if u)}")
    check(not wrong, "\n".join(wrong))
    explained(DIFFERENCES.values())


@story("the letter is testssl.sh's, or the difference has a name", 60)
def letters_as_recorded(lab):
    wrong = []
    for name, answer in ours(lab).items():
        theirs, expected, why = LETTERS.get(name, (None, None, None))
        letter = answer["grade"]["letter"]
        if letter != expected:
            wrong.append(f"{name}: {letter}; expected {expected}, testssl.sh {theirs} ({why}): {[r['id'] for r in answer['grade']['reasons']]}")
        elif (theirs == expected) == bool(why):
            wrong.append(f"{name}: a difference without a name, or a name without a difference")
    check(not wrong, "\n".join(wrong))
    equal(sorted(LETTERS), sorted(c.name for c in CONFIGS), "servers whose letters are recorded")
    explained({why for _, _, why in LETTERS.values() if why})


@story("attacks are tried on each server, which withstands them; what could not be tried says why", 60)
def attacks_are_withstood(lab):
    wrong = []
    for name, answer in ours(lab).items():
        found = answer["vulnerabilities"]
        for attack in ATTACKS:
            expected = None if (name, attack) in UNTRIED else False
            if found[attack]["vulnerable"] is not expected:
                wrong.append(f"{name}: {attack}: {found[attack]}, expected {expected}")
        wrong += [f"{name}: {attack} is not known, and no reason given" for attack, one in found.items() if one["vulnerable"] is None and not one["detail"]]
        if found["insecure_renegotiation"]["vulnerable"] is not (name == "gnutls-unsafe-renegotiation"):
            wrong.append(f"{name}: insecure_renegotiation: {found['insecure_renegotiation']}")
    check(not wrong, "\n".join(wrong))
    tried = [name for name, answer in ours(lab).items() if answer["vulnerabilities"]["poodle_tls"] == {"vulnerable": False, "detail": ""}]
    for kind in ("nginx", "openssl", "gnutls"):
        check(any(name.startswith(kind) for name in tried), f"of {kind} none was tried for POODLE in TLS: {tried}")


@story("the document has every rule of grading", 20)
def rules_are_documented(_lab):
    table = (ROOT / "src" / "schema" / "tls_rules.c").read_text()
    rules = re.findall(r'\[RULE_\w+\]\s*=\s*\{\s*"([^"]+)"', table)
    check(len(rules) > 50, f"only {len(rules)} rules found")
    explained(rules)


@story("testssl.sh gives the letters that are recorded", 3 * 60 * 60)
def testssl_agrees(lab):
    if os.environ.get("BARTIZAN_SLOW") != "1":
        raise Skipped("takes an hour: BARTIZAN_SLOW=1")
    program = os.environ.get("TESTSSL", "testssl")
    need(program)
    folder, wrong = lab.new_folder("testssl"), []
    for server in servers(lab):
        out = folder / f"{server.config.name}.json"
        words = [program, "--warnings", "off", "--color", "0", "--ip", "127.0.0.1", "--add-ca", str(_lab["root"]), "--assume-http", "-p", "-s",
                 "-f", "-S", "-P", "-h", "-E", "-H", "-I", "-T", "--BB", "-R", "-C", "-O", "-Z", "-W", "-F", "-J", "-D", "-A", "-4",
                 "--jsonfile", str(out), f"{HOST}:{server.port}"]
        subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=900, check=False)
        found = [entry["finding"] for entry in json.loads(out.read_text()) if entry["id"] == "overall_grade"]
        if not found:
            raise Skipped("this testssl.sh gives no letter; 3.2 does")
        recorded = LETTERS[server.config.name][0]
        note(f"{server.config.name}: {found[0]}")
        if found[0] != recorded:
            wrong.append(f"{server.config.name}: {found[0]}; recorded is {recorded}")
    check(not wrong, "\n".join(wrong))


@story("a population is counted, and compared with the run before", 60)
def population(lab):
    running = servers(lab)
    folder = lab.new_folder("pulse")
    listed = folder / "list"
    listed.write_text("".join(f"{HOST}:{server.port}\n" for server in running) + "# nobody\n127.0.0.1:1\n")

    def pulse(*words):
        command = [str(build_folder(lab.build) / "bartizan"), "tls", "--ca", str(_lab["root"]), "--file", str(listed), "--quick", "--history",
                   str(folder / "history"), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout

    first = json.loads(pulse("--json"))
    equal(first["servers"], len(running) + 1, "servers counted")
    equal(first["failure"]["refused"], 1, "servers that refused")
    equal(sum(count for letter, count in first["grade"].items() if letter != "none"), first["graded"], "letters of those graded")
    equal(first["protocol"]["TLSv1.0"], sum(1 for a in ours(lab).values() if any(v["version"] == "TLSv1.0" and v["offered"] for v in a["versions"])),
          "servers with TLS 1.0")
    text = pulse()
    check("+0.0" in text, f"no change since the run before: {text[:500]}")
    check(text.count("\n20") == 1, f"one line of the trend: {text[-500:]}")
    equal(len((folder / "history").read_text().splitlines()), 2, "runs in the history")


if __name__ == "__main__":
    isolate()
    tell(Lab)
