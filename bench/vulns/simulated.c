/*
 * simulated.c - a distribution's feed and a fleet of it, made up at the rates of real ones.
 *
 * Measured with `python3 tests/scenarios/vulnerabilities_oracle.py` (its notes name packages and
 * findings of each tree, the same as debsecan's) on bookworm's own packages and advisories:
 *
 *   tree                         packages   findings without the kernel   packages that have any
 *   up to date, a workhorse           380    138   0.36 a package          97   26 %
 *   trixie's, newer than any fix      163     98   0.60 a package          55   34 %
 *   as released, a web server         184    418   2.27 a package          61   33 %
 *   this kind of build host          1012    955   0.94 a package         211   21 %
 *
 * and the kernel besides: 5 for each of its packages up to date, 1,350 never upgraded. So: three
 * sources in ten have advisories that matter, of those one in two has some that stay open, and
 * all of them some that upgrades mend, one in ten very many. Most advisories are older than any
 * version that is installed. Of the fleet 60 % are up to date, 20 and 12 % miss upgrades of five
 * and ten months, 6 % of almost two years, 2 % were never upgraded.
 */
#include "simulated.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "server/feeds/knowledge_builder.h"
#include "sys/alloc.h"
#include "sys/buffer.h"

/* Packages in the distribution; source packages have three binaries each. Source 0 is the kernel.
 */
#define SOURCES        4000
#define SOURCE_MEMBERS 3
#define AGES           8
#define ROLES          24
#define OWN            6 /* packages that no other asset has */

/* Every asset has the sources below, then its role's. */
#define BASE_SOURCES 200

/* Packages of a role of which something runs, and among them those that listen. */
#define UNJUDGED    50 /* one asset of so many runs what no feed speaks of */
#define MODULES     20 /* of a language, an asset */
#define MODULES_ALL 20000

#define RUNNING   90
#define LISTENING 12

#define KERNEL_MENDED 1345
#define KERNEL_OPEN   5

struct random {
	uint64_t state;
};

