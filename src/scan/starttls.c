/* starttls.c - each protocol's few lines between connecting and TLS. */
#include "scan/starttls.h"

#include "base/mem.h"
#include "base/reader.h"
#include "formats/ascii.h"

#define LINE_MAX_BYTES      4096u /* a line, or for XMPP a tag */
#define LINES_MAX           200u  /* lines of one answer */
#define MYSQL_PACKET_MAX    4096u
#define MYSQL_CLIENT_SSL    0x0800u
#define MYSQL_CLIENT_41     0x0200u
#define MYSQL_CLIENT_SECURE 0x8000u

/* messageID 1, extendedReq of 1.3.6.1.4.1.1466.20037 */
static const uint8_t ldap_request[] = { 0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80,
					0x16, '1',  '.',  '3',  '.',  '6',  '.',  '1',
					'.',  '4',  '.',  '1',  '.',  '1',  '4',  '6',
					'6',  '.',  '2',  '0',  '0',  '3',  '7' };

/* length 8, the code 80877103 */
static const uint8_t postgresql_request[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };

/* TPKT, X.224 connection request, RDP_NEG_REQ for TLS and CredSSP (which begins with TLS) */
static const uint8_t rdp_request[] = {
	3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0
};

/*
 * Lines
 */

enum line_state { LINE_NONE, LINE_TAKEN, LINE_TOO_LONG };

/* The next whole line of what was not consumed; with ended what is left counts as one. */
static enum line_state take_line(struct span bytes, bool ended, size_t *consumed, struct span *line)
{
	struct span rest = span_after(bytes, *consumed);
	size_t len = span_find(rest, '\n');

	if (len > LINE_MAX_BYTES) {
		return LINE_TOO_LONG;
	}
	if (len == rest.len && !(ended && len > 0)) {
		return LINE_NONE;
	}
	*consumed += len < rest.len ? len + 1 : len;
	*line = span_trim(span_first(rest, len));
	return LINE_TAKEN;
}

static bool contains(struct span text, const char *wanted)
{
	struct span w = span_of(wanted);

	for (size_t i = 0; i + w.len <= text.len; i++) {
		if (ascii_same(span_first(span_after(text, i), w.len), wanted)) {
			return true;
		}
	}
	return false;
}

/* Three digits and a blank or a hyphen, of SMTP, FTP and NNTP; 0 where it is none. */
static unsigned reply_code(struct span line, bool *is_last)
{
	struct reader r = reader_over(line);
	unsigned code = 0;

	for (unsigned i = 0; i < 3; i++) {
		uint8_t c = reader_u8(&r);

		if (c < '0' || c > '9') {
			return 0;
		}
		code = code * 10 + (c - '0');
	}
	*is_last = reader_peek(&r) != '-';
	return code >= 100 && code < 600 ? code : 0;
}

/* What is said after each step's reply, and which reply lets it go on. */
struct reply_step {
	unsigned wants; /* first digit of the code */
	const char *say;
};

static const struct reply_step smtp_steps[] = { { 2, "EHLO bartizan.invalid\r\n" },
						{ 2, "STARTTLS\r\n" },
						{ 2, NULL } };
static const struct reply_step ftp_steps[] = { { 2, "AUTH TLS\r\n" }, { 2, NULL } };
static const struct reply_step nntp_steps[] = { { 2, "STARTTLS\r\n" }, { 3, NULL } };

static enum starttls_verdict read_replies(struct starttls *d, const struct reply_step *steps,
					  struct span bytes, bool ended, size_t *consumed,
					  struct writer *say)
{
	struct span line;

