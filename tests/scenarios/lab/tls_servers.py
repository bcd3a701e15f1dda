#!/usr/bin/env python3
"""TLS servers of every age on loopback: nginx, openssl s_server, gnutls-serv, each with a configuration that differs in one point.

Run by hand, `python3 tests/scenarios/lab/tls_servers.py [WORD...]` starts those whose names hold a word (all without
one), prints name, port and trusted root, and ends with Ctrl-C.
"""

import dataclasses
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab.tls_certificates import Certificates  # noqa: E402

START_DEADLINE_S = 20
HSTS = 'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;'
SHORT_HSTS = 'add_header Strict-Transport-Security "max-age=86400" always;'
MODERN = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
OLD = "ALL:!aNULL:!eNULL:!PSK:!SRP@SECLEVEL=0"


@dataclasses.dataclass(frozen=True)
class Config:
    """One server. certificates: names made by CERTIFICATES below; the first is the main one."""

    name: str
    kind: str  # nginx, openssl, gnutls
    certificates: tuple
    options: tuple  # nginx: lines; openssl: words; gnutls: (priority, words...)
    sends_chain: bool = True


# name -> what Certificates.leaf() is told
CERTIFICATES = {
    "ecdsa": {},
    "rsa": {"kind": "rsa:2048"},
    "rsa4096": {"kind": "rsa:4096"},
    "rsa1024": {"kind": "rsa:1024"},
    "p384": {"kind": "ec:P-384"},
    "ed25519": {"kind": "ed25519"},
    "pss": {"kind": "rsa-pss:2048"},
    "expired": {"dates": ("20240101000000Z", "20240401000000Z")},
    "future": {"dates": ("20400101000000Z", "20400401000000Z")},
    "other": {"names": "DNS:other.test", "common_name": "other.test"},
    "commonname": {"names": "DNS:other.test"},
    "wildcard": {"names": "DNS:*.lab.test"},
    "selfsigned": {"kind": "rsa:2048", "self_signed": True},
    "sha1": {"kind": "rsa:2048", "digest": "sha1"},
    "long": {"days": 500},
    "muststaple": {"extensions": "staple"},
    "stapled": {},
    "revoked": {},
}

