#!/usr/bin/env python3
"""`bartizan tls` by names: every address of a name is tried, and a list of names does not wait for each of them."""

import json
import subprocess

from lab import Lab, build_folder, check, equal, isolate, need_root, story, tell, wait_for

NAMES = 40


def run(lab, *words):
    done = subprocess.run([str(build_folder(lab.build) / "bartizan"), "tls", "--quick", *map(str, words)], capture_output=True, text=True, check=False, timeout=60)
    check("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr[-2000:])
    return done


@story("a server behind the second of three addresses")
def begin(lab):
    need_root("names of its own: /etc/hosts in a mount namespace")
    lab.folder = lab.new_folder("tls")
    hosts = lab.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} three\n" for address in ("127.0.0.2", "127.0.0.3", "127.0.0.4"))
                     + "".join(f"127.0.0.3 name{i}\n" for i in range(NAMES)))
    lab.run("mount", "--bind", hosts, "/etc/hosts")
    key, certificate = lab.folder / "key.pem", lab.folder / "cert.pem"
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=three", "-keyout", key, "-out", certificate)
    server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.3:4433", "-key", key, "-cert", certificate, "-quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              stdin=subprocess.PIPE)
    lab.closing.append(server.kill)
    wait_for(lambda: ":1151" in open("/proc/net/tcp", encoding="ascii").read(), 10, "the server")


@story("the next address is tried where one takes no connection, and the letter comes first")
def every_address(lab):
    need_root("names of its own: /etc/hosts in a mount namespace")
    done = run(lab, "three:4433")
    equal(done.returncode, 0, done.stderr)
    lines = done.stdout.splitlines()
    equal(lines[0], "three:4433", "the first line")
    check(lines[1].startswith("Grade: "), lines[1])
    check("three (127.0.0.3:4433)" in done.stdout, done.stdout[:2000])
    done = run(lab, "--json", "three:4434")
    found = json.loads(done.stdout)
    equal((done.returncode, found["failure"], found["address"]), (1, "refused", "127.0.0.4"), "told once, of the last address")


@story("each name of a list is told once, those without an address too")
def many(lab):
    need_root("names of its own: /etc/hosts in a mount namespace")
    names = [f"name{i}:4433" for i in range(NAMES)] + [f"none{i}.invalid" for i in range(NAMES)] + ["127.0.0.3:4433", "not a name:0"]
    (lab.folder / "list").write_text("\n".join(names) + "\n")
    done = run(lab, "--json", "--file", lab.folder / "list")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    equal(len(found), len(names), "documents")
    equal(sum(f["failure"] is None for f in found), NAMES + 1, "assessed")
    equal(len({f["host"] for f in found}), len(names), "hosts")
    check("41 of 82 servers could not be assessed" in done.stderr, done.stderr)


if __name__ == "__main__":
    isolate()
    tell(Lab)
