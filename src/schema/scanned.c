/* scanned.c - what scanners find, what the server makes of it, and its alerts. */
#include "schema/parts.h"

#define KEY           COLUMN_KEY
#define PERSONAL      COLUMN_PERSONAL
#define COLUMNS(list) .columns = list, .column_count = COUNT_OF(list)

static const struct column scan_scopes_columns[] = {
	[SCAN_SCOPES_SCOPE] = { "scope", COLUMN_TEXT, KEY,
				"the authorised scope that was scanned" },
	[SCAN_SCOPES_RUNS] = { "runs", COLUMN_INTEGER, 0, "complete runs" },
	[SCAN_SCOPES_STATE] = { "state", COLUMN_TEXT, 0, "running, waiting, refused, off" },
	[SCAN_SCOPES_REASON] = { "reason", COLUMN_TEXT, 0, "why it is refused or off" },
	[SCAN_SCOPES_STARTED] = { "started", COLUMN_TIME, 0, "of the latest run" },
	[SCAN_SCOPES_FINISHED] = { "finished", COLUMN_TIME, 0, "of the latest complete run" },
	[SCAN_SCOPES_ADDRESSES] = { "addresses", COLUMN_INTEGER, 0,
				    "addresses in it, what is never scanned left out" },
	[SCAN_SCOPES_HOSTS] = { "hosts", COLUMN_INTEGER, 0, "that answered" },
	[SCAN_SCOPES_OPEN_PORTS] = { "open_ports", COLUMN_INTEGER, 0, "found open" },
	[SCAN_SCOPES_PROBES] = { "probes", COLUMN_INTEGER, 0, "sent in the latest complete run" },
	[SCAN_SCOPES_LOSS_PERMILLE] = { "loss_permille", COLUMN_INTEGER, 0,
					"estimated share of answers that were lost" },
};

const struct table table_scan_scopes = { TABLE_SCAN_SCOPES,
					 "scan_scopes",
					 "Scopes, as this scanner has scanned them",
					 "the scanner, with each run",
					 true,
					 COLUMNS(scan_scopes_columns),
					 .is_of_scanner = true };

static const struct column scan_hosts_columns[] = {
	[SCAN_HOSTS_SCOPE] = { "scope", COLUMN_TEXT, KEY, "the authorised scope that was scanned" },
	[SCAN_HOSTS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL, "IPv4 or IPv6, RFC 5952" },
	[SCAN_HOSTS_MAC] = { "mac", COLUMN_TEXT, PERSONAL,
			     "link-layer address, on the local link" },
	[SCAN_HOSTS_NAMES] = { "names", COLUMN_LIST, PERSONAL,
			       "names it has in DNS, mDNS, NetBIOS and its certificates" },
	[SCAN_HOSTS_ALIVE_BY] = { "alive_by", COLUMN_TEXT, 0,
				  "how it answered: arp, ndp, echo, syn-ack, reset, udp" },
	[SCAN_HOSTS_TTL] = { "ttl", COLUMN_INTEGER, 0, "time to live, as it arrived" },
	[SCAN_HOSTS_SYSTEM] = { "system", COLUMN_TEXT, 0, "guess: Linux, Windows, ..." },
	[SCAN_HOSTS_DEVICE] = { "device", COLUMN_TEXT, 0,
				"guess: server, printer, router, camera, ..." },
	[SCAN_HOSTS_CONFIDENCE] = { "confidence", COLUMN_INTEGER, 0, "of the guess, percent" },
	[SCAN_HOSTS_IS_MIDDLEBOX] = { "is_middlebox", COLUMN_BOOLEAN, 0,
				      "something else seems to answer for it: every port is open" },
};

const struct table table_scan_hosts = { TABLE_SCAN_HOSTS,
					"scan_hosts",
					"Hosts that answered a scan",
					"the scanner, as it finds them",
					true,
					COLUMNS(scan_hosts_columns),
					.is_of_scanner = true };

