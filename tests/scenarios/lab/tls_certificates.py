"""Certificates made with openssl at run time: a small public key infrastructure, good leaves and bad ones.

Every leaf is issued by an intermediate below a root of our own; files are NAME.key, NAME.pem (the leaf),
NAME-chain.pem (leaf and intermediate). The root is root.pem.
"""

import base64
import pathlib
import subprocess

HOST = "server.lab.test"  # what good leaves are for; /etc/hosts of the scenario names it

_CONFIG = """
[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = names
[names]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = OCSP;URI:http://ocsp.test/,caIssuers;URI:http://ca.test/intermediate.der
[staple]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
tlsfeature = status_request
authorityKeyIdentifier = keyid
"""

# RFC 2409 section 6.2, "Second Oakley Group": 1024 bits, 2^1024 - 2^960 - 1 + 2^64 * ([2^894 pi] + 129093)
OAKLEY_2 = int("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
               "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
               "49286651ECE65381FFFFFFFFFFFFFFFF", 16)


def _integer(value):
    body = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + _length(len(body)) + body


def _length(n):
    return bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82, n >> 8, n & 255])


def dh_parameters(prime):
    """PEM of DH parameters with generator 2."""
    body = _integer(prime) + _integer(2)
    text = base64.b64encode(b"\x30" + _length(len(body)) + body).decode()
    lines = "\n".join(text[at:at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN DH PARAMETERS-----\n{lines}\n-----END DH PARAMETERS-----\n"


class Certificates:
    """Makes what is asked for, once each."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "openssl.cnf"
        self.config.write_text(_CONFIG.format(folder=self.folder))
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "dh1024.pem").write_text(dh_parameters(OAKLEY_2))
        self._key("root", "ec:P-256")
        self._openssl("req", "-x509", "-new", "-key", "root.key", "-out", "root.pem", "-subj", "/CN=Scenario Root", "-days", "3650",
                      "-config", self.config, "-extensions", "root")
        self._key("intermediate", "ec:P-256")
        self._request("intermediate", "Scenario Intermediate", None)
        self._openssl("x509", "-req", "-in", "intermediate.csr", "-out", "intermediate.pem", "-CA", "root.pem", "-CAkey", "root.key",
                      "-set_serial", "2", "-days", "1825", "-extfile", self.config, "-extensions", "intermediate")

    def path(self, name):
        return self.folder / name

    def _openssl(self, *words):
        done = subprocess.run(["openssl", *map(str, words)], cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def _key(self, name, kind):
        """kind: rsa:2048, ec:P-256, ed25519, rsa-pss:2048"""
        algorithm, _, parameter = kind.partition(":")
        words = ["genpkey", "-algorithm", algorithm, "-out", f"{name}.key"]
        if algorithm.startswith("rsa"):
            words += ["-pkeyopt", f"rsa_keygen_bits:{parameter}"]
        elif algorithm == "ec":
            words += ["-pkeyopt", f"ec_paramgen_curve:{parameter}"]
        self._openssl(*words)

    def _request(self, name, common_name, names):
        words = ["req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={common_name}", "-config", self.config]
        self._openssl(*words, *(["-addext", f"subjectAltName={names}"] if names else []))

    def leaf(self, name, kind="ec:P-256", names=f"DNS:{HOST},DNS:localhost,IP:127.0.0.1", days=90, digest="sha256", dates=None,
             extensions="leaf", self_signed=False, common_name=HOST):
        """dates: (start, end) as YYYYMMDDHHMMSSZ, in place of days."""
        if (self.folder / f"{name}.pem").exists():
            return
        self._key(name, kind)
        self._request(name, common_name, names)
        issuer = ["-selfsign", "-keyfile", f"{name}.key"] if self_signed else ["-cert", "intermediate.pem", "-keyfile", "intermediate.key"]
        when = ["-startdate", dates[0], "-enddate", dates[1]] if dates else ["-days", str(days)]
        self._openssl("ca", "-config", self.config, "-batch", "-notext", "-in", f"{name}.csr", "-out", f"{name}.pem", "-md",
                      "default" if kind.startswith("ed") and self_signed else digest, "-extensions", extensions, *issuer, *when)
        chain = (self.folder / f"{name}.pem").read_text()
        (self.folder / f"{name}-chain.pem").write_text(chain + ("" if self_signed else (self.folder / "intermediate.pem").read_text()))

    def staple(self, name, revoked=False):
        """NAME.ocsp, a response of the intermediate for the leaf."""
        if revoked:
            self._openssl("ca", "-config", self.config, "-revoke", f"{name}.pem", "-cert", "intermediate.pem", "-keyfile", "intermediate.key")
        self._openssl("ocsp", "-index", "index.txt", "-CA", "intermediate.pem", "-rsigner", "intermediate.pem", "-rkey", "intermediate.key",
                      "-issuer", "intermediate.pem", "-cert", f"{name}.pem", "-ndays", "7", "-respout", f"{name}.ocsp", "-noverify")
