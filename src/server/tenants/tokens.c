/* tokens.c - what sensors enrol with and what operators sign in with: 32 random bytes, kept
 * as SHA-256 only. */
#include "server/tenants/platform.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "sys/pki.h"

#define TOKEN_RANDOM_SIZE 32

/* Spent and expired enrolment tokens are forgotten after a week: till then the log can
 * say "expired" rather than "unknown". */
#define TOKEN_KEPT_MS (7 * 24 * 3600 * INT64_C(1000))

/* base64url without padding (RFC 4648 section 5) of 32 bytes: 43 characters. */
static void write_base64url(const uint8_t bytes[TOKEN_RANDOM_SIZE], char *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < TOKEN_RANDOM_SIZE; i++) {
		bits = (bits << 8 | bytes[i]) & 0xffff;
		for (held += 8; held >= 6; held -= 6) {
			*out++ = alphabet[bits >> (held - 6) & 63];
		}
	}
	*out++ = alphabet[bits << (6 - held) & 63];
	*out = '\0';
}

static void make_token(const char prefix[static 4], char out[TOKEN_TEXT_SIZE])
{
	uint8_t random[TOKEN_RANDOM_SIZE];

	pki_random(random, sizeof random);
	mem_copy(out, prefix, 4);
	write_base64url(random, out + 4);
	mem_zero(random, sizeof random);
}

static void forget_old_ones(struct platform *p, int64_t now_ms)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "DELETE FROM enrolment_tokens WHERE expires_ms < ?1");

	(void)sqlite3_bind_int64(s, 1, now_ms - TOKEN_KEPT_MS);
	(void)!platform_run(p, s, NULL);
}

int enrolment_token_new(struct platform *p, const struct enrolment_terms *terms, uint32_t uses,
			int64_t expires_ms, int64_t now_ms, char out[TOKEN_TEXT_SIZE],
			struct why *why)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "INSERT INTO enrolment_tokens(hash, tenant, uses_left, "
				    "expires_ms, created_ms, kind)"
				    " VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
	struct tenant found;
	char token[TOKEN_TEXT_SIZE];
	uint8_t hash[SHA256_SIZE];
	int error;

	if (uses == 0 || expires_ms <= now_ms) {
		return why_set(why, ERR_USAGE, "a token needs at least one use and a time to live");
	}
	if (!span_is(span_of(terms->kind), "agent") && !span_is(span_of(terms->kind), "scanner")) {
		return why_set(why, ERR_USAGE, "a token is for an agent or a scanner");
	}
	error = tenant_find(p, terms->tenant, &found);
	if (error != 0) {
		return why_set(why, error, "there is no tenant %s", terms->tenant);
	}
	forget_old_ones(p, now_ms);
	make_token("bte_", token);
	sha256_of(span_of(token), hash);
	platform_bind_blob(s, 1, hash, sizeof hash);
	platform_bind_text(s, 2, terms->tenant);
	platform_bind_text(s, 6, terms->kind);
	(void)sqlite3_bind_int64(s, 3, uses);
	(void)sqlite3_bind_int64(s, 4, expires_ms);
	(void)sqlite3_bind_int64(s, 5, now_ms);
	error = platform_run(p, s, why);
	if (error == 0) {
		mem_copy(out, token, sizeof token);
	}
	return error;
}

/* Why a token was not redeemed: for the log only. */
static int reason_of(struct platform *p, const uint8_t hash[SHA256_SIZE], int64_t now_ms,
		     struct why *why)
{
	sqlite3_stmt *s OWNED(platform_finish) = platform_prepare(
		p, "SELECT uses_left, expires_ms FROM enrolment_tokens WHERE hash = ?1");

	platform_bind_blob(s, 1, hash, SHA256_SIZE);
	if (platform_row(p, s, NULL) != 0) {
		return why_set(why, ERR_DENIED, "the token is unknown");
	}
	if (sqlite3_column_int64(s, 1) <= now_ms) {
		return why_set(why, ERR_DENIED, "the token has expired");
	}
	return why_set(why, ERR_DENIED, "the token is used up");
}

int enrolment_token_redeem(struct platform *p, struct span token, int64_t now_ms,
			   struct enrolment_terms *out, struct why *why)
{
	/* one statement, so that two who redeem at once cannot take the same use */
	sqlite3_stmt *s OWNED(platform_finish) = platform_prepare(
		p, "UPDATE enrolment_tokens SET uses_left = uses_left - 1"
		   " WHERE hash = ?1 AND uses_left > 0 AND expires_ms > ?2 RETURNING tenant, kind");
	uint8_t hash[SHA256_SIZE];
	struct enrolment_terms terms;
	int error;

