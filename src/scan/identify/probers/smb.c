/* smb.c - SMB ([MS-SMB2] 2.2.3, 2.2.4): negotiation, then the server's own words in NTLM's
 * challenge
 * ([MS-NLMP] 2.2.1.2), which comes before any login and is never answered. */
#include <assert.h>

#include "base/reader.h"
#include "base/text.h"
#include "formats/utf8.h"
#include "scan/identify/prober.h"

#define MESSAGE_MAX       16384u
#define PAIRS_MAX         16u
#define NAME_TEXT_MAX     256u
#define SMB2_MAGIC        0xfe534d42u
#define SMB1_MAGIC        0xff534d42u
#define V1_NEGOTIATE      0x72u
#define V1_SETUP          0x73u
#define EXTENDED_SECURITY 0x80000000u
#define COMMAND_NEGOTIATE 0u
#define COMMAND_SETUP     1u

/* The header of a request; then its body's length is known. */
static void begin(struct writer *say, unsigned command, size_t body_len)
{
	writer_be32(say, (uint32_t)(64 + body_len)); /* NetBIOS session, direct */
	writer_be32(say, SMB2_MAGIC);
	writer_be16(say, 64u << 8); /* structure's size, little-endian */
	writer_be16(say, 0);
	writer_be32(say, 0);
	writer_u8(say, (uint8_t)command);
	writer_u8(say, 0);
	writer_be16(say, 31u << 8); /* credits */
	writer_be32(say, 0);
	writer_be32(say, 0);
	writer_u8(say, (uint8_t)command); /* message id: one after the other */
	for (unsigned i = 0; i < 7 + 8 + 8 + 16; i++) {
		writer_u8(say, 0);
	}
}

static void hello(const struct probe_view *view, struct writer *say)
{
	static const uint8_t body[] = { 36,   0,    4,    0,    1,    0,    0,    0,   0,
					0,    0,    0,    'b',  'a',  'r',  't',  'i', 'z',
					'a',  'n',  '-',  's',  'c',  'a',  'n',  'n', 'e',
					'r',  0,    0,    0,    0,    0,    0,    0,   0,
					0x02, 0x02, 0x10, 0x02, 0x00, 0x03, 0x02, 0x03 };

	(void)view;
	begin(say, COMMAND_NEGOTIATE, sizeof body);
	writer_bytes(say, (struct span){ body, sizeof body });
}

/* The first of NTLM's three messages, in SPNEGO's wrapping. */
static const uint8_t token[] = { 0x60, 0x40, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02, 0xa0,
				 0x36, 0x30, 0x34, 0xa0, 0x0e, 0x30, 0x0c, 0x06, 0x0a, 0x2b, 0x06,
				 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a, 0xa2, 0x22, 0x04,
				 0x20, 'N',  'T',  'L',  'M',  'S',  'S',  'P',  0x00, 0x01, 0x00,
				 0x00, 0x00, 0x05, 0x02, 0x88, 0xa2, 0x00, 0x00, 0x00, 0x00, 0x00,
				 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 };

/* Session setup. */
static void ask_challenge(struct writer *say)
{
	static const uint8_t body[] = {
		25, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0, (uint8_t)sizeof token,
		0,  0, 0, 0, 0, 0, 0, 0, 0
	};

	begin(say, COMMAND_SETUP, sizeof body + sizeof token);
	writer_bytes(say, (struct span){ body, sizeof body });
	writer_bytes(say, (struct span){ token, sizeof token });
}

/* [MS-CIFS] 2.2.3.1: the header of version 1; lengths are little-endian. */
static void begin_v1(struct writer *say, uint8_t command, size_t body_len)
{
	writer_be32(say, (uint32_t)(32 + body_len));
	writer_be32(say, SMB1_MAGIC);
	writer_u8(say, command);
	writer_be32(say, 0);      /* status */
	writer_u8(say, 0x18);     /* canonical paths, no case */
	writer_be16(say, 0x03c8); /* Unicode, NT's status, extended security, long names */
	for (unsigned i = 0; i < 2 + 8 + 2 + 2; i++) {
		writer_u8(say, 0);
	}
	writer_be32(say, 0x42740000); /* process; user, 0 */
	writer_be16(say, 0);          /* multiplex */
}

