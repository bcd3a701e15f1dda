/* chain.c - facts about the certificates of one type. */
#include "scan/tls/chain.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "formats/sct.h"

#define DAY_S 86400

/* Copies bytes as well-formed UTF-8 text that ends in NUL. */
static void keep_text(struct span bytes, char *out, size_t size)
{
	struct writer w = writer_over((uint8_t *)out, size - 1);

	text_write_utf8(&w, bytes, size - 1);
	out[writer_used(&w)] = '\0';
}

/* Whole and printable, or not at all: people copy it. */
static void keep_url(struct span url, char *out, size_t size)
{
	for (size_t i = 0; i < url.len; i++) {
		if (url.ptr[i] <= ' ' || url.ptr[i] > '~') {
			return;
		}
	}
	if (url.len < size) {
		keep_text(url, out, size);
	}
}

static void keep_name(struct span name, char *out, size_t size)
{
	uint8_t text[4096];
	struct writer w = writer_over(text, sizeof text);

	if (x509_write_name(name, &w) == 0) {
		keep_text(writer_span(&w), out, size);
	}
}

static void keep_written(const struct x509 *certificate, char *out, size_t size,
			 void write(const struct x509 *, struct writer *))
{
	uint8_t text[256];
	struct writer w = writer_over(text, sizeof text);

	write(certificate, &w);
	keep_text(writer_span(&w), out, size);
}

static enum tls_signature signature_of(const struct x509 *certificate)
{
	char name[48];

	keep_written(certificate, name, sizeof name, x509_write_signature);
	if (strncmp(name, "md", 2) == 0) {
		return TLS_SIGNATURE_BROKEN;
	}
	return strcmp(name, "sha1WithRSAEncryption") == 0 || strcmp(name, "ecdsa-with-SHA1") == 0 ||
			       strcmp(name, "dsaWithSHA1") == 0
		       ? TLS_SIGNATURE_SHA1
		       : TLS_SIGNATURE_FINE;
}

static void judge_key(const struct x509 *leaf, const struct x509_details *details,
		      const struct known_keys *known, struct tls_chain_facts *out)
{
	struct span exponent = details->rsa_exponent;

	keep_written(leaf, out->key_type, sizeof out->key_type, x509_write_key_type);
	out->key_bits = leaf->key_bits;
	out->key_strength = tls_key_strength(out->key_type, out->key_bits);
	out->is_exponent_one =
		details->rsa_modulus.len > 0 && exponent.len == 1 && exponent.ptr[0] == 1;
	out->is_exponent_small = exponent.len > 0 && exponent.len < 3;
	out->is_roca = x509_modulus_is_roca(details->rsa_modulus);
	out->is_known_key = known_keys_have(known, details->key_info);
	sha256_of(details->key_info, out->key_sha256);
}

static void count_names(const struct x509 *leaf, struct tls_chain_facts *out)
{
	struct x509_names names = x509_names_over(leaf);
	struct x509_alternative_name name;

	while (out->names < TLS_CHAIN_NAMES_MAX && x509_names_next(&names, &name)) {
		out->names++;
	}
	if (out->names > X509_MATCH_NAMES_MAX) {
		out->names_not_compared = out->names - X509_MATCH_NAMES_MAX;
	}
}

static void judge_leaf(struct span der, const struct x509 *leaf, const struct tls_target *target,
		       int64_t now_s, struct tls_chain_facts *out)
{
	const char *host = target->is_host_address ? target->address : target->host;

	keep_name(leaf->subject, out->subject, sizeof out->subject);
	keep_name(leaf->issuer, out->issuer, sizeof out->issuer);
	keep_written(leaf, out->serial, sizeof out->serial, x509_write_serial);
	keep_written(leaf, out->signature_name, sizeof out->signature_name, x509_write_signature);
	out->signature = signature_of(leaf);
	out->not_before_s = leaf->not_before;
	out->not_after_s = leaf->not_after;
	out->days_left = (leaf->not_after - now_s) / DAY_S;
	tls_lifetime_judge(leaf->not_before, leaf->not_after, now_s, &out->lifetime);
	count_names(leaf, out);
	out->match = x509_match_host(leaf, span_of(host));
	sha256_of(der, out->sha256);
}

/* --- the other certificates */

struct links {
	struct x509 parsed[TLS_RESULT_CHAIN_MAX];
	bool is_readable[TLS_RESULT_CHAIN_MAX];
	unsigned count;
};

static void read_links(const struct tls_chain *chain, struct links *links)
{
	links->count = chain->count < TLS_RESULT_CHAIN_MAX ? chain->count : TLS_RESULT_CHAIN_MAX;
	for (unsigned i = 0; i < links->count; i++) {
		links->is_readable[i] = x509_parse(chain->certificates[i], &links->parsed[i]) == 0;
	}
}

/* The first that bears the name of the issuer of one; count where there is none. */
static unsigned issuer_at(const struct links *links, unsigned of)
{
	for (unsigned i = 1; i < links->count; i++) {
		if (i != of && links->is_readable[i] &&
		    span_equal(links->parsed[i].subject, links->parsed[of].issuer)) {
			return i;
		}
	}
	return links->count;
}