/* xorshift64* (Vigna 2016) */
static unsigned pick(struct random *r, unsigned below)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (unsigned)((r->state * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

void must(int error, const struct why *why)
{
	if (error != 0) {
		fprintf(stderr, "bench-vulns: %s\n", why->text);
		exit(1);
	}
}

/* --- names --- */

/* A source's version n: a fix raises it. */
static void version_text(char *out, size_t size, unsigned source, unsigned n)
{
	snprintf(out, size, "%u.%u.%u-1+deb12u%u", 1 + source % 5, source % 11, source % 7, n);
}

static void source_text(char *out, size_t size, unsigned source)
{
	if (source == 0) {
		snprintf(out, size, "linux");
	} else {
		snprintf(out, size, "source-%u", source);
	}
}

/* The first member of the kernel's source is the one that runs, of each age another package. */
static void package_text(char *out, size_t size, unsigned source, unsigned member, unsigned n)
{
	if (source == 0 && member == 0) {
		snprintf(out, size, "linux-image-6.1.0-%u-amd64", n);
	} else {
		snprintf(out, size, "package-%u-%u", source, member);
	}
}

/* --- the feed --- */

struct feed {
	struct knowledge_builder *builder;
	struct random random;
	unsigned count;
};

/* One more advisory of a source, mended in its version `fixed` (0: before all), or not yet. */
static void add_advisory(struct feed *feed, unsigned source, unsigned fixed, bool is_mended)
{
	char id[32];
	char package[32];
	char version[48];
	struct knowledge_range range = { .is_last_affected = false };
	struct knowledge_record record = {
		.stream = span_of("debian:12"),
		.feed = span_of("debian"),
		.quote = span_of("{\"status\":\"resolved\"}"),
		.ranges = &range,
		.range_count = 1,
	};
	struct knowledge_vulnerability facts;

	snprintf(id, sizeof id, "CVE-%u-%05u", 2015 + feed->count % 11, feed->count);
	feed->count++;
	source_text(package, sizeof package, source);
	version_text(version, sizeof version, source, fixed);
	range.fixed = is_mended ? span_of(version) : (struct span){ NULL, 0 };
	record.id = span_of(id);
	record.package = span_of(package);
	must(knowledge_builder_entry(feed->builder, &record),
	     &(struct why){ "an entry was refused" });
	facts = knowledge_no_facts(record.id);
	facts.score_tenths = 30 + (int)pick(&feed->random, 70);
	facts.epss_millionths =
		pick(&feed->random, 100) == 0 ? 600000 : (int)pick(&feed->random, 20000);
	facts.is_exploited = pick(&feed->random, 200) == 0;
	must(knowledge_builder_facts(feed->builder, &facts), &(struct why){ "facts were refused" });
}

static void add_advisories(struct feed *feed, unsigned source)
{
	unsigned open = source == 0 ? KERNEL_OPEN : pick(&feed->random, 2) * 3;
	unsigned mended = pick(&feed->random, 10) == 0 ? 20 + pick(&feed->random, 40)
						       : pick(&feed->random, 4);

	mended = source == 0 ? KERNEL_MENDED : mended;
	for (unsigned i = 0; i < open; i++) {
		add_advisory(feed, source, 0, false);
	}
	for (unsigned i = 0; i < mended; i++) {
		add_advisory(feed, source, 1 + pick(&feed->random, AGES - 1), true);
	}
}

struct knowledge *simulated_feed(unsigned advisories, unsigned added, uint64_t generation)
{
	struct feed feed = { knowledge_builder_new(), { 7 }, 0 };
	struct knowledge *knowledge;
	struct why why;

	for (unsigned source = 0; source < SOURCES; source++) {
		if (source == 0 || pick(&feed.random, 10) < 3) {
			add_advisories(&feed, source);
		}
	}
	while (feed.count < advisories) {
		add_advisory(&feed, pick(&feed.random, SOURCES), 0, true);
	}
	for (unsigned i = 0; i < added; i++) {
		add_advisory(&feed, pick(&feed.random, SOURCES), AGES, true);
	}
	must(knowledge_builder_open(feed.builder, generation, &knowledge, &why), &why);
	knowledge_builder_free(&feed.builder);
	return knowledge;
}

/* --- rows --- */

struct hashed {
	struct rowhash hash;
	uint32_t offset;
	uint32_t len;
};

/* Those of one table of one asset. */
struct rows {
	struct hashed *items;
	size_t count;
	size_t capacity;
	struct buffer bytes;
	struct buffer hashes; /* the batch's lists */
	struct buffer list;
};

static void add_row(struct rows *rows, const struct row *row)
{
	uint8_t room[1024];
	struct writer w = writer_over(room, sizeof room);

	must(row_encode(row, &w), &(struct why){ "a row is too large" });
	if (rows->count == rows->capacity) {
		rows->capacity = 2 * rows->capacity + 64;
		rows->items = alloc_resize(rows->items, rows->capacity, sizeof *rows->items);
	}
	rows->items[rows->count++] = (struct hashed){
		.hash = rowhash_of(row->table->number, writer_span(&w)),
		.offset = (uint32_t)buffer_span(&rows->bytes).len,
		.len = (uint32_t)writer_used(&w),
	};
	must(buffer_append(&rows->bytes, writer_span(&w)), &(struct why){ "out of room" });
}

static int by_hash(const void *a, const void *b)
{
	return rowhash_compare(&((const struct hashed *)a)->hash,
			       &((const struct hashed *)b)->hash);
}

/* One table of an asset, whole, as an enrolling sensor sends it. Rows are dropped afterwards. */
static void apply(struct inventory *inv, uint32_t asset, uint16_t table, struct rows *rows)
{
	struct message_batch batch = { .table = table, .seq = 1, .mode = BATCH_RANGE };
	struct inventory_result result;
	struct why why;

	buffer_clear(&rows->hashes);
	buffer_clear(&rows->list);
	qsort(rows->items, rows->count, sizeof *rows->items, by_hash);
	for (size_t i = 0; i < rows->count; i++) {
		const struct hashed *row = &rows->items[i];
		struct span bytes =
			span_first(span_after(buffer_span(&rows->bytes), row->offset), row->len);
		struct writer w =
			writer_over(buffer_reserve(&rows->list, bytes.len + 8), bytes.len + 8);

		must(buffer_append(&rows->hashes, (struct span){ row->hash.bytes, ROWHASH_SIZE }),
		     &(struct why){ "out of room" });
		row_list_append(&w, bytes);
		buffer_grow(&rows->list, writer_used(&w));
	}
	for (size_t i = 0; i < ROWHASH_SIZE; i++) {
		batch.high.bytes[i] = 255;
	}
	batch.adds.bytes = buffer_span(&rows->hashes);
	batch.rows = (struct row_list){ buffer_span(&rows->list), rows->count };
	must(inventory_apply(inv, asset, &batch, 1000, &result, &why), &why);
	if (result.outcome != INVENTORY_APPLIED) {
		must(ERR_CONFLICT, &(struct why){ "a batch was not applied" });
	}
	rows->count = 0;
	buffer_clear(&rows->bytes);
}

static void add_text_row(struct rows *rows, uint16_t table, const unsigned *columns,
			 const char *const *texts, size_t count)
{
	struct row row;

	row_init(&row, schema_by_number(table));
	for (size_t i = 0; i < count; i++) {
		row_set_text(&row, columns[i], span_of(texts[i]));
	}
	add_row(rows, &row);
}

/* --- the fleet --- */

struct simulated_asset {
	unsigned number;
	unsigned role;
	unsigned age; /* the version of its packages */
};

/* Of fifty assets of one role. */
static unsigned age_of(unsigned n)
{
	static const struct {
		unsigned upto;
		unsigned age;
	} ages[] = { { 30, 7 }, { 40, 6 }, { 46, 5 }, { 49, 3 }, { 50, 0 } };
	size_t i = 0;

	while (n % 50 >= ages[i].upto) {
		i++;
	}
	return ages[i].age;
}

/* The asset's i-th source: what all have, then a walk of its role's own. */
static unsigned source_of(const struct simulated_asset *a, unsigned i)
{
	return i < BASE_SOURCES ? i
				: BASE_SOURCES + (a->role * 151 + (i - BASE_SOURCES) * 3) %
							 (SOURCES - BASE_SOURCES);
}

static void add_package(struct rows *rows, const char *name, unsigned source, unsigned age)
{
	static const unsigned columns[] = { PACKAGES_MANAGER,       PACKAGES_NAME,
					    PACKAGES_VERSION,       PACKAGES_ARCHITECTURE,
					    PACKAGES_STATUS,        PACKAGES_SOURCE,
					    PACKAGES_SOURCE_VERSION };
	char version[48];
	char from[32];

	version_text(version, sizeof version, source, age);
	source_text(from, sizeof from, source);
	add_text_row(
		rows, TABLE_PACKAGES, columns,
		(const char *const[]){ "dpkg", name, version, "amd64", "installed", from, version },
		COUNT_OF(columns));
}

static void add_packages(struct rows *rows, const struct simulated_asset *a, unsigned packages)
{
	char name[48];

	for (unsigned i = 0; i < packages - OWN; i++) {
		unsigned source = source_of(a, i / SOURCE_MEMBERS);

		package_text(name, sizeof name, source, i % SOURCE_MEMBERS, a->age);
		add_package(rows, name, source, a->age);
	}
	for (unsigned i = 0; i < OWN; i++) {
		snprintf(name, sizeof name, "own-%u-%u", a->number, i);
		add_package(rows, name, SOURCES + i, 0);
	}
}

/* Programs that run, each of another source; the first ones listen, half of them on loopback. */
static void add_use(struct inventory *inv, struct rows *rows, const struct simulated_asset *a)
{
	static const unsigned use_columns[] = { PACKAGE_USE_MANAGER, PACKAGE_USE_PACKAGE,
						PACKAGE_USE_EXECUTABLE };
	static const unsigned listener_columns[] = { LISTENERS_PROTOCOL, LISTENERS_ADDRESS,
						     LISTENERS_EXECUTABLE };
	char name[48];
	char program[64];

	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < (pass == 0 ? RUNNING : LISTENING); i++) {
			package_text(name, sizeof name, source_of(a, 1 + i * 5), 0, a->age);
			snprintf(program, sizeof program, "/usr/sbin/%s", name);
			if (pass == 0) {
				add_text_row(rows, TABLE_PACKAGE_USE, use_columns,
					     (const char *const[]){ "dpkg", name, program }, 3);
			} else {
				add_text_row(rows, TABLE_LISTENERS, listener_columns,
					     (const char *const[]){
						     "tcp", i % 2 == 0 ? "0.0.0.0" : "127.0.0.1",
						     program },
					     3);
			}
		}
		apply(inv, a->number, pass == 0 ? TABLE_PACKAGE_USE : TABLE_LISTENERS, rows);
	}
}

