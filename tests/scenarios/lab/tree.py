"""A Debian-like file system tree, and ways to change it as real programs do: written beside, renamed into place."""

import os
import pathlib

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
alice:x:1000:1000:Alice Example,,,:/home/alice:/bin/bash
"""
GROUP = "root:x:0:\ndaemon:x:1:\nadm:x:4:alice\nwww-data:x:33:\nalice:x:1000:\n"
OS_RELEASE = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
"""
UNIT = "[Unit]\nDescription=A web server\n[Service]\nExecStart=/usr/sbin/webd -D\nUser=www-data\n[Install]\nWantedBy=multi-user.target\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f alice@laptop\n"


def stanza(name, version, source=None):
    """A package in dpkg's status file."""
    return (f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: utils\nInstalled-Size: 120\n"
            f"Maintainer: A Maintainer <maintainer@example.org>\nArchitecture: amd64\n{f'Source: {source}' + chr(10) if source else ''}Version: {version}\n"
            f"Description: {name} of a test\n and its long text\n\n")


class Tree:
    """A tree below a folder. What was there stays; packages, users, cron files and the like come and go on top."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.status_text = self.read("var/lib/dpkg/status")
        self.passwd_text = self.read("etc/passwd")
        self.packages, self.users = {}, {}

    @classmethod
    def debian(cls, folder, package_count=40):
        """A new tree with a few rows in each table that a tree can have."""
        folder = pathlib.Path(folder)
        tree = cls(folder)
        tree.write("etc/os-release", OS_RELEASE)
        tree.write("etc/debian_version", "12.8\n")
        tree.write("etc/hostname", folder.name + "\n")
        tree.write("etc/passwd", PASSWD)
        tree.write("etc/group", GROUP)
        tree.write("etc/crontab", "SHELL=/bin/sh\n17 * * * * root cd / && run-parts --report /etc/cron.hourly\n")
        tree.write("etc/cron.d/backup", "30 2 * * * root /usr/local/bin/backup --all\n")
        tree.write("usr/lib/systemd/system/webd.service", UNIT)
        tree.write("home/alice/.ssh/authorized_keys", KEY)
        tree.write("etc/ssl/certs/.keep", "")
        tree.write("boot/vmlinuz-6.1.0-28-amd64", "")
        status = "".join(stanza(f"package-{n:04}", f"1.{n}-1", f"source-{n // 3}") for n in range(package_count))
        tree.write("var/lib/dpkg/status", status)
        return cls(folder)

    def read(self, path):
        try:
            return (self.folder / path).read_text()
        except FileNotFoundError:
            return ""

    def write(self, path, text):
        """Replaces a file atomically."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name("." + target.name + ".new")
        beside.write_text(text)
        os.chmod(beside, 0o644)
        os.rename(beside, target)

    def remove(self, path):
        (self.folder / path).unlink()

    def save_packages(self):
        self.write("var/lib/dpkg/status", self.status_text + "".join(stanza(n, v) for n, v in self.packages.items()))

    def save_users(self):
        lines = "".join(f"{name}:x:{uid}:{uid}:{name}:/home/{name}:/bin/sh\n" for name, uid in self.users.items())
        self.write("etc/passwd", self.passwd_text + lines)
