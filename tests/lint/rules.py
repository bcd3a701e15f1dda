#!/usr/bin/env python3
"""Holds the source tree against the rules of ARCHITECTURE.md that a compiler does not check.

Who may include whom, which libraries' headers stay behind which folder, that every folder has a
README and every parser of outside bytes a fuzz target with a corpus. Exit 1 with a line for each breach.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SRC = ROOT / "src"

# folder -> folders whose headers it may include (itself is always allowed)
MAY_INCLUDE = {
    "base": [],
    "schema": ["base"],
    "formats": ["base"],
    "sys": ["base"],
    "wire": ["base", "schema"],
    "sensor": ["base", "sys", "formats", "schema", "wire"],
    "agent": ["base", "sys", "formats", "schema", "wire", "sensor"],
    "fingerprints": ["base", "sys", "formats"],
    "scan": ["base", "sys", "formats", "schema", "wire", "fingerprints", "sensor"],
    "server/store": ["base", "sys", "schema", "wire"],
    "server/bus": ["base", "sys", "schema", "wire"],
    "server/tenants": ["base", "sys", "formats", "wire"],
    "server/inventory": ["base", "sys", "schema", "wire", "server/store"],
    "server/feeds": ["base", "sys", "formats", "schema", "wire", "fingerprints", "server/bus", "server"],
    "server/services": ["base", "formats", "schema", "wire", "server/feeds"],
    "server/ingest": ["base", "sys", "formats", "schema", "wire", "server/tenants", "server/bus", "server"],
    "server/engine": ["base", "sys", "formats", "schema", "wire", "server/tenants", "server/bus", "server/inventory", "server/services", "server/feeds", "server"],
    "server/api": ["base", "sys", "formats", "schema", "wire", "server/tenants", "server/bus", "server/inventory", "server/services", "server/feeds", "server"],
    "server": ["base", "sys", "schema", "wire", "server/tenants", "server/bus", "server/ingest", "server/engine", "server/api", "server/feeds"],
    # `bartizan check` judges a tree without a server: it reads it as the agent does
    "cli": ["base", "sys", "formats", "schema", "wire", "sensor", "agent", "server/feeds", "server/services", "scan", "fingerprints"],
}

# a system header may be included below these folders only
ONLY_IN = {
    "sqlite3.h": ["server/store", "server/tenants"],
    "microhttpd.h": ["server/api"],
    "openssl/": ["sys"],
    "curl/": ["cli", "server/feeds"],
    "ares.h": ["server/feeds"],
    "zlib.h": ["server/feeds", "cli"],
    "expat.h": ["fingerprints"],
    "pcre2.h": ["fingerprints"],
    "jansson.h": ["server/api", "cli"],
}

FREESTANDING = ["base", "wire"]
HOSTED_HEADERS = {"stdio.h", "stdlib.h", "string.h", "locale.h", "unistd.h", "errno.h", "time.h"}
FUZZED = ["formats", "wire"]
# fuzzed through the parsers that are built of them, or no parser of outside bytes
PARSES_NOTHING = {"table.c", "mask_name.c", "session.c", "frame.c", "civil.c", "address_text.c", "ascii.c", "fixture.c", "split.c", "sqlite_wal.c", "nftables_text.c",
                  "tls_hello.c", "tls_suites.c", "utf8.c", "x509_key.c", "x509_match.c", "x509_name.c", "x509_roca.c"}


def place(path):
    """The longest rule's folder that a file belongs to."""
    folder = path.parent.relative_to(SRC).as_posix()
    while folder not in MAY_INCLUDE and "/" in folder:
        folder = folder.rsplit("/", 1)[0]
    return folder


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+(["<])([^">]+)', line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


def check_includes(path, complain):
    here = place(path)
    is_test = path.stem.endswith(("_test", "_fuzz", "fixture", "harness"))
    allowed = MAY_INCLUDE.get(here)
    if allowed is None:
        complain(path, 1, f"no rule for src/{here}: add one to tests/lint/rules.py and ARCHITECTURE.md")
        return
    for number, is_ours, name in includes(path):
        where = f"{path.relative_to(ROOT)}"
        if is_ours:
            if name.startswith(".."):
                complain(where, number, f'"{name}": includes are by path from src/')
                continue
            target = SRC / name
            if not target.exists():
                if "." in name and (ROOT / "build").exists() and not name.endswith(".h"):
                    continue
                if not name.startswith(here.split("/")[0]):
                    complain(where, number, f'"{name}" is not there')
                continue
            there = place(target)
            if there != here and there not in allowed and not is_test:
                complain(where, number, f"src/{here} may not include src/{there} (ARCHITECTURE.md)")
            continue
        for header, folders in ONLY_IN.items():
            if name.startswith(header) and not any(here == f or here.startswith(f + "/") for f in folders) and not is_test:
                complain(where, number, f"<{name}> stays in {', '.join('src/' + f for f in folders)}")
        if here in FREESTANDING and name in HOSTED_HEADERS and not is_test and path.name != "banned.h":
            complain(where, number, f"<{name}>: src/{here} is freestanding")


def check_headers_alone(complain):
    for header in sorted(SRC.rglob("*.h")):
        text = header.read_text()
        name = header.relative_to(SRC).as_posix()
        if "#pragma once" not in text:
            complain(header, 1, "no #pragma once")
        if not text.lstrip().startswith("/*"):
            complain(header, 1, "no opening comment")
        done = subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-I", str(SRC), "-Wall", "-Wextra", "-fsyntax-only", "-x", "c", "-"],
                              input=f'#include "{name}"\n', text=True, capture_output=True)
        if done.returncode != 0 and "No such file" not in done.stderr:
            complain(header, 1, "does not compile alone: " + done.stderr.splitlines()[0])


def check_tree(complain):
    for folder in sorted({p.parent for p in SRC.rglob("*.c")}):
        readme = folder / "README.md"
        if not readme.exists():
            complain(folder, 1, "no README.md")
        elif len(readme.read_text().splitlines()) > 30:
            complain(readme, 31, "longer than 30 lines")
    for area in FUZZED:
        for source in sorted((SRC / area).glob("*.c")):
            if source.stem.endswith(("_test", "_fuzz")) or source.name in PARSES_NOTHING:
                continue
            if not source.with_name(source.stem + "_fuzz.c").exists():
                complain(source, 1, "no fuzz target beside it")
    for fuzz in sorted(SRC.rglob("*_fuzz.c")):
        name = fuzz.relative_to(SRC).with_suffix("").as_posix()[:-5]
        corpora = [c.name for c in (ROOT / "tests" / "corpus").iterdir()]
        tail = name.rsplit("/", 1)[1]
        if not any(c.endswith(tail) or c.endswith(tail.replace("_", "-")) for c in corpora):
            complain(fuzz, 1, "no corpus in tests/corpus for it")


def main():
    breaches = []

    def complain(path, number, what):
        if isinstance(path, pathlib.Path):
            path = path.relative_to(ROOT)
        breaches.append(f"{path}:{number}: {what}")

    for path in sorted([*SRC.rglob("*.c"), *SRC.rglob("*.h")]):
        check_includes(path, complain)
    check_headers_alone(complain)
    check_tree(complain)
    print("\n".join(breaches))
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
