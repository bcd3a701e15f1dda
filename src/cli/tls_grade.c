/* tls_grade.c - the letter told. */
#include "cli/tls_grade.h"

#include "base/attr.h"
#include "base/text.h"
#include "cli/output.h"

static const char *const type_names[TLS_CERTIFICATE_TYPES] = { "rsa",     "ecdsa", "eddsa",
							       "rsa-pss", "dsa",   "other" };

/* --- JSON */

static json_t *hex(const uint8_t *bytes, size_t len)
{
	char text[2 * 32 + 1];

	text_to_hex((struct span){ bytes, len }, text);
	return json_string(text);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL) {
		(void)json_object_set_new(object, key, json_string(text));
	}
}

static void set_number(json_t *object, const char *key, int64_t number)
{
	(void)json_object_set_new(object, key, json_integer(number));
}

static void set_bool(json_t *object, const char *key, bool value)
{
	(void)json_object_set_new(object, key, json_boolean(value));
}

static json_t *advice_json(const struct tls_advice *advice)
{
	json_t *object = json_object();

	set_text(object, "nginx", advice->nginx);
	set_text(object, "apache", advice->apache);
	set_text(object, "haproxy", advice->haproxy);
	set_text(object, "postfix", advice->postfix);
	set_text(object, "dovecot", advice->dovecot);
	set_text(object, "openssl", advice->openssl);
	set_text(object, "gnutls", advice->gnutls);
	return object;
}

static json_t *reason_json(const struct tls_reason *reason)
{
	json_t *object = json_object();

	set_text(object, "id", reason->rule->id);
	set_text(object, "cap", tls_letter_text(reason->rule->cap));
	set_text(object, "sentence", reason->rule->sentence);
	if (reason->detail[0] != '\0') {
		set_text(object, "detail", reason->detail);
	}
	set_text(object, "fix", reason->rule->fix);
	if (reason->rule->advice != NULL) {
		(void)json_object_set_new(object, "configuration",
					  advice_json(reason->rule->advice));
	}
	return object;
}

json_t *tls_grade_json(const struct tls_grade *grade)
{
	json_t *object = json_object();
	json_t *reasons = json_array();

	set_text(object, "guide", "2009r");
	set_text(object, "letter", tls_letter_text(grade->letter));
	set_text(object, "without_trust", tls_letter_text(grade->without_trust));
	set_number(object, "score", grade->score);
	set_number(object, "protocol_score", grade->protocol);
	set_number(object, "key_exchange_score", grade->key_exchange);
	set_number(object, "cipher_score", grade->cipher);
	set_number(object, "unknown_vulnerabilities", grade->unknown);
	for (unsigned i = 0; i < grade->count; i++) {
		(void)json_array_append_new(reasons, reason_json(&grade->reasons[i]));
	}
	(void)json_object_set_new(object, "reasons", reasons);
	return object;
}

static const char *match_text(enum x509_match match)
{
	static const char *const texts[] = { "none", "name", "wildcard", "address" };

	return texts[match];
}

static const char *status_text(const struct tls_chain_facts *facts)
{
	static const char *const texts[] = { "unusable", "good", "revoked", "unknown" };

	return facts->is_stapled ? texts[facts->staple.status] : "none";
}

static void set_lifetime(json_t *object, const struct tls_lifetime *lifetime)
{
	json_t *life = json_object();

	set_number(life, "days", lifetime->days);
	set_number(life, "limit_days", lifetime->limit_days);
	set_bool(life, "is_over_limit", lifetime->is_over);
	set_number(life, "next_limit_days", lifetime->next_limit_days);
	set_number(life, "next_limit", lifetime->next_limit_s);
	set_bool(life, "fits_next_limit", lifetime->fits_next);
	(void)json_object_set_new(object, "lifetime", life);
}

static void set_key(json_t *object, const struct tls_chain_facts *facts)
{
	json_t *key = json_object();

	set_text(key, "type", facts->key_type);
	set_number(key, "bits", facts->key_bits);
	set_number(key, "strength_rsa_bits", facts->key_strength);
	(void)json_object_set_new(key, "sha256", hex(facts->key_sha256, 32));
	set_bool(key, "is_roca", facts->is_roca);
	set_bool(key, "is_known", facts->is_known_key);
	set_bool(key, "is_exponent_small", facts->is_exponent_small);
	(void)json_object_set_new(object, "key", key);
}

static void set_chain(json_t *object, const struct tls_chain_facts *facts)
{
	json_t *chain = json_object();

	set_text(chain, "trust", tls_trust_text(facts));
	set_text(chain, "reason", facts->trust.reason);
	set_number(chain, "sent", facts->sent);
	set_number(chain, "path_length", facts->trust.length);
	set_number(chain, "superfluous", facts->superfluous);
	set_bool(chain, "is_incomplete", facts->is_incomplete);
	set_text(chain, "issuer_url", facts->issuer_url[0] != '\0' ? facts->issuer_url : NULL);
	set_bool(chain, "is_wrong_order", facts->is_wrong_order);
	set_bool(chain, "is_root_sent", facts->is_root_sent);
	set_text(chain, "issuer_signature", tls_signature_text(facts->issuer_signature));
	(void)json_object_set_new(object, "chain", chain);
}

static void set_transparency(json_t *object, const struct tls_chain_facts *facts)
{
	json_t *scts = json_object();

	set_number(scts, "in_certificate", facts->transparency.in_certificate);
	set_number(scts, "in_extension", facts->transparency.in_extension);
	set_number(scts, "in_staple", facts->transparency.in_staple);
	set_number(scts, "logs", facts->transparency.logs);
	(void)json_object_set_new(object, "timestamps", scts);
}

