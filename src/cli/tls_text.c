/* tls_text.c - an assessment for people: what matters first. */
#include <string.h>

#include "base/text.h"
#include "cli/output.h"
#include "cli/tls_report.h"
#include "formats/tls_suites.h"
#include "formats/x509.h"
#include "sys/clock.h"

static void print_certificate(unsigned place, struct span der, FILE *to)
{
	struct x509 certificate;
	uint8_t bytes[2048];
	struct writer w = writer_over(bytes, sizeof bytes);
	char before[CLOCK_TEXT_SIZE];
	char after[CLOCK_TEXT_SIZE];

	fprintf(to, "    %u ", place);
	if (x509_parse(der, &certificate) != 0) {
		fprintf(to, "no certificate that can be read (%zu bytes)\n", der.len);
		return;
	}
	if (x509_write_name(certificate.subject, &w) != 0) {
		writer_text(&w, "(a name that is too long)");
	}
	output_escaped(writer_span(&w), to);
	fputs("\n      ", to);
	w = writer_over(bytes, sizeof bytes);
	x509_write_key_type(&certificate, &w);
	output_escaped(writer_span(&w), to);
	fprintf(to, " %u bits, ", certificate.key_bits);
	w = writer_over(bytes, sizeof bytes);
	x509_write_signature(&certificate, &w);
	output_escaped(writer_span(&w), to);
	clock_to_text(certificate.not_before * 1000, before);
	clock_to_text(certificate.not_after * 1000, after);
	fprintf(to, ", valid %.10s to %.10s\n", before, after);
}

static void print_chains(const struct tls_result *result, FILE *to)
{
	for (unsigned i = 0; i < TLS_CERTIFICATE_TYPES; i++) {
		const struct tls_chain *chain = &result->chains[i];

		if (chain->count == 0) {
			continue;
		}
		fprintf(to, "  certificates as sent (%s)\n", tls_version_text(chain->version));
		for (unsigned c = 0; c < chain->count; c++) {
			print_certificate(c + 1, chain->certificates[c], to);
		}
		if (chain->left_out > 0) {
			fprintf(to, "    and %u more\n", chain->left_out);
		}
	}
}

static void print_suite(const struct tls_suite_seen *seen, FILE *to)
{
	const struct tls_group *group = tls_groups_find(seen->group);
	struct tls_suite suite;

	(void)tls_suites_find(seen->id, &suite);
	fprintf(to, "    %-46s %3u bits", suite.name, suite.bits);
	if (group != NULL) {
		fprintf(to, "  %s", group->name);
	} else if (seen->dh_bits > 0) {
		fprintf(to, "  DH %u", seen->dh_bits);
	}
	fputc('\n', to);
}

static const char *order_text(const struct tls_version_result *version)
{
	if (version->is_chacha_reordered) {
		return ", the server's order, ChaCha20 first for clients that have it first";
	}
	switch (version->preference) {
	case TLS_PREFERENCE_SERVER:
		return ", in the server's order";
	case TLS_PREFERENCE_CLIENT:
		return ", in the client's order";
	default:
		return "";
	}
}

static void print_versions(const struct tls_result *result, FILE *to)
{
	for (unsigned v = TLS_VERSIONS; v-- > 0;) {
		const struct tls_version_result *version = &result->versions[v];

		if (version->offered == TLS_YES) {
			fprintf(to, "  %s: %u suites%s%s\n", tls_version_text(v), version->count,
				version->is_complete ? "" : " seen", order_text(version));
			for (unsigned i = 0; i < version->count; i++) {
				print_suite(&version->suites[i], to);
			}
		} else {
			fprintf(to, "  %s: %s\n", tls_version_text(v),
				version->offered == TLS_NO ? "not offered" : "not known");
		}
	}
}