/* What spoke SMB before version 2 answers nothing else ([MS-CIFS] 2.2.4.52.1). */
static void hello_v1(const struct probe_view *view, struct writer *say)
{
	static const uint8_t dialects[] = "\0\x22\0"
					  "\x02NT LANMAN 1.0\0"
					  "\x02NT LM 0.12\0"
					  "\x02Samba";

	static_assert(sizeof dialects == 3 + 0x22, "the length that is said");
	(void)view;
	begin_v1(say, V1_NEGOTIATE, sizeof dialects);
	writer_bytes(say, (struct span){ dialects, sizeof dialects });
}

/* [MS-SMB] 2.2.4.6.1: twelve words, the token, and two empty names. */
static void ask_challenge_v1(struct writer *say)
{
	static const uint8_t words[] = { 12,  0xff, 0, 0, 0, 0xff, 0xff, 2,
					 0,   1,    0, 0, 0, 0,    0,    (uint8_t)sizeof token,
					 0,   0,    0, 0, 0, 0x54, 0,    0,
					 0x80 };
	size_t bytes = sizeof token + 5;

	begin_v1(say, V1_SETUP, sizeof words + 2 + bytes);
	writer_bytes(say, (struct span){ words, sizeof words });
	writer_u8(say, (uint8_t)bytes);
	writer_u8(say, 0);
	writer_bytes(say, (struct span){ token, sizeof token });
	for (unsigned i = 0; i < 5; i++) {
		writer_u8(say, 0);
	}
}

static void add_utf16(struct service_facts *facts, const char *kind, struct span bytes)
{
	struct reader r = reader_over(bytes);
	uint8_t text[NAME_TEXT_MAX];
	struct writer w = writer_over(text, sizeof text - 4);

	while (reader_left(&r) >= 2 && writer_ok(&w)) {
		utf8_write(&w, reader_le16(&r));
	}
	facts_add(facts, kind, writer_span(&w));
}

/* [MS-NLMP] 2.2.2.1: pairs of number and text. */
static void tell_target(struct span pairs, struct service_facts *facts)
{
	static const char *const kinds[] = { NULL, "host.name", "host.domain", "host.dns_name",
					     "host.dns_domain" };
	struct reader r = reader_over(pairs);

	for (unsigned i = 0; i < PAIRS_MAX; i++) {
		uint16_t id = reader_le16(&r);
		struct span value = reader_bytes(&r, reader_le16(&r));

		if (!reader_ok(&r) || id == 0) {
			return;
		}
		if (id < COUNT_OF(kinds)) {
			add_utf16(facts, kinds[id], value);
		}
	}
}

static void tell_challenge(struct span message, struct service_facts *facts)
{
	struct span ntlm = message;
	struct reader r;
	uint16_t len;
	uint32_t offset;
	unsigned version[3];

	while (ntlm.len > 8 && !span_starts_with(ntlm, "NTLMSSP")) {
		ntlm = span_after(ntlm, 1);
	}
	r = reader_over(ntlm);
	(void)reader_bytes(&r, 8);
	if (reader_le32(&r) != 2) {
		return;
	}
	(void)reader_bytes(&r, 8 + 4 + 8 + 8); /* target's name, flags, challenge, reserved */
	len = reader_le16(&r);
	(void)reader_le16(&r);
	offset = reader_le32(&r);
	version[0] = reader_u8(&r);
	version[1] = reader_u8(&r);
	version[2] = reader_le16(&r);
	if (!reader_ok(&r)) {
		return;
	}
	facts_add_version(facts, "smb.os_version", version, 3);
	r = reader_over(span_after(ntlm, offset));
	tell_target(reader_bytes(&r, len), facts);
}

static void tell_dialect(struct reader *r, struct service_facts *facts)
{
	uint16_t mode;
	uint16_t dialect;
	char guid[33];

	(void)reader_le16(r); /* structure's size */
	mode = reader_le16(r);
	dialect = reader_le16(r);
	(void)reader_le16(r);
	if (!reader_ok(r)) {
		return;
	}
	facts_add_version(facts, "smb.dialect",
			  (unsigned[]){ dialect >> 8, dialect >> 4 & 15, dialect & 15 }, 3);
	facts_add_text(facts, "smb.signing", (mode & 2) != 0 ? "required" : "optional");
	if (reader_left(r) >= 16) {
		text_to_hex(reader_bytes(r, 16), guid);
		facts_add_text(facts, "smb.server_guid", guid);
	}
}

