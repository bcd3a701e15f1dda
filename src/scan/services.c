/* services.c - one allocation a service: length, then bytes. */
#include "scan/services.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sys/alloc.h"

struct kept {
	uint8_t *bytes;
	uint32_t len;
};

struct services {
	struct kept *rows;
	size_t capacity;
	size_t count;
};

struct services *services_new(void)
{
	return alloc_zeroed(1, sizeof(struct services));
}

void services_free(struct services **services)
{
	struct services *s = *services;

	*services = NULL;
	if (s == NULL) {
		return;
	}
	for (size_t i = 0; i < s->capacity; i++) {
		free(s->rows[i].bytes);
	}
	free(s->rows);
	free(s);
}

static void grow(struct services *s, size_t row)
{
	size_t capacity = s->capacity < 256 ? 256 : s->capacity;

	while (capacity <= row) {
		capacity *= 2;
	}
	s->rows = alloc_resize(s->rows, capacity, sizeof *s->rows);
	for (size_t i = s->capacity; i < capacity; i++) {
		s->rows[i] = (struct kept){ NULL, 0 };
	}
	s->capacity = capacity;
}

void services_put(struct services *s, size_t row, struct span packed)
{
	struct kept *kept;

	if (row >= s->capacity) {
		grow(s, row);
	}
	kept = &s->rows[row];
	s->count += kept->bytes == NULL ? 1 : 0;
	kept->bytes = alloc_resize(kept->bytes, packed.len + 1, 1);
	mem_copy(kept->bytes, packed.ptr, packed.len);
	kept->len = (uint32_t)packed.len;
}

bool services_has(const struct services *s, size_t row)
{
	return row < s->capacity && s->rows[row].bytes != NULL;
}

struct span services_packed(const struct services *s, size_t row)
{
	return services_has(s, row) ? (struct span){ s->rows[row].bytes, s->rows[row].len }
				    : (struct span){ NULL, 0 };
}

bool services_get(const struct services *s, size_t row, struct service *out)
{
	return services_has(s, row) && service_unpack(services_packed(s, row), out) == 0;
}

size_t services_count(const struct services *s)
{
	return s->count;
}
