#!/usr/bin/env python3
"""The packages: the same bytes from any build, hardened units, and a life in a fresh Debian from installation to purge."""

import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys

from lab import ROOT, Lab, Skipped, check, children_of, equal, isolate, note, story, tell, wait_for
from lab.debian import DebianTree, prepare_debian
from lab.programs import Program, rows_of

NAMES = ("bartizan-agent", "bartizan-server", "bartizan", "bartizan-scanner")
NEWER = "0.1.0+newer"
UNITS = ROOT / "packaging" / "systemd"
STATE = "/var/lib/bartizan-agent"
DATA = "/var/lib/bartizan"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f alice@laptop\n"


def packages_in(folder):
    return {p.name.split("_")[0]: p for p in sorted(pathlib.Path(folder).glob("*.deb"))}


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def unit(name):
    """A unit's settings: name -> values, later lines appended."""
    settings = {}
    for line in (UNITS / f"{name}.service").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            settings.setdefault(key, []).append(value)
    return settings


def build(lab, source, out, *options, **env):
    done = lab.run(sys.executable, source / "packaging" / "debian.py", "--out", out, *options, env=env, deadline_s=120)
    return done.stdout


@story("the packages are built, with what they depend on computed", deadline_s=300)
def built(lab):
    lab.run("ninja", "-C", ROOT / "build" / "release", "bartizan", "bartizand", "bartizan-agent", "bartizan-scanner", deadline_s=280)  # as the sources are now
    build(lab, ROOT, lab.folder / "packages", "--build", ROOT / "build" / "release")
    build(lab, ROOT, lab.folder / "newer", "--build", ROOT / "build" / "release", "--version", NEWER)
    lab.packages = packages_in(lab.folder / "packages")
    equal(sorted(lab.packages), sorted(NAMES), "packages")
    for name, path in lab.packages.items():
        depends = lab.run("dpkg-deb", "-f", path, "Depends").stdout
        check("libc6 (>=" in depends, f"{name} depends on {depends}")
        owners = {line.split()[1] for line in lab.run("dpkg-deb", "-c", path).stdout.splitlines()}
        equal(owners, {"root/root"}, f"owners in {name}")


@story("the units are hardened: systemd-analyze says 2.0 at most")
def hardened(lab):
    if not shutil.which("systemd-analyze"):
        raise Skipped("systemd-analyze is not here")
    for name in ("bartizan-agent", "bartizan-server", "bartizan-scanner"):
        said = lab.run("systemd-analyze", "security", "--offline=true", "--threshold=20", UNITS / f"{name}.service", expected=None)
        level = re.search(r"exposure level for \S+: ([0-9.]+)", said.stdout)
        check(level, said.stdout + said.stderr)
        note(f"{name}: {level.group(1)}")
        check(float(level.group(1)) <= 2.0, f"{name}: {level.group(1)}")


@story("manual pages name every option and command that --help names, and are well-formed")
def manuals(lab):
    for page, program in (("bartizan-agent.8", "bartizan-agent"), ("bartizand.8", "bartizand"), ("bartizan.1", "bartizan"),
                          ("bartizan-scanner.8", "bartizan-scanner")):
        path = ROOT / "packaging" / "man" / page
        told = set(re.findall(r"--[a-z-]+", path.read_text().replace("\\-", "-")))
        text = lab.run(ROOT / "build" / "release" / program, "--help").stdout
        missing = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", text, re.M)) - told
        equal(missing, set(), f"options that {page} leaves out")
        commands = re.findall(r"^  ([a-z-]+)  +[A-Z]", text, re.M)
        equal([c for c in commands if not re.search(rf"^\.B {c}$", path.read_text(), re.M)], [], f"commands that {page} leaves out")
        if shutil.which("groff"):
            equal(lab.run("groff", "-man", "-Tutf8", "-ww", "-z", path).stderr, "", page)


