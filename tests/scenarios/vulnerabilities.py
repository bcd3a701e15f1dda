#!/usr/bin/env python3
"""Findings from a feed's file to the terminal: they come and go with packages and feeds, are explained, accepted, put in a bill of materials."""

import datetime
import json
import re

from lab import ROOT, Agent, Lab, Server, Tree, Watch, check, equal, story, tell, wait_for

ESCAPE = "\x1b]0;owned\x07"
HOSTILE = f"a flaw {ESCAPE}<script>alert(1)</script> ;rm -rf /"
FIXED = "3.0.13-1~deb12u1"


def tracker(more=(), closed=()):
    """The Debian tracker's JSON: three packages, and what is added or mended later."""

    def entry(text, fixed=None, urgency="medium", **decision):
        release = {"status": "resolved" if fixed else "open", "repositories": {"bookworm": "1"}, "urgency": urgency, **decision}
        return {"description": text, "scope": "remote", "releases": {"bookworm": dict(release, **({"fixed_version": fixed} if fixed else {}))}}

    packages = {
        "openssl": {"CVE-2024-0001": entry("overflow in X.509", FIXED, "high"), "CVE-2024-0002": entry(HOSTILE, FIXED)},
        "bash": {"CVE-2024-0003": entry("a crash", urgency="low", nodsa="Minor issue", nodsa_reason="")},
        "zlib": {"CVE-2024-0004": entry("mended long ago", "1:1.0-1")},
    }
    for package, cve in more:
        packages.setdefault(package, {})[cve] = entry("new in this version of the feed", "99-1")
    for package, cve in closed:
        packages[package][cve] = entry("never was in it", "0")
    return packages


def kev(*ids):
    entries = [{"cveID": i, "dateAdded": "2024-01-01", "dueDate": "2024-02-01", "knownRansomwareCampaignUse": "Known", "shortDescription": "used"} for i in ids]
    return {"catalogVersion": "1", "dateReleased": "2025-01-01T00:00:00.0000Z", "count": len(ids), "vulnerabilities": entries}


def load(lab, name, document):
    path = lab.new_folder("feed") / "file.json"
    path.write_text(json.dumps(document))
    lab.server.cli("feed", "import", name, path, "--force")


def install(lab, **versions):
    lab.tree.packages.update(versions)
    lab.tree.save_packages()


def vulns(lab, *words):
    return json.loads(lab.server.cli("vulns", *words, "--json").stdout)


def ids(lab, *words):
    return [item["id"] for item in vulns(lab, *words)["items"]]


def wait_ids(lab, expected, *words):
    wait_for(lambda: sorted(ids(lab, *words)) == sorted(expected), 20, f"the findings to be {expected}")


ALL = ["CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"]


@story("before there is a feed nobody says that nothing was found")
def begin(lab):
    lab.server = Server(lab, options=["--offline"])
    lab.tree = Tree.debian(lab.new_folder("web"), package_count=5)
    install(lab, openssl="3.0.11-1", bash="5.2.15-2", zlib="1:1.2.13-1")
    lab.agent = Agent(lab, lab.server, token=lab.server.token(), options=["--root", lab.tree.folder])
    wait_for(lambda: lab.server.sql("SELECT count(*) n FROM packages")[0]["n"] == 8, 20, "the packages")
    lab.asset = lab.server.get("/api/v1/assets")["items"][0]["name"]
    summary = vulns(lab, "summary")
    equal((summary["knowledge"]["generation"], summary["not_judged"]["assets"]), (0, 1), "the summary")
    check("not judged: 1 assets" in lab.server.cli("vulns", "summary").stdout, "the summary does not say it")
    equal(lab.server.sql("SELECT * FROM vulnerability_facts"), [], "facts in SQL")
    check("no feed is in force yet" in lab.server.cli("vulns", "--asset", lab.asset).stderr, "the asset's list does not say it")


