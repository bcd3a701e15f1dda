/* served_listeners.c - two lists: that of the last walk, and that of the walk at hand. */
#include "agent/served_listeners.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/alloc.h"

struct list {
	struct served_listener *items;
	size_t count;
};

struct served_listeners {
	struct list known;
	struct list found;
	bool has_changed;
};

struct served_listeners *served_listeners_new(void)
{
	return alloc_zeroed(1, sizeof(struct served_listeners));
}

void served_listeners_free(struct served_listeners **served)
{
	if (*served != NULL) {
		free((*served)->known.items);
		free((*served)->found.items);
		free(*served);
		*served = NULL;
	}
}

void served_listeners_begin(struct served_listeners *s)
{
	s->found.count = 0;
}

void served_listeners_add(struct served_listeners *s, struct span process, struct span address,
			  uint16_t port)
{
	struct served_listener *item;
	bool is_v6 = span_find(address, ':') < address.len;

	if (s->found.count == SERVED_LISTENERS_MAX) {
		return;
	}
	if (s->found.count % 16 == 0) {
		s->found.items =
			alloc_resize(s->found.items, s->found.count + 16, sizeof *s->found.items);
	}
	item = &s->found.items[s->found.count++];
	memset(item, 0, sizeof *item); /* compared whole */
	snprintf(item->process, sizeof item->process, "%.*s",
		 (int)span_first(process, sizeof item->process).len, (const char *)process.ptr);
	snprintf(item->text, sizeof item->text, "%s %s%.*s%s:%u", item->process, is_v6 ? "[" : "",
		 (int)span_first(address, SERVED_TEXT_SIZE).len, (const char *)address.ptr,
		 is_v6 ? "]" : "", port);
}

void served_listeners_end(struct served_listeners *s)
{
	struct list before = s->known;

	if (s->found.count == before.count &&
	    (before.count == 0 ||
	     memcmp(s->found.items, before.items, before.count * sizeof *before.items) == 0)) {
		return;
	}
	s->known = s->found;
	s->found = before;
	s->has_changed = true;
}

const struct served_listener *served_listeners_all(const struct served_listeners *s,
						   size_t *out_count)
{
	*out_count = s->known.count;
	return s->known.items;
}

bool served_listeners_take_change(struct served_listeners *s)
{
	bool has_changed = s->has_changed;

	s->has_changed = false;
	return has_changed;
}
