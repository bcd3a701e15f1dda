#!/usr/bin/env python3
"""The running server against openapi.yaml: every operation is asked, every answer held against its schema.

api_contract.py [--url URL --token-file FILE --ca FILE] [--programs DIR]

Without --url it starts a server of its own from DIR (default: build/test, else build/release), and, where the agent is
there too, enrols this machine once. Prints TAP. Needs nothing but Python and python3-yaml.
"""
import argparse
import datetime
import gzip
import http.client
import json
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 30
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


# --- TAP ---

class Tap:
    def __init__(self):
        self.number = 0
        self.failed = 0

    def check(self, name, problem):
        """problem: None or "" where all is well."""
        self.number += 1
        if problem:
            self.failed += 1
            print(f"not ok {self.number} - {name}")
            for line in str(problem).splitlines():
                print(f"# {line}")
        else:
            print(f"ok {self.number} - {name}")
        sys.stdout.flush()

    def done(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


# --- YAML 1.2, in which `no` is a word: PyYAML speaks 1.1 ---

class Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))


# --- a small JSON Schema validator: what openapi.yaml uses ---

TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool,
    "integer": int, "number": (int, float), "null": type(None),
}


def is_type(value, name):
    if name in ("integer", "number") and isinstance(value, bool):
        return False
    return isinstance(value, TYPES[name])


class Validator:
    KNOWN = {"$ref", "allOf", "type", "required", "properties", "items", "enum", "const", "format",
             "description", "minimum", "maximum", "maxLength", "pattern", "default"}

    def __init__(self, contract):
        self.contract = contract

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.contract
            for part in schema["$ref"].lstrip("#/").split("/"):
                node = node[part]
            schema = node
        return schema

    def problem(self, value, schema, where="answer", is_closed=True):
        schema = self.resolve(schema)
        unknown = set(schema) - self.KNOWN
        if unknown:
            return f"{where}: the validator does not know {sorted(unknown)}"
        for part in schema.get("allOf", []):
            found = self.problem(value, part, where, is_closed=False)
            if found:
                return found
        if "const" in schema and value != schema["const"]:
            return f"{where}: {value!r} instead of {schema['const']!r}"
        if "enum" in schema and value not in schema["enum"]:
            return f"{where}: {value!r} is none of {schema['enum']}"
        if "type" in schema:
            names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            if not any(is_type(value, name) for name in names):
                return f"{where}: {value!r} is not of type {names}"
        if isinstance(value, dict):
            return self.object_problem(value, schema, where, is_closed)
        if isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                found = self.problem(item, schema["items"], f"{where}[{index}]")
                if found:
                    return found
        if isinstance(value, str) and schema.get("format") == "date-time":
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
                return f"{where}: {value!r} is not RFC 3339 with milliseconds in UTC"
        return None

    def object_problem(self, value, schema, where, is_closed):
        for name in schema.get("required", []):
            if name not in value:
                return f"{where}: {name} is missing"
        properties = schema.get("properties", {})
        for name, member in value.items():
            if name in properties:
                found = self.problem(member, properties[name], f"{where}.{name}")
                if found:
                    return found
            elif properties and is_closed and "allOf" not in schema:
                return f"{where}: {name} is not in the contract"
        return None


# --- HTTP ---

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def message(self):
        try:
            return self.json()["error"]["message"]
        except (ValueError, KeyError, TypeError):
            return ""


class Client:
    def __init__(self, url, ca):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.netloc = parts.netloc
        self.context = ssl.create_default_context(cafile=ca)

    def connect(self, timeout=DEADLINE_S):
        return http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=timeout)

    def ask(self, method, path, token=None, body=None, headers=None, query=None):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = "Bearer " + token
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = self.connect()
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def stream(self, path, token, wanted, headers=None, deadline_s=10):
        """The first `wanted` events of a stream as dicts of their fields."""
        connection = self.connect(deadline_s)
        events = []
        try:
            connection.request("GET", path, headers={"Authorization": "Bearer " + token, **(headers or {})})
            response = connection.getresponse()
            if response.status != 200:
                return response.status, response.headers, [response.read()]
            event = {}
            while len(events) < wanted:
                line = response.readline().decode().rstrip("\n")
                if not line and "data" in event:
                    events.append(event)
                    event = {}
                elif line and not line.startswith(":"):
                    name, _, value = line.partition(":")
                    event[name] = value.strip()
            return response.status, response.headers, events
        finally:
            connection.close()


# --- a server of our own ---

