/* exposed_certificates.c - certificates that are expired or soon will be, weak, or another name's.
 */
#include "server/services/exposed.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400

/* Where a row's columns are: scans and agents tell of certificates in tables of their own. */
struct shape {
	unsigned subject;
	unsigned not_before;
	unsigned not_after;
	unsigned key_type;
	unsigned key_bits;
	unsigned signature;
	bool is_agents;
};

static const struct {
	int days;
	int priority;
	const char *id;
} soon[] = {
	{ 7, 65, "certificate-expires-7" },
	{ 14, 45, "certificate-expires-14" },
	{ 30, 25, "certificate-expires-30" },
};

static const char renew[] =
	"Renew it, and let it be renewed by itself (ACME, RFC 8555); restart or "
	"reload the server afterwards.";

static void judge_time(const struct row *row, const struct shape *s, int64_t now_s,
		       struct exposed_finding f, exposed_taker *take, void *context)
{
	int64_t end = exposed_number(row, s->not_after);
	int64_t start = exposed_number(row, s->not_before);
	int64_t days = (end - now_s) / DAY_S;

	f.advice = renew;
	if (row->values[s->not_after].kind == VALUE_INTEGER && end <= now_s) {
		f.id = "certificate-expired";
		f.priority = 75;
		snprintf(f.what, sizeof f.what, "the certificate expired %lld days ago",
			 (long long)-days);
		take(context, &f);
		return;
	}
	if (start > now_s) {
		f.id = "certificate-not-yet-valid";
		f.priority = 60;
		snprintf(f.what, sizeof f.what, "the certificate is not valid yet");
		take(context, &f);
	}
	for (size_t i = 0; row->values[s->not_after].kind == VALUE_INTEGER && i < COUNT_OF(soon);
	     i++) {
		if (end - now_s <= (int64_t)soon[i].days * DAY_S) {
			f.id = soon[i].id;
			f.priority = soon[i].priority;
			/* not the day's number: a finding stays the same until the next mark */
			snprintf(f.what, sizeof f.what,
				 "the certificate expires in %d days or sooner", soon[i].days);
			take(context, &f);
			return;
		}
	}
}

static bool contains(struct span text, const char *part)
{
	for (size_t i = 0; i < text.len; i++) {
		if (span_starts_with(span_after(text, i), part)) {
			return true;
		}
	}
	return false;
}

static void judge_strength(const struct row *row, const struct shape *s, struct exposed_finding f,
			   exposed_taker *take, void *context)
{
	struct span type = exposed_text(row, s->key_type);
	struct span signature = exposed_text(row, s->signature);
	int64_t bits = exposed_number(row, s->key_bits);

	if (bits > 0 && ((span_is(type, "rsa") && bits < 2048) || span_is(type, "dsa"))) {
		f.id = "certificate-weak-key";
		f.priority = bits < 1024 ? 80 : 55;
		f.advice = "Make a new key (ECDSA P-256, or RSA of 2048 bits or more) and a new "
			   "certificate for it.";
		snprintf(f.what, sizeof f.what, "the certificate's key is weak: %.*s, %lld bits",
			 EXPOSED_SPAN(type), (long long)bits);
		take(context, &f);
	}
	if (contains(signature, "md5") || contains(signature, "sha1") ||
	    contains(signature, "SHA1")) {
		f.id = "certificate-weak-signature";
		f.priority = 50;
		f.advice = "Have it signed anew with SHA-256.";
		snprintf(f.what, sizeof f.what, "the certificate is signed with %.*s",
			 EXPOSED_SPAN(signature));
		take(context, &f);
	}
}

static void judge_served(const struct row *row, int64_t now_s, exposed_taker *take, void *context)
{
	static const struct shape shape = {
		SERVED_CERTIFICATES_SUBJECT,
		SERVED_CERTIFICATES_NOT_BEFORE,
		SERVED_CERTIFICATES_NOT_AFTER,
		SERVED_CERTIFICATES_KEY_TYPE,
		SERVED_CERTIFICATES_KEY_BITS,
		SERVED_CERTIFICATES_SIGNATURE,
		false,
	};
	struct span name = exposed_text(row, SERVED_CERTIFICATES_NAME);
	struct exposed_finding f = { .id = NULL };

	exposed_at(&f, span_of("tcp"), exposed_text(row, SERVED_CERTIFICATES_ADDRESS),
		   exposed_number(row, SERVED_CERTIFICATES_PORT));
	if (name.len > 0) {
		size_t used = strlen(f.subject);

		snprintf(f.subject + used, sizeof f.subject - used, " %.*s", EXPOSED_SPAN(name));
	}
	snprintf(f.evidence, sizeof f.evidence, "%.*s (%.*s)",
		 EXPOSED_SPAN(exposed_text(row, SERVED_CERTIFICATES_SUBJECT)),
		 EXPOSED_SPAN(exposed_text(row, SERVED_CERTIFICATES_FINGERPRINT)));
	snprintf(f.identity, sizeof f.identity, "%.*s",
		 EXPOSED_SPAN(exposed_text(row, SERVED_CERTIFICATES_FINGERPRINT)));
	judge_time(row, &shape, now_s, f, take, context);
	if (exposed_number(row, SERVED_CERTIFICATES_CHAIN) != 0) {
		return;
	}
	judge_strength(row, &shape, f, take, context);
	if (row->values[SERVED_CERTIFICATES_IS_NAME_MATCHED].kind == VALUE_BOOLEAN &&
	    !exposed_is_true(row, SERVED_CERTIFICATES_IS_NAME_MATCHED)) {
		f.id = "certificate-wrong-name";
		f.priority = 55;
		f.advice = "Serve a certificate that has this name, or send clients to a name that "
			   "it has.";
		snprintf(f.what, sizeof f.what, "the certificate is not valid for %.*s",
			 EXPOSED_SPAN(name));
		take(context, &f);
	}
}

const struct exposed_family exposed_certificates = { "certificates", TABLE_SERVED_CERTIFICATES,
						     judge_served };

/* Only those that a program serves: what lies in files may be anything. */
static void judge_file(const struct row *row, int64_t now_s, exposed_taker *take, void *context)
{
	static const struct shape shape = {
		CERTIFICATES_SUBJECT,
		CERTIFICATES_NOT_BEFORE,
		CERTIFICATES_NOT_AFTER,
		CERTIFICATES_KEY_TYPE,
		CERTIFICATES_KEY_BITS,
		CERTIFICATES_SIGNATURE,
		true,
	};
	const struct value *served = &row->values[CERTIFICATES_SERVED_AT];
	struct exposed_finding f = { .is_agents = true };
	struct span first = { NULL, 0 };
	size_t at = 0;

	if (served->kind != VALUE_LIST || !row_list_next(served, &at, &first)) {
		return;
	}
	snprintf(f.subject, sizeof f.subject, "%.*s",
		 EXPOSED_SPAN(exposed_text(row, CERTIFICATES_PATH)));
	snprintf(f.evidence, sizeof f.evidence, "%.*s, served by %.*s",
		 EXPOSED_SPAN(exposed_text(row, CERTIFICATES_SUBJECT)), EXPOSED_SPAN(first));
	snprintf(f.identity, sizeof f.identity, "%.*s",
		 EXPOSED_SPAN(exposed_text(row, CERTIFICATES_FINGERPRINT)));
	judge_time(row, &shape, now_s, f, take, context);
	if (!exposed_is_true(row, CERTIFICATES_IS_CA)) {
		judge_strength(row, &shape, f, take, context);
	}
}

const struct exposed_family exposed_files = { "certificates", TABLE_CERTIFICATES, judge_file };
