#!/usr/bin/env python3
"""`bartizan check` as a pipeline uses it: exit codes, JSON, SARIF, images of docker and OCI, and images that mean harm."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import tarfile

from lab import Lab, build_folder, check, equal, note, story, tell, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
FEED = ROOT / "tests" / "fixtures" / "feeds" / "debian-tracker-small.json"
OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
ESCAPE = "\x1b]0;owned\x07"


def stanza(name, version, source=None, status="install ok installed"):
    return f"Package: {name}\nStatus: {status}\nArchitecture: amd64\nVersion: {version}\n" + (f"Source: {source}\n" if source else "") + "\n"


STATUS = stanza("libssl3", "3.0.11-1~deb12u2", "openssl") + stanza("openssl", "3.0.11-1~deb12u2") + stanza("bash", "5.2.15-2+b2", "bash (5.2.15-2)")


def make_root(lab, name, files):
    root = lab.new_folder(name)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def debian(lab, status=STATUS, os_release=OS_RELEASE):
    return make_root(lab, "root", {"etc/os-release": os_release, "var/lib/dpkg/status": status})


def run(lab, *words, expected=0):
    done = subprocess.run([build_folder(lab.build) / "bartizan", "check", *map(str, words)], capture_output=True, text=True, errors="surrogateescape", check=False,
                          env=dict(lab.env, TMPDIR=str(scratch(lab))))
    check("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, f"a sanitizer's report: {done.stderr[-2000:]}")
    equal(done.returncode, expected, f"exit code of check {' '.join(map(str, words))}: {done.stderr}")
    equal(list(scratch(lab).iterdir()), [], "what is left in the temporary folder")
    return done


def scratch(lab):
    folder = lab.folder / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


def document(lab, *words):
    return json.loads(run(lab, *words, "--feed", FEED, "--json").stdout)


def names(found):
    return sorted((f["id"], f["package"], f["status"]) for f in found["findings"])


@story("a tree is judged: one document, sorted by priority, with the reason and the command")
def tree(lab):
    found = document(lab, "--root", debian(lab))
    equal((found["schema"], found["release"], found["system"]), ("bartizan-check-1", "debian:12", "Debian GNU/Linux 12 (bookworm)"), "head of the document")
    equal([f["feed"] for f in found["feeds"]], ["debian"], "feeds")
    expected = [("CVE-2099-0031", "bash", "open")]
    for package in ("libssl3", "openssl"):
        expected += [("CVE-2099-0001", package, "fixable"), ("CVE-2099-0003", package, "unimportant"), ("CVE-2099-0004", package, "postponed")]
    equal(names(found), sorted(expected), "findings")
    priorities = [f["priority"] for f in found["findings"]]
    equal(priorities, sorted(priorities, reverse=True), "priorities")
    one = next(f for f in found["findings"] if (f["id"], f["package"]) == ("CVE-2099-0001", "libssl3"))
    equal((one["source"], one["version"], one["fixed_version"], one["fix"]),
          ("openssl", "3.0.11-1~deb12u2", "3.0.13-1~deb12u1", "apt-get install --only-upgrade libssl3 openssl"), "a fixable finding")
    check("a fix is there" in one["reason"], f"the reason is {one['reason']}")
    equal((found["summary"]["findings"], found["summary"]["fixable"]), (7, 2), "the summary")


@story("text for people has the same findings, aligned, and says how many there are")
def text(lab):
    lines = run(lab, "--root", debian(lab), "--feed", FEED).stdout.splitlines()
    check(lines[0].split() == ["priority", "id", "package", "installed", "fixed", "status", "why"] or "PRIORITY" in lines[0].upper(), f"the first line is {lines[0]}")
    equal(sum("CVE-2099" in line for line in lines), 7, "rows")
    check("3 packages, 7 findings" in lines[-1], f"the last line is {lines[-1]}")


@story("exit codes: 0 judged, 1 where --fail-on found something, 2 where it could not be judged")
def exit_codes(lab):
    root = debian(lab)
    for level, expected in (("critical", 0), ("high", 0), ("medium", 1), ("low", 1), ("any", 1)):
        run(lab, "--root", root, "--feed", FEED, "--fail-on", level, expected=expected)
    clean = debian(lab, stanza("dash", "0.5.12-2"))
    run(lab, "--root", clean, "--feed", FEED, "--fail-on", "any")
    empty = make_root(lab, "empty", {"etc/os-release": OS_RELEASE})
    for words, said in (((), "--root DIR or --image FILE"), (("--root", root, "--image", root), "either"), (("--root", root), "--feed FILE"),
                        (("--root", root, "--feed", FEED, "--fail-on", "severe"), "none of critical"), (("--root", root, "--feed", FEED, "--json", "--sarif"), "exclude"),
                        (("--root", root, "--feed", ROOT / "README.md"), "README.md"), (("--root", root, "--feed", "/nonexistent"), "/nonexistent"),
                        (("--root", "/nonexistent", "--feed", FEED), "/nonexistent"), (("--root", empty, "--feed", FEED), "no package is installed"),
                        (("--root", debian(lab, os_release='ID=debian\nVERSION_ID="11"\n'), "--feed", FEED), "debian:11"),
                        (("--root", debian(lab, os_release='NAME=Mint\nID=linuxmint\nID_LIKE=debian\nVERSION_ID="12"\n'), "--feed", FEED), "no feed speaks of linuxmint"),
                        (("--root", root, "--data", empty), "has no feeds"), (("--image", "/nonexistent", "--feed", FEED), "/nonexistent"),
                        (("--image", FEED, "--feed", FEED), "docker save")):
        done = run(lab, *words, expected=2)
        check(said in done.stderr, f"check {' '.join(map(str, words))} says {done.stderr!r}, not {said!r}")
        equal(done.stdout, "", "output beside an error")


# What the schema of SARIF 2.1.0 (OASIS, errata 01) says of the objects that are written: each allows no other members. A name with ! is required.
MESSAGE = {"text!": str, "markdown": str, "id": str, "arguments": list, "properties": dict}
PLACE = {"uri": re.compile(r"[A-Za-z0-9/._~@+%-]+"), "uriBaseId": str, "index": int, "description": dict, "properties": dict}
RULE = {"id!": str, "name": str, "shortDescription": {"text!": str}, "fullDescription": {"text!": str}, "help": {"text!": str}, "helpUri": re.compile(r"https?://[^ ]+"),
        "properties": {"tags": {str}, "security-severity!": re.compile(r"10\.0|[0-9]\.[0-9]")}}
RESULT = {"ruleId": str, "ruleIndex": int, "level": re.compile("none|note|warning|error"), "kind": str, "message!": MESSAGE, "partialFingerprints": dict, "properties": dict,
          "locations": [{"id": int, "physicalLocation": {"artifactLocation": PLACE, "region": dict}, "message": MESSAGE}]}
DRIVER = {"name!": str, "version": str, "semanticVersion": str, "informationUri": str, "rules": [RULE]}
RUN = {"tool!": {"driver!": DRIVER}, "results": [RESULT], "columnKind": re.compile("utf16CodeUnits|unicodeCodePoints"), "originalUriBaseIds": dict, "artifacts": list,
       "invocations": list, "properties": dict}
SARIF = {"$schema": re.compile("https://.*sarif-schema-2.1.0.json"), "version!": re.compile(r"2\.1\.0"), "runs!": [RUN], "properties": dict}


def follows(value, rule, where):
    """Members, types, words and formats, as a schema would have them; {kind}: an array of distinct values."""
    if isinstance(rule, dict):
        check(isinstance(value, dict), f"{where} is no object")
        names = {name.rstrip("!"): of for name, of in rule.items()}
        equal(sorted(value.keys() - names.keys()), [], f"members of {where} that the schema does not have")
        equal([name for name in rule if name.endswith("!") and name[:-1] not in value], [], f"members that {where} lacks")
        for name, each in value.items():
            follows(each, names[name], f"{where}.{name}")
    elif isinstance(rule, (list, set)):
        check(isinstance(value, list), f"{where} is no array")
        check(isinstance(rule, list) or len(set(value)) == len(value), f"{where} has a value twice")
        for number, each in enumerate(value):
            follows(each, next(iter(rule)), f"{where}[{number}]")
    elif isinstance(rule, re.Pattern):
        check(isinstance(value, str) and rule.fullmatch(value), f"{where} is {value!r}")
    else:
        check(isinstance(value, rule) and not isinstance(value, bool), f"{where} is {value!r}")


@story("SARIF 2.1.0 has a rule a vulnerability and a result a finding, each pointing at its rule")
def sarif(lab):
    log = json.loads(run(lab, "--root", debian(lab), "--feed", FEED, "--sarif").stdout)
    follows(log, SARIF, "$")
    equal((log["version"], len(log["runs"])), ("2.1.0", 1), "version and runs")
    driver, results = log["runs"][0]["tool"]["driver"], log["runs"][0]["results"]
    equal((driver["name"], len(driver["rules"]), len(results)), ("bartizan", 4, 7), "rules and results")
    equal(len({rule["id"] for rule in driver["rules"]}), 4, "distinct rules")
    prints = set()
    for result in results:
        equal(driver["rules"][result["ruleIndex"]]["id"], result["ruleId"], "the rule of a result")
        check(result["level"] in ("error", "warning", "note") and result["message"]["text"], f"{result} has no level or message")
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        equal(place, {"uri": "var/lib/dpkg/status", "uriBaseId": "ROOT"}, "place")
        prints.add(result["partialFingerprints"]["finding/v1"])
    equal(len(prints), 7, "distinct fingerprints")


# --- images

def tar_of(entries, compress=False):
    """entries: (name, kind, content or target)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, value in entries:
            info = tarfile.TarInfo(name)
            if kind == "file":
                content = value if isinstance(value, bytes) else value.encode()
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
                continue
            info.type = {"folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "fifo": tarfile.FIFOTYPE}[kind]
            info.linkname = value or ""
            archive.addfile(info)
    return gzip.compress(data.getvalue(), mtime=0) if compress else data.getvalue()


def docker(lab, *layers):
    entries = [(f"{n}/layer.tar", "file", layer) for n, layer in enumerate(layers)]
    manifest = [{"Config": "config.json", "RepoTags": ["app:1"], "Layers": [name for name, _, _ in entries]}]
    path = lab.new_folder("image") / "image.tar"
    path.write_bytes(tar_of([*entries, ("manifest.json", "file", json.dumps(manifest))]))
    return path


def oci(lab, *layers):
    blobs = {}

    def blob(content):
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"digest": f"sha256:{digest}", "size": len(content)}

    manifest = blob(json.dumps({"schemaVersion": 2, "layers": [blob(layer) for layer in layers]}).encode())
    attestation = dict(blob(b'{"layers": []}'), platform={"os": "unknown", "architecture": "unknown"})
    nested = blob(json.dumps({"manifests": [attestation, dict(manifest, platform={"os": "linux", "architecture": "amd64"})]}).encode())
    entries = [("index.json", "file", json.dumps({"manifests": [nested]})), *((n, "file", c) for n, c in blobs.items())]
    path = lab.new_folder("image") / "image.tar"
    path.write_bytes(tar_of(entries))
    return path