static json_t *certificate_json(const struct tls_chain_facts *facts, const char *type)
{
	json_t *object = json_object();

	set_text(object, "type", type);
	set_bool(object, "is_readable", facts->is_readable);
	if (facts->is_readable) {
		set_text(object, "subject", facts->subject);
		set_text(object, "issuer", facts->issuer);
		set_text(object, "common_name", facts->common_name);
		set_text(object, "serial", facts->serial);
		(void)json_object_set_new(object, "sha256", hex(facts->sha256, 32));
		set_text(object, "signature", facts->signature_name);
		set_number(object, "not_before", facts->not_before_s);
		set_number(object, "not_after", facts->not_after_s);
		set_number(object, "days_left", facts->days_left);
		set_number(object, "names", facts->names);
		set_number(object, "names_not_compared", facts->names_not_compared);
		set_text(object, "match", match_text(facts->match));
		set_bool(object, "is_must_staple", facts->is_must_staple);
		set_text(object, "staple", status_text(facts));
		set_key(object, facts);
		set_lifetime(object, &facts->lifetime);
		set_transparency(object, facts);
	}
	set_chain(object, facts);
	return object;
}

json_t *tls_grade_certificates_json(const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES])
{
	json_t *list = json_array();

	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		if (chains[type].is_present) {
			(void)json_array_append_new(
				list, certificate_json(&chains[type], type_names[type]));
		}
	}
	return list;
}

/* --- for people */

static void print_lines(const char *program, const char *lines, FILE *to)
{
	struct reader r = reader_over(span_of(lines));

	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);

		fprintf(to, "      %-8s %.*s\n", program, (int)line.len, (const char *)line.ptr);
	}
}

static void print_advice(const struct tls_advice *advice, FILE *to)
{
	print_lines("nginx", advice->nginx, to);
	print_lines("apache", advice->apache, to);
	print_lines("haproxy", advice->haproxy, to);
	print_lines("postfix", advice->postfix, to);
	print_lines("dovecot", advice->dovecot, to);
	print_lines("openssl", advice->openssl, to);
	print_lines("gnutls", advice->gnutls, to);
}

static void print_reason(const struct tls_reason *reason, bool with_advice, FILE *to)
{
	const struct tls_rule *rule = reason->rule;

	fprintf(to, "  %-3s %s", rule->cap == TLS_LETTER_A_PLUS ? "" : tls_letter_text(rule->cap),
		rule->sentence);
	if (reason->detail[0] != '\0') {
		fputs(": ", to);
		output_escaped(span_of(reason->detail), to);
	}
	fprintf(to, " [%s]\n      %s\n", rule->id, rule->fix);
	if (with_advice && rule->advice != NULL) {
		print_advice(rule->advice, to);
	}
}

void tls_grade_print(const struct tls_grade *grade, bool with_advice, FILE *to)
{
	if (grade->letter == TLS_LETTER_NONE) {
		fprintf(to, "Grade: none\n");
		return;
	}
	fprintf(to, "Grade: %s", tls_letter_text(grade->letter));
	if (grade->letter != grade->without_trust) {
		fprintf(to, " (%s but for trust)", tls_letter_text(grade->without_trust));
	}
	fprintf(to, "; score %u: protocols %u, key exchange %u, ciphers %u\n", grade->score,
		grade->protocol, grade->key_exchange, grade->cipher);
	for (unsigned i = 0; i < grade->count; i++) {
		print_reason(&grade->reasons[i], with_advice, to);
	}
	if (grade->unknown > 0) {
		fprintf(to, "  %u vulnerabilities could not be told\n", grade->unknown);
	}
}

static void print_text(const char *label, const char *text, FILE *to)
{
	fprintf(to, "  %-12s ", label);
	output_escaped(span_of(text), to);
	fputc('\n', to);
}

static void print_certificate(const struct tls_chain_facts *facts, const char *type, FILE *to)
{
	fprintf(to, "Certificate (%s): %s\n", type, tls_trust_text(facts));
	if (!facts->is_readable) {
		return;
	}
	print_text("subject", facts->subject, to);
	print_text("issuer", facts->issuer, to);
	fprintf(to, "  %-12s %s %u, signed with %s\n", "key", facts->key_type, facts->key_bits,
		facts->signature_name);
	fprintf(to, "  %-12s %u; %s\n", "names", facts->names,
		facts->match != X509_MATCH_NONE ? "for this host"
		: facts->names_not_compared > 0 ? "not for this host, as far as they were compared"
						: "not for this host");
	fprintf(to, "  %-12s %lld days left of %u\n", "validity", (long long)facts->days_left,
		facts->lifetime.days);
	fprintf(to, "  %-12s %u certificates sent, %u not needed%s\n", "chain", facts->sent,
		facts->superfluous, facts->is_wrong_order ? ", in the wrong order" : "");
	fprintf(to, "  %-12s %u, of %u logs\n", "timestamps",
		facts->transparency.in_certificate + facts->transparency.in_extension +
			facts->transparency.in_staple,
		facts->transparency.logs);
	fprintf(to, "  %-12s %s%s\n", "stapling", status_text(facts),
		facts->is_must_staple ? "; the certificate demands it" : "");
}

void tls_grade_print_certificates(const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES],
				  FILE *to)
{
	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		if (chains[type].is_present) {
			print_certificate(&chains[type], type_names[type], to);
		}
	}
}