	for (unsigned i = 0; i < LINES_MAX; i++) {
		const struct reply_step *step = &steps[d->step];
		bool is_last = false;
		unsigned code;

		switch (take_line(bytes, ended, consumed, &line)) {
		case LINE_NONE:
			return STARTTLS_MORE;
		case LINE_TOO_LONG:
			return STARTTLS_NOT_THIS;
		case LINE_TAKEN:
			break;
		}
		code = reply_code(line, &is_last);
		if (code == 0) {
			/* lines within FTP's long replies need no code */
			if (d->step > 0 || d->protocol == STARTTLS_FTP) {
				continue;
			}
			return STARTTLS_NOT_THIS;
		}
		d->is_offered = d->is_offered || ascii_same(span_after(line, 4), "STARTTLS");
		if (!is_last || code < 200) {
			continue;
		}
		if (code / 100 != step->wants) {
			return STARTTLS_REFUSED;
		}
		if (step->say == NULL) {
			return STARTTLS_READY;
		}
		if (d->protocol == STARTTLS_SMTP && d->step == 1 && !d->is_offered) {
			return STARTTLS_REFUSED;
		}
		d->step++;
		writer_text(say, step->say);
		return STARTTLS_SAY;
	}
	return STARTTLS_MORE;
}

/* "+OK ready" and "-ERR"; SASL's other lines never come here. */
static enum starttls_verdict read_pop3(struct starttls *d, struct span bytes, bool ended,
				       size_t *consumed, struct writer *say)
{
	struct span line;

	switch (take_line(bytes, ended, consumed, &line)) {
	case LINE_NONE:
		return STARTTLS_MORE;
	case LINE_TOO_LONG:
		return STARTTLS_NOT_THIS;
	case LINE_TAKEN:
		break;
	}
	if (span_starts_with(line, "-ERR")) {
		return STARTTLS_REFUSED;
	}
	if (!span_starts_with(line, "+OK")) {
		return STARTTLS_NOT_THIS;
	}
	if (d->step++ > 0) {
		return STARTTLS_READY;
	}
	writer_text(say, "STLS\r\n");
	return STARTTLS_SAY;
}

static enum starttls_verdict read_imap(struct starttls *d, struct span bytes, bool ended,
				       size_t *consumed, struct writer *say)
{
	struct span line;

	for (unsigned i = 0; i < LINES_MAX; i++) {
		switch (take_line(bytes, ended, consumed, &line)) {
		case LINE_NONE:
			return STARTTLS_MORE;
		case LINE_TOO_LONG:
			return STARTTLS_NOT_THIS;
		case LINE_TAKEN:
			break;
		}
		if (d->step == 0) {
			if (contains(span_first(line, 5), "* BYE")) {
				return STARTTLS_REFUSED;
			}
			if (!contains(span_first(line, 4), "* OK") &&
			    !contains(span_first(line, 9), "* PREAUTH")) {
				return STARTTLS_NOT_THIS;
			}
			d->step = 1;
			writer_text(say, "b1 STARTTLS\r\n");
			return STARTTLS_SAY;
		}
		if (contains(span_first(line, 5), "b1 OK")) {
			return STARTTLS_READY;
		}
		if (span_starts_with(line, "b1 ")) {
			return STARTTLS_REFUSED;
		}
	}
	return STARTTLS_MORE;
}

/* RFC 5804: capabilities, then OK; then the answer to STARTTLS alone. */
static enum starttls_verdict read_sieve(struct starttls *d, struct span bytes, bool ended,
					size_t *consumed, struct writer *say)
{
	struct span line;

	for (unsigned i = 0; i < LINES_MAX; i++) {
		switch (take_line(bytes, ended, consumed, &line)) {
		case LINE_NONE:
			return STARTTLS_MORE;
		case LINE_TOO_LONG:
			return STARTTLS_NOT_THIS;
		case LINE_TAKEN:
			break;
		}
		if (line.len > 0 && line.ptr[0] == '"') {
			d->is_offered =
				d->is_offered || contains(span_first(line, 10), "\"STARTTLS\"");
		} else if (!contains(span_first(line, 2), "OK")) {
			return contains(span_first(line, 2), "NO") ||
					       contains(span_first(line, 3), "BYE")
				       ? STARTTLS_REFUSED
				       : STARTTLS_NOT_THIS;
		} else if (d->step++ > 0) {
			return STARTTLS_READY;
		} else if (!d->is_offered) {
			return STARTTLS_REFUSED;
		} else {
			writer_text(say, "STARTTLS\r\n");
			return STARTTLS_SAY;
		}
	}
	return STARTTLS_MORE;
}

