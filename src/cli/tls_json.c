/* tls_json.c - the document of docs/tls.md. */
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "cli/tls_report.h"
#include "formats/tls_suites.h"
#include "formats/x509.h"
#include "sys/clock.h"

static const char *const starttls_words[] = {
	[TLS_STARTTLS_NONE] = "",       [TLS_STARTTLS_SMTP] = "smtp",
	[TLS_STARTTLS_IMAP] = "imap",   [TLS_STARTTLS_POP3] = "pop3",
	[TLS_STARTTLS_FTP] = "ftp",     [TLS_STARTTLS_LDAP] = "ldap",
	[TLS_STARTTLS_XMPP] = "xmpp",   [TLS_STARTTLS_POSTGRES] = "postgres",
	[TLS_STARTTLS_MYSQL] = "mysql",
};

static const char *const failure_words[] = {
	[TLS_FINE] = "",
	[TLS_NO_ADDRESS] = "no_address",
	[TLS_REFUSED] = "refused",
	[TLS_TIMED_OUT] = "timed_out",
	[TLS_CLOSED] = "closed",
	[TLS_NOT_TLS] = "not_tls",
	[TLS_NO_STARTTLS] = "no_starttls",
};

static const char *const type_words[] = {
	[TLS_CERTIFICATE_RSA] = "rsa",     [TLS_CERTIFICATE_ECDSA] = "ecdsa",
	[TLS_CERTIFICATE_EDDSA] = "eddsa", [TLS_CERTIFICATE_RSA_PSS] = "rsa_pss",
	[TLS_CERTIFICATE_DSA] = "dsa",     [TLS_CERTIFICATE_OTHER] = "other",
};

const char *tls_starttls_text(enum tls_starttls starttls)
{
	return starttls_words[starttls];
}

