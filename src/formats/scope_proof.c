/*
 * scope_proof.c - places, outcomes, judgement. An outcome, a line each:
 *
 *   record N TEXT    a TXT record at the nth place that begins as ours do
 *   seen N COUNT     the nth place was asked for: so many TXT records
 *   line TEXT        a line of the file that is not empty
 *   done             nothing is left to be asked
 *   reason TEXT      why there is no answer
 */
#include "formats/scope_proof.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/text.h"
#include "formats/address_text.h"

#define TOKEN_MIN    16
#define DNS_NAME_MAX 253
/* Bits of one place more than these are too many places. */
#define SPREAD_MAX 4

static const char *const words[] = { [SCOPE_PROOF_DNS] = "dns", [SCOPE_PROOF_HTTPS] = "https" };

int scope_proof_method_read(struct span word, enum scope_proof_method *out)
{
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (span_is(word, words[i])) {
			*out = (enum scope_proof_method)i;
			return 0;
		}
	}
	return ERR_MALFORMED;
}

const char *scope_proof_method_word(enum scope_proof_method method)
{
	return words[method];
}

/* --- where it must stand --- */

/* Reverse zones end at each octet of IPv4 and each nibble of IPv6. */
static unsigned label_bits(const struct scope_name *scope)
{
	return scope->is_ipv6 ? 4 : 8;
}

/* Where the zones end that a prefix is made of. Those of the next shorter end are somebody else's:
 * whoever holds 192.0.0.0/16 has given its parts away (RFC 2317). */
static unsigned zone_bits(const struct scope_name *scope)
{
	unsigned step = label_bits(scope);

	return (scope->length + step - 1) / step * step;
}

static void plan_dns(struct scope_proof *proof)
{
	const struct scope_name *scope = &proof->scope;
	unsigned spread = zone_bits(scope) - scope->length;

	if (scope->kind == SCOPE_DNS_NAME) {
		bool is_fit =
			strlen(scope->text) + sizeof SCOPE_PROOF_LABEL "." - 1 <= DNS_NAME_MAX;

		proof->count = is_fit;
		proof->refusal = is_fit ? NULL
					: "no name fits before one that long; prove it by a file "
					  "over HTTPS or by a statement";
	} else if (spread <= SPREAD_MAX) {
		proof->count = (size_t)1 << spread;
	} else {
		proof->refusal =
			zone_bits(scope) == 16
				? "its reverse zones are too many: register it in parts of "
				  "/12 to /16, or prove it by a statement"
			: zone_bits(scope) == 24
				? "its reverse zones are too many: register it in parts of "
				  "/20 to /24, or prove it by a statement"
				: "no reverse zone is this prefix alone: register it in "
				  "parts of /28 to /32, or prove it by a statement";
	}
}

static bool is_single(const struct scope_name *scope)
{
	return scope->kind == SCOPE_PREFIX && scope->length == (scope->is_ipv6 ? 128u : 32u);
}

void scope_proof_plan(const struct scope_name *scope, enum scope_proof_method method,
		      struct scope_proof *out)
{
	*out = (struct scope_proof){ .scope = *scope, .method = method };
	if (method == SCOPE_PROOF_DNS) {
		plan_dns(out);
	} else if (scope->kind == SCOPE_DNS_NAME || is_single(scope)) {
		out->count = 1;
	} else {
		out->refusal = "a file over HTTPS proves a name or one address, not a prefix: "
			       "prove it by DNS or by a statement";
	}
}

/* The labels of a prefix's zone, the last one first. */
static void write_zone(struct writer *w, const struct scope_name *scope, size_t n)
{
	unsigned bits = zone_bits(scope);
	uint8_t address[16];

	mem_copy(address, scope->address, sizeof address);
	for (unsigned bit = bits, rest = (unsigned)n; bit > scope->length; bit--, rest >>= 1) {
		address[(bit - 1) / 8] |= (uint8_t)((rest & 1u) << (7 - (bit - 1) % 8));
	}
	for (unsigned end = bits; end > 0; end -= label_bits(scope)) {
		uint8_t byte = address[(end - 1) / 8];

		if (!scope->is_ipv6) {
			writer_decimal(w, byte);
		} else {
			writer_u8(
				w,
				(uint8_t) "0123456789abcdef"[end % 8 == 0 ? byte & 15 : byte >> 4]);
		}
		writer_u8(w, '.');
	}
	writer_text(w, scope->is_ipv6 ? "ip6.arpa" : "in-addr.arpa");
}

