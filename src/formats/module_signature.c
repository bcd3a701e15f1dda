/*
 * module_signature.c
 *
 *   ContentInfo ::= SEQUENCE { type OID, [0] SignedData }
 *   SignedData  ::= SEQUENCE { version, digests SET, content SEQUENCE, [0] certificates OPTIONAL,
 *                              [1] lists OPTIONAL, signers SET OF SignerInfo }
 *   SignerInfo  ::= SEQUENCE { version, SEQUENCE { issuer Name, serial } | [0] key, ... }
 */
#include "formats/module_signature.h"

#include "base/error.h"
#include "formats/der.h"
#include "formats/x509.h"

#define IS_PKCS7 2

static const char magic[] = "~Module signature appended~\n";

int module_signature_trailer(struct span trailer, uint32_t *out_len)
{
	struct reader r = reader_over(trailer);
	uint32_t len;
	uint8_t kind;

	if (trailer.len != MODULE_SIGNATURE_TRAILER_SIZE || !span_ends_with(trailer, magic)) {
		return ERR_NOT_FOUND;
	}
	(void)reader_be16(&r); /* algorithm, hash: 0 for PKCS #7 */
	kind = reader_u8(&r);
	(void)reader_bytes(&r, 5); /* lengths of name and key number: 0; padding */
	len = reader_be32(&r);
	if (kind != IS_PKCS7) {
		return ERR_UNSUPPORTED;
	}
	if (len > MODULE_SIGNATURE_MAX) {
		return ERR_LIMIT;
	}
	*out_len = len;
	return 0;
}

/* Appends the first common name; false where there is none. */
static bool write_common_name(struct span name, struct writer *w)
{
	struct reader whole = reader_over(name);
	struct reader sets = der_enter(&whole, DER_SEQUENCE);

	while (reader_left(&sets) > 0) {
		struct reader set = der_enter(&sets, DER_SET);
		struct reader part = der_enter(&set, DER_SEQUENCE);
		struct span oid = der_take(&part, DER_OID);
		struct der_element value = der_any(&part);

		if (reader_ok(&part) && DER_OID_IS(oid, 0x55, 0x04, 0x03)) {
			writer_bytes(w, value.value);
			return true;
		}
	}
	return false;
}

int module_signature_signer(struct span signature, struct writer *w)
{
	struct reader r = reader_over(signature);
	struct reader info = der_enter(&r, DER_SEQUENCE);
	struct span type = der_take(&info, DER_OID);
	struct reader content = der_enter(&info, DER_CONTEXT_CONSTRUCTED(0));
	struct reader data = der_enter(&content, DER_SEQUENCE);
	struct reader signers;
	struct reader signer;
	struct reader issuer_and_serial;
	struct der_element name;
	struct span skipped;

	(void)der_take(&data, DER_INTEGER);
	(void)der_take(&data, DER_SET);
	(void)der_take(&data, DER_SEQUENCE);
	(void)der_take_optional(&data, DER_CONTEXT_CONSTRUCTED(0), &skipped);
	(void)der_take_optional(&data, DER_CONTEXT_CONSTRUCTED(1), &skipped);
	signers = der_enter(&data, DER_SET);
	signer = der_enter(&signers, DER_SEQUENCE);
	(void)der_take(&signer, DER_INTEGER);
	if (!reader_ok(&signer) ||
	    !DER_OID_IS(type, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02)) {
		return ERR_MALFORMED;
	}
	if (reader_peek(&signer) == DER_CONTEXT(0)) {
		return ERR_NOT_FOUND;
	}
	issuer_and_serial = der_enter(&signer, DER_SEQUENCE);
	name = der_any(&issuer_and_serial);
	if (!reader_ok(&issuer_and_serial) || name.tag != DER_SEQUENCE) {
		return ERR_MALFORMED;
	}
	return write_common_name(name.whole, w) ? 0 : x509_write_name(name.whole, w);
}