/*
 * XMPP (RFC 6120 section 5): stream features, proceed. Tags are looked for, not parsed.
 */

static enum starttls_verdict read_xmpp(struct starttls *d, struct span bytes, size_t *consumed,
				       struct writer *say)
{
	/* the end of what was found, no more, is consumed: TLS may follow */
	for (size_t i = *consumed; i < bytes.len; i++) {
		struct span upto = span_first(bytes, i + 1);
		struct span here = span_after(upto, *consumed);

		if (bytes.ptr[i] != '>') {
			if (here.len > LINE_MAX_BYTES) {
				return STARTTLS_NOT_THIS;
			}
			continue;
		}
		*consumed = i + 1;
		if (contains(here, "<stream:error") || contains(here, "<failure")) {
			return STARTTLS_REFUSED;
		}
		if (contains(here, "<stream:stream")) {
			d->step = d->step < 2 ? 2 : d->step;
		} else if (d->step < 2 && !span_starts_with(span_trim(here), "<?xml")) {
			return STARTTLS_NOT_THIS;
		} else if (contains(here, "<starttls")) {
			d->is_offered = true;
		} else if (contains(here, "</stream:features>") ||
			   contains(here, "<stream:features/>")) {
			if (!d->is_offered) {
				return STARTTLS_REFUSED;
			}
			writer_text(say, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
			return STARTTLS_SAY;
		} else if (contains(here, "<proceed")) {
			return STARTTLS_READY;
		} else if (contains(here, "</stream:stream>")) {
			return STARTTLS_REFUSED;
		}
	}
	if (bytes.len - *consumed > 0 && d->step < 2 && bytes.ptr[*consumed] != '<') {
		return STARTTLS_NOT_THIS;
	}
	return STARTTLS_MORE;
}

static void say_stream(const struct starttls *d, struct writer *say)
{
	writer_text(say, "<?xml version='1.0'?><stream:stream xmlns='jabber:");
	writer_text(say, d->protocol == STARTTLS_XMPP ? "client" : "server");
	writer_text(say, "' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='");
	writer_text(say, d->host[0] != '\0' ? d->host : "localhost");
	writer_text(say, "'>");
}

/*
 * Binary ones
 */

static enum starttls_verdict read_postgresql(struct span bytes, size_t *consumed)
{
	struct reader r = reader_over(span_after(bytes, *consumed));
	uint8_t answer;

	if (reader_left(&r) == 0) {
		return STARTTLS_MORE;
	}
	answer = reader_u8(&r);
	if (answer != 'S' && answer != 'N' && answer != 'E') {
		return STARTTLS_NOT_THIS;
	}
	*consumed += 1;
	return answer == 'S' ? STARTTLS_READY : STARTTLS_REFUSED;
}

/* LDAPMessage with an extendedResp; short forms of lengths and long ones of up to two bytes. */
static size_t ldap_length(struct reader *r)
{
	uint8_t first = reader_u8(r);

	switch (first) {
	case 0x81:
		return reader_u8(r);
	case 0x82:
		return reader_be16(r);
	case 0x84:
		return reader_be32(r);
	default:
		if (first >= 0x80) {
			reader_fail(r);
		}
		return first;
	}
}

static enum starttls_verdict read_ldap(struct span bytes, size_t *consumed)
{
	struct span rest = span_after(bytes, *consumed);
	struct reader r = reader_over(rest);
	size_t len;

