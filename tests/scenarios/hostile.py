#!/usr/bin/env python3
"""What strangers, liars and thieves send. The server says what is wrong, goes on for everyone else, and no role dies."""

import concurrent.futures
import os
import random
import socket
import ssl
import struct
import time

from lab import Agent, Failed, Lab, Schema, Sensor, Server, Tree, check, encode_row, equal, isolate, note, row_hash, story, tell, wait_for
from lab import cbor
from lab.sensor import ACK, ALIVE, BATCH, GOODBYE, HELLO, REFUSE, RESYNC, ROWS, WANT, WELCOME, drain

SEED = int(os.environ.get("BARTIZAN_SEED", random.SystemRandom().randrange(1 << 32)))
HELLO_DEADLINE_S = 10
HALF_OPEN = 200
OVERSIZE_ROW = 16384 + 1


def place(server):
    host, port = server.sensors.rsplit(":", 1)
    return host, int(port)


def roles(server):
    return {role: server.wait_role(role) for role in ("ingest", "engine", "api")}


def good_agent_works(lab):
    """A change of the good agent comes through."""
    lab.number = getattr(lab, "number", 0) + 1
    name = f"good-{lab.number}"
    lab.tree.packages[name] = "1-1"
    lab.tree.save_packages()
    wait_for(lambda: any(p["name"] == name for p in lab.server.table(lab.asset, "packages")), 30, f"the good agent's package {name}")


def everyone_lives(lab):
    equal(roles(lab.server), lab.roles, "the roles' processes: none died")
    good_agent_works(lab)


def new_sensor(lab, tenant="default"):
    sensor = Sensor(lab, lab.server)
    status, body = sensor.enrol(lab.server.token(tenant=tenant))
    equal(status, 200, f"enrolment: {body}")
    return sensor


def user(lab, name, uid=1):
    return encode_row(lab.schema, "users", {"name": name, "uid": uid, "gid": uid, "full_name": None, "home": None, "shell": None})


def ends_with(sensor, code, what):
    """The server says goodbye with the code and closes."""
    while True:
        answer = sensor.receive()
        if answer is None:
            raise Failed(f"{what}: the connection ended without a goodbye")
        if answer[0] == GOODBYE:
            break
    equal(answer[1], code, f"{what}: goodbye's code ({answer})")
    check(answer[2], f"{what}: goodbye without a reason")
    equal(sensor.receive(), None, f"{what}: after goodbye")


@story("a server with one good agent, and a second tenant", deadline_s=90)
def begin(lab):
    note(f"seed {SEED}")
    lab.random = random.Random(SEED)
    lab.server = Server(lab)
    lab.tree = Tree.debian(lab.new_folder("good"), package_count=20)
    lab.agent = Agent(lab, lab.server, token=lab.server.token(), options=["--root", lab.tree.folder])
    lab.asset = wait_for(lambda: lab.server.get("/api/v1/assets")["items"], 30, "the asset")[0]["id"]
    status, body = lab.server.request("POST", "/api/v1/tenants", {"name": "other"})
    equal(status, 201, body)
    lab.schema = Schema(lab.server)
    lab.users, lab.groups = lab.schema.number("users"), lab.schema.number("groups")
    lab.roles = roles(lab.server)
    good_agent_works(lab)


@story("garbage instead of a TLS handshake")
def garbage(lab):
    for size in (1, 5, 100, 70000):
        with socket.create_connection(place(lab.server), timeout=15) as raw:
            try:
                raw.sendall(lab.random.randbytes(size))
                raw.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it had enough already
            drain(raw, 20)
    for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"SSH-2.0-x\r\n", b"\x16\x03\x01\xff\xff\x01\x00\xff\xfb" + b"\0" * 500):
        with socket.create_connection(place(lab.server), timeout=15) as raw:
            raw.sendall(text)
            raw.shutdown(socket.SHUT_WR)
            drain(raw, 20)
    everyone_lives(lab)


