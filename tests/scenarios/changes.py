#!/usr/bin/env python3
"""What people do to a machine is in the live stream: added, changed, removed. On a machine of this scenario's own."""

import pathlib
import socket

from lab import Agent, Lab, Machine, Server, Watch, check, equal, isolate, story, tell, wait_for

CONTROL = """Package: bartizan-scenario
Version: {version}
Architecture: all
Maintainer: A Maintainer <maintainer@example.org>
Section: misc
Installed-Size: 7
Description: a package that is only there to come and go
"""


def deb(lab, version):
    """A tiny package."""
    folder = lab.new_folder("deb")
    for path, text in (("DEBIAN/control", CONTROL.format(version=version)), ("opt/bartizan-scenario/readme", "hello\n")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    lab.run("dpkg-deb", "--build", "--root-owner-group", folder, folder.with_suffix(".deb"))
    return folder.with_suffix(".deb")


def certificate(lab, path, name):
    lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", lab.folder / "c.key", "-out", path,
            "-subj", f"/CN={name}", "-days", "30", "-addext", f"subjectAltName=DNS:{name}")


@story("an agent sends the machine's state and stays connected", deadline_s=90)
def begin(lab):
    lab.machine = Machine(lab)
    lab.server = Server(lab)
    lab.agent = Agent(lab, lab.server, token=lab.server.token())

    def arrived():
        items = lab.server.get("/api/v1/assets")["items"]
        return items and items[0]["is_connected"] and lab.server.table(items[0]["id"], "packages") and lab.server.table(items[0]["id"], "certificates")

    wait_for(arrived, 60, "the first inventory")
    lab.watch = Watch(lab.server)
    lab.machine.run("ip", "link", "add", "probe0", "type", "bridge")
    lab.watch.wait("interfaces", "added", ["probe0"], 30)


@story("useradd, usermod and userdel")
def users(lab):
    lab.machine.run("useradd", "--uid", "4242", "--shell", "/bin/sh", "bzt-user")
    row = lab.watch.wait("users", "added", ["bzt-user", "4242"])["row"]
    equal((row["home"], row["shell"]), ("/home/bzt-user", "/bin/sh"), "the new user")
    lab.watch.wait("groups", "added", ["bzt-user"])
    lab.machine.run("usermod", "--shell", "/bin/bash", "bzt-user")
    change = lab.watch.wait("users", "updated", ["bzt-user", "/bin/bash"])
    equal(change["old"]["shell"], "/bin/sh", "the shell before")
    lab.machine.run("userdel", "bzt-user")
    lab.watch.wait("users", "removed", ["bzt-user"])


def installed(lab, version):
    """The package's row once it is installed: dpkg's steps (unpacked, configured) may be seen one by one."""

    def seen():
        rows = [c["row"] for c in lab.watch.read() if c["table"] == "packages" and c["row"] and c["row"]["name"] == "bartizan-scenario"]
        return next((r for r in rows if (r["version"], r["status"]) == (version, "installed")), None)

    return wait_for(seen, 20, f"version {version} in the live stream")


@story("a package installed, upgraded and purged with dpkg")
def package(lab):
    lab.machine.run("dpkg", "--install", deb(lab, "1.0-1"))
    row = installed(lab, "1.0-1")
    equal((row["manager"], row["architecture"], row["section"], row["size_bytes"]), ("dpkg", "all", "misc", 7 * 1024), "the new package")
    lab.machine.run("dpkg", "--install", deb(lab, "2.0-1"))
    installed(lab, "2.0-1")
    lab.machine.run("dpkg", "--purge", "bartizan-scenario")
    lab.watch.wait("packages", "removed", ["bartizan-scenario"])


@story("a listening socket, with the process that holds it")
def listener(lab):
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    row = lab.watch.wait("listeners", "added", [port])["row"]
    equal((row["protocol"], row["address"], row["port"], row["user"]), ("tcp", "127.0.0.1", port, "root"), "the listener")
    check("python3" in row["process"] and row["executable"] == str(pathlib.Path("/proc/self/exe").readlink()), row)
    server.close()
    lab.watch.wait("listeners", "removed", [port])


@story("a listening socket on IPv6")
def listener6(lab):
    server = socket.create_server(("::", 0), family=socket.AF_INET6)
    port = server.getsockname()[1]
    equal(lab.watch.wait("listeners", "added", [port])["row"]["address"], "::", "the address")
    server.close()
    lab.watch.wait("listeners", "removed", [port])


