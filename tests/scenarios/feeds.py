#!/usr/bin/env python3
"""Feeds from a mirror that misbehaves: what is refused leaves what was in force, and the operator is told."""

import datetime
import gzip
import http.server
import io
import json
import os
import pathlib
import subprocess
import tarfile
import threading
import zipfile

from lab import Agent, Lab, Server, Tree, check, equal, story, tell, wait_for

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus" / "feeds-feeds"
KEV = "/www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
REDHAT = "/security.access.redhat.com/data/csaf/v2/vex/"
NVD = "/nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-"
NPM = "/osv-vulnerabilities.storage.googleapis.com/npm/all.zip"


def sample(name):
    """A document of the fuzz target's corpus, without its first byte."""
    return (CORPUS / name).read_bytes()[1:]


def kev(count, released="2025-08-25T17:04:19.9796Z", last=""):
    entries = [{"cveID": f"CVE-2024-{1000 + i}", "dateAdded": "2024-01-01", "dueDate": "2024-02-01", "knownRansomwareCampaignUse": "Unknown",
                "shortDescription": "bad" + last} for i in range(count)]
    return json.dumps({"catalogVersion": "1", "dateReleased": released, "count": count, "vulnerabilities": entries}).encode()


def archive(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()


class Mirror(http.server.ThreadingHTTPServer):
    """answers[path] is a function of the request's handler; others are not found."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers = {}
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("If-None-Match")))
        self.server.answers.get(self.path, lambda h: h.send_error(404))(self)

    def log_message(self, *_):
        pass


def fine(body, etag=None):
    def answer(h):
        if etag and h.headers.get("If-None-Match") == etag:
            h.send_response(304)
            h.end_headers()
            return
        h.send_response(200)
        h.send_header("Content-Length", str(len(body)))
        if etag:
            h.send_header("ETag", etag)
        h.end_headers()
        h.wfile.write(body)

    return answer


def cut_off(body):
    def answer(h):
        h.send_response(200)
        h.send_header("Content-Length", str(2 * len(body)))
        h.end_headers()
        h.wfile.write(body)
        h.close_connection = True

    return answer


def status(code, **headers):
    def answer(h):
        h.send_response(code)
        for name, value in headers.items():
            h.send_header(name, value)
        h.send_header("Content-Length", "0")
        h.end_headers()

    return answer


def feed(lab, name):
    answer = lab.server.get("/api/v1/feeds")
    return next(item for item in answer["items"] if item["name"] == name), answer["knowledge"]


def refused(lab, name, words, action):
    """The action fails with these words; what is in force stays, and feed status says why."""
    before, index = feed(lab, name)
    done = action()
    check(done.returncode == 1, f"it was taken: {done.stdout}")
    after, index_after = feed(lab, name)
    check(words in (after["error"] or ""), f"the reason is {after['error']!r}; expected {words!r}")
    check(words in done.stderr, f"the command said {done.stderr!r}")
    check(words in lab.server.cli("feed", "status").stdout, "feed status does not say it")
    equal([after[k] for k in ("records", "snapshot", "updated_at")], [before[k] for k in ("records", "snapshot", "updated_at")], "what is in force")
    equal(index_after["generation"], index["generation"], "the index's generation")


def update(lab, name, answer):
    lab.mirror.answers[KEV] = answer
    return lambda: lab.server.cli("feed", "update", name, expected=None)


def file_of(lab, name, data):
    path = lab.new_folder("import") / name
    path.write_bytes(data)
    return path


def imported(lab, name, data, *words):
    path = file_of(lab, "file", data)
    return lambda: lab.server.cli("feed", "import", name, path, *words, expected=None)


@story("a feed is fetched, digested and in force")
def begin(lab):
    lab.mirror = Mirror()
    lab.mirror.answers[KEV] = fine(kev(100), '"one"')
    lab.server = Server(lab, options=["--feed-mirror", lab.mirror.url])
    lab.server.cli("feed", "update", "kev")
    item, index = feed(lab, "kev")
    equal((item["records"], item["snapshot"], item["error"]), (100, "2025-08-25T17:04:19.9796Z", None), "the feed")
    equal(index["vulnerabilities"], 100, "the index")
    check((lab.server.data / "feeds" / "knowledge").stat().st_size == index["bytes"], "the index's file")


@story("what did not change is not fetched again")
def unchanged(lab):
    before, index = feed(lab, "kev")
    lab.server.cli("feed", "update", "kev")
    after, index_after = feed(lab, "kev")
    check((KEV, '"one"') in lab.mirror.asked, "the server was not asked conditionally")
    equal(after["updated_at"], before["updated_at"], "when it was updated")
    check(after["checked_at"] > before["checked_at"], "it was not checked")
    equal(index_after["generation"], index["generation"], "the index")


@story("Red Hat's documents are fetched once an asset runs its system, from the archive that a pointer names")
def redhat(lab):
    files = io.BytesIO()
    with tarfile.open(fileobj=files, mode="w") as t:
        member = tarfile.TarInfo("2024/cve-2024-8088.json")
        member.size = len(sample("redhat-vex"))
        t.addfile(member, io.BytesIO(sample("redhat-vex")))
    packed = subprocess.run(["zstd", "-q"], input=files.getvalue(), stdout=subprocess.PIPE, check=True).stdout
    lab.mirror.answers[REDHAT + "archive_latest.txt"] = fine(b"../elsewhere.tar.zst\n")
    check(not feed(lab, "redhat")[0]["is_automatic"], "it is fetched though nobody needs it")
    refused(lab, "redhat", "does not name a file beside it", lambda: lab.server.cli("feed", "update", "redhat", expected=None))
    lab.mirror.answers[REDHAT + "archive_latest.txt"] = fine(b"csaf_vex_2026-11-01.tar.zst\n")
    lab.mirror.answers[REDHAT + "csaf_vex_2026-11-01.tar.zst"] = fine(packed, '"first"')
    tree = Tree.debian(lab.new_folder("rhel"), package_count=1)
    tree.write("etc/os-release", 'NAME="Red Hat Enterprise Linux"\nID="rhel"\nVERSION_ID="9.4"\n')
    agent = Agent(lab, lab.server, token=lab.server.token(), options=["--root", tree.folder])
    wait_for(lambda: feed(lab, "redhat")[0]["records"], 20, "Red Hat's feed")
    item = feed(lab, "redhat")[0]
    equal((item["is_automatic"], item["error"], item["next_at"] is not None), (True, None, True), "the feed")
    lab.server.cli("feed", "update", "redhat")
    check((REDHAT + "csaf_vex_2026-11-01.tar.zst", '"first"') in lab.mirror.asked, "the archive was fetched again")
    agent.stop()


def nvd_file(cve, before, made="2026-01-01T00:00:00.000"):
    """One CVE of vendor:product, fixed in a version."""
    return gzip.compress(json.dumps({"format": "NVD_CVE", "version": "2.0", "timestamp": made, "vulnerabilities": [{"cve": {
        "id": cve, "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [
            {"vulnerable": True, "criteria": "cpe:2.3:a:vendor:product:*:*:*:*:*:*:*:*", "versionEndExcluding": before}]}]}]}}]}).encode())


def nvd_asked(lab, action):
    """Which of NVD's files were asked for, and which only whether they are new."""
    lab.mirror.asked.clear()
    action()
    return sorted((path.removeprefix(NVD).split(".")[0], tag is not None) for path, tag in lab.mirror.asked if path.startswith(NVD))


@story("NVD's years are asked for once a week, what changed lately each time; this year's file need not be there yet")
def nvd(lab):
    now = datetime.date.today().year
    for year in range(2002, now):
        lab.mirror.answers[f"{NVD}{year}.json.gz"] = fine(nvd_file(f"CVE-{year}-1000", "1.0"), f'"{year}"')
    lab.mirror.answers[NVD + "modified.json.gz"] = fine(nvd_file("CVE-2003-1000", "2.0"), '"first"')
    update_now = lambda: lab.server.cli("feed", "update", "nvd")
    everything = [(str(year), False) for year in range(2002, now + 1)] + [("modified", False)]
    equal(nvd_asked(lab, update_now), everything, "what was asked for at first")
    item, _ = feed(lab, "nvd")
    equal((item["records"], item["error"]), (2 * (now - 2002), None), "an entry and facts a year: what changed replaces its year's word")
    lab.mirror.answers[NVD + "modified.json.gz"] = fine(nvd_file("CVE-2004-1000", "2.0", "2026-01-02T00:00:00.000"), '"second"')
    equal(nvd_asked(lab, update_now), [(str(now), False), ("modified", True)], "what was asked for an hour later")
    equal(feed(lab, "nvd")[0]["snapshot"], "2026-01-02T00:00:00.000", "the news are in force")
    old = lab.server.data / "feeds/nvd/2010.json.gz"
    os.utime(old, (old.stat().st_atime, old.stat().st_mtime - 8 * 86400))
    equal(nvd_asked(lab, update_now), [("2010", True), (str(now), False), ("modified", True)], "what was asked for a week later")
    (lab.server.data / "feeds/nvd/2011.json.gz").unlink()
    del lab.mirror.answers[NVD + "2011.json.gz"]
    refused(lab, "nvd", "HTTP 404", lambda: lab.server.cli("feed", "update", "nvd", expected=None))
    lab.mirror.answers[NVD + "2011.json.gz"] = fine(nvd_file("CVE-2011-1000", "1.0"))
    update_now()
    equal(feed(lab, "nvd")[0]["error"], None, "the error")


@story("an update of all feeds says which it leaves out, and how to have them")
def left_out(lab):
    said = lab.server.cli("feed", "update", expected=1).stderr  # the mirror has few of them
    check("left out, fetched by name only (or once an asset needs it): osv-debian, osv-alpine, nvd\n" in said, said)


@story("bodies that are cut off, errors and redirects elsewhere change nothing")
def broken(lab):
    refused(lab, "kev", "remaining", update(lab, "kev", cut_off(kev(100))))
    refused(lab, "kev", "HTTP 500", update(lab, "kev", status(500)))
    elsewhere = Mirror()
    elsewhere.answers["/"] = fine(kev(100, "2030-01-01T00:00:00Z"))
    refused(lab, "kev", "redirects elsewhere", update(lab, "kev", status(302, Location=elsewhere.url + "/")))
    equal(elsewhere.asked, [], "what the other server was asked")
    refused(lab, "kev", "byte", update(lab, "kev", fine(kev(100)[:5000])))


@story("an older or much smaller snapshot, and nonsense, are refused")
def nonsense(lab):
    refused(lab, "kev", "refused unless forced", update(lab, "kev", fine(kev(100, "2020-01-01T00:00:00Z"))))
    refused(lab, "kev", "only 40 records", update(lab, "kev", fine(kev(40, "2026-01-01T00:00:00Z"))))
    refused(lab, "kev", "make no sense", update(lab, "kev", fine(json.dumps({"vulnerabilities": [1, 2, 3]}).encode())))
    refused(lab, "kev", "nothing in it", update(lab, "kev", fine(b'{"vulnerabilities": []}')))
    refused(lab, "kev", "JSON", update(lab, "kev", fine(b"<html>be right back</html>")))


@story("a newer one is taken afterwards, and the error is gone")
def newer(lab):
    update(lab, "kev", fine(kev(101, "2026-01-01T00:00:00Z"), '"two"'))()
    item, _ = feed(lab, "kev")
    equal((item["records"], item["error"], item["failures"]), (101, None, 0), "the feed")


@story("an import may be forced, and only then go back")
def forced(lab):
    refused(lab, "kev", "refused unless forced", imported(lab, "kev", kev(3)))
    equal(imported(lab, "kev", kev(3), "--force")().returncode, 0, "the forced import")
    equal(feed(lab, "kev")[0]["records"], 3, "what is in force")


@story("a zip bomb is refused and a path that leads elsewhere is passed over")
def zips(lab):
    good = sample("osv-npm")
    equal(imported(lab, "auto", archive([("GHSA-1.json", good)]))().returncode, 0, "the zip")
    refused(lab, "osv-npm", "more than", imported(lab, "osv-npm", sample("zip-bomb")))
    refused(lab, "osv-npm", "broken or cut off", imported(lab, "osv-npm", archive([("GHSA-1.json", good)])[:-40]))
    many = [(f"{i}.json", good) for i in range(20)]
    equal(imported(lab, "osv-npm", archive(many + [("../../../escaped.json", good)]))().returncode, 0, "the zip with a path")
    equal(feed(lab, "osv-npm")[0]["unreadable"], 1, "names that were passed over")
    equal([str(p) for p in lab.server.data.rglob("escaped*")], [], "files that escaped")


def recog(version, wrong=b""):
    """A release of Recog's, in our own words: one file of fingerprints that hold, one of version."""
    own = (CORPUS / "recog").read_bytes()[1:]
    more = (f'<fingerprints matches="more.banner"><fingerprint pattern="^more (\\d+)$"><description>More {version}</description>'
            '<example service.version="1">more 1</example><param pos="1" name="service.version"/></fingerprint>').encode()
    return archive([("recog-main/README.md", b"not a fingerprint"), ("recog-main/features/data/bad.xml", b"<fingerprints><fingerprint"),
                    ("recog-main/xml/demo_banners.xml", own), ("recog-main/xml/more_banners.xml", more + wrong + b"</fingerprints>")])


@story("fingerprints are checked by their own examples and left as one file; broken ones leave the old in force")
def fingerprints(lab):
    file = lab.server.data / "feeds" / "fingerprints"
    lab.mirror.answers["/github.com/rapid7/recog/archive/refs/heads/main.zip"] = fine(recog("one"))
    done = lab.server.cli("feed", "update", "recog")
    equal((done.returncode, feed(lab, "recog")[0]["records"]), (0, 10), "the fetched fingerprints")
    first = file.read_bytes()
    check(b"More one" in first and b"features" not in first, "the file of fingerprints")
    whole = recog("two", b'<fingerprint pattern="(open"><description>d</description><param pos="0" name="a" value="b"/></fingerprint>')
    refused(lab, "recog", "line 1: it is no XML", imported(lab, "recog", recog("two", b"<cut")))
    refused(lab, "recog", "does not compile", imported(lab, "recog", recog("two", b'''<fingerprint pattern="(open"/>''' * 3)))
    refused(lab, "recog", "DOCTYPE", imported(lab, "recog", b"<!DOCTYPE x [<!ENTITY a 'b'>]><fingerprints matches='&a;'/>"))
    check(file.read_bytes() == first, "the file of fingerprints changed")
    equal(imported(lab, "auto", whole)().returncode, 0, "one broken pattern of eleven")
    equal(feed(lab, "recog")[0]["unreadable"], 1, "patterns that are broken")
    check(b"More two" in file.read_bytes(), "the new file of fingerprints")


@story("text from a feed reaches a terminal escaped")
def escaped(lab):
    bad = b'{"vulnerabilities": [], "\x1b[2J": 1'
    done = imported(lab, "kev", bad)()
    check(b"\x1b" not in done.stderr.encode(), "an escape sequence came through")


@story("a tenant's operators read, the platform's act, and the audit log knows")
def access(lab):
    check(lab.server.request("POST", "/api/v1/tenants", {"name": "acme"})[0] == 201, "no tenant")
    token = lab.server.request("POST", "/api/v1/operator-tokens?tenant=acme", {"name": "reader"})[1]["token"]
    equal(lab.server.request("GET", "/api/v1/feeds", token=token)[0], 200, "reading")
    equal(lab.server.request("POST", "/api/v1/feeds/kev/update", {}, token=token)[0], 403, "updating")
    equal(lab.server.request("POST", "/api/v1/feeds/kev/import", {"inbox": "0" * 16}, token=token)[0], 403, "importing")
    actions = [(e["action"], e["subject"]) for e in lab.server.get("/api/v1/audit")["items"]]
    check(("feed-update", "kev") in actions and ("feed-import", "osv-npm") in actions, f"the audit log: {actions}")


@story("the next mirror is asked where the first fails, a feed has its own, and all is asked through a proxy")
def mirrors(lab):
    broken = Mirror()
    own = Mirror()
    lab.mirror.answers[KEV] = fine(kev(100))
    server = Server(lab, options=["--feed-mirror", f"{broken.url}/,osv-npm={own.url},{lab.mirror.url}"])
    server.cli("feed", "update", "kev")
    equal([path for path, _ in broken.asked], [KEV], "what the first mirror was asked for")
    del lab.mirror.answers[KEV]
    done = server.cli("feed", "update", "kev", expected=1)
    check(done.stderr.count("HTTP 404") == 2, f"both are named: {done.stderr}")
    server.cli("feed", "update", "osv-npm", expected=None)
    check((NPM, None) in own.asked and NPM not in [path for path, _ in broken.asked + lab.mirror.asked[-1:]], "npm's own mirror")
    server.stop()
    lab.mirror.answers["http://mirror.invalid" + KEV] = fine(kev(100))
    server = Server(lab, options=["--feed-mirror", "http://mirror.invalid", "--feed-proxy", lab.mirror.url])
    server.cli("feed", "update", "kev")
    equal(lab.mirror.asked[-1][0], "http://mirror.invalid" + KEV, "what the proxy was asked for")
    server.stop()


@story("what is in force outlives a restart; an index that is damaged is built anew")
def restart(lab):
    before, index = feed(lab, "kev")
    lab.server.stop()
    path = lab.server.data / "feeds" / "knowledge"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    forgotten = lab.server.data / "feeds" / "inbox" / ("0" * 32)
    forgotten.mkdir()
    (forgotten / "000000-file").write_text("{}")
    lab.server = lab.server.again()  # without a mirror: offline
    wait_for(lambda: feed(lab, "kev")[1]["generation"] > index["generation"], 20, "a new index")
    after, index_after = feed(lab, "kev")
    equal(after["records"], before["records"], "what is in force")
    equal(index_after["vulnerabilities"], index["vulnerabilities"], "the index")
    check(not forgotten.exists(), "an import that nobody waits for is still there")
    check(lab.server.request("POST", "/api/v1/feeds/kev/update", {})[0] == 409, "an offline server fetched")


if __name__ == "__main__":
    tell(Lab)