def by_https(lab, sensor, text):
    """What the enrolment's HTTP answers to the text before it closes."""
    with socket.create_connection(place(lab.server), timeout=15) as raw, sensor.context(False).wrap_socket(raw, server_hostname="bartizand") as stream:
        try:
            stream.sendall(text)
        except OSError:
            pass
        return drain(stream, 45)


@story("garbage within TLS: at the enrolment's HTTP, and in the place of frames", deadline_s=120)
def garbage_inside(lab):
    sensor = new_sensor(lab)
    texts = (b"\0" * 1000, b"POST /.well-known/est/simpleenroll HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"GET " + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
             b"GET /.well-known/est/cacerts HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"X: y\r\n" * 20000)
    with concurrent.futures.ThreadPoolExecutor(len(texts)) as pool:
        answers = list(pool.map(lambda text: by_https(lab, sensor, text), texts))
    for text, answer in zip(texts, answers):
        check(not answer or answer.startswith(b"HTTP/1.1 4"), f"{text[:40]}: {answer[:200]}")
    for size in (1, 4, 20, 3000):
        sensor.connect()
        data = b"\x00\x00\x0b\xb8" + lab.random.randbytes(3000) if size == 3000 else b"\xff" * size
        sensor.send_bytes(data)
        drain(sensor.stream, HELLO_DEADLINE_S + 20)
        sensor.close()
    everyone_lives(lab)


@story("a peer that does not take part in the handshake is dropped", deadline_s=90)
def silent(lab):
    with socket.create_connection(place(lab.server), timeout=60) as raw:
        started = time.monotonic()
        drain(raw, 60)
        note(f"dropped after {time.monotonic() - started:.1f} s")
    everyone_lives(lab)


@story("a peer that sends one byte a second is dropped, in the handshake and before hello", deadline_s=150)
def slow(lab):
    sensor = new_sensor(lab)
    hello = cbor.encode([HELLO, 1, "agent", "slow", 0, [lab.users]])

    def drip(stream, data):
        started = time.monotonic()
        stream.settimeout(1)
        for byte in data:
            try:
                stream.sendall(bytes([byte]))
                if stream.recv(1000) == b"":
                    return time.monotonic() - started
            except (TimeoutError, socket.timeout):
                continue
            except OSError:
                return time.monotonic() - started
        raise Failed(f"{len(data)} bytes were taken one a second")

    outgoing = ssl.MemoryBIO()
    greeting = sensor.context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="bartizand")
    try:
        greeting.do_handshake()
    except ssl.SSLWantReadError:
        pass
    with socket.create_connection(place(lab.server), timeout=30) as raw:
        took = drip(raw, outgoing.read()[:50])
    sensor.connect()
    took_hello = drip(sensor.stream, struct.pack(">I", len(hello) + 40) + hello)
    note(f"dropped after {took:.1f} s and {took_hello:.1f} s")
    sensor.close()
    everyone_lives(lab)


@story("lengths that lie: nothing, too much, more than comes")
def lengths(lab):
    sensor = new_sensor(lab)
    for length in (0, (1 << 20) + 1, 1 << 31, (1 << 32) - 1):
        sensor.connect()
        sensor.send_frame(b"", length)
        ends_with(sensor, 3, f"a frame of {length} bytes")
    sensor.connect().hello([lab.users])
    for body in (b"\x9a\xff\xff\xff\xff\x02", b"\x84\x02\x05\x01\x5b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x9f\x02\xff", b"", b"\x01"):
        if body:
            sensor.send_frame(body)
            ends_with(sensor, 3, f"the frame {body.hex()}")
            sensor.connect().hello([lab.users])
    sensor.send_bytes(b"\x00\x00\x10\x00" + b"\x85\x02")
    sensor.close()
    everyone_lives(lab)


@story("what is out of order: before hello, twice hello, a table that hello did not name, rows that nobody wanted")
def disorder(lab):
    sensor = new_sensor(lab)
    sensor.connect()
    sensor.send([ALIVE, 0])
    ends_with(sensor, 3, "alive before hello")
    for message in ([HELLO, 1, "agent", "x", 0, [lab.users]], [BATCH, lab.groups, 1, 0, 0, b"\0" * 16, b"", b"", []], [ROWS, lab.users, 1, [user(lab, "x")]],
                    [ACK, lab.users, 1], [99, 1], ["text"]):
        sensor.connect().hello([lab.users])
        sensor.send(message)
        ends_with(sensor, 3, f"the message {message[:3]}")
    sensor.close()
    everyone_lives(lab)


