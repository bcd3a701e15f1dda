/*
 * bench_store.c - the inventory beside plain SQLite, doing the same work in one run.
 *
 * Enrolment: each asset brings its packages, most of them known from others. Changes: one package
 * of a random asset gets another version. "Plain" is one wide typed table with the primary key
 * (asset, key columns), upserts through one prepared statement, WAL, synchronous=FULL, commits of
 * the same number of assets; in two layouts, with a rowid and clustered (WITHOUT ROWID). Plain is
 * given decoded values; the inventory decodes and hashes the rows it has to ask for, checks digests
 * and keeps the history.
 */
#include <assert.h>
#include <fcntl.h>
#include <getopt.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "server/inventory/inventory.h"
#include "server/inventory/view.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/clock.h"
#include "wire/row.h"

struct options {
	unsigned assets;
	unsigned rows;  /* of each asset */
	unsigned own;   /* of those, rows that no other asset has */
	unsigned group; /* assets, or changes, a commit */
	unsigned changes;
	const char *folder;
};

/* One asset's packages as they would come over the wire. */
struct package {
	char name[40];
	char version[48];
	char vendor[48];
	struct row row;
	uint8_t bytes[512];
	size_t len;
	struct rowhash hash;
};

/* Time on the wall and of the processor: a busy disk shows in the first only. */
struct stopwatch {
	int64_t wall_us;
	int64_t cpu_us;
};

struct rates {
	double wall; /* a second */
	double cpu;  /* a second of the processor */
};

struct figures {
	struct rates enrol; /* rows */
	struct rates change;
	double bytes;
};

static uint64_t random_state = 42;