static const struct column scan_ports_columns[] = {
	[SCAN_PORTS_SCOPE] = { "scope", COLUMN_TEXT, KEY, "the authorised scope that was scanned" },
	[SCAN_PORTS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL, "IPv4 or IPv6, RFC 5952" },
	[SCAN_PORTS_TRANSPORT] = { "transport", COLUMN_TEXT, KEY, "tcp, udp, sctp" },
	[SCAN_PORTS_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[SCAN_PORTS_STATE] = { "state", COLUMN_TEXT, 0, "open, closed, filtered" },
	[SCAN_PORTS_REASON] = { "reason", COLUMN_TEXT, 0, "syn-ack, reset, icmp, udp, ..." },
	[SCAN_PORTS_PROTOCOL] = { "protocol", COLUMN_TEXT, 0,
				  "what is spoken there, whatever the number: http, ssh, redis, "
				  "..." },
	[SCAN_PORTS_IS_TLS] = { "is_tls", COLUMN_BOOLEAN, 0, "within TLS" },
	[SCAN_PORTS_VENDOR] = { "vendor", COLUMN_TEXT, 0, "maker of the program" },
	[SCAN_PORTS_PRODUCT] = { "product", COLUMN_TEXT, 0, "the program, as its banner says" },
	[SCAN_PORTS_VERSION] = { "version", COLUMN_TEXT, 0, "its version, as its banner says" },
	[SCAN_PORTS_CPE] = { "cpe", COLUMN_TEXT, 0, "CPE 2.3 of the program" },
	[SCAN_PORTS_ACCESS] = { "access", COLUMN_TEXT, 0,
				"anyone (no password is asked for), default (one that everybody "
				"knows: community public), required; null: not known" },
	[SCAN_PORTS_BANNER] = { "banner", COLUMN_TEXT, PERSONAL, "what it said first, cut" },
};

const struct table table_scan_ports = { TABLE_SCAN_PORTS,
					"scan_ports",
					"Ports that answered a scan, and what speaks there",
					"the scanner, as it finds them",
					true,
					COLUMNS(scan_ports_columns),
					.is_of_scanner = true };

static const struct column scan_tls_columns[] = {
	[SCAN_TLS_SCOPE] = { "scope", COLUMN_TEXT, KEY, "the authorised scope that was scanned" },
	[SCAN_TLS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL, "IPv4 or IPv6, RFC 5952" },
	[SCAN_TLS_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[SCAN_TLS_NAME] = { "name", COLUMN_TEXT, KEY,
			    "the name that was asked for (SNI, Host); null: the address alone" },
	[SCAN_TLS_STARTTLS] = { "starttls", COLUMN_TEXT, 0,
				"the protocol that started TLS: smtp, imap, ...; null: TLS at "
				"once" },
	[SCAN_TLS_GRADE] = { "grade", COLUMN_TEXT, 0, "A+ to F; T: not trusted; M: wrong name" },
	[SCAN_TLS_GRADE_WITHOUT_TRUST] = { "grade_without_trust", COLUMN_TEXT, 0,
					   "what it would be with a trusted certificate" },
	[SCAN_TLS_SCORE] = { "score", COLUMN_INTEGER, 0, "0 to 100" },
	[SCAN_TLS_IS_TRUSTED] = { "is_trusted", COLUMN_BOOLEAN, 0,
				  "the chain leads to a trusted authority" },
	[SCAN_TLS_IS_NAME_MATCHED] = { "is_name_matched", COLUMN_BOOLEAN, 0,
				       "the certificate is valid for the name asked for" },
	[SCAN_TLS_PROTOCOLS] = { "protocols", COLUMN_LIST, 0, "SSLv2 to TLSv1.3, those it speaks" },
	[SCAN_TLS_SUITE] = { "suite", COLUMN_TEXT, 0, "cipher suite that a current client gets" },
	[SCAN_TLS_KEY_EXCHANGE] = { "key_exchange", COLUMN_TEXT, 0,
				    "group that a current client gets: X25519MLKEM768, x25519, "
				    "..." },
	[SCAN_TLS_IS_POST_QUANTUM] = { "is_post_quantum", COLUMN_BOOLEAN, 0,
				       "it knows a hybrid group (ML-KEM)" },
	[SCAN_TLS_HAS_FORWARD_SECRECY] = { "has_forward_secrecy", COLUMN_BOOLEAN, 0,
					   "with every current client" },
	[SCAN_TLS_VULNERABILITIES] = { "vulnerabilities", COLUMN_LIST, 0,
				       "heartbleed, robot, ...: those that were found" },
	[SCAN_TLS_REASONS] = { "reasons", COLUMN_LIST, 0, "what lowers the grade" },
	[SCAN_TLS_HSTS_S] = { "hsts_s", COLUMN_INTEGER, 0,
			      "max-age of Strict-Transport-Security; null: none was sent" },
	[SCAN_TLS_ALPN] = { "alpn", COLUMN_TEXT, 0, "h2, http/1.1" },
	[SCAN_TLS_CERTIFICATE] = { "certificate", COLUMN_TEXT, 0,
				   "fingerprint of the certificate served" },
};

const struct table table_scan_tls = { TABLE_SCAN_TLS,
				      "scan_tls",
				      "TLS servers: versions, grade, what is wrong",
				      "the scanner, as it assesses them",
				      true,
				      COLUMNS(scan_tls_columns),
				      .is_of_scanner = true };

static const struct column scan_certificates_columns[] = {
	[SCAN_CERTIFICATES_SCOPE] = { "scope", COLUMN_TEXT, KEY,
				      "the authorised scope that was scanned" },
	[SCAN_CERTIFICATES_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL,
					"IPv4 or IPv6, RFC 5952" },
	[SCAN_CERTIFICATES_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[SCAN_CERTIFICATES_NAME] = { "name", COLUMN_TEXT, KEY,
				     "the name that was asked for (SNI, Host); null: the address "
				     "alone" },
	[SCAN_CERTIFICATES_FINGERPRINT] = { "fingerprint", COLUMN_TEXT, KEY,
					    "SHA-256 of the DER form, lower-case hex" },
	[SCAN_CERTIFICATES_SUBJECT] = { "subject", COLUMN_TEXT, 0, "RFC 4514" },
	[SCAN_CERTIFICATES_NAMES] = { "names", COLUMN_LIST, 0, "subject alternative names" },
	[SCAN_CERTIFICATES_ISSUER] = { "issuer", COLUMN_TEXT, 0, "RFC 4514" },
	[SCAN_CERTIFICATES_SERIAL] = { "serial", COLUMN_TEXT, 0, "lower-case hex" },
	[SCAN_CERTIFICATES_NOT_BEFORE] = { "not_before", COLUMN_TIME, 0, "valid from" },
	[SCAN_CERTIFICATES_NOT_AFTER] = { "not_after", COLUMN_TIME, 0, "valid until" },
	[SCAN_CERTIFICATES_KEY_TYPE] = { "key_type", COLUMN_TEXT, 0, "rsa, ec, ed25519, ..." },
	[SCAN_CERTIFICATES_KEY_BITS] = { "key_bits", COLUMN_INTEGER, 0, "size of the key" },
	[SCAN_CERTIFICATES_SIGNATURE] = { "signature", COLUMN_TEXT, 0, "algorithm" },
	[SCAN_CERTIFICATES_IS_SELF_SIGNED] = { "is_self_signed", COLUMN_BOOLEAN, 0,
					       "subject and issuer are the same" },
	[SCAN_CERTIFICATES_IS_NAME_MATCHED] = { "is_name_matched", COLUMN_BOOLEAN, 0,
						"it is valid for the name asked for; null: no name "
						"was asked for" },
	[SCAN_CERTIFICATES_IS_TRUSTED] = { "is_trusted", COLUMN_BOOLEAN, 0,
					   "its chain leads to an authority of the scanner's "
					   "store" },
	[SCAN_CERTIFICATES_CHAIN] = { "chain", COLUMN_INTEGER, 0,
				      "0: the server's own; 1, 2, ...: what came with it" },
};

const struct table table_scan_certificates = { TABLE_SCAN_CERTIFICATES,
					       "scan_certificates",
					       "Certificates that servers sent",
					       "the scanner, as it assesses them",
					       true,
					       COLUMNS(scan_certificates_columns),
					       .is_of_scanner = true };

static const struct column scan_web_columns[] = {
	[SCAN_WEB_SCOPE] = { "scope", COLUMN_TEXT, KEY, "the authorised scope that was scanned" },
	[SCAN_WEB_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL, "IPv4 or IPv6, RFC 5952" },
	[SCAN_WEB_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[SCAN_WEB_NAME] = { "name", COLUMN_TEXT, KEY,
			    "the name that was asked for (SNI, Host); null: the address alone" },
	[SCAN_WEB_IS_TLS] = { "is_tls", COLUMN_BOOLEAN, 0, "https" },
	[SCAN_WEB_STATUS] = { "status", COLUMN_INTEGER, 0, "HTTP status" },
	[SCAN_WEB_TITLE] = { "title", COLUMN_TEXT, 0, "of the page" },
	[SCAN_WEB_SERVER] = { "server", COLUMN_TEXT, 0, "header Server" },
	[SCAN_WEB_LOCATION] = { "location", COLUMN_TEXT, 0, "where a redirect leads" },
	[SCAN_WEB_PAGE] = { "page", COLUMN_TEXT, 0,
			    "what it looks like: login, admin, listing, default; null: anything "
			    "else" },
	[SCAN_WEB_PRODUCT] = { "product", COLUMN_TEXT, 0,
			       "what the page is of: Grafana, phpMyAdmin, ..." },
	[SCAN_WEB_VERSION] = { "version", COLUMN_TEXT, 0, "its version" },
	[SCAN_WEB_TECHNOLOGIES] = { "technologies", COLUMN_LIST, 0,
				    "what it says it is made with" },
};

const struct table table_scan_web = { TABLE_SCAN_WEB,
				      "scan_web",
				      "What web servers answer at /",
				      "the scanner, as it asks them",
				      true,
				      COLUMNS(scan_web_columns),
				      .is_of_scanner = true };

static const struct column scan_host_keys_columns[] = {
	[SCAN_HOST_KEYS_SCOPE] = { "scope", COLUMN_TEXT, KEY,
				   "the authorised scope that was scanned" },
	[SCAN_HOST_KEYS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL,
				     "IPv4 or IPv6, RFC 5952" },
	[SCAN_HOST_KEYS_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[SCAN_HOST_KEYS_TYPE] = { "type", COLUMN_TEXT, KEY,
				  "ssh-ed25519, ecdsa-sha2-nistp256, ..." },
	[SCAN_HOST_KEYS_BITS] = { "bits", COLUMN_INTEGER, 0, "size of the key" },
	[SCAN_HOST_KEYS_FINGERPRINT] = { "fingerprint", COLUMN_TEXT, 0,
					 "SHA256: and base64, as ssh-keygen -l prints it" },
};

const struct table table_scan_host_keys = { TABLE_SCAN_HOST_KEYS,
					    "scan_host_keys",
					    "SSH host keys that servers showed",
					    "the scanner, as it asks them",
					    true,
					    COLUMNS(scan_host_keys_columns),
					    .is_of_scanner = true };

static const struct column scanned_hosts_columns[] = {
	[SCANNED_HOSTS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL,
				    "IPv4 or IPv6, RFC 5952" },
	[SCANNED_HOSTS_SCOPE] = { "scope", COLUMN_TEXT, KEY,
				  "the authorised scope that was scanned" },
	[SCANNED_HOSTS_MAC] = { "mac", COLUMN_TEXT, PERSONAL,
				"link-layer address, on the local link" },
	[SCANNED_HOSTS_NAMES] = { "names", COLUMN_LIST, PERSONAL,
				  "names it has in DNS, mDNS, NetBIOS and its certificates" },
	[SCANNED_HOSTS_ALIVE_BY] = { "alive_by", COLUMN_TEXT, 0,
				     "how it answered: arp, ndp, echo, syn-ack, reset, udp" },
	[SCANNED_HOSTS_TTL] = { "ttl", COLUMN_INTEGER, 0, "time to live, as it arrived" },
	[SCANNED_HOSTS_SYSTEM] = { "system", COLUMN_TEXT, 0, "guess: Linux, Windows, ..." },
	[SCANNED_HOSTS_DEVICE] = { "device", COLUMN_TEXT, 0,
				   "guess: server, printer, router, camera, ..." },
	[SCANNED_HOSTS_CONFIDENCE] = { "confidence", COLUMN_INTEGER, 0, "of the guess, percent" },
	[SCANNED_HOSTS_IS_MIDDLEBOX] = { "is_middlebox", COLUMN_BOOLEAN, 0,
					 "something else seems to answer for it: every port is "
					 "open" },
};

const struct table table_scanned_hosts = { TABLE_SCANNED_HOSTS,
					   "scanned_hosts",
					   "Addresses at which a scan found this asset",
					   "the server, from scan_hosts",
					   true,
					   COLUMNS(scanned_hosts_columns),
					   .is_derived = true };

static const struct column asset_joins_columns[] = {
	[ASSET_JOINS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL,
				  "IPv4 or IPv6, RFC 5952" },
	[ASSET_JOINS_SCOPE] = { "scope", COLUMN_TEXT, KEY,
				"the authorised scope that was scanned" },
	[ASSET_JOINS_EVIDENCE] = { "evidence", COLUMN_TEXT, 0,
				   "mac (address and MAC), host-key, certificate, listeners, "
				   "address (nothing else is known of it), operator" },
	[ASSET_JOINS_DETAIL] = { "detail", COLUMN_TEXT, PERSONAL, "the evidence itself" },
	[ASSET_JOINS_CONFIDENCE] = { "confidence", COLUMN_INTEGER, 0, "percent" },
	[ASSET_JOINS_JOINED_BY] = { "joined_by", COLUMN_TEXT, PERSONAL, "the operator, else null" },
	[ASSET_JOINS_SINCE] = { "since", COLUMN_TIME, 0, "since when" },
	[ASSET_JOINS_IDENTITY] = { "identity", COLUMN_TEXT, PERSONAL,
				   "what it is known again by: mac ..., key ..., address ..." },
	[ASSET_JOINS_GONE] = { "gone", COLUMN_TIME, 0,
			       "since when nothing answers there; null: something does" },
	[ASSET_JOINS_ANSWERED] = { "answered", COLUMN_TIME, 0,
				   "where it is gone: the end of the last complete run in which "
				   "it answered" },
};

const struct table table_asset_joins = {
	TABLE_ASSET_JOINS,
	"asset_joins",
	"Why what a scan found at an address is said of this asset",
	"the server; operators (bartizan asset join, split)",
	true,
	COLUMNS(asset_joins_columns),
	.is_derived = true
};

static const struct column open_ports_columns[] = {
	[OPEN_PORTS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL, "IPv4 or IPv6, RFC 5952" },
	[OPEN_PORTS_TRANSPORT] = { "transport", COLUMN_TEXT, KEY, "tcp, udp, sctp" },
	[OPEN_PORTS_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[OPEN_PORTS_SCOPE] = { "scope", COLUMN_TEXT, KEY, "the authorised scope that was scanned" },
	[OPEN_PORTS_REASON] = { "reason", COLUMN_TEXT, 0, "how it answered" },
	[OPEN_PORTS_PROTOCOL] = { "protocol", COLUMN_TEXT, 0, "what is spoken there" },
	[OPEN_PORTS_APPEARED] = { "appeared", COLUMN_TIME, 0,
				  "when it was found, where the scope had been scanned before "
				  "without it" },
	[OPEN_PORTS_PRODUCT] = { "product", COLUMN_TEXT, 0, "the program, as its banner says" },
};

const struct table table_open_ports = { TABLE_OPEN_PORTS,
					"open_ports",
					"Ports that a scan found open",
					"the server, from scan_ports",
					true,
					COLUMNS(open_ports_columns),
					.is_derived = true };

static const struct column network_services_columns[] = {
	[NETWORK_SERVICES_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL,
				       "IPv4 or IPv6, RFC 5952" },
	[NETWORK_SERVICES_TRANSPORT] = { "transport", COLUMN_TEXT, KEY, "tcp, udp, sctp" },
	[NETWORK_SERVICES_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[NETWORK_SERVICES_SCOPE] = { "scope", COLUMN_TEXT, KEY,
				     "the authorised scope that was scanned" },
	[NETWORK_SERVICES_PROTOCOL] = { "protocol", COLUMN_TEXT, 0,
					"what is spoken there, whatever the number: http, ssh, "
					"redis, ..." },
	[NETWORK_SERVICES_IS_TLS] = { "is_tls", COLUMN_BOOLEAN, 0, "within TLS" },
	[NETWORK_SERVICES_VENDOR] = { "vendor", COLUMN_TEXT, 0, "maker of the program" },
	[NETWORK_SERVICES_PRODUCT] = { "product", COLUMN_TEXT, 0,
				       "the program, as its banner says" },
	[NETWORK_SERVICES_VERSION] = { "version", COLUMN_TEXT, 0,
				       "its version, as its banner says" },
	[NETWORK_SERVICES_CPE] = { "cpe", COLUMN_TEXT, 0, "CPE 2.3 of the program" },
	[NETWORK_SERVICES_ACCESS] = { "access", COLUMN_TEXT, 0,
				      "anyone (no password is asked for), default (one that "
				      "everybody knows: community public), required; null: not "
				      "known" },
	[NETWORK_SERVICES_BANNER] = { "banner", COLUMN_TEXT, PERSONAL, "what it said first, cut" },
};

const struct table table_network_services = { TABLE_NETWORK_SERVICES,
					      "network_services",
					      "Services that a scan identified",
					      "the server, from scan_ports",
					      true,
					      COLUMNS(network_services_columns),
					      .is_derived = true };

static const struct column tls_endpoints_columns[] = {
	[TLS_ENDPOINTS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL,
				    "IPv4 or IPv6, RFC 5952" },
	[TLS_ENDPOINTS_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[TLS_ENDPOINTS_NAME] = { "name", COLUMN_TEXT, KEY,
				 "the name that was asked for (SNI, Host); null: the address "
				 "alone" },
	[TLS_ENDPOINTS_SCOPE] = { "scope", COLUMN_TEXT, KEY,
				  "the authorised scope that was scanned" },
	[TLS_ENDPOINTS_STARTTLS] = { "starttls", COLUMN_TEXT, 0,
				     "the protocol that started TLS: smtp, imap, ...; null: TLS at "
				     "once" },
	[TLS_ENDPOINTS_GRADE] = { "grade", COLUMN_TEXT, 0,
				  "A+ to F; T: not trusted; M: wrong name" },
	[TLS_ENDPOINTS_GRADE_WITHOUT_TRUST] = { "grade_without_trust", COLUMN_TEXT, 0,
						"what it would be with a trusted certificate" },
	[TLS_ENDPOINTS_SCORE] = { "score", COLUMN_INTEGER, 0, "0 to 100" },
	[TLS_ENDPOINTS_IS_TRUSTED] = { "is_trusted", COLUMN_BOOLEAN, 0,
				       "the chain leads to a trusted authority" },
	[TLS_ENDPOINTS_IS_NAME_MATCHED] = { "is_name_matched", COLUMN_BOOLEAN, 0,
					    "the certificate is valid for the name asked for" },
	[TLS_ENDPOINTS_PROTOCOLS] = { "protocols", COLUMN_LIST, 0,
				      "SSLv2 to TLSv1.3, those it speaks" },
	[TLS_ENDPOINTS_SUITE] = { "suite", COLUMN_TEXT, 0,
				  "cipher suite that a current client gets" },
	[TLS_ENDPOINTS_KEY_EXCHANGE] = { "key_exchange", COLUMN_TEXT, 0,
					 "group that a current client gets: X25519MLKEM768, "
					 "x25519, ..." },
	[TLS_ENDPOINTS_IS_POST_QUANTUM] = { "is_post_quantum", COLUMN_BOOLEAN, 0,
					    "it knows a hybrid group (ML-KEM)" },
	[TLS_ENDPOINTS_HAS_FORWARD_SECRECY] = { "has_forward_secrecy", COLUMN_BOOLEAN, 0,
						"with every current client" },
	[TLS_ENDPOINTS_VULNERABILITIES] = { "vulnerabilities", COLUMN_LIST, 0,
					    "heartbleed, robot, ...: those that were found" },
	[TLS_ENDPOINTS_REASONS] = { "reasons", COLUMN_LIST, 0, "what lowers the grade" },
	[TLS_ENDPOINTS_HSTS_S] = { "hsts_s", COLUMN_INTEGER, 0,
				   "max-age of Strict-Transport-Security; null: none was sent" },
	[TLS_ENDPOINTS_ALPN] = { "alpn", COLUMN_TEXT, 0, "h2, http/1.1" },
	[TLS_ENDPOINTS_CERTIFICATE] = { "certificate", COLUMN_TEXT, 0,
					"fingerprint of the certificate served" },
};

const struct table table_tls_endpoints = { TABLE_TLS_ENDPOINTS,
					   "tls_endpoints",
					   "TLS servers and their grades",
					   "the server, from scan_tls",
					   true,
					   COLUMNS(tls_endpoints_columns),
					   .is_derived = true };

static const struct column served_certificates_columns[] = {
	[SERVED_CERTIFICATES_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL,
					  "IPv4 or IPv6, RFC 5952" },
	[SERVED_CERTIFICATES_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[SERVED_CERTIFICATES_NAME] = { "name", COLUMN_TEXT, KEY,
				       "the name that was asked for (SNI, Host); null: the address "
				       "alone" },
	[SERVED_CERTIFICATES_FINGERPRINT] = { "fingerprint", COLUMN_TEXT, KEY,
					      "SHA-256 of the DER form, lower-case hex" },
	[SERVED_CERTIFICATES_SCOPE] = { "scope", COLUMN_TEXT, KEY,
					"the authorised scope that was scanned" },
	[SERVED_CERTIFICATES_SUBJECT] = { "subject", COLUMN_TEXT, 0, "RFC 4514" },
	[SERVED_CERTIFICATES_NAMES] = { "names", COLUMN_LIST, 0, "subject alternative names" },
	[SERVED_CERTIFICATES_ISSUER] = { "issuer", COLUMN_TEXT, 0, "RFC 4514" },
	[SERVED_CERTIFICATES_SERIAL] = { "serial", COLUMN_TEXT, 0, "lower-case hex" },
	[SERVED_CERTIFICATES_NOT_BEFORE] = { "not_before", COLUMN_TIME, 0, "valid from" },
	[SERVED_CERTIFICATES_NOT_AFTER] = { "not_after", COLUMN_TIME, 0, "valid until" },
	[SERVED_CERTIFICATES_KEY_TYPE] = { "key_type", COLUMN_TEXT, 0, "rsa, ec, ed25519, ..." },
	[SERVED_CERTIFICATES_KEY_BITS] = { "key_bits", COLUMN_INTEGER, 0, "size of the key" },
	[SERVED_CERTIFICATES_SIGNATURE] = { "signature", COLUMN_TEXT, 0, "algorithm" },
	[SERVED_CERTIFICATES_IS_SELF_SIGNED] = { "is_self_signed", COLUMN_BOOLEAN, 0,
						 "subject and issuer are the same" },
	[SERVED_CERTIFICATES_IS_NAME_MATCHED] = { "is_name_matched", COLUMN_BOOLEAN, 0,
						  "it is valid for the name asked for; null: no "
						  "name was asked for" },
	[SERVED_CERTIFICATES_IS_TRUSTED] = { "is_trusted", COLUMN_BOOLEAN, 0,
					     "its chain leads to an authority of the scanner's "
					     "store" },
	[SERVED_CERTIFICATES_CHAIN] = { "chain", COLUMN_INTEGER, 0,
					"0: the server's own; 1, 2, ...: what came with it" },
};

const struct table table_served_certificates = { TABLE_SERVED_CERTIFICATES,
						 "served_certificates",
						 "Certificates that a scan was shown",
						 "the server, from scan_certificates",
						 true,
						 COLUMNS(served_certificates_columns),
						 .is_derived = true };

static const struct column web_columns[] = {
	[WEB_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL, "IPv4 or IPv6, RFC 5952" },
	[WEB_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[WEB_NAME] = { "name", COLUMN_TEXT, KEY,
		       "the name that was asked for (SNI, Host); null: the address alone" },
	[WEB_SCOPE] = { "scope", COLUMN_TEXT, KEY, "the authorised scope that was scanned" },
	[WEB_IS_TLS] = { "is_tls", COLUMN_BOOLEAN, 0, "https" },
	[WEB_STATUS] = { "status", COLUMN_INTEGER, 0, "HTTP status" },
	[WEB_TITLE] = { "title", COLUMN_TEXT, 0, "of the page" },
	[WEB_SERVER] = { "server", COLUMN_TEXT, 0, "header Server" },
	[WEB_LOCATION] = { "location", COLUMN_TEXT, 0, "where a redirect leads" },
	[WEB_PAGE] = { "page", COLUMN_TEXT, 0,
		       "what it looks like: login, admin, listing, default; null: anything else" },
	[WEB_PRODUCT] = { "product", COLUMN_TEXT, 0,
			  "what the page is of: Grafana, phpMyAdmin, ..." },
	[WEB_VERSION] = { "version", COLUMN_TEXT, 0, "its version" },
	[WEB_TECHNOLOGIES] = { "technologies", COLUMN_LIST, 0, "what it says it is made with" },
};

const struct table table_web = { TABLE_WEB,
				 "web",
				 "Web pages that a scan was shown",
				 "the server, from scan_web",
				 true,
				 COLUMNS(web_columns),
				 .is_derived = true };

static const struct column served_host_keys_columns[] = {
	[SERVED_HOST_KEYS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL,
				       "IPv4 or IPv6, RFC 5952" },
	[SERVED_HOST_KEYS_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
	[SERVED_HOST_KEYS_TYPE] = { "type", COLUMN_TEXT, KEY,
				    "ssh-ed25519, ecdsa-sha2-nistp256, ..." },
	[SERVED_HOST_KEYS_SCOPE] = { "scope", COLUMN_TEXT, KEY,
				     "the authorised scope that was scanned" },
	[SERVED_HOST_KEYS_BITS] = { "bits", COLUMN_INTEGER, 0, "size of the key" },
	[SERVED_HOST_KEYS_FINGERPRINT] = { "fingerprint", COLUMN_TEXT, 0,
					   "SHA256: and base64, as ssh-keygen -l prints it" },
};

const struct table table_served_host_keys = { TABLE_SERVED_HOST_KEYS,
					      "served_host_keys",
					      "SSH host keys that a scan was shown",
					      "the server, from scan_host_keys",
					      true,
					      COLUMNS(served_host_keys_columns),
					      .is_derived = true };

static const struct column exposures_columns[] = {
	[EXPOSURES_ID] = { "id", COLUMN_TEXT, KEY,
			   "the rule: database-open, telnet, certificate-expired, ..." },
	[EXPOSURES_SUBJECT] = { "subject", COLUMN_TEXT, KEY | PERSONAL,
				"where: tcp 192.0.2.1:3306, a file, ..." },
	[EXPOSURES_FAMILY] = { "family", COLUMN_TEXT, 0,
			       "services, tls, certificates, web, ports" },
	[EXPOSURES_LEVEL] = { "level", COLUMN_TEXT, 0, "critical, high, medium, low" },
	[EXPOSURES_PRIORITY] = { "priority", COLUMN_INTEGER, 0, "1 to 100" },
	[EXPOSURES_WHAT] = { "what", COLUMN_TEXT, 0, "the finding in a sentence" },
	[EXPOSURES_EVIDENCE] = { "evidence", COLUMN_TEXT, PERSONAL, "what it is concluded from" },
	[EXPOSURES_ADVICE] = { "advice", COLUMN_TEXT, 0, "what to do" },
	[EXPOSURES_SEEN_BY] = { "seen_by", COLUMN_TEXT, 0, "scan (from outside) or agent" },
	[EXPOSURES_ADDRESS] = { "address", COLUMN_TEXT, PERSONAL, "where there is one" },
	[EXPOSURES_PORT] = { "port", COLUMN_INTEGER, 0, "where there is one" },
	[EXPOSURES_ACCEPTED] = { "accepted", COLUMN_INTEGER, 0,
				 "number of the acceptance, where somebody accepted it" },
};

const struct table table_exposures = {
	TABLE_EXPOSURES,
	"exposures",
	"What is open, weak or about to expire, and what to do about it",
	"the server, in the transaction of the change; once a day",
	true,
	COLUMNS(exposures_columns),
	.is_derived = true
};

static const struct column alerts_columns[] = {
	[ALERTS_ALERT] = { "alert", COLUMN_TEXT, 0,
			   "new-host, host-gone, new-port, host-key-changed, "
			   "certificate-replaced" },
	[ALERTS_LEVEL] = { "level", COLUMN_TEXT, 0, "high, medium, low" },
	[ALERTS_SCOPE] = { "scope", COLUMN_TEXT, 0, "where" },
	[ALERTS_ADDRESS] = { "address", COLUMN_TEXT, PERSONAL, "where" },
	[ALERTS_TRANSPORT] = { "transport", COLUMN_TEXT, 0, "tcp or udp" },
	[ALERTS_PORT] = { "port", COLUMN_INTEGER, 0, "where there is one" },
	[ALERTS_WHAT] = { "what", COLUMN_TEXT, PERSONAL, "a sentence" },
	[ALERTS_BEFORE] = { "before", COLUMN_TEXT, 0, "what it was: a fingerprint" },
	[ALERTS_AFTER] = { "after", COLUMN_TEXT, 0, "what it is" },
};

const struct table event_alerts = {
	EVENT_ALERTS,
	"alerts",
	"What appeared or was exchanged in a scope since it was scanned before",
	"the server",
	true,
	COLUMNS(alerts_columns),
	.is_derived = true
};
