/* hpack.c - the static table, prefixed integers, and Huffman's code, which is canonical: its
 * lengths say all (RFC 7541 appendix B). */
#include "formats/hpack.h"

#include "base/error.h"
#include "base/mem.h"

#define STATIC_COUNT 61u
#define SYMBOLS      257u
#define END          256u /* must not be in a string (section 5.2) */
#define LENGTH_MAX   30u
#define INTEGER_MAX  (1u << 24)

/* Appendix A. */
static const struct {
	const char *name;
	const char *value;
} fixed[STATIC_COUNT] = {
	{ ":authority", "" },
	{ ":method", "GET" },
	{ ":method", "POST" },
	{ ":path", "/" },
	{ ":path", "/index.html" },
	{ ":scheme", "http" },
	{ ":scheme", "https" },
	{ ":status", "200" },
	{ ":status", "204" },
	{ ":status", "206" },
	{ ":status", "304" },
	{ ":status", "400" },
	{ ":status", "404" },
	{ ":status", "500" },
	{ "accept-charset", "" },
	{ "accept-encoding", "gzip, deflate" },
	{ "accept-language", "" },
	{ "accept-ranges", "" },
	{ "accept", "" },
	{ "access-control-allow-origin", "" },
	{ "age", "" },
	{ "allow", "" },
	{ "authorization", "" },
	{ "cache-control", "" },
	{ "content-disposition", "" },
	{ "content-encoding", "" },
	{ "content-language", "" },
	{ "content-length", "" },
	{ "content-location", "" },
	{ "content-range", "" },
	{ "content-type", "" },
	{ "cookie", "" },
	{ "date", "" },
	{ "etag", "" },
	{ "expect", "" },
	{ "expires", "" },
	{ "from", "" },
	{ "host", "" },
	{ "if-match", "" },
	{ "if-modified-since", "" },
	{ "if-none-match", "" },
	{ "if-range", "" },
	{ "if-unmodified-since", "" },
	{ "last-modified", "" },
	{ "link", "" },
	{ "location", "" },
	{ "max-forwards", "" },
	{ "proxy-authenticate", "" },
	{ "proxy-authorization", "" },
	{ "range", "" },
	{ "referer", "" },
	{ "refresh", "" },
	{ "retry-after", "" },
	{ "server", "" },
	{ "set-cookie", "" },
	{ "strict-transport-security", "" },
	{ "transfer-encoding", "" },
	{ "user-agent", "" },
	{ "vary", "" },
	{ "via", "" },
	{ "www-authenticate", "" },
};

/* Bits of each symbol's code. */
static const uint8_t lengths[SYMBOLS] = {
	13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28,
	30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11,
	8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,
	7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
	8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,
	6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20,
	22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
	22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
	21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23,
	22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
	28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27,
	26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
};

/* Codes of one length follow each other in the order of their symbols. */
struct code {
	uint32_t first[LENGTH_MAX + 1];
	uint16_t count[LENGTH_MAX + 1];
	uint16_t at[LENGTH_MAX + 1];
	uint16_t symbols[SYMBOLS];
};

static void build(struct code *c)
{
	uint32_t first = 0;
	uint16_t at = 0;

	mem_zero(c, sizeof *c);
	for (unsigned length = 1; length <= LENGTH_MAX; length++) {
		first <<= 1;
		c->first[length] = first;
		c->at[length] = at;
		for (unsigned symbol = 0; symbol < SYMBOLS; symbol++) {
			if (lengths[symbol] == length) {
				c->symbols[at++] = (uint16_t)symbol;
				c->count[length]++;
				first++;
			}
		}
	}
}

