/*
 * model_test.c - random batches of random assets, with crashes and checkpoints at random moments,
 * against a model that is too simple to be wrong: an array of booleans a step.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "server/inventory/fixture.h"
#include "server/inventory/state.h"
#include "server/inventory/view.h"

#define ASSETS 6
#define TABLES 2
#define ROWS   60 /* distinct ones a table */
#define STEPS  500

static const uint16_t table_numbers[TABLES] = { TABLE_PACKAGES, TABLE_GROUPS };
static const char *const table_queries[TABLES] = {
	"SELECT asset, name || ' ' || version FROM packages",
	"SELECT asset, name || ' ' || gid FROM groups",
};

struct world {
	bool holds[ASSETS][TABLES][ROWS];
	uint64_t seq[ASSETS][TABLES];
	uint64_t last_no;
};

struct model {
	struct fixture f;
	uint64_t random;
	struct rowhash hashes[TABLES][ROWS];
	struct fixture_rows rows[TABLES][ROWS];
	uint32_t assets[ASSETS];
	struct world now;
	struct world committed;
	struct world *past; /* after each change, by its number */
	int64_t clock_ms;
	unsigned failures;
};

/* xorshift64* (Vigna 2016) */
static unsigned pick(struct model *m, unsigned below)
{
	m->random ^= m->random >> 12;
	m->random ^= m->random << 25;
	m->random ^= m->random >> 27;
	return (unsigned)((m->random * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

/* Three versions a key, so that updates come up. */
static void make_rows(struct model *m)
{
	char name[16];
	char version[16];

	for (unsigned i = 0; i < ROWS; i++) {
		snprintf(name, sizeof name, "n%u", i / 3);
		snprintf(version, sizeof version, "%u", i % 3);
		fixture_rows_init(&m->rows[0][i]);
		fixture_rows_init(&m->rows[1][i]);
		m->hashes[0][i] = fixture_add_package(&m->rows[0][i], name, version);
		m->hashes[1][i] = fixture_add_group(&m->rows[1][i], name, i % 3, NULL, 0);
	}
}

static void small_checkpoints(struct model *m)
{
	m->f.inv->limits = (struct checkpoint_limits){
		.records_max = 20,
		.pairs_max = 200,
		.records_least = 3,
		.pairs_least = 30,
		.slice_sets = 3,
		.slice_rows = 5,
	};
}

static void append_row(struct fixture_rows *to, const struct fixture_rows *one)
{
	assert_int_equal(buffer_append(&to->list, buffer_span(&one->list)), 0);
	assert_int_equal(buffer_append(&to->hashes, buffer_span(&one->hashes)), 0);
	to->count++;
}

static struct digest digest_of(const struct model *m, const bool *holds, unsigned t)
{
	struct digest digest = { 0, 0 };

	for (unsigned i = 0; i < ROWS; i++) {
		if (holds[i]) {
			digest_add(&digest, &m->hashes[t][i]);
		}
	}
	return digest;
}

/* A new content for one table of one asset, and the batch that leads there. */
static struct message_batch make_delta(struct model *m, const bool *before, bool *after, unsigned t,
				       struct fixture_rows *removes, struct fixture_rows *adds)
{
	unsigned changes = pick(m, 5);

	for (unsigned n = 0; n < changes; n++) {
		unsigned i = pick(m, ROWS);

		after[i] = !after[i];
	}
	for (unsigned i = 0; i < ROWS; i++) {
		if (before[i] && !after[i]) {
			append_row(removes, &m->rows[t][i]);
		} else if (!before[i] && after[i]) {
			append_row(adds, &m->rows[t][i]);
		}
	}
	return fixture_delta(table_numbers[t], 0, removes, adds);
}

static struct message_batch make_range(struct model *m, bool *after, unsigned t,
				       struct fixture_rows *adds)
{
	struct rowhash low = m->hashes[t][pick(m, ROWS)];
	struct rowhash high = m->hashes[t][pick(m, ROWS)];
	struct message_batch batch;

	if (rowhash_compare(&low, &high) > 0) {
		struct rowhash swap = low;

		low = high;
		high = swap;
	}
	for (unsigned i = 0; i < ROWS; i++) {
		if (rowhash_compare(&low, &m->hashes[t][i]) <= 0 &&
		    rowhash_compare(&m->hashes[t][i], &high) <= 0) {
			after[i] = pick(m, 2) == 0;
			if (after[i]) {
				append_row(adds, &m->rows[t][i]);
			}
		}
	}
	fixture_sort(adds);
	batch = fixture_delta(table_numbers[t], 0, NULL, adds);
	batch.mode = BATCH_RANGE;
	batch.low = low;
	batch.high = high;
	return batch;
}

static struct inventory_result apply(struct model *m, unsigned a, const struct message_batch *batch)
{
	struct inventory_result result;
	struct why why = { "" };

	assert_int_equal(inventory_begin(m->f.inv, &why), 0);
	assert_int_equal(inventory_apply(m->f.inv, m->assets[a], batch, m->clock_ms, &result, &why),
			 0);
	return result;
}

static void one_batch(struct model *m)
{
	unsigned a = pick(m, ASSETS);
	unsigned t = pick(m, TABLES);
	bool *holds = m->now.holds[a][t];
	bool after[ROWS];
	struct fixture_rows removes;
	struct fixture_rows adds;
	struct message_batch batch;
	struct inventory_result result;
	bool is_bad = pick(m, 10) == 0;

	fixture_rows_init(&removes);
	fixture_rows_init(&adds);
	memcpy(after, holds, sizeof after);
	batch = pick(m, 3) == 0 ? make_range(m, after, t, &adds)
				: make_delta(m, holds, after, t, &removes, &adds);
	batch.seq = m->now.seq[a][t] + 1 + (is_bad && pick(m, 2) == 0);
	batch.has_digest = is_bad || pick(m, 2) == 0;
	batch.digest = digest_of(m, after, t);
	batch.digest.low += is_bad;
	result = apply(m, a, &batch);
	if (is_bad) {
		assert_int_equal(result.outcome, INVENTORY_RESYNC);
		assert_int_equal(result.next_seq, m->now.seq[a][t] + 1);
	} else {
		assert_int_equal(result.outcome, INVENTORY_APPLIED);
		m->now.seq[a][t]++;
		if (memcmp(after, holds, sizeof after) != 0) {
			assert_int_equal(result.change_no, ++m->now.last_no);
		} else {
			assert_int_equal(result.change_no, 0);
		}
		memcpy(holds, after, sizeof after);
		m->past[m->now.last_no] = m->now;
		assert_int_equal(apply(m, a, &batch).outcome, INVENTORY_REPEAT);
	}
	fixture_rows_done(&removes);
	fixture_rows_done(&adds);
}

static void check_welcome(struct model *m)
{
	struct message_welcome welcome;
	struct why why = { "" };

	assert_int_equal(inventory_verify(m->f.inv, &why), 0);
	for (unsigned a = 0; a < ASSETS; a++) {
		inventory_welcome(m->f.inv, m->assets[a], &welcome);
		for (size_t i = 0; i < welcome.table_count; i++) {
			unsigned t = welcome.tables[i].table == table_numbers[1];

			assert_int_equal(welcome.tables[i].seq, m->now.seq[a][t]);
			assert_true(digest_equal(welcome.tables[i].digest,
						 digest_of(m, m->now.holds[a][t], t)));
		}
	}
}

static void crash(struct model *m)
{
	fixture_crash(&m->f);
	small_checkpoints(m);
	m->now = m->committed;
	check_welcome(m);
}

/* Commits while no file may grow: either it did not have to, or all since the last commit is
 * undone. */
static void commit_on_a_full_disk(struct model *m)
{
	struct rlimit before;
	struct rlimit full;
	struct stat log;
	struct why why = { "" };
	char path[128];
	int error;

	snprintf(path, sizeof path, "%s-wal", m->f.path);
	assert_int_equal(stat(path, &log), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	full = before;
	full.rlim_cur = (rlim_t)log.st_size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	error = inventory_commit(m->f.inv, &why);
	(void)inventory_tidy(m->f.inv); /* may fail too, and must then leave all as it is */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	if (error == 0) {
		m->committed = m->now;
		return;
	}
	m->failures++;
	m->now = m->committed;
	check_welcome(m);
}

/* --- comparing what SQL says --- */

struct lines {
	char text[1 << 16];
	size_t len;
};

static bool append_line(void *context, size_t count, const char *const *names,
			const struct view_value *values)
{
	struct lines *lines = context;

	(void)names;
	for (size_t c = 0; values != NULL && c < count; c++) {
		lines->len += (size_t)snprintf(
			lines->text + lines->len, sizeof lines->text - lines->len, "%.*s%c",
			(int)values[c].bytes.len, (const char *)values[c].bytes.ptr,
			c + 1 < count ? '|' : '\n');
	}
	assert_true(lines->len < sizeof lines->text);
	return true;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the model holds, in the order of text. */
static void expect(const struct world *world, unsigned t, struct lines *out)
{
	static char texts[ASSETS * ROWS][40];
	char *order[ASSETS * ROWS];
	size_t count = 0;

	for (unsigned a = 0; a < ASSETS; a++) {
		for (unsigned i = 0; i < ROWS; i++) {
			if (world->holds[a][t][i]) {
				snprintf(texts[count], sizeof texts[count], "%016x|n%u %u\n", a + 1,
					 i / 3, i % 3);
				order[count] = texts[count];
				count++;
			}
		}
	}
	qsort(order, count, sizeof *order, compare_texts);
	out->len = 0;
	out->text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		out->len += (size_t)snprintf(out->text + out->len, sizeof out->text - out->len,
					     "%s", order[i]);
	}
}

static void check_sql(struct view *view, const char *sql, const struct view_value *bound,
		      const struct lines *expected)
{
	static struct lines got;
	struct view_limits limits = { .is_foreign = true };
	struct why why = { "" };
	int error;

	got.len = 0;
	got.text[0] = '\0';
	error = view_query(view, span_of(sql), bound, bound != NULL, &limits, append_line, &got,
			   NULL, &why);
	if (error != 0) {
		fprintf(stderr, "%s: %s\n", sql, why.text);
	}
	assert_int_equal(error, 0);
	assert_string_equal(got.text, expected->text);
}

/* Searching with the index and without finds the same. */
static void check_search(struct model *m, struct view *view)
{
	static const struct lines nothing;
	char name[8];
	struct view_value bound;

	snprintf(name, sizeof name, "n%u", pick(m, ROWS / 3));
	bound = view_text(name);
	check_sql(view,
		  "SELECT 'differs' WHERE (SELECT group_concat(x) FROM (SELECT asset || version x"
		  " FROM packages WHERE name = ?1 ORDER BY 1)) IS NOT"
		  " (SELECT group_concat(x) FROM (SELECT asset || version x"
		  " FROM packages WHERE name || '' = ?1 ORDER BY 1))",
		  &bound, &nothing);
}

/* The present by row and by asset, and one moment of the past. */
static void check_view(struct model *m, struct view *view)
{
	static struct lines expected;
	uint64_t no = pick(m, (unsigned)m->committed.last_no + 1);
	char sql[200];

	check_search(m, view);
	for (unsigned t = 0; t < TABLES; t++) {
		struct view_value at = view_integer((int64_t)no * 10);

		expect(&m->committed, t, &expected);
		snprintf(sql, sizeof sql, "%s ORDER BY 1, 2", table_queries[t]);
		check_sql(view, sql, NULL, &expected);
		snprintf(sql, sizeof sql,
			 "SELECT r.* FROM assets a JOIN (%s) r ON r.asset = a.id ORDER BY 1, 2",
			 table_queries[t]);
		check_sql(view, sql, NULL, &expected);
		expect(&m->past[no], t, &expected);
		snprintf(sql, sizeof sql, "%s WHERE at = ?1 ORDER BY 1, 2", table_queries[t]);
		check_sql(view, sql, &at, &expected);
	}
}

static void check_every_moment(struct model *m, struct view *view)
{
	static struct lines expected;
	char sql[200];

	for (uint64_t no = 0; no <= m->committed.last_no; no++) {
		for (unsigned t = 0; t < TABLES; t++) {
			struct view_value at = view_integer((int64_t)no * 10 + 9);

			expect(&m->past[no], t, &expected);
			snprintf(sql, sizeof sql, "%s WHERE at = ?1 ORDER BY 1, 2",
				 table_queries[t]);
			check_sql(view, sql, &at, &expected);
		}
	}
}

/* The history, played from its beginning by what `changes` says, leads to the present. */
struct playing {
	struct world world;
	int64_t no;
	int64_t idx;
};

static void set_row(struct playing *p, const struct view_value *values, unsigned version_at,
		    bool held)
{
	char id[17] = "";
	unsigned a;
	unsigned t = values[3].bytes.ptr[0] == 'g';
	char key[40] = "";
	const char *name;
	unsigned n;

	memcpy(id, values[2].bytes.ptr, 16);
	a = (unsigned)(id[15] - '1');
	memcpy(key, values[4].bytes.ptr, values[4].bytes.len);
	name = strchr(key, 'n');
	assert_non_null(name);
	n = (unsigned)(name[1] - '0');
	if (name[2] >= '0' && name[2] <= '9') {
		n = n * 10 + (unsigned)(name[2] - '0');
	}
	n = n * 3 + (unsigned)(values[version_at].bytes.ptr[0] - '0');
	assert_true(p->world.holds[a][t][n] != held);
	p->world.holds[a][t][n] = held;
}

static bool play(void *context, size_t count, const char *const *names,
		 const struct view_value *values)
{
	struct playing *p = context;

	(void)names;
	if (values == NULL) {
		return true;
	}
	assert_int_equal(count, 7);
	if (values[0].integer == p->no) {
		assert_int_equal(values[1].integer, p->idx + 1);
	} else {
		assert_int_equal(values[0].integer, p->no + 1);
		assert_int_equal(values[1].integer, 0);
	}
	p->no = values[0].integer;
	p->idx = values[1].integer;
	if (values[6].kind == VIEW_TEXT) {
		set_row(p, values, 6, false);
	}
	if (values[5].kind == VIEW_TEXT) {
		set_row(p, values, 5, true);
	}
	return true;
}

static void check_changes(const struct model *m, struct view *view)
{
	static const char sql[] =
		"SELECT no, idx, asset, table_name, key,"
		" CAST(coalesce(\"row\" ->> 'version', \"row\" ->> 'gid') AS TEXT),"
		" CAST(coalesce(old ->> 'version', old ->> 'gid') AS TEXT) FROM changes"
		" ORDER BY no";
	struct playing p = { .no = 0 };
	struct view_limits limits = { .is_foreign = true };
	struct why why = { "" };

	assert_int_equal(view_query(view, span_of(sql), NULL, 0, &limits, play, &p, NULL, &why), 0);
	assert_int_equal(p.no, m->committed.last_no);
	assert_memory_equal(p.world.holds, m->committed.holds, sizeof p.world.holds);
}

static void run(struct model *m)
{
	struct view *view = NULL;
	struct why why = { "" };

	for (unsigned step = 0; step < STEPS; step++) {
		/* a moment is ten times the number of the change that is made at it */
		m->clock_ms = (int64_t)(m->now.last_no + 1) * 10;
		one_batch(m);
		if (pick(m, 3) == 0) {
			assert_int_equal(inventory_commit(m->f.inv, &why), 0);
			m->committed = m->now;
			if (pick(m, 4) == 0) {
				(void)inventory_tidy(m->f.inv);
			}
		}
		if (pick(m, 12) == 0) {
			commit_on_a_full_disk(m);
		}
		if (pick(m, 25) == 0) {
			view_close(&view);
			crash(m);
		}
		if (view == NULL) {
			assert_int_equal(view_open(m->f.path, &view, &why), 0);
		}
		if (pick(m, 8) == 0) {
			check_view(m, view);
		}
	}
	assert_int_equal(inventory_commit(m->f.inv, &why), 0);
	m->committed = m->now;
	assert_true(m->failures > 3);
	check_welcome(m);
	check_changes(m, view);
	check_every_moment(m, view);
	view_close(&view);
}

static void every_moment_is_as_the_model_remembers_it(void **state)
{
	struct model *m = calloc(1, sizeof *m);

	(void)state;
	assert_non_null(m);
	signal(SIGXFSZ, SIG_IGN);
	for (uint64_t seed = 1; seed <= 2; seed++) {
		memset(m, 0, sizeof *m);
		m->random = seed;
		m->past = calloc(STEPS + 1, sizeof *m->past);
		assert_non_null(m->past);
		fixture_open(&m->f);
		small_checkpoints(m);
		make_rows(m);
		for (unsigned a = 0; a < ASSETS; a++) {
			m->assets[a] = fixture_asset(&m->f, a + 1, 1);
		}
		run(m);
		fixture_close(&m->f);
		for (unsigned i = 0; i < ROWS; i++) {
			fixture_rows_done(&m->rows[0][i]);
			fixture_rows_done(&m->rows[1][i]);
		}
		free(m->past);
	}
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_moment_is_as_the_model_remembers_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