BASE = [("etc", "folder", None), ("usr/lib", "folder", None), ("lib", "link", "usr/lib"), ("usr/lib/os-release", "file", OS_RELEASE), ("etc/os-release", "link", "../usr/lib/os-release"),
        ("./var/lib/dpkg/status", "file", STATUS), ("dev/null", "device", None), ("run/pipe", "fifo", None)]


@story("an image of docker and one of OCI give what the unpacked tree gives, gzipped or not")
def images(lab):
    expected = names(document(lab, "--root", debian(lab)))
    equal(names(document(lab, "--image", docker(lab, tar_of(BASE)))), expected, "findings of docker's")
    equal(names(document(lab, "--image", docker(lab, tar_of(BASE, compress=True)))), expected, "findings of docker's with gzip")
    equal(names(document(lab, "--image", oci(lab, tar_of(BASE, compress=True)))), expected, "findings of OCI's")
    whole = docker(lab, tar_of(BASE))
    packed = whole.with_suffix(".tar.gz")
    packed.write_bytes(gzip.compress(whole.read_bytes()))
    equal(names(document(lab, "--image", packed)), expected, "findings of an archive that is gzipped as a whole")


@story("layers apply in order: files are replaced, whiteouts take away, opaque folders hide what was below them and only that")
def layers(lab):
    newer = ("var/lib/dpkg/status", "file", stanza("bash", "5.2.15-2"))
    npm = [(f"usr/local/lib/node_modules/{name}/package.json", "file", json.dumps({"name": name, "version": "1.0.0"})) for name in "abc"]
    found = document(lab, "--image", docker(lab, tar_of([*BASE, *npm]), tar_of([newer, ("usr/local/lib/node_modules/.wh.a", "file", "")])))
    equal((names(found), found["summary"]["language_packages"]), ([("CVE-2099-0031", "bash", "open")], 2), "after a replaced file and a whiteout")
    opaque = [("usr/local/lib/node_modules/d/package.json", "file", json.dumps({"name": "d", "version": "1"})), ("usr/local/lib/node_modules/.wh..wh..opq", "file", "")]
    found = document(lab, "--image", docker(lab, tar_of([*BASE, *npm]), tar_of(opaque)))
    equal(found["summary"]["language_packages"], 1, "packages after an opaque folder")
    gone = document(lab, "--image", docker(lab, tar_of([*BASE, *npm]), tar_of([(".wh.usr", "file", ""), ("etc/os-release", "file", OS_RELEASE)])))
    equal(gone["summary"]["language_packages"], 0, "packages after their folder went")
    swapped = document(lab, "--image", docker(lab, tar_of([*BASE, *npm]), tar_of([("usr/local/lib/node_modules", "file", "a file now")])))
    equal(swapped["summary"]["language_packages"], 0, "packages after a file took their folder's place")
    hard = document(lab, "--image", docker(lab, tar_of([*BASE[:-3], ("var/lib/dpkg/status-old", "file", STATUS), ("var/lib/dpkg/status.d/x", "file", stanza("git", "1:2.30.0-1")),
                                                       ("var/lib/dpkg/status", "hard", "var/lib/dpkg/status.d/x")])))
    equal({f["package"] for f in hard["findings"]}, {"git"}, "packages of a hard link")