/* xorshift64* (Vigna 2016) */
static unsigned pick(unsigned below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

static void must(bool is_true, const char *what)
{
	if (!is_true) {
		fprintf(stderr, "bench-store: %s failed\n", what);
		exit(1);
	}
}

/* Package `index` of an asset in a version; below the shared ones all assets have the same. */
static void make_package(struct package *p, const struct options *o, unsigned asset, unsigned index,
			 unsigned version)
{
	bool is_own = index >= o->rows - o->own;
	struct writer w = writer_over(p->bytes, sizeof p->bytes);

	snprintf(p->name, sizeof p->name, "%s-%u-tools", is_own ? "local" : "libexample", index);
	snprintf(p->version, sizeof p->version, "1:%u.%u.%u-2+deb12u%u", index % 13, index % 7,
		 is_own ? asset : 0, version);
	snprintf(p->vendor, sizeof p->vendor, "Example Maintainers <team-%u@example.org>",
		 index % 40);
	row_init(&p->row, schema_by_number(TABLE_PACKAGES));
	row_set_text(&p->row, PACKAGES_MANAGER, span_of("dpkg"));
	row_set_text(&p->row, PACKAGES_NAME, span_of(p->name));
	row_set_text(&p->row, PACKAGES_VERSION, span_of(p->version));
	row_set_text(&p->row, PACKAGES_ARCHITECTURE, span_of("amd64"));
	row_set_text(&p->row, PACKAGES_STATUS, span_of("installed"));
	row_set_text(&p->row, PACKAGES_SOURCE, span_of(p->name));
	row_set_text(&p->row, PACKAGES_SOURCE_VERSION, span_of(p->version));
	row_set_text(&p->row, PACKAGES_SECTION, span_of("libs"));
	row_set_text(&p->row, PACKAGES_VENDOR, span_of(p->vendor));
	row_set_integer(&p->row, PACKAGES_SIZE_BYTES, 1024 * (1 + index % 5000));
	must(row_encode(&p->row, &w) == 0, "row_encode");
	p->len = writer_used(&w);
	p->hash = rowhash_of(TABLE_PACKAGES, writer_span(&w));
}

static int by_hash(const void *a, const void *b)
{
	return rowhash_compare(&(*(struct package *const *)a)->hash,
			       &(*(struct package *const *)b)->hash);
}

static double seconds_since(int64_t start_us)
{
	return (double)(clock_us() - start_us) / 1e6;
}

static void watch_start(struct stopwatch *w)
{
	w->wall_us -= clock_us();
	w->cpu_us -= clock_cpu_us();
}

static void watch_stop(struct stopwatch *w)
{
	w->wall_us += clock_us();
	w->cpu_us += clock_cpu_us();
}

static struct rates rates_of(const struct stopwatch *w, double count)
{
	return (struct rates){ count * 1e6 / (double)w->wall_us, count * 1e6 / (double)w->cpu_us };
}

static double file_bytes(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (double)status.st_size : 0;
}

static void remove_database(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[512];

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		snprintf(name, sizeof name, "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}

/* --- plain SQLite --- */

struct plain {
	sqlite3 *db;
	sqlite3_stmt *upsert;
};

static void plain_run(struct plain *p, const char *sql)
{
	must(sqlite3_exec(p->db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static void plain_open(struct plain *p, const char *path, bool is_clustered)
{
	const struct table *table = schema_by_number(TABLE_PACKAGES);
	char sql[2048];
	size_t used;

	remove_database(path);
	must(sqlite3_open(path, &p->db) == SQLITE_OK, path);
	plain_run(p, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
		     "PRAGMA wal_autocheckpoint=4096");
	used = (size_t)snprintf(sql, sizeof sql, "CREATE TABLE packages(asset INTEGER");
	for (size_t c = 0; c < table->column_count; c++) {
		used += (size_t)snprintf(
			sql + used, sizeof sql - used, ", %s %s", table->columns[c].name,
			table->columns[c].type == COLUMN_TEXT ? "TEXT" : "INTEGER");
	}
	snprintf(sql + used, sizeof sql - used,
		 ", PRIMARY KEY(asset, manager, name, architecture)) %s",
		 is_clustered ? "WITHOUT ROWID" : "");
	plain_run(p, sql);
	must(sqlite3_prepare_v3(p->db,
				"INSERT INTO packages VALUES(?,?,?,?,?,?,?,?,?,?,?)"
				" ON CONFLICT(asset, manager, name, architecture) DO UPDATE SET"
				" version=excluded.version, status=excluded.status,"
				" source=excluded.source, source_version=excluded.source_version,"
				" section=excluded.section, vendor=excluded.vendor,"
				" size_bytes=excluded.size_bytes",
				-1, SQLITE_PREPARE_PERSISTENT, &p->upsert, NULL) == SQLITE_OK,
	     "prepare");
}

static void plain_upsert(struct plain *p, unsigned asset, const struct package *package)
{
	const struct row *row = &package->row;

	(void)sqlite3_bind_int64(p->upsert, 1, asset);
	for (size_t c = 0; c < row->table->column_count; c++) {
		const struct value *value = &row->values[c];

		if (value->kind == VALUE_TEXT) {
			(void)sqlite3_bind_text64(p->upsert, (int)c + 2,
						  (const char *)value->text.ptr, value->text.len,
						  SQLITE_STATIC, SQLITE_UTF8);
		} else {
			(void)sqlite3_bind_int64(p->upsert, (int)c + 2, value->number);
		}
	}
	must(sqlite3_step(p->upsert) == SQLITE_DONE, "upsert");
	(void)sqlite3_reset(p->upsert);
}

static void plain_close(struct plain *p)
{
	(void)sqlite3_finalize(p->upsert);
	must(sqlite3_wal_checkpoint_v2(p->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
		     SQLITE_OK,
	     "checkpoint");
	(void)sqlite3_close(p->db);
}

static struct rates plain_enrol(struct plain *p, const struct options *o, struct package *packages)
{
	struct stopwatch watch = { 0, 0 };

	for (unsigned a = 1; a <= o->assets; a++) {
		for (unsigned i = o->rows - o->own; i < o->rows; i++) {
			make_package(&packages[i], o, a, i, 0);
		}
		watch_start(&watch);
		if (a % o->group == 1 || o->group == 1) {
			plain_run(p, "BEGIN IMMEDIATE");
		}
		for (unsigned i = 0; i < o->rows; i++) {
			plain_upsert(p, a, &packages[i]);
		}
		if (a % o->group == 0 || a == o->assets) {
			plain_run(p, "COMMIT");
		}
		watch_stop(&watch);
	}
	return rates_of(&watch, (double)o->assets * o->rows);
}

/* The n-th change of a run: which asset, which package, which version. */
static void make_change(const struct options *o, struct package *package, unsigned *asset,
			unsigned *index, unsigned *version)
{
	*asset = 1 + pick(o->assets);
	*index = pick(o->rows - o->own);
	*version = 1 + pick(20);
	make_package(package, o, *asset, *index, *version);
}

static struct rates plain_change(struct plain *p, const struct options *o)
{
	static struct package package;
	struct stopwatch watch = { 0, 0 };

	random_state = 42;
	for (unsigned n = 1; n <= o->changes; n++) {
		unsigned asset;
		unsigned index;
		unsigned version;

		make_change(o, &package, &asset, &index, &version);
		watch_start(&watch);
		if (n % o->group == 1 || o->group == 1) {
			plain_run(p, "BEGIN IMMEDIATE");
		}
		plain_upsert(p, asset, &package);
		if (n % o->group == 0 || n == o->changes) {
			plain_run(p, "COMMIT");
		}
		watch_stop(&watch);
	}
	return rates_of(&watch, o->changes);
}

static void measure_plain(const struct options *o, bool is_clustered, struct package *packages,
			  struct figures *out)
{
	struct plain p;
	char path[256];

	snprintf(path, sizeof path, "%s/plain.db", o->folder);
	plain_open(&p, path, is_clustered);
	for (unsigned i = 0; i < o->rows; i++) {
		make_package(&packages[i], o, 0, i, 0);
	}
	out->enrol = plain_enrol(&p, o, packages);
	(void)sqlite3_wal_checkpoint_v2(p.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	out->bytes = file_bytes(path);
	out->change = plain_change(&p, o);
	plain_close(&p);
	remove_database(path);
}

/* --- the inventory --- */

static void ours(int error, const struct why *why)
{
	must(error == 0, why->text);
}

struct wire {
	struct buffer hashes;
	struct buffer rows;
	struct package **sorted;
};

/* The rows that were asked for, as the sensor would send them. */
static struct row_list answer(struct wire *wire, const struct options *o,
			      const struct rowhash *missing, size_t count)
{
	struct row_list list = { { NULL, 0 }, count };
	size_t at = 0;

	buffer_clear(&wire->rows);
	for (unsigned i = 0; i < o->rows && at < count; i++) {
		const struct package *p = wire->sorted[i];
		uint8_t item[600];
		struct writer w = writer_over(item, sizeof item);

		if (rowhash_equal(&p->hash, &missing[at])) {
			row_list_append(&w, (struct span){ p->bytes, p->len });
			must(buffer_append(&wire->rows, writer_span(&w)) == 0, "buffer");
			at++;
		}
	}
	list.bytes = buffer_span(&wire->rows);
	return list;
}

static struct message_batch make_batch(struct wire *wire, const struct options *o)
{
	struct message_batch batch = {
		.table = TABLE_PACKAGES, .seq = 1, .mode = BATCH_RANGE, .has_digest = true
	};

	qsort(wire->sorted, o->rows, sizeof *wire->sorted, by_hash);
	buffer_clear(&wire->hashes);
	memset(batch.high.bytes, 0xff, sizeof batch.high.bytes);
	for (unsigned i = 0; i < o->rows; i++) {
		const struct rowhash *hash = &wire->sorted[i]->hash;

		must(buffer_append(&wire->hashes,
				   (struct span){ hash->bytes, sizeof hash->bytes }) == 0,
		     "buffer");
		digest_add(&batch.digest, hash);
	}
	batch.adds.bytes = buffer_span(&wire->hashes);
	return batch;
}

static void enrol_one(struct inventory *inv, const struct options *o, struct wire *wire, unsigned a,
		      struct stopwatch *watch)
{
	struct message_batch batch = make_batch(wire, o);
	struct inventory_result result;
	struct why why = { "" };
	char id[INVENTORY_ID_SIZE];
	uint32_t asset;

	watch_start(watch);
	snprintf(id, sizeof id, "%016x", a);
	ours(inventory_begin(inv, &why), &why);
	ours(inventory_asset(inv, id, 1000 + a, &asset, &why), &why);
	ours(inventory_apply(inv, asset, &batch, 1000 + a, &result, &why), &why);
	if (result.outcome == INVENTORY_WANT) {
		struct row_list rows;

		watch_stop(watch); /* answering is the sensor's work */
		rows = answer(wire, o, result.missing, result.missing_count);
		watch_start(watch);
		ours(inventory_intern(inv, TABLE_PACKAGES, rows, result.missing,
				      result.missing_count, &why),
		     &why);
		ours(inventory_apply(inv, asset, &batch, 1000 + a, &result, &why), &why);
	}
	must(result.outcome == INVENTORY_APPLIED && result.added == o->rows, "apply");
	if (a % o->group == 0 || a == o->assets) {
		ours(inventory_commit(inv, &why), &why);
	}
	watch_stop(watch);
}

static struct rates ours_enrol(struct inventory *inv, const struct options *o,
			       struct package *packages)
{
	struct wire wire = { .sorted = alloc_zeroed(o->rows, sizeof(struct package *)) };
	struct stopwatch watch = { 0, 0 };

	buffer_init(&wire.hashes, 1 << 30);
	buffer_init(&wire.rows, 1 << 30);
	for (unsigned a = 1; a <= o->assets; a++) {
		for (unsigned i = 0; i < o->rows; i++) {
			if (i >= o->rows - o->own) {
				make_package(&packages[i], o, a, i, 0);
			}
			wire.sorted[i] = &packages[i];
		}
		enrol_one(inv, o, &wire, a, &watch);
	}
	buffer_done(&wire.hashes);
	buffer_done(&wire.rows);
	free(wire.sorted);
	return rates_of(&watch, (double)o->assets * o->rows);
}

/* Which version of each shared package each asset has, and how far its numbers are. */
struct held_versions {
	uint8_t *versions;
	uint64_t *seqs;
};

static struct rates ours_change(struct inventory *inv, const struct options *o,
				struct held_versions *held)
{
	static struct package before;
	static struct package after;
	struct why why = { "" };
	struct stopwatch watch = { 0, 0 };

	random_state = 42;
	for (unsigned n = 1; n <= o->changes; n++) {
		struct message_batch batch = { .table = TABLE_PACKAGES, .mode = BATCH_DELTA };
		struct inventory_result result;
		uint8_t item[600];
		struct writer w = writer_over(item, sizeof item);
		unsigned asset;
		unsigned index;
		unsigned version;
		uint8_t *old;

		make_change(o, &after, &asset, &index, &version);
		old = &held->versions[(size_t)asset * o->rows + index];
		make_package(&before, o, asset, index, *old);
		row_list_append(&w, (struct span){ after.bytes, after.len });
		batch.seq = ++held->seqs[asset];
		if (*old != version) {
			batch.removes.bytes = (struct span){ before.hash.bytes, ROWHASH_SIZE };
			batch.adds.bytes = (struct span){ after.hash.bytes, ROWHASH_SIZE };
			batch.rows = (struct row_list){ writer_span(&w), 1 };
		}
		*old = (uint8_t)version;
		watch_start(&watch);
		ours(inventory_begin(inv, &why), &why);
		ours(inventory_apply(inv, asset, &batch, 10000000 + n, &result, &why), &why);
		if (n % o->group == 0 || n == o->changes) {
			ours(inventory_commit(inv, &why), &why);
		}
		watch_stop(&watch);
		must(result.outcome == INVENTORY_APPLIED, "apply");
	}
	return rates_of(&watch, o->changes);
}

static bool count_row(void *context, size_t count, const char *const *names,
		      const struct view_value *values)
{
	(void)count;
	(void)names;
	*(uint64_t *)context += values != NULL;
	return true;
}

static void time_query(struct view *view, const char *sql)
{
	struct view_limits limits = { .is_foreign = true };
	struct why why = { "" };
	uint64_t rows = 0;
	int64_t start = clock_us();

	ours(view_query(view, span_of(sql), NULL, 0, &limits, count_row, &rows, NULL, &why), &why);
	printf("  %8.2f ms %8llu rows  %s\n", seconds_since(start) * 1000, (unsigned long long)rows,
	       sql);
}

static void measure_queries(const char *path)
{
	struct view *view;
	struct why why = { "" };
	int64_t start = clock_us();

	ours(view_open(path, &view, &why), &why);
	printf("reading (view opened in %.2f ms)\n", seconds_since(start) * 1000);
	time_query(view, "SELECT count(*) FROM assets");
	time_query(view, "SELECT * FROM packages WHERE asset = '0000000000000007'");
	time_query(view, "SELECT * FROM packages WHERE asset = '0000000000000007' AND at = 2000");
	time_query(view, "SELECT asset, version FROM packages WHERE name = 'libexample-7-tools'");
	time_query(view, "SELECT asset, name FROM packages WHERE name = 'local-1999-tools'");
	time_query(view, "SELECT count(*) FROM packages");
	time_query(view,
		   "SELECT name, count(*) FROM packages GROUP BY name ORDER BY 2 DESC LIMIT 10");
	time_query(view, "SELECT * FROM changes ORDER BY no DESC LIMIT 100");
	time_query(view, "SELECT * FROM changes WHERE asset = '0000000000000007' ORDER BY no DESC"
			 " LIMIT 100");
	time_query(view, "SELECT * FROM assets");
	view_close(&view);
}

static void measure_ours(const struct options *o, struct package *packages, struct figures *out)
{
	struct held_versions held = {
		.versions = alloc_zeroed((size_t)(o->assets + 1) * o->rows, 1),
		.seqs = alloc_zeroed(o->assets + 1, sizeof(uint64_t)),
	};
	struct inventory_figures figures;
	struct inventory *inv;
	struct why why = { "" };
	char path[256];
	int64_t start;

	snprintf(path, sizeof path, "%s/ours.db", o->folder);
	remove_database(path);
	ours(inventory_open(path, &inv, &why), &why);
	for (unsigned i = 0; i < o->rows; i++) {
		make_package(&packages[i], o, 0, i, 0);
	}
	for (unsigned a = 1; a <= o->assets; a++) {
		held.seqs[a] = 1;
	}
	out->enrol = ours_enrol(inv, o, packages);
	inventory_close(&inv);
	out->bytes = file_bytes(path) + 0;
	start = clock_us();
	ours(inventory_open(path, &inv, &why), &why);
	inventory_figures(inv, &figures);
	printf("opened again in %.1f ms; %.1f MB in memory, %llu distinct rows for %llu\n",
	       seconds_since(start) * 1000, (double)figures.memory_bytes / 1e6,
	       (unsigned long long)figures.rows_distinct, (unsigned long long)figures.rows_held);
	out->change = ours_change(inv, o, &held);
	ours(inventory_verify(inv, &why), &why);
	measure_queries(path);
	inventory_close(&inv);
	remove_database(path);
	free(held.versions);
	free(held.seqs);
}

static void print_line(const char *name, const struct figures *f)
{
	printf("  %-29s %10.0f %10.0f %10.1f MB %10.0f %10.0f\n", name, f->enrol.wall, f->enrol.cpu,
	       f->bytes / 1e6, f->change.wall, f->change.cpu);
}

static void print_ratio(const char *name, const struct figures *a, const struct figures *b)
{
	printf("  %-29s %10.1f %10.1f %10.3f    %10.2f %10.2f\n", name,
	       a->enrol.wall / b->enrol.wall, a->enrol.cpu / b->enrol.cpu, a->bytes / b->bytes,
	       a->change.wall / b->change.wall, a->change.cpu / b->change.cpu);
}

static unsigned number(const char *text)
{
	uint64_t value = 0;

	must(text_to_u64(span_of(text), 100000000, &value) == 0, "reading a number");
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	struct options o = {
		.assets = 2000, .rows = 2000, .group = 4, .changes = 20000, .folder = "."
	};
	struct figures rowid = { 0 };
	struct figures clustered = { 0 };
	struct figures inventory = { 0 };
	struct package *packages;
	int option;

	while ((option = getopt(argc, argv, "a:r:g:c:d:h")) != -1) {
		switch (option) {
		case 'a':
			o.assets = number(optarg);
			break;
		case 'r':
			o.rows = number(optarg);
			break;
		case 'g':
			o.group = number(optarg);
			break;
		case 'c':
			o.changes = number(optarg);
			break;
		case 'd':
			o.folder = optarg;
			break;
		default:
			fprintf(stderr, "usage: bench-store [-a assets] [-r rows] [-g assets a "
					"commit] [-c changes] [-d folder]\n");
			return option == 'h' ? 0 : 2;
		}
	}
	must(o.assets > 0 && o.rows >= 100 && o.group > 0, "the options: they");
	o.own = o.rows * 3 / 100;
	packages = alloc_zeroed(o.rows, sizeof *packages);
	printf("%u assets x %u packages, %u of them no other asset's; commits of %u; %u changes\n",
	       o.assets, o.rows, o.own, o.group, o.changes);
	measure_ours(&o, packages, &inventory);
	measure_plain(&o, false, packages, &rowid);
	measure_plain(&o, true, packages, &clustered);
	printf("%-31s %10s %10s %13s %10s %10s\n", "result", "rows/s", "rows/CPU s", "on disk",
	       "changes/s", "/CPU s");
	print_line("inventory", &inventory);
	print_line("plain, rowid", &rowid);
	print_line("plain, clustered", &clustered);
	print_ratio("inventory / plain, rowid", &inventory, &rowid);
	print_ratio("inventory / plain, clustered", &inventory, &clustered);
	free(packages);
	return 0;
}
