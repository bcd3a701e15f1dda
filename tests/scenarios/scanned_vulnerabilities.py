#!/usr/bin/env python3
"""What a scan found is held against NVD: from a feed's file to the terminal, marked as inferred, and never where a distribution built it."""

import copy
import json

from lab import ROOT, Lab, Server, check, equal, story, tell, wait_for
from lab.rows import Schema
from lab.teller import PRIVATE, REPORTS, Teller, host, port

NVD = ROOT / "tests/fixtures/feeds/nvd-small.json"
WEB, DEBIAN, TOOLS, WINDOWS = "10.7.0.1", "10.7.0.2", "10.7.0.3", "10.7.0.4"
TRACKER = {"openssh": {"CVE-2024-6387": {"description": "a race", "scope": "remote", "releases": {
    "bookworm": {"status": "resolved", "fixed_version": "1:9.2p1-2+deb12u3", "repositories": {"bookworm": "1"}, "urgency": "high"}}}}}


def cpe(vendor, product, version):
    return f"cpe:2.3:a:{vendor}:{product}:{version}:*:*:*:*:*:*:*"


def service(address, number, protocol, vendor, product, version, banner=None):
    return port(address, number, protocol, product=product, version=version, cpe=cpe(vendor, product, version), banner=banner)


def nginx(address, version="1.18.0"):
    return service(address, 80, "http", "f5", "nginx", version, f"Server: nginx/{version}")