@story("no image writes or reads anything outside its own folder")
def escapes(lab):
    outside = lab.new_folder("outside")
    (outside / "status").write_text("mine")
    evil = stanza("evil", "1")
    up = "../" * 20
    entries = [*BASE, (f"{up}{outside}/status", "file", evil), (f"{outside}/absolute", "file", evil), ("way", "link", str(outside)), ("way/status", "file", evil),
               ("way/var/lib/dpkg/status", "file", evil), ("up", "link", up + str(outside)[1:]), ("up/usr/local/lib/node_modules/x/package.json", "file", evil),
               ("var/lib/dpkg/status.d", "link", str(outside)), ("usr/lib/other", "hard", f"{outside}/status"), ("etc/passwd", "link", "/etc/passwd"), (f"{up}.wh.status", "file", ""),
               ("way/.wh.status", "file", ""), ("way/.wh..wh..opq", "file", ""), ("way/.wh...", "file", "")]
    second = [("way/.wh.status", "file", ""), ("way/.wh..wh..opq", "file", ""), (f"{outside}/.wh.status", "file", ""), ("way/.wh...", "file", ""), ("loop", "link", "loop"), ("loop/x/package.json", "file", evil)]
    found = document(lab, "--image", docker(lab, tar_of(entries), tar_of(second)))
    equal(found["summary"]["packages"], 3, "packages")
    equal({p.name: p.read_text() for p in outside.iterdir()}, {"status": "mine"}, "what is outside")


