/* signins.c - two flat tables of tickets: they are short, and looked through whole. */
#include "server/api/signins.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sha256.h"
#include "sys/alloc.h"
#include "sys/pki.h"

/* Something secret that stands for somebody for a while. Empty where ends_ms is 0. */
struct ticket {
	uint8_t hash[SHA256_SIZE];
	int64_t ends_ms;
	struct identity who;
};

struct signins {
	struct ticket sessions[SESSIONS_MAX];
	struct ticket codes[SIGNIN_CODES_MAX];
};

struct signins *signins_new(void)
{
	return alloc_zeroed(1, sizeof(struct signins));
}

void signins_free(struct signins **sessions)
{
	free(*sessions);
	*sessions = NULL;
}

/* 32 random bytes as base64url without padding (RFC 4648 section 5). */
static void random_text(char out[SESSION_TEXT_SIZE])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[33] = { 0 };

	pki_random(bytes, 32);
	for (size_t i = 0; i < SESSION_TEXT_SIZE - 1; i++) {
		size_t bit = i * 6;
		unsigned two = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];

		out[i] = alphabet[two >> (10 - bit % 8) & 63];
	}
	out[SESSION_TEXT_SIZE - 1] = '\0';
}

/* An empty ticket, or the one that ends first. */
static struct ticket *place(struct ticket *tickets, size_t count)
{
	struct ticket *best = &tickets[0];

	for (size_t i = 1; i < count; i++) {
		if (tickets[i].ends_ms < best->ends_ms) {
			best = &tickets[i];
		}
	}
	return best;
}

static void issue(struct ticket *tickets, size_t count, const struct identity *who, int64_t ends_ms,
		  char out[SESSION_TEXT_SIZE])
{
	struct ticket *ticket = place(tickets, count);

	random_text(out);
	sha256_of(span_of(out), ticket->hash);
	ticket->ends_ms = ends_ms;
	ticket->who = *who;
}

/* NULL where there is none or it has ended. */
static struct ticket *find(struct ticket *tickets, size_t count, struct span secret, int64_t now_ms)
{
	uint8_t hash[SHA256_SIZE];

	sha256_of(secret, hash);
	for (size_t i = 0; i < count; i++) {
		if (tickets[i].ends_ms > now_ms &&
		    memcmp(tickets[i].hash, hash, sizeof hash) == 0) {
			return &tickets[i];
		}
	}
	return NULL;
}

void signin_open(struct signins *s, const struct identity *who, int64_t now_ms,
		 char out_id[SESSION_TEXT_SIZE])
{
	issue(s->sessions, SESSIONS_MAX, who, now_ms + SESSION_LIFE_MS, out_id);
}

int signin_find(struct signins *s, struct span id, int64_t now_ms, struct identity *out)
{
	const struct ticket *ticket = find(s->sessions, SESSIONS_MAX, id, now_ms);

	if (ticket == NULL) {
		return ERR_NOT_FOUND;
	}
	*out = ticket->who;
	return 0;
}

void signin_end(struct signins *s, struct span id)
{
	struct ticket *ticket = find(s->sessions, SESSIONS_MAX, id, 0);

	if (ticket != NULL) {
		*ticket = (struct ticket){ 0 };
	}
}

void signin_code_new(struct signins *s, const struct identity *who, int64_t now_ms,
		     char out_code[SESSION_TEXT_SIZE])
{
	issue(s->codes, SIGNIN_CODES_MAX, who, now_ms + SIGNIN_CODE_LIFE_MS, out_code);
}

int signin_code_redeem(struct signins *s, struct span code, int64_t now_ms, struct identity *out)
{
	struct ticket *ticket = find(s->codes, SIGNIN_CODES_MAX, code, now_ms);

	if (ticket == NULL) {
		return ERR_NOT_FOUND;
	}
	*out = ticket->who;
	*ticket = (struct ticket){ 0 };
	return 0;
}

static void end_all(struct ticket *tickets, size_t count, struct span name, struct span tenant)
{
	for (size_t i = 0; i < count; i++) {
		if (span_is(name, tickets[i].who.name) && span_is(tenant, tickets[i].who.tenant)) {
			tickets[i] = (struct ticket){ 0 };
		}
	}
}

void signin_end_all(struct signins *s, struct span name, struct span tenant)
{
	end_all(s->sessions, SESSIONS_MAX, name, tenant);
	end_all(s->codes, SIGNIN_CODES_MAX, name, tenant);
}

unsigned signins_count(const struct signins *s, int64_t now_ms)
{
	unsigned count = 0;

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		count += s->sessions[i].ends_ms > now_ms;
	}
	return count;
}