/* A text of UTF-16 up to its zero, as a fact where it has a kind. */
static void take_utf16(struct reader *r, const char *kind, struct service_facts *facts)
{
	struct span rest = r->rest;
	size_t len = 0;

	while (len + 1 < rest.len && (rest.ptr[len] != 0 || rest.ptr[len + 1] != 0)) {
		len += 2;
	}
	if (kind != NULL) {
		add_utf16(facts, kind, span_first(rest, len));
	}
	(void)reader_bytes(r, len + 2 < rest.len ? len + 2 : rest.len);
}

/* [MS-SMB] 2.2.4.5.2: 17 words; then who it is, or a challenge with domain and name. */
static bool tell_negotiation_v1(struct reader *r, struct service_facts *facts)
{
	uint8_t words = reader_u8(r);
	uint8_t mode;
	uint32_t capabilities;
	uint8_t key_len;

	(void)reader_le16(r); /* the dialect's number */
	mode = reader_u8(r);
	if (words != 17) {
		return false; /* older still: nothing more is said */
	}
	(void)reader_bytes(r, 2 + 2 + 4 + 4 + 4);
	capabilities = reader_le32(r);
	(void)reader_bytes(r, 8 + 2);
	key_len = reader_u8(r);
	(void)reader_le16(r);
	if (!reader_ok(r)) {
		return false;
	}
	facts_add_text(facts, "smb.signing", (mode & 8) != 0 ? "required" : "optional");
	if ((capabilities & EXTENDED_SECURITY) != 0) {
		return true;
	}
	(void)reader_bytes(r, key_len);
	take_utf16(r, "host.domain", facts);
	take_utf16(r, "host.name", facts);
	return false;
}

/* [MS-SMB] 2.2.4.6.2: behind the token, what it runs on and what serves. */
static void tell_setup_v1(struct span message, struct reader *r, struct service_facts *facts)
{
	uint16_t token_len;

	if (reader_u8(r) != 4) {
		return;
	}
	(void)reader_bytes(r, 2 + 2 + 2);
	token_len = reader_le16(r);
	(void)reader_le16(r);
	(void)reader_bytes(r, token_len);
	if (!reader_ok(r)) {
		return;
	}
	tell_challenge(message, facts);
	/* texts begin at an even place of the message, which is behind four bytes of NetBIOS */
	if ((message.len - reader_left(r)) % 2 != 0) {
		(void)reader_u8(r);
	}
	take_utf16(r, "smb.native_os", facts);
	take_utf16(r, "smb.native_lm", facts);
}

static enum probe_verdict read_v1(const struct probe_view *view, struct span message,
				  struct service_facts *facts, struct writer *say)
{
	struct reader r = reader_over(message);
	uint8_t command;

	(void)reader_be64(&r);
	command = reader_u8(&r);
	(void)reader_bytes(&r, 32 - 5);
	facts_add_text(facts, "smb.dialect", "1");
	if (command == V1_NEGOTIATE && tell_negotiation_v1(&r, facts) && view->step > 0 &&
	    !view->ended) {
		ask_challenge_v1(say);
		return PROBE_SAY;
	}
	if (command == V1_SETUP) {
		tell_setup_v1(message, &r, facts);
	}
	return PROBE_IS;
}

static enum probe_verdict smb_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	uint32_t len = reader_be32(&r);
	uint32_t magic = reader_be32(&r);
	uint16_t command;

	if (fresh.len > 0 && fresh.ptr[0] != 0) {
		return PROBE_NOT;
	}
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if ((magic != SMB2_MAGIC && magic != SMB1_MAGIC) || len > MESSAGE_MAX) {
		return PROBE_NOT;
	}
	if (fresh.len - 4 < len && !view->ended) {
		return PROBE_MORE;
	}
	if (magic == SMB1_MAGIC) {
		return read_v1(view, fresh, facts, say);
	}
	(void)reader_bytes(&r, 8);
	command = reader_le16(&r);
	(void)reader_bytes(&r, 64 - 14);
	if (command == COMMAND_NEGOTIATE) {
		tell_dialect(&r, facts);
		if (view->step == 0 || view->ended) {
			return PROBE_IS;
		}
		ask_challenge(say);
		return PROBE_SAY;
	}
	tell_challenge(fresh, facts);
	return PROBE_IS;
}

static const uint16_t ports[] = { 445, 0 };

const struct prober prober_smb = {
	.name = "smb",
	.transports = PROBER_TCP,
	.ports = ports,
	.hello = hello,
	.read = smb_read,
};

const struct prober prober_smb1 = {
	.name = "smb",
	.transports = PROBER_TCP,
	.ports = ports,
	.hello = hello_v1,
	.read = smb_read,
};
