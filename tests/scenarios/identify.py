#!/usr/bin/env python3
"""What answers behind a port: real servers of Debian's packages, on their usual ports and on ports nobody expects them on.

Each is started by hand in network and process namespaces of this scenario's own; one that is not installed is skipped and said so.
"""

import collections
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import threading
import time

from lab import Lab, build_folder, check, equal, isolate, need_root, note, story, tell, wait_for

HOST = "127.0.0.1"
RUN_DEADLINE_S = 60
ICON_MD5 = hashlib.md5(b"an icon", usedforsecurity=False).hexdigest()


class Servers:
    """Started servers and what each port is expected to be."""

    def __init__(self, lab):
        self.lab, self.folder = lab, lab.new_folder("servers")
        self.folder.chmod(0o777)
        self.expected, self.names, self.missing, self.without_certificate = {}, [], [], set()
        self.key, self.certificate = self.folder / "key.pem", self.folder / "cert.pem"
        lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=lab.example/O=Lab",
                "-keyout", self.key, "-out", self.certificate)
        self.key.chmod(0o644)
        self.processes = []
        lab.closing.append(self.stop)

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def new_folder(self, name, owner=None):
        path = self.folder / name
        path.mkdir()
        path.chmod(0o755)
        if owner:
            entry = pwd.getpwnam(owner)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return path

    def start(self, *command, user=None, env=None):
        log = open(self.folder / (pathlib.Path(str(command[0])).name + ".log"), "ab")
        entry = pwd.getpwnam(user) if user else None
        self.processes.append(subprocess.Popen(
            [str(w) for w in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=dict(os.environ, **(env or {})),
            **({"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []} if entry else {})))

    def expect(self, port, protocol, layer="plain", udp=False, **facts):
        self.expected[("udp" if udp else "tcp", port)] = (protocol, layer, facts)


def find(*names):
    for name in names:
        found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin")
        if found:
            return found
    return None


SERVERS = []


def server(*binaries):
    def keep(function):
        SERVERS.append((binaries, function))
        return function

    return keep


@server("sshd")
def openssh(s, sshd):
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    key = s.folder / "ssh_key"
    s.lab.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    s.start(sshd, "-D", "-f", "/dev/null", "-h", key, "-o", f"ListenAddress={HOST}:22", "-o", f"ListenAddress={HOST}:48018")
    for port in (22, 48018):
        s.expect(port, "ssh", **{"ssh.banner": "OpenSSH_", "ssh.host_key": "ssh-ed25519 SHA256:"})


@server("dropbear")
def dropbear(s, program):
    s.lab.run("dropbearkey", "-t", "ed25519", "-f", s.folder / "dropbear_key")
    s.start(program, "-F", "-E", "-r", s.folder / "dropbear_key", "-p", f"{HOST}:47023", "-P", s.folder / "dropbear.pid")
    s.expect(47023, "ssh", **{"ssh.banner": "dropbear"})


@server("nginx")
def nginx(s, program):
    where = s.new_folder("nginx")
    (where / "index.html").write_text("<html><head><title>Welcome to the lab</title></head></html>")
    (where / "favicon.ico").write_bytes(b"an icon")
    s.write("nginx.conf", f"""
daemon off; pid {where}/pid; error_log {where}/error.log;
events {{ }}
http {{
 access_log off; root {where};
 client_body_temp_path {where}/1; proxy_temp_path {where}/2; fastcgi_temp_path {where}/3; uwsgi_temp_path {where}/4; scgi_temp_path {where}/5;
 server {{ listen {HOST}:80; listen {HOST}:47080; }}
 server {{ listen {HOST}:47090 http2; }}
 server {{ listen {HOST}:443 ssl http2; listen {HOST}:48016 ssl; ssl_certificate {s.certificate}; ssl_certificate_key {s.key}; }}
}}""")
    where.chmod(0o777)
    s.start(program, "-c", s.folder / "nginx.conf", "-p", where)
    for port, layer in ((80, "plain"), (47080, "plain"), (443, "tls"), (48016, "tls")):
        s.expect(port, "http", layer, **{"http_header.server": "nginx/", "html_title": "Welcome to the lab", "favicon.md5": ICON_MD5})
    s.expect(47090, "http2", **{"http_header.server": "nginx/", "http.status": "200", "html_title": "Welcome to the lab", "favicon.md5": ICON_MD5})


@server("lighttpd")
def lighttpd(s, program):
    s.write("lighttpd.conf", f'server.document-root = "{s.new_folder("lighttpd")}"\nserver.port = 47081\nserver.bind = "{HOST}"\n')
    s.start(program, "-D", "-f", s.folder / "lighttpd.conf")
    s.expect(47081, "http", **{"http_header.server": "lighttpd/"})


@server("apache2")
def apache(s, program):
    modules = "/usr/lib/apache2/modules"
    s.write("apache.conf", f"""
ServerRoot {s.new_folder("apache")}
PidFile pid
ErrorLog error.log
ServerName lab.example
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
Listen {HOST}:47082
Listen {HOST}:8000
User www-data
Group www-data
<VirtualHost *:8000>
SSLEngine on
SSLCertificateFile {s.certificate}
SSLCertificateKeyFile {s.key}
</VirtualHost>
""")
    s.start(program, "-DFOREGROUND", "-f", s.folder / "apache.conf")
    s.expect(47082, "http", **{"http_header.server": "Apache/"})
    s.expect(8000, "http", "tls", **{"http_header.server": "Apache/"})  # says in the clear that it wants TLS


@server("haproxy")
def haproxy(s, program):
    both = s.write("both.pem", s.certificate.read_text() + s.key.read_text())
    s.write("haproxy.cfg", f"defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\nfrontend f\n bind {HOST}:47084\n"
                           f" http-request deny deny_status 403\nfrontend h2\n bind {HOST}:48090 ssl crt {both} alpn h2 proto h2\n http-request deny deny_status 403\n")
    s.start(program, "-f", s.folder / "haproxy.cfg")
    s.expect(47084, "http", **{"http.status": "403"})
    s.expect(48090, "http2", "tls", **{"http.status": "403"})  # speaks nothing else


@server("smtpd")
def opensmtpd(s, program):
    key = s.folder / "smtpd.key"
    shutil.copy(s.key, key)
    key.chmod(0o600)
    s.write("smtpd.conf", f"""
pki lab cert "{s.certificate}"
pki lab key "{key}"
listen on {HOST} port 25 tls pki lab hostname lab.example
listen on {HOST} port 47025 hostname lab.example
action "a" relay
match from local for any action "a"
""")
    s.start(program, "-d", "-f", s.folder / "smtpd.conf")
    s.expect(25, "smtp", "starttls", **{"smtp.banner": "lab.example ESMTP OpenSMTPD"})
    s.without_certificate.add(25)  # this build's handshake fails with any client: "EVP lib"
    s.expect(47025, "smtp", **{"smtp.banner": "lab.example ESMTP OpenSMTPD"})


@server("dovecot")
def dovecot(s, program):
    where = s.new_folder("dovecot")
    s.write("dovecot.conf", f"""
base_dir = {where}/run
state_dir = {where}/state
log_path = {where}/log
protocols = imap pop3
default_login_user = nobody
default_internal_user = nobody
passdb {{
  driver = static
  args = password=x
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={where}
}}
ssl = yes
ssl_cert = <{s.certificate}
ssl_key = <{s.key}
service imap-login {{
  inet_listener imap {{
    address = {HOST}
    port = 143
  }}
  inet_listener imap2 {{
    address = {HOST}
    port = 48013
  }}
  inet_listener imaps {{
    address = {HOST}
    port = 993
  }}
  inet_listener imaps2 {{
    address = {HOST}
    port = 48015
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    address = {HOST}
    port = 110
  }}
  inet_listener pop3b {{
    address = {HOST}
    port = 48014
  }}
  inet_listener pop3s {{
    address = {HOST}
    port = 995
  }}
}}
""")
    s.start(program, "-F", "-c", s.folder / "dovecot.conf")
    for port in (143, 48013):
        s.expect(port, "imap", "starttls", **{"imap4.banner": "Dovecot", "imap.id": "Dovecot"})
    for port in (993, 48015):
        s.expect(port, "imap", "tls", **{"imap4.banner": "Dovecot"})
    for port in (110, 48014):
        s.expect(port, "pop3", "starttls", **{"pop3.banner": "Dovecot"})
    s.expect(995, "pop3", "tls", **{"pop3.banner": "Dovecot"})


@server("vsftpd")
def vsftpd(s, program):
    pathlib.Path("/var/run/vsftpd/empty").mkdir(parents=True, exist_ok=True)
    for port in (21, 48019):
        path = s.write(f"vsftpd-{port}.conf", f"listen=YES\nlisten_address={HOST}\nlisten_port={port}\nbackground=NO\nanonymous_enable=NO\nlocal_enable=YES\n"
                       f"ssl_enable={'YES' if port == 21 else 'NO'}\nrsa_cert_file={s.certificate}\nrsa_private_key_file={s.key}\n")
        s.start(program, path)
    s.expect(21, "ftp", "starttls", **{"ftp.banner": "(vsFTPd "})
    s.expect(48019, "ftp", **{"ftp.banner": "(vsFTPd "})


@server("dnsmasq")
def dnsmasq(s, program):
    for port in (53, 47053):
        s.start(program, "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", f"--port={port}", f"--listen-address={HOST}", "--bind-interfaces",
                "--user=root", f"--pid-file={s.folder}/dnsmasq-{port}.pid")
        s.expect(port, "dns", udp=True, **{"dns.versionbind": "dnsmasq-"})
        s.expect(port, "dns", **{"dns.versionbind": "dnsmasq-"})


@server("unbound")
def unbound(s, program):
    where = s.new_folder("unbound")
    s.write("unbound.conf", f"""
server:
 chroot: ""
 username: ""
 directory: "{where}"
 pidfile: "{where}/pid"
 do-daemonize: no
 use-syslog: no
 interface: {HOST}@853
 interface: {HOST}@47054
 tls-port: 853
 tls-service-key: "{s.key}"
 tls-service-pem: "{s.certificate}"
 num-threads: 1
 module-config: "iterator"
remote-control:
 control-enable: no
""")
    s.start(program, "-d", "-c", s.folder / "unbound.conf")
    s.expect(853, "dns", "tls", **{"dns.versionbind": "unbound "})
    s.expect(47054, "dns", udp=True, **{"dns.versionbind": "unbound "})


@server("chronyd")
def chrony(s, program):
    s.write("chrony.conf", f"local stratum 8\nallow 127.0.0.0/8\nbindaddress {HOST}\ncmdport 0\npidfile {s.folder}/chrony.pid\n")
    s.start(program, "-d", "-x", "-u", "root", "-f", s.folder / "chrony.conf")
    s.expect(123, "ntp", udp=True, **{"ntp.stratum": "8"})


@server("snmpd")
def snmpd(s, program):
    s.write("snmpd.conf", "rocommunity public\nsysName lab\nsysDescr Linux lab 6.1.0\n")
    s.write("snmpd2.conf", "rouser nobody\n")
    s.start(program, "-f", "-Lo", "-C", "-c", s.folder / "snmpd.conf", "-p", s.folder / "snmpd.pid", f"udp:{HOST}:161", f"udp:{HOST}:48020")
    s.start(program, "-f", "-Lo", "-C", "-c", s.folder / "snmpd2.conf", "-p", s.folder / "snmpd2.pid", f"udp:{HOST}:47162")
    for port in (161, 48020):
        s.expect(port, "snmp", udp=True, **{"snmp.sys_description": "Linux lab", "snmp.community": "public", "host.name": "lab"})
    s.expect(47162, "snmp", udp=True, **{"snmp.enterprise": "8072"})


@server("slapd")
def slapd(s, program):
    where = s.new_folder("slapd")
    s.write("slapd.conf", f"""
include /etc/ldap/schema/core.schema
pidfile {where}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {s.certificate}
TLSCertificateKeyFile {s.key}
database mdb
maxsize 1048576
suffix "dc=lab,dc=example"
directory {where}
""")
    s.start(program, "-d", "0", "-f", s.folder / "slapd.conf", "-h", f"ldap://{HOST}:389 ldap://{HOST}:48011 ldaps://{HOST}:636")
    for port in (389, 48011):
        s.expect(port, "ldap", "starttls", **{"ldap.naming_context": "dc=lab,dc=example"})
    s.expect(636, "ldap", "tls", **{"ldap.naming_context": "dc=lab,dc=example"})


def start_samba(s, program, name, ports, more):
    where = s.new_folder(name)
    s.write(f"{name}.conf", f"""
[global]
 workgroup = LAB
 netbios name = LABFILES
 interfaces = lo
 bind interfaces only = yes
 smb ports = {ports}
 private dir = {where}
 lock directory = {where}
 state directory = {where}
 cache directory = {where}
 pid directory = {where}
 ncalrpc dir = {where}/ncalrpc
 log file = {where}/log
 load printers = no
 disable spoolss = yes
{more}
""")
    s.start(program, "--foreground", "--no-process-group", "-s", s.folder / f"{name}.conf")


@server("smbd")
def samba(s, program):
    start_samba(s, program, "samba", "445 48012", "")
    start_samba(s, program, "samba-old", "47139", " server min protocol = NT1\n server max protocol = NT1")
    s.expect(47139, "smb", **{"smb.dialect": "1", "smb.native_lm": "Samba 4.", "smb.native_os": "Windows 6.1", "host.name": "LABFILES"})
    for port in (445, 48012):
        s.expect(port, "smb", **{"smb.dialect": "3.", "host.name": "LABFILES"})


@server("redis-server")
def redis(s, program):
    for port, options in ((6379, []), (47379, []), (47380, ["--requirepass", "x"])):
        s.start(program, "--port", port, "--bind", HOST, "--save", "", "--dir", s.folder, *options)
        s.expect(port, "redis", **({"redis.access": "refused"} if options else {"service.version": "7."}))


@server("memcached")
def memcached(s, program):
    for port in (11211, 47211):
        s.start(program, "-u", "nobody", "-l", HOST, "-p", port, "-U", "0")
        s.expect(port, "memcached", **{"service.version": "1."})


@server("mosquitto")
def mosquitto(s, program):
    s.write("mosquitto.conf", f"allow_anonymous true\nlistener 1883 {HOST}\nlistener 47883 {HOST}\nlistener 8883 {HOST}\n"
                              f"certfile {s.certificate}\nkeyfile {s.key}\n")
    s.start(program, "-c", s.folder / "mosquitto.conf")
    for port, layer in ((1883, "plain"), (47883, "plain"), (8883, "tls")):
        s.expect(port, "mqtt", layer, **{"mqtt.access": "open"})


@server("cupsd")
def cups(s, program):
    where = s.new_folder("cups")
    for name in ("spool", "cache", "state", "tmp"):
        (where / name).mkdir()
    s.write("cups-files.conf", f"ServerRoot {where}\nRequestRoot {where}/spool\nCacheDir {where}/cache\nStateDir {where}/state\nTempDir {where}/tmp\n"
                               "AccessLog stderr\nErrorLog stderr\nPageLog stderr\n")
    s.write("cupsd.conf", f"Listen {HOST}:631\nListen {HOST}:48017\nWebInterface No\n<Location />\n Order allow,deny\n Allow all\n</Location>\n")
    s.start(program, "-f", "-c", s.folder / "cupsd.conf", "-s", s.folder / "cups-files.conf")
    for port in (631, 48017):
        s.expect(port, "ipp", **{"http_header.server": "CUPS/"})


@server("prosody")
def prosody(s, program):
    where = s.new_folder("prosody", "prosody")
    s.write("prosody.cfg.lua", f"""
data_path = "{where}"
pidfile = "{where}/pid"
interfaces = {{ "{HOST}" }}
c2s_ports = {{ 5222, 47222 }}
modules_disabled = {{ "s2s" }}
modules_enabled = {{ "tls", "saslauth" }}
c2s_require_encryption = true
log = {{ info = "*console" }}
VirtualHost "localhost"
  ssl = {{ key = "{s.key}", certificate = "{s.certificate}" }}
""")
    s.start(program, "-F", "--config", s.folder / "prosody.cfg.lua", user="prosody")
    for port in (5222, 47222):
        s.expect(port, "xmpp", "starttls")


@server("telnetd", "in.telnetd")
def telnetd(s, program):
    for port in (23, 47024):
        listening = socket.create_server((HOST, port))

        def serve(listening=listening):
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    s.processes.append(subprocess.Popen([program], stdin=connection, stdout=connection, stderr=connection))

        threading.Thread(target=serve, daemon=True).start()
        s.expect(port, "telnet", **{"telnet_banners": "login:"})


@server("x11vnc")
def x11vnc(s, program):
    xvfb = find("Xvfb")
    if not xvfb:
        s.missing.append("Xvfb")
        return
    for stale in ("/tmp/.X11-unix/X77", "/tmp/.X77-lock"):
        pathlib.Path(stale).unlink(missing_ok=True)
    s.start(xvfb, ":77", "-screen", "0", "64x64x24", "-nolisten", "tcp")
    wait_for(lambda: pathlib.Path("/tmp/.X11-unix/X77").exists(), 20, "the X server")
    for port in (5900, 47900):
        s.start(program, "-display", ":77", "-listen", HOST, "-rfbport", port, "-forever", "-shared", "-noshm", "-no6", "-nopw")
        s.expect(port, "vnc", **{"vnc.security": "none"})


@server("xrdp")
def xrdp(s, program):
    keys = pathlib.Path("/etc/xrdp/rsakeys.ini")
    if not keys.exists():
        s.missing.append("xrdp (no keys)")
        return
    text = pathlib.Path("/etc/xrdp/xrdp.ini").read_text()
    for port in (3389, 47390):
        changed = "\n".join(f"port=tcp://{HOST}:{port}" if line.startswith("port=3389") else f"certificate={s.certificate}" if line.startswith("certificate=")
                            else f"key_file={s.key}" if line.startswith("key_file=") else line for line in text.splitlines())
        s.start(program, "--nodaemon", "--config", s.write(f"xrdp-{port}.ini", changed))
        s.expect(port, "rdp", "starttls", **{"rdp.security": "", "x509.subject": "O=Lab"})


@server("mariadbd")
def mariadb(s, program):
    where = s.new_folder("mariadb", "nobody")
    for port in (3306, 47306):
        data = where / str(port)
        data.mkdir()
        os.chown(data, pwd.getpwnam("nobody").pw_uid, -1)
        s.start(program, "--no-defaults", f"--datadir={data}", f"--port={port}", f"--bind-address={HOST}", f"--socket={data}/s", "--skip-grant-tables",
                "--skip-networking=0", "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", f"--pid-file={data}/pid", "--user=nobody",
                "--innodb-data-file-path=ibdata1:4M:autoextend", *([f"--ssl-cert={s.certificate}", f"--ssl-key={s.key}"] if port == 3306 else []))
        s.expect(port, "mysql", "starttls" if port == 3306 else "plain", **{"mysql.banners": "MariaDB"})


@server("initdb")
def postgresql(s, program):
    where = s.new_folder("postgresql", "nobody")
    folder = pathlib.Path(program).parent
    key = where / "key.pem"
    shutil.copy(s.key, key)
    os.chown(key, pwd.getpwnam("nobody").pw_uid, -1)
    key.chmod(0o600)
    s.lab.run("setpriv", "--reuid=nobody", "--clear-groups", program, "-D", where / "data", "-N", "-A", "trust", "--locale=C", env={"PGDATA": ""})
    for port, options in ((5432, ["-c", "ssl=on", "-c", f"ssl_cert_file={s.certificate}", "-c", f"ssl_key_file={key}"]), (47432, [])):
        data = where / "data"
        if port != 5432:
            data = where / "data2"
            shutil.copytree(where / "data", data, ignore=shutil.ignore_patterns("postmaster.pid"))
            for path in [data, *data.rglob("*")]:
                os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
        s.start(folder / "postgres", "-D", data, "-h", HOST, "-p", port, "-k", where, "-c", "shared_buffers=1MB", "-c", "fsync=off", *options, user="nobody")
        s.expect(port, "postgresql", "starttls" if options else "plain", **{"service.product": "PostgreSQL"})


def is_up(kind, port):
    if kind == "udp":
        return any(line.split()[1].endswith(f":{port:04X}") for line in pathlib.Path("/proc/net/udp").read_text().splitlines()[1:])
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])


def identify(lab, targets):
    program = build_folder(lab.build) / "src/scan/identify/try-identify"
    done = lab.run(program, *[("udp/" if kind == "udp" else "") + f"{HOST}:{port}" for kind, port in targets], deadline_s=RUN_DEADLINE_S)
    results = {}
    for line in done.stdout.splitlines():
        result = json.loads(line)
        kind, where = result["target"].split("/")
        results[kind, int(where.rsplit(":", 1)[1])] = result
    return results, done.stderr


@story("servers of Debian's packages start", deadline_s=120)
def start(lab):
    need_root("servers on their usual ports, in namespaces of their own")
    lab.servers = s = Servers(lab)
    for binaries, begin in SERVERS:
        program = find(*binaries)
        if program:
            before = len(s.expected)
            begin(s, program)
            if len(s.expected) > before:
                s.names.append(begin.__name__)
        else:
            s.missing.append(binaries[0])
    if s.missing:
        note("skipped, not installed: " + ", ".join(s.missing))
    note(f"{len(s.names)} servers on {len(s.expected)} ports")
    try:
        wait_for(lambda: all(is_up(*target) for target in s.expected), 60, "every server")
    finally:
        deaf = [target for target in s.expected if not is_up(*target)]
        if deaf:
            note(f"these do not listen: {deaf}")


@story("each is told by its protocol, its TLS and its own words, wherever it listens", deadline_s=90)
def told(lab):
    need_root("servers on their usual ports, in namespaces of their own")
    s = lab.servers
    results, figures = identify(lab, list(s.expected))
    note(figures.strip())
    wrong = []
    for target, (protocol, layer, facts) in s.expected.items():
        result = results[target]
        kept = {}
        for fact in result["facts"]:
            kept.setdefault(fact["kind"], []).append(fact["text"])
        if (result["protocol"], result["layer"]) != (protocol, layer):
            wrong.append(f"{target}: {result['protocol']} {result['layer']}; expected {protocol} {layer}: {json.dumps(result)[:700]}")
        for kind, part in facts.items():
            if not any(part in text for text in kept.get(kind, [])):
                wrong.append(f"{target}: no {kind} with '{part}': {json.dumps(kept)[:500]}")
        if layer != "plain" and target[1] not in s.without_certificate and not (result["tls_open"] and result["certificate_bytes"] > 0):
            wrong.append(f"{target}: no certificate")
    note(f"slowest: {sorted(((r['ms'], t) for t, r in results.items()), reverse=True)[:5]}")
    note(f"most hellos: {sorted(((r['handshakes'], t) for t, r in results.items()), reverse=True)[:5]}")
    for line in wrong:
        note(line)
    check(not wrong, f"{len(wrong)} of {len(s.expected)} are wrong")
    check("at most 2 at once" in figures or "at most 1 at once" in figures, figures)


ASKED_BY_DISCOVERY = {53, 123, 161, 5060}  # of UDP: others get an empty datagram, which these servers do not answer


@story("the whole command finds them among neighbours and names them, without a server of ours", deadline_s=60)
def scanned(lab):
    need_root("servers on their usual ports, in namespaces of their own")
    s = lab.servers
    wanted, kinds = {}, collections.Counter()
    for target, expected in s.expected.items():
        kinds[expected[:2]] += 1
        if kinds[expected[:2]] <= 2 and (target[0] == "tcp" or target[1] in ASKED_BY_DISCOVERY):  # two of a kind: a host gets two connections at once
            wanted[target] = expected
    ports = ",".join(f"{'U' if kind == 'udp' else 'T'}:{port}" for kind, port in wanted)
    began = time.monotonic()
    done = lab.run(build_folder(lab.build) / "bartizan", "scan", "127.0.0.0/30", "-p", ports, "--rate", "2000", "--authorized", "--json", "--wait", "500ms",
                   deadline_s=RUN_DEADLINE_S)
    found = json.loads(done.stdout)
    rows = {(p["transport"], p["port"]): p for host in found["hosts"] if host["address"] == HOST for p in host["ports"] if p["state"] == "open"}
    wrong = []
    for target, (protocol, layer, _) in wanted.items():
        service = rows.get(target, {}).get("service", {})
        if (service.get("protocol"), service.get("tls", "plain")) != (protocol, layer):
            wrong.append(f"{target}: {json.dumps(rows.get(target))[:500]}; expected {protocol} {layer}")
    for line in wrong:
        note(line)
    figures = found["report"]["identification"]
    note(f"{len(wanted)} ports in {time.monotonic() - began:.1f} s: {json.dumps(figures)}")
    check(not wrong, f"{len(wrong)} of {len(wanted)} are wrong")
    check(figures["left"] == 0 and figures["lost"] == 0, "nothing left, nothing lost")
    if ("udp", 53) in wanted:
        check(rows["udp", 53]["service"]["found"] == "answer to discovery", "the answer to discovery was enough")

    if ("tcp", 1883) in s.expected and ("udp", 161) in s.expected:
        done = lab.run(build_folder(lab.build) / "bartizan", "scan", HOST, "-p", "1883,U:161", "--authorized", "--json", "--wait", "500ms", "--no-anonymous-asks",
                       deadline_s=RUN_DEADLINE_S)
        services = {p["transport"]: p["service"] for p in json.loads(done.stdout)["hosts"][0]["ports"]}
        check(services["tcp"].get("protocol") != "mqtt", "without the ask MQTT is not recognised")
        equal((services["udp"]["protocol"], "public" in services["udp"]["banner"]), ("snmp", False), "SNMP by its engine, not by a community")


isolate()
tell(Lab)