NGINX_NEW = "ssl_protocols TLSv1.2 TLSv1.3;"
CONFIGS = (
    Config("nginx-modern", "nginx", ("ecdsa",), (NGINX_NEW, f"ssl_ciphers {MODERN};", HSTS)),
    Config("nginx-without-hsts", "nginx", ("rsa",), (NGINX_NEW, f"ssl_ciphers {MODERN};")),
    Config("nginx-short-hsts", "nginx", ("rsa",), (NGINX_NEW, f"ssl_ciphers {MODERN};", SHORT_HSTS)),
    Config("nginx-both-keys", "nginx", ("rsa", "ecdsa"), (NGINX_NEW, f"ssl_ciphers {MODERN};", "ssl_prefer_server_ciphers on;", HSTS)),
    Config("nginx-old", "nginx", ("rsa",), ("ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;", f"ssl_ciphers {OLD};", HSTS)),
    Config("nginx-tls12-only", "nginx", ("ecdsa",), ("ssl_protocols TLSv1.2;", f"ssl_ciphers {MODERN};", HSTS)),
    Config("nginx-tls13-only", "nginx", ("ecdsa",), ("ssl_protocols TLSv1.3;", HSTS)),
    Config("nginx-expired", "nginx", ("expired",), (NGINX_NEW, HSTS)),
    Config("nginx-not-yet", "nginx", ("future",), (NGINX_NEW, HSTS)),
    Config("nginx-wrong-name", "nginx", ("other",), (NGINX_NEW, HSTS)),
    Config("nginx-common-name", "nginx", ("commonname",), (NGINX_NEW, HSTS)),
    Config("nginx-wildcard", "nginx", ("wildcard",), (NGINX_NEW, HSTS)),
    Config("nginx-self-signed", "nginx", ("selfsigned",), (NGINX_NEW, HSTS)),
    Config("nginx-incomplete", "nginx", ("ecdsa",), (NGINX_NEW, HSTS), sends_chain=False),
    Config("nginx-no-tickets", "nginx", ("p384",), (NGINX_NEW, "ssl_session_tickets off;", "ssl_session_cache shared:s:1m;", "ssl_ecdh_curve secp384r1;", HSTS)),
    Config("nginx-long-lived", "nginx", ("long",), (NGINX_NEW, HSTS)),
    Config("openssl-rsa4096", "openssl", ("rsa4096",), ("-groups", "X25519:P-256:P-384", "-no_tls1", "-no_tls1_1")),
    Config("openssl-rsa1024", "openssl", ("rsa1024",), ("-cipher", "ECDHE+AESGCM:@SECLEVEL=0", "-tls1_2")),
    Config("openssl-sha1", "openssl", ("sha1",), ("-cipher", "ECDHE+AESGCM:@SECLEVEL=0")),
    Config("openssl-tls10-only", "openssl", ("rsa",), ("-tls1", "-cipher", OLD)),
    Config("openssl-tls11-only", "openssl", ("rsa",), ("-tls1_1", "-cipher", OLD)),
    Config("openssl-no-fs", "openssl", ("rsa",), ("-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-GCM-SHA384", "-serverpref")),
    Config("openssl-no-aead", "openssl", ("rsa",), ("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA")),
    Config("openssl-dhe1024", "openssl", ("rsa",), ("-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA:@SECLEVEL=0", "-dhparam", "dh1024.pem")),
    Config("openssl-dhe", "openssl", ("rsa",), ("-tls1_2", "-cipher", "DHE+AESGCM:ECDHE+AESGCM", "-serverpref")),
    Config("openssl-null", "openssl", ("rsa",), ("-tls1_2", "-cipher", "NULL-SHA256:NULL-SHA:ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")),
    Config("openssl-anonymous", "openssl", ("rsa",), ("-tls1_2", "-cipher", "ADH-AES128-GCM-SHA256:AECDH-AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")),
    Config("openssl-exotic", "openssl", ("rsa",), ("-tls1_2", "-cipher", "ARIA:CAMELLIA:AESCCM:AESCCM8:!PSK:!aNULL:@SECLEVEL=0")),
    Config("openssl-ed25519", "openssl", ("ed25519",), ("-no_tls1", "-no_tls1_1")),
    Config("openssl-pss", "openssl", ("pss",), ("-no_tls1", "-no_tls1_1")),
    Config("openssl-both-keys", "openssl", ("rsa", "ecdsa"), ("-no_tls1", "-no_tls1_1", "-serverpref")),
    Config("openssl-few-groups", "openssl", ("ecdsa",), ("-groups", "P-521:ffdhe2048", "-no_tls1", "-no_tls1_1")),
    Config("openssl-renegotiates", "openssl", ("rsa",), ("-tls1_2", "-client_renegotiation", "-no_ticket")),
    Config("openssl-few-schemes", "openssl", ("rsa",), ("-sigalgs", "RSA-PSS+SHA256:RSA+SHA256", "-no_tls1", "-no_tls1_1")),
    Config("openssl-stapled", "openssl", ("stapled",), ("-status_file", "stapled.ocsp", "-no_tls1", "-no_tls1_1")),
    Config("openssl-revoked", "openssl", ("revoked",), ("-status_file", "revoked.ocsp", "-no_tls1", "-no_tls1_1")),
    Config("openssl-must-staple", "openssl", ("muststaple",), ("-no_tls1", "-no_tls1_1")),
    Config("gnutls-modern", "gnutls", ("ecdsa",), ("NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3",)),
    Config("gnutls-tls13-only", "gnutls", ("rsa",), ("NORMAL:-VERS-ALL:+VERS-TLS1.3",)),
    Config("gnutls-rc4", "gnutls", ("rsa",), ("NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1:+VERS-TLS1.2:+ARCFOUR-128",)),
    Config("gnutls-rc4-only", "gnutls", ("rsa",), ("NONE:+VERS-TLS1.0:+RSA:+ECDHE-RSA:+ARCFOUR-128:+SHA1:+MD5:+SIGN-ALL:+GROUP-ALL:+CTYPE-X509:+COMP-NULL",)),
    Config("gnutls-3des", "gnutls", ("rsa",), ("NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1:+VERS-TLS1.2:+3DES-CBC",)),
    Config("gnutls-3des-only", "gnutls", ("rsa",), ("NONE:+VERS-TLS1.0:+VERS-TLS1.2:+RSA:+ECDHE-RSA:+3DES-CBC:+SHA1:+SIGN-ALL:+GROUP-ALL:+CTYPE-X509:+COMP-NULL",)),
    Config("gnutls-unsafe-renegotiation", "gnutls", ("rsa",), ("NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION",)),
    Config("gnutls-old-groups", "gnutls", ("ecdsa",), ("NORMAL:-GROUP-ALL:+GROUP-SECP192R1:+GROUP-SECP224R1:+GROUP-SECP256R1",)),
    Config("gnutls-no-ems", "gnutls", ("rsa",), ("NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH:%NO_ETM", "--noticket")),
)


