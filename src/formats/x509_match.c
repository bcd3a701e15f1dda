/*
 * x509_match.c - does a certificate bear the name that was asked for? RFC 9525, section 6:
 * DNS names without regard to case, "*" for exactly one whole leftmost label; addresses
 * only among addresses; the subject's common name never.
 */
#include "formats/address_text.h"
#include "formats/ascii.h"
#include "formats/x509_details.h"

#define NAME_LEN_MAX 253 /* RFC 1035, without the final dot */

/* As text, colons or a last label of digits alone are an address (RFC 1123, 2.1). */
static bool is_address(struct span host)
{
	size_t digits = host.len;

	if (span_find(host, ':') < host.len) {
		return true;
	}
	while (digits > 0 && host.ptr[digits - 1] >= '0' && host.ptr[digits - 1] <= '9') {
		digits--;
	}
	return digits < host.len && (digits == 0 || host.ptr[digits - 1] == '.');
}

static struct span without_final_dot(struct span name)
{
	return name.len > 0 && name.ptr[name.len - 1] == '.' ? span_first(name, name.len - 1)
							     : name;
}

static bool is_same(struct span a, struct span b)
{
	if (a.len != b.len) {
		return false;
	}
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i])) {
			return false;
		}
	}
	return true;
}

/* "*.example.org" for "www.example.org"; "*.org" is for nobody, as clients have it. */
static bool is_wildcard_for(struct span pattern, struct span host)
{
	struct span domain = span_after(pattern, 2);
	size_t label = span_find(host, '.');

	return span_starts_with(pattern, "*.") && span_find(domain, '.') < domain.len &&
	       span_find(domain, '*') == domain.len && label > 0 && label < host.len &&
	       is_same(domain, span_after(host, label + 1));
}

static enum x509_match match_name(struct span pattern, struct span host)
{
	pattern = without_final_dot(pattern);
	if (pattern.len == 0 || pattern.len > NAME_LEN_MAX) {
		return X509_MATCH_NONE;
	}
	if (is_same(pattern, host)) {
		return X509_MATCH_NAME;
	}
	return is_wildcard_for(pattern, host) ? X509_MATCH_WILDCARD : X509_MATCH_NONE;
}

static enum x509_match match_address(struct span address, struct span host)
{
	uint8_t text[ADDRESS_TEXT_SIZE];
	struct writer w = writer_over(text, sizeof text);

	address_text_write(&w, address);
	return is_same(writer_span(&w), host) ? X509_MATCH_ADDRESS : X509_MATCH_NONE;
}

enum x509_match x509_match_host(const struct x509 *certificate, struct span host)
{
	struct x509_names names = x509_names_over(certificate);
	struct x509_alternative_name name;
	enum x509_match best = X509_MATCH_NONE;
	bool wants_address = is_address(host);

	host = without_final_dot(host);
	for (int i = 0; i < X509_MATCH_NAMES_MAX && x509_names_next(&names, &name); i++) {
		enum x509_match match = X509_MATCH_NONE;

		if (wants_address && name.type == X509_NAME_IP) {
			match = match_address(name.value, host);
		} else if (!wants_address && name.type == X509_NAME_DNS) {
			match = match_name(name.value, host);
		}
		if (match == X509_MATCH_NAME || match == X509_MATCH_ADDRESS) {
			return match;
		}
		best = match != X509_MATCH_NONE ? match : best;
	}
	return best;
}