@story("a sensor that is too old is told so, one that is newer is welcomed with the server's version")
def version(lab):
    sensor = new_sensor(lab).connect()
    sensor.send([HELLO, 0, "agent", "x", 0, [lab.users]])
    ends_with(sensor, 5, "version 0")
    sensor.connect().send([HELLO, 999, "agent", "x", 0, [lab.users]])
    equal(sensor.receive()[:2], [WELCOME, 1], "the welcome of version 999")
    sensor.close()
    everyone_lives(lab)


@story("a batch that is sent again is acknowledged and applied once")
def repeated(lab):
    sensor = new_sensor(lab)
    sensor.connect().hello([lab.users])
    sensor.delta(lab.users, adds=[user(lab, "once")])
    sensor.applied(lab.users)
    asset = asset_of(lab, sensor)
    before = len(lab.server.get(f"/api/v1/assets/{asset}/history")["items"])
    for _ in range(3):
        sensor.delta(lab.users, adds=[user(lab, "once")], seq=1)
        equal(sensor.receive()[:3], [ACK, lab.users, 1], "the answer to the repeat")
    sensor.close()
    held = sensor.connect().hello([lab.users])
    equal(held[lab.users][:2], (1, 1), "seq and rows after the repeats")
    equal(len(lab.server.get(f"/api/v1/assets/{asset}/history")["items"]), before, "changes")
    sensor.close()


@story("a batch from the future, and one that removes what is not there, ask for a resync")
def future(lab):
    sensor = new_sensor(lab)
    sensor.connect().hello([lab.users])
    sensor.delta(lab.users, adds=[user(lab, "x")], seq=7)
    equal(sensor.receive()[:3], [RESYNC, lab.users, 1], "the answer to seq 7")
    sensor.delta(lab.users, adds=[user(lab, "x")], removes=[user(lab, "never")], seq=1)
    equal(sensor.receive()[:2], [RESYNC, lab.users], "the answer to an impossible removal")
    sensor.close()
    everyone_lives(lab)


@story("rows that are too big, of another table, or no rows are refused with a reason")
def bad_rows(lab):
    sensor = new_sensor(lab)
    big = cbor.encode(["n" * 4000, 1, 1, "f" * 4000, "h" * 4000, "s" * 4090, "more" * 200])
    check(len(big) >= OVERSIZE_ROW, len(big))
    group = encode_row(lab.schema, "groups", {"name": "g", "gid": 1, "members": ["m"]})
    for row, what in ((big, "an oversize row"), (group, "another table's row"), (b"\x01", "a number"), (cbor.encode(["n", "text", 1, None, None, None]), "a wrong type"),
                      (cbor.encode(["n"]) + b"\0", "bytes behind"), (b"\x9f\xff", "an indefinite array"), (cbor.encode(["t" * 5000, 1, 1, None, None, None]), "a long text")):
        sensor.connect().hello([lab.users])
        sensor.delta(lab.users, adds=[row])
        answer = sensor.receive()
        check(answer and (answer[:2] == [REFUSE, lab.users] and answer[3] == 2 and answer[4] or answer[0] == GOODBYE and answer[1] == 3), f"{what}: {answer}")
        sensor.close()
    equal(sensor.connect().hello([lab.users]).get(lab.users, (0, 0))[:2], (0, 0), "what is held afterwards")
    sensor.delta(lab.users, adds=[user(lab, "good")])
    sensor.applied(lab.users)
    sensor.close()
    everyone_lives(lab)


