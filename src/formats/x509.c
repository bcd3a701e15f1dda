/*
 * x509.c - RFC 5280 section 4.1:
 *
 *   Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature BIT STRING }
 *   TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature, issuer,
 *       validity, subject, subjectPublicKeyInfo, [1], [2], [3] extensions }
 */
#include "formats/x509.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/address_text.h"
#include "formats/civil.h"
#include "formats/der.h"
#include "formats/x509_key.h"

/* Two decimal digits; fails the reader for others. */
static unsigned two_digits(struct reader *r)
{
	uint64_t value = 0;

	if (text_to_u64(reader_bytes(r, 2), 99, &value) != 0) {
		reader_fail(r);
	}
	return (unsigned)value;
}

/* Section 4.1.2.5: YYMMDDHHMMSSZ until 2049, YYYYMMDDHHMMSSZ from 2050. */
static int64_t take_time(struct reader *r)
{
	struct der_element element = der_any(r);
	struct reader digits = reader_over(element.value);
	struct civil time = { 0 };

	if (element.tag == DER_UTC_TIME) {
		time.year = two_digits(&digits);
		time.year += time.year < 50 ? 2000 : 1900;
	} else if (element.tag == DER_GENERALIZED_TIME) {
		time.year = two_digits(&digits) * 100;
		time.year += two_digits(&digits);
	} else {
		reader_fail(r);
	}
	time.month = two_digits(&digits);
	time.day = two_digits(&digits);
	time.hour = two_digits(&digits);
	time.minute = two_digits(&digits);
	time.second = two_digits(&digits);
	if (reader_u8(&digits) != 'Z' || !reader_done(&digits) || !civil_is_valid(&time)) {
		reader_fail(r);
		return 0;
	}
	return civil_to_seconds(&time);
}

static void take_serial(struct reader *r, struct x509 *out)
{
	struct span serial = der_take(r, DER_INTEGER);

	if (serial.len == 0) {
		reader_fail(r);
		return;
	}
	out->is_serial_negative = (serial.ptr[0] & 0x80) != 0;
	while (serial.len > 0 && serial.ptr[0] == 0) {
		serial = span_after(serial, 1);
	}
	out->serial = serial;
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLen INTEGER OPTIONAL } */
static bool take_basic_constraints(struct span extension, struct x509 *out)
{
	struct reader r = reader_over(extension);
	struct reader fields = der_enter(&r, DER_SEQUENCE);

	if (reader_peek(&fields) == DER_BOOLEAN) {
		out->is_ca = der_boolean(&fields);
	}
	return reader_done(&r) && reader_ok(&fields);
}

