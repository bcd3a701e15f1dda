#!/usr/bin/env python3
"""Scopes proved by what their owner publishes: TXT records of a name server, files of a web server. Both lie, too; what is proved is looked for anew, and lapses."""

import contextlib
import json
import socket
import subprocess
import threading

from lab import Lab, Server, Skipped, check, equal, isolate, need_root, story, tell, wait_for
from lab.clock import Clock
from lab.programs import build_folder, descendants
from lab.rows import Schema
from lab.teller import DAY, REPORTS, Teller, host
from lab.tls_certificates import Certificates

HERE, DNS_PORT = "45.33.32.9", 5300  # an address that is nobody's private one, on the loopback of a network of our own
RESOLVER = f"127.0.0.1:{DNS_PORT}"
NOWHERE = ["--feed-mirror", "http://127.0.0.1:9/"]  # feeds are none of this story
PREFIX, LABEL, FILE = "bartizan-scope=", "_bartizan-challenge", ".well-known/bartizan-scope.txt"
PLACES = {"good": HERE, "wrong": HERE, "later": HERE, "moved": HERE, "big": HERE, "none": HERE, "stranger": HERE, "selfsigned": HERE, "empty": HERE,
          "loopback": "127.0.0.1", "office": "10.1.2.3", "metadata": "169.254.169.254", "six": "::1", "both": HERE}


class NameServer:
    """dnsmasq with these records; set() puts others in their place."""

    def __init__(self, lab, records):
        self.lab, self.process = lab, None
        lab.closing.append(self.stop)
        self.set(records)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def set(self, records):
        self.stop()
        words = [f"--host-record={name}.example.org,{address}" for name, address in PLACES.items()] + ["--host-record=both.example.org,127.0.0.1"]
        words += [f"--txt-record={name},{text}" for name, texts in records.items() for text in texts]
        self.process = subprocess.Popen(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", f"--port={DNS_PORT}",
                                         "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root", "--pid-file=", "--local=/org/", "--local=/arpa/",
                                         *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: is_served(DNS_PORT), 30, "the name server")


