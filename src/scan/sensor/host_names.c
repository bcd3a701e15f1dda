/* host_names.c - few and small: searched through. */
#include "scan/sensor/host_names.h"

#include "base/mem.h"

#define NAME_MAX (HOST_NAME_SIZE - 1)

static bool may_stand(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Its length in out, without a dot at the end; 0 for what is no name. An address is none. */
static size_t fold(struct span name, char out[NAME_MAX])
{
	bool has_letter = false;
	bool is_label = false; /* not at the beginning of one */

	if (name.len > 0 && name.ptr[name.len - 1] == '.') {
		name.len--;
	}
	if (name.len == 0 || name.len > NAME_MAX) {
		return 0;
	}
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];

		c = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
		if (c == '.' ? !is_label : !may_stand(c)) {
			return 0;
		}
		is_label = c != '.';
		has_letter = has_letter || (c >= 'a' && c <= 'z');
		out[i] = (char)c;
	}
	return has_letter ? name.len : 0;
}

void host_names_add(struct host_names *names, struct span name)
{
	char folded[NAME_MAX];
	struct span one = { (const uint8_t *)folded, fold(name, folded) };

	if (one.len == 0 || names->count == HOST_NAMES_MAX ||
	    names->used + one.len + 1 > sizeof names->text) {
		return;
	}
	for (size_t i = 0; i < names->count; i++) {
		if (span_equal(host_names_at(names, i), one)) {
			return;
		}
	}
	mem_copy(names->text + names->used, folded, one.len);
	names->used = (uint16_t)(names->used + one.len + 1);
	names->text[names->used - 1] = '\0';
	names->count++;
}

void host_names_add_all(struct host_names *names, const struct host_names *more)
{
	for (size_t i = 0; i < more->count; i++) {
		host_names_add(names, host_names_at(more, i));
	}
}

struct span host_names_at(const struct host_names *names, size_t n)
{
	struct reader r = reader_over((struct span){ (const uint8_t *)names->text, names->used });

	for (size_t i = 0; i < n && reader_ok(&r); i++) {
		(void)reader_until(&r, '\0');
	}
	return n < names->count ? reader_until(&r, '\0') : (struct span){ NULL, 0 };
}

bool host_names_equal(const struct host_names *a, const struct host_names *b)
{
	return a->count == b->count && a->used == b->used &&
	       mem_compare(a->text, b->text, a->used) == 0;
}

void host_names_write(const struct host_names *names, struct writer *out)
{
	writer_be16(out, names->count);
	for (size_t i = 0; i < names->count; i++) {
		struct span name = host_names_at(names, i);

		writer_be16(out, (uint16_t)name.len);
		writer_bytes(out, name);
	}
}

void host_names_read(struct reader *r, struct host_names *out)
{
	uint16_t count = reader_be16(r);

	*out = (struct host_names){ .count = 0 };
	if (count > HOST_NAMES_MAX) {
		reader_fail(r);
	}
	for (unsigned i = 0; i < count && reader_ok(r); i++) {
		host_names_add(out, reader_bytes(r, reader_be16(r)));
	}
}
