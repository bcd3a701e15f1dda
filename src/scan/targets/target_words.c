/* target_words.c - a target as people write it; and what is never one. */
#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "scan/targets/targets.h"

#define OCTETS 4

/* Ranges that one word of octets may become: 10.*.*.1-9 is 65,536 of them. */
#define WORD_RANGES_MAX 65536

static int say(struct why *why, struct span word, const char *what)
{
	return why_set(why, ERR_MALFORMED, "'%.*s': %s", word.len > 64 ? 64 : (int)word.len,
		       (const char *)word.ptr, what);
}

static int add_range(struct targets *t, const struct address *first, const struct address *last,
		     struct why *why)
{
	int error = targets_add(t, first, last);

	return error == 0 ? 0
			  : why_set(why, error, "there are more than %u ranges of addresses",
				    TARGETS_RANGES_MAX);
}

#define NO_ZONE                                                                                    \
	"what is behind the % is no interface of this machine, or what is before it no "           \
	"link-local address (fe80::/10)"

static bool has_zone(struct span word)
{
	return span_find(word, '%') < word.len;
}

static int add_prefix(struct targets *t, struct span word, size_t slash, struct why *why)
{
	struct address address;
	struct address first;
	struct address last;
	uint64_t bits;

	if (address_parse(span_first(word, slash), &address) != 0) {
		return say(why, word,
			   has_zone(word) ? NO_ZONE : "what is before the slash is no address");
	}
	if (text_to_u64(span_after(word, slash + 1), address_is_v4(&address) ? 32 : 128, &bits) !=
	    0) {
		return say(why, word, "what is behind the slash is no length of a prefix");
	}
	if (address_zone(&address) != 0 && bits < 64) {
		return say(why, word, "a prefix on a link has 64 bits at least");
	}
	first = address_first(&address, (unsigned)bits);
	last = address_last(&address, (unsigned)bits);
	return add_range(t, &first, &last, why);
}

/* A leading zero would be octal to some. */
static int parse_byte(struct span text, uint64_t *out)
{
	return text.len > 1 && text.ptr[0] == '0' ? ERR_MALFORMED : text_to_u64(text, 255, out);
}

/* "7", "7-9" or "*". */
static int parse_octet(struct span text, unsigned *low, unsigned *high)
{
	size_t dash = span_find(text, '-');
	uint64_t a;
	uint64_t b;

	if (span_is(text, "*")) {
		*low = 0;
		*high = 255;
		return 0;
	}
	if (parse_byte(span_first(text, dash), &a) != 0) {
		return ERR_MALFORMED;
	}
	b = a;
	if (dash < text.len && parse_byte(span_after(text, dash + 1), &b) != 0) {
		return ERR_MALFORMED;
	}
	*low = (unsigned)a;
	*high = (unsigned)b;
	return a <= b ? 0 : ERR_MALFORMED;
}

/* Every combination of the first octets, with the last ones as one range where they are full. */
static int add_octets(struct targets *t, const unsigned low[OCTETS], const unsigned high[OCTETS],
		      struct why *why)
{
	unsigned now[OCTETS] = { low[0], low[1], low[2], low[3] };
	unsigned whole = OCTETS - 1; /* the last octet that is counted; those behind are 0-255 */
	uint64_t ranges = 1;
	struct address begin;
	struct address end;
	int error = 0;

	while (whole > 0 && low[whole] == 0 && high[whole] == 255) {
		whole--;
	}
	for (unsigned i = 0; i < whole; i++) {
		ranges *= high[i] - low[i] + 1;
	}
	if (ranges > WORD_RANGES_MAX) {
		return why_set(why, ERR_LIMIT,
			       "an address with ranges in its octets stands for "
			       "more than 65536 ranges; give prefixes");
	}
	for (uint64_t n = 0; n < ranges && error == 0; n++) {
		uint32_t first = 0;
		uint32_t last = 0;

		for (unsigned i = 0; i < OCTETS; i++) {
			first = first << 8 | (i < whole ? now[i] : low[i]);
			last = last << 8 | (i < whole ? now[i] : high[i]);
		}
		begin = address_v4(first);
		end = address_v4(last);
		error = add_range(t, &begin, &end, why);
		for (unsigned i = whole; i > 0; i--) {
			if (++now[i - 1] <= high[i - 1]) {
				break;
			}
			now[i - 1] = low[i - 1];
		}
	}
	return error;
}

/* Digits, dots, dashes and stars only: IPv4 with ranges in its octets. */
static bool is_octets(struct span word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (memchr("0123456789.-*", word.ptr[i], 13) == NULL) {
			return false;
		}
	}
	return word.len > 0;
}

static int add_pattern(struct targets *t, struct span word, struct why *why)
{
	struct reader r = reader_over(word);
	unsigned low[OCTETS];
	unsigned high[OCTETS];

	for (unsigned i = 0; i < OCTETS; i++) {
		if (parse_octet(reader_until(&r, '.'), &low[i], &high[i]) != 0) {
			return say(why, word, "this is no IPv4 address, range or prefix");
		}
	}
	if (reader_left(&r) > 0 || word.ptr[word.len - 1] == '.') {
		return say(why, word, "this is no IPv4 address, range or prefix");
	}
	return add_octets(t, low, high, why);
}

int targets_add_word(struct targets *targets, struct span word, struct why *why)
{
	size_t slash = span_find(word, '/');
	size_t dash = span_find(word, '-');
	struct address first;
	struct address last;

	if (slash < word.len) {
		return add_prefix(targets, word, slash, why);
	}
	if (address_parse(word, &first) == 0) {
		return add_range(targets, &first, &first, why);
	}
	if (dash < word.len && address_parse(span_first(word, dash), &first) == 0 &&
	    address_parse(span_after(word, dash + 1), &last) == 0) {
		if (address_is_v4(&first) != address_is_v4(&last) ||
		    address_compare(&first, &last) > 0) {
			return say(why, word, "the range ends before it begins");
		}
		return add_range(targets, &first, &last, why);
	}
	if (has_zone(word)) {
		return say(why, word, NO_ZONE);
	}
	if (is_octets(word)) {
		return add_pattern(targets, word, why);
	}
	return ERR_NOT_FOUND;
}

struct targets *targets_never(void)
{
	/* RFC 6890's registries at IANA. Private, shared, link-local, documentation and
	 * benchmarking addresses are left: people scan their own networks, and laboratories. */
	static const char *const prefixes[] = {
		"0.0.0.0/8",      /* this network (RFC 791) */
		"192.88.99.0/24", /* 6to4 relays, deprecated (RFC 7526) */
		"224.0.0.0/4",    /* multicast (RFC 5771) */
		"240.0.0.0/4",    /* reserved, and limited broadcast (RFC 1112, RFC 919) */
		"::/128",         /* unspecified (RFC 4291) */
		"ff00::/8",       /* multicast (RFC 4291) */
		"100::/64",       /* discard (RFC 6666) */
		/* these carry IPv4 addresses, past what is left out of them */
		"64:ff9b::/96", "64:ff9b:1::/48", /* translation (RFC 6052, RFC 8215) */
		"2001::/32",                      /* Teredo (RFC 4380) */
		"2002::/16",                      /* 6to4 (RFC 3056) */
	};
	struct targets *never = targets_new();
	int error = 0;

	for (size_t i = 0; i < COUNT_OF(prefixes) && error == 0; i++) {
		error = targets_add_word(never, span_of(prefixes[i]), NULL);
	}
	/* far more than could be visited, and only asked what it contains */
	(void)(targets_settle(never, NULL) == 0 || error != 0);
	return never;
}
