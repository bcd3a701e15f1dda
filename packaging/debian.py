#!/usr/bin/env python3
"""Builds the Debian packages: debian.py [--build DIR] [--out DIR] [--version VERSION]

Lays out each package with install.sh and packs it with dpkg-deb. The same programs give the same bytes: times are
SOURCE_DATE_EPOCH (else the last commit's, else the changelog's), owners root's, modes said, orders sorted, and
nothing of the machine's (umask, locale, zone, paths) gets in.
"""

import argparse
import email.utils
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PROGRAMS = {"bartizan-agent": "usr/sbin/bartizan-agent", "bartizan-server": "usr/sbin/bartizand", "bartizan": "usr/bin/bartizan",
            "bartizan-scanner": "usr/sbin/bartizan-scanner"}
PARTS = {"bartizan-agent": "agent", "bartizan-server": "server", "bartizan": "cli", "bartizan-scanner": "scanner"}
SCRIPTS = ("postinst", "prerm", "postrm")


def run(*words, cwd=None, env=None):
    """What a command wrote; its words and errors where it fails."""
    done = subprocess.run([str(w) for w in words], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr or done.stdout}")
    return done.stdout


def changelog_head():
    """Version and time of the newest entry."""
    text = (HERE / "debian" / "changelog").read_text()
    version = re.match(r"bartizan \(([^)]+)\)", text).group(1)
    moment = email.utils.parsedate_to_datetime(re.search(r"^ -- .*>  (.*)$", text, re.M).group(1))
    return version, int(moment.timestamp())


def source_time():
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return int(os.environ["SOURCE_DATE_EPOCH"])
    done = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else changelog_head()[1]


def meson_version():
    return re.search(r"^\s*version: '([^']+)'", (ROOT / "meson.build").read_text(), re.M).group(1)


def control_fields():
    """Package name -> its paragraph of debian/control."""
    paragraphs = (HERE / "debian" / "control").read_text().strip().split("\n\n")
    return {re.match(r"Package: (\S+)", p).group(1): p for p in paragraphs}


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)


def pack(path):
    """Compresses a file in its place, without its name and time."""
    write(path.with_name(path.name + ".gz"), gzip.compress(path.read_bytes(), 9, mtime=0))
    path.unlink()


def lay_out(name, build, tree):
    env = dict(os.environ, DESTDIR=str(tree))
    run("sh", HERE / "install.sh", "--part", PARTS[name], "--from", build, "--prefix", "/usr", "--init", "systemd",
        "--unit-dir", "/lib/systemd/system", env=env)
    run("strip", "--strip-unneeded", "--remove-section=.comment", "--remove-section=.note", tree / PROGRAMS[name])
    for page in tree.glob("usr/share/man/*/*"):
        pack(page)
    doc = tree / "usr/share/doc" / name
    write(doc / "copyright", (HERE / "debian" / "copyright").read_bytes())
    write(doc / "changelog", (HERE / "debian" / "changelog").read_bytes())
    pack(doc / "changelog")
    if name == "bartizan":
        write(tree / "usr/share/bash-completion/completions/bartizan", run(build / "bartizan", "completion", "bash"))


def shared_libraries(tree, name):
    """Depends of the program, by dpkg-shlibdeps, which wants to be where a debian/control is."""
    with tempfile.TemporaryDirectory() as work:
        write(pathlib.Path(work, "debian/control"), f"Source: bartizan\n\nPackage: {name}\nArchitecture: any\n")
        text = run("dpkg-shlibdeps", "-O", "-e", tree / PROGRAMS[name], cwd=work)
    return re.search(r"^shlibs:Depends=(.*)$", text, re.M).group(1)


def script(name, kind):
    """A maintainer's script out of the package's own part and the service's, or None."""
    own = HERE / "debian" / f"{PARTS[name]}.{kind}"
    service = HERE / "debian" / f"service.{kind}"
    if PARTS[name] == "cli":
        return None
    parts = [p.read_text() for p in ((own, service) if kind == "postinst" else (service, own)) if p.exists()]
    return "".join(parts).replace("@SERVICE@", f"{name}.service")


def write_control(name, tree, version):
    files = sorted(p for p in tree.rglob("*") if p.is_file())
    size_kib = sum(-(-p.stat().st_size // 1024) for p in files)
    fields = control_fields()[name].replace("${shlibs:Depends}", shared_libraries(tree, name))
    head, rest = fields.split("\n", 1)
    architecture = run("dpkg", "--print-architecture").strip()
    meta = tree / "DEBIAN"
    write(meta / "control", f"{head}\nVersion: {version}\nArchitecture: {architecture}\nInstalled-Size: {size_kib}\n{rest}\n")
    write(meta / "md5sums", "".join(f"{hashlib.md5(p.read_bytes()).hexdigest()}  {p.relative_to(tree)}\n" for p in files))
    conffiles = [f"/{p.relative_to(tree)}\n" for p in files if p.is_relative_to(tree / "etc")]
    if conffiles:
        write(meta / "conffiles", "".join(conffiles))
    for kind in SCRIPTS:
        text = script(name, kind)
        if text:
            write(meta / kind, text, 0o755)


def settle(tree, moment):
    """Modes and times that do not depend on who builds, where and when."""
    for path in [tree, *tree.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
        os.utime(path, (moment, moment), follow_symlinks=False)


def build_package(name, build, out, version, moment):
    with tempfile.TemporaryDirectory() as work:
        tree = pathlib.Path(work, name)
        tree.mkdir()
        lay_out(name, build, tree)
        write_control(name, tree, version)
        settle(tree, moment)
        architecture = run("dpkg", "--print-architecture").strip()
        target = out / f"{name}_{version}_{architecture}.deb"
        env = dict(os.environ, SOURCE_DATE_EPOCH=str(moment))
        run("dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zxz", "--build", tree, target, env=env)
    return target


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="where the programs are")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "packages")
    parser.add_argument("--version", help="another version than the changelog's, to try upgrades")
    args = parser.parse_args()
    os.umask(0o022)
    version, _ = changelog_head()
    if version != meson_version():
        sys.exit(f"packaging/debian/changelog says {version}, meson.build {meson_version()}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in PARTS:
        target = build_package(name, args.build.resolve(), args.out.resolve(), args.version or version, source_time())
        print(f"{target}  {target.stat().st_size // 1024} KiB", flush=True)


if __name__ == "__main__":
    main()
