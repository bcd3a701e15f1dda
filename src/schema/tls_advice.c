/* tls_advice.c - configurations, program by program. */
#include "schema/tls_advice.h"

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

const struct tls_advice advice_protocols = {
	.nginx = "ssl_protocols TLSv1.2 TLSv1.3;",
	.apache = "SSLProtocol -all +TLSv1.2 +TLSv1.3",
	.haproxy = "ssl-default-bind-options ssl-min-ver TLSv1.2",
	.postfix = "smtpd_tls_protocols = >=TLSv1.2\nsmtpd_tls_mandatory_protocols = >=TLSv1.2",
	.dovecot = "ssl_min_protocol = TLSv1.2",
	.openssl = "MinProtocol = TLSv1.2",
	.gnutls = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
};

const struct tls_advice advice_ciphers = {
	.nginx = "ssl_ciphers " CIPHERS ";",
	.apache = "SSLCipherSuite " CIPHERS,
	.haproxy = "ssl-default-bind-ciphers " CIPHERS,
	.postfix = "smtpd_tls_ciphers = high\nsmtpd_tls_mandatory_ciphers = high\n"
		   "tls_high_cipherlist = " CIPHERS,
	.dovecot = "ssl_cipher_list = " CIPHERS,
	.openssl = "CipherString = " CIPHERS,
	.gnutls = "NORMAL:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
		  "-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305",
};

const struct tls_advice advice_groups = {
	.nginx = "ssl_ecdh_curve X25519:prime256v1:secp384r1;",
	.apache = "SSLOpenSSLConfCmd Groups X25519:P-256:P-384",
	.haproxy = "ssl-default-bind-curves X25519:P-256:P-384",
	.postfix = "tls_eecdh_auto_curves = X25519 prime256v1 secp384r1",
	.dovecot = "ssl_curve_list = X25519:P-256:P-384",
	.openssl = "Groups = X25519:P-256:P-384",
	.gnutls = "NORMAL:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1",
};

const struct tls_advice advice_hsts = {
	.nginx = "add_header Strict-Transport-Security \"max-age=31536000\" always;",
	.apache = "Header always set Strict-Transport-Security \"max-age=31536000\"",
	.haproxy = "http-response set-header Strict-Transport-Security \"max-age=31536000\"",
};

const struct tls_advice advice_chain = {
	.nginx = "ssl_certificate /etc/ssl/site/fullchain.pem;",
	.apache = "SSLCertificateFile /etc/ssl/site/fullchain.pem",
	.haproxy = "bind :443 ssl crt /etc/ssl/site/fullchain-and-key.pem",
	.postfix = "smtpd_tls_chain_files = /etc/ssl/site/key.pem, /etc/ssl/site/fullchain.pem",
	.dovecot = "ssl_cert = </etc/ssl/site/fullchain.pem",
};

const struct tls_advice advice_compression = {
	.apache = "SSLCompression off",
	.postfix = "tls_ssl_options = NO_COMPRESSION",
	.dovecot = "ssl_options = no_compression",
	.openssl = "Options = -Compression",
};

const struct tls_advice advice_stapling = {
	.nginx = "ssl_stapling on;",
	.apache = "SSLUseStapling on\nSSLStaplingCache shmcb:${APACHE_RUN_DIR}/stapling(32768)",
};