	sha256_of(token, hash);
	platform_bind_blob(s, 1, hash, sizeof hash);
	(void)sqlite3_bind_int64(s, 2, now_ms);
	error = platform_row(p, s, why);
	if (error == ERR_NOT_FOUND) {
		return reason_of(p, hash, now_ms, why);
	}
	if (error != 0) {
		return error;
	}
	platform_column_text(s, 0, terms.tenant, sizeof terms.tenant);
	platform_column_text(s, 1, terms.kind, sizeof terms.kind);
	error = platform_run(p, s, why); /* the update takes effect when the statement has ended */
	if (error == 0) {
		*out = terms;
	}
	return error;
}

static bool is_operator_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] < 0x20 || name.ptr[i] == 0x7f) {
			return false;
		}
	}
	return name.len > 0 && name.len < sizeof((struct identity *)NULL)->name;
}

int operator_token_new(struct platform *p, const char *tenant, const char *name, int64_t now_ms,
		       char out[TOKEN_TEXT_SIZE], struct why *why)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "INSERT INTO operator_tokens(hash, tenant, name, created_ms)"
				    " VALUES(?1, ?2, ?3, ?4)");
	struct tenant found;
	char token[TOKEN_TEXT_SIZE];
	uint8_t hash[SHA256_SIZE];
	int error;

	if (!is_operator_name(span_of(name))) {
		return why_set(why, ERR_USAGE, "an operator's name is 1 to 100 bytes of text");
	}
	if (tenant[0] != '\0') {
		error = tenant_find(p, tenant, &found);
		if (error != 0) {
			return why_set(why, error, "there is no tenant %s", tenant);
		}
	}
	make_token("btz_", token);
	sha256_of(span_of(token), hash);
	platform_bind_blob(s, 1, hash, sizeof hash);
	platform_bind_text(s, 2, tenant);
	platform_bind_text(s, 3, name);
	(void)sqlite3_bind_int64(s, 4, now_ms);
	error = platform_run(p, s, why);
	if (error == 0) {
		mem_copy(out, token, sizeof token);
	}
	return error;
}

int operator_token_find(struct platform *p, struct span token, struct identity *out)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "SELECT name, tenant FROM operator_tokens WHERE hash = ?1");
	uint8_t hash[SHA256_SIZE];
	int error;

	sha256_of(token, hash);
	platform_bind_blob(s, 1, hash, sizeof hash);
	error = platform_row(p, s, NULL);
	if (error == 0) {
		platform_column_text(s, 0, out->name, sizeof out->name);
		platform_column_text(s, 1, out->tenant, sizeof out->tenant);
	}
	return error;
}

static void take_token(sqlite3_stmt *s, struct operator_token *out)
{
	struct span hash = { sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0) };

	mem_zero(out, sizeof *out);
	text_to_hex(span_first(hash, (OPERATOR_TOKEN_ID_SIZE - 1) / 2), out->id);
	platform_column_text(s, 1, out->who.tenant, sizeof out->who.tenant);
	platform_column_text(s, 2, out->who.name, sizeof out->who.name);
	out->created_ms = sqlite3_column_int64(s, 3);
}

int operator_token_each(struct platform *p,
			bool (*each)(void *context, const struct operator_token *token),
			void *context)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "SELECT hash, tenant, name, created_ms FROM operator_tokens"
				    " ORDER BY created_ms, hash");
	struct operator_token token;
	int error;

	while ((error = platform_row(p, s, NULL)) == 0) {
		take_token(s, &token);
		if (!each(context, &token)) {
			return 0;
		}
	}
	return error == ERR_NOT_FOUND ? 0 : error;
}

struct token_search {
	const char *id;
	struct operator_token found;
	unsigned platform_count;
	bool is_found;
};

static bool look_for(void *context, const struct operator_token *token)
{
	struct token_search *search = context;

	search->platform_count += token->who.tenant[0] == '\0';
	if (span_is(span_of(search->id), token->id)) {
		search->found = *token;
		search->is_found = true;
	}
	return true;
}

int operator_token_revoke(struct platform *p, const char *id, struct operator_token *out,
			  struct why *why)
{
	sqlite3_stmt *s OWNED(platform_finish) = platform_prepare(
		p, "DELETE FROM operator_tokens WHERE lower(hex(substr(hash, 1, 8))) = ?1");
	struct token_search search = { .id = id };
	int error = operator_token_each(p, look_for, &search);

	if (error != 0) {
		return platform_error(p, why);
	}
	if (!search.is_found) {
		return why_set(why, ERR_NOT_FOUND, "there is no operator's token %s", id);
	}
	if (search.found.who.tenant[0] == '\0' && search.platform_count == 1) {
		return why_set(why, ERR_CONFLICT,
			       "this is the platform's last token: nobody could make another one");
	}
	platform_bind_text(s, 1, id);
	error = platform_run(p, s, why);
	if (error == 0) {
		*out = search.found;
	}
	return error;
}