@story("a certificate dropped into /etc/ssl")
def certificates(lab):
    path = pathlib.Path("/etc/ssl/certs/bartizan-scenario.pem")
    certificate(lab, path, "scenario.example.org")
    row = lab.watch.wait("certificates", "added", [str(path)])["row"]
    equal((row["subject"], row["names"], row["key_type"], row["key_bits"], row["is_self_signed"]),
          ("CN=scenario.example.org", ["scenario.example.org"], "ec", 256, True), "the certificate")
    path.unlink()
    lab.watch.wait("certificates", "removed", [str(path)])


@story("a certificate in a folder that is new")
def certificate_in_new_folder(lab):
    folder = pathlib.Path("/etc/ssl/bartizan-new/deeper")
    folder.mkdir(parents=True)
    certificate(lab, folder / "new.pem", "new.example.org")
    lab.watch.wait("certificates", "added", [str(folder / "new.pem")])
    (folder / "new.pem").unlink()
    folder.rmdir()
    lab.watch.wait("certificates", "removed", [str(folder / "new.pem")])


@story("an interface's address, and the interface")
def address(lab):
    lab.machine.run("ip", "address", "add", "192.0.2.7/24", "dev", "probe0")
    equal(lab.watch.wait("addresses", "added", ["192.0.2.7"])["row"]["prefix_length"], 24, "the prefix")
    lab.machine.run("ip", "link", "set", "probe0", "up")
    lab.watch.wait("interfaces", "updated", ["probe0"])
    lab.machine.run("ip", "address", "del", "192.0.2.7/24", "dev", "probe0")
    lab.watch.wait("addresses", "removed", ["192.0.2.7"])
    lab.machine.run("ip", "link", "del", "probe0")
    lab.watch.wait("interfaces", "removed", ["probe0"])


@story("a cron file")
def cron(lab):
    path = pathlib.Path("/etc/cron.d/bartizan-scenario")
    path.write_text("*/5 * * * * nobody /usr/bin/true --scenario\n")
    row = lab.watch.wait("cron", "added", ["--scenario"])["row"]
    equal((row["user"], row["schedule"]), ("nobody", "*/5 * * * *"), "the job")
    path.unlink()
    lab.watch.wait("cron", "removed", ["--scenario"])


@story("a systemd unit, enabled and removed")
def unit(lab):
    path = pathlib.Path("/etc/systemd/system/bartizan-scenario.service")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[Unit]\nDescription=of a scenario\n[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n")
    equal(lab.watch.wait("services", "added", ["bartizan-scenario.service"])["row"]["state"], "disabled", "the state")
    wants = path.parent / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / path.name).symlink_to(path)
    equal(lab.watch.wait("services", "updated", ["bartizan-scenario.service"])["row"]["state"], "enabled", "the state")
    (wants / path.name).unlink()
    path.unlink()
    lab.watch.wait("services", "removed", ["bartizan-scenario.service"])


@story("an SSH key that opens an account")
def authorized_key(lab):
    folder = pathlib.Path("/root/.ssh")
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / "authorized_keys"
    before = path.read_text() if path.exists() else None
    path.write_text((before or "") + "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f scenario@laptop\n")
    equal(lab.watch.wait("authorized_keys", "added", ["scenario@laptop"])["row"]["type"], "ssh-ed25519", "the key's type")
    path.write_text(before or "")
    lab.watch.wait("authorized_keys", "removed", ["scenario@laptop"])


@story("a mount and its end")
def mount(lab):
    target = lab.new_folder("mounted")
    lab.machine.run("mount", "-t", "tmpfs", "-o", "ro", "scenario", target)
    equal(lab.watch.wait("mounts", "added", [target])["row"]["is_read_only"], True, "read-only")
    lab.machine.run("umount", target)
    lab.watch.wait("mounts", "removed", [target])


@story("a hundred changes in a burst all arrive", deadline_s=90)
def burst(lab):
    folder = pathlib.Path("/etc/cron.d")
    for number in range(100):
        (folder / f"burst-{number}").write_text(f"1 1 * * * root /bin/burst {number}.\n")
    for number in range(100):
        lab.watch.wait("cron", "added", [f"/bin/burst {number}."], 40)
    for number in range(100):
        (folder / f"burst-{number}").unlink()
    for number in range(100):
        lab.watch.wait("cron", "removed", [f"/bin/burst {number}."], 40)


@story("the stream's numbers rise and none repeats")
def numbers(lab):
    seen = [(c["no"], c["index"]) for c in lab.watch.read()]
    equal(seen, sorted(set(seen)), "numbers of the changes")
    equal(int(lab.server.metric("bartizan_disagreements_total")), 0, "disagreements")


if __name__ == "__main__":
    isolate()
    tell(Lab)
