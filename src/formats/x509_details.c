/*
 * x509_details.c - RFC 5280 section 4.2, and the extensions of RFC 6962 and RFC 7633.
 */
#include "formats/x509_details.h"

#include "base/error.h"
#include "formats/der.h"

/* Features of one TLS feature extension, names of one authorityInfoAccess, uses of one
 * extendedKeyUsage that are looked at. */
#define ENTRIES_MAX 64

#define TLS_FEATURE_STATUS_REQUEST 5
#define GENERAL_NAME_URI           6

typedef bool take_fn(struct span value, struct x509_details *out);

/* SubjectKeyIdentifier ::= OCTET STRING */
static bool take_key_id(struct span value, struct x509_details *out)
{
	struct reader r = reader_over(value);

	out->key_id = der_take(&r, DER_OCTET_STRING);
	return reader_done(&r);
}

/* AuthorityKeyIdentifier ::= SEQUENCE { [0] keyIdentifier OPTIONAL, ... } */
static bool take_authority_key_id(struct span value, struct x509_details *out)
{
	struct reader r = reader_over(value);
	struct reader fields = der_enter(&r, DER_SEQUENCE);

	(void)der_take_optional(&fields, DER_CONTEXT(0), &out->authority_key_id);
	return reader_done(&r) && reader_ok(&fields);
}

/* AccessDescription ::= SEQUENCE { accessMethod OID, accessLocation GeneralName } */
static void take_access(struct reader *list, struct x509_details *out)
{
	struct reader r = der_enter(list, DER_SEQUENCE);
	struct span method = der_take(&r, DER_OID);
	struct der_element location = der_any(&r);

	if (!reader_ok(&r) || location.tag != DER_CONTEXT(GENERAL_NAME_URI)) {
		return;
	}
	if (DER_OID_IS(method, 0x2b, 6, 1, 5, 5, 7, 0x30, 1) && out->ocsp_url.len == 0) {
		out->ocsp_url = location.value;
	}
	if (DER_OID_IS(method, 0x2b, 6, 1, 5, 5, 7, 0x30, 2) && out->issuer_url.len == 0) {
		out->issuer_url = location.value;
	}
}

static bool take_authority_access(struct span value, struct x509_details *out)
{
	struct reader r = reader_over(value);
	struct reader list = der_enter(&r, DER_SEQUENCE);

	for (int i = 0; i < ENTRIES_MAX && reader_left(&list) > 0; i++) {
		take_access(&list, out);
	}
	return reader_done(&r) && reader_ok(&list);
}

/* Features ::= SEQUENCE OF INTEGER */
static bool take_features(struct span value, struct x509_details *out)
{
	struct reader r = reader_over(value);
	struct reader list = der_enter(&r, DER_SEQUENCE);

	for (int i = 0; i < ENTRIES_MAX && reader_left(&list) > 0; i++) {
		struct span feature = der_unsigned(&list);

		if (feature.len == 1 && feature.ptr[0] == TLS_FEATURE_STATUS_REQUEST) {
			out->is_must_staple = true;
		}
	}
	return reader_done(&r) && reader_ok(&list);
}

/* ExtKeyUsageSyntax ::= SEQUENCE OF OBJECT IDENTIFIER */
static bool take_uses(struct span value, struct x509_details *out)
{
	struct reader r = reader_over(value);
	struct reader list = der_enter(&r, DER_SEQUENCE);

	out->is_for_servers = false;
	for (int i = 0; i < ENTRIES_MAX && reader_left(&list) > 0; i++) {
		struct span use = der_take(&list, DER_OID);

		if (DER_OID_IS(use, 0x2b, 6, 1, 5, 5, 7, 3, 1) ||
		    DER_OID_IS(use, 0x55, 0x1d, 0x25, 0)) {
			out->is_for_servers = true;
		}
	}
	return reader_done(&r) && reader_ok(&list);
}

/* An OCTET STRING within the extension's own. */
static bool take_scts(struct span value, struct x509_details *out)
{
	struct reader r = reader_over(value);

	out->sct_list = der_take(&r, DER_OCTET_STRING);
	return reader_done(&r);
}

static bool take_crl_points(struct span value, struct x509_details *out)
{
	out->has_crl_points = value.len > 0;
	return true;
}

