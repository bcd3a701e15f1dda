/*
 * flawed_harness.h - a TLS server for tests that is really vulnerable, in the ways it is told.
 *
 * Speaks SSLv2 (its hello alone), SSLv3 to TLS 1.2 with RSA key exchange and AES-128-CBC to the
 * end, and the first flight of other suites; knows no flaw but those asked for. Written without
 * the code that it tests: its cryptography is OpenSSL's EVP.
 */
#pragma once

#include "sys/loop.h"
#include "sys/net.h"

/* What it does with a CBC record that is wrong. */
enum padding_flaw {
	PADDING_IS_CHECKED,
	PADDING_IS_IGNORED,         /* CVE-2014-8730 */
	PADDING_IS_CHECKED_IN_PART, /* the byte before the length alone */
	PADDING_IS_TOLD,            /* by decryption_failed: GOLDENDOODLE */
	PADDING_IS_TOLD_IF_EMPTY,   /* an empty record closes without an alert: CVE-2019-1559 */
	MAC_IS_IGNORED,
	RECORDS_ARE_REFUSED, /* right ones, too */
	RECORDS_ARE_IGNORED, /* right ones, too: a tarpit */
};

/* What it does with a key exchange that is badly padded. */
enum robot_flaw {
	ROBOT_IS_SOUND,     /* bad_record_mac for Finished, whatever was decrypted */
	ROBOT_BY_ALERT,     /* strong: a wrong start is told */
	ROBOT_WEAKLY,       /* whatever is wrong with the padding is told, the version not */
	ROBOT_BY_SILENCE,   /* a wrong start is not answered */
	ROBOT_BY_DUPLICATE, /* a wrong start is told twice */
	ROBOT_BY_RESET,     /* right: it closes; wrong: it resets */
	ROBOT_IN_SHORT,     /* it is told only where nothing follows */
	ROBOT_BY_CHANCE,    /* not steadily: no oracle */
};

/* What it does where an attack begins, whatever else it could. */
enum strange { NOT_STRANGE, CLOSES, RESETS, STAYS_SILENT };

struct flaws {
	uint16_t lowest;        /* 0: 0x0303 */
	uint16_t highest;       /* 0: 0x0303 */
	bool has_tls13;         /* its HelloRetryRequest */
	bool has_ssl2;          /* with a strong kind and an export one */
	const uint16_t *suites; /* in its order; NULL: RSA with AES-128-CBC-SHA */
	size_t suite_count;
	const uint8_t *prime; /* of DHE suites */
	size_t prime_len;

	enum padding_flaw padding;
	enum robot_flaw robot;
	enum strange strange;
	bool warns;               /* of a name that it knows not (RFC 6066, 3), and goes on */
	bool greets;              /* says a line inside before it is asked */
	bool has_heartbeat;       /* RFC 6520 */
	bool bleeds;              /* Heartbleed */
	bool takes_early_change;  /* CVE-2014-0224 */
	bool closes_at_change;    /* instead of unexpected_message */
	bool has_tickets;         /* RFC 5077 */
	bool forgets_tickets;     /* its own are not taken */
	bool fills_session_ids;   /* Ticketbleed: 32 bytes come back, whatever came */
	bool ignores_fallback;    /* TLS_FALLBACK_SCSV */
	uint8_t fallback_alert;   /* instead of inappropriate_fallback */
	bool is_without_sentinel; /* RFC 8446, 4.1.3 */
	bool has_wrong_sentinel;  /* the one of TLS 1.1, whatever was agreed to */
	bool compresses;          /* DEFLATE */
	bool is_without_renegotiation_info; /* RFC 5746 */
};

struct flawed_server;

struct flawed_identity;

/* identity is borrowed. */
struct flawed_server *flawed_server_new(struct loop *loop, const struct flaws *flaws,
					const struct flawed_identity *identity);
void flawed_server_free(struct flawed_server **server);
const struct net_address *flawed_server_address(const struct flawed_server *server);

/* Connections that it has had. */
unsigned flawed_server_count(const struct flawed_server *server);
