/* fixture.c - for tests only. */
#include "formats/fixture.h"

#include "base/mem.h"

#define FIXTURES_MAX   64
#define SIZE_MAX_BYTES (4 << 20)

static void *held[FIXTURES_MAX];
static size_t held_count;

static void release(void)
{
	for (size_t i = 0; i < held_count; i++) {
		free(held[i]);
	}
}

struct span fixture(const char *path)
{
	char full[1024];
	uint8_t *bytes = malloc(SIZE_MAX_BYTES);
	FILE *f;
	size_t len;

	snprintf(full, sizeof full, "%s/%s", FIXTURES, path);
	f = fopen(full, "rb");
	if (f == NULL || bytes == NULL || held_count == FIXTURES_MAX) {
		fprintf(stderr, "%s cannot be read\n", full);
		exit(1);
	}
	len = fread(bytes, 1, SIZE_MAX_BYTES, f);
	fclose(f);
	bytes = realloc(bytes, len > 0 ? len : 1);
	if (held_count == 0) {
		atexit(release);
	}
	held[held_count++] = bytes;
	return (struct span){ bytes, len };
}

void fixture_truncate(struct span good, void (*parse)(struct span part))
{
	for (size_t len = 0; len < good.len; len++) {
		uint8_t *part = malloc(len > 0 ? len : 1);

		if (part == NULL) {
			abort();
		}
		mem_copy(part, good.ptr, len);
		parse((struct span){ part, len });
		free(part);
	}
}

const char *fixture_text(struct span bytes)
{
	static char text[FIXTURE_TEXT_MAX];
	size_t len = bytes.len < sizeof text - 1 ? bytes.len : sizeof text - 1;

	mem_copy(text, bytes.ptr, len);
	text[len] = '\0';
	return text;
}