@story("archives that are cut off, lie, or hold more than they may are errors in words")
def broken(lab):
    whole = docker(lab, tar_of(BASE, compress=True)).read_bytes()
    path = lab.new_folder("image") / "cut.tar"
    manifest = whole.index(b"manifest.json")
    for cut in (0, 1, 511, 512, 700, 1024, 1500, manifest // 2, manifest, manifest + 200, manifest + 512, manifest + 600):
        path.write_bytes(whole[:cut])
        run(lab, "--image", path, "--feed", FEED, expected=2)
    layer = tar_of(BASE, compress=True)
    for bad, said in ((layer[:-20], "malformed"), (layer[:200] + b"\xff" * 50 + layer[250:], ""), (b"\x28\xb5\x2f\xfd" + layer, "zstd"), (b"not a tar at all" * 100, "")):
        done = run(lab, "--image", docker(lab, bad), "--feed", FEED, expected=2)
        check(said in done.stderr or "format" in done.stderr, f"a broken layer says {done.stderr!r}")
    for manifest, said in (([], "Layers"), ([{"Layers": ["nowhere"]}], "nowhere"), ([{}, {}], "2 images"), ({"a": 1}, "Layers"), ([{"Layers": [1]}], "oddly")):
        path.write_bytes(tar_of([("manifest.json", "file", json.dumps(manifest))]))
        done = run(lab, "--image", path, "--feed", FEED, expected=2)
        check(said in done.stderr, f"manifest {manifest} says {done.stderr!r}")
    path.write_bytes(tar_of([("manifest.json", "file", "[" * 100000)]))
    run(lab, "--image", path, "--feed", FEED, expected=2)
    # a wanted file of a size that no package database has: a bomb of a megabyte
    bomb = gzip.compress(tar_of([*BASE, ("var/lib/dpkg/status.d/bomb", "file", b"\0" * (600 << 20))]), 1) if os.environ.get("BARTIZAN_SLOW") else None
    if bomb is not None:
        run(lab, "--image", docker(lab, bomb), "--feed", FEED, expected=2)
    deep = "/".join(["d"] * 1500)
    run(lab, "--image", docker(lab, tar_of([*BASE, (deep + "/node_modules/x/package.json", "file", "{}"), (deep, "folder", None)])), "--feed", FEED)


@story("an interrupt while an image is read leaves nothing behind and ends as interrupts do")
def interrupted(lab):
    # a layer that never ends: zeros that inflate for minutes
    endless = io.BytesIO()
    head = tarfile.TarInfo("big")
    head.size = 40 << 30
    endless.write(head.tobuf(tarfile.PAX_FORMAT))
    part = gzip.compress(endless.getvalue()) + gzip.compress(b"\0" * (64 << 20)) * 600
    path = docker(lab, part)
    # a background job of a shell ignores interrupts: the program itself shall not
    process = subprocess.Popen([build_folder(lab.build) / "bartizan", "check", "--image", path, "--feed", FEED], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=dict(lab.env, TMPDIR=str(scratch(lab))), preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    wait_for(lambda: any(scratch(lab).iterdir()), 30, "the temporary folder")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    equal(process.returncode, -signal.SIGINT, f"how it ended: {said}")
    equal(list(scratch(lab).iterdir()), [], "what is left")


@story("hostile texts in packages and feeds obey no terminal, and are no commands")
def hostile(lab):
    name = f"x{ESCAPE}"
    feed = lab.folder / "hostile.json"
    feed.write_text(json.dumps({"evil": {"CVE-2099-9999": {"description": f"sum{ESCAPE}mary \u009b31m", "releases": {"bookworm": {
        "status": "resolved", "fixed_version": f"9{ESCAPE}; rm -rf /", "urgency": f"high{ESCAPE}", "repositories": {}}}}}}))
    root = debian(lab, stanza(name, f"1{ESCAPE}", "evil"), OS_RELEASE.replace("Debian", f"Deb{ESCAPE}ian"))
    for words in ((), ("--sarif",), ("--json",)):
        done = run(lab, "--root", root, "--feed", feed, *words)
        check(not any(c in done.stdout for c in "\x1b\x07"), f"control characters in the output of check {' '.join(words)}")
        check(words or "\u009b" not in done.stdout, "a control character of C1 in the text")
    found = json.loads(run(lab, "--root", root, "--feed", feed, "--json").stdout)["findings"]
    equal([f["fix"] for f in found], [None] * len(found), "commands")
    note(f"{len(found)} findings of hostile texts")
    done = run(lab, "--root", debian(lab, os_release=f'ID="no{ESCAPE}"\nPRETTY_NAME="no{ESCAPE}"\n'), "--feed", FEED, expected=2)
    check("\x1b" not in done.stderr, "a control character in an error")


tell(Lab)