static void print_groups(const struct tls_result *result, FILE *to)
{
	if (result->groups.count == 0) {
		return;
	}
	fputs("  groups:", to);
	for (unsigned i = 0; i < result->groups.count; i++) {
		const struct tls_group *group = tls_groups_find(result->groups.ids[i]);

		fprintf(to, " %s", group != NULL ? group->name : "(unknown)");
	}
	fputc('\n', to);
	for (unsigned i = 0; i < result->prime_count; i++) {
		fprintf(to, "  DH prime: %u bits%s%s\n", result->primes[i].bits,
			result->primes[i].common_name != NULL ? ", " : "",
			result->primes[i].common_name != NULL ? result->primes[i].common_name : "");
	}
}

static void print_vulnerabilities(const struct tls_result *result, FILE *to)
{
	fputs("  vulnerabilities\n", to);
	for (unsigned i = 0; i < TLS_VULNERABILITIES; i++) {
		const struct tls_finding *finding = &result->vulnerabilities[i];

		fprintf(to, "    %-24s %s%s%s\n", tls_vulnerability_name(i),
			finding->fact == TLS_YES  ? "VULNERABLE"
			: finding->fact == TLS_NO ? "no"
						  : "not known",
			finding->detail[0] != '\0' ? ": " : "", finding->detail);
	}
}

static void print_fact(const char *name, enum tls_fact fact, FILE *to)
{
	if (fact != TLS_UNKNOWN) {
		fprintf(to, "    %-24s %s\n", name, tls_fact_text(fact));
	}
}

static void print_features(const struct tls_result *result, FILE *to)
{
	const struct tls_features *f = &result->features;

	fputs("  features\n", to);
	print_fact("session id", f->session_id, to);
	print_fact("session ticket", f->ticket, to);
	print_fact("TLS 1.3 resumption", f->psk, to);
	print_fact("0-RTT", f->early_data, to);
	print_fact("compression", f->compression, to);
	print_fact("secure renegotiation", f->secure_renegotiation, to);
	print_fact("client renegotiation", f->client_renegotiation, to);
	print_fact("extended master secret", f->extended_master_secret, to);
	print_fact("encrypt-then-mac", f->encrypt_then_mac, to);
	print_fact("fallback SCSV", f->fallback_scsv, to);
	print_fact("downgrade sentinel", f->downgrade_sentinel, to);
	print_fact("heartbeat", f->heartbeat, to);
	print_fact("OCSP stapling", f->ocsp_stapling, to);
	print_fact("SCTs by extension", f->scts_by_extension, to);
	print_fact("asks for certificates", f->client_certificate, to);
	if (result->alpn[0] != '\0') {
		fputs("    ALPN                     ", to);
		output_escaped(span_of(result->alpn), to);
		fputc('\n', to);
	}
	if (result->http.answered == TLS_YES) {
		print_fact("HSTS", result->http.hsts, to);
	}
}

void tls_report_text(const struct tls_result *result, FILE *to)
{
	const struct tls_accounting *a = &result->accounting;
	bool is_ipv6 = strchr(result->target.address, ':') != NULL;

	output_escaped(span_of(result->target.host), to);
	fprintf(to, " (%s%s%s:%u)", is_ipv6 ? "[" : "", result->target.address, is_ipv6 ? "]" : "",
		result->target.port);
	if (result->failure != TLS_FINE) {
		fputs(": not assessed: ", to);
		output_escaped(span_of(result->reason), to);
		fputs("\n\n", to);
		return;
	}
	fputc('\n', to);
	print_chains(result, to);
	print_versions(result, to);
	print_groups(result, to);
	print_features(result, to);
	print_vulnerabilities(result, to);
	fprintf(to, "  %u connections, %llu bytes sent, %llu received, %lld ms%s\n\n",
		a->connections, (unsigned long long)a->bytes_sent,
		(unsigned long long)a->bytes_received, (long long)a->duration_ms,
		a->is_timed_out ? "; the time was up, so the rest is not known" : "");
}
