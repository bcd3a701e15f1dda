/* smb.c - SMB ([MS-SMB2] 2.2.3, 2.2.4): negotiation, then the server's own words in NTLM's
 * challenge
 * ([MS-NLMP] 2.2.1.2), which comes before any login and is never answered. */
#include "base/reader.h"
#include "base/text.h"
#include "formats/utf8.h"
#include "scan/identify/prober.h"

#define MESSAGE_MAX       16384u
#define PAIRS_MAX         16u
#define NAME_TEXT_MAX     256u
#define COMMAND_NEGOTIATE 0u
#define COMMAND_SETUP     1u

/* The header of a request; then its body's length is known. */
static void begin(struct writer *say, unsigned command, size_t body_len)
{
	writer_be32(say, (uint32_t)(64 + body_len)); /* NetBIOS session, direct */
	writer_be32(say, 0xfe534d42);
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

/* Session setup with the first of NTLM's three messages, in SPNEGO's wrapping. */
static void ask_challenge(struct writer *say)
{
	static const uint8_t token[] = { 0x60, 0x40, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02,
					 0xa0, 0x36, 0x30, 0x34, 0xa0, 0x0e, 0x30, 0x0c, 0x06, 0x0a,
					 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a,
					 0xa2, 0x22, 0x04, 0x20, 'N',  'T',  'L',  'M',  'S',  'S',
					 'P',  0x00, 0x01, 0x00, 0x00, 0x00, 0x05, 0x02, 0x88, 0xa2,
					 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
					 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 };
	static const uint8_t body[] = {
		25, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0, (uint8_t)sizeof token,
		0,  0, 0, 0, 0, 0, 0, 0, 0
	};

	begin(say, COMMAND_SETUP, sizeof body + sizeof token);
	writer_bytes(say, (struct span){ body, sizeof body });
	writer_bytes(say, (struct span){ token, sizeof token });
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
	if ((magic != 0xfe534d42 && magic != 0xff534d42) || len > MESSAGE_MAX) {
		return PROBE_NOT;
	}
	if (fresh.len - 4 < len && !view->ended) {
		return PROBE_MORE;
	}
	if (magic == 0xff534d42) {
		facts_add_text(facts, "smb.dialect", "1");
		return PROBE_IS;
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
