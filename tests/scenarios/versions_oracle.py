#!/usr/bin/env python3
"""Holds our order of versions against each ecosystem's own tool, on generated pairs (TAP).

The pairs come from small grammars full of what versions differ by (tilde, caret, epoch, leading zeros,
borders of letters and digits); half of them are one version and a small change of it. The seed is fixed.
A tool that is not installed is a skip.
"""

import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = "src/formats/versions/versions-compare"
SEED = 20240229
PAIRS = 100_000
SINGLE_RUNS = 200


class Missing(Exception):
    """Why a tool cannot be asked."""


def run(command, text=None):
    return subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout


def lines_of(pairs):
    return "".join(f"{a}\t{b}\n" for a, b in pairs)


def ours(scheme, pairs):
    for build in ("build/test", "build/release"):
        program = ROOT / build / PROGRAM
        if program.exists():
            return run([program], "".join(f"{scheme}\t{a}\t{b}\n" for a, b in pairs)).split()
    raise Missing("versions-compare is not built")


def are_valid(scheme, versions):
    program = next(ROOT / b / PROGRAM for b in ("build/test", "build/release") if (ROOT / b / PROGRAM).exists())
    return [word == "valid" for word in run([program], "".join(f"{scheme}\t{v}\n" for v in versions)).split()]


# --- what to compare

def pieces(r, alphabet, most):
    return [r.choice(alphabet) for _ in range(r.randint(1, most))]


def changed(r, row, alphabet):
    row = list(row)
    at = r.randrange(len(row))
    row[at:at + r.randint(0, 1)] = pieces(r, alphabet, 1) if r.random() < 0.8 else []
    return row or [r.choice(alphabet)]


def pairs_of(alphabet, finish, most=7, count=PAIRS):
    """finish(random, text) makes a version out of some joined pieces of the alphabet."""
    r = random.Random(SEED)
    for _ in range(count):
        a = pieces(r, alphabet, most)
        b = changed(r, a, alphabet) if r.random() < 0.5 else pieces(r, alphabet, most)
        # the same frame for both, or one each
        frame = r.random()
        same = r.random() < 0.5
        yield (finish(random.Random(frame), "".join(a)),
               finish(random.Random(frame if same else r.random()), "".join(b)))


NUMBERS = ["0", "00", "1", "01", "2", "9", "10", "010", "99"]
LARGE_NUMBERS = ["4294967296", "18446744073709551616", "18446744073709551617"]


def dpkg_pairs(numbers=NUMBERS, count=PAIRS):
    def finish(r, text):
        epoch = r.choice(["", "", "", "0:", "00:", "1:", "01:", "10:", "2147483647:"])
        revision = r.choice(["", "", "-0", "-1", "-00", "-1~bpo12+1", "-1+deb12u1", "-1+b2", "-1ubuntu0.1", "-a", "-~", "-1.1"])
        if not revision:
            text = text.replace("-", "~")
        return epoch + r.choice("0129") + text + revision

    return pairs_of(numbers + list("aZz.+~-") + ["~~", "rc", "+dfsg", "~rc1", "a0", "A"], finish, count=count)


def rpm_pairs():
    def finish(r, text):
        epoch = r.choice(["", "", "", "0:", "00:", "1:", "01:", "10:", "4294967295:"])
        release = r.choice(["", "", "-1", "-01", "-1.el9", "-1.el9_4", "-10.fc40", "-~1", "-1^2", "-a"])
        return epoch + text + release

    return pairs_of(NUMBERS + LARGE_NUMBERS + list("aZz.+~^_") + ["~~", "^^", "rc", "~rc1", "^git1", "a0", "..", "A"], finish)


def semver_pairs():
    def finish(r, text):
        core = ".".join(r.choice(["0", "1", "2", "10", "9007199254740991"]) for _ in range(3))
        row = [i for i in text.split(".") if i]
        row = [(i.lstrip("0") or "0") if i.isdigit() else i for i in row]
        row = [i for i in row if not i.isdigit() or len(i) < 16]
        return core + ("-" + ".".join(row) if row and r.random() < 0.8 else "") + r.choice(["", "", "+1", "+a-b.01"])

    return pairs_of(["0", "1", "01", "9", "10", "a", "A", "rc", "alpha", "beta", "-", ".", ".", "."], finish)


def pypi_pairs():
    def finish(r, text):
        text = r.choice(["", "", "", "0!", "1!", "v"]) + r.choice(["0", "1", "1.0", "1.0.0", "01.1", "2.0.10"]) + text
        return text + r.choice(["", "", "", "+1", "+a", "+A.01", "+a-1", "+1.a"])

    parts = [".0", ".1", ".01", "a", "a1", "b2", "rc", "rc1", "c1", "-alpha.1", "_beta", "pre", ".preview-3", "-1", "-01",
             ".post", ".post1", "-r2", "rev", ".dev", ".dev0", "dev1", "_dev_2", "", "", "0"]
    return pairs_of(parts, finish, most=3)


# --- whom to ask