@story("a feed that is imported makes findings of what is installed")
def findings(lab):
    load(lab, "debian", tracker())
    wait_ids(lab, ALL)
    first = vulns(lab)["items"][0]
    equal((first["id"], first["packages"], first["fixed_version"], first["assets"]), ("CVE-2024-0001", ["openssl"], FIXED, 1), "the most urgent")
    equal(vulns(lab, "summary")["not_judged"]["assets"], 0, "assets that nobody looked at")
    equal(ids(lab, "--fixable"), ALL[:2], "what has a fix")
    equal(ids(lab, "--status", "no-dsa"), ALL[2:], "what the distribution takes for minor")
    equal(ids(lab, "--package", "bash"), ALL[2:], "what bash has")
    equal(ids(lab, "--search", "X.509"), ALL[:1], "what is searched")
    equal(lab.server.request("GET", "/api/v1/vulnerabilities?status=nonsense")[0], 400, "a status that is none")
    items = {item["id"]: item for item in vulns(lab, "--asset", lab.asset)["items"]}
    equal((items[ALL[0]]["fix"], items[ALL[0]]["status"]), ("apt-get install --only-upgrade openssl", "fixable"), "the asset's finding")
    check(items[ALL[0]]["first_seen"], "first seen")
    page = lab.server.get("/api/v1/vulnerabilities?limit=2")
    rest = lab.server.get(f"/api/v1/vulnerabilities?limit=2&after={page['next']}")
    equal(([i["id"] for i in page["items"] + rest["items"]], rest["next"], page["total"]), (ALL, None, 3), "two pages")


@story("strangers' text never reaches a terminal as it is")
def hostile(lab):
    for words in (["--cve", ALL[1]], ["why", lab.asset, ALL[1]], [], ["--asset", lab.asset], ["upgrades"]):
        out = lab.server.cli("vulns", *words).stdout
        check("\x1b" not in out and "\x07" not in out, f"{words}: {out!r}")
    check("<script>" in lab.server.cli("vulns", "--cve", ALL[1]).stdout, "the summary is not shown")


@story("an upgrade closes findings with the very next change, a downgrade opens them again")
def upgrade(lab):
    watch = Watch(lab.server)
    install(lab, openssl=FIXED)
    package = watch.wait("packages", "updated", ["openssl", FIXED])
    gone = watch.wait("vulnerabilities", "removed", [ALL[0]])
    equal(gone["no"], package["no"] + 1, "the change that closes them")
    equal(ids(lab), ALL[2:], "what is left")
    past = vulns(lab, "--cve", ALL[0])
    equal((past["total"], [p["name"] for p in past["past"]]), (0, [lab.asset]), "who had it")
    states = {v["id"]: v["analysis"]["state"] for v in sbom(lab)["vulnerabilities"]}
    equal(states[ALL[0]], "resolved", "what the bill says of it")
    install(lab, openssl="3.0.11-1")
    watch.wait("vulnerabilities", "added", [ALL[0]])
    again = next(i for i in vulns(lab, "--asset", lab.asset)["items"] if i["id"] == ALL[0])
    equal(again["reopened"], 1, "how often it came back")
    equal(vulns(lab, "--cve", ALL[0])["past"], [], "who had it and has it no more")


@story("a newer feed adds and closes; what is exploited comes first")
def feeds(lab):
    load(lab, "debian", tracker(more=[("bash", "CVE-2024-0009")], closed=[("openssl", ALL[0])]))
    wait_ids(lab, [ALL[1], ALL[2], "CVE-2024-0009"])
    load(lab, "debian", tracker())
    wait_ids(lab, ALL)
    before = {i["id"]: i["priority"] for i in vulns(lab)["items"]}
    load(lab, "kev", kev(ALL[1]))
    wait_for(lambda: ids(lab, "--exploited") == [ALL[1]], 20, "what is exploited")
    first = vulns(lab)["items"][0]
    equal((first["id"], first["is_exploited"], first["kev_due"]), (ALL[1], True, "2024-02-01"), "the most urgent")
    check(first["priority"] > before[ALL[1]] and "exploited in the wild by ransomware" in first["reason"], f"its priority: {first}")