	if (rest.len > 0 && rest.ptr[0] != 0x30) {
		return STARTTLS_NOT_THIS;
	}
	(void)reader_u8(&r);
	len = ldap_length(&r);
	if (!reader_ok(&r)) {
		return rest.len > 6 ? STARTTLS_NOT_THIS : STARTTLS_MORE;
	}
	if (len > LINE_MAX_BYTES) {
		return STARTTLS_NOT_THIS;
	}
	if (reader_left(&r) < len) {
		return STARTTLS_MORE;
	}
	*consumed += rest.len - reader_left(&r) + len;
	r = reader_over(reader_bytes(&r, len));
	if (reader_u8(&r) != 0x02) {
		return STARTTLS_NOT_THIS;
	}
	(void)reader_bytes(&r, reader_u8(&r)); /* messageID */
	if (reader_u8(&r) != 0x78) {
		return STARTTLS_NOT_THIS;
	}
	(void)ldap_length(&r);
	if (reader_be16(&r) != 0x0a01) { /* resultCode, an enumeration of one byte */
		return STARTTLS_NOT_THIS;
	}
	len = reader_u8(&r);
	return !reader_ok(&r) ? STARTTLS_NOT_THIS : len == 0 ? STARTTLS_READY : STARTTLS_REFUSED;
}

/* The greeting (HandshakeV10) says whether TLS is offered; SSLRequest is answered by TLS itself. */
static enum starttls_verdict read_mysql(struct span bytes, size_t *consumed, struct writer *say)
{
	struct reader r = reader_over(span_after(bytes, *consumed));
	size_t len = reader_u8(&r);
	uint8_t version;
	uint16_t capabilities;

	len |= (size_t)reader_le16(&r) << 8;
	(void)reader_u8(&r); /* sequence */
	if (!reader_ok(&r)) {
		return STARTTLS_MORE;
	}
	if (len < 2 || len > MYSQL_PACKET_MAX) {
		return STARTTLS_NOT_THIS;
	}
	if (reader_left(&r) < len) {
		return STARTTLS_MORE;
	}
	*consumed += 4 + len;
	r = reader_over(reader_bytes(&r, len));
	version = reader_u8(&r);
	if (version == 0xff) {
		return STARTTLS_REFUSED; /* an error, as to a host that is not allowed */
	}
	if (version != 10) {
		return STARTTLS_NOT_THIS;
	}
	(void)reader_until(&r, 0);     /* server version */
	(void)reader_bytes(&r, 4 + 8); /* thread, scramble */
	(void)reader_u8(&r);
	capabilities = reader_le16(&r);
	if (!reader_ok(&r)) {
		return STARTTLS_NOT_THIS;
	}
	if ((capabilities & MYSQL_CLIENT_SSL) == 0) {
		return STARTTLS_REFUSED;
	}
	writer_bytes(say, (struct span){ (const uint8_t[]){ 32, 0, 0, 1 }, 4 });
	writer_le32(say, MYSQL_CLIENT_SSL | MYSQL_CLIENT_41 | MYSQL_CLIENT_SECURE);
	writer_le32(say, 1u << 24);
	writer_u8(say, 33);
	for (unsigned i = 0; i < 23; i++) {
		writer_u8(say, 0);
	}
	return STARTTLS_READY;
}

/* X.224 connection confirm with RDP_NEG_RSP ([MS-RDPBCGR] 2.2.1.2). */
static enum starttls_verdict read_rdp(struct span bytes, size_t *consumed)
{
	struct reader r = reader_over(span_after(bytes, *consumed));
	uint8_t version = reader_u8(&r);
	uint16_t len;
	uint8_t kind;
	uint32_t chosen;

