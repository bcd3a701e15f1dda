/*
 * x509_name.c - names as text (RFC 4514).
 *
 *   Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }
 */
#include "base/error.h"
#include "base/text.h"
#include "formats/der.h"
#include "formats/utf8.h"
#include "formats/x509.h"

#define OID_LEN_MAX 11

struct attribute_name {
	const char *name;
	size_t oid_len;
	uint8_t oid[OID_LEN_MAX];
};

#define OID(...)                                                                                   \
	sizeof((const uint8_t[]){ __VA_ARGS__ }),                                                  \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define AT(number)        OID(0x55, 0x04, number) /* X.520 */
#define PKCS9(number)     OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, number)
#define PILOT(number)     OID(0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, number)
#define MICROSOFT(number) OID(0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3c, 0x02, 0x01, number)

/* Short names as OpenSSL has them, of which RFC 4514's are a part. */
static const struct attribute_name attribute_names[] = {
	{ "CN", AT(3) },
	{ "SN", AT(4) },
	{ "serialNumber", AT(5) },
	{ "C", AT(6) },
	{ "L", AT(7) },
	{ "ST", AT(8) },
	{ "street", AT(9) },
	{ "O", AT(10) },
	{ "OU", AT(11) },
	{ "title", AT(12) },
	{ "description", AT(13) },
	{ "businessCategory", AT(15) },
	{ "postalAddress", AT(16) },
	{ "postalCode", AT(17) },
	{ "telephoneNumber", AT(20) },
	{ "name", AT(41) },
	{ "GN", AT(42) },
	{ "initials", AT(43) },
	{ "generationQualifier", AT(44) },
	{ "x500UniqueIdentifier", AT(45) },
	{ "dnQualifier", AT(46) },
	{ "pseudonym", AT(65) },
	{ "role", AT(72) },
	{ "organizationIdentifier", AT(97) },
	{ "emailAddress", PKCS9(1) },
	{ "unstructuredName", PKCS9(2) },
	{ "unstructuredAddress", PKCS9(8) },
	{ "UID", PILOT(1) },
	{ "mail", PILOT(3) },
	{ "DC", PILOT(25) },
	{ "jurisdictionL", MICROSOFT(1) },
	{ "jurisdictionST", MICROSOFT(2) },
	{ "jurisdictionC", MICROSOFT(3) },
};

struct part {
	struct span oid;
	struct der_element value;
	bool is_first_of_set;
};

/* Collects the parts in their order. Returns how many, or an error. */
static int take_parts(struct span name, struct part *parts)
{
	struct reader r = reader_over(name);
	struct reader sets = der_enter(&r, DER_SEQUENCE);
	int count = 0;

	while (reader_left(&sets) > 0) {
		struct reader set = der_enter(&sets, DER_SET);
		bool is_first = true;

		do {
			struct reader fields = der_enter(&set, DER_SEQUENCE);
			struct span oid = der_take(&fields, DER_OID);
			struct der_element value = der_any(&fields);

			if (!reader_done(&fields)) {
				return ERR_MALFORMED;
			}
			if (count == X509_NAME_PARTS_MAX) {
				return ERR_LIMIT;
			}
			parts[count++] = (struct part){ oid, value, is_first };
			is_first = false;
		} while (reader_left(&set) > 0);
	}
	return reader_done(&r) && reader_ok(&sets) ? count : ERR_MALFORMED;
}

static const char *find_name(struct span oid)
{
	for (size_t i = 0; i < COUNT_OF(attribute_names); i++) {
		const struct attribute_name *name = &attribute_names[i];

		if (span_equal(oid, (struct span){ name->oid, name->oid_len })) {
			return name->name;
		}
	}
	return NULL;
}

static void write_hex(struct writer *w, uint8_t octet)
{
	static const char digits[] = "0123456789ABCDEF";

	writer_u8(w, (uint8_t)digits[octet >> 4]);
	writer_u8(w, (uint8_t)digits[octet & 15]);
}

/* One character of a string, escaped where RFC 4514 section 2.4 wants it; control
 * characters as hexadecimal, so that no terminal obeys them. */
static void write_character(struct writer *w, uint32_t character, bool is_first, bool is_last)
{
	if (character < 0x20 || character == 0x7f) {
		writer_u8(w, '\\');
		write_hex(w, (uint8_t)character);
		return;
	}
	switch (character) {
	case ' ':
		if (is_first || is_last) {
			writer_u8(w, '\\');
		}
		break;
	case '#':
		if (is_first) {
			writer_u8(w, '\\');
		}
		break;
	case ',':
	case '+':
	case '"':
	case '\\':
	case '<':
	case '>':
	case ';':
		writer_u8(w, '\\');
		break;
	default:
		break;
	}
	utf8_write(w, character);
}

/* Octets of a character of a string type; 0 where the tag is of no string. */
static size_t character_size(uint8_t tag)
{
	switch (tag) {
	case DER_UTF8_STRING: /* octet by octet: what is escaped is ASCII */
	case DER_NUMERIC_STRING:
	case DER_PRINTABLE_STRING:
	case DER_TELETEX_STRING:
	case DER_IA5_STRING:
	case DER_VISIBLE_STRING:
		return 1;
	case DER_BMP_STRING:
		return 2;
	case DER_UNIVERSAL_STRING:
		return 4;
	default:
		return 0;
	}
}

static uint32_t take_character(struct reader *r, size_t size)
{
	return size == 1 ? reader_u8(r) : (size == 2 ? reader_be16(r) : reader_be32(r));
}

static void write_string(struct writer *w, struct span value, size_t size, bool is_utf8)
{
	struct reader r = reader_over(value);
	bool is_first = true;

	while (reader_left(&r) > 0) {
		uint32_t character = take_character(&r, size);

		if (is_utf8 && character >= 0x80) {
			writer_u8(w, (uint8_t)character);
		} else {
			write_character(w, character, is_first, reader_left(&r) == 0);
		}
		is_first = false;
	}
}

/* What is no string, or of an unknown type, is its DER in hexadecimal. */
static void write_value(struct writer *w, const struct der_element *value, bool is_known)
{
	size_t size = character_size(value->tag);

	if (!is_known || size == 0 || value->value.len % size != 0) {
		writer_u8(w, '#');
		for (size_t i = 0; i < value->whole.len; i++) {
			write_hex(w, value->whole.ptr[i]);
		}
		return;
	}
	/* where UTF-8 is stated but broken, Latin-1 is what was meant more often than not */
	write_string(w, value->value, size,
		     value->tag == DER_UTF8_STRING && text_is_utf8(value->value));
}

static bool write_part(struct writer *w, const struct part *part)
{
	const char *name = find_name(part->oid);

	if (name != NULL) {
		writer_text(w, name);
	} else if (!der_write_oid(part->oid, w)) {
		return false;
	}
	writer_u8(w, '=');
	write_value(w, &part->value, name != NULL);
	return true;
}

int x509_write_name(struct span name, struct writer *w)
{
	struct part parts[X509_NAME_PARTS_MAX];
	size_t mark = writer_used(w);
	int count = take_parts(name, parts);

	if (count < 0) {
		return count;
	}
	if (!writer_ok(w)) {
		return ERR_FULL;
	}
	for (int i = count; i > 0; i--) {
		if (!write_part(w, &parts[i - 1])) {
			writer_rewind(w, mark);
			return ERR_MALFORMED;
		}
		if (i > 1) {
			writer_u8(w, parts[i - 1].is_first_of_set ? ',' : '+');
		}
	}
	if (!writer_ok(w)) {
		writer_rewind(w, mark);
		return ERR_FULL;
	}
	return 0;
}