@story("a row that does not match the hash it was offered under is not believed")
def false_hash(lab):
    sensor = new_sensor(lab)
    sensor.connect().hello([lab.users])
    offered, other = user(lab, "offered"), user(lab, "other")
    digest = row_hash(lab.users, offered)
    sensor.send([BATCH, lab.users, 1, 0, 0, digest, b"", digest, []])
    answer = sensor.receive()
    equal(answer, [WANT, lab.users, 1, digest], "the answer to an offer of an unknown row")
    sensor.send([ROWS, lab.users, 1, [other]])
    answer = sensor.receive()
    check(answer and answer[0] in (GOODBYE, REFUSE, RESYNC, WANT), f"another row than the one wanted: {answer}")
    sensor.close()
    rows = lab.server.sql("SELECT name FROM users WHERE name IN ('offered', 'other')")
    equal(rows, [], "rows held")
    everyone_lives(lab)


@story("an unknown table is refused, and the others go on")
def unknown_table(lab):
    sensor = new_sensor(lab)
    sensor.connect().hello([lab.users, 63])
    sensor.send([BATCH, 63, 1, 0, 0, b"\0" * 15 + b"\1", b"", b"", []])
    equal(sensor.receive()[:4], [REFUSE, 63, 1, 1], "the answer to table 63")
    sensor.delta(lab.users, adds=[user(lab, "x")])
    sensor.applied(lab.users)
    sensor.close()


def asset_of(lab, sensor, tenant="default"):
    items = lab.server.get(f"/api/v1/assets?tenant={tenant}&limit=1000")["items"]
    return next(a["id"] for a in items if a["sensor"] == sensor.id())


@story("a sensor of one tenant reaches nothing of another's, not even whether it holds a row")
def tenants(lab):
    ours, theirs = new_sensor(lab), new_sensor(lab, "other")
    secret = user(lab, "secret-of-default")
    ours.connect().hello([lab.users])
    ours.delta(lab.users, adds=[secret])
    ours.applied(lab.users)
    digest = row_hash(lab.users, secret)
    equal(theirs.connect().hello([lab.users]), {}, "what the other tenant's sensor is welcomed with")
    theirs.send([BATCH, lab.users, 1, 0, 0, digest, b"", digest, []])
    equal(theirs.receive(), [WANT, lab.users, 1, digest], "the offer of a row that only the first tenant holds")
    theirs.close()
    ours.close()
    asset = asset_of(lab, ours)
    status, body = lab.server.request("GET", f"/api/v1/assets/{asset}?tenant=other")
    equal((status, body["error"]["code"]), (404, "not_found"), "the asset by the other tenant's name")
    token = lab.server.request("POST", "/api/v1/operator-tokens?tenant=other", {"name": "scenario"})[1]["token"]
    for path in (f"/api/v1/assets/{asset}", f"/api/v1/assets/{asset}?tenant=default", f"/api/v1/assets/{asset}/history", f"/api/v1/assets/{asset}/tables/users",
                 "/api/v1/assets?tenant=default", f"/api/v1/stream?asset={asset}"):
        status, body = lab.server.request("GET", path, token=token)
        check(status in (403, 404) and body["error"]["message"], f"{path} with the other tenant's token: {status} {body}")
    status, body = lab.server.request("POST", f"/api/v1/sensors/{ours.id()}/revoke", token=token)
    equal(status, 404, f"revoking another tenant's sensor: {body}")
    status, body = lab.server.request("POST", "/api/v1/query", {"sql": "SELECT * FROM users"}, token=token)
    check("secret" not in str(body), body)
    for path in ("/metrics", "/api/v1/audit"):
        equal(lab.server.request("GET", path, token=token)[0], 403, f"{path} with a tenant's token")


@story(f"{HALF_OPEN} half-open connections, and the good agent goes on", deadline_s=90)
def flood(lab):
    held = []
    try:
        for number in range(HALF_OPEN):
            raw = socket.create_connection(place(lab.server), timeout=10)
            if number % 2:
                raw.sendall(b"\x16\x03\x01\x02\x00\x01")
            held.append(raw)
        good_agent_works(lab)
        new_sensor(lab).connect().close()
    finally:
        for raw in held:
            raw.close()
    everyone_lives(lab)


