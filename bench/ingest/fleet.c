/* fleet.c - rows like those of real machines. */
#include "fleet.h"

#include <stdlib.h>

#include "base/mem.h"
#include "schema/schema.h"
#include "sys/alloc.h"

/* Bytes for one image's rows of one table, ample: a package's row has about 130. */
#define ROW_ROOM 256

struct image_table {
	struct fleet_rows rows;
	struct span *spans;
	struct rowhash *hashes;
	uint32_t *by_hash;
	uint8_t *bytes;
};

struct fleet {
	struct image_table tables[FLEET_IMAGES][FLEET_TABLES];
};

static struct span number_text(const char *prefix, uint64_t number, const char *suffix,
			       struct writer *w)
{
	size_t mark = writer_used(w);

	writer_text(w, prefix);
	writer_decimal(w, number);
	writer_text(w, suffix);
	return span_after(writer_span(w), mark);
}

static void encode(const struct row *row, struct writer *out)
{
	if (row_encode(row, out) != 0) {
		abort(); /* the room is ours to know */
	}
}

static void write_package(const char *prefix, uint64_t number, uint64_t version, uint64_t size,
			  struct writer *out)
{
	uint8_t text[256];
	struct writer w = writer_over(text, sizeof text);
	struct row row;

	row_init(&row, schema_by_number(TABLE_PACKAGES));
	row_set_text(&row, PACKAGES_MANAGER, span_of("dpkg"));
	row_set_text(&row, PACKAGES_NAME, number_text(prefix, number, "", &w));
	row_set_text(&row, PACKAGES_VERSION, number_text("1:", version, "-1~deb12u1", &w));
	row_set_text(&row, PACKAGES_ARCHITECTURE, span_of(number % 3 == 0 ? "all" : "amd64"));
	row_set_text(&row, PACKAGES_STATUS, span_of("installed"));
	row_set_text(&row, PACKAGES_SOURCE, number_text("source-", number / 3, "", &w));
	row_set_text(&row, PACKAGES_SOURCE_VERSION, number_text("1:", version, "-1~deb12u1", &w));
	row_set_text(&row, PACKAGES_SECTION, span_of(number % 2 == 0 ? "libs" : "utils"));
	row_set_text(&row, PACKAGES_VENDOR, span_of("Debian Team <team@packages.example.org>"));
	row_set_integer(&row, PACKAGES_SIZE_BYTES, (int64_t)size * 1024);
	encode(&row, out);
}

static void write_service(uint64_t number, struct writer *out)
{
	uint8_t text[256];
	struct writer w = writer_over(text, sizeof text);
	struct row row;

	row_init(&row, schema_by_number(TABLE_SERVICES));
	row_set_text(&row, SERVICES_NAME, number_text("unit-", number, ".service", &w));
	row_set_text(&row, SERVICES_TYPE, span_of("service"));
	row_set_text(&row, SERVICES_DESCRIPTION, number_text("Does thing ", number, "", &w));
	row_set_text(&row, SERVICES_STATE, span_of(number % 4 == 0 ? "enabled" : "static"));
	row_set_text(&row, SERVICES_EXEC, number_text("/usr/sbin/unit-", number, " -D", &w));
	row_set_text(&row, SERVICES_PATH,
		     number_text("/usr/lib/systemd/system/unit-", number, ".service", &w));
	encode(&row, out);
}

static void write_user(uint64_t number, struct writer *out)
{
	uint8_t text[256];
	struct writer w = writer_over(text, sizeof text);
	struct row row;

	row_init(&row, schema_by_number(TABLE_USERS));
	row_set_text(&row, USERS_NAME, number_text("user", number, "", &w));
	row_set_integer(&row, USERS_UID, (int64_t)number);
	row_set_integer(&row, USERS_GID, (int64_t)number);
	row_set_text(&row, USERS_HOME, number_text("/home/user", number, "", &w));
	row_set_text(&row, USERS_SHELL, span_of("/usr/sbin/nologin"));
	encode(&row, out);
}