@story("what the feeds know is a table of SQL, joined with findings, read only")
def facts(lab):
    join = "SELECT v.id, v.package, f.is_exploited, f.kev_due, f.score FROM vulnerabilities v JOIN vulnerability_facts f ON f.id = v.id"
    equal(lab.server.sql(f"{join} WHERE f.is_exploited"),
          [{"id": ALL[1], "package": "openssl", "is_exploited": 1, "kev_due": "2024-02-01", "score": None}], "what is exploited")
    equal([r["id"] for r in lab.server.sql(f"{join} ORDER BY f.id")], ALL, "all of them")
    summary = lab.server.sql(f"SELECT summary, aliases FROM vulnerability_facts WHERE id = '{ALL[0]}'")
    equal(summary, [{"summary": "overflow in X.509", "aliases": "[]"}], "one")
    for sql in ("SELECT * FROM vulnerability_facts WHERE id = 5", "SELECT * FROM vulnerability_facts WHERE id = NULL"):
        equal(lab.server.sql(sql), [], sql)
    equal(lab.server.sql("SELECT count(*) n FROM vulnerability_facts a JOIN vulnerability_facts b ON a.id > b.id")[0]["n"], 6, "a table beside itself")
    status, answer = lab.server.request("POST", "/api/v1/query", {"sql": "DELETE FROM vulnerability_facts"})
    check(status == 400 and "read-only" in json.dumps(answer), f"a deletion: {status} {answer}")
    status, answer = lab.server.request("POST", "/api/v1/query", {"sql": "SELECT * FROM inventory_lent"})
    equal(status, 400, "the module as a table")


@story("every step that led to a finding is told, and why there is none")
def why(lab):
    chain = json.loads(lab.server.cli("vulns", "why", lab.asset, ALL[0], "--json").stdout)
    entry = chain["packages"][0]["entries"][0]
    equal((chain["is_found"], chain["coverage"]["release"], entry["feed"], entry["rule"]), (True, "debian:12", "debian", "fixable"), "the chain")
    equal((entry["installed"], entry["fixed_version"]), ("3.0.11-1", FIXED), "what was compared")
    check(FIXED in entry["quote"] and entry["rule_says"] and entry["subject_rule_says"], f"the entry: {entry}")
    parts = entry["priority"]
    equal(round(parts["severity"] * parts["probability"] * parts["exposure"] * parts["decision"] / 1e6), parts["value"], "the priority of its parts")
    none = json.loads(lab.server.cli("vulns", "why", lab.asset, "CVE-2024-0004", "--json").stdout)
    equal((none["is_found"], none["packages"][0]["entries"][0]["rule"]), (False, "fixed"), "what is mended")
    text = lab.server.cli("vulns", "why", lab.asset, "CVE-2024-0004").stdout
    check("it is not affected: the installed version is at or past the fixed one" in text, text)
    unknown = lab.server.cli("vulns", "why", lab.asset, "CVE-1999-9999").stdout
    check("no feed knows this vulnerability" in unknown, unknown)


@story("a vulnerability is found by every id that a feed knows it by")
def aliases(lab):
    affected = [{"package": {"ecosystem": "npm", "name": "x"}, "versions": ["1.0.0"]}]
    load(lab, "osv-npm", {"id": "GHSA-1111-2222-3333", "modified": "2024-01-02T00:00:00Z", "aliases": [ALL[0]], "affected": affected})
    chain = json.loads(lab.server.cli("vulns", "why", lab.asset, "GHSA-1111-2222-3333", "--json").stdout)
    equal((chain["id"], chain["is_found"]), (ALL[0], True), "the chain by an alias")
    page = vulns(lab, "--cve", "GHSA-1111-2222-3333")
    equal((page["id"], len(page["affected"])), (ALL[0], 1), "the page by an alias")