/* What does not fit is cut. */
static int decode(struct span bytes, uint8_t *out, size_t room, size_t *out_len)
{
	struct code code;
	uint32_t bits = 0;
	unsigned length = 0;
	size_t used = 0;

	build(&code);
	for (size_t i = 0; i < 8 * bytes.len; i++) {
		unsigned bit = bytes.ptr[i / 8] >> (7 - i % 8) & 1u;
		uint32_t above;

		bits = bits << 1 | bit;
		if (++length > LENGTH_MAX) {
			return ERR_MALFORMED;
		}
		above = bits - code.first[length];
		if (bits >= code.first[length] && above < code.count[length]) {
			unsigned symbol = code.symbols[code.at[length] + above];

			if (symbol == END) {
				return ERR_MALFORMED;
			}
			if (used < room) {
				out[used++] = (uint8_t)symbol;
			}
			bits = 0;
			length = 0;
		}
	}
	/* the rest is the beginning of END, and less than a byte */
	if (length > 7 || bits != (1u << length) - 1) {
		return ERR_MALFORMED;
	}
	*out_len = used;
	return 0;
}

/* Section 5.1: the low bits of first, and more bytes where they are all ones. */
static uint32_t read_integer(struct reader *r, uint8_t first, unsigned prefix)
{
	uint32_t mask = (1u << prefix) - 1;
	uint32_t value = first & mask;
	unsigned shift = 0;
	uint8_t byte;

	if (value < mask) {
		return value;
	}
	do {
		byte = reader_u8(r);
		value += (uint32_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) != 0 && shift <= 21 && value < INTEGER_MAX);
	if ((byte & 0x80) != 0 || value >= INTEGER_MAX) {
		reader_fail(r);
	}
	return value;
}

/* Section 5.2. */
static int read_string(struct reader *r, uint8_t *out, size_t room, size_t *out_len)
{
	uint8_t first = reader_u8(r);
	uint32_t len = read_integer(r, first, 7);
	struct span bytes = reader_bytes(r, len);

	if (!reader_ok(r) || len > HPACK_STRING_MAX) {
		return ERR_MALFORMED;
	}
	if ((first & 0x80) != 0) {
		return decode(bytes, out, room, out_len);
	}
	bytes = span_first(bytes, room);
	mem_copy(out, bytes.ptr, bytes.len);
	*out_len = bytes.len;
	return 0;
}

static void put(uint8_t *out, size_t *len, const char *text)
{
	struct span bytes = span_of(text);

	mem_copy(out, bytes.ptr, bytes.len);
	*len = bytes.len;
}

int hpack_next(struct reader *block, struct hpack_field *out)
{
	uint8_t first;
	uint32_t index;

	/* sizes of a table that is not there (section 6.3) */
	while ((reader_peek(block) & 0xe0) == 0x20 && reader_left(block) > 0) {
		if (read_integer(block, reader_u8(block), 5) != 0 || !reader_ok(block)) {
			return ERR_MALFORMED;
		}
	}
	if (reader_left(block) == 0) {
		return reader_ok(block) ? ERR_AGAIN : ERR_MALFORMED;
	}
	first = reader_u8(block);
	index = read_integer(block, first, (first & 0x80) != 0 ? 7 : (first & 0x40) != 0 ? 6 : 4);
	if (!reader_ok(block) || index > STATIC_COUNT || (index == 0 && (first & 0x80) != 0)) {
		return ERR_MALFORMED;
	}
	if (index > 0) {
		put(out->name, &out->name_len, fixed[index - 1].name);
	} else if (read_string(block, out->name, sizeof out->name, &out->name_len) != 0) {
		return ERR_MALFORMED;
	}
	if ((first & 0x80) != 0) {
		put(out->value, &out->value_len, fixed[index - 1].value);
		return 0;
	}
	return read_string(block, out->value, sizeof out->value, &out->value_len);
}

static void write_string(struct writer *w, struct span text)
{
	text = span_first(text, 126);
	writer_u8(w, (uint8_t)text.len);
	writer_bytes(w, text);
}

void hpack_write(struct writer *w, struct span name, struct span value)
{
	writer_u8(w, 0);
	write_string(w, name);
	write_string(w, value);
}