bool tls_starttls_find(const char *word, enum tls_starttls *out)
{
	for (size_t i = 1; i < COUNT_OF(starttls_words); i++) {
		if (strcmp(starttls_words[i], word) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* true, false or null: null is "not known", never no. */
static json_t *fact(enum tls_fact value)
{
	return value == TLS_UNKNOWN ? json_null() : json_boolean(value == TLS_YES);
}

static void set(json_t *object, const char *name, json_t *value)
{
	(void)json_object_set_new(object, name, value);
}

/* A server's text: U+FFFD for what is no UTF-8. */
static json_t *text(struct span bytes)
{
	uint8_t clean[4096];
	struct writer w = writer_over(clean, sizeof clean);

	text_write_utf8(&w, bytes, sizeof clean);
	return json_stringn((const char *)clean, writer_used(&w));
}

static json_t *preference(enum tls_preference value)
{
	return value == TLS_PREFERENCE_UNKNOWN
		       ? json_null()
		       : json_string(value == TLS_PREFERENCE_SERVER ? "server" : "client");
}

static json_t *group_name(uint16_t id)
{
	const struct tls_group *group = tls_groups_find(id);

	return group != NULL ? json_string(group->name) : json_sprintf("0x%04x", id);
}

static json_t *suite_json(const struct tls_suite_seen *seen)
{
	json_t *object = json_object();
	struct tls_suite suite;

	(void)tls_suites_find(seen->id, &suite);
	set(object, "id", json_integer(seen->id));
	set(object, "name", json_string(suite.name));
	set(object, "openssl_name", json_string(suite.openssl_name));
	set(object, "bits", json_integer(suite.bits));
	set(object, "forward_secrecy", json_boolean(tls_suite_has_forward_secrecy(&suite)));
	set(object, "group", seen->group != 0 ? group_name(seen->group) : json_null());
	set(object, "dh_bits", seen->dh_bits != 0 ? json_integer(seen->dh_bits) : json_null());
	return object;
}

static json_t *version_json(enum tls_version v, const struct tls_version_result *version)
{
	json_t *object = json_object();
	json_t *suites = json_array();
	struct tls_suite chosen;

	set(object, "version", json_string(tls_version_text(v)));
	set(object, "offered", fact(version->offered));
	set(object, "complete", json_boolean(version->is_complete));
	set(object, "preference", preference(version->preference));
	set(object, "chacha_reordered", json_boolean(version->is_chacha_reordered));
	(void)tls_suites_find(version->chosen, &chosen);
	set(object, "chosen", version->chosen != 0 ? json_string(chosen.name) : json_null());
	for (unsigned i = 0; i < version->count; i++) {
		(void)json_array_append_new(suites, suite_json(&version->suites[i]));
	}
	set(object, "suites", suites);
	return object;
}

static json_t *versions_json(const struct tls_result *result)
{
	json_t *list = json_array();

	for (unsigned v = 0; v < TLS_VERSIONS; v++) {
		(void)json_array_append_new(list, version_json(v, &result->versions[v]));
	}
	return list;
}

static json_t *groups_json(const struct tls_groups_result *groups)
{
	json_t *object = json_object();
	json_t *list = json_array();

	for (unsigned i = 0; i < groups->count; i++) {
		const struct tls_group *group = tls_groups_find(groups->ids[i]);
		json_t *item = json_object();
		json_t *versions = json_array();

		for (unsigned v = 0; v < TLS_VERSIONS; v++) {
			if (groups->seen_with[i] & 1u << v) {
				(void)json_array_append_new(versions,
							    json_string(tls_version_text(v)));
			}
		}
		set(item, "id", json_integer(groups->ids[i]));
		set(item, "name", group_name(groups->ids[i]));
		set(item, "post_quantum", json_boolean(group != NULL && group->is_post_quantum));
		set(item, "versions", versions);
		(void)json_array_append_new(list, item);
	}
	set(object, "complete", json_boolean(groups->is_complete));
	set(object, "preference", preference(groups->preference));
	set(object, "list", list);
	return object;
}

static json_t *exchange_json(const struct tls_result *result)
{
	json_t *object = json_object();
	json_t *primes = json_array();

	for (unsigned i = 0; i < result->prime_count; i++) {
		const struct tls_prime *prime = &result->primes[i];
		char hex[2 * sizeof prime->sha256 + 1];
		json_t *item = json_object();

		text_to_hex((struct span){ prime->sha256, sizeof prime->sha256 }, hex);
		set(item, "bits", json_integer(prime->bits));
		set(item, "sha256", json_string(hex));
		set(item, "common_name",
		    prime->common_name != NULL ? json_string(prime->common_name) : json_null());
		set(item, "export", json_boolean(prime->is_export));
		(void)json_array_append_new(primes, item);
	}
	set(object, "primes", primes);
	set(object, "dh_bits_min", json_integer(result->dh_bits_min));
	set(object, "ecdh_bits_min", json_integer(result->ecdh_bits_min));
	set(object, "rsa_export_bits", json_integer(result->rsa_export_bits));
	return object;
}

static json_t *schemes_json(const struct tls_result *result)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < result->scheme_count; i++) {
		const struct tls_scheme *scheme = tls_schemes_find(result->schemes[i]);

		(void)json_array_append_new(
			list, scheme != NULL ? json_string(scheme->name)
					     : json_sprintf("0x%04x", result->schemes[i]));
	}
	return list;
}

static json_t *features_json(const struct tls_features *f)
{
	json_t *object = json_object();
	const struct {
		const char *name;
		enum tls_fact fact;
	} facts[] = {
		{ "session_id", f->session_id },
		{ "ticket", f->ticket },
		{ "psk", f->psk },
		{ "early_data", f->early_data },
		{ "compression", f->compression },
		{ "secure_renegotiation", f->secure_renegotiation },
		{ "client_renegotiation", f->client_renegotiation },
		{ "extended_master_secret", f->extended_master_secret },
		{ "encrypt_then_mac", f->encrypt_then_mac },
		{ "fallback_scsv", f->fallback_scsv },
		{ "downgrade_sentinel", f->downgrade_sentinel },
		{ "heartbeat", f->heartbeat },
		{ "ocsp_stapling", f->ocsp_stapling },
		{ "scts_by_extension", f->scts_by_extension },
		{ "sni_required", f->sni_required },
		{ "grease", f->grease },
		{ "version_tolerance", f->version_tolerance },
		{ "dh_reuse", f->dh_reuse },
		{ "ecdh_reuse", f->ecdh_reuse },
		{ "client_certificate", f->client_certificate },
	};

	for (size_t i = 0; i < COUNT_OF(facts); i++) {
		set(object, facts[i].name, fact(facts[i].fact));
	}
	set(object, "ticket_lifetime_s", json_integer(f->ticket_lifetime_s));
	set(object, "max_early_data", json_integer(f->max_early_data));
	return object;
}

static json_t *certificate_json(struct span der)
{
	json_t *object = json_object();
	uint8_t bytes[4096];
	struct writer w;
	struct x509 certificate;
	uint8_t hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	char time[CLOCK_TEXT_SIZE];

	sha256_of(der, hash);
	text_to_hex((struct span){ hash, sizeof hash }, hex);
	set(object, "sha256", json_string(hex));
	set(object, "bytes", json_integer((json_int_t)der.len));
	if (x509_parse(der, &certificate) != 0) {
		set(object, "error", json_string("no certificate that can be read"));
		return object;
	}
	w = writer_over(bytes, sizeof bytes);
	if (x509_write_name(certificate.subject, &w) == 0) {
		set(object, "subject", text(writer_span(&w)));
	}
	w = writer_over(bytes, sizeof bytes);
	if (x509_write_name(certificate.issuer, &w) == 0) {
		set(object, "issuer", text(writer_span(&w)));
	}
	clock_to_text(certificate.not_before * 1000, time);
	set(object, "not_before", json_string(time));
	clock_to_text(certificate.not_after * 1000, time);
	set(object, "not_after", json_string(time));
	w = writer_over(bytes, sizeof bytes);
	x509_write_key_type(&certificate, &w);
	set(object, "key_type", text(writer_span(&w)));
	set(object, "key_bits", json_integer(certificate.key_bits));
	w = writer_over(bytes, sizeof bytes);
	x509_write_signature(&certificate, &w);
	set(object, "signature", text(writer_span(&w)));
	return object;
}

static json_t *chains_json(const struct tls_result *result)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < TLS_CERTIFICATE_TYPES; i++) {
		const struct tls_chain *chain = &result->chains[i];
		json_t *object;
		json_t *certificates;

		if (chain->count == 0) {
			continue;
		}
		object = json_object();
		certificates = json_array();
		for (unsigned c = 0; c < chain->count; c++) {
			(void)json_array_append_new(certificates,
						    certificate_json(chain->certificates[c]));
		}
		set(object, "type", json_string(type_words[i]));
		set(object, "version", json_string(tls_version_text(chain->version)));
		set(object, "left_out", json_integer(chain->left_out));
		set(object, "certificates", certificates);
		(void)json_array_append_new(list, object);
	}
	return list;
}

