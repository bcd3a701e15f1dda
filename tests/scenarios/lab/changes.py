"""One real change for every table that may change here, to be made any number of times: for the test that each is noticed, and the benchmark of how soon."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

KINDS = {}
CONTROL = "Package: lab-{n}\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: of a change\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f lab{n}@laptop\n"

# Tables without a change that a test may make, and why.
NONE = {
    "hardware": "a processor would have to be plugged in",
    "modules": "a kernel module would have to be loaded into the machine's kernel",
    "devices": "a device would have to be plugged in",
    "sensor_health": "it tells of the others' walks",
    "files": "by policy of the server: a scenario of its own",
    "vulnerabilities": "the server derives it",
}


def kind(table, *also, seldom=None):
    """A change of a table (and of others). seldom: it is looked at this seldom, in seconds, for nothing tells or a walk costs much; None: at once."""

    def keep(function):
        KINDS[function.__name__] = (table, also, seldom, function)
        return function

    return keep


def renamed_at(path):
    """The moment, in ns, at which a file was put into place."""
    return os.stat(path).st_ctime_ns


def replace(path, text, mode=0o644):
    """As programs replace their files."""
    new = pathlib.Path(str(path) + ".new")
    new.parent.mkdir(parents=True, exist_ok=True)
    new.write_text(text)
    new.chmod(mode)
    new.rename(path)
    return time.time_ns()


class Changes:
    """Makes change number n of a kind: (moment in ns, what is then in the row of the change)."""

    def __init__(self, lab, machine):
        self.lab, self.machine, self.kept = lab, machine, {}
        machine.run("ip", "link", "add", "lab0", "type", "bridge")
        machine.run("ip", "address", "add", "198.18.0.1/15", "dev", "lab0")
        machine.run("ip", "link", "set", "lab0", "up")

    def make(self, name, n):
        return KINDS[name][3](self, n)

    def certificate(self, n):
        path = self.lab.folder / f"certificate-{n}.pem"
        self.lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.lab.folder / "lab.key", "-out", path,
                     "-subj", f"/CN=lab-{n}", "-days", "9")
        return path.read_text()

    @kind("os")
    def os_release(self, n):
        # still a system that feeds speak of
        return replace("/etc/os-release", f'NAME=Lab\nID=debian\nVERSION_ID="12"\nPRETTY_NAME="Lab {n} of many"\n'), f"Lab {n} of many"

    @kind("kernel")
    def kernel_image(self, n):
        pathlib.Path("/boot").mkdir(exist_ok=True)
        return replace(f"/boot/vmlinuz-9.{n}-lab", ""), f"9.{n}-lab"

    @kind("packages")
    def package(self, n):
        folder = self.lab.new_folder("deb")
        (folder / "DEBIAN").mkdir()
        (folder / "DEBIAN/control").write_text(CONTROL.format(n=n))
        self.lab.run("dpkg-deb", "--build", "--root-owner-group", folder, folder.with_suffix(".deb"))
        self.machine.run("dpkg", "--install", folder.with_suffix(".deb"))
        return renamed_at("/var/lib/dpkg/status"), f"lab-{n}"

    @kind("users", "groups", "accounts")
    def account(self, n):
        self.machine.run("useradd", "--no-create-home", f"lab{n}x")
        return renamed_at("/etc/passwd"), f"lab{n}x"

    @kind("authorized_keys")
    def authorized_key(self, n):
        folder = pathlib.Path("/root/.ssh")
        folder.mkdir(exist_ok=True, mode=0o700)
        return replace(folder / "authorized_keys", KEY.format(n=n), 0o600), f"lab{n}@laptop"

    @kind("ssh_host_keys")
    def ssh_host_key(self, n):
        pathlib.Path("/etc/ssh").mkdir(exist_ok=True)
        return replace(f"/etc/ssh/ssh_host_lab{n}_key.pub", KEY.format(n=n)), f"ssh_host_lab{n}_key.pub"

    @kind("interfaces")
    def interface(self, n):
        self.machine.run("ip", "link", "add", f"lab{n}i", "type", "bridge")
        return time.time_ns(), f"lab{n}i"

    @kind("addresses")
    def address(self, n):
        self.machine.run("ip", "address", "add", f"192.0.2.{n + 1}/32", "dev", "lab0")
        return time.time_ns(), f"192.0.2.{n + 1}"

    @kind("routes")
    def route(self, n):
        self.machine.run("ip", "route", "add", f"203.0.113.{n}/32", "dev", "lab0")
        return time.time_ns(), f"203.0.113.{n}/32"

    @kind("neighbours")
    def neighbour(self, n):
        self.machine.run("ip", "neighbour", "add", f"198.18.7.{n + 1}", "lladdr", "02:00:00:00:00:01", "dev", "lab0", "nud", "permanent")
        return time.time_ns(), f"198.18.7.{n + 1}"

    @kind("listeners")
    def tcp_listener(self, n):
        self.kept["tcp", n] = listener = socket.create_server(("127.0.0.1", 0))
        return time.time_ns(), listener.getsockname()[1]

    @kind("listeners", seldom=1)
    def udp_listener(self, n):
        self.kept["udp", n] = listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.1", 0))
        return time.time_ns(), listener.getsockname()[1]

    @kind("services")
    def unit(self, n):
        return replace(f"/etc/systemd/system/lab-{n}.service", "[Service]\nExecStart=/bin/true\n"), f"lab-{n}.service"

    @kind("timers")
    def timer(self, n):
        return replace(f"/etc/systemd/system/lab-{n}.timer", "[Timer]\nOnCalendar=daily\n"), f"lab-{n}.timer"

    @kind("cron")
    def cron_job(self, n):
        return replace(f"/etc/cron.d/lab-{n}", f"1 1 * * * root /bin/lab-{n}\n"), f"/bin/lab-{n}"

    @kind("mounts")
    def mount(self, n):
        folder = self.lab.new_folder(f"mounted-{n}-")
        self.machine.run("mount", "-t", "tmpfs", f"lab-{n}", folder)
        return time.time_ns(), f"lab-{n}"

    @kind("certificates")
    def certificate_file(self, n):
        return replace(f"/etc/ssl/lab-{n}.pem", self.certificate(n)), f"/etc/ssl/lab-{n}.pem"

    @kind("trust_store")
    def trusted(self, n):
        return replace(f"/etc/ssl/certs/lab-trust-{n}.pem", self.certificate(n)), f"CN=lab-{n}"

    @kind("processes", seldom=10)
    def process(self, n):
        program = self.lab.folder / f"labdaemon-{n}"
        shutil.copy("/bin/sleep", program)
        self.lab.closing.append(subprocess.Popen([program, "600"]).kill)
        return time.time_ns(), f"labdaemon-{n}"

    @kind("package_use", seldom=10)
    def package_in_use(self, n):
        program = self.lab.folder / f"labuser-{n}"
        shutil.copy("/bin/sleep", program)
        self.lab.closing.append(subprocess.Popen([program, "600"]).kill)
        return time.time_ns(), f"labuser-{n}"

    @kind("sudo_rules")
    def sudo_rule(self, n):
        return replace("/etc/sudoers.d/lab", f"root ALL=(ALL) /bin/lab-{n}\n", 0o440), f"/bin/lab-{n}"

    @kind("sshd_config")
    def sshd_setting(self, n):
        return replace("/etc/ssh/sshd_config", f"ClientAliveInterval {7000 + n}\n"), 7000 + n

    @kind("sysctl", seldom=60)
    def kernel_setting(self, n):
        """A setting of the network namespace alone; a file in sysctl.d, as whoever means it to last writes it, is seen at once."""
        value = str(n + 1)
        pathlib.Path("/proc/sys/net/ipv4/conf/default/log_martians").write_text(value)
        replace("/etc/sysctl.d/lab.conf", f"net.ipv4.conf.default.log_martians={value}\n")
        return time.time_ns(), "net.ipv4.conf.default.log_martians"

    @kind("firewall")
    def chain(self, n):
        self.lab.run("nft", "-f", "-", input=f"table inet lab {{\n chain lab{n}c {{\n counter\n }}\n}}\n")
        return time.time_ns(), f"lab{n}c"

    @kind("disks")
    def loop_device(self, n):
        path = self.lab.folder / f"disk-{n}"
        with open(path, "wb") as file:
            file.truncate(512 * (7001 + n))
        device = self.lab.run("losetup", "--find", "--show", path).stdout.strip()
        self.lab.closing.append(lambda: subprocess.run(["losetup", "--detach", device], check=False))
        return time.time_ns(), 512 * (7001 + n)

    @kind("privileged_files", seldom=10)
    def setuid_program(self, n):
        path = pathlib.Path(f"/usr/local/bin/lab-{n}-setuid")
        replace(path, "", 0o755)
        path.chmod(0o4755)
        return time.time_ns(), str(path)

    @kind("language_packages")
    def npm_package(self, n):
        return replace(f"/usr/local/lib/node_modules/lab-{n}/package.json", f'{{"name": "lab-{n}", "version": "1.0.0"}}'), f"lab-{n}"

    @kind("containers")
    def container(self, n):
        number = f"{n:064x}"
        return replace(f"/var/lib/docker/containers/{number}/config.v2.json",
                       f'{{"ID": "{number}", "Name": "/lab-{n}", "Config": {{"Image": "lab"}}, "State": {{"Running": true}}}}'), f"lab-{n}"

    @kind("updates", seldom=10)
    def list_of_apt(self, n):
        name = "/var/lib/apt/lists/lab.example.org_debian_dists_lab_main_binary-amd64_Packages"
        return replace(name, f"Package: dpkg\nVersion: 99:{n}\nArchitecture: amd64\n\n"), f"99:{n}"