@story("an advisory about several vulnerabilities names them")
def advisory(lab):
    affected = [{"package": {"ecosystem": "Ubuntu:22.04:LTS", "name": name},
                 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]} for name in ("openssl", "openssl1.0")]
    load(lab, "osv-ubuntu", {"id": "USN-1-1", "modified": "2024-01-02T00:00:00Z", "upstream": [f"UBUNTU-{i}" for i in (ALL[1], ALL[0])], "affected": affected})
    shown = vulns(lab, "--cve", "USN-1-1")
    equal([(i["id"], i["assets"], i["is_exploited"]) for i in shown["items"]], [(ALL[0], 1, False), (ALL[1], 1, True)], "what it is about")
    check(ALL[0] in lab.server.cli("vulns", "--cve", "USN-1-1").stdout, "the table does not name it")
    equal(lab.server.request("GET", "/api/v1/advisories/USN-1-2")[0], 404, "one that no feed names")
    refused = lab.server.cli("vulns", "--cve", "USN-1-2", expected=1)
    check("no asset has or had 'USN-1-2'" in refused.stderr, refused.stderr)


@story("every rule of the documentation can be told in a sentence")
def rules(lab):
    document = (ROOT / "docs" / "vulnerability-matching.md").read_text()
    source = (ROOT / "src" / "server" / "services" / "rules.c").read_text()
    told = set(re.findall(r'^\t\{ "([a-z-]+)"', source, re.M))
    # tables whose first column is a rule, up to the next heading
    parts = re.findall(r"\| rule \|.*?\n\|[-|]+\|\n(.*?)\n\n", document, re.S)
    named = {name for part in parts[:3] for row in part.splitlines() for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    check(len(named) > 20, f"the rules of the documentation: {named}")
    equal(named - told, set(), "rules that no sentence tells")


@story("a risk that is accepted is set apart, and counts again when its time is over")
def accept(lab):
    refused = lab.server.cli("vulns", "accept", ALL[0], expected=1)
    check("--reason is missing" in refused.stderr, refused.stderr)
    check("no feed and no asset knows" in lab.server.cli("vulns", "accept", "CVE-2042-1", "--reason", "x", expected=1).stderr, "a slip of the pen")
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = vulns(lab, "summary")
    lab.server.cli("vulns", "accept", ALL[0], "--asset", lab.asset, "--reason", f"behind a wall {ESCAPE}", "--until", until)
    lab.server.cli("vulns", "accept", ALL[2], "--reason", "minor")
    now = vulns(lab, "summary")
    equal((now["accepted"], now["vulnerabilities"]), (2, before["vulnerabilities"] - 2), "the summary")
    listed = {i["id"]: i for i in vulns(lab)["items"]}
    equal((listed[ALL[0]]["assets"], listed[ALL[0]]["accepted"]), (0, 1), "it stays listed")
    mine = next(i for i in vulns(lab, "--asset", lab.asset)["items"] if i["id"] == ALL[0])
    equal(mine["accepted"], 1, "the number of the acceptance")
    check("\x1b" not in lab.server.cli("vulns", "acceptances").stdout, "a reason reached the terminal as it is")
    wait_for(lambda: vulns(lab, "summary")["accepted"] == 1, 20, "it to run out")
    shown = {a["no"]: a for a in vulns(lab, "acceptances")["items"]}
    equal((shown[1]["is_expired"], shown[1]["by"], shown[2]["is_expired"]), (True, "operator", False), "what ran out stays listed")
    lab.server.cli("vulns", "unaccept", "2")
    equal(vulns(lab, "summary")["accepted"], 0, "taken back")
    equal(lab.server.request("DELETE", "/api/v1/acceptances/2")[0], 404, "twice")
    equal(lab.server.request("DELETE", "/api/v1/acceptances/x")[0], 404, "a number that is none")
    actions = [e["action"] for e in lab.server.get("/api/v1/audit?limit=5")["items"]]
    check(actions.count("accept") == 2 and "acceptance-withdraw" in actions, f"the audit log: {actions}")


@story("what closes the most risk comes first; days are counted")
def upgrades(lab):
    answer = vulns(lab, "upgrades")
    first = answer["items"][0]
    equal((first["source"], first["to_version"], first["closes"], first["cumulative_share"]), ("openssl", FIXED, 2, 1.0), "the first")
    equal(first["command"], "apt-get install --only-upgrade openssl", "its command")
    days = lab.server.get("/api/v1/vulnerabilities/trend?days=7")["items"]
    equal((len(days), sum(days[-1]["findings"].values())), (1, 3), "today")
    wait_for(lambda: lab.server.sql("SELECT * FROM trends"), 20, "the day in SQL")
    assets = lab.server.get("/api/v1/vulnerabilities/assets")
    equal((assets["total"], assets["items"][0]["name"], sum(assets["items"][0]["levels"].values())), (1, lab.asset, 3), "assets by risk")
    updates = lab.server.get(f"/api/v1/assets/{lab.asset}/updates-check")
    equal((updates["only_feed"], updates["items"][0]["package"], updates["items"][0]["vulnerabilities"]), (1, "openssl", ALL[:2]), "beside the package manager's lists")
    check(lab.server.metric("bartizan_findings") == 3, "the metric")


def sbom(lab):
    return json.loads(lab.server.cli("sbom", lab.asset).stdout)


@story("the bill of materials is CycloneDX 1.5 with VEX")
def bill(lab):
    lab.server.cli("vulns", "accept", ALL[2], "--reason", "minor")
    document = sbom(lab)
    equal((document["bomFormat"], document["specVersion"], document["version"]), ("CycloneDX", "1.5", 1), "the head")
    check(re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", document["serialNumber"]), document["serialNumber"])
    refs = [c["bom-ref"] for c in document["components"]] + [document["metadata"]["component"]["bom-ref"]]
    equal(len(set(refs)), len(refs), "bom-refs that are unique")
    purls = [c["purl"] for c in document["components"] if c["type"] == "library"]
    equal(len(purls), 8, "packages")
    for purl in purls:
        check(re.fullmatch(r"pkg:deb/debian/[A-Za-z0-9._%+-]+@[A-Za-z0-9._%:~-]+\?arch=amd64&distro=debian-12", purl), purl)
    check("pkg:deb/debian/zlib@1:1.2.13-1?arch=amd64&distro=debian-12" in purls, purls)
    system = next(c for c in document["components"] if c["type"] == "operating-system")
    equal(system["cpe"], "cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*", "the system")
    found = {v["id"]: v for v in document["vulnerabilities"]}
    equal(found[ALL[0]]["analysis"]["state"], "exploitable", "the state")
    equal(found[ALL[0]]["analysis"]["response"], ["update"], "what to do")
    equal(found[ALL[2]]["analysis"]["response"], ["will_not_fix"], "an accepted risk")
    check("accepted" in found[ALL[2]]["analysis"]["detail"], found[ALL[2]])
    for vulnerability in found.values():
        check(all(a["ref"] in refs for a in vulnerability.get("affects", [])), vulnerability)
        check(vulnerability["analysis"]["state"] == "resolved" or vulnerability["affects"], vulnerability)


@story("all of it outlives a restart, and another tenant sees nothing of it")
def restart(lab):
    before = vulns(lab)
    lab.server.stop()
    lab.server = lab.server.again(options=["--offline"])
    equal(vulns(lab), before, "the findings")
    lab.server.cli("tenants", "add", "acme")
    wait_for(lambda: lab.server.request("GET", "/api/v1/vulnerabilities?tenant=acme")[0] == 200, 20, "the tenant's file")
    equal(lab.server.get("/api/v1/vulnerabilities?tenant=acme")["total"], 0, "another tenant's findings")
    equal(lab.server.get("/api/v1/acceptances?tenant=acme")["items"], [], "another tenant's acceptances")
    equal(lab.server.request("GET", f"/api/v1/vulnerabilities/{ALL[0]}?tenant=acme")[0], 404, "another tenant's vulnerability")


if __name__ == "__main__":
    tell(Lab)