static bool take_alternative_names(struct span extension, struct x509 *out)
{
	struct reader r = reader_over(extension);
	struct span names = der_take(&r, DER_SEQUENCE);
	struct reader each = reader_over(names);

	while (reader_left(&each) > 0) {
		(void)der_any(&each);
	}
	out->alternative_names = names;
	return reader_done(&r) && reader_ok(&each);
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
static bool take_extension(struct reader *extensions, struct x509 *out)
{
	struct reader r = der_enter(extensions, DER_SEQUENCE);
	struct span oid = der_take(&r, DER_OID);
	struct span value;

	if (reader_peek(&r) == DER_BOOLEAN) {
		(void)der_boolean(&r);
	}
	value = der_take(&r, DER_OCTET_STRING);
	if (!reader_done(&r)) {
		return false;
	}
	if (DER_OID_IS(oid, 0x55, 0x1d, 0x13)) {
		return take_basic_constraints(value, out);
	}
	if (DER_OID_IS(oid, 0x55, 0x1d, 0x11)) {
		return take_alternative_names(value, out);
	}
	return true;
}

static int take_extensions(struct reader *tbs, struct x509 *out)
{
	struct reader wrapper = der_enter(tbs, DER_CONTEXT_CONSTRUCTED(3));
	struct reader extensions = der_enter(&wrapper, DER_SEQUENCE);
	size_t count = 0;

	while (reader_left(&extensions) > 0) {
		if (++count > X509_EXTENSIONS_MAX) {
			return ERR_LIMIT;
		}
		if (!take_extension(&extensions, out)) {
			return ERR_MALFORMED;
		}
	}
	return reader_done(&wrapper) && reader_ok(&extensions) ? 0 : ERR_MALFORMED;
}

static int take_tbs(struct reader *tbs, struct x509 *out)
{
	struct span skipped;
	struct reader validity;
	struct der_element issuer;
	struct der_element subject;

	(void)der_take_optional(tbs, DER_CONTEXT_CONSTRUCTED(0), &skipped); /* version */
	take_serial(tbs, out);
	(void)der_take(tbs, DER_SEQUENCE); /* the signature's algorithm, again below */
	issuer = der_any(tbs);
	validity = der_enter(tbs, DER_SEQUENCE);
	out->not_before = take_time(&validity);
	out->not_after = take_time(&validity);
	subject = der_any(tbs);
	x509_key_take(tbs, out);
	if (!reader_ok(tbs) || !reader_done(&validity) || issuer.tag != DER_SEQUENCE ||
	    subject.tag != DER_SEQUENCE) {
		return ERR_MALFORMED;
	}
	out->issuer = issuer.whole;
	out->subject = subject.whole;
	out->is_self_signed = span_equal(issuer.whole, subject.whole);
	(void)der_take_optional(tbs, DER_CONTEXT(1), &skipped); /* unique identifiers of v2 */
	(void)der_take_optional(tbs, DER_CONTEXT(2), &skipped);
	if (reader_left(tbs) > 0) {
		int error = take_extensions(tbs, out);

		if (error != 0) {
			return error;
		}
	}
	return reader_done(tbs) ? 0 : ERR_MALFORMED;
}

int x509_parse(struct span der, struct x509 *out)
{
	struct reader r = reader_over(der);
	struct reader certificate = der_enter(&r, DER_SEQUENCE);
	struct reader tbs = der_enter(&certificate, DER_SEQUENCE);
	struct reader algorithm = der_enter(&certificate, DER_SEQUENCE);
	struct x509 parsed = { 0 };
	int error;

	parsed.signature_oid = der_take(&algorithm, DER_OID);
	parsed.signature_parameters = reader_rest(&algorithm);
	(void)der_take(&certificate, DER_BIT_STRING);
	if (!reader_done(&r) || !reader_done(&certificate) || !reader_ok(&algorithm)) {
		return ERR_MALFORMED;
	}
	error = take_tbs(&tbs, &parsed);
	if (error != 0) {
		return error;
	}
	*out = parsed;
	return 0;
}

static void write_hex_octet(struct writer *w, uint8_t octet)
{
	char hex[3];

	text_to_hex((struct span){ &octet, 1 }, hex);
	writer_text(w, hex);
}

/* Two's complement: octets above the lowest set one are inverted, it is negated. */
static void write_negative(struct span serial, struct writer *w)
{
	size_t lowest = serial.len - 1;
	bool has_begun = false;

	while (lowest > 0 && serial.ptr[lowest] == 0) {
		lowest--;
	}
	writer_u8(w, '-');
	for (size_t i = 0; i < serial.len; i++) {
		uint8_t octet = serial.ptr[i];

		if (i < lowest) {
			octet = (uint8_t)~octet;
		} else if (i == lowest) {
			octet = (uint8_t)(0 - octet);
		}
		has_begun = has_begun || octet != 0;
		if (has_begun) {
			write_hex_octet(w, octet);
		}
	}
}

void x509_write_serial(const struct x509 *certificate, struct writer *w)
{
	if (certificate->serial.len == 0) {
		writer_text(w, "00");
		return;
	}
	if (certificate->is_serial_negative) {
		write_negative(certificate->serial, w);
		return;
	}
	for (size_t i = 0; i < certificate->serial.len; i++) {
		write_hex_octet(w, certificate->serial.ptr[i]);
	}
}

struct x509_names x509_names_over(const struct x509 *certificate)
{
	return (struct x509_names){ .rest = reader_over(certificate->alternative_names) };
}

/* GeneralName ::= CHOICE { [1] rfc822Name, [2] dNSName, [6] URI, [7] iPAddress, ... } */
static bool is_wanted_name(const struct der_element *element)
{
	size_t len = element->value.len;

	switch (element->tag) {
	case DER_CONTEXT(X509_NAME_EMAIL):
	case DER_CONTEXT(X509_NAME_DNS):
	case DER_CONTEXT(X509_NAME_URI):
		return true;
	case DER_CONTEXT(X509_NAME_IP):
		return len == 4 || len == 16;
	default:
		return false;
	}
}

bool x509_names_next(struct x509_names *it, struct x509_alternative_name *out)
{
	while (reader_left(&it->rest) > 0) {
		struct der_element element = der_any(&it->rest);

		if (is_wanted_name(&element)) {
			out->type = (enum x509_name_type)(element.tag & 0x1f);
			out->value = element.value;
			return true;
		}
	}
	return false;
}

void x509_write_alternative_name(const struct x509_alternative_name *name, struct writer *w)
{
	if (name->type == X509_NAME_IP) {
		address_text_write(w, name->value);
	} else {
		text_write_utf8(w, name->value, SIZE_MAX);
	}
}

size_t x509_list_names(const struct x509 *certificate, struct writer *w, struct span *items,
		       size_t items_max)
{
	struct x509_names it = x509_names_over(certificate);
	struct x509_alternative_name name;
	size_t count = 0;

	while (count < items_max && writer_ok(w) && x509_names_next(&it, &name)) {
		size_t mark = writer_used(w);

		x509_write_alternative_name(&name, w);
		if (!writer_ok(w)) {
			writer_rewind(w, mark);
			break;
		}
		items[count++] = span_after(writer_span(w), mark);
	}
	return count;
}