@story("wrong enrolment tokens are refused alike, each later than the one before, and a good one still works", deadline_s=120)
def tokens(lab):
    answers = set()
    for token in ("bte_" + "A" * 43, "x", lab.server.operator_token, "a" * 5000):
        status, body = Sensor(lab, lab.server).enrol(token)
        check(status in (401, 429) or len(token) > 1000 and 400 <= status < 500, f"{token[:8]}: {status} {body}")
        if len(token) < 1000:
            answers.add(status)
    check(answers <= {401, 429}, answers)
    wait_for(lambda: Sensor(lab, lab.server).enrol(lab.server.token())[0] == 200, 60, "a good token to be taken")


@story("the API refuses missing and wrong tokens, and says how to send one")
def api_tokens(lab):
    paths = ("/api/v1/assets", "/api/v1/overview", "/metrics", "/api/v1/stream", f"/api/v1/assets/{lab.asset}", "/api/v1/audit", "/api/v1/schema")
    for token in ("", "btz_" + "B" * 43, "nonsense", "bte_" + "B" * 43):
        for path in paths:
            status, body = lab.server.request("GET", path, token=token)
            check(status in (401, 429), f"{path} with the token '{token[:8]}': {status}")
            check(len(body["error"]["message"]) > 10, body)
        status, _ = lab.server.request("POST", "/api/v1/query", {"sql": "SELECT 1"}, token=token)
        check(status in (401, 429), status)


@story("SQL that writes, attaches, reads settings or calls what it may not is refused with a reason", deadline_s=90)
def sql(lab):
    for text in ("DELETE FROM users", "INSERT INTO users(name) VALUES ('x')", "UPDATE assets SET name = 'x'", "DROP TABLE users", "CREATE TABLE x(y)", "CREATE TEMP TABLE x(y)",
                 "ATTACH 'platform.db' AS p", "PRAGMA database_list", "PRAGMA writable_schema = 1", "PRAGMA journal_mode = DELETE", "VACUUM", "VACUUM INTO '/tmp/x'", "BEGIN", "SELECT 1; SELECT 2",
                 "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')", "SELECT writefile('/tmp/x', 'y')", "SELECT * FROM _rows_users", "REINDEX", "ANALYZE",
                 "EXPLAIN DELETE FROM users", "SELECT * FROM pragma_database_list", "", "SELECT", "SELECT * FROM nowhere", "\0", "SELECT fts3_tokenizer('x')"):
        status, body = lab.server.request("POST", "/api/v1/query", {"sql": text})
        check(status == 400 and len(body["error"]["message"]) > 5, f"{text!r}: {status} {body}")
    check(lab.server.sql("SELECT count(*) AS n FROM users")[0]["n"] > 0, "users are gone")
    everyone_lives(lab)


@story("SQL that runs too long, returns too much or eats memory is stopped with a reason", deadline_s=120)
def endless_sql(lab):
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
    started = time.monotonic()
    status, body = lab.server.request("POST", "/api/v1/query", {"sql": endless + "SELECT count(*) FROM n", "timeout_ms": 500})
    equal((status, body["error"]["code"]), (408, "timeout"), body)
    check(time.monotonic() - started < 10, f"half a second became {time.monotonic() - started:.1f} s")
    status, body = lab.server.request("POST", "/api/v1/query", {"sql": endless + "SELECT x FROM n", "limit": 100})
    equal((status, len(body["rows"]), body["is_truncated"]), (200, 100, True), "an endless result with a limit")
    for text in ("SELECT hex(zeroblob(1000000000))", "SELECT group_concat(hex(randomblob(1000000))) FROM (" + endless + "SELECT x FROM n LIMIT 100000)",
                 endless + "SELECT x FROM n ORDER BY x DESC", "SELECT printf('%1000000000s', 'x')", "SELECT " + "(" * 5000 + "1" + ")" * 5000,
                 "SELECT '" + "x" * 60000 + "' LIKE '" + "%x" * 2000 + "y'"):
        status, body = lab.server.request("POST", "/api/v1/query", {"sql": text, "timeout_ms": 3000, "limit": 10})
        check(status in (200, 400, 408, 413, 503), f"{text[:60]}: {status} {str(body)[:300]}")
    # many at once: some are told to come again, nobody else waits long
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        many = [pool.submit(lab.server.request, "POST", "/api/v1/query", {"sql": endless + "SELECT count(*) FROM n", "timeout_ms": 2000}) for _ in range(12)]
        check(lab.server.get("/healthz", deadline_s=10)["status"] == "ok", "healthz during long queries")
        statuses = {m.result()[0] for m in many}
    check(statuses <= {408, 429, 503}, statuses)
    everyone_lives(lab)