class Server:
    def __init__(self, programs):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bartizan-contract-"))
        self.data = self.folder / "data"
        self.log = open(self.folder / "log", "w+")
        self.process = subprocess.Popen(
            [programs / "bartizand", "--data", self.data, "--sensors", "127.0.0.1:0", "--api", "127.0.0.1:0", "--offline"],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        ready = self.process.stdout.readline()
        match = re.match(r"ready sensors=(\S+) api=(\S+)", ready)
        if not match:
            self.stop()
            raise SystemExit(f"bartizand did not start: {ready!r}\n{(self.folder / 'log').read_text()}")
        self.sensors, self.url = match.groups()
        self.token_file = self.data / "operator.token"
        self.ca = self.data / "ca.pem"

    def enrol(self, agent, token):
        """This machine, once. Without an agent there is no asset, and less is checked."""
        if agent.exists():
            subprocess.run([agent, "--state", self.folder / "agent", "--server", self.sensors, "--ca", self.ca,
                            "--token", token, "--once"], check=True, timeout=60, stderr=self.log)

    def know(self, bartizan):
        """A small feed, so that there are findings."""
        if bartizan.exists():
            subprocess.run([bartizan, "--data", self.data, "feed", "import", "debian", ROOT / "tests/fixtures/feeds/debian-tracker-small.json", "--force"],
                           check=True, timeout=60, stdout=self.log, stderr=self.log)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# --- the checks ---

class Contract:
    def __init__(self, client, token, tap):
        self.client, self.token, self.tap = client, token, tap
        self.text = client.ask("GET", "/openapi.yaml").body
        self.contract = yaml.load(self.text, Loader)
        self.validator = Validator(self.contract)
        self.operations = {operation["operationId"]: (method.upper(), path, operation)
                           for path, methods in self.contract["paths"].items()
                           for method, operation in methods.items()}
        self.asked = set()

    def answers(self, operation_id, status, name=None, token=None, body=None, query=None, path=None, headers=None,
                is_anonymous=False):
        """Asks, and checks status and body against the contract. Returns the answer."""
        method, template, operation = self.operations[operation_id]
        self.asked.add(operation_id)
        filled = template.format(**(path or {})) if path else template
        answer = self.client.ask(method, filled, None if is_anonymous else token or self.token, body, headers, query)
        name = name or operation["summary"].splitlines()[0]
        self.tap.check(f"{operation_id} {status}: {name}", self.problem(operation, answer, status))
        return answer

    def problem(self, operation, answer, status):
        if answer.status != status:
            return f"status {answer.status} instead of {status}: {answer.body[:300]!r}"
        if str(status) not in operation["responses"]:
            return f"the contract does not know status {status} here"
        described = self.validator.resolve(operation["responses"][str(status)])
        if answer.headers.get("Content-Security-Policy") is None or answer.headers.get("X-Content-Type-Options") != "nosniff":
            return "security headers are missing"
        if "content" not in described:
            return "there is a body where none is described" if answer.body else None
        (media, described), = described["content"].items()
        if not answer.headers.get("Content-Type", "").startswith(media):
            return f"content type {answer.headers.get('Content-Type')} instead of {media}"
        if media != "application/json":
            return None
        found = self.validator.problem(answer.json(), described["schema"])
        if not found and status >= 400 and len(answer.message()) < 15:
            found = f"the message does not say what to do: {answer.message()!r}"
        return found

    # each of these is a chapter

    def everybody(self):
        self.answers("health", 200, is_anonymous=True)
        self.answers("openapi", 200, is_anonymous=True)
        self.answers("ca", 200, is_anonymous=True)
        self.tap.check("openapi.yaml is the one in the tree",
                       None if self.text == (ROOT / "src/server/api/openapi.yaml").read_bytes() else "they differ")
        page = self.client.ask("GET", "/", headers={"Accept-Encoding": "gzip"})
        self.tap.check("the console is served, compressed, with an ETag",
                       None if page.status == 200 and b"<html" in gzip.decompress(page.body) and page.headers["ETag"]
                       else f"{page.status} {page.headers}")
        again = self.client.ask("GET", "/", headers={"If-None-Match": page.headers["ETag"] or ""})
        self.tap.check("what the browser has is not sent again", None if again.status == 304 else again.status)
        head = self.client.ask("HEAD", "/healthz")
        self.tap.check("HEAD is GET without the body", None if head.status == 200 and not head.body else head.status)
        wrong = self.client.ask("PUT", "/api/v1/assets", self.token)
        self.tap.check("405 names the methods that there are",
                       None if wrong.status == 405 and wrong.headers["Allow"] == "GET, HEAD" else wrong.headers)

    def without_a_token(self):
        for operation_id, (method, template, operation) in self.operations.items():
            if operation.get("security") == []:
                continue
            path = template.format(id="0000000000000000", table="users", name="default", vulnerability="CVE-2024-0001", advisory="DSA-1-1", no="1")
            body = b"{}" if method == "POST" else None
            for name, token in (("no token", None), ("a wrong token", "btz_" + "A" * 43)):
                answer = self.client.ask(method, path, token, body)
                self.tap.check(f"{operation_id} 401: {name}", self.problem(operation, answer, 401))

    def sessions(self):
        mine = self.answers("getSession", 200).json()
        self.tap.check("the operator's token is the platform's", None if mine["is_platform"] else mine)
        self.answers("signIn", 400, "neither token nor code", body={}, is_anonymous=True)
        self.answers("signIn", 400, "both", body={"token": "a", "code": "b"}, is_anonymous=True)
        self.answers("signIn", 400, "not JSON", body=b"{", is_anonymous=True)
        self.answers("signIn", 401, "a wrong token", body={"token": "btz_wrong"}, is_anonymous=True)
        self.answers("signIn", 401, "a wrong code", body={"code": "wrong"}, is_anonymous=True)
        link = self.answers("createSigninLink", 201).json()
        signed_in = self.answers("signIn", 200, "by a code", body={"code": link["code"]}, is_anonymous=True)
        self.answers("signIn", 401, "the same code again", body={"code": link["code"]}, is_anonymous=True)
        cookie = signed_in.headers["Set-Cookie"] or ""
        self.tap.check("the cookie is HttpOnly, Secure and SameSite=Strict",
                       None if all(f in cookie for f in ("bartizan_session=", "HttpOnly", "Secure", "SameSite=Strict"))
                       else cookie)
        session = {"Cookie": cookie.split(";")[0]}
        own = {**session, "Origin": "https://" + self.client.netloc}
        self.answers("getSession", 200, "by the cookie", headers=session, is_anonymous=True)
        for name, headers in (("no Origin", session), ("another Origin", {**session, "Origin": "https://evil.example"})):
            answer = self.client.ask("POST", "/api/v1/enrolment-tokens", None, b"{}", headers)
            self.tap.check(f"a POST by cookie with {name} is refused", None if answer.status == 403 else answer.status)
        self.answers("createEnrolmentToken", 201, "by cookie from the console's own pages", body={}, headers=own,
                     is_anonymous=True)
        self.answers("signOut", 204, headers=own, is_anonymous=True)
        self.answers("getSession", 401, "after signing out", headers=session, is_anonymous=True)

    def events(self):
        self.answers("listEvents", 200, query={"kind": "logins", "since": "2026-01-01T00:00:00Z", "limit": 5})
        for query in ({"kind": "nothing"}, {"since": "yesterday"}, {"before": 0}):
            self.answers("listEvents", 400, f"{query}", query=query)
        self.answers("listEvents", 404, "an unknown asset", query={"asset": "0000000000000000"})

    def policies(self, asset, sensor):
        document = {"collectors": {"packages": {"period_s": 3600}}, "events": {"logins": {"enabled": True}},
                    "files": {"paths": ["/srv"]}, "budget": {"cpu_permille": 20}}
        name = "tag:contract"
        self.answers("getPolicy", 404, "one that is not there", path={"name": name})
        made = self.answers("putPolicy", 200, path={"name": name}, body=document).json()
        self.tap.check("it is shown as it was written", None if made["policy"] == document else made)
        self.answers("putPolicy", 400, "what is not known", path={"name": name}, body={"command": "rm"})
        self.answers("putPolicy", 400, "a name that is none", path={"name": "contract"}, body={})
        self.answers("getPolicy", 200, path={"name": name})
        listed = self.answers("listPolicies", 200).json()["items"]
        self.tap.check("it is listed", None if name in [p["name"] for p in listed] else listed)
        if asset:
            self.answers("putAssetTags", 200, path={"id": asset}, body={"add": ["contract"]})
            self.answers("putAssetTags", 400, "a tag that is none", path={"id": asset}, body={"tags": ["A"]})
            self.answers("putAssetTags", 404, "an unknown asset", path={"id": "0000000000000000"}, body={"tags": []})
            tags = self.answers("getAssetTags", 200, path={"id": asset}).json()["tags"]
            self.tap.check("the asset has the tag", None if "contract" in tags else tags)
            applies = self.answers("getAssetPolicy", 200, path={"id": asset}).json()
            self.tap.check("the policy applies to it", None if name in applies["made_of"] else applies)
            self.answers("putAssetTags", 200, "removing it", path={"id": asset}, body={"remove": ["contract"]})
        if sensor:
            self.answers("getSensor", 200, path={"id": sensor})
        self.answers("getSensor", 404, "an unknown sensor", path={"id": "0000000000000000"})
        self.answers("deletePolicy", 204, path={"name": name})
        self.answers("deletePolicy", 404, "once more", path={"name": name})

    def operators(self, name, token):
        """Revokes the tenant's token: the last thing that is done with it."""
        listed = self.answers("listOperatorTokens", 200).json()["items"]
        mine = [t for t in listed if t["tenant"] == name]
        self.tap.check("the tenant's token is listed", None if len(mine) == 1 else listed)
        self.answers("listOperatorTokens", 403, "a tenant's token", token=token)
        self.answers("revokeOperatorToken", 404, "an unknown one", path={"id": "0000000000000000"})
        root = [t for t in listed if t["tenant"] is None]
        if len(root) == 1:
            self.answers("revokeOperatorToken", 409, "the last one of the platform", path={"id": root[0]["id"]})
        self.answers("revokeOperatorToken", 204, path={"id": mine[0]["id"]})
        self.answers("listAssets", 401, "with the revoked token", token=token)

    def tenants(self):
        name = "t" + format(time.time_ns(), "x")
        self.answers("listTenants", 200)
        self.answers("createTenant", 201, body={"name": name})
        self.answers("createTenant", 409, "the same again", body={"name": name})
        for bad in ("", "Upper", "-x", "a" * 64, "../x", "ä"):
            self.answers("createTenant", 400, f"the name {bad!r}", body={"name": bad})
        self.answers("createTenant", 400, "no name", body={})
        self.answers("createOperatorToken", 404, "an unknown tenant", body={"name": "x"}, query={"tenant": "nobody"})
        self.answers("createOperatorToken", 400, "no name", body={}, query={"tenant": name})
        made = self.answers("createOperatorToken", 201, body={"name": "contract"}, query={"tenant": name}).json()
        return name, made["token"]

    def feeds(self, token):
        self.answers("listFeeds", 200)
        self.answers("listFeeds", 200, "a tenant's token", token=token)
        self.answers("updateFeed", 404, "no such feed", path={"name": "nothing"})
        self.answers("updateFeed", 409, "one that is only imported", path={"name": "redhat"})
        self.answers("updateFeed", 403, "a tenant's token", token=token, path={"name": "kev"})
        self.answers("importFeed", 403, "a tenant's token", token=token, path={"name": "kev"}, body={"inbox": "0" * 16})
        self.answers("importFeed", 400, "no folder", path={"name": "kev"}, body={})
        self.answers("importFeed", 404, "no such feed", path={"name": "nothing"}, body={"inbox": "0" * 16})
        self.answers("importFeed", 202, "a folder that is not there: the feed's status says so", path={"name": "kev"},
                     body={"inbox": "0" * 16, "force": True})

    def vulnerabilities(self, asset):
        summary = self.answers("summariseVulnerabilities", 200).json()
        self.answers("vulnerabilityTrend", 200, query={"days": 3})
        self.answers("vulnerabilityTrend", 400, "no days", query={"days": 0})
        self.answers("listUpgrades", 200, query={"limit": 5})
        self.answers("listVulnerableAssets", 200, query={"limit": 5})
        self.answers("listVulnerableAssets", 400, "a page that is none", query={"after": "0000000000000000"})
        page = self.answers("listVulnerabilities", 200, query={"limit": 5, "accepted": "false"}).json()
        self.tap.check("as many as the summary says", None if page["total"] == summary["vulnerabilities"] else page["total"])
        for query in ({"level": "worst"}, {"status": "x"}, {"exposure": "x"}, {"exploited": "yes"}, {"after": "CVE-1"}, {"limit": 0}):
            self.answers("listVulnerabilities", 400, f"{query}", query=query)
        self.answers("getVulnerability", 404, "one that nobody has", path={"vulnerability": "CVE-1999-99999"})
        self.answers("getAdvisory", 404, "one that no feed names", path={"advisory": "DSA-1-1"})
        known = page["items"][0]["id"] if page["items"] else None
        if known:
            one = self.answers("getVulnerability", 200, path={"vulnerability": known}).json()
            self.tap.check("who is affected is who is counted", None if one["total"] == one["assets"] + one["accepted"] else one)
        self.acceptances(known)
        self.estate(asset)
        if asset:
            self.exposed(asset, known or "CVE-1999-99999", summary["knowledge"]["generation"] > 0)

    def estate(self, asset):
        """What scanners find; here nobody scans."""
        for operation_id in ("getMap", "getTlsGrades", "getTlsTrend", "listAlerts", "listExpiringCertificates", "listExposures", "listPortHolders", "listPorts",
                             "listScopes", "listServices"):
            self.answers(operation_id, 200)
        self.answers("listExposures", 400, "a level that is none", query={"level": "worst"})
        self.answers("listPorts", 400, "a port that is none", query={"port": 65536})
        self.answers("listPortHolders", 400, "a port that is none", query={"port": 65536})
        self.answers("listServices", 200, "by program", query={"by": "product"})
        self.answers("listServices", 400, "by what is none", query={"by": "vendor"})
        self.answers("getTlsTrend", 400, "days that are none", query={"days": 0})
        self.answers("listExpiringCertificates", 400, "days that are none", query={"days": -1})
        self.answers("listAlerts", 400, "a cursor that is none", query={"after": "x"})
        for body in ({}, {"name": "127.0.0.0/8"}, {"name": "x"}, {"name": "192.0.2.0/24", "ports": "x"}, {"name": "192.0.2.0/24", "from_minute": 1440},
                     {"name": "192.0.2.0/24", "scan": True}):
            self.answers("putScope", 400, f"{body}", body=body)
        self.answers("putScope", 404, "a scanner that is not there", body={"name": "192.0.2.0/24", "scanner": "0000000000000000"})
        made = self.answers("putScope", 200, body={"name": "192.0.2.7/24", "period_s": 86400, "ports": "22,80-90"}).json()
        self.tap.check("it has one spelling", None if made["name"] == "192.0.2.0/24" else made)
        listed = self.answers("listScopes", 200, "with one").json()["items"]
        self.tap.check("it is listed, and not proved", None if [(s["name"], s["is_proved"]) for s in listed] == [("192.0.2.0/24", False)] else listed)
        self.answers("proveScope", 400, "without a statement", body={"name": "192.0.2.0/24"})
        self.answers("proveScope", 404, "one that is not registered", body={"name": "198.51.100.0/24", "statement": "ours"})
        self.answers("proveScope", 204, body={"name": "192.0.2.0/24", "statement": "ours"})
        self.answers("listScopes", 200, "with one that is proved")
        self.answers("removeScope", 204, path={"name": "192.0.2.0%2F24"})
        self.answers("removeScope", 404, "once more", path={"name": "192.0.2.0%2F24"})
        self.answers("listJoins", 404, "an unknown asset", path={"id": "0000000000000000"})
        if asset:
            self.answers("listJoins", 200, path={"id": asset})
            self.answers("decideJoin", 400, "no address", path={"id": asset}, body={"address": "x", "scope": "192.0.2.0/24"})
            self.answers("decideJoin", 204, path={"id": asset}, body={"address": "192.0.2.9", "scope": "192.0.2.0/24", "is_join": False})
            self.answers("listJoins", 200, "with a decision", path={"id": asset})

    def acceptances(self, known):
        self.answers("listAcceptances", 200)
        for body in ({}, {"vulnerability": "CVE-1"}, {"vulnerability": "CVE-1", "reason": " "}, {"vulnerability": "CVE-1", "reason": "x", "until": "soon"},
                     {"vulnerability": "CVE-1", "reason": "x", "until": "2020-01-01"}, {"vulnerability": "CVE-1", "reason": "x", "who": "me"}):
            self.answers("accept", 400, f"{body}", body=body)
        self.answers("accept", 404, "one that nobody knows", body={"vulnerability": "CVE-1999-99999", "reason": "x"})
        self.answers("withdrawAcceptance", 404, "one that is not there", path={"no": "999999"})
        if known:
            made = self.answers("accept", 201, body={"vulnerability": known, "reason": "of a test", "until": "2999-12-31"}).json()
            listed = self.answers("listAcceptances", 200, "with one").json()["items"]
            self.tap.check("it is listed as it was made", None if made in listed else listed)
            accepted = self.answers("listVulnerabilities", 200, "accepted ones", query={"accepted": "true"}).json()["items"]
            self.tap.check("and set apart at once", None if known in [v["id"] for v in accepted] else accepted)
            self.answers("withdrawAcceptance", 204, path={"no": str(made["no"])})
            self.answers("withdrawAcceptance", 404, "once more", path={"no": str(made["no"])})

    def exposure_acceptances(self, asset):
        self.answers("listTlsRules", 200)
        self.answers("listCertificateHolders", 200, query={"fingerprint": "00"})
        self.answers("listExposureAcceptances", 200, query={"ended": "true"})
        self.answers("listExposureAcceptances", 400, "something else than true or false", query={"ended": "x"})
        self.answers("listExposures", 400, "something else than true or false", query={"accepted": "x"})
        good = {"asset": asset, "rule": "telnet", "subject": "tcp 192.0.2.1:23", "reason": "of a test"}
        for body in ({}, {**good, "reason": " "}, {**good, "until": "2001-01-01"}, {**good, "until": "soon"}, {**good, "more": 1}):
            self.answers("acceptExposure", 400, f"{body}", body=body)
        self.answers("acceptExposure", 404, "an exposure that is not there", body=good)
        self.answers("acceptExposure", 404, "an unknown asset", body={**good, "asset": "0000000000000000"})
        self.answers("withdrawExposureAcceptance", 404, "one that is not there", path={"no": "999999"})
        self.answers("withdrawExposureAcceptance", 404, "no number", path={"no": "x"})

    def exposed(self, asset, known, has_feeds):
        self.exposure_acceptances(asset)
        self.answers("getAssetVulnerabilities", 200, path={"id": asset}, query={"limit": 5})
        self.answers("getAssetVulnerabilities", 400, "a level that is none", path={"id": asset}, query={"level": "x"})
        self.answers("explainVulnerability", 200 if has_feeds else 503, path={"id": asset, "vulnerability": known})
        self.answers("getSbom", 200, path={"id": asset})
        self.answers("checkUpdates", 200, path={"id": asset})
        for operation_id in ("getAssetVulnerabilities", "explainVulnerability", "getSbom", "checkUpdates"):
            self.answers(operation_id, 404, "an unknown asset", path={"id": "0000000000000000", "vulnerability": known})

    def isolation(self, name, token, asset, sensor):
        mine = self.answers("getSession", 200, "a tenant's token", token=token).json()
        self.tap.check("a tenant's token knows its own tenant only",
                       None if mine["tenants"] == [name] and not mine["is_platform"] else mine)
        seen = self.answers("listTenants", 200, "by a tenant's token", token=token).json()
        self.tap.check("and lists no other", None if [t["name"] for t in seen["items"]] == [name] else seen)
        for operation_id in ("metrics", "listAudit"):
            self.answers(operation_id, 403, "a tenant's token", token=token)
        self.answers("createTenant", 403, "a tenant's token", token=token, body={"name": "x"})
        self.answers("createOperatorToken", 403, "a tenant's token", token=token, body={"name": "x"})
        other = {"tenant": "default"}
        self.answers("createEnrolmentToken", 404, "another tenant", token=token, body={}, query=other)
        for path in ("overview", "assets", "changes", "events", "policies", "sensors", "stream", "vulnerabilities", "vulnerabilities/summary",
                     "vulnerabilities/upgrades", "vulnerabilities/assets", "vulnerabilities/trend", "acceptances", "exposures", "exposures/acceptances", "alerts", "ports",
                     "ports/holders", "services", "certificates/expiring", "certificates/holders", "tls/grades", "tls/trend", "map", "scopes"):
            answer = self.client.ask("GET", "/api/v1/" + path, token, query=other)
            self.tap.check(f"another tenant's {path} does not exist", None if answer.status == 404 else answer.status)
        answer = self.client.ask("POST", "/api/v1/query", token, {"sql": "SELECT * FROM assets"}, query=other)
        self.tap.check("another tenant cannot be queried", None if answer.status == 404 else answer.status)
        if asset:
            self.answers("getAsset", 404, "another tenant's asset", token=token, path={"id": asset})
            self.answers("getAssetTable", 404, "another tenant's asset", token=token, path={"id": asset, "table": "users"})
            self.answers("getAssetHistory", 404, "another tenant's asset", token=token, path={"id": asset})
            for operation_id in ("getAssetVulnerabilities", "explainVulnerability", "getSbom", "checkUpdates"):
                self.answers(operation_id, 404, "another tenant's asset", token=token, path={"id": asset, "vulnerability": "CVE-2024-0001"})
            self.answers("revokeSensor", 404, "another tenant's sensor", token=token, path={"id": sensor})
            self.answers("stream", 404, "another tenant's asset", token=token, query={"asset": asset})
        rows = self.answers("query", 200, "its own, empty inventory", token=token,
                            body={"sql": "SELECT count(*) FROM assets"}).json()
        self.tap.check("and sees none of the others' assets", None if rows["rows"] == [[0]] else rows)

    def reading(self):
        self.answers("overview", 200)
        self.answers("schema", 200)
        self.answers("metrics", 200)
        self.answers("listAudit", 200)
        sensors = self.answers("listSensors", 200).json()["items"]
        rate = self.answers("changeRate", 200, query={"minutes": 7}).json()
        self.tap.check("as many minutes as asked for", None if len(rate["counts"]) == 7 else rate)
        self.answers("listChanges", 200)
        self.events()
        assets = self.answers("listAssets", 200).json()
        for query in ({"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"limit": ""}, {"lim": 1}, {"search": "\n"}):
            self.answers("listAssets", 400, f"{query}", query=query)
        for raw in ("limit=1&limit=2", "search=%ff", "search=%zz", "search=%00"):
            answer = self.client.ask("GET", "/api/v1/assets?" + raw, self.token)
            self.tap.check(f"listAssets 400: {raw}",
                           self.problem(self.operations["listAssets"][2], answer, 400))
        none = self.answers("listAssets", 200, "a search that finds nothing", query={"search": "no such asset"}).json()
        self.tap.check("finds nothing", None if none["items"] == [] and none["total"] == 0 else none)
        for bad in ("0000000000000000", "nothing", "%2e%2e"):
            self.answers("getAsset", 404, f"the id {bad}", path={"id": bad})
        sensor = next((s["id"] for s in sensors if s["asset"]), None)
        return (assets["items"][0] if assets["items"] else None), sensor

    def asset(self, asset):
        asset_id = asset["id"]
        whole = self.answers("getAsset", 200, path={"id": asset_id}).json()
        self.answers("getAsset", 200, "by the first digits", path={"id": asset_id[:8]})
        self.answers("getAsset", 200, "by its name", path={"id": urllib.parse.quote(asset["name"], "")})
        found = self.client.ask("GET", "/api/v1/assets", self.token, query={"search": asset["name"].upper()}).json()
        self.tap.check("it is found whatever the case", None if found["total"] >= 1 else found)
        for table in whole["tables"]:
            rows = self.answers("getAssetTable", 200, table["name"], path={"id": asset_id, "table": table["name"]}).json()
            self.tap.check(f"{table['name']} has as many rows as the asset says, each with every column",
                           None if len(rows["rows"]) == table["rows"] and
                           all(len(r) == len(rows["columns"]) for r in rows["rows"]) else
                           f"{len(rows['rows'])} rows instead of {table['rows']}")
        self.tap.check("the tables' rows add up", None if sum(t["rows"] for t in whole["tables"]) == whole["rows"]
                       else f"{whole['rows']}")
        before = self.answers("getAssetTable", 200, "before there was anything", query={"at": "2020-01-01T00:00:00Z"},
                              path={"id": asset_id, "table": "users"}).json()
        self.tap.check("there was nothing", None if before["rows"] == [] else before)
        self.answers("getAssetTable", 400, "a time that is none", query={"at": "yesterday"},
                     path={"id": asset_id, "table": "users"})
        self.answers("getAssetTable", 404, "a table that is none", path={"id": asset_id, "table": "nothing"})

    def history(self, asset_id):
        seen = []
        before = None
        pages = 0
        while pages < 1000:
            query = {"limit": 50, **({"before": before} if before else {})}
            page = self.client.ask("GET", f"/api/v1/assets/{asset_id}/history", self.token, query=query).json()
            seen += [(c["no"], c["index"]) for c in page["items"]]
            before = page["next"]
            pages += 1
            if before is None:
                break
        total = self.client.ask("POST", "/api/v1/query", self.token,
                                {"sql": f"SELECT count(*) FROM changes WHERE asset = '{asset_id}'"}).json()["rows"][0][0]
        self.tap.check("the pages of the history hold every change once, newest first",
                       None if len(seen) == len(set(seen)) == total and seen == sorted(seen, reverse=True)
                       else f"{len(seen)} of {total}, {len(set(seen))} different")
        page = self.answers("getAssetHistory", 200, query={"table": "users"}, path={"id": asset_id}).json()
        self.tap.check("of one table only", None if {c["table"] for c in page["items"]} <= {"users"} else page)
        newest = self.answers("listChanges", 200, query={"limit": 1}).json()["items"][0]
        return newest

    def queries(self):
        def refused(status, name, **body):
            return self.answers("query", status, name, body=body)

        rows = self.answers("query", 200, body={"sql": "SELECT 1 AS a, 'x' AS b, NULL AS c, 0.5 AS d"}).json()
        self.tap.check("values keep their types", None if rows["rows"] == [[1, "x", None, 0.5]] and
                       rows["columns"] == ["a", "b", "c", "d"] and not rows["is_truncated"] else rows)
        cut = self.answers("query", 200, "cut at the limit", body={
            "sql": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100) SELECT x FROM c",
            "limit": 10}).json()
        self.tap.check("it says that there was more", None if cut["is_truncated"] and len(cut["rows"]) == 10 else cut)
        for sql in ("DELETE FROM assets", "DROP TABLE assets", "CREATE TABLE x(a)", "UPDATE assets SET name = 'x'",
                    "ATTACH 'x.db' AS x", "PRAGMA journal_mode = DELETE", "SELECT load_extension('x')",
                    "SELECT 1; SELECT 2", "SELEC 1", "", "SELECT * FROM nothing", "SELECT nothing FROM assets",
                    "SELECT readfile('/etc/passwd')", "VACUUM INTO '/tmp/x'", "BEGIN"):
            refused(400, sql or "no SQL", sql=sql)
        self.answers("query", 400, "no sql", body={})
        refused(400, "limit 0", sql="SELECT 1", limit=0)
        refused(400, "timeout too long", sql="SELECT 1", timeout_ms=60001)
        refused(400, "SQL that is too long", sql="SELECT 1 -- " + "x" * 65536)
        started = time.monotonic()
        refused(408, "runs too long", sql=ENDLESS, timeout_ms=300)
        took = time.monotonic() - started
        self.tap.check("and is ended in time", None if took < 3 else f"{took:.1f} s")
        big = self.answers("query", 400, "a result that is too large", body={
            "sql": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100000) "
                   "SELECT printf('%.2000c', 'x') FROM c", "limit": 100000, "timeout_ms": 30000})
        self.tap.check("the message says how to get less", None if "fewer" in big.message() else big.message())

    def too_many_queries(self):
        answers = []
        body = {"sql": ENDLESS, "timeout_ms": 2000}
        threads = [threading.Thread(target=lambda: answers.append(
            self.client.ask("POST", "/api/v1/query", self.token, body).status)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.tap.check("four queries of a tenant run at once, the fifth is told to wait",
                       None if sorted(answers) == [408] * 4 + [429] * 4 else answers)

    def a_client_that_leaves(self):
        connection = self.client.connect()
        connection.request("POST", "/api/v1/query", json.dumps({"sql": ENDLESS, "timeout_ms": 60000}),
                           {"Authorization": "Bearer " + self.token})
        time.sleep(0.3)
        connection.close()
        deadline = time.monotonic() + 5
        running = "?"
        while time.monotonic() < deadline and running != "0":
            text = self.client.ask("GET", "/metrics", self.token).body.decode()
            running = re.search(r"^bartizan_api_query_workers (\S+)$", text, re.M).group(1)
        self.tap.check("a query whose client left is ended", None if running == "0" else f"{running} still run")

    def stream(self, newest):
        self.asked.add("stream")
        status, headers, events = self.client.stream("/api/v1/stream?after=0", self.token, 3)
        problem = None if status == 200 and headers["Content-Type"].startswith("text/event-stream") else status
        change = self.contract["components"]["schemas"]["Change"]
        for event in events:
            data = json.loads(event["data"])
            problem = problem or self.validator.problem(data, change)
            problem = problem or (None if event["id"] == f"{data['no']}.{data['index']}" else event)
        self.tap.check("stream 200: changes from the beginning on", problem)
        last = json.loads(events[-1]["data"])
        status, headers, events = self.client.stream("/api/v1/stream", self.token, 1,
                                                     {"Last-Event-ID": f"{last['no']}.{last['index']}"})
        following = json.loads(events[0]["data"])
        self.tap.check("Last-Event-ID goes on right behind it",
                       None if (following["no"], following["index"]) > (last["no"], last["index"]) and
                       (following["no"], following["index"]) in ((last["no"], last["index"] + 1), (last["no"] + 1, 0))
                       else f"{following['no']}.{following['index']} behind {last['no']}.{last['index']}")
        status, headers, events = self.client.stream(f"/api/v1/stream?after=0&table={newest['table']}", self.token, 1)
        self.tap.check("one table only", None if json.loads(events[0]["data"])["table"] == newest["table"] else events)
        for query in ("table=nothing", "after=-1", "after=x"):
            answer = self.client.ask("GET", "/api/v1/stream?" + query, self.token)
            self.tap.check(f"stream 400: {query}", None if answer.status == 400 else answer.status)

    def tokens(self):
        made = self.answers("createEnrolmentToken", 201, body={"uses": 3, "ttl_seconds": 60}).json()
        ends = datetime.datetime.fromisoformat(made["expires_at"].replace("Z", "+00:00"))
        left = (ends - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        self.tap.check("as many uses and as long as asked for",
                       None if made["uses"] == 3 and 50 < left < 70 else made)
        for body in ({"uses": 0}, {"uses": 1000001}, {"ttl_seconds": 0}, {"uses": "1"}, {"ttl_seconds": 1.5}, {"x": 1}, []):
            self.answers("createEnrolmentToken", 400, f"{body}", body=body)
        answer = self.client.ask("POST", "/api/v1/enrolment-tokens", self.token, b"x" * 200000)
        self.tap.check("a body over 128 KiB is refused", None if answer.status == 413 else answer.status)
        self.answers("createEnrolmentToken", 404, "an unknown tenant", body={}, query={"tenant": "nobody"})

    def revoking(self, sensor):
        self.answers("revokeSensor", 404, "a sensor that is none", path={"id": "0000000000000000"})
        if sensor:
            answer = self.answers("revokeSensor", 200, path={"id": sensor}).json()
            self.tap.check("it is revoked", None if answer["is_revoked"] else answer)


def start(arguments):
    programs = pathlib.Path(arguments.programs) if arguments.programs else next(
        (ROOT / "build" / name for name in ("test", "release") if (ROOT / "build" / name / "bartizand").exists()), None)
    if programs is None:
        raise SystemExit("there is no bartizand: ./dev build makes one, or name its folder with --programs")
    return Server(programs), programs


def check(client, token, tap, is_own):
    contract = Contract(client, token, tap)
    contract.everybody()
    contract.without_a_token()
    contract.sessions()
    asset, sensor = contract.reading()
    if asset:
        contract.asset(asset)
        newest = contract.history(asset["id"])
        contract.stream(newest)
    name, tenant_token = contract.tenants()
    contract.isolation(name, tenant_token, asset and asset["id"], sensor)
    contract.policies(asset and asset["id"], sensor)
    contract.vulnerabilities(asset and asset["id"])
    contract.feeds(tenant_token)
    contract.queries()
    contract.too_many_queries()
    contract.a_client_that_leaves()
    contract.tokens()
    # somebody else's sensor is left alone
    contract.revoking(sensor if is_own else None)
    contract.operators(name, tenant_token)
    missing = set(contract.operations) - contract.asked
    if not asset:
        missing -= {"getAsset", "getAssetTable", "getAssetHistory", "getAssetTags", "putAssetTags", "getAssetPolicy", "getSensor", "stream",
                    "getAssetVulnerabilities", "explainVulnerability", "getSbom", "checkUpdates"}

    tap.check("every operation of the contract was asked", f"not asked: {sorted(missing)}" if missing else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--token-file")
    parser.add_argument("--ca")
    parser.add_argument("--programs")
    arguments = parser.parse_args()
    tap = Tap()
    if arguments.url:
        if not arguments.token_file or not arguments.ca:
            parser.error("--url needs --token-file and --ca")
        token = pathlib.Path(arguments.token_file).read_text().strip()
        check(Client(arguments.url, arguments.ca), token, tap, is_own=False)
        return tap.done()
    server, programs = start(arguments)
    try:
        token = server.token_file.read_text().strip()
        client = Client(server.url, str(server.ca))
        enrolment = client.ask("POST", "/api/v1/enrolment-tokens", token, {}).json()["token"]
        server.enrol(programs / "bartizan-agent", enrolment)
        server.know(programs / "bartizan")
        check(client, token, tap, is_own=True)
    finally:
        server.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
