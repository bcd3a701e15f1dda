/* makers.c - the text as it is, and an index of it sorted by prefix. */
#include "scan/makers.h"

#include <stdlib.h>

#include "base/error.h"
#include "formats/oui.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/file.h"

#define LOCALLY_ADMINISTERED 2u

struct makers {
	struct buffer text;
	struct oui *items; /* sorted; names are in the text */
	size_t count;
};

static int by_prefix(const void *a, const void *b)
{
	const struct oui *x = a;
	const struct oui *y = b;

	if (x->bits != y->bits) {
		return x->bits < y->bits ? -1 : 1;
	}
	return x->prefix < y->prefix ? -1 : x->prefix > y->prefix;
}

static void index_text(struct makers *m)
{
	struct reader text = reader_over(buffer_span(&m->text));
	size_t capacity = 0;
	struct oui entry;

	while (oui_next(&text, &entry)) {
		if (m->count == capacity) {
			capacity = capacity == 0 ? 1024 : 2 * capacity;
			m->items = alloc_resize(m->items, capacity, sizeof *m->items);
		}
		m->items[m->count++] = entry;
	}
	if (m->count > 0) {
		qsort(m->items, m->count, sizeof *m->items, by_prefix);
	}
}

static int read_list(const char *path, struct makers **out, struct why *why)
{
	struct makers *m = alloc_zeroed(1, sizeof *m);
	int error;

	buffer_init(&m->text, MAKERS_FILE_MAX);
	error = file_read(path, &m->text);
	if (error != 0) {
		error = why_set(why, error, "the list of makers %.300s cannot be read: %s", path,
				error_text(error));
	} else {
		index_text(m);
	}
	if (error == 0 && m->count == 0) {
		error = why_set(why, ERR_MALFORMED,
				"%.300s is no list of makers: give IEEE's oui.txt or nmap's "
				"nmap-mac-prefixes",
				path);
	}
	if (error != 0) {
		makers_free(&m);
		return error;
	}
	*out = m;
	return 0;
}

int makers_open(const char *path, struct makers **out, struct why *why)
{
	static const char *const usual[] = { "/usr/share/ieee-data/oui.txt",
					     "/var/lib/ieee-data/oui.txt",
					     "/usr/share/nmap/nmap-mac-prefixes" };
	int error = ERR_NOT_FOUND;

	if (path != NULL) {
		return read_list(path, out, why);
	}
	for (size_t i = 0; i < COUNT_OF(usual) && error != 0; i++) {
		error = read_list(usual[i], out, why);
	}
	return error == 0 ? 0 : ERR_NOT_FOUND;
}

void makers_free(struct makers **makers)
{
	if (*makers != NULL) {
		buffer_done(&(*makers)->text);
		free((*makers)->items);
		free(*makers);
		*makers = NULL;
	}
}

struct span makers_find(const struct makers *makers, const uint8_t mac[6])
{
	static const unsigned lengths[] = { 36, 28, 24 };
	uint64_t address = 0;

	for (unsigned i = 0; i < 6; i++) {
		address = address << 8 | mac[i];
	}
	for (size_t i = 0; i < COUNT_OF(lengths) && makers != NULL; i++) {
		struct oui wanted = { .bits = lengths[i],
				      .prefix = address >> (48 - lengths[i]) << (48 - lengths[i]) };
		const struct oui *found = bsearch(&wanted, makers->items, makers->count,
						  sizeof *makers->items, by_prefix);

		if (found != NULL && (mac[0] & LOCALLY_ADMINISTERED) == 0 && address != 0) {
			return found->name;
		}
	}
	return (struct span){ NULL, 0 };
}