def differing(lab, first, second):
    """What differs between two packages, file by file."""
    unpacked = []
    for path in (first, second):
        folder = lab.new_folder("unpacked")
        lab.run("dpkg-deb", "-R", path, folder)
        unpacked.append({str(p.relative_to(folder)): (p.stat().st_mode, int(p.stat().st_mtime), digest(p) if p.is_file() else "")
                         for p in folder.rglob("*")})
    names = sorted(set(unpacked[0]) | set(unpacked[1]))
    return [f"{n}: {unpacked[0].get(n)} {unpacked[1].get(n)}" for n in names if unpacked[0].get(n) != unpacked[1].get(n)]


@story("building again, elsewhere, at another time, with other habits, gives the same bytes", deadline_s=400)
def reproducible(lab):
    copy = lab.new_folder("another place, with a long name").joinpath("tree")
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z", "--", ":!tests/corpus"], capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        raise Skipped("needs git to know the sources")
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / name)
            os.utime(copy / name, (1, 1))
    folder = copy / "build" / "release"
    # this machine's objects must not be taken in place of new ones: each build its own cache
    env = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "HOME": str(lab.new_folder("home")), "CCACHE_DIR": str(ROOT / "build" / "ccache-again"),
           "CCACHE_BASEDIR": str(copy), "npm_config_cache": os.environ.get("npm_config_cache", str(pathlib.Path.home() / ".npm")),
           "npm_config_prefer_offline": "true"}
    # the same programs and options that ./dev package uses
    lab.run("sh", "-c", 'umask 077; meson setup "$0" "$1" -Dbuildtype=release -Doptimization=2', folder, copy, env=env, deadline_s=60)
    done = lab.run("sh", "-c", 'umask 077; ninja -C "$0" bartizan bartizand bartizan-agent bartizan-scanner', folder, env=env, deadline_s=390, expected=None)
    if done.returncode != 0 and "npm" in done.stdout:
        raise Skipped("the console's packages cannot be had here")
    equal(done.returncode, 0, done.stdout[-2000:])
    moment = lab.run("git", "-C", ROOT, "log", "-1", "--format=%ct").stdout.strip()
    build(lab, copy, lab.folder / "again", SOURCE_DATE_EPOCH=moment, TZ="Pacific/Kiritimati", LC_ALL="C")
    for name, path in packages_in(lab.folder / "again").items():
        if digest(path) != digest(lab.packages[name]):
            differs = differing(lab, lab.packages[name], path)
            check(False, f"{name} differs: " + ("; ".join(differs) or "only in how it is packed"))


@story("the RPM spec packs the same programs, units and configuration", deadline_s=60)
def rpm(lab):
    if not shutil.which("rpmbuild"):
        raise Skipped("rpmbuild is not here")
    top = lab.new_folder("rpm")
    lab.run("rpmbuild", "-bb", "--define", f"_topdir {top}", "--define", f"built {ROOT / 'build' / 'release'}", "--define", f"tree {ROOT}",
            ROOT / "packaging" / "bartizan.spec", deadline_s=50)
    lists = {p.name.rsplit("-", 2)[0]: lab.run("rpm", "-qlp", p).stdout.split() for p in top.glob("RPMS/*/*.rpm")}
    equal(sorted(lists), sorted(NAMES), "packages")
    for name, files in lists.items():
        ours = {line.split()[-1].removeprefix(".").removeprefix("/usr").removeprefix("/lib") for line in
                lab.run("dpkg-deb", "-c", lab.packages[name]).stdout.splitlines() if not line.endswith("/")}
        theirs = {f.removeprefix("/usr").removeprefix("/lib") for f in files} - {"/etc/bartizan"}
        ignored = ("/share/doc", "/share/bash-completion")
        equal(theirs, {re.sub(r"\.gz$", "", f) for f in ours if not f.startswith(ignored)}, f"files of {name}")