/* Walks from the leaf to what was sent last of its path. */
static void judge_order(const struct links *links, struct tls_chain_facts *out)
{
	unsigned needed = 1;
	unsigned at = 0;

	for (unsigned steps = 0; steps < links->count && !links->parsed[at].is_self_signed;
	     steps++) {
		unsigned next = issuer_at(links, at);

		if (next == links->count || (needed & 1u << next) != 0) {
			break;
		}
		out->is_wrong_order = out->is_wrong_order || next != at + 1;
		needed |= 1u << next;
		at = next;
	}
	out->is_issuer_sent = needed != 1 || links->parsed[0].is_self_signed;
	for (unsigned i = 1; i < links->count; i++) {
		bool is_root = links->is_readable[i] && links->parsed[i].is_self_signed;

		out->is_root_sent = out->is_root_sent || is_root;
		/* trust's path may go another way, where roots are cross-signed */
		if (!is_root && (needed & 1u << i) == 0 && (out->trust.used & 1u << i) == 0) {
			out->superfluous++;
		}
	}
}

static void judge_issuers(const struct links *links, struct tls_chain_facts *out)
{
	for (unsigned i = 1; i < links->count; i++) {
		const struct x509 *one = &links->parsed[i];
		char type[24];
		unsigned strength;

		if (!links->is_readable[i]) {
			continue;
		}
		keep_written(one, type, sizeof type, x509_write_key_type);
		strength = tls_key_strength(type, one->key_bits);
		if (strength != 0 && (out->issuer_key_strength_min == 0 ||
				      strength < out->issuer_key_strength_min)) {
			out->issuer_key_strength_min = strength;
		}
		if (!one->is_self_signed && signature_of(one) > out->issuer_signature) {
			out->issuer_signature = signature_of(one);
		}
	}
}

/* --- transparency */

struct logs {
	uint8_t ids[3 * SCT_LIST_MAX][SCT_LOG_ID_SIZE];
	unsigned count;
};

static unsigned count_scts(struct span list, struct logs *logs)
{
	struct sct scts[SCT_LIST_MAX];
	size_t count = 0;

	if (list.len == 0 || sct_list_parse(list, scts, &count) != 0) {
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		unsigned at = 0;

		if (scts[i].log_id.len != SCT_LOG_ID_SIZE) {
			continue;
		}
		while (at < logs->count &&
		       mem_compare(logs->ids[at], scts[i].log_id.ptr, SCT_LOG_ID_SIZE) != 0) {
			at++;
		}
		if (at == logs->count && at < COUNT_OF(logs->ids)) {
			mem_copy(logs->ids[logs->count++], scts[i].log_id.ptr, SCT_LOG_ID_SIZE);
		}
	}
	return (unsigned)count;
}

static void judge_transparency(const struct tls_result *result, struct span in_certificate,
			       struct tls_chain_facts *out)
{
	struct logs logs = { .count = 0 };
	struct span in_staple = { out->staple.sct_list, out->staple.sct_list_len };

	out->transparency.in_certificate = count_scts(in_certificate, &logs);
	out->transparency.in_extension = count_scts(result->scts, &logs);
	out->transparency.in_staple = count_scts(in_staple, &logs);
	out->transparency.logs = logs.count;
}

/* --- together */

static void judge_staple(const struct tls_result *result, const struct tls_chain *chain,
			 int64_t now_s, struct tls_chain_facts *out)
{
	if (result->ocsp_response.len == 0) {
		return;
	}
	trust_read_ocsp(result->ocsp_response, chain->certificates, chain->count, now_s,
			&out->staple);
	out->is_stapled = out->staple.this_update_s != 0;
}

void tls_chain_analyse(const struct tls_result *result, enum tls_certificate_type type,
		       const struct tls_chain_judges *judges, int64_t now_s,
		       struct tls_chain_facts *out)
{
	const struct tls_chain *chain = &result->chains[type];
	struct tls_chain_facts facts = { .is_present = chain->count > 0 };
	struct x509_details details;
	struct links links = { .count = 0 };

	facts.sent = chain->count + chain->left_out;
	if (!facts.is_present) {
		*out = facts;
		return;
	}
	trust_verify(judges->store, chain->certificates, chain->count, now_s, &facts.trust);
	read_links(chain, &links);
	facts.is_readable =
		links.is_readable[0] && x509_details_parse(chain->certificates[0], &details) == 0;
	if (facts.is_readable) {
		facts.is_for_servers = details.is_for_servers;
		facts.has_malformed_extension = details.has_malformed_extension;
		facts.is_must_staple = details.is_must_staple;
		keep_text(details.common_name, facts.common_name, sizeof facts.common_name);
		judge_leaf(chain->certificates[0], &links.parsed[0], &result->target, now_s,
			   &facts);
		judge_key(&links.parsed[0], &details, judges->known_keys, &facts);
		judge_order(&links, &facts);
		judge_issuers(&links, &facts);
		facts.is_incomplete = (facts.trust.problems & TRUST_NO_ISSUER) != 0 &&
				      !facts.is_issuer_sent && details.issuer_url.len > 0;
		if (facts.is_incomplete) {
			keep_url(details.issuer_url, facts.issuer_url, sizeof facts.issuer_url);
		}
		judge_staple(result, chain, now_s, &facts);
		judge_transparency(result, details.sct_list, &facts);
	}
	*out = facts;
}

void tls_chain_analyse_all(const struct tls_result *result, const struct tls_chain_judges *judges,
			   int64_t now_s, struct tls_chain_facts out[TLS_CERTIFICATE_TYPES])
{
	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		tls_chain_analyse(result, (enum tls_certificate_type)type, judges, now_s,
				  &out[type]);
	}
}