def is_served(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def web_server(lab):
    """nginx on port 443 of every address, a folder and a certificate for each name."""
    made = Certificates(lab.folder / "pki")
    made.leaf("good", names="DNS:*.example.org", common_name="example.org")
    made.leaf("stranger", names="DNS:other.example.net", common_name="other.example.net")
    made.leaf("selfsigned", names="DNS:selfsigned.example.org", self_signed=True)
    lab.web = lab.new_folder("web")
    blocks = []
    for name in PLACES:
        (lab.web / name / ".well-known").mkdir(parents=True)
        leaf = name if name in ("stranger", "selfsigned") else "good"
        more = f"location / {{ return 302 https://good.example.org/{FILE}; }}" if name == "moved" else ""
        blocks.append(f"server {{ listen 443 ssl; listen [::]:443 ssl; server_name {name}.example.org; root {lab.web / name}; {more}"
                      f" ssl_certificate {made.path(leaf + '-chain.pem')}; ssl_certificate_key {made.path(leaf + '.key')}; }}")
    config = lab.folder / "nginx.conf"
    config.write_text(f"daemon off; user root; worker_processes 1; pid {lab.folder}/nginx.pid; error_log {lab.folder}/nginx.log; events {{}} http {{ access_log {lab.folder}/access.log;"
                      + f" client_body_temp_path {lab.folder}/t1; proxy_temp_path {lab.folder}/t2; fastcgi_temp_path {lab.folder}/t3; uwsgi_temp_path {lab.folder}/t4; scgi_temp_path {lab.folder}/t5; "
                      + " ".join(blocks) + "}")
    nginx = subprocess.Popen(["nginx", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lab.closing.append(lambda: (nginx.terminate(), nginx.wait()))
    wait_for(lambda: is_served(443), 30, "the web server")
    # the system's trust store is the scenario's root alone
    store = lab.new_folder("store")
    (store / "ca-certificates.crt").write_text(made.path("root.pem").read_text())
    lab.run("mount", "--bind", store, "/etc/ssl/certs")


def scopes(lab):
    return {s["name"]: s for s in lab.server.get("/api/v1/scopes")["items"]}


def add(lab, name):
    lab.server.cli("scope", "add", name)
    return next(s for s in scopes(lab).values() if s["name"].startswith(name))


def refused(lab, name, way, words):
    """It is not proved, and everybody is told these words; what was so before stays."""
    before = scopes(lab)[name]
    done = lab.server.cli("scope", "prove", name, way, expected=1)
    after = scopes(lab)[name]
    check(words in after["failure"], f"{name}: the reason is {after['failure']!r}; expected {words!r}")
    check(words in done.stderr, f"the command said {done.stderr!r}")
    check(words in lab.server.cli("scope", "list").stdout, "the list does not say it")
    equal((after["is_proved"], after["method"]), (before["is_proved"], before["method"]), "what is proved")
    check(after["tried_at"] > (before["tried_at"] or ""), "when it was tried")


def proved(lab, name, way):
    done = lab.server.cli("scope", "prove", name, way)
    check(f"{name} is proved by {way[2:]}" in done.stdout, done.stdout)
    after = scopes(lab)[name]
    equal((after["is_proved"], after["method"], after["proved_by"], after["failure"]), (True, way[2:], "operator", None), "the scope")


def audit(lab):
    return [(e["actor"], e["action"], e["subject"]) for e in json.loads(lab.server.cli("audit", "--json").stdout)["items"]]


@story("a name server, a web server, and what is to be published")
def begin(lab):
    need_root("addresses and a trust store of its own")
    lab.run("ip", "address", "add", f"{HERE}/32", "dev", "lo")
    lab.run("ip", "address", "add", "10.1.2.3/32", "dev", "lo")
    lab.run("ip", "address", "add", "169.254.169.254/32", "dev", "lo")
    web_server(lab)
    lab.names = NameServer(lab, {})
    lab.server = Server(lab, options=[*NOWHERE, "--resolver", RESOLVER])
    done = lab.server.cli("scope", "add", "good.example.org")
    scope = scopes(lab)["good.example.org"]
    for words in (f"{LABEL}.good.example.org. TXT \"{PREFIX}{scope['token']}\"", f"https://good.example.org/{FILE}: {scope['token']}", "--statement"):
        check(words in done.stdout, done.stdout)
    equal((scope["dns_names"], scope["dns_value"], scope["https_url"]), ([f"{LABEL}.good.example.org"], PREFIX + scope["token"], f"https://good.example.org/{FILE}"), "the API")
    check(scope["dns_value"] in lab.server.cli("scope", "list").stdout, "the list")
    equal(add(lab, "45.33.32.0/23")["dns_names"], [f"{LABEL}.32.33.45.in-addr.arpa", f"{LABEL}.33.33.45.in-addr.arpa"], "a prefix of two zones")
    odd = add(lab, "45.33.34.0/25")
    equal((odd["dns_names"], odd["https_url"]), ([], None), "a prefix that no zone is")
    check("/28" in odd["dns_refusal"], odd["dns_refusal"])


@story("a TXT record proves, after none and a wrong one did not")
def by_record(lab):
    need_root("as above")
    name, at = "good.example.org", f"{LABEL}.good.example.org"
    token = scopes(lab)[name]["token"]
    refused(lab, name, "--dns", f"There is no TXT record at {at}")
    lab.names.set({at: ["v=spf1 -all", "hello"]})
    refused(lab, name, "--dns", "None of the 2 TXT records")
    lab.names.set({at: [PREFIX + "0" * 32]})
    refused(lab, name, "--dns", f"says '{PREFIX}{'0' * 32}'; it must say {PREFIX}{token}")
    # an answer that is too large for UDP comes over TCP
    lab.names.set({at: [f"{i}{'x' * 200}" for i in range(12)] + [PREFIX + "1" * 32, PREFIX + token]})
    proved(lab, name, "--dns")
    check(("operator", "scope-check", f"{name} by dns") in audit(lab), audit(lab))
    check(("operator", "scope-prove", f"{name} by dns: {token}") in audit(lab), audit(lab))
    # what was proved stays so when another way fails
    refused(lab, name, "--https", "HTTP 404")
    # a tenant's token is no other tenant's proof
    lab.server.request("POST", "/api/v1/tenants", {"name": "other"})
    lab.server.cli("scope", "add", name, "--tenant", "other")
    check("it must say" in lab.server.cli("scope", "prove", name, "--dns", "--tenant", "other", expected=1).stderr, "another tenant's")


@story("a prefix is proved in each zone that it is made of")
def by_zones(lab):
    need_root("as above")
    name = "45.33.32.0/23"
    text = scopes(lab)[name]["dns_value"]
    first, second = scopes(lab)[name]["dns_names"]
    lab.names.set({first: [text]})
    refused(lab, name, "--dns", f"There is no TXT record at {second}")
    lab.names.set({first: [text], second: [text]})
    proved(lab, name, "--dns")
    six = add(lab, "2001:db8:7::/48")
    lab.names.set({six["dns_names"][0]: [six["dns_value"]]})
    proved(lab, six["name"], "--dns")
    done = lab.server.cli("scope", "prove", "45.33.34.0/25", "--dns", expected=None)
    check(done.returncode != 0 and "/28 to /32" in done.stderr, done.stderr)
    done = lab.server.cli("scope", "prove", name, "--https", expected=None)
    check(done.returncode != 0 and "not a prefix" in done.stderr, done.stderr)


def publish(lab, name, text):
    (lab.web / name / FILE).write_text(text)


@story("a file proves a name whose certificate is trusted, and no other file does")
def by_file(lab):
    need_root("as above")
    for name in ("wrong", "moved", "big", "none", "stranger", "selfsigned", "empty", "both", "missing"):
        token = add(lab, f"{name}.example.org")["token"]
        if name != "missing":
            publish(lab, name, {"wrong": "<html>\n0123\n", "big": token + "\n" + "x" * 4096, "empty": "\n\n"}.get(name, f"# ours\r\n{token}\r\n"))
    (lab.web / "none" / FILE).unlink()
    publish(lab, "good", scopes(lab)["moved.example.org"]["token"])
    for name, words in (("wrong", "its first one is '<html>'"), ("empty", "is empty"), ("big", "larger than 4096 bytes"), ("none", "HTTP 404"),
                        ("moved", f"redirects to https://good.example.org/{FILE} (HTTP 302), which is not followed"),
                        ("stranger", "no alternative certificate subject name matches"), ("selfsigned", "self-signed certificate"), ("missing", "has no address")):
        refused(lab, f"{name}.example.org", "--https", words)
    publish(lab, "wrong", scopes(lab)["wrong.example.org"]["dns_value"])
    proved(lab, "wrong.example.org", "--https")
    # of a name with a private address, too, the other one is asked
    proved(lab, "both.example.org", "--https")
    # one address; its certificate is of a name
    address = add(lab, HERE)
    publish(lab, "good", address["token"])
    proved(lab, address["name"], "--https")


@story("a tenant cannot have the server's own network asked, unless its operator allows that")
def private(lab):
    need_root("as above")
    asked = (lab.folder / "access.log").read_text()
    wanted = {"loopback.example.org": "127.0.0.1", "office.example.org": "10.1.2.3", "metadata.example.org": "169.254.169.254", "six.example.org": "::1", "10.1.2.3/32": "10.1.2.3"}
    for name, address in wanted.items():
        token = add(lab, name.removesuffix("/32"))["token"]
        publish(lab, name.split(".")[0] if name in wanted and name[0].isalpha() else "good", token)
        refused(lab, name, "--https", f"fetches nothing from private addresses such as {address}")
    equal((lab.folder / "access.log").read_text(), asked, "what the web server was asked")
    lab.server.stop()
    lab.server = lab.server.again(options=[*NOWHERE, "--resolver", RESOLVER, "--prove-private"])
    for name in wanted:
        proved(lab, name, "--https")


@story("name servers that lie, fail or say nothing prove nothing")
def hostile(lab):
    need_root("as above")
    lab.server.stop()
    answers = {}
    liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    liar.bind(("127.0.0.1", 0))
    lab.closing.append(liar.close)

    def lie():
        with contextlib.suppress(OSError):
            while True:
                question, peer = liar.recvfrom(4096)
                for answer in answers["now"](question):
                    liar.sendto(answer, peer)

    threading.Thread(target=lie, daemon=True).start()
    lab.server = lab.server.again(options=[*NOWHERE, "--resolver", f"127.0.0.1:{liar.getsockname()[1]}"])
    token = add(lab, "later.example.org")["token"].encode()
    text = PREFIX.encode() + token
    record = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x00" + (len(text) + 1).to_bytes(2, "big") + bytes([len(text)]) + text

    def end(question):  # of the question's name, type and class; without EDNS
        return question.index(b"\0", 12) + 5

    def reply(question, flags, count, body, number=None):
        return (number or question[:2]) + flags + b"\0\1" + count.to_bytes(2, "big") + b"\0\0\0\0" + question[12:end(question)] + body

    for words, answer in (("SERVFAIL", lambda q: [reply(q, b"\x81\x82", 0, b"")]),
                          ("refused to answer", lambda q: [reply(q, b"\x81\x85", 0, b"")]),
                          ("is of no use", lambda q: [reply(q, b"\x81\x80", 1, record[:-5])]),  # cut short
                          ("is of no use", lambda q: [reply(q, b"\x81\x80", 1, b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x00\x00\x05\xff" + text[:4])]),  # a string past its record
                          ("There is no TXT record", lambda q: [reply(q, b"\x81\x80", 1, record[:2] + b"\x00\x01" + record[4:])]),  # an address that is text
                          ("There is no TXT record", lambda q: [reply(q, b"\x81\x83", 0, b"")]),
                          # somebody else's answer comes first
                          ("There is no TXT record", lambda q: [reply(q, b"\x81\x80", 1, record, bytes(b ^ 1 for b in q[:2])), reply(q, b"\x81\x80", 0, b"")])):
        answers["now"] = answer
        refused(lab, "later.example.org", "--dns", words)
    answers["now"] = lambda q: [reply(q, b"\x81\x80", 1, record)]
    proved(lab, "later.example.org", "--dns")


@story("who asks too often is told to wait, and one look at a time is enough")
def often(lab):
    need_root("as above")
    lab.server.stop()
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    lab.closing.append(silent.close)
    lab.server = lab.server.again(options=[*NOWHERE, "--resolver", f"127.0.0.1:{silent.getsockname()[1]}"])
    ask = lambda: lab.server.request("POST", "/api/v1/scopes/proof", {"name": "none.example.org", "method": "dns"})
    equal(ask()[0], 202, "the first")
    looks = lambda: next((p for p, n in descendants(lab.server.pid).items() if n == "feeds: prove"), None)
    child = wait_for(looks, 30, "the process that looks")
    status, body = ask()
    check(status == 409 and "being checked now" in body["error"]["message"], (status, body))
    lab.run("kill", "-9", child)
    wait_for(lambda: "was ended" in (scopes(lab)["none.example.org"]["failure"] or ""), 30, "the failure")
    asked = 1
    while asked < 20:
        status, body = wait_for(lambda: next((a for a in [ask()] if "being checked now" not in str(a)), None), 30, "the look before to end")
        if status != 202:
            break
        asked += 1
        lab.run("kill", "-9", wait_for(looks, 30, "the process that looks"))
    check(status == 409 and "very often" in body["error"]["message"] and asked >= 10, (asked, status, body))


@story("a statement is kept whole, with who made it, in the audit log's chain", deadline_s=60)
def statement(lab):
    need_root("as above")
    text = "Ours by contract 77; " + "allowed by the owner, J. Doe, " * 32
    lab.server.cli("scope", "prove", "none.example.org", "--statement", text[:1000])
    after = scopes(lab)["none.example.org"]
    equal((after["is_proved"], after["method"], after["statement"], after["proved_by"], after["failure"]), (True, "statement", text[:1000], "operator", None), "the scope")
    check(("operator", "scope-prove", f"none.example.org by statement: {text[:1000]}") in audit(lab), audit(lab)[:3])
    lab.server.cli("audit", "verify")
    equal(lab.server.request("POST", "/api/v1/scopes/proof", {"name": "none.example.org", "method": "dns", "statement": "both"})[0], 400, "a statement that is none")
    equal(lab.server.request("POST", "/api/v1/scopes/proof", {"name": "none.example.org", "method": "oath"})[0], 400, "another method")
    equal(lab.server.request("POST", "/api/v1/scopes/proof", {"name": "nobody.example.org", "method": "dns"})[0], 404, "another scope")
    lab.server.stop()


@story("a proof that is gone is told, and lapses after a week; an offline server says that it asks nobody", deadline_s=300)
def lapse(lab):
    need_root("as above")
    if not (build_folder("release") / "bartizand").exists():
        raise Skipped("the clock can be moved in a release build alone")
    clock = Clock(lab)
    clock.set(0)
    options = [*NOWHERE, "--resolver", RESOLVER]
    lab.server = Server(lab, env=clock.env, build="release", options=options)
    lab.schema = Schema(lab.server)
    name = "45.33.32.0/24"
    scope = add(lab, name)
    here = {scope["dns_names"][0]: [scope["dns_value"]]}
    lab.names.set(here)
    proved(lab, name, "--dns")
    other = add(lab, "statement.example.org")["name"]
    lab.server.cli("scope", "prove", other, "--statement", "ours, by contract")
    scanner = Teller(lab, REPORTS, "scanner")
    scanner.tell("scan_hosts", host("45.33.32.77", name))
    found = lambda: [row["address"] for row in lab.server.sql("SELECT address FROM scanned_hosts")]
    equal(found(), ["45.33.32.77"], "what was found counts")
    checked = scopes(lab)[name]["checked_at"]
    clock.set(DAY + 3600)
    wait_for(lambda: scopes(lab)[name]["checked_at"] > checked, 40, "a second look after a day")
    lab.names.set({})
    clock.set(2 * DAY + 7200)
    failing = wait_for(lambda: scopes(lab)[name]["failing_since"] and scopes(lab)[name], 40, "the look that finds nothing")
    equal((failing["is_proved"], found()), (True, ["45.33.32.77"]), "it is still proved")
    check("nothing is scanned from" in failing["failure"] and "There is no TXT record" in failing["failure"], failing["failure"])
    # it is there again: all is well
    lab.names.set(here)
    clock.set(2 * DAY + 5 * 3600)
    wait_for(lambda: scopes(lab)[name]["failure"] is None, 40, "the look that finds it again")
    equal(scopes(lab)[name]["failing_since"], None, "since when it fails")
    lab.names.set({})
    clock.set(4 * DAY)
    wait_for(lambda: scopes(lab)[name]["failing_since"], 40, "the look that finds nothing")
    clock.set(10 * DAY + 12 * 3600)
    wait_for(lambda: scopes(lab)[name]["tried_at"] > scopes(lab)[name]["failing_since"], 40, "a later look")
    equal(scopes(lab)[name]["is_proved"], True, "less than seven days")
    clock.set(11 * DAY + 3600)
    lapsed = wait_for(lambda: not scopes(lab)[name]["is_proved"] and scopes(lab)[name], 40, "the proof to lapse")
    check("has lapsed" in lapsed["failure"], lapsed["failure"])
    equal((lapsed["method"], lapsed["proved_at"], found()), (None, None, []), "nothing of it counts")
    check(any(e[:2] == ("server", "scope-lapse") and e[2].startswith(name) for e in audit(lab)), audit(lab))
    check(scopes(lab)[other]["is_proved"], "a statement does not lapse")
    check("has lapsed" in lab.server.cli("scope", "list").stdout, "the list")
    lab.names.set(here)
    proved(lab, name, "--dns")
    equal(found(), ["45.33.32.77"], "what was found counts again")
    lab.server.stop()
    lab.server = Server(lab, lab.server.data, env=clock.env, build="release", options=["--offline"])
    done = lab.server.cli("scope", "prove", name, "--dns", expected=None)
    check(done.returncode != 0 and "--offline" in done.stderr, done.stderr)
    clock.set(13 * DAY)
    wait_for(lambda: "--offline" in (scopes(lab)[name]["failure"] or ""), 40, "an offline server's look")


if __name__ == "__main__":
    isolate()
    tell(Lab)