def services(web="1.18.0"):
    return [
        nginx(WEB, web),
        nginx(DEBIAN),
        service(DEBIAN, 22, "ssh", "openbsd", "openssh", "9.2p1", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2"),
        service(TOOLS, 8080, "http", "jenkins", "jenkins", "2.400"),
        service(TOOLS, 21, "ftp", "vsftpd_project", "vsftpd", "2.3.4", "220 (vsFTPd 2.3.4)"),
        service(TOOLS, 6379, "redis", "redis", "redis", "7.0.15"),
        service(WINDOWS, 80, "http", "apache", "http_server", "2.4.49", "Server: Apache/2.4.49 (Win64) \x1b]0;owned\x07"),
    ]


def load(lab, name, document, expected=0):
    path = lab.new_folder("feed") / "file.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return lab.server.cli("feed", "import", name, path, "--force", expected=expected)


def findings(lab, address):
    """Id to confidence, of the asset at an address."""
    asset = lab.server.sql(f"SELECT asset FROM asset_joins WHERE address = '{address}'")[0]["asset"]
    items = json.loads(lab.server.cli("vulns", "--asset", asset, "--json").stdout)["items"]
    return {i["id"]: i for i in items}


def confidences(lab, address):
    return {i: f["confidence"] for i, f in findings(lab, address).items()}


def wait_confidences(lab, address, expected, what):
    """The index reaches the engine, and the commit the api, in their own time."""
    wait_for(lambda: confidences(lab, address) == expected, 30, f"{what}: {expected}")


ALL = {
    WEB: {"CVE-2021-23017": "possible"},
    DEBIAN: {"CVE-2024-6387": "likely"},
    TOOLS: {"CVE-2024-23897": "likely", "CVE-2011-2523": "possible"},
    WINDOWS: {"CVE-2021-41773": "likely", "CVE-2024-38472": "likely"},
}


@story("four machines that were scanned, and no feed")
def begin(lab):
    lab.server = Server(lab, options=["--offline"])
    lab.schema = Schema(lab.server)
    lab.scanner = Teller(lab, REPORTS, "scanner")
    lab.server.cli("scope", "add", PRIVATE, "--every", "3600")
    lab.server.cli("scope", "prove", PRIVATE, "--statement", "the office, by the owner")
    lab.scanner.tell("scan_hosts", *(host(a) for a in (WEB, DEBIAN, TOOLS, WINDOWS)))
    lab.scanner.tell("scan_ports", *services())
    equal(lab.server.sql("SELECT * FROM vulnerabilities"), [], "findings without a feed")


@story("NVD's file makes findings of what services say of themselves, each as sure as that is")
def judged(lab):
    out = lab.server.cli("feed", "import", "auto", NVD).stdout
    check("nvd: " in out and "records in force, of 2026-11-20" in out, out)
    load(lab, "debian", TRACKER)
    for address, expected in ALL.items():
        wait_confidences(lab, address, expected, f"findings at {address}")
    status = lambda: {f["name"]: f for f in lab.server.get("/api/v1/feeds")["items"]}["nvd"]
    wait_for(lambda: status()["is_automatic"], 30, "that NVD is wanted, since a scan found products")
    equal((status()["records"] > 0, status()["error"]), (True, None), "the feed's status")


@story("each finding quotes its banner, says what it concludes and what to do")
def told(lab):
    found = findings(lab, WEB)["CVE-2021-23017"]
    equal(found["path"], f"inferred from the banner at {WEB} port 80", "where")
    for words in ('"Server: nginx/1.18.0"', cpe("f5", "nginx", "1.18.0"), "from 0.6.18 before 1.20.1", "possible only: distributions mend it", "Upgrade to 1.20.1 or later"):
        check(words in found["evidence"], f"{words} in {found['evidence']}")
    equal((found["feed"], found["status"], found["fixed_version"], found["exposure"], found["fix"]),
          ("nvd", "fixable", "1.20.1", "network", "# upgrade nginx to 1.20.1 or later"), "the finding")
    check("only possible, inferred from a banner" in found["reason"], found["reason"])
    sure = findings(lab, TOOLS)["CVE-2024-23897"]
    equal((sure["score"], sure["priority"] > found["priority"]), (9.8, True), "what is likely is more urgent than what is possible")
    row = lab.server.sql("SELECT manager, package, version, confidence, evidence FROM vulnerabilities WHERE id = 'CVE-2011-2523'")[0]
    equal((row["manager"], row["package"], row["version"], row["confidence"]), ("cpe", "vsftpd", "2.3.4", "possible"), "the row")
    check("220 (vsFTPd 2.3.4)" in row["evidence"] and "this very version" in row["evidence"], row["evidence"])
    listed = {v["id"]: v["confidence"] for v in lab.server.get("/api/v1/vulnerabilities?limit=100")["items"]}
    equal(listed["CVE-2021-41773"], "likely", "the fleet's list")
    text = lab.server.cli("vulns", "--asset", WINDOWS).stdout
    check("likely" in text and "CVE-2024-38472" in text, text)


def why(lab, address, cve):
    return lab.server.cli("vulns", "why", address, cve).stdout


@story("why explains each step, also why a machine of a distribution is not held against NVD")
def explained(lab):
    text = why(lab, WEB, "CVE-2021-23017")
    for words in ("it is affected", 'possible: it says "Server: nginx/1.18.0"', "banner-cpe", "x confidence 60 %", f"listens on tcp {WEB} 80"):
        check(words in text, f"{words} in {text}")
    text = why(lab, DEBIAN, "CVE-2021-23017")
    check("nobody knows: the machine runs a distribution that builds this itself" in text and "not-judged" in text, text)
    text = why(lab, DEBIAN, "CVE-2024-6387")
    check("openssh 1:9.2p1-2+deb12u2 of debian:12" in text and "nvd" not in text, text)
    text = why(lab, TOOLS, "CVE-2023-41056")
    check("it is not affected" in text and "fixed" in text, text)
    text = why(lab, WINDOWS, "CVE-2024-38472")
    check("microsoft:windows" in text and "\x1b" not in text, "what NVD wants beside it, and nothing that a terminal obeys")


@story("upgrades and the bill of materials know it, too")
def elsewhere(lab):
    text = lab.server.cli("vulns", "upgrades").stdout
    check("a:jenkins:jenkins" in text and "# upgrade jenkins to 2.442 or later" in text, text)
    asset = lab.server.sql(f"SELECT asset FROM asset_joins WHERE address = '{TOOLS}'")[0]["asset"]
    sbom = json.loads(lab.server.cli("sbom", asset).stdout)
    check("CVE-2024-23897" in {v["id"] for v in sbom["vulnerabilities"]}, str(sbom)[:2000])


@story("a service that says another version, and a feed that says another range, take findings along")
def changed(lab):
    lab.scanner.tell("scan_ports", *services(web="1.20.1"))
    wait_confidences(lab, WEB, {}, "after an upgrade")
    lab.scanner.tell("scan_ports", *services())
    wait_confidences(lab, WEB, ALL[WEB], "after a downgrade")
    news = json.loads(NVD.read_text())
    news["timestamp"] = "2026-11-21T00:00:01.000"
    matches = news["vulnerabilities"][0]["cve"]["configurations"][0]["nodes"][0]["cpeMatch"]
    matches[0]["versionEndExcluding"] = "1.18.0"
    load(lab, "nvd", news)
    wait_confidences(lab, WEB, {}, "after the feed's correction")
    wait_confidences(lab, TOOLS, ALL[TOOLS], "the others")
    rejected = copy.deepcopy(news)
    rejected["timestamp"] = "2026-11-22T00:00:01.000"
    for item in rejected["vulnerabilities"]:
        if item["cve"]["id"] == "CVE-2011-2523":
            item["cve"]["vulnStatus"] = "Rejected"
    load(lab, "nvd", rejected)
    wait_confidences(lab, TOOLS, {"CVE-2024-23897": "likely"}, "after a CVE was rejected")


@story("a broken file changes nothing, and the reason is told")
def broken(lab):
    before = lab.server.sql("SELECT * FROM vulnerabilities")
    said = load(lab, "nvd", NVD.read_text()[:3000], expected=1).stderr
    check("the JSON ends too early" in said, said)
    load(lab, "nvd", {"format": "NVD_CVE", "vulnerabilities": [{"cve": {"id": "x"}}] * 5}, expected=1)
    equal(lab.server.sql("SELECT * FROM vulnerabilities"), before, "findings")
    check("nvd" in lab.server.cli("feed", "list").stdout, "the list of feeds")


if __name__ == "__main__":
    tell(Lab)