static take_fn *extension_of(struct span oid)
{
	if (DER_OID_IS(oid, 0x55, 0x1d, 0x0e)) {
		return take_key_id;
	}
	if (DER_OID_IS(oid, 0x55, 0x1d, 0x23)) {
		return take_authority_key_id;
	}
	if (DER_OID_IS(oid, 0x55, 0x1d, 0x1f)) {
		return take_crl_points;
	}
	if (DER_OID_IS(oid, 0x55, 0x1d, 0x25)) {
		return take_uses;
	}
	if (DER_OID_IS(oid, 0x2b, 6, 1, 5, 5, 7, 1, 1)) {
		return take_authority_access;
	}
	if (DER_OID_IS(oid, 0x2b, 6, 1, 5, 5, 7, 1, 0x18)) {
		return take_features;
	}
	if (DER_OID_IS(oid, 0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2)) {
		return take_scts;
	}
	return NULL;
}

/* x509_parse() has seen that the structure is right. */
static void take_extensions(struct reader *tbs, struct x509_details *out)
{
	struct reader wrapper = der_enter(tbs, DER_CONTEXT_CONSTRUCTED(3));
	struct reader list = der_enter(&wrapper, DER_SEQUENCE);

	while (reader_left(&list) > 0) {
		struct reader r = der_enter(&list, DER_SEQUENCE);
		take_fn *take = extension_of(der_take(&r, DER_OID));
		struct x509_details with = *out;
		struct span critical;

		(void)der_take_optional(&r, DER_BOOLEAN, &critical);
		if (take == NULL) {
			continue;
		}
		if (take(der_take(&r, DER_OCTET_STRING), &with)) {
			*out = with;
		} else {
			out->has_malformed_extension = true;
		}
	}
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
static void take_key(struct span key_info, struct x509_details *out)
{
	struct reader r = reader_over(key_info);
	struct reader info = der_enter(&r, DER_SEQUENCE);
	struct reader algorithm = der_enter(&info, DER_SEQUENCE);
	struct span oid = der_take(&algorithm, DER_OID);
	struct reader key = reader_over(der_bit_string(&info));
	struct reader numbers;

	if (!DER_OID_IS(oid, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1) &&
	    !DER_OID_IS(oid, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10)) {
		return;
	}
	numbers = der_enter(&key, DER_SEQUENCE);
	out->rsa_modulus = der_unsigned(&numbers);
	out->rsa_exponent = der_unsigned(&numbers);
}

static struct span common_name_of(struct span name)
{
	struct reader r = reader_over(name);
	struct reader sets = der_enter(&r, DER_SEQUENCE);
	struct span found = { 0 };

	for (int i = 0; i < X509_NAME_PARTS_MAX && reader_left(&sets) > 0; i++) {
		struct reader set = der_enter(&sets, DER_SET);
		struct reader pair = der_enter(&set, DER_SEQUENCE);
		struct span oid = der_take(&pair, DER_OID);
		struct span value = der_any(&pair).value;

		if (reader_ok(&pair) && DER_OID_IS(oid, 0x55, 4, 3)) {
			found = value;
		}
	}
	return found;
}

int x509_details_parse(struct span der, struct x509_details *out)
{
	struct reader r = reader_over(der);
	struct reader certificate = der_enter(&r, DER_SEQUENCE);
	struct reader tbs = der_enter(&certificate, DER_SEQUENCE);
	struct x509_details details = { .is_for_servers = true };
	struct x509 plain;
	struct span skipped;
	int error = x509_parse(der, &plain);

	if (error != 0) {
		return error;
	}
	(void)der_take_optional(&tbs, DER_CONTEXT_CONSTRUCTED(0), &skipped);
	for (int i = 0; i < 5; i++) { /* serial, signature, issuer, validity, subject */
		(void)der_any(&tbs);
	}
	details.common_name = common_name_of(plain.subject);
	details.key_info = der_any(&tbs).whole;
	take_key(details.key_info, &details);
	(void)der_take_optional(&tbs, DER_CONTEXT(1), &skipped);
	(void)der_take_optional(&tbs, DER_CONTEXT(2), &skipped);
	if (reader_left(&tbs) > 0) {
		take_extensions(&tbs, &details);
	}
	*out = details;
	return 0;
}