def make_certificates(folder):
    made = Certificates(folder)
    for name, how in CERTIFICATES.items():
        made.leaf(name, **how)
    made.staple("stapled")
    made.staple("revoked", revoked=True)
    return made


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Missing(Exception):
    """A program that is not here."""


class Running:
    """One server, up."""

    def __init__(self, config, certificates, folder):
        program = {"nginx": "nginx", "openssl": "openssl", "gnutls": "gnutls-serv"}[config.kind]
        if not shutil.which(program):
            raise Missing(f"{program} is not installed")
        self.config, self.certificates, self.port = config, certificates, free_port()
        self.folder = pathlib.Path(folder) / config.name
        self.folder.mkdir(parents=True, exist_ok=True)
        words = {"nginx": self._nginx, "openssl": self._openssl, "gnutls": self._gnutls}[config.kind]()
        self.log = open(self.folder / "log", "wb")  # pylint: disable=consider-using-with
        # s_server ends when its input does
        self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, cwd=certificates.folder)

    def _certificate(self, name):
        return self.certificates.path(f"{name}-chain.pem" if self.config.sends_chain else f"{name}.pem")

    def _key(self, name):
        return self.certificates.path(f"{name}.key")

    def _nginx(self):
        pairs = "".join(f"ssl_certificate {self._certificate(c)}; ssl_certificate_key {self._key(c)};\n" for c in self.config.certificates)
        lines = "\n".join(self.config.options)
        (self.folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 256; }}
http {{
	access_log off; client_body_temp_path {self.folder}/t1; proxy_temp_path {self.folder}/t2; fastcgi_temp_path {self.folder}/t3;
	uwsgi_temp_path {self.folder}/t4; scgi_temp_path {self.folder}/t5;
	server {{ listen 127.0.0.1:{self.port} ssl; {pairs} {lines}
		location / {{ return 200 "fine"; }} }}
}}
""")
        return ["nginx", "-e", self.folder / "error.log", "-p", self.folder, "-c", self.folder / "nginx.conf"]

    def _openssl(self):
        words = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-www", "-quiet"]
        for flag, name in zip(("", "d"), self.config.certificates):
            words += [f"-{flag}cert", self.certificates.path(f"{name}.pem"), f"-{flag}key", self._key(name)]
            if self.config.sends_chain:
                words += ["-dcert_chain" if flag else "-cert_chain", self.certificates.path("intermediate.pem")]
        return words + list(self.config.options)

    def _gnutls(self):
        priority, *more = self.config.options
        words = ["gnutls-serv", "--quiet", "--http", "--disable-client-cert", "--port", self.port, "--priority", priority, *more]
        for name in self.config.certificates:
            words += ["--x509certfile", self._certificate(name), "--x509keyfile", self._key(name)]
        return words

    def wait(self):
        end = time.monotonic() + START_DEADLINE_S
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.config.name} ended: {(self.folder / 'log').read_text(errors='replace')[-800:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return self
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise RuntimeError(f"{self.config.name} does not listen") from None
                time.sleep(0.02)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def start(folder, wanted=lambda config: True):
    """All that is wanted and installed, up. Returns (running, certificates, reasons of what is left out)."""
    folder = pathlib.Path(folder)
    certificates = make_certificates(folder / "pki")
    running, left_out = [], []
    for config in CONFIGS:
        if wanted(config):
            try:
                running.append(Running(config, certificates, folder))
            except Missing as reason:
                left_out.append(f"{config.name}: {reason}")
    for server in running:
        server.wait()
    return running, certificates, left_out


def main():
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="tls-servers-") as folder:
        running, certificates, left_out = start(folder, lambda c: not words or any(w in c.name for w in words))
        for server in running:
            print(f"{server.config.name:32} 127.0.0.1:{server.port}")
        print(f"root {certificates.path('root.pem')}", *left_out, sep="\n", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass
        finally:
            for server in running:
                server.stop()


if __name__ == "__main__":
    main()