/* Of a language that no feed speaks of. */
static void add_modules(struct inventory *inv, struct rows *rows, const struct simulated_asset *a)
{
	static const unsigned columns[] = { LANGUAGE_PACKAGES_ECOSYSTEM, LANGUAGE_PACKAGES_NAME,
					    LANGUAGE_PACKAGES_VERSION, LANGUAGE_PACKAGES_PATH };
	char name[32];
	char path[64];

	for (unsigned i = 0; i < MODULES; i++) {
		snprintf(name, sizeof name, "module-%u", (a->number * 31 + i * 7) % MODULES_ALL);
		snprintf(path, sizeof path, "/srv/%s/package.json", name);
		add_text_row(rows, TABLE_LANGUAGE_PACKAGES, columns,
			     (const char *const[]){ "npm", name, "1.0.0", path },
			     COUNT_OF(columns));
	}
	apply(inv, a->number, TABLE_LANGUAGE_PACKAGES, rows);
}

static void add_system(struct inventory *inv, struct rows *rows, const struct simulated_asset *a)
{
	static const unsigned columns[] = { OS_ID, OS_VERSION_ID, OS_CODENAME, OS_HOSTNAME };
	char release[32];
	char hostname[32];
	struct row kernel;

	snprintf(hostname, sizeof hostname, "host-%u", a->number);
	add_text_row(rows, TABLE_OS, columns,
		     (const char *const[]){ "debian", a->number % UNJUDGED == 0 ? "4" : "12",
					    "bookworm", hostname },
		     COUNT_OF(columns));
	apply(inv, a->number, TABLE_OS, rows);
	snprintf(release, sizeof release, "6.1.0-%u-amd64", a->age);
	row_init(&kernel, schema_by_number(TABLE_KERNEL));
	row_set_text(&kernel, KERNEL_RELEASE, span_of(release));
	row_set_boolean(&kernel, KERNEL_IS_RUNNING, true);
	add_row(rows, &kernel);
	apply(inv, a->number, TABLE_KERNEL, rows);
}

void simulated_fleet(struct inventory *inv, unsigned assets, unsigned packages)
{
	struct rows rows = { .count = 0 };
	struct why why;

	buffer_init(&rows.bytes, 4u << 20);
	buffer_init(&rows.hashes, 1u << 20);
	buffer_init(&rows.list, 4u << 20);
	for (unsigned i = 0; i < assets; i++) {
		struct simulated_asset a = { 0, i % ROLES, age_of(i / ROLES) };
		char id[17];

		snprintf(id, sizeof id, "%016x", i + 1);
		must(inventory_begin(inv, &why), &why);
		must(inventory_asset(inv, id, 1000, &a.number, &why), &why);
		add_system(inv, &rows, &a);
		add_modules(inv, &rows, &a);
		add_use(inv, &rows, &a);
		add_packages(&rows, &a, packages);
		apply(inv, a.number, TABLE_PACKAGES, &rows);
		if (i % 64 == 63) {
			must(inventory_commit(inv, &why), &why);
		}
	}
	must(inventory_commit(inv, &why), &why);
	while (inventory_tidy(inv)) {
	}
	free(rows.items);
	buffer_done(&rows.bytes);
	buffer_done(&rows.hashes);
	buffer_done(&rows.list);
}