static void write_shared(unsigned image, unsigned index, size_t number, struct writer *out)
{
	if (index == 0) {
		write_package("package-", number, number % FLEET_IMAGES == 0 ? 100 + image : 7,
			      number, out);
	} else if (index == 1) {
		write_service(number, out);
	} else {
		write_user(number, out);
	}
}

/* The array that qsort's callback compares through, passed by qsort_r. */
static int by_hash(const void *a, const void *b, void *hashes)
{
	const struct rowhash *all = hashes;

	return rowhash_compare(&all[*(const uint32_t *)a], &all[*(const uint32_t *)b]);
}

static void fill(struct image_table *t, unsigned image, unsigned index, uint16_t table,
		 size_t count)
{
	struct writer w;

	t->spans = alloc_zeroed(count, sizeof *t->spans);
	t->hashes = alloc_zeroed(count, sizeof *t->hashes);
	t->by_hash = alloc_zeroed(count, sizeof *t->by_hash);
	t->bytes = alloc_zeroed(count, ROW_ROOM);
	t->rows = (struct fleet_rows){ table, count, t->spans, t->hashes, t->by_hash, { 0, 0 } };
	/* row_encode wants room for the longest row, so each is written apart and copied */
	for (size_t i = 0; i < count; i++) {
		uint8_t room[ROW_BYTES_MAX];

		w = writer_over(room, sizeof room);
		write_shared(image, index, i, &w);
		if (writer_used(&w) > ROW_ROOM) {
			abort();
		}
		mem_copy(t->bytes + i * ROW_ROOM, room, writer_used(&w));
		t->spans[i] = (struct span){ t->bytes + i * ROW_ROOM, writer_used(&w) };
		t->hashes[i] = rowhash_of(table, t->spans[i]);
		t->by_hash[i] = (uint32_t)i;
		digest_add(&t->rows.digest, &t->hashes[i]);
	}
	qsort_r(t->by_hash, count, sizeof *t->by_hash, by_hash, t->hashes);
}

struct fleet *fleet_new(void)
{
	static const uint16_t tables[FLEET_TABLES] = { TABLE_PACKAGES, TABLE_SERVICES,
						       TABLE_USERS };
	static const size_t counts[FLEET_TABLES] = { FLEET_PACKAGES, FLEET_SERVICES, FLEET_USERS };
	struct fleet *fleet = alloc_zeroed(1, sizeof *fleet);

	for (unsigned image = 0; image < FLEET_IMAGES; image++) {
		for (unsigned i = 0; i < FLEET_TABLES; i++) {
			fill(&fleet->tables[image][i], image, i, tables[i], counts[i]);
		}
	}
	return fleet;
}

void fleet_free(struct fleet **fleet)
{
	if (*fleet == NULL) {
		return;
	}
	for (unsigned image = 0; image < FLEET_IMAGES; image++) {
		for (unsigned i = 0; i < FLEET_TABLES; i++) {
			struct image_table *t = &(*fleet)->tables[image][i];

			free(t->spans);
			free(t->hashes);
			free(t->by_hash);
			free(t->bytes);
		}
	}
	free(*fleet);
	*fleet = NULL;
}

const struct fleet_rows *fleet_rows(const struct fleet *fleet, unsigned image, unsigned index)
{
	return &fleet->tables[image % FLEET_IMAGES][index].rows;
}

struct span fleet_find(const struct fleet_rows *rows, const struct rowhash *hash)
{
	size_t low = 0;
	size_t high = rows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t at = rows->by_hash[middle];
		int order = rowhash_compare(&rows->hashes[at], hash);

		if (order == 0) {
			return rows->rows[at];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return (struct span){ NULL, 0 };
}

void fleet_own_package(uint32_t sensor, unsigned slot, uint32_t version, struct writer *out)
{
	bool is_own = slot % 2 == 1;

	/* even slots start apart (version 0 is the sensor's own) and meet as they are upgraded */
	write_package("extra-", slot, version, is_own || version == 0 ? 1000 + sensor : 1, out);
}
