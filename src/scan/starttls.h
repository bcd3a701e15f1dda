/*
 * starttls.h - the words before TLS in protocols that begin in the clear.
 *
 * A pure state machine: bytes in, bytes out, verdict. It consumes only what belongs to the
 * dialogue; nothing but TLS may follow READY, so bytes left over then are a plaintext injection of
 * somebody's, or no TLS. The caller bounds time and bytes (STARTTLS_BYTES_MAX).
 */
#pragma once

#include "base/attr.h"
#include "base/writer.h"

#define STARTTLS_BYTES_MAX (64u << 10) /* a whole dialogue */
#define STARTTLS_SAY_MAX   512         /* what is said at once */

enum starttls_protocol {
	STARTTLS_NONE,
	STARTTLS_SMTP,        /* RFC 3207 */
	STARTTLS_IMAP,        /* RFC 9051 section 6.2.1 */
	STARTTLS_POP3,        /* RFC 2595 */
	STARTTLS_FTP,         /* RFC 4217 */
	STARTTLS_LDAP,        /* RFC 4511 section 4.14 */
	STARTTLS_XMPP,        /* RFC 6120, client to server */
	STARTTLS_XMPP_SERVER, /* the same, server to server */
	STARTTLS_POSTGRESQL,  /* SSLRequest */
	STARTTLS_MYSQL,       /* SSLRequest after the greeting */
	STARTTLS_RDP,         /* X.224 with a negotiation request ([MS-RDPBCGR] 2.2.1.1) */
	STARTTLS_NNTP,        /* RFC 4642 */
	STARTTLS_SIEVE,       /* RFC 5804 */
	STARTTLS_COUNT,
};

enum starttls_verdict {
	STARTTLS_MORE,     /* wait for bytes */
	STARTTLS_SAY,      /* say what was written, then wait */
	STARTTLS_READY,    /* say what was written, if anything, then begin TLS */
	STARTTLS_REFUSED,  /* it is the protocol, and it does not offer TLS or refused it */
	STARTTLS_NOT_THIS, /* another protocol */
};

/* Fields are private to starttls.c. */
struct starttls {
	enum starttls_protocol protocol;
	unsigned step;
	bool is_offered;
	char host[256];
};

/* host: what the server is called ("" or NULL where not known); XMPP needs it. */
void starttls_init(struct starttls *dialogue, enum starttls_protocol protocol, const char *host);

/* The first words where the client speaks first; STARTTLS_MORE where the server does. */
enum starttls_verdict starttls_begin(struct starttls *dialogue, struct writer *say);

/* bytes: all that came and was not consumed yet. Call again after SAY and MORE when more came, or
 * with ended when nothing will come any more, which never yields MORE or SAY. say must have room
 * for STARTTLS_SAY_MAX. */
enum starttls_verdict starttls_read(struct starttls *dialogue, struct span bytes, bool ended,
				    size_t *out_consumed, struct writer *say);