static void write_address(struct writer *w, const struct scope_name *scope)
{
	address_text_write(w, (struct span){ scope->address, scope->is_ipv6 ? 16u : 4u });
}

void scope_proof_place(const struct scope_proof *proof, size_t n, char out[SCOPE_PROOF_PLACE_SIZE])
{
	const struct scope_name *scope = &proof->scope;
	struct writer w = writer_over((uint8_t *)out, SCOPE_PROOF_PLACE_SIZE - 1);

	if (proof->method == SCOPE_PROOF_DNS) {
		writer_text(&w, SCOPE_PROOF_LABEL ".");
		if (scope->kind == SCOPE_DNS_NAME) {
			writer_text(&w, scope->text);
		} else {
			write_zone(&w, scope, n);
		}
	} else {
		writer_text(&w, "https://");
		if (scope->kind == SCOPE_DNS_NAME) {
			writer_text(&w, scope->text);
		} else {
			writer_text(&w, scope->is_ipv6 ? "[" : "");
			write_address(&w, scope);
			writer_text(&w, scope->is_ipv6 ? "]" : "");
		}
		writer_text(&w, SCOPE_PROOF_PATH);
	}
	out[writer_used(&w)] = '\0';
}

bool scope_proof_address(const struct scope_name *scope, char out[SCOPE_NAME_SIZE])
{
	struct writer w = writer_over((uint8_t *)out, SCOPE_NAME_SIZE - 1);

	if (is_single(scope)) {
		write_address(&w, scope);
	}
	out[writer_used(&w)] = '\0';
	return is_single(scope);
}

/* --- writing an outcome down --- */

/* What a line may hold: printable ASCII. What else is there can be no token. */
static void write_plain(struct writer *w, struct span text, size_t max)
{
	text = span_first(text, max);
	for (size_t i = 0; i < text.len; i++) {
		bool is_plain = text.ptr[i] >= ' ' && text.ptr[i] < 0x7f;

		writer_u8(w, is_plain ? text.ptr[i] : '?');
	}
	writer_u8(w, '\n');
}

bool scope_outcome_record(struct writer *w, size_t n, struct span text)
{
	if (!span_starts_with(text, SCOPE_PROOF_PREFIX)) {
		return false;
	}
	writer_text(w, "record ");
	writer_decimal(w, n);
	writer_u8(w, ' ');
	write_plain(w, text, SCOPE_PROOF_TEXT_MAX);
	return true;
}

void scope_outcome_seen(struct writer *w, size_t n, size_t records)
{
	writer_text(w, "seen ");
	writer_decimal(w, n);
	writer_u8(w, ' ');
	writer_decimal(w, records);
	writer_u8(w, '\n');
}

void scope_outcome_body(struct writer *w, struct span body)
{
	static const char mark[] = "\xef\xbb\xbf"; /* as some editors begin a file */
	struct reader r;

	r = reader_over(span_starts_with(body, mark) ? span_after(body, sizeof mark - 1) : body);
	while (reader_left(&r) > 0) {
		struct span line = span_trim(reader_line(&r));

		if (line.len > 0) {
			writer_text(w, "line ");
			write_plain(w, line, SCOPE_PROOF_TEXT_MAX);
		}
	}
}

void scope_outcome_done(struct writer *w)
{
	writer_text(w, "done\n");
}

void scope_outcome_reason(struct writer *w, const char *reason)
{
	writer_text(w, "reason ");
	write_plain(w, span_of(reason), SCOPE_FAILURE_SIZE - 1);
}

/* --- judging it --- */

struct found {
	bool has_token;
	uint64_t records;
	char other[SCOPE_PROOF_TEXT_MAX + 1]; /* the first that is not the token */
};

struct reading {
	const struct scope_proof *proof;
	const char *token;
	struct found places[SCOPE_PROOF_PLACES_MAX];
	struct span reason;
	bool is_done;
};

static bool is_token(const char *token, struct span text)
{
	if (span_starts_with(text, SCOPE_PROOF_PREFIX)) {
		text = span_after(text, sizeof SCOPE_PROOF_PREFIX - 1);
	}
	return strlen(token) >= TOKEN_MIN && span_is(text, token);
}

static void take_text(struct reading *reading, struct found *found, struct span text)
{
	struct writer w = writer_over((uint8_t *)found->other, sizeof found->other - 1);

	if (is_token(reading->token, text)) {
		found->has_token = true;
	} else if (found->other[0] == '\0') {
		/* once more: who wrote it down may have been taken over */
		write_plain(&w, text, sizeof found->other - 2);
		found->other[writer_used(&w) - 1] = '\0';
	}
}

