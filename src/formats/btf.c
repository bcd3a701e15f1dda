/*
 * btf.c - a header, a run of types (each an entry of 12 bytes and what its kind appends), and the
 * strings that they name by offset. Types are numbered from 1 in their order.
 */
#include "formats/btf.h"

#include "base/error.h"
#include "base/reader.h"

#define MAGIC       0xeb9f
#define VERSION     1
#define HEADER_SIZE 24

enum {
	KIND_INT = 1,
	KIND_PTR = 2,
	KIND_ARRAY = 3,
	KIND_STRUCT = 4,
	KIND_UNION = 5,
	KIND_ENUM = 6,
	KIND_FUNC_PROTO = 13,
	KIND_VAR = 14,
	KIND_DATASEC = 15,
	KIND_DECL_TAG = 17,
	KIND_LAST = 19,
	KIND_ENUM64 = 19,
};

#define MEMBER_SIZE 12

struct btf {
	struct span types;
	struct span strings;
	unsigned lookups; /* of types by their number, each of which walks all types */
};

struct btf_type {
	uint32_t name;
	uint8_t kind;
	bool has_bitfields;
	struct span members; /* of a struct or union */
};

static struct span name_at(const struct btf *btf, uint32_t offset)
{
	struct span from = span_after(btf->strings, offset);

	return span_first(from, span_find(from, 0));
}

/* What a type's entry is followed by. False for a kind that nobody knows. */
static bool appended_size(uint32_t info, size_t *out)
{
	size_t count = info & 0xffff;

	switch (info >> 24 & 0x1f) {
	case KIND_INT:
	case KIND_VAR:
	case KIND_DECL_TAG:
		*out = 4;
		return true;
	case KIND_ARRAY:
		*out = 12;
		return true;
	case KIND_STRUCT:
	case KIND_UNION:
	case KIND_DATASEC:
	case KIND_ENUM64:
		*out = count * MEMBER_SIZE;
		return true;
	case KIND_ENUM:
	case KIND_FUNC_PROTO:
		*out = count * 8;
		return true;
	default:
		*out = 0;
		return (info >> 24 & 0x1f) < KIND_LAST;
	}
}

static bool next_type(struct reader *r, struct btf_type *out)
{
	size_t size = 0;
	uint32_t info;

	if (reader_left(r) == 0) {
		return false;
	}
	out->name = reader_le32(r);
	info = reader_le32(r);
	(void)reader_le32(r); /* a size or a type */
	if (!appended_size(info, &size)) {
		reader_fail(r);
	}
	out->kind = info >> 24 & 0x1f;
	out->has_bitfields = info >> 31 != 0;
	out->members = reader_bytes(r, size);
	return reader_ok(r);
}

static bool type_by_number(const struct btf *btf, uint32_t number, struct btf_type *out)
{
	struct reader r = reader_over(btf->types);

	for (uint32_t i = 1; next_type(&r, out); i++) {
		if (i == number) {
			return true;
		}
	}
	return false;
}

/* depth: how many nameless ones may still be entered. */
static bool find_member(struct btf *btf, const struct btf_type *type, const char *name,
			unsigned depth, uint32_t *out_bits)
{
	struct reader r = reader_over(type->members);

	while (reader_left(&r) >= MEMBER_SIZE) {
		struct span member = name_at(btf, reader_le32(&r));
		uint32_t number = reader_le32(&r);
		uint32_t bits = reader_le32(&r);
		struct btf_type inner;
		uint32_t within;

		bits = type->has_bitfields ? bits & 0xffffff : bits;
		if (span_is(member, name)) {
			*out_bits = bits;
			return true;
		}
		if (member.len == 0 && depth > 0 && btf->lookups++ < BTF_LOOKUPS_MAX &&
		    type_by_number(btf, number, &inner) &&
		    (inner.kind == KIND_STRUCT || inner.kind == KIND_UNION) &&
		    find_member(btf, &inner, name, depth - 1, &within)) {
			*out_bits = bits + within;
			return true;
		}
	}
	return false;
}

static int open_file(struct span file, struct btf *out)
{
	struct reader r = reader_over(file);
	uint16_t magic = reader_le16(&r);
	uint8_t version = reader_u8(&r);
	uint32_t header_len;
	uint32_t type_at;
	uint32_t type_len;
	uint32_t string_at;
	uint32_t string_len;
	struct span body;

	(void)reader_u8(&r); /* flags */
	header_len = reader_le32(&r);
	type_at = reader_le32(&r);
	type_len = reader_le32(&r);
	string_at = reader_le32(&r);
	string_len = reader_le32(&r);
	if (!reader_ok(&r) || magic != MAGIC || version != VERSION || header_len < HEADER_SIZE ||
	    header_len > file.len) {
		return ERR_MALFORMED;
	}
	body = span_after(file, header_len);
	if ((uint64_t)type_at + type_len > body.len ||
	    (uint64_t)string_at + string_len > body.len) {
		return ERR_MALFORMED;
	}
	out->types = span_first(span_after(body, type_at), type_len);
	out->strings = span_first(span_after(body, string_at), string_len);
	out->lookups = 0;
	return 0;
}

int btf_find(struct span file, struct btf_member *wanted, size_t count)
{
	struct btf_type type;
	struct reader r;
	struct btf btf;
	int error = open_file(file, &btf);

	if (error != 0) {
		return error;
	}
	r = reader_over(btf.types);
	while (next_type(&r, &type)) {
		struct span name;

		if (type.kind != KIND_STRUCT || type.members.len == 0) {
			continue;
		}
		name = name_at(&btf, type.name);
		for (size_t i = 0; i < count; i++) {
			uint32_t bits;

			if (!wanted[i].is_found && span_is(name, wanted[i].of) &&
			    find_member(&btf, &type, wanted[i].member, BTF_DEPTH_MAX, &bits)) {
				wanted[i].is_found = true;
				wanted[i].offset = bits / 8;
			}
		}
	}
	return reader_ok(&r) ? 0 : ERR_MALFORMED;
}