	(void)reader_u8(&r);
	len = reader_be16(&r);
	if (version != 3 && bytes.len > *consumed) {
		return STARTTLS_NOT_THIS;
	}
	if (!reader_ok(&r)) {
		return STARTTLS_MORE;
	}
	if (len < 11 || len > 512) {
		return STARTTLS_NOT_THIS;
	}
	if (reader_left(&r) < len - 4u) {
		return STARTTLS_MORE;
	}
	*consumed += len;
	r = reader_over(reader_bytes(&r, len - 4u));
	(void)reader_u8(&r);
	if (reader_u8(&r) != 0xd0) {
		return STARTTLS_NOT_THIS;
	}
	(void)reader_bytes(&r, 5);
	kind = reader_u8(&r);
	(void)reader_bytes(&r, 3);
	chosen = reader_le32(&r);
	return reader_ok(&r) && kind == 2 && chosen != 0 ? STARTTLS_READY : STARTTLS_REFUSED;
}

/*
 * All
 */

void starttls_init(struct starttls *d, enum starttls_protocol protocol, const char *host)
{
	struct span name = span_first(span_of(host), sizeof d->host - 1);

	*d = (struct starttls){ .protocol = protocol };
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = ascii_lower(name.ptr[i]);
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
				c == '.' || c == ':' || c == '_';

		if (!is_plain) { /* it is pasted into XML: nothing but what names are made of */
			d->host[0] = '\0';
			return;
		}
		d->host[i] = (char)name.ptr[i];
	}
}

enum starttls_verdict starttls_begin(struct starttls *d, struct writer *say)
{
	switch (d->protocol) {
	case STARTTLS_LDAP:
		writer_bytes(say, (struct span){ ldap_request, sizeof ldap_request });
		return STARTTLS_SAY;
	case STARTTLS_POSTGRESQL:
		writer_bytes(say, (struct span){ postgresql_request, sizeof postgresql_request });
		return STARTTLS_SAY;
	case STARTTLS_RDP:
		writer_bytes(say, (struct span){ rdp_request, sizeof rdp_request });
		return STARTTLS_SAY;
	case STARTTLS_XMPP:
	case STARTTLS_XMPP_SERVER:
		say_stream(d, say);
		d->step = 1;
		return STARTTLS_SAY;
	case STARTTLS_NONE:
	case STARTTLS_COUNT:
		return STARTTLS_READY;
	default:
		return STARTTLS_MORE;
	}
}

static enum starttls_verdict read_any(struct starttls *d, struct span bytes, bool ended,
				      size_t *consumed, struct writer *say)
{
	switch (d->protocol) {
	case STARTTLS_SMTP:
		return read_replies(d, smtp_steps, bytes, ended, consumed, say);
	case STARTTLS_FTP:
		return read_replies(d, ftp_steps, bytes, ended, consumed, say);
	case STARTTLS_NNTP:
		return read_replies(d, nntp_steps, bytes, ended, consumed, say);
	case STARTTLS_POP3:
		return read_pop3(d, bytes, ended, consumed, say);
	case STARTTLS_IMAP:
		return read_imap(d, bytes, ended, consumed, say);
	case STARTTLS_SIEVE:
		return read_sieve(d, bytes, ended, consumed, say);
	case STARTTLS_XMPP:
	case STARTTLS_XMPP_SERVER:
		return read_xmpp(d, bytes, consumed, say);
	case STARTTLS_POSTGRESQL:
		return read_postgresql(bytes, consumed);
	case STARTTLS_LDAP:
		return read_ldap(bytes, consumed);
	case STARTTLS_MYSQL:
		return read_mysql(bytes, consumed, say);
	case STARTTLS_RDP:
		return read_rdp(bytes, consumed);
	case STARTTLS_NONE:
	case STARTTLS_COUNT:
		return STARTTLS_READY;
	}
	return STARTTLS_NOT_THIS;
}

enum starttls_verdict starttls_read(struct starttls *d, struct span bytes, bool ended,
				    size_t *out_consumed, struct writer *say)
{
	enum starttls_verdict verdict;

	*out_consumed = 0;
	verdict = read_any(d, bytes, ended, out_consumed, say);
	if (ended && (verdict == STARTTLS_MORE || verdict == STARTTLS_SAY)) {
		return d->step > 0 ? STARTTLS_REFUSED : STARTTLS_NOT_THIS;
	}
	return verdict;
}