static json_t *vulnerabilities_json(const struct tls_result *result)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < TLS_VULNERABILITIES; i++) {
		json_t *item = json_object();

		set(item, "vulnerable", fact(result->vulnerabilities[i].fact));
		set(item, "detail", json_string(result->vulnerabilities[i].detail));
		set(object, tls_vulnerability_name(i), item);
	}
	return object;
}

static json_t *http_json(const struct tls_http *http)
{
	json_t *object = json_object();

	set(object, "answered", fact(http->answered));
	set(object, "status", json_integer(http->status));
	set(object, "server", text(span_of(http->server)));
	set(object, "hsts", fact(http->hsts));
	set(object, "max_age_s", json_integer((json_int_t)http->max_age_s));
	set(object, "include_subdomains", json_boolean(http->includes_subdomains));
	set(object, "preload", json_boolean(http->is_preload));
	return object;
}

static json_t *accounting_json(const struct tls_accounting *a)
{
	json_t *object = json_object();

	set(object, "connections", json_integer(a->connections));
	set(object, "connections_failed", json_integer(a->connections_failed));
	set(object, "bytes_sent", json_integer((json_int_t)a->bytes_sent));
	set(object, "bytes_received", json_integer((json_int_t)a->bytes_received));
	set(object, "bytes_cut", json_integer((json_int_t)a->bytes_cut));
	set(object, "duration_ms", json_integer(a->duration_ms));
	set(object, "timed_out", json_boolean(a->is_timed_out));
	return object;
}

json_t *tls_report_json(const struct tls_result *result)
{
	json_t *object = json_object();
	char time[CLOCK_TEXT_SIZE];

	clock_to_text(result->accounting.started_ms, time);
	set(object, "host", text(span_of(result->target.host)));
	set(object, "address", json_string(result->target.address));
	set(object, "port", json_integer(result->target.port));
	set(object, "starttls", json_string(tls_starttls_text(result->target.starttls)));
	set(object, "started", json_string(time));
	set(object, "quick", json_boolean(result->is_quick));
	set(object, "failure",
	    result->failure != TLS_FINE ? json_string(failure_words[result->failure])
					: json_null());
	set(object, "reason", text(span_of(result->reason)));
	set(object, "accounting", accounting_json(&result->accounting));
	if (result->failure != TLS_FINE) {
		return object;
	}
	set(object, "versions", versions_json(result));
	set(object, "groups", groups_json(&result->groups));
	set(object, "key_exchange", exchange_json(result));
	set(object, "signature_schemes", schemes_json(result));
	set(object, "alpn", text(span_of(result->alpn)));
	set(object, "features", features_json(&result->features));
	set(object, "vulnerabilities", vulnerabilities_json(result));
	set(object, "chains", chains_json(result));
	set(object, "certificates_cut", json_integer(result->certificates_cut));
	set(object, "http", http_json(&result->http));
	return object;
}
