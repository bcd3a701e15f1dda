#!/usr/bin/env python3
"""Feeds: CPU to digest each one beside jq and Python on the same file, size of the index, a lookup in it."""

import gzip
import json
import pathlib
import random
import resource
import shutil
import subprocess
import tempfile
import zipfile

from figures import ROOT, Figures, options

PROGRAM = "bench/feeds/bench-feeds"
WORDS = ("buffer overflow", "use-after-free", "out-of-bounds read", "integer overflow", "path traversal", "denial of service", "SQL injection", "race condition")
RELEASES = ("bullseye", "bookworm", "trixie", "forky", "sid")


def sample(name):
    """A document of the fuzz target's corpus, without its first byte."""
    return json.loads((ROOT / "tests" / "corpus" / "feeds-feeds" / name).read_bytes()[1:])


def debian(path, size_mb, rng):
    """The tracker's layout at its real size: packages with many CVEs and with few, most of them fixed in every release."""
    shape = json.dumps(next(iter(next(iter(sample("debian").values())).values()))["releases"]["bookworm"])
    with path.open("w") as out:
        out.write("{")
        number = package = 0
        while out.tell() < size_mb << 20:
            out.write(("," if package else "") + f'\n"source-{package}":{{')
            for i in range(min(2000, max(1, int(rng.paretovariate(0.9))))):
                number += 1
                releases = {}
                for release in RELEASES:
                    state = json.loads(shape)
                    state.update(fixed_version=f"{rng.randrange(9)}.{rng.randrange(20)}.{rng.randrange(30)}-{rng.randrange(1, 6)}", repositories={release: "9.1-1"})
                    if rng.random() < 0.15:
                        state.update(status="open", urgency="unimportant")
                        del state["fixed_version"]
                    releases[release] = state
                entry = {"scope": "remote", "debianbug": number, "description": f"A {rng.choice(WORDS)} in source-{package} allows attackers to "
                         f"{rng.choice(WORDS)} via a crafted file number {number}.", "releases": releases}
                out.write(("," if i else "") + f'\n"CVE-{2000 + number % 26}-{1000 + number}":' + json.dumps(entry))
            out.write("}")
            package += 1
        out.write("}\n")


def osv(path, count, rng):
    record = sample("osv-npm")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(count):
            record.update(id=f"GHSA-{i:04x}-bench", aliases=[f"CVE-{2000 + i % 26}-{1000 + i}"], summary=f"{rng.choice(WORDS)} in package-{i % 20000}")
            record["affected"][0]["package"]["name"] = f"package-{i % 20000}"
            record["affected"][0]["ranges"][1]["events"][0]["fixed"] = f"{rng.randrange(9)}.{rng.randrange(99)}.{rng.randrange(99)}"
            archive.writestr(zipfile.ZipInfo(f"GHSA-{i:04x}.json", (2024, 1, 1, 0, 0, 0)), json.dumps(record), zipfile.ZIP_DEFLATED)


def nvd(path, count, rng):
    """Yearly files in one: most CVEs with a range of one product, some with many single versions, some that are rejected or not analysed."""
    shape = sample("nvd")
    record = shape["vulnerabilities"][0]["cve"]
    with path.open("w") as out:
        out.write(json.dumps({**shape, "vulnerabilities": []})[:-2])
        for i in range(count):
            product = int(60000 ** rng.random())  # few products have many
            name = f"cpe:2.3:{'a' if rng.random() < 0.75 else 'o'}:vendor-{product % 25000}:product_{product}"
            many = range(int(rng.expovariate(1 / 4)))
            matches = [{"vulnerable": True, "criteria": f"{name}:*:*:*:*:*:*:*:*", "versionEndExcluding": f"{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(9)}",
                        "matchCriteriaId": f"{rng.getrandbits(128):032X}"}]
            matches += [{"vulnerable": True, "criteria": f"{name}:{n}.{rng.randrange(30)}:*:*:*:*:*:*:*", "matchCriteriaId": f"{rng.getrandbits(128):032X}"} for n in many]
            cve = {**record, "id": f"CVE-{2000 + i % 26}-{1000 + i}", "vulnStatus": "Rejected" if rng.random() < 0.05 else "Analyzed",
                   "descriptions": [{"lang": "en", "value": f"A {rng.choice(WORDS)} in product_{product} lets whoever reaches it cause {rng.choice(WORDS)}, number {i}. " * 2}],
                   "references": [{"url": f"https://example.org/{rng.getrandbits(128):x}", "source": "x", "tags": ["Patch"]} for _ in range(rng.randrange(1, 12))],
                   "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": matches}]}] if rng.random() > 0.08 else []}
            out.write(("," if i else "") + json.dumps({"cve": cve}))
        out.write("]}")