@story("install.sh lays out a tree and takes it away again")
def lay_out(lab):
    tree = lab.new_folder("laid-out")
    script = ["sh", ROOT / "packaging" / "install.sh", "--prefix", "/opt/b", "--init", "openrc"]
    lab.run(*script, "--from", ROOT / "build" / "release", env={"DESTDIR": str(tree)})
    for path in ("opt/b/sbin/bartizand", "opt/b/sbin/bartizan-agent", "opt/b/bin/bartizan", "etc/init.d/bartizan-agent", "etc/bartizan/agent.conf"):
        check((tree / path).exists(), f"{path} is not there")
    check("/opt/b/sbin/bartizand" in (tree / "etc/init.d/bartizan-server").read_text(), "the service names another prefix")
    for name in ("bartizan-agent", "bartizan-server"):
        lab.run("sh", "-n", tree / "etc/init.d" / name)
    lab.run(*script, "--uninstall", env={"DESTDIR": str(tree)})
    left = sorted(str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file())
    equal(left, ["etc/bartizan/agent.conf", "etc/bartizan/server.conf"], "what is left")
    lab.run(*script, "--uninstall", "--purge", env={"DESTDIR": str(tree)})
    equal([p for p in tree.rglob("*") if p.is_file()], [], "what is left after a purge")
    lab.run(*script, "--no-such-option", expected=2)
    lab.run(*script, "--from", lab.folder, expected=1, env={"DESTDIR": str(tree)})


# --- a fresh Debian ---


@story("they install into a fresh Debian, with what they need", deadline_s=120)
def install(lab):
    lab.tree = DebianTree(lab)
    lab.tree.install(lab.packages.values())
    for name in NAMES:
        equal(lab.tree.status(name), "install ok installed", name)
    equal(lab.tree.run("dpkg", "--verify", *NAMES).stdout, "", "dpkg --verify")
    for path, mode, owner in (("/usr/sbin/bartizan-agent", 0o755, "root"), ("/usr/sbin/bartizand", 0o755, "root"), ("/usr/bin/bartizan", 0o755, "root"),
                              ("/etc/bartizan/agent.conf", 0o644, "root"), ("/etc/bartizan/server.conf", 0o644, "root"),
                              (STATE, 0o700, "bartizan-agent"), (DATA, 0o700, "bartizan")):
        equal((lab.tree.mode(path), lab.tree.owner(path)), (mode, owner), path)
    for service in ("bartizan-agent", "bartizan-server"):
        check(lab.tree.path(f"/etc/systemd/system/multi-user.target.wants/{service}.service").is_symlink(), f"{service} is not enabled")
    version = lab.tree.run("dpkg-query", "-W", "-f", "${Version}", "bartizan").stdout
    for program in ("bartizand", "bartizan-agent", "bartizan"):
        equal(lab.tree.run(program, "--version").stdout.strip(), f"{program} {version}", "--version")


@story("the server runs there as its unit says, and the agent sees the tree from outside", deadline_s=90)
def serve(lab):
    command = unit("bartizan-server")["ExecStart"][0]
    settings = dict(line.split("=", 1) for line in lab.tree.path("/etc/bartizan/server.conf").read_text().splitlines() if "=" in line and line[0] != "#")
    settings["OPTIONS"] = "--offline"  # no test looks for feeds in the world
    for name, value in settings.items():
        command = command.replace("${%s}" % name, value).replace(f"${name}", value)
    lab.server = Program(lab, "installed-server", lab.tree.command("setpriv", "--reuid=bartizan", "--regid=bartizan", "--clear-groups", "--no-new-privs",
                                                                   "--bounding-set=-all", "--inh-caps=-all", *shlex.split(command)))
    wait_for(lambda: "ready sensors=" in lab.server.out or not lab.server.is_running(), 30, "the server's ready line")
    check(lab.server.is_running(), lab.server.log)
    lab.sensors = re.search(r"sensors=(\S+)", lab.server.out).group(1)
    state = lab.new_folder("outside")
    lab.run(lab.tree.path("/usr/sbin/bartizan-agent"), "--state", state, "--server", lab.sensors, "--ca", lab.tree.path(DATA + "/ca.pem"),
            "--token", token(lab), "--root", lab.tree.folder, "--once", deadline_s=60)
    held = query(lab, "SELECT name, version FROM packages WHERE name LIKE 'bartizan%' ORDER BY name")
    equal([r["name"] for r in held], sorted(NAMES), "the packages, as the agent sees them")