def ask_dpkg(pairs):
    if shutil.which("perl") is None or subprocess.run(["perl", "-MDpkg::Version", "-e1"], capture_output=True).returncode != 0:
        raise Missing("no Dpkg::Version (Debian package libdpkg-perl)")
    script = ("use Dpkg::Version; while (<STDIN>) { chomp; my ($a, $b) = split /\\t/; "
              "my $order = version_compare($a, $b); print $order < 0 ? '<' : $order > 0 ? '>' : '=', qq(\\n); }")
    # Perl's numbers are exact to 15 digits; dpkg compares digits
    large = {i: pair for i, pair in enumerate(pairs) if re.search(r"[0-9]{16}", " ".join(pair))}
    order = run(["perl", "-e", script], lines_of(pairs)).split()
    for i, sign in zip(large, ask_dpkg_itself(large.values())):
        order[i] = sign
    return order


def ask_dpkg_itself(pairs):
    """A process a question, so only some."""
    if shutil.which("dpkg") is None:
        raise Missing("no dpkg")

    def holds(a, operator, b):
        return subprocess.run(["dpkg", "--compare-versions", a, operator, b], capture_output=True).returncode == 0

    return ["<" if holds(a, "lt", b) else ">" if holds(a, "gt", b) else "=" for a, b in pairs]


def ask_rpm(pairs):
    if shutil.which("rpm") is None:
        raise Missing("no rpm (Debian package rpm)")
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write(lines_of(pairs))
        file.flush()
        script = ("for line in io.lines('" + file.name + "') do local a, b = line:match('^(.-)\\t(.*)$') "
                  "local order = rpm.vercmp(a, b) print(order < 0 and '<' or order > 0 and '>' or '=') end")
        # rpm's print() writes no line ends
        return list(run(["rpm", "--eval", "%{lua: " + script + "}"]).strip())


def ask_node_semver(pairs):
    if shutil.which("npm") is None:
        raise Missing("no npm")
    folder = pathlib.Path(run(["npm", "root", "-g"]).strip()) / "npm/node_modules/semver"
    if not folder.exists():
        raise Missing("npm brings no semver of its own")
    script = ("const semver = require(process.argv[1]);"
              "const pairs = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
              "console.log(pairs.map(([a, b]) => '=><'.at(semver.compare(a, b))).join('\\n'))")
    return run(["node", "-e", script, str(folder)], json.dumps(pairs)).split()


def ask_packaging(pairs):
    Version = packaging_version()
    return ["<" if Version(a) < Version(b) else ">" if Version(a) > Version(b) else "=" for a, b in pairs]


def packaging_version():
    try:
        from packaging.version import Version
    except ImportError:
        try:
            from pip._vendor.packaging.version import Version
        except ImportError:
            raise Missing("no packaging.version (Debian package python3-packaging)") from None
    return Version


# --- the checks: each returns what differs, as texts

def differences(scheme, pairs, ask):
    pairs = list(pairs)
    theirs = ask(pairs)
    mine = ours(scheme, pairs)
    assert len(theirs) == len(mine) == len(pairs), (len(theirs), len(mine), len(pairs))
    shares = ", ".join(f"{theirs.count(sign)} {sign}" for sign in "<=>")
    print(f"# {scheme}: {len(pairs)} pairs: {shares}")
    return [f"{a} {sign} {b}, but {own} here" for (a, b), sign, own in zip(pairs, theirs, mine) if sign != own]


def dpkg_single_runs():
    return differences("dpkg", dpkg_pairs(NUMBERS + LARGE_NUMBERS, SINGLE_RUNS), ask_dpkg_itself)


def pypi_differences():
    Version = packaging_version()
    kept = []
    wrong = []
    candidates = list(pypi_pairs())
    flat = [v for pair in candidates for v in pair]
    for version, is_valid in zip(flat, are_valid("pypi", flat)):
        try:
            Version(version)
            theirs = True
        except ValueError:
            theirs = False
        if theirs != is_valid:
            wrong.append(f"{version} is {'valid' if theirs else 'malformed'}, but not here")
        kept.append(theirs)
    good = [pair for pair, a, b in zip(candidates, kept[::2], kept[1::2]) if a and b]
    return wrong + differences("pypi", good, ask_packaging)


CHECKS = [
    ("dpkg orders versions as Dpkg::Version does", lambda: differences("dpkg", dpkg_pairs(), ask_dpkg)),
    ("dpkg orders versions as dpkg --compare-versions does", dpkg_single_runs),
    ("rpm orders versions as rpm does", lambda: differences("rpm", rpm_pairs(), ask_rpm)),
    ("semver orders versions as npm's semver does", lambda: differences("semver", semver_pairs(), ask_node_semver)),
    ("pypi takes and orders versions as Python's packaging does", pypi_differences),
]


def main():
    failed = 0
    print(f"1..{len(CHECKS)}")
    for number, (name, check) in enumerate(CHECKS, 1):
        try:
            found = check()
        except Missing as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
            continue
        for text in found[:20]:
            print("# " + text)
        failed += bool(found)
        print(f"{'not ok' if found else 'ok'} {number} - {name}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