def kev(path, count, rng):
    catalogue = sample("kev")
    entry = catalogue["vulnerabilities"][0]
    catalogue["vulnerabilities"] = [{**entry, "cveID": f"CVE-{2000 + i % 26}-{1000 + i}"} for i in range(count)]
    path.write_text(json.dumps(catalogue, indent=1))


def epss(path, count, rng):
    with gzip.open(path, "wt") as out:
        out.write("#model_version:v2025.03.14,score_date:2025-09-01T00:00:00+0000\ncve,epss,percentile\n")
        for i in range(count):
            out.write(f"CVE-{2000 + i % 26}-{1000 + i},{rng.random() ** 9:.5f},{rng.random():.5f}\n")


def digest(build, *paths):
    return json.loads(subprocess.run([build / PROGRAM, *paths], check=True, stdout=subprocess.PIPE).stdout)


def cpu(command):
    """Seconds on a processor: the machine may be busy with other things."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


PYTHON = {
    "json": "import json,sys; json.load(open(sys.argv[1]))",
    "zip": "import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nfor n in z.namelist(): json.loads(z.read(n))",
    "gz": "import csv,gzip,sys\nfor r in csv.reader(gzip.open(sys.argv[1],'rt')): pass",
}
JQ = {"json": 'jq . "$1"', "zip": 'unzip -p "$1" | jq .'}


def main():
    arguments = options(__doc__, debian_mb=40, osv_records=60000, nvd_cves=30000, kev_entries=1400, epss_rows=290000)
    figures = Figures("feeds")
    build = ROOT / "build" / "release"
    rng = random.Random(1)
    subprocess.run(["ninja", "-C", str(build), PROGRAM], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(dir=build) as name:
        folder = pathlib.Path(name)
        files = {"debian": folder / "tracker.json", "osv-npm": folder / "all.zip", "nvd": folder / "nvd.json", "kev": folder / "kev.json", "epss": folder / "epss.csv.gz"}
        debian(files["debian"], arguments.debian_mb, rng)
        osv(files["osv-npm"], arguments.osv_records, rng)
        nvd(files["nvd"], arguments.nvd_cves, rng)
        kev(files["kev"], arguments.kev_entries, rng)
        epss(files["epss"], arguments.epss_rows, rng)
        for feed, path in files.items():
            figures.section(f"{feed}: {path.stat().st_size / (1 << 20):.1f} MB")
            ours = min((digest(build, path) for _ in range(3)), key=lambda d: d["digest_s"])
            kind = path.suffix[1:]
            spent = figures.add("digested into an index", ours["digest_s"], "s", f"{path.stat().st_size / (1 << 20) / ours['digest_s']:.0f} MB/s of the file")
            theirs = min(cpu(["python3", "-c", PYTHON[kind], path]) for _ in range(2))
            figures.add("Python reads the file", theirs, "s", f"{theirs / spent:.1f} times as long")
            if kind in JQ and shutil.which("jq") and (kind != "zip" or shutil.which("unzip")):
                theirs = cpu(["sh", "-c", JQ[kind], "sh", path])
                figures.add(JQ[kind].replace('"$1"', "FILE"), theirs, "s", f"{theirs / spent:.1f} times as long")
            figures.add("memory at the most", ours["peak_kb"] / 1024, "MB", "with the mapped file and the index")
            figures.add("index", ours["bytes"] / (1 << 20), "MB", f"{ours['entries']:,} entries, {ours['vulnerabilities']:,} vulnerabilities")
        figures.section("all of them in one index")
        every = digest(build, *files.values())
        figures.add("digested", every["digest_s"], "s")
        figures.add("index", every["bytes"] / (1 << 20), "MB", f"{every['entries']:,} entries of {every['packages']:,} packages")
        figures.add("a package's entries are found in", every["lookup_ns"], "ns", f"goal 1000: {1000 / every['lookup_ns']:.1f} times as fast")
    figures.save(arguments.json)


if __name__ == "__main__":
    main()
