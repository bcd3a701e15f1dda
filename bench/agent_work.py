"""What happens to a machine, scripted for the agent's benchmarks: an ordinary day from a list, a package upgrade as dpkg does it."""

import pathlib
import re
import shutil
import socket
import subprocess
import time

from lab.changes import replace

DAY = pathlib.Path(__file__).resolve().parent / "agent_day.txt"
STATUS = pathlib.Path("/var/lib/dpkg/status")
INFO, UPDATES = pathlib.Path("/var/lib/dpkg/info"), pathlib.Path("/var/lib/dpkg/updates")

# A run of dpkg as apt starts it has so many packages.
BATCH = 20


def stanzas():
    return STATUS.read_text(errors="surrogateescape").rstrip("\n").split("\n\n")


def field(stanza, name):
    found = re.search(rf"^{name}: (.*)$", stanza, re.M)
    return found.group(1) if found else ""


def upgraded(stanza):
    return re.sub(r"^Version: (.*)$", r"Version: \1+bench", stanza, flags=re.M)


def write_status(all_stanzas):
    replace(STATUS, "\n\n".join(all_stanzas) + "\n\n")


def unpack(stanza, number):
    """Files of one package replaced by rename, its list and sums, and dpkg's journal entry."""
    name = field(stanza, "Package")
    for kind in ("list", "md5sums"):
        for path in (INFO / f"{name}.{kind}", INFO / f"{name}:{field(stanza, 'Architecture')}.{kind}"):
            if path.exists():
                replace(path, path.read_text())
    folder = pathlib.Path("/usr/share/doc", name)
    for path in sorted(folder.glob("*"))[:3] if folder.is_dir() else []:
        if path.is_file() and not path.is_symlink():
            fresh = path.with_name(path.name + ".dpkg-new")
            shutil.copyfile(path, fresh)
            fresh.rename(path)
    UPDATES.mkdir(exist_ok=True)
    (UPDATES / f"{number:04}").write_text(stanza + "\n")


def upgrade(count, period_s):
    """The first packages that are installed, one each period; dpkg's status is rewritten at the end of each of its runs. How many."""
    held = stanzas()
    chosen = [i for i, stanza in enumerate(held) if field(stanza, "Status") == "install ok installed"][:count]
    for number, i in enumerate(chosen, 1):
        held[i] = upgraded(held[i])
        unpack(held[i], number % BATCH)
        if number % BATCH == 0 or number == len(chosen):
            write_status(held)
            for entry in UPDATES.iterdir():
                entry.unlink()
        time.sleep(period_s)
    return len(chosen)


class Day:
    """Replays agent_day.txt: the same changes, one behind the other."""

    def __init__(self):
        self.kept = {}
        for words in (["link", "add", "day0", "type", "bridge"], ["address", "add", "198.18.0.9/24", "dev", "day0"], ["link", "set", "day0", "up"]):
            subprocess.run(["ip", *words], check=True)

    def log(self, text):
        with open("/var/log/auth.log", "a", encoding="utf-8") as log:
            log.write(time.strftime("%b %e %H:%M:%S ") + "day " + text + "\n")

    def login(self, user, address):
        self.log(f"sshd[4711]: Accepted publickey for {user} from {address} port 50022 ssh2: ED25519 SHA256:kRk0vbT3VwUUFw6mE0M3pV0u0hBmtH0ZtO1qVxpWq1E")
        self.log(f"sshd[4711]: pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)")

    def failed(self, user, address):
        self.log(f"sshd[4712]: Failed password for invalid user {user} from {address} port 50023 ssh2")

    def sudo(self, user, *command):
        self.log(f"sudo:  {user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={' '.join(command)}")

    def cron(self, user, *_):
        self.log(f"CRON[4713]: pam_unix(cron:session): session opened for user {user}(uid=0) by (uid=0)")

    def neighbour(self, address, state):
        words = ["del", address] if state == "gone" else ["replace", address, "lladdr", "02:00:00:00:00:01", "nud", state]
        subprocess.run(["ip", "neighbour", *words, "dev", "day0"], check=True)

    def dhcp(self, address):
        subprocess.run(["ip", "address", "replace", f"{address}/24", "dev", "day0", "valid_lft", "3600", "preferred_lft", "3600"], check=True)

    def process(self, name, what):
        if what == "begins":
            self.kept[name] = subprocess.Popen(["sleep", "1000"])
        else:
            self.kept[name].kill()
            self.kept.pop(name).wait()

    def listener(self, port, what):
        if what == "begins":
            self.kept[port] = socket.create_server(("127.0.0.1", int(port)))
        else:
            self.kept.pop(port).close()

    def packages(self, count):
        upgrade(int(count), 0)

    def file(self, path):
        replace(path, f"# {time.time_ns()}\n1 1 * * * root /bin/true\n")

    def user(self, name):
        replace("/etc/passwd", pathlib.Path("/etc/passwd").read_text() + f"{name}:x:2001:2001::/home/{name}:/bin/bash\n")

    def replay(self, pause_s):
        """How many lines there were; a pause behind each, so that it is seen by itself as it would be on its day."""
        lines = [line.split()[1:] for line in DAY.read_text().splitlines() if line and line[0] != "#"]
        for kind, *arguments in lines:
            getattr(self, kind)(*arguments)
            time.sleep(pause_s)
        return len(lines)