/* The rest of a line behind its first word and a blank; false where it has another one. */
static bool has_word(struct span line, const char *word, struct span *rest)
{
	size_t len = strlen(word);

	if (!span_starts_with(line, word) || line.len <= len || line.ptr[len] != ' ') {
		return false;
	}
	*rest = span_after(line, len + 1);
	return true;
}

/* The place that the text's number means, and what follows it; NULL where it means none. */
static struct found *take_place(struct reading *reading, struct span *text)
{
	struct span digits = span_first(*text, span_find(*text, ' '));
	uint64_t n;

	if (reading->proof->count == 0 || text_to_u64(digits, reading->proof->count - 1, &n) != 0) {
		return NULL;
	}
	*text = span_after(*text, digits.len + 1);
	return &reading->places[n];
}

static void take_line(struct reading *reading, struct span line)
{
	bool is_dns = reading->proof->method == SCOPE_PROOF_DNS;
	struct span rest;
	struct found *found;

	if (span_is(line, "done")) {
		reading->is_done = true;
	} else if (has_word(line, "reason", &rest) && reading->reason.len == 0) {
		reading->reason = rest;
	} else if (is_dns && has_word(line, "record", &rest)) {
		found = take_place(reading, &rest);
		if (found != NULL && span_starts_with(rest, SCOPE_PROOF_PREFIX)) {
			take_text(reading, found, rest);
		}
	} else if (is_dns && has_word(line, "seen", &rest)) {
		found = take_place(reading, &rest);
		if (found != NULL) {
			(void)!text_to_u64(rest, UINT32_MAX, &found->records);
		}
	} else if (!is_dns && has_word(line, "line", &rest)) {
		found = &reading->places[0];
		found->records++;
		take_text(reading, found, rest);
	}
}

static void say_dns(const struct reading *reading, const struct found *found, const char *place,
		    char out[SCOPE_FAILURE_SIZE])
{
	if (found->other[0] != '\0') {
		snprintf(out, SCOPE_FAILURE_SIZE,
			 "The TXT record at %s says '%s'; it must say " SCOPE_PROOF_PREFIX "%s",
			 place, found->other, reading->token);
	} else if (found->records > 0) {
		snprintf(out, SCOPE_FAILURE_SIZE,
			 "None of the %llu TXT records at %s says " SCOPE_PROOF_PREFIX
			 "%s: add one that does",
			 (unsigned long long)found->records, place, reading->token);
	} else {
		snprintf(out, SCOPE_FAILURE_SIZE,
			 "There is no TXT record at %s: publish one that says " SCOPE_PROOF_PREFIX
			 "%s (what was added now may take a while to be seen)",
			 place, reading->token);
	}
}

static void say_https(const struct reading *reading, const struct found *found, const char *place,
		      char out[SCOPE_FAILURE_SIZE])
{
	if (found->records == 0) {
		snprintf(out, SCOPE_FAILURE_SIZE, "%s is empty: it must have the line %s", place,
			 reading->token);
	} else {
		snprintf(out, SCOPE_FAILURE_SIZE,
			 "%s does not have the line %s; its first one is '%s'", place,
			 reading->token, found->other);
	}
}

bool scope_proof_judge(const struct scope_proof *proof, const char *token, struct span outcome,
		       char failure[SCOPE_FAILURE_SIZE])
{
	struct reading reading = { .proof = proof, .token = token };
	struct reader r = reader_over(span_first(outcome, SCOPE_OUTCOME_MAX));
	char place[SCOPE_PROOF_PLACE_SIZE];

	while (reader_left(&r) > 0) {
		take_line(&reading, reader_line(&r));
	}
	if (reading.reason.len > 0 || !reading.is_done || proof->count == 0) {
		struct writer w = writer_over((uint8_t *)failure, SCOPE_FAILURE_SIZE - 1);

		write_plain(&w,
			    reading.reason.len > 0 ? reading.reason
						   : span_of("The check ended early; try again"),
			    SCOPE_FAILURE_SIZE - 2);
		failure[writer_used(&w) - 1] = '\0';
		return false;
	}
	for (size_t n = 0; n < proof->count; n++) {
		const struct found *found = &reading.places[n];

		if (!found->has_token) {
			scope_proof_place(proof, n, place);
			(proof->method == SCOPE_PROOF_DNS ? say_dns : say_https)(&reading, found,
										 place, failure);
			return false;
		}
	}
	failure[0] = '\0';
	return true;
}