def cli(lab, *words):
    return lab.tree.run("bartizan", "--data", DATA, *words).stdout


def token(lab):
    return cli(lab, "enroll-token", "--uses", "1", "--ttl", "1h").strip()


def query(lab, sql):
    return rows_of(json.loads(cli(lab, "query", "--json", sql)))


# What systemd does with the unit's settings, as far as the kernel's own tools can: PID 1 sees everything, the service
# a tree that is read-only, without homes and /tmp, and has the unit's user and capabilities.
AS_SYSTEMD = r"""
set -e
mount --bind / /
eval "$PRE"
unshare --mount --propagation slave sh -c '
	set -e
	mount --bind / /mnt
	mount -o remount,bind,ro /mnt
	mount --bind $STATE /mnt$STATE
	for hidden in /home /root /tmp /var/tmp; do mount -t tmpfs -o mode=000,ro hidden /mnt$hidden; done
	mount -t proc -o hidepid=invisible proc /mnt/proc
	set -a; . /etc/bartizan/agent.conf; set +a
	exec chroot /mnt setpriv --reuid=$USER --regid=$USER --clear-groups --no-new-privs \
		--bounding-set=-all,$CAPS --inh-caps=-all,$CAPS --ambient-caps=-all,$CAPS $EXEC' &
service=$!
trap 'kill -TERM $service' TERM
wait $service || wait $service
"""


@story("the agent starts as its unit says, takes the token, and sees through its own confinement", deadline_s=90)
def as_unit(lab):
    settings = unit("bartizan-agent")
    tree = lab.tree
    tree.run("useradd", "--create-home", "alice")
    tree.write("/home/alice/.ssh/authorized_keys", KEY, 0o600)
    tree.run("chown", "-R", "alice:alice", "/home/alice")
    tree.run("chmod", "700", "/home/alice")
    tree.run("cp", f"{DATA}/ca.pem", "/etc/bartizan/ca.pem")
    tree.write("/etc/bartizan/token", token(lab) + "\n", 0o600)
    conf = tree.path("/etc/bartizan/agent.conf")
    conf.write_text(conf.read_text().replace("BARTIZAN_AGENT_SERVER=\n", f"BARTIZAN_AGENT_SERVER={lab.sensors}\n"))
    pre = shlex.split(settings["ExecStartPre"][0].removeprefix("-+"))[2]
    caps = ",".join("+" + c.removeprefix("CAP_").lower() for c in settings["AmbientCapabilities"][0].split())
    equal(settings["AmbientCapabilities"], settings["CapabilityBoundingSet"], "ambient and bounding set")
    env = {"PRE": pre, "STATE": STATE, "USER": settings["User"][0], "CAPS": caps, "EXEC": settings["ExecStart"][0].replace("$OPTIONS", "")}
    lab.agent = Program(lab, "installed-agent", ["unshare", "--pid", "--mount", "--fork", "--kill-child", f"--root={tree.folder}", "--mount-proc=/proc",
                                                 "/bin/sh", "-c", AS_SYSTEMD], env=env)
    sensors = "SELECT asset FROM authorized_keys WHERE user = 'alice'"

    def seen():
        check(lab.agent.is_running(), lab.agent.log)
        return query(lab, sensors)

    asset = wait_for(seen, 40, "alice's key, below a home that the agent's own mount namespace hides")[0]["asset"]
    mounts = wait_for(lambda: query(lab, f"SELECT target, type FROM mounts WHERE asset = '{asset}'"), 20, "the mounts")
    check(not [m for m in mounts if m["type"] == "tmpfs" and m["target"] in ("/home", "/tmp")], f"the unit's own mounts are told: {mounts}")
    check(not tree.path("/etc/bartizan/token").exists(), "the token is still in /etc/bartizan")
    wait_for(lambda: not tree.path(f"{STATE}/key/token").exists(), 10, "the used token to be removed")
    port = int(lab.sensors.rsplit(":", 1)[1])
    wait_for(lambda: query(lab, f"SELECT port FROM listeners WHERE asset = '{asset}' AND port = {port}"), 20, "the server's listening socket")
    check("without CAP_DAC_READ_SEARCH" not in lab.agent.log, lab.agent.log)
    equal(tree.owner(f"{STATE}/key/identity.pem"), "bartizan-agent", "the key's owner")
    check(not re.search(r"level=(warn|error)", lab.agent.log), f"the agent complains: {lab.agent.log}")
    for pid in children_of(lab.agent.pid):  # unshare itself keeps out of it
        os.kill(pid, signal.SIGTERM)
    equal(lab.agent.wait_end(), 0, "the agent's exit status")
    equal(lab.server.stop(), 0, "the server's exit status")