@story("nonsense paths, methods, bodies and parameters get an answer that helps", deadline_s=90)
def nonsense(lab):
    server = lab.server
    for method, path, body, allowed in (
            ("GET", "/api/v1/nothing", None, (404,)), ("GET", "/api/v1/assets/../../../etc/passwd", None, (400, 404)), ("GET", "/%2e%2e/%2e%2e/etc/passwd", None, (400, 404)),
            ("GET", "/api/v1/assets/ffffffffffffffff", None, (404,)), ("GET", f"/api/v1/assets/{lab.asset}/tables/nope", None, (404,)),
            ("GET", "/api/v1/assets?limit=0", None, (400,)), ("GET", "/api/v1/assets?limit=abc", None, (400,)), ("GET", "/api/v1/assets?tenant=none", None, (404,)),
            ("GET", "/api/v1/assets?search=" + "x" * 5000, None, (400, 414)), ("DELETE", "/api/v1/assets", None, (404, 405)), ("PATCH", "/healthz", None, (404, 405, 501)),
            ("POST", "/api/v1/query", b"not json", (400,)), ("POST", "/api/v1/query", b"[" * 100000, (400, 413)), ("POST", "/api/v1/query", {"sql": 5}, (400,)),
            ("POST", "/api/v1/query", {}, (400,)), ("POST", "/api/v1/query", {"sql": "SELECT 1", "limit": -1}, (400,)), ("POST", "/api/v1/query", b"\xff\xfe", (400,)),
            ("POST", "/api/v1/enrolment-tokens", {"uses": 0}, (400,)), ("POST", "/api/v1/enrolment-tokens?tenant=none", {}, (404,)),
            ("POST", "/api/v1/tenants", {"name": "../x"}, (400,)), ("POST", "/api/v1/tenants", {"name": "default"}, (409,)),
            ("POST", "/api/v1/sensors/ffffffffffffffff/revoke", None, (404,)), ("GET", f"/api/v1/assets/{lab.asset}/tables/users?at=never", None, (400,)),
            ("POST", "/api/v1/session", {"code": "wrong"}, (401, 429)), ("POST", "/api/v1/session", {}, (400,))):
        status, answer = server.request(method, path, body)
        check(status in allowed, f"{method} {path[:80]} {str(body)[:60]}: {status}, not {allowed}: {str(answer)[:200]}")
        if isinstance(answer, dict):
            check(len(answer["error"]["message"]) > 5, answer)
    everyone_lives(lab)


@story("a huge body and a slow reader cost the API nothing")
def huge(lab):
    host, port = lab.server.api.rsplit(":", 1)
    context = ssl.create_default_context(cafile=str(lab.server.ca))
    with socket.create_connection((host, int(port)), timeout=30) as raw, context.wrap_socket(raw, server_hostname=host) as stream:
        head = f"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {lab.server.operator_token}\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
        sent = 0
        try:
            stream.sendall(head.encode())
            while sent < 50_000_000:
                stream.sendall(b"x" * 65536)
                sent += 65536
        except OSError:
            pass
        stream.settimeout(20)
        try:
            answer = stream.recv(1000)
        except OSError:
            answer = b""
        check(not answer or b" 413 " in answer or b" 400 " in answer, answer)
    memory = int(next(line for line in open(f"/proc/{lab.roles['api']}/status") if line.startswith("VmHWM")).split()[1])
    note(f"{sent} bytes were taken; the api's peak is {memory} kB")
    everyone_lives(lab)


if __name__ == "__main__":
    isolate()
    tell(Lab)