@story("an upgrade keeps the state and what the administrator configured", deadline_s=60)
def upgrade(lab):
    tree = lab.tree
    before = {p: digest(tree.path(p)) for p in (f"{STATE}/key/identity.pem", "/etc/bartizan/agent.conf", f"{DATA}/ca.pem")}
    tree.install(packages_in(lab.folder / "newer").values())
    equal(tree.run("dpkg-query", "-W", "-f", "${Version}", "bartizan-agent").stdout, NEWER, "version")
    equal({p: digest(tree.path(p)) for p in before}, before, "what an upgrade must keep")


@story("removed, the programs are gone and configuration and state are kept", deadline_s=60)
def remove(lab):
    tree = lab.tree
    tree.apt("remove", *NAMES)
    for path in ("/usr/sbin/bartizan-agent", "/usr/sbin/bartizand", "/usr/bin/bartizan", "/lib/systemd/system/bartizan-agent.service"):
        check(not tree.path(path).exists(), f"{path} is still there")
    for path in ("/etc/bartizan/agent.conf", f"{STATE}/key/identity.pem", f"{DATA}/ca.pem"):
        check(tree.path(path).exists(), f"{path} is gone")


@story("purged, nothing is left but the server's data, and that is said", deadline_s=60)
def purge(lab):
    tree = lab.tree
    said = tree.apt("purge", *NAMES)
    check(f"the data in {DATA} stays" in said.stderr + said.stdout, said.stderr)
    left = tree.run("find", "/", "-xdev", "-iname", "*bartizan*", "-not", "-path", f"{DATA}/*", "-not", "-path", "/proc/*").stdout.split()
    equal(left, [DATA], "what is left")
    check("bartizan-agent" not in tree.path("/etc/passwd").read_text(), "the agent's user is left")


@story("install.sh installs where there is no package, makes the user, and keeps what the administrator changed", deadline_s=60)
def by_script(lab):
    tree = lab.tree
    shutil.copytree(ROOT / "packaging", tree.path("/srv/packaging"))
    tree.path("/srv/build").mkdir()
    for name in ("bartizan", "bartizand", "bartizan-agent"):
        shutil.copy(ROOT / "build" / "release" / name, tree.path("/srv/build"))
    script = ["sh", "/srv/packaging/install.sh", "--init", "systemd" if tree.path("/bin/systemctl").exists() else "none"]
    tree.run(*script, "--from", "/srv/build")
    equal(tree.run("/usr/local/sbin/bartizan-agent", "--version").stdout.split()[0], "bartizan-agent", "the program runs")
    equal(tree.run("id", "-un", "bartizan").stdout.strip(), "bartizan", "the server's user")
    tree.path("/etc/bartizan/server.conf").write_text("SENSORS=0.0.0.0:7443\n")
    tree.run(*script, "--from", "/srv/build")
    equal(tree.path("/etc/bartizan/server.conf").read_text(), "SENSORS=0.0.0.0:7443\n", "the administrator's configuration")
    check(tree.path("/etc/bartizan/server.conf.new").exists(), "the new configuration is not beside it")
    said = tree.run(*script, "--uninstall", "--purge").stdout
    check("the server's data stays" in said, said)
    check(not tree.path("/usr/local/sbin/bartizand").exists() and not tree.path("/etc/bartizan").exists(), "something is left")


if __name__ == "__main__":
    prepare_debian()
    isolate()
    tell(Lab)
